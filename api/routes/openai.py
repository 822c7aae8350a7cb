"""The same answers for OpenAI's clients: `/v1/chat/completions` and `/v1/models`."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from anyio import to_thread
from fastapi import APIRouter, Request
from fastapi.sse import format_sse_event
from starlette.background import BackgroundTask
from starlette.responses import JSONResponse, Response

from api.callers import ByServer
from api.documented import openai_problems
from api.limits import MAX_BODY
from api.openai_bodies import MODEL, MODELS, ChatRequest, CompletionBody, ModelBody, ModelsBody
from api.problems import openai_error, problem_of
from api.service import Shared
from api.stream import streamed
from rag.body import answer_body, as_json
from rag.errors import ScopeError
from rag.types import Answer, Event, Statement

router = APIRouter(max_body_size=MAX_BODY)


@router.post(
    "/v1/chat/completions",
    response_model=CompletionBody,
    responses={
        200: {
            "description": "The completion; as chunks where `stream` is true.",
            "content": {
                "text/event-stream": {
                    "schema": {"type": "string"},
                    "example": 'data: {"object": "chat.completion.chunk", …}\n\ndata: [DONE]\n\n',
                }
            },
        },
        **openai_problems(400, 401, 403, 404, 413, 415, 422, 429, 503),
    },
)
async def complete(
    body: ChatRequest, caller: ByServer, service: Shared, request: Request
) -> Response:
    """Answer the last message of a conversation."""
    _require_model(body.model)
    engine, question = caller.shop.engine, caller.question(body.asked())
    head = _Head(f"chatcmpl-{request.state.request_id}")

    def tokens(*texts: str) -> int:
        return sum(engine.retriever.embedder.count_tokens(list(texts)))

    def sent() -> int:  # of up to 64 KB: on the event loop all others would wait
        return tokens(*(message.text for message in body.messages))

    def completed() -> tuple[Answer, bytes]:
        answer = engine.ask(question)
        message = {"role": "assistant", "content": _content(answer), "refusal": None}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
        return answer, as_json(
            {
                **head.fields("chat.completion"),
                "choices": [choice],
                "usage": _usage(sent(), tokens(_content(answer))),
                "shelftalk": _extra(answer),
            }
        )

    if body.stream:
        wanted = body.stream_options is not None and body.stream_options.include_usage
        before = await to_thread.run_sync(sent) if wanted else 0
        usage = (lambda said: _usage(before, tokens(said))) if wanted else None
        return await streamed(service, caller, question, lambda _: Chunks(head, usage))
    answer, written = await service.run(request, completed)
    after = BackgroundTask(service.heard, caller, question, answer)
    return Response(written, media_type="application/json", background=after)


@router.get("/v1/models", response_model=ModelsBody, responses=openai_problems(401, 403, 429, 503))
async def models(caller: ByServer) -> Response:
    """List the one model there is."""
    return JSONResponse(MODELS)


@router.get(
    "/v1/models/{id}",
    response_model=ModelBody,
    responses=openai_problems(401, 403, 404, 422, 429, 503),
)
async def model(id: str, caller: ByServer) -> Response:
    """Describe a model."""
    _require_model(id)
    return JSONResponse(MODELS["data"][0])


@dataclass(frozen=True)
class _Head:
    """What all parts of one completion have in common."""

    id: str
    created: int = field(default_factory=lambda: int(time.time()))

    def fields(self, kind: str) -> dict[str, Any]:
        return {"id": self.id, "object": kind, "created": self.created, "model": MODEL}


class Chunks:
    """A stream as OpenAI's clients read it: a chunk a statement."""

    def __init__(self, head: _Head, usage: Callable[[str], dict[str, int]] | None) -> None:
        """Begin a stream; `usage` tells what it took from what was said, where that is wanted."""
        self._head = head
        self._usage = usage
        self._said = ""

    def event(self, event: Event) -> bytes:
        """A statement as text; the answer as the end of it; nothing of the rest."""
        match event:
            case Statement():
                return self._text((" " if self._said else "") + _marked(event))
            case Answer():
                rest = b"" if self._said else self._text(_content(event))
                return rest + self._chunk({}, "stop", {"shelftalk": _extra(event)})
        return b""

    def error(self, error: Exception) -> bytes:
        """An error, which the clients raise."""
        return _data(openai_error(problem_of(error)))

    def done(self) -> bytes:
        """The usage, where it was asked for, and the end."""
        end = format_sse_event(data_str="[DONE]")
        if self._usage is None:
            return end
        fields = self._head.fields("chat.completion.chunk")
        return _data({**fields, "choices": [], "usage": self._usage(self._said)}) + end

    def _text(self, text: str) -> bytes:
        role = {} if self._said else {"role": "assistant"}
        self._said += text
        return self._chunk({**role, "content": text}, None, {})

    def _chunk(
        self, delta: Mapping[str, str], finish: str | None, extra: Mapping[str, Any]
    ) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        fields = self._head.fields("chat.completion.chunk")
        return _data({**fields, "choices": [choice], **extra})


def _require_model(name: str) -> None:
    if name != MODEL:
        raise ScopeError(f"There is no model {name!r}, only {MODEL!r}.")


def _usage(sent: int, made: int) -> dict[str, int]:
    return {"prompt_tokens": sent, "completion_tokens": made, "total_tokens": sent + made}


def _content(answer: Answer) -> str:
    return " ".join(map(_marked, answer.statements)) or answer.text


def _marked(statement: Statement) -> str:
    return " ".join([statement.text, *(f"[{number}]" for number in statement.citations)])


def _extra(answer: Answer) -> dict[str, Any]:
    """The answer's body but for the passages, of which the citations are the ones that count."""
    return {key: value for key, value in answer_body(answer).items() if key != "passages"}


def _data(body: Mapping[str, Any]) -> bytes:
    return format_sse_event(data_str=json.dumps(body, ensure_ascii=False, allow_nan=False))
