"""For load balancers: does the process run, and can it answer?"""

from fastapi import APIRouter
from starlette.responses import JSONResponse, Response

from api.documented import problems
from api.responses import HealthBody, ReadyBody
from api.service import Shared

router = APIRouter()


@router.head("/healthz", include_in_schema=False)
@router.get("/healthz", response_model=HealthBody, responses=problems())
async def healthz() -> Response:
    """Say that the process runs."""
    return JSONResponse({"status": "ok"})


@router.head("/readyz", include_in_schema=False)
@router.get(
    "/readyz", response_model=ReadyBody, responses=problems(s503="Not loaded yet, or not loadable")
)
async def readyz(service: Shared) -> Response:
    """Say whether every shop's questions can be answered."""
    generations = {shop.id: shop.engine.generation for shop in service.shops}
    return JSONResponse({"status": "ready", "generation": generations[service.shops.only().id]})
