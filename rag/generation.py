"""Messages → a draft. The seam is LangChain's `BaseChatModel`, so that any chat model plugs in."""

import contextvars
import queue
import threading
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from typing import Any, cast

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk, BaseMessage

from rag.config import Answering
from rag.errors import GeneratorError, StoppedError
from rag.extractive import ExtractiveChat
from rag.models import Say, resolve
from rag.servers import LANGCHAIN, OPENAI, is_elsewhere, open_langchain, open_openai
from rag.stopping import LOOK, stop_if_left
from rag.transformers_chat import TransformersChat

EXTRACTIVE = "extractive"

_CUT_OFF = frozenset({"length", "max_tokens", "max_output_tokens", "model_length", "incomplete"})
"""What providers call the end of a draft that reached its limit."""

Chunks = Generator[AIMessageChunk, None, None]
Pieces = Generator[str, None, bool]
"""The pieces of a draft, and at last whether it is whole: the model ended it, not its limit."""


def open_generator(
    name: str, answering: Answering | None = None, say: Say | None = None
) -> BaseChatModel:
    """Load the generator of this name; see `Settings.generator` for the names.

    Raises:
        ModelError: it cannot be found or loaded.
        ConfigError: the name is malformed, or its package is missing.
    """
    answering = answering or Answering()
    if name == EXTRACTIVE:
        return ExtractiveChat()
    if name.startswith(OPENAI):
        return open_openai(name, answering)
    if name.startswith(LANGCHAIN):
        return open_langchain(name, answering)
    return TransformersChat.open(
        resolve(name, say),
        max_tokens=answering.answer_tokens,
        temperature=answering.temperature,
        seed=answering.seed,
    )


def require_generator(name: str) -> None:
    """Check that the generator of this name is here, without loading it.

    Raises:
        ModelError: it cannot be found.
        ConfigError: the name is malformed, or its package is missing.
    """
    if is_elsewhere(name):
        open_generator(name)
    elif name != EXTRACTIVE:
        resolve(name)


def streamed(generator: BaseChatModel, messages: Sequence[BaseMessage], seconds: float) -> Pieces:
    """The pieces of a draft as they come. To close it stops the model at its next piece.

    Raises:
        GeneratorError: the model failed, whatever it raised, or was not done in time.
        StoppedError: whoever asked has left.
    """
    whole = True
    try:
        with closing(_chunks(generator, list(messages), seconds)) as chunks:
            for chunk in chunks:
                stop_if_left()
                whole = whole and not _is_cut_off(chunk.response_metadata)
                if text := str(chunk.text):
                    yield text
    except (GeneratorError, StoppedError):
        raise
    except Exception as error:  # each chat model raises its own
        raise GeneratorError(f"The language model failed: {error}") from error
    return whole


def _is_cut_off(about: Mapping[str, Any]) -> bool:
    """Whether a chunk says so. Each provider has a key of its own for it."""
    return any(str(value).casefold() in _CUT_OFF for value in about.values())


def _chunks(generator: BaseChatModel, messages: list[BaseMessage], seconds: float) -> Chunks:
    if isinstance(generator, TransformersChat):  # looks at the clock between its tokens
        return cast(Chunks, generator.stream(messages, timeout=seconds))
    if isinstance(generator, ExtractiveChat):
        return cast(Chunks, generator.stream(messages))
    return _in_time(lambda: cast(Chunks, generator.stream(messages)), seconds)


def _in_time(start: Callable[[], Chunks], seconds: float) -> Chunks:
    """The chunks of a model that may keep silent for as long as it likes.

    It runs in a thread of its own, which is left behind when time is up: it ends with the model's
    next chunk, or when the client's own time-out breaks the connection.
    """
    arrived: queue.SimpleQueue[AIMessageChunk | BaseException | None] = queue.SimpleQueue()
    left = threading.Event()

    def run() -> None:
        try:
            with closing(start()) as chunks:
                for chunk in chunks:
                    if left.is_set():
                        return
                    arrived.put(chunk)
        except BaseException as error:  # raised again where the chunk is awaited
            arrived.put(error)
        else:
            arrived.put(None)

    end = time.monotonic() + seconds
    caller = contextvars.copy_context()  # has the callbacks that count tokens
    threading.Thread(target=caller.run, args=(run,), name="generator", daemon=True).start()
    try:
        while (rest := end - time.monotonic()) > 0:
            try:
                item = arrived.get(timeout=min(rest, LOOK))
            except queue.Empty:
                stop_if_left()
                continue
            if item is None:
                return
            if isinstance(item, BaseException):
                raise item
            yield item
        raise GeneratorError(f"The language model was not done after {seconds:g} s.")
    finally:
        left.set()


def token_counter(generator: BaseChatModel) -> Callable[[Sequence[BaseMessage]], int]:
    """How many tokens this generator reads of messages; a high guess where it cannot say."""
    if isinstance(generator, TransformersChat):
        return generator.count_tokens
    if isinstance(generator, ExtractiveChat):
        return lambda messages: 0  # reads nothing
    return _guess


def _guess(messages: Sequence[BaseMessage]) -> int:
    """One token for three bytes, and four around each message."""
    return sum(len(str(message.content).encode()) // 3 + 4 for message in messages)
