"""The published index: what is in it, and going over to a newer one."""

from typing import Any

from anyio import to_thread
from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict
from starlette.responses import JSONResponse, Response

from api.callers import ByAdmin, ByServer
from api.documented import CREDENTIAL, problems
from api.service import Shared
from api.shops import Shop
from rag.body import Body
from rag.engine import Engine

router = APIRouter()

_INDEX: dict[str, Any] = {
    "shop": "shop",
    "generation": "20261122T202241500991-fd041aa4",
    "created": "2026-11-22T20:22:41+00:00",
    "documents": 342,
    "chunks": 1180,
    "products": 43,
    "model": "minilm",
    "dim": 384,
    "generator": "smollm2",
}


class IndexBody(BaseModel):
    """A generation, and the models it is used with."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_INDEX]})

    shop: str
    generation: str
    created: str
    documents: int
    chunks: int
    products: int
    model: str
    dim: int
    generator: str


class ReloadBody(IndexBody):
    """The generation in use now, and whether it is another one than before."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{**_INDEX, "changed": True}]}
    )

    changed: bool


@router.get(
    "/v1/index",
    response_model=IndexBody,
    responses=problems(**CREDENTIAL, s503="Not loaded yet"),
)
async def read_index(caller: ByServer) -> Response:
    """Tell what is in the index that answers."""
    return JSONResponse(await to_thread.run_sync(_body, caller.shop, caller.shop.engine))


@router.post(
    "/v1/index/reload",
    response_model=ReloadBody,
    responses=problems(**CREDENTIAL, s503="What is published cannot be used, or nothing is"),
)
async def reload(caller: ByAdmin, service: Shared) -> Response:
    """Go over to what is published now. It happens by itself within seconds; this is to be sure."""
    changed = await service.gate.run(lambda: caller.shop.reload(service.shops.open))
    body = await to_thread.run_sync(_body, caller.shop, caller.shop.engine)
    return JSONResponse({**body, "changed": changed})


def _body(shop: Shop, engine: Engine) -> Body:
    manifest = engine.retriever.index.manifest
    catalogue = engine.retriever.index.passages.catalogue(shop.scope)
    return {
        "shop": shop.id,
        "generation": manifest.id,
        "created": manifest.created,
        "documents": catalogue.documents,
        "chunks": catalogue.passages,
        "products": len(catalogue.names),
        "model": manifest.model,
        "dim": manifest.dim,
        "generator": engine.model,
    }
