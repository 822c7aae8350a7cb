"""The same answers for OpenAI's clients: `/v1/chat/completions` and `/v1/models`."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, Self

from fastapi import APIRouter, Request
from fastapi.sse import format_sse_event
from pydantic import BaseModel, ConfigDict, Field, model_validator
from starlette.background import BackgroundTask
from starlette.responses import JSONResponse, Response

from api.callers import ByServer
from api.documented import openai_problems
from api.limits import MAX_BODY
from api.problems import openai_error, problem_of
from api.requests import AskRequest, ScopeRequest
from api.service import Shared
from api.stream import streamed
from rag.body import answer_body
from rag.engine import MAX_QUESTION
from rag.errors import ScopeError
from rag.types import Answer, Event, Statement

router = APIRouter(max_body_size=MAX_BODY)

MODEL = "shelftalk"
_HISTORY = 20
"""Earlier questions that are looked at, the latest of them."""
_REQUEST: dict[str, Any] = {
    "model": MODEL,
    "messages": [{"role": "user", "content": "How heavy is it?"}],
    "shelftalk": {"product_id": "BR-KT17"},
}
_USAGE: dict[str, Any] = {"prompt_tokens": 5, "completion_tokens": 9, "total_tokens": 14}
_COMPLETION: dict[str, Any] = {
    "id": "chatcmpl-5b0f",
    "object": "chat.completion",
    "created": 1764000000,
    "model": MODEL,
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "It weighs 1.15 kg. [1]"},
            "finish_reason": "stop",
        }
    ],
    "usage": _USAGE,
    "shelftalk": {"status": "answered", "citations": [{"number": 1}]},
}
_MODELS: dict[str, Any] = {
    "object": "list",
    "data": [{"id": MODEL, "object": "model", "created": 0, "owned_by": MODEL}],
}


_Text = Annotated[str, Field(max_length=MAX_BODY)]
"""With a bound it must be Unicode, too: of a plain `str` pydantic does not ask that."""


class TextPart(BaseModel):
    """A piece of a message."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"type": "text", "text": "Hello"}]})

    type: Literal["text"]
    text: _Text


class Message(BaseModel):
    """A message. Those of users are questions; what others said is not looked at."""

    model_config = ConfigDict(json_schema_extra={"examples": _REQUEST["messages"]})

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: _Text | list[TextPart] | None = None

    @property
    def text(self) -> str:
        """All of it."""
        if isinstance(self.content, list):
            return "".join(part.text for part in self.content)
        return self.content or ""


class StreamOptions(BaseModel):
    """What a stream ends with."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"include_usage": True}]})

    include_usage: bool = False


class ChatRequest(BaseModel):
    """A conversation; its last message is the question.

    Options such as `temperature` are taken and change nothing: the documents decide.
    """

    model_config = ConfigDict(frozen=True, json_schema_extra={"examples": [_REQUEST]})

    model: Annotated[str, Field(max_length=256)]
    messages: Annotated[list[Message], Field(min_length=1, max_length=200)]
    stream: bool = False
    stream_options: StreamOptions | None = None
    n: Literal[1] | None = None
    shelftalk: ScopeRequest | None = Field(None, description="Where it is asked, as in `/v1/ask`.")

    @model_validator(mode="after")
    def _ends_with_a_question(self) -> Self:
        if self.messages[-1].role != "user":
            raise ValueError("the last message must be the user's question")
        if not 0 < len(self.messages[-1].text) <= MAX_QUESTION:
            raise ValueError(f"a question has 1 to {MAX_QUESTION} characters; shorten it")
        return self

    def asked(self) -> AskRequest:
        """The same as `/v1/ask` takes it."""
        questions = [message.text for message in self.messages if message.role == "user"]
        earlier = [text for text in questions[:-1] if 0 < len(text) <= MAX_QUESTION]
        scope = self.shelftalk.model_dump() if self.shelftalk else {}
        return AskRequest(question=questions[-1], history=earlier[-_HISTORY:], **scope)


class UsageBody(BaseModel):
    """Tokens of the messages that came and of what was said, as the embedder counts them."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_USAGE]})

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class CompletionBody(BaseModel):
    """A chat completion; `shelftalk` has status, statements, citations and generation."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_COMPLETION]})

    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    choices: list[dict[str, Any]]
    usage: UsageBody
    shelftalk: dict[str, Any]


class ModelBody(BaseModel):
    """A model."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": _MODELS["data"]})

    id: str
    object: Literal["model"]
    created: int
    owned_by: str


class ModelsBody(BaseModel):
    """The one there is."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_MODELS]})

    object: Literal["list"]
    data: list[ModelBody]


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
    count = engine.retriever.embedder.count_tokens
    sent = sum(count([message.text for message in body.messages]))
    head = _Head(f"chatcmpl-{request.state.request_id}", sent, count)
    if body.stream:
        with_usage = body.stream_options is not None and body.stream_options.include_usage
        return await streamed(service, caller, question, lambda _: Chunks(head, with_usage))
    kept = engine.remembered(question)
    answer = kept.answer if kept else await service.run(request, lambda: engine.ask(question))
    message = {"role": "assistant", "content": _content(answer), "refusal": None}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    completion = {
        **head.fields("chat.completion"),
        "choices": [choice],
        "usage": head.usage(_content(answer)),
        "shelftalk": _extra(answer),
    }
    return JSONResponse(
        completion, background=BackgroundTask(service.heard, caller, question, answer)
    )


@router.get("/v1/models", response_model=ModelsBody, responses=openai_problems(401, 403, 429, 503))
async def models(caller: ByServer) -> Response:
    """List the one model there is."""
    return JSONResponse(_MODELS)


@router.get(
    "/v1/models/{id}",
    response_model=ModelBody,
    responses=openai_problems(401, 403, 404, 422, 429, 503),
)
async def model(id: str, caller: ByServer) -> Response:
    """Describe a model."""
    _require_model(id)
    return JSONResponse(_MODELS["data"][0])


@dataclass(frozen=True)
class _Head:
    """What all parts of one completion have in common."""

    id: str
    sent: int
    count: Callable[[Sequence[str]], list[int]]
    created: int = field(default_factory=lambda: int(time.time()))

    def fields(self, kind: str) -> dict[str, Any]:
        return {"id": self.id, "object": kind, "created": self.created, "model": MODEL}

    def usage(self, content: str) -> dict[str, int]:
        made = sum(self.count([content]))
        return {
            "prompt_tokens": self.sent,
            "completion_tokens": made,
            "total_tokens": self.sent + made,
        }


class Chunks:
    """A stream as OpenAI's clients read it: a chunk a statement."""

    def __init__(self, head: _Head, with_usage: bool) -> None:
        self._head = head
        self._with_usage = with_usage
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
        usage = {
            **self._head.fields("chat.completion.chunk"),
            "choices": [],
            "usage": self._head.usage(self._said),
        }
        return (_data(usage) if self._with_usage else b"") + format_sse_event(data_str="[DONE]")

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


def _content(answer: Answer) -> str:
    return " ".join(map(_marked, answer.statements)) or answer.text


def _marked(statement: Statement) -> str:
    return " ".join([statement.text, *(f"[{number}]" for number in statement.citations)])


def _extra(answer: Answer) -> dict[str, Any]:
    """The answer's body but for the passages, of which the citations are the ones that count."""
    return {key: value for key, value in answer_body(answer).items() if key != "passages"}


def _data(body: Mapping[str, Any]) -> bytes:
    return format_sse_event(data_str=json.dumps(body, ensure_ascii=False, allow_nan=False))
