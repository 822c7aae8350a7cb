"""A question → the passages it is answered from."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.callers import ByServer
from api.documented import QUESTION
from api.explain import explanation_body, matched
from api.limits import MAX_BODY
from api.requests import SearchRequest
from api.responses import SearchBody
from api.service import Shared
from rag.body import Body, as_json, passage_body

router = APIRouter(max_body_size=MAX_BODY)


@router.post("/v1/search", response_model=SearchBody, responses=QUESTION)
async def search(
    body: SearchRequest, caller: ByServer, service: Shared, request: Request
) -> Response:
    """Find the passages a question is answered from."""
    engine, question = caller.shop.engine, caller.question(body)

    def found() -> Response:
        plan, passages = engine.planned(question, body.k)
        bodies = [passage_body(passage) for passage in passages]
        whole: Body = {"passages": bodies, "generation": engine.generation}
        if body.explain:
            for own, passage in zip(bodies, passages, strict=True):
                own["matched"] = matched(passage, plan)
            whole["explanation"] = explanation_body(plan, engine.retriever)
        # Written here, where it keeps no other request waiting.
        return Response(as_json(whole), media_type="application/json")

    return await service.run(request, found)
