"""Clients that leave, servers that are told to end, generators that misbehave, crowds."""

import http.client
import json
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest
from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from pydantic import PrivateAttr

from api.app import create_app
from api.limits import RUNNING, WAITING
from rag.config import Answering, Settings
from rag.engine import Engine
from rag.extractive import ExtractiveChat
from rag.index import Index
from rag.retrieval import Retriever
from tests.api.conftest import Served, opener, served
from tests.api.scripted import ScriptedEngine
from tests.api.test_stream import parse
from tests.doubles import HashingEmbedder

ASK = {"question": "How long is the cord?", "product_id": "KT12"}
EVENTS = {"accept": "text/event-stream", "content-type": "application/json"}


class Endless(BaseChatModel):
    """Says a word now and then and never ends; knows how many of its streams are open."""

    pause: float = 0.02
    _open: set[int] = PrivateAttr(default_factory=set)
    _begun: list[int] = PrivateAttr(default_factory=list)

    @property
    def open(self) -> int:
        return len(self._open)

    @property
    def begun(self) -> int:
        return len(self._begun)

    @property
    def _llm_type(self) -> str:
        return "endless"

    def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=AIMessage("never"))])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        number = len(self._begun)
        self._begun.append(number)
        self._open.add(number)
        try:
            while True:
                time.sleep(self.pause)
                yield ChatGenerationChunk(message=AIMessageChunk(content="word "))
        finally:
            self._open.discard(number)


MakeEngine = Callable[..., Engine]


@pytest.fixture
def engine_with(small_index: Path, hashing_embedder: HashingEmbedder) -> MakeEngine:
    def make(generator: BaseChatModel, seconds: float = 60) -> Engine:
        settings = Settings(index=small_index, answering=Answering(seconds=seconds, cache=0))
        return Engine(Retriever(Index.open(small_index), hashing_embedder), generator, settings)

    return make


def until(what: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def visit(address: str, accept: str, leave: threading.Event | None = None) -> None:
    """Ask, and hang up: when told to, or as soon as the request is sent."""
    connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=20)
    headers = {**EVENTS, "accept": accept}
    connection.request("POST", "/v1/ask", json.dumps(ASK), headers)
    if leave is not None:
        leave.wait(20)
    connection.close()


def leaves(
    listening: Served, engine_with: MakeEngine, rounds: int, accept: str
) -> tuple[int, int, Endless]:
    generator = Endless()
    engine = engine_with(generator)
    address = listening(engine)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: visit(address, accept), range(8)))
        until(lambda: not generator.open)
        before = len(os.listdir("/proc/self/fd"))
        for _ in range(rounds // 8):
            leave = threading.Event()
            visits = [pool.submit(visit, address, accept, leave) for _ in range(8)]
            # Those who hung up at once may begin late, and end by themselves.
            until(lambda: generator.open == 8)
            leave.set()
            for each in visits:
                each.result()
            until(lambda: not generator.open)
    until(lambda: "shelftalk_running 0.0" in httpx2.get(f"{address}/metrics").text)
    until(lambda: len(os.listdir("/proc/self/fd")) <= before + 2)
    return before, len(os.listdir("/proc/self/fd")), generator


@pytest.mark.parametrize("accept", ["text/event-stream", "application/json"])
def test_who_leaves_stops_the_model_and_gives_back_slot_and_descriptor(
    listening: Served, engine_with: MakeEngine, accept: str
) -> None:
    _, _, generator = leaves(listening, engine_with, 32, accept)
    assert generator.begun >= 32


@pytest.mark.soak
@pytest.mark.parametrize("accept", ["text/event-stream", "application/json"])
def test_a_thousand_leave(listening: Served, engine_with: MakeEngine, accept: str) -> None:
    leaves(listening, engine_with, 1000, accept)


QUEUED = {
    "/v1/ask": ASK,
    "/v1/search": ASK,
    "/v1/chat/completions": {
        "model": "shelftalk",
        "messages": [{"role": "user", "content": ASK["question"]}],
    },
    "/v1/documents/policies/returns.md": None,
    "/v1/suggestions": None,
}


def test_who_leaves_the_queue_gives_back_the_place(
    listening: Served, engine_with: MakeEngine
) -> None:
    generator = Endless()
    address = listening(engine_with(generator))

    def waiting() -> float:
        metrics = httpx2.get(f"{address}/metrics").text
        return float(metrics.split("\nshelftalk_waiting ")[1].split()[0])

    leave = threading.Event()
    with ThreadPoolExecutor(RUNNING) as pool, ExitStack() as queue:
        for _ in range(RUNNING):
            pool.submit(visit, address, "application/json", leave)
        until(lambda: generator.open == RUNNING)
        for path, body in QUEUED.items():
            connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=20)
            queue.callback(connection.close)
            method, content = ("POST", json.dumps(body)) if body else ("GET", None)
            headers = {"content-type": "application/json"} if body else {}
            connection.request(method, path, content, headers)
        until(lambda: waiting() == len(QUEUED))
        queue.close()
        until(lambda: waiting() == 0, seconds=5)
        assert generator.open == RUNNING  # nobody's turn came
        leave.set()
    assert generator.begun == RUNNING


def test_a_server_told_to_end_finishes_what_it_began(
    settings: Settings, engine: ScriptedEngine
) -> None:
    engine.unheld.clear()
    app = create_app(settings, opener(engine))
    with ThreadPoolExecutor(1) as pool:
        with served(app) as address:
            until(lambda: httpx2.get(f"{address}/readyz").status_code == 200)
            stream = pool.submit(
                httpx2.post, f"{address}/v1/ask", json={"question": "?"}, headers=EVENTS, timeout=20
            )
            assert engine.entered.acquire(timeout=10)
            threading.Timer(0.5, engine.unheld.set).start()
            # leaving `served` does what SIGTERM does, in the middle of the stream
        assert parse(stream.result().text)[-1][0] == "done"
        with pytest.raises(httpx2.ConnectError):
            httpx2.get(f"{address}/healthz")


class Misbehaving(Endless):
    """Does one of the things a model server may do."""

    how: str = ""

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        def piece(text: str) -> ChatGenerationChunk:
            return ChatGenerationChunk(message=AIMessageChunk(content=text))

        match self.how:
            case "refuses":
                raise ConnectionError("refused")
            case "stalls":
                time.sleep(3)
                yield piece("late")
            case "garbage":
                yield piece("\x00\ufffd\ud800 }{ <|im_start|> 75 kg of [99] nonsense. " * 20)
            case "cuts":
                yield piece("The cord of the Brook 1.2 is 75 cm long. It is ma")
                raise ConnectionResetError("cut")
            case "never ends":
                while True:
                    time.sleep(0.005)
                    yield piece("and so on ")


@pytest.mark.parametrize("accept", ["text/event-stream", "application/json"])
@pytest.mark.parametrize("how", ["refuses", "stalls", "garbage", "cuts", "never ends"])
def test_whatever_the_model_does_the_answer_is_verified_and_whole(
    listening: Served, engine_with: MakeEngine, how: str, accept: str
) -> None:
    engine = engine_with(Misbehaving(how=how), seconds=0.5)
    address = listening(engine)
    response = httpx2.post(f"{address}/v1/ask", json=ASK, headers={"accept": accept}, timeout=20)
    assert response.status_code == 200
    if accept == "application/json":
        answer = response.json()
    else:
        events = dict(parse(response.text))
        assert list(events)[-2:] == ["answer", "done"]
        answer = events["answer"]
    assert answer["status"] == "answered"
    assert "75 cm" in answer["answer"]
    for broken in ("It is ma", "so on", "nonsense", "late", "<|", "\ufffd"):
        assert broken not in answer["answer"]
    assert all(each["citations"] for each in answer["statements"])
    assert answer["degraded"] is (how != "garbage")


def crowd(address: str, clients: int, seconds: float) -> dict[int, int]:
    """Ask without a pause from many clients; how often each status came."""
    counts: dict[int, int] = {}
    lock = threading.Lock()
    end = time.monotonic() + seconds

    def ask(client: httpx2.Client) -> None:
        while time.monotonic() < end:
            response = client.post(f"{address}/v1/ask", json=ASK)
            if response.status_code == 503:
                assert int(response.headers["retry-after"]) > 0
                time.sleep(0.1)
            with lock:
                counts[response.status_code] = counts.get(response.status_code, 0) + 1

    with httpx2.Client(timeout=30) as client, ThreadPoolExecutor(clients) as pool:
        for each in [pool.submit(ask, client) for _ in range(clients)]:
            each.result()
    return counts


def test_a_crowd_is_served_or_told_to_come_back(listening: Served, engine_with: MakeEngine) -> None:
    address = listening(engine_with(ExtractiveChat()))
    counts = crowd(address, clients=64, seconds=2)
    assert counts.keys() <= {200, 503}
    assert counts[200] >= RUNNING + WAITING
    assert httpx2.post(f"{address}/v1/ask", json=ASK).status_code == 200


def test_the_process_is_healthy_while_its_engines_are_busy(
    listening: Served, engine_with: MakeEngine
) -> None:
    generator = Endless()
    address = listening(engine_with(generator))
    leave = threading.Event()
    with ThreadPoolExecutor(8) as pool:
        for _ in range(8):
            pool.submit(visit, address, "application/json", leave)
        until(lambda: generator.open == 8)
        for _ in range(20):
            assert httpx2.get(f"{address}/healthz", timeout=2).status_code == 200
        assert generator.open == 8  # they were busy all the while
        leave.set()


def test_half_a_request_holds_nobody_up(listening: Served, engine: ScriptedEngine) -> None:
    address = listening(engine)
    host, port = address.removeprefix("http://").split(":")
    idle = [socket.create_connection((host, int(port))) for _ in range(64)]
    for each in idle:
        each.sendall(b"POST /v1/ask HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n")
        each.sendall(b"Content-Length: 100\r\n\r\n{")
    assert httpx2.post(f"{address}/v1/ask", json={"question": "?"}).status_code == 200
    for each in idle:
        with suppress(OSError):
            each.close()
