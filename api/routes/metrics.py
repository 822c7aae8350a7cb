"""Figures for Prometheus."""

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.responses import PlainTextResponse, Response

from api.callers import ByAdmin
from api.documented import CREDENTIAL, problems
from api.metrics import exposed
from api.service import Shared

router = APIRouter()


@router.get(
    "/metrics",
    response_class=PlainTextResponse,
    responses={
        200: {
            "description": "The server's, and those of the shop whose key is shown.",
            "content": {
                "text/plain": {
                    "schema": {"type": "string"},
                    "example": 'shelftalk_answers_total{cached="false",status="answered"} 12.0\n',
                }
            },
        },
        **problems(**CREDENTIAL),
    },
)
async def metrics(caller: ByAdmin, service: Shared) -> Response:
    """Latencies by stage, answers and their verdicts, requests, the queue, the generation."""
    shop = caller.shop
    if shop.loaded is not None:
        shop.metrics.using(shop.loaded)
    body = exposed(service.metrics.registry, shop.metrics.registry)
    return Response(body, media_type=CONTENT_TYPE_LATEST)
