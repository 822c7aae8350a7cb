"""Servers that answer for us: one that misbehaves in every way, and one that is real."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from langchain_core.messages import HumanMessage

from rag.config import Settings
from rag.engine import Engine
from rag.errors import ConfigError, GeneratorError
from rag.generation import open_generator, streamed
from rag.index import Index
from rag.models import resolve
from rag.retrieval import Retriever
from rag.types import Answer, Question, Scope, Status
from tests.doubles import HashingEmbedder
from tests.rag.misbehaving import Misbehaving, free_port, misbehaving

CORD = Question("How long is the cord?", Scope("KT17"))
SAID = "The cord is 90 cm long."
QUOTED = "The FAQ says: “The cord of the Brook 1.7 is 90 cm long.”"


@pytest.fixture(scope="module")
def server() -> Iterator[Misbehaving]:
    with misbehaving() as server:
        yield server


@pytest.fixture(scope="module")
def retriever(small_index: Path, hashing_embedder: HashingEmbedder) -> Iterator[Retriever]:
    index = Index.open(small_index)
    yield Retriever(index, hashing_embedder)
    index.close()


def ask(retriever: Retriever, name: str, seconds: float = 1.0, **options: Any) -> Answer:
    answering = {"seconds": seconds, "retries": 1, **options}
    settings = Settings.model_validate({"generator": name, "answering": answering})
    generator = open_generator(name, settings.answering)
    answer = Engine(retriever, generator, settings).ask(CORD)
    assert answer.status is Status.ANSWERED and answer.citations
    return answer


@pytest.mark.parametrize(("manner", "times"), [("well", 1), ("busy", 2)])
def test_a_good_answer_comes_also_after_a_refusal(
    retriever: Retriever, server: Misbehaving, manner: str, times: int
) -> None:
    answer = ask(retriever, server.generator(manner), seconds=30)
    assert (answer.text, answer.degraded) == (SAID, False)
    assert server.asked[manner] == times


@pytest.mark.parametrize(("retries", "times"), [(0, 1), (2, 3)])
def test_it_is_asked_again_as_often_as_it_is_set(
    retriever: Retriever, server: Misbehaving, retries: int, times: int
) -> None:
    server.asked.clear()
    answer = ask(retriever, server.generator("refuses"), seconds=30, retries=retries)
    assert (answer.text, answer.degraded) == (QUOTED, True)
    assert server.asked["refuses"] == times


@pytest.mark.parametrize(
    ("manner", "text"),
    [
        ("denies", QUOTED),
        ("never_begins", QUOTED),
        ("stalls", SAID),
        ("pings", QUOTED),
        ("never_ends", SAID),
        ("cuts", SAID),
        ("breaks", SAID),
        ("garbage", SAID),
        ("invalid_text", SAID),
        ("another_page", QUOTED),
        ("nothing", QUOTED),
    ],
)
def test_what_was_said_before_a_failure_stands_or_the_evidence_is_quoted(
    retriever: Retriever, server: Misbehaving, manner: str, text: str
) -> None:
    answer = ask(retriever, server.generator(manner))
    assert (answer.text, answer.degraded) == (text, True)


def test_a_sentence_cut_by_the_limit_is_left_out(retriever: Retriever, server: Misbehaving) -> None:
    answer = ask(retriever, server.generator("is_cut_by_its_limit"), seconds=30)
    assert (answer.text, answer.degraded) == (SAID, False)


def test_an_address_where_nobody_listens(retriever: Retriever) -> None:
    answer = ask(retriever, f"openai:m@http://127.0.0.1:{free_port()}/v1", retries=0)
    assert (answer.text, answer.degraded) == (QUOTED, True)


@pytest.mark.parametrize(("manner", "degraded"), [("well", False), ("never_ends", True)])
def test_the_proxy_of_the_environment_is_used(
    retriever: Retriever,
    server: Misbehaving,
    monkeypatch: pytest.MonkeyPatch,
    manner: str,
    degraded: bool,
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{server.server_port}")
    answer = ask(retriever, f"openai:m@http://models.example/{manner}", seconds=2)
    assert (answer.text, answer.degraded) == (SAID, degraded)


@pytest.mark.parametrize("manner", ["never_ends", "pings"])
def test_when_the_deadline_is_past_the_server_is_left(server: Misbehaving, manner: str) -> None:
    server.left.clear()
    chat = open_generator(
        server.generator(manner), Settings().answering.model_copy(update={"seconds": 0.5})
    )
    with pytest.raises(GeneratorError, match=r"not done after 0\.5 s"):
        list(streamed(chat, [HumanMessage("Hi")], 0.5))
    assert server.left.wait(20)


def test_a_client_that_leaves_leaves_the_server_too(server: Misbehaving) -> None:
    server.left.clear()
    pieces = streamed(open_generator(server.generator("never_ends")), [HumanMessage("Hi")], 60)
    next(pieces)
    pieces.close()
    assert server.left.wait(20)


def test_a_server_is_opened_by_model_and_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    chat: Any = open_generator("openai:qwen:3b@http://127.0.0.1:9/v1")
    assert (chat.model_name, chat.openai_api_base) == ("qwen:3b", "http://127.0.0.1:9/v1")
    assert (chat.max_tokens, chat.temperature, chat.max_retries) == (48, 0, 2)
    with pytest.raises(ConfigError, match=r"'openai:gpt' cannot be used: .*OPENAI_API_KEY"):
        open_generator("openai:gpt")


def test_only_openai_itself_is_asked_to_count_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    own: Any = open_generator("openai:m@http://127.0.0.1:9/v1")
    theirs: Any = open_generator("openai:gpt")
    assert (own.stream_usage, theirs.stream_usage) == (False, True)


@pytest.fixture(scope="module")
def transformers_serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """`transformers serve` with the default model."""
    folder, port = resolve("smollm2").folder, free_port()
    log = tmp_path_factory.mktemp("serve") / "log"
    code = "from transformers.cli.transformers import main; main()"
    command = [sys.executable, "-c", code, "serve", str(folder), "--port", str(port)]
    with log.open("w") as file:
        process = subprocess.Popen(
            [*command, "--host", "127.0.0.1", "--device", "cpu"], stdout=file, stderr=file
        )
    try:
        for _ in range(600):
            assert process.poll() is None, log.read_text()
            try:
                with urlopen(f"http://127.0.0.1:{port}/health", timeout=5):
                    break
            except URLError:
                time.sleep(0.2)
        yield f"openai:{folder}@http://127.0.0.1:{port}/v1"
    finally:
        process.terminate()
        process.wait(30)


@pytest.mark.slow
def test_a_real_server_says_what_the_model_says_here(
    retriever: Retriever, transformers_serve: str
) -> None:
    there = ask(retriever, transformers_serve, seconds=120)
    here = ask(retriever, "smollm2", seconds=120)
    assert (there.text, there.citations, there.degraded) == (here.text, here.citations, False)
    assert "90 cm" in there.text
    assert there.model.startswith("openai:SmolLM2") and "/" not in there.model
