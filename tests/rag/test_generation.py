"""Generators: one contract for all, and the names they go by."""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from langchain_core.callbacks import get_usage_metadata_callback
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    BaseMessage,
    HumanMessage,
    SystemMessage,
)
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGenerationChunk

from rag import prompt
from rag.config import Answering
from rag.errors import ConfigError, GeneratorError, ModelNotFoundError
from rag.extractive import ExtractiveChat
from rag.generation import open_generator, require_generator, streamed, token_counter
from rag.transformers_chat import TransformersChat
from rag.types import Evidence
from tests.doubles import ScriptedChat
from tests.rag.generations import a_document
from tests.tiny_models import one_thread, write_causal, write_seq2seq

FACTS = ["The cord of the Brook 1.7 is 90 cm long.", "Colour: Red"]
LONG = 60.0
Ask = Callable[[], BaseChatModel]


def messages(question: str = "How long is the cord?") -> list[BaseMessage]:
    evidence = [Evidence(a_document(text=fact), 0, len(fact), 0.9) for fact in FACTS]
    built = prompt.build(question, evidence, len, 10_000)
    assert built is not None
    return built


@pytest.fixture(
    scope="module",
    params=[
        "scripted",
        "extractive",
        "causal",
        "seq2seq",
        pytest.param("smollm2", marks=pytest.mark.slow),
    ],
)
def asked(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Ask]:
    """Gives the generator, ready for one more draft."""
    folder = tmp_path_factory.mktemp("model")
    if request.param == "scripted":
        chat = ScriptedChat()
        yield lambda: chat.enqueue("The cord is 90 cm long. 大小合适。")
        return
    if request.param == "causal":
        write_causal(folder)
    elif request.param == "seq2seq":
        write_seq2seq(folder)
    name = request.param if request.param in ("extractive", "smollm2") else str(folder)
    opened = open_generator(name, Answering(answer_tokens=12))
    with one_thread():
        yield lambda: opened


def test_the_stream_joins_to_the_whole_draft(asked: Ask) -> None:
    whole = asked().invoke(messages())
    assert isinstance(whole, AIMessage)
    assert "".join(streamed(asked(), messages(), LONG)) == whole.text != ""


def test_the_same_messages_give_the_same_draft(asked: Ask) -> None:
    assert asked().invoke(messages()).text == asked().invoke(messages()).text


def test_an_interrupted_stream_leaves_it_usable(asked: Ask) -> None:
    pieces = streamed(asked(), messages(), LONG)
    next(pieces)
    pieces.close()
    assert asked().invoke(messages()).text


def test_a_stream_that_is_left_open_keeps_nobody_s_thread(asked: Ask) -> None:
    left_open = streamed(asked(), messages(), LONG)
    next(left_open)
    del left_open
    assert asked().invoke(messages()).text


def test_a_batch_is_what_each_gets_alone(asked: Ask) -> None:
    alone = asked().invoke(messages()).text
    assert [each.text for each in (asked(), asked())[-1].batch([messages()] * 2)] == [alone] * 2


def test_several_at_once_get_their_own(asked: Ask) -> None:
    alone = asked().invoke(messages()).text
    chats = [asked() for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        streams = pool.map(lambda chat: "".join(streamed(chat, messages(), LONG)), chats)
        assert list(streams) == [alone] * 4


def test_it_counts_tokens(asked: Ask) -> None:
    count = token_counter(asked())
    short, long = count(messages()), count(messages("How long is the red cord? " * 50))
    assert (short, long) == (0, 0) or 0 < short < long


def test_the_extractive_one_quotes_the_first_fact() -> None:
    assert ExtractiveChat().invoke(messages()).text == FACTS[0]


def test_the_extractive_one_is_silent_without_facts() -> None:
    assert ExtractiveChat().invoke([SystemMessage("Be kind."), HumanMessage("Hi")]).text == ""


@pytest.mark.parametrize("error", [GeneratorError("cut off"), OSError("cut off")])
def test_whatever_breaks_a_stream_is_a_generator_error(error: Exception) -> None:
    pieces = streamed(ScriptedChat().enqueue("The cord", error), messages(), LONG)
    with pytest.raises(GeneratorError, match="cut off"):
        list(pieces)


class Ending(ScriptedChat):
    """Says at the end how it came about, as a provider's own model does."""

    about: dict[str, Any]

    def _stream(self, *args: Any, **kwargs: Any) -> Iterator[Any]:
        yield from super()._stream(*args, **kwargs)
        usage = UsageMetadata(input_tokens=7, output_tokens=3, total_tokens=10)
        about = {"model_name": "some", **self.about}
        last = AIMessageChunk(content="", response_metadata=about, usage_metadata=usage)
        yield ChatGenerationChunk(message=last)


@pytest.mark.parametrize(
    ("about", "whole"),
    [
        ({"finish_reason": "length"}, False),  # OpenAI
        ({"finish_reason": "MAX_TOKENS"}, False),  # Gemini
        ({"stop_reason": "max_tokens"}, False),  # Anthropic
        ({"done_reason": "length"}, False),  # Ollama
        ({"finish_reason": "model_length"}, False),  # Mistral
        ({"status": "incomplete"}, False),  # OpenAI's Responses
        ({"finish_reason": "stop"}, True),
        ({"stop_reason": "end_turn", "stop_sequence": None}, True),
        ({}, True),
    ],
)
def test_a_draft_that_its_limit_cut_off_is_not_whole(about: dict[str, Any], whole: bool) -> None:
    def read() -> Iterator[str]:
        ended.append((yield from streamed(chat, messages(), LONG)))

    chat, ended = Ending(about=about).enqueue("The cord is 9"), list[bool]()
    assert "".join(read()) == "The cord is 9"
    assert ended == [whole]


def test_the_tokens_a_draft_took_are_seen_where_they_are_counted() -> None:
    with get_usage_metadata_callback() as usage:
        list(streamed(Ending(about={}).enqueue("The cord"), messages(), LONG))
    assert [used["total_tokens"] for used in usage.usage_metadata.values()] == [10]


class Slow(ScriptedChat):
    """Says a word, then nothing until it is let go, then more than anybody wants to hear."""

    def _stream(self, *args: Any, **kwargs: Any) -> Iterator[Any]:
        first, second = super()._stream(*args, **kwargs)
        try:
            yield first
            LET_GO.wait(20)
            while True:
                yield second
        finally:
            STOPPED.set()


LET_GO, STOPPED = threading.Event(), threading.Event()


@pytest.fixture
def slow() -> Iterator[Slow]:
    LET_GO.clear()
    STOPPED.clear()
    chat = Slow()
    chat.enqueue("The co")
    yield chat
    LET_GO.set()


def test_a_model_that_stalls_is_left_behind(slow: Slow) -> None:
    pieces = streamed(slow, messages(), 0.2)
    assert next(pieces) == "The"
    with pytest.raises(GeneratorError, match=r"not done after 0\.2 s"):
        next(pieces)
    LET_GO.set()
    assert STOPPED.wait(20)


def test_a_model_that_never_ends_is_stopped(slow: Slow) -> None:
    LET_GO.set()
    with pytest.raises(GeneratorError, match="not done after"):
        for _ in streamed(slow, messages(), 0.2):
            time.sleep(0.01)
    assert STOPPED.wait(20)


def test_who_stops_listening_stops_the_model(slow: Slow) -> None:
    LET_GO.set()
    pieces = streamed(slow, messages(), LONG)
    next(pieces)
    pieces.close()
    assert STOPPED.wait(20)


def test_extractive_needs_no_model() -> None:
    assert isinstance(open_generator("extractive"), ExtractiveChat)


def test_settings_reach_the_model(tmp_path: Path) -> None:
    write_causal(tmp_path)
    chat = open_generator(str(tmp_path), Answering(answer_tokens=9, temperature=0.5, seed=3))
    assert isinstance(chat, TransformersChat)
    assert (chat.max_tokens, chat.temperature, chat.seed) == (9, 0.5, 3)
    assert chat.model_name == str(tmp_path)


@pytest.mark.parametrize(
    "name", ["nobody/has-this", "smollm9", "missing.gguf", "~nobody/m", "a b c"]
)
@pytest.mark.parametrize("use", [open_generator, require_generator])
def test_an_unknown_name_says_what_is_allowed(name: str, use: Callable[[str], object]) -> None:
    with pytest.raises(ModelNotFoundError) as caught:
        use(name)
    for word in (repr(name), "smollm2", "folder", "GGUF", "Hugging Face", "openai:", "langchain:"):
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("openai:", "names no model; write openai:<model>@<base url>"),
        ("openai:@http://127.0.0.1:9/v1", "names no model"),
        ("langchain:", "incomplete; write langchain:<provider>:<model>"),
        ("langchain:anthropic", "incomplete"),
        ("langchain::claude", "incomplete"),
    ],
)
def test_half_a_name_says_how_to_write_it(name: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        require_generator(name)


@pytest.mark.parametrize(
    ("name", "package", "install"),
    [
        ("openai:gpt@http://127.0.0.1:9/v1", "langchain_openai", r"'shelftalk\[openai\]'"),
        ("langchain:big_co:big", "langchain", r"'shelftalk\[langchain\]' langchain-big-co"),
    ],
)
def test_a_missing_package_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, name: str, package: str, install: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.setitem(sys.modules, f"{package}.chat_models", None)
    monkeypatch.delitem(sys.modules, "rag.openai_chat", raising=False)
    with pytest.raises(ConfigError, match=f"pip install {install}"):
        open_generator(name)


@pytest.fixture
def langchain(monkeypatch: pytest.MonkeyPatch) -> None:
    """In place of the package, which brings a hundred others: says what it was given."""

    def init_chat_model(model: str, **options: Any) -> Any:
        if options["model_provider"] == "nobody":
            raise ValueError("Unsupported provider")
        return model, options

    package = ModuleType("langchain.chat_models")
    package.init_chat_model = init_chat_model  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "langchain", ModuleType("langchain"))
    monkeypatch.setitem(sys.modules, "langchain.chat_models", package)


@pytest.mark.usefixtures("langchain")
def test_any_model_of_langchain_is_opened_by_provider_and_name() -> None:
    opened: Any = open_generator("langchain:anthropic:claude:x", Answering(seconds=7))
    model, options = opened
    assert model == "claude:x"
    assert options == {
        "model_provider": "anthropic",
        "max_tokens": 48,
        "temperature": 0,
        "max_retries": 2,
        "timeout": 7,
    }


@pytest.mark.usefixtures("langchain")
def test_what_langchain_does_not_know_is_a_bad_setting() -> None:
    with pytest.raises(ConfigError, match="'langchain:nobody:x' cannot be used: Unsupported"):
        open_generator("langchain:nobody:x")
