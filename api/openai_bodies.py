"""What OpenAI's clients send, and what they are sent."""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.limits import MAX_BODY
from api.requests import AskRequest, ScopeRequest
from rag.question import MAX_QUESTION

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
MODELS: dict[str, Any] = {
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

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": MODELS["data"]})

    id: str
    object: Literal["model"]
    created: int
    owned_by: str


class ModelsBody(BaseModel):
    """The one there is."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [MODELS]})

    object: Literal["list"]
    data: list[ModelBody]
