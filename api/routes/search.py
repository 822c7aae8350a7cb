"""A question → the passages it is answered from."""

from fastapi import APIRouter
from starlette.responses import JSONResponse, Response

from api.callers import ByServer
from api.documented import QUESTION
from api.limits import MAX_BODY
from api.requests import SearchRequest
from api.responses import SearchBody
from api.service import Shared
from rag.body import Body, passage_body

router = APIRouter(max_body_size=MAX_BODY)


@router.post("/v1/search", response_model=SearchBody, responses=QUESTION)
async def search(body: SearchRequest, caller: ByServer, service: Shared) -> Response:
    """Find the passages a question is answered from."""
    engine, question = caller.shop.engine, caller.question(body)

    def found() -> Body:
        passages = [passage_body(passage) for passage in engine.search(question, body.k)]
        return {"passages": passages, "generation": engine.generation}

    return JSONResponse(await service.gate.run(found))
