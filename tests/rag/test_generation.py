"""Generators: one contract for all, and the names they go by."""

import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from rag import prompt
from rag.errors import ConfigError, GeneratorError, ModelNotFoundError
from rag.generation import (
    ExtractiveChat,
    TransformersChat,
    open_generator,
    streamed,
    token_counter,
)
from rag.types import Evidence
from tests.doubles import ScriptedChat
from tests.rag.generations import a_document

FACTS = ["The cord of the Brook 1.7 is 90 cm long.", "Colour: Red"]


def messages(question: str = "How long is the cord?") -> list[BaseMessage]:
    evidence = [Evidence(a_document(text=fact), 0, len(fact), 0.9) for fact in FACTS]
    return prompt.build(question, evidence, len, 10_000)


@pytest.fixture(
    scope="module",
    params=["scripted", "extractive", pytest.param("smollm2", marks=pytest.mark.slow)],
)
def asked(request: pytest.FixtureRequest) -> Callable[[], BaseChatModel]:
    """Gives the generator, ready for one more draft."""
    if request.param == "scripted":
        chat = ScriptedChat()
        return lambda: chat.enqueue("The cord is 90 cm long. 大小合适。")
    opened = open_generator(request.param, 12)
    return lambda: opened


def test_the_stream_joins_to_the_whole_draft(asked: Callable[[], BaseChatModel]) -> None:
    whole = asked().invoke(messages())
    assert isinstance(whole, AIMessage)
    assert "".join(streamed(asked(), messages())) == whole.text != ""


def test_the_same_messages_give_the_same_draft(asked: Callable[[], BaseChatModel]) -> None:
    assert asked().invoke(messages()).text == asked().invoke(messages()).text


def test_an_interrupted_stream_leaves_it_usable(asked: Callable[[], BaseChatModel]) -> None:
    pieces = streamed(asked(), messages())
    next(pieces)
    assert isinstance(pieces, Iterator)
    pieces.close()  # type: ignore[attr-defined]
    assert asked().invoke(messages()).text


def test_it_counts_tokens(asked: Callable[[], BaseChatModel]) -> None:
    count = token_counter(asked())
    assert count("The cord is 90 cm long.") > count("cord") > 0
    assert "steel " * 400 and 100 < count("steel " * 400) < 2400


@pytest.fixture(scope="module")
def chat() -> TransformersChat:
    chat = open_generator("smollm2", 6)
    assert isinstance(chat, TransformersChat)
    return chat


@pytest.mark.slow
def test_it_keeps_to_its_token_limit(chat: TransformersChat) -> None:
    draft = chat.invoke([HumanMessage("Tell me a very long story about a kettle.")]).text
    assert 0 < chat.count_tokens(draft) <= 6


@pytest.mark.slow
def test_it_stops_where_it_is_told(chat: TransformersChat) -> None:
    whole = chat.invoke(messages()).text
    stop = whole.split()[1]
    assert stop not in chat.invoke(messages(), stop=[stop]).text


@pytest.mark.slow
def test_a_failure_is_a_generator_error(
    chat: TransformersChat, monkeypatch: pytest.MonkeyPatch
) -> None:
    def out_of_memory(**_: Any) -> None:
        raise RuntimeError("out of memory")

    monkeypatch.setattr(chat._model, "forward", out_of_memory)
    with pytest.raises(GeneratorError, match="out of memory"):
        list(streamed(chat, messages()))


def test_the_extractive_one_quotes_the_first_fact() -> None:
    assert ExtractiveChat().invoke(messages()).text == FACTS[0]


def test_the_extractive_one_is_silent_without_facts() -> None:
    assert ExtractiveChat().invoke([SystemMessage("Be kind."), HumanMessage("Hi")]).text == ""


@pytest.mark.parametrize("error", [GeneratorError("cut off"), OSError("cut off")])
def test_whatever_breaks_a_stream_is_a_generator_error(error: Exception) -> None:
    pieces = streamed(ScriptedChat().enqueue("The cord", error), messages())
    with pytest.raises(GeneratorError, match="cut off"):
        list(pieces)


def test_extractive_needs_no_model() -> None:
    assert isinstance(open_generator("extractive", 48), ExtractiveChat)


@pytest.mark.parametrize("name", ["nobody/has-this-model", "smollm9", "missing.gguf", "a b c"])
def test_an_unknown_name_says_what_is_allowed(name: str) -> None:
    with pytest.raises(ModelNotFoundError) as caught:
        open_generator(name, 48)
    for word in (repr(name), "smollm2", "folder", "GGUF", "Hugging Face"):
        assert word in str(caught.value)


@pytest.mark.parametrize("name", ["openai:", "openai:@http://127.0.0.1:9/v1"])
def test_a_server_without_a_model_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="names no model; write openai:<model>@<base url>"):
        open_generator(name, 48)


def test_a_server_without_the_package_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "langchain_openai", None)
    with pytest.raises(ConfigError, match=r"pip install 'shelftalk\[openai\]'"):
        open_generator("openai:gpt@http://127.0.0.1:9/v1", 48)


class _Client:
    """In place of the package's class: says what it was given."""

    def __init__(self, **options: Any) -> None:
        if options["model"] == "keyless":
            raise ValueError("The api_key must be set")
        self.options = options


@pytest.fixture
def client_package(monkeypatch: pytest.MonkeyPatch) -> None:
    package = ModuleType("langchain_openai")
    package.ChatOpenAI = _Client  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "langchain_openai", package)


@pytest.mark.usefixtures("client_package")
def test_a_server_is_opened_by_model_and_address() -> None:
    chat: Any = open_generator("openai:qwen:3b@http://127.0.0.1:9/v1", 48)
    assert chat.options["model"] == "qwen:3b"
    assert chat.options["base_url"] == "http://127.0.0.1:9/v1"
    assert chat.options["max_completion_tokens"] == 48
    official: Any = open_generator("openai:gpt", 48)
    assert official.options["base_url"] is None


@pytest.mark.usefixtures("client_package")
def test_a_client_that_cannot_be_made_is_a_bad_setting() -> None:
    with pytest.raises(ConfigError, match="'openai:keyless' cannot be used: The api_key must"):
        open_generator("openai:keyless", 48)
