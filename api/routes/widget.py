"""The box's credential: for listed sites, for minutes, for its shop alone."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, Response

from api.callers import address_of
from api.documented import BODY, problems
from api.limits import MAX_BODY
from api.service import Shared

router = APIRouter(max_body_size=MAX_BODY)

_EXAMPLE = "widget_WyJzaG9wIiwgImh0dHBzOi8vc2hvcC5leGFtcGxlIiwgMTc2NDAwMDAwMC4wXQ.9f2c…"
_TOKEN: dict[str, Any] = {
    "token": _EXAMPLE,
    "expires_in": 600,
    "shop": "shop",
}


class TokenRequest(BaseModel):
    """Which shop's box it is, where a site shows those of several."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, json_schema_extra={"examples": [{"shop": "shop"}]}
    )

    shop: str | None = Field(None, max_length=64, description="The shop's id.")


class TokenBody(BaseModel):
    """Send `token` as `Authorization: Bearer …`; ask for another before `expires_in` seconds."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_TOKEN]})

    token: str
    expires_in: int
    shop: str


@router.post(
    "/v1/widget/token",
    response_model=TokenBody,
    responses=problems(
        **BODY,
        s429="Too many requests; see Retry-After",
        s403="The page's origin is on no shop's list",
        s503="The keys cannot be read",
    ),
)
async def token(
    service: Shared,
    request: Request,
    body: Annotated[TokenRequest, Body(default_factory=TokenRequest)],
) -> Response:
    """Give a page that may show the box what it needs to ask."""
    if not service.access.open:
        service.rates.address(address_of(request))
    text, shop = service.access.token(request.headers.get("origin"), body.shop)
    seconds = 60 * shop.settings.serving.token_minutes
    return JSONResponse(
        {"token": text, "expires_in": seconds, "shop": shop.id},
        headers={"Cache-Control": "no-store"},
    )
