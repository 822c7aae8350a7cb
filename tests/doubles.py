"""Deterministic stand-ins that can rank: a hashing embedder, a scripted chat model."""

import hashlib
import re
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from pydantic import PrivateAttr

from rag.text import content_terms, terms
from rag.vectors import Vectors

_TOKEN = re.compile(r"\w{1,8}|[^\w\s]")
_SPECIAL = 2
_PIECE = 3


class HashingEmbedder:
    """A bag of stemmed terms hashed into unit vectors: texts that share words are near.

    A token is a run of at most eight word characters, or one other character.
    """

    def __init__(self, name: str = "hashing", dim: int = 256, max_tokens: int = 256) -> None:
        self.name = name
        self.dim = dim
        self.max_tokens = max_tokens
        self.sha256 = hashlib.sha256(f"{name}-{dim}".encode()).hexdigest()
        self.encoded: list[str] = []
        """Every document text it was given, in order."""

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [_SPECIAL + len(_TOKEN.findall(text)) for text in texts]

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        return self._vectors(texts)

    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        self.encoded.extend(texts)
        return self._vectors(texts)

    def _vectors(self, texts: Sequence[str]) -> Vectors:
        out = np.zeros((len(texts), self.dim), dtype=np.float32)
        for row, text in enumerate(texts):
            read = self._cut(text)
            for term in content_terms(read) or terms(read) or [""]:
                out[row, int(hashlib.sha256(term.encode()).hexdigest(), 16) % self.dim] += 1
        return np.asarray(out / np.linalg.norm(out, axis=1, keepdims=True), dtype=np.float32)

    def _cut(self, text: str) -> str:
        """What a model of this length would read."""
        ends = [match.end() for match in _TOKEN.finditer(text)]
        room = self.max_tokens - _SPECIAL
        return text[: ends[room - 1]] if len(ends) > room else text


class _Draft(NamedTuple):
    text: str
    then: BaseException | None


class ScriptedChat(BaseChatModel):
    """Gives the drafts it was handed, in order, streamed in small pieces.

    With `then`, the stream breaks with that error after the draft's text, as a cut connection does.
    """

    _drafts: deque[_Draft] = PrivateAttr(default_factory=deque)
    _prompts: list[list[BaseMessage]] = PrivateAttr(default_factory=list)

    def enqueue(self, text: str = "", then: BaseException | None = None) -> "ScriptedChat":
        self._drafts.append(_Draft(text, then))
        return self

    @property
    def prompts(self) -> list[list[BaseMessage]]:
        """The messages of each call."""
        return self._prompts

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        text = "".join(str(piece.message.content) for piece in self._stream(messages, stop))
        return ChatResult(generations=[ChatGeneration(message=AIMessage(text))])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        assert self._drafts, "the scripted chat was asked once more than it has drafts"
        self._prompts.append(messages)
        draft = self._drafts.popleft()
        for start in range(0, len(draft.text), _PIECE):
            piece = AIMessageChunk(content=draft.text[start : start + _PIECE])
            yield ChatGenerationChunk(message=piece)
        if draft.then is not None:
            raise draft.then
        if not draft.text:
            yield ChatGenerationChunk(message=AIMessageChunk(content=""))


class Silent:
    """A `Progress` nobody watches."""

    def loaded(self, files: int, chunks: int) -> None: ...

    def embedding(self, done: int, total: int) -> None: ...
