"""A question → the answer, whole or as events."""

from fastapi import APIRouter, Request
from starlette.background import BackgroundTask
from starlette.responses import Response

from api.callers import ByWidget
from api.documented import QUESTION
from api.limits import MAX_BODY
from api.requests import AskRequest
from api.responses import AnswerBody
from api.service import Shared
from api.stream import OwnEvents, streamed
from rag.body import answer_body, as_json

router = APIRouter(max_body_size=MAX_BODY)

_EVENTS = (
    'event: passages\ndata: {"passages": […], "generation": "…"}\n\n'
    'event: citation\ndata: {"number": 1, …}\n\n'
    'event: statement\ndata: {"text": "…", "citations": [1], "verdict": "supported"}\n\n'
    'event: answer\ndata: {"status": "answered", …}\n\n'
    'event: done\ndata: {"generation": "…"}\n\n'
)


@router.post(
    "/v1/ask",
    response_model=AnswerBody,
    responses={
        200: {
            "description": "The answer; as events where Accept names text/event-stream. "
            "A stream that fails sends `error` and never `done`.",
            "content": {"text/event-stream": {"schema": {"type": "string"}, "example": _EVENTS}},
        },
        **QUESTION,
    },
)
async def ask(body: AskRequest, caller: ByWidget, service: Shared, request: Request) -> Response:
    """Answer a question from the shop's documents, every sentence with its citations."""
    engine, question = caller.shop.engine, caller.question(body)

    if _wants_events(request):
        return await streamed(service, caller, question, OwnEvents)
    if kept := engine.remembered(question):  # needs no turn
        answer, written = kept.answer, kept.body
    else:
        answer = await service.run(request, lambda: engine.ask(question))
        written = as_json(answer_body(answer))
    after = BackgroundTask(service.heard, caller, question, answer)
    return Response(written, media_type="application/json", background=after)


def _wants_events(request: Request) -> bool:
    ranges = ",".join(request.headers.getlist("accept")).split(",")
    return any(part.partition(";")[0].strip().lower() == "text/event-stream" for part in ranges)
