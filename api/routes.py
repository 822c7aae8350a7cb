"""The routes: a request in, an engine call through the gate, a body out."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from starlette.responses import JSONResponse, Response

from api.limits import MAX_BODY
from api.problems import MEDIA_TYPE, Problem
from api.requests import AskRequest, SearchRequest
from api.responses import AnswerBody, HealthBody, ReadyBody, SearchBody
from api.service import Service, service_of
from api.stream import AnswerStream, Pump
from rag.body import Body, answer_body, passage_body

router = APIRouter(max_body_size=MAX_BODY)

Shared = Annotated[Service, Depends(service_of)]

_EVENTS = (
    'event: passages\ndata: {"passages": […], "generation": "…"}\n\n'
    'event: citation\ndata: {"number": 1, …}\n\n'
    'event: statement\ndata: {"text": "…", "citations": [1], "verdict": "supported"}\n\n'
    'event: answer\ndata: {"status": "answered", …}\n\n'
    'event: done\ndata: {"generation": "…"}\n\n'
)


def _problems(**by_status: str) -> dict[int | str, dict[str, Any]]:
    """Document the problems a route answers with, beside the 500 of them all."""
    schema = Problem.model_json_schema()
    return {
        status.removeprefix("s"): {
            "description": description,
            "content": {
                MEDIA_TYPE: {
                    "schema": schema,
                    "example": {
                        "type": "about:blank",
                        "title": description,
                        "status": int(status.removeprefix("s")),
                        "detail": "What happened, and what to do about it.",
                    },
                }
            },
        }
        for status, description in {**by_status, "s500": "The server failed"}.items()
    }


_QUESTION_PROBLEMS = _problems(
    s400="The body is not text",
    s404="Unknown product or variant",
    s413="The body is too large",
    s422="The request is not valid",
    s503="Not loaded yet, or too many are waiting; see Retry-After",
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
        **_QUESTION_PROBLEMS,
    },
)
async def ask(body: AskRequest, service: Shared, request: Request) -> Response:
    """Answer a question from the shop's documents, every sentence with its citations."""
    engine = service.loader.engine
    question = body.asked()
    if not _wants_events(request):
        if kept := engine.remembered(question):  # needs no turn
            return Response(kept.body, media_type="application/json")
        return JSONResponse(await service.gate.run(lambda: answer_body(engine.ask(question))))
    pump = Pump(service.gate, lambda: engine.stream(question))
    try:
        # What is wrong with the question gets its own status. A long wait for a turn does not hold
        # the stream back: heartbeats must begin, and a client that leaves the queue be noticed.
        first = await pump.next(service.heartbeat)
    except BaseException:
        pump.close()
        raise
    return AnswerStream(pump, first, engine.generation, service.heartbeat)


@router.post("/v1/search", response_model=SearchBody, responses=_QUESTION_PROBLEMS)
async def search(body: SearchRequest, service: Shared) -> Response:
    """Find the passages a question is answered from."""
    engine = service.loader.engine

    def found() -> Body:
        passages = [passage_body(passage) for passage in engine.search(body.asked(), body.k)]
        return {"passages": passages, "generation": engine.generation}

    return JSONResponse(await service.gate.run(found))


@router.get("/healthz", response_model=HealthBody, responses=_problems())
async def healthz() -> Response:
    """Say that the process runs."""
    return JSONResponse({"status": "ok"})


@router.get(
    "/readyz", response_model=ReadyBody, responses=_problems(s503="Not loaded yet, or not loadable")
)
async def readyz(service: Shared) -> Response:
    """Say whether questions can be answered."""
    return JSONResponse({"status": "ready", "generation": service.loader.engine.generation})


def _wants_events(request: Request) -> bool:
    ranges = ",".join(request.headers.getlist("accept")).split(",")
    return any(part.partition(";")[0].strip().lower() == "text/event-stream" for part in ranges)
