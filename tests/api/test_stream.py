import asyncio
import json
import threading
from collections.abc import Mapping
from typing import Any

import pytest
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Message

from api.app import create_app
from api.limits import RUNNING
from api.problems import UnavailableError
from api.shops import Shop
from rag.body import answer_body, citation_body, passage_body, statement_body
from rag.config import Settings
from rag.errors import GeneratorError, ScopeError
from tests.api.conftest import Serve, opener
from tests.api.scripted import ANSWER, CITATION, STATEMENT, ScriptedEngine, passage

ASK = {"question": "How heavy is it?"}
EVENTS = {"accept": "text/event-stream"}


def parse(text: str) -> list[tuple[str, Any]]:
    """The events of a stream as (name, body); comments are left out."""
    assert text.endswith("\n\n")
    events = []
    for block in text.removesuffix("\n\n").split("\n\n"):
        if not block.startswith(":"):
            name, data = block.split("\n")
            assert name.startswith("event: ")
            assert data.startswith("data: ")
            events.append((name[7:], json.loads(data[6:])))
    return events


def test_events_come_in_order_with_the_bodies_of_the_answer(client: TestClient) -> None:
    response = client.post("/v1/ask", json=ASK, headers=EVENTS)
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/event-stream")
    assert response.headers["cache-control"] == "no-cache"
    passages = [passage_body(passage(1)), passage_body(passage(2))]
    assert parse(response.text) == [
        ("passages", {"passages": passages, "generation": "g1"}),
        ("citation", citation_body(CITATION)),
        ("statement", statement_body(STATEMENT)),
        ("answer", answer_body(ANSWER)),
        ("done", {"generation": "g1"}),
    ]


@pytest.mark.parametrize(
    "accept", ["Text/Event-Stream;q=0.9", "application/json, text/event-stream"]
)
def test_events_wherever_they_are_accepted(client: TestClient, accept: str) -> None:
    response = client.post("/v1/ask", json=ASK, headers={"accept": accept})
    assert parse(response.text)[-1][0] == "done"


@pytest.mark.parametrize(
    ("failure", "status"),
    [
        (GeneratorError("secret"), 500),
        (RuntimeError("secret"), 500),
        (TimeoutError("secret"), 500),
        (ScopeError("public"), 404),
    ],
)
def test_a_stream_that_fails_says_so_and_is_never_done(
    serve: Serve, failure: Exception, status: int
) -> None:
    response = serve(ScriptedEngine(failure)).post("/v1/ask", json=ASK, headers=EVENTS)
    events = parse(response.text)
    assert [name for name, _ in events] == ["passages", "citation", "statement", "error"]
    assert events[-1][1]["status"] == status
    assert events[-1][1].keys() == {"type", "title", "status", "detail"}
    assert "secret" not in response.text


def test_a_stream_without_an_answer_is_never_done(serve: Serve) -> None:
    class Cut(ScriptedEngine):
        def stream(self, question: Any) -> Any:
            yield (passage(1),)

    response = serve(Cut()).post("/v1/ask", json=ASK, headers=EVENTS)
    assert [name for name, _ in parse(response.text)] == ["passages", "error"]


def test_silence_is_kept_alive_with_comments(serve: Serve, engine: ScriptedEngine) -> None:
    client = serve(engine, heartbeat=0.02)
    engine.unheld.clear()
    threading.Timer(0.3, engine.unheld.set).start()
    text = client.post("/v1/ask", json=ASK, headers=EVENTS).text
    assert text.count(": ping\n\n") >= 3
    assert parse(text)[-1][0] == "done"


async def until_loaded(shop: Shop) -> None:
    async with asyncio.timeout(10):
        while True:
            try:
                _ = shop.engine
                return
            except UnavailableError:
                await asyncio.sleep(0.005)


class Visit:
    """A client that asks for a stream and leaves as soon as it reads certain bytes.

    Servers before ASGI 2.4 report a disconnect as a message, later ones by a failing send.
    """

    def __init__(self, spec: str, leave_at: bytes) -> None:
        self.spec = spec
        self.leave_at = leave_at
        self.read = b""
        self._gone = asyncio.Event()
        self._asked = False

    async def __call__(self, app: ASGIApp, state: Mapping[str, Any]) -> None:
        headers = [
            (b"host", b"127.0.0.1"),
            (b"content-type", b"application/json"),
            (b"accept", b"text/event-stream"),
        ]
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": self.spec},
            "method": "POST",
            "path": "/v1/ask",
            "query_string": b"",
            "headers": headers,
            "state": dict(state),
        }
        await app(scope, self._receive, self._send)

    async def _receive(self) -> Message:
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": json.dumps(ASK).encode()}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        if self._gone.is_set() and self.spec == "2.4":
            raise OSError("the client left")
        self.read += message.get("body", b"")
        if self.leave_at in self.read:
            self._gone.set()


@pytest.mark.parametrize("spec", ["2.3", "2.4"])
def test_a_client_that_leaves_stops_the_generation(engine: ScriptedEngine, spec: str) -> None:
    engine.unheld.clear()
    app = create_app(Settings(), opener(engine), heartbeat=0.01)

    async def scenario() -> bytes:
        async with app.router.lifespan_context(app) as state:
            assert state is not None
            await until_loaded(state["service"].shops.only())
            visit = Visit(spec, leave_at=b"event: passages")
            await visit(app, state)
            assert not engine.closed.is_set()  # the thread is between two events
            engine.unheld.set()
            assert await asyncio.to_thread(engine.closed.wait, 10)
            assert not engine.went_on.is_set()
            return visit.read

    read = asyncio.run(scenario())
    assert b"event: statement" not in read
    assert b"event: done" not in read


@pytest.mark.parametrize("spec", ["2.3", "2.4"])
def test_who_waits_for_a_turn_is_kept_alive_and_may_leave(
    engine: ScriptedEngine, spec: str
) -> None:
    app = create_app(Settings(), opener(engine), heartbeat=0.01)
    hold = threading.Event()

    async def scenario() -> bytes:
        async with app.router.lifespan_context(app) as state:
            assert state is not None
            await until_loaded(state["service"].shops.only())
            gate = state["service"].gate
            running = [asyncio.create_task(gate.run(hold.wait)) for _ in range(RUNNING)]
            await asyncio.sleep(0)
            visit = Visit(spec, leave_at=b": ping\n\n: ping\n\n")
            await visit(app, state)
            async with asyncio.timeout(10):
                while gate.inside > RUNNING:  # its place in the queue is free again
                    await asyncio.sleep(0.005)
            hold.set()
            await asyncio.gather(*running)
            return visit.read

    assert asyncio.run(scenario()).startswith(b": ping\n\n")
    assert engine.asked == []
