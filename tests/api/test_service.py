import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import cast

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.limits import RUNNING, WAITING
from rag.config import Settings
from rag.engine import Engine
from rag.errors import IndexMissingError
from tests.api.conftest import here, until_ready
from tests.api.scripted import ScriptedEngine
from tests.api.test_problems import problem

ASK = {"question": "How heavy is it?"}


class SlowOpener:
    """Opens the engine when it is let, and counts how often it is asked to."""

    def __init__(self, engine: ScriptedEngine) -> None:
        self.engine = engine
        self.calls = 0
        self.go = threading.Event()

    def __call__(self, settings: Settings) -> Engine:
        self.calls += 1
        self.go.wait(20)
        return cast(Engine, self.engine)


def test_healthy_at_once_and_ready_when_loaded(engine: ScriptedEngine) -> None:
    opener = SlowOpener(engine)
    with here(create_app(Settings(), opener)) as client:
        assert client.get("/healthz").json() == {"status": "ok"}
        for response in (client.get("/readyz"), client.post("/v1/ask", json=ASK)):
            assert problem(response, 503).type == "urn:shelftalk:problem:loading"
            assert int(response.headers["retry-after"]) > 0
        opener.go.set()
        until_ready(client)
        assert client.get("/readyz").json() == {"status": "ready", "generation": "g1"}
        assert client.post("/v1/ask", json=ASK).status_code == 200


def test_one_load_under_fifty_first_requests(engine: ScriptedEngine) -> None:
    opener = SlowOpener(engine)
    with here(create_app(Settings(), opener)) as client, ThreadPoolExecutor(50) as pool:
        first = [pool.submit(client.post, "/v1/search", json=ASK) for _ in range(50)]
        assert {future.result().status_code for future in first} == {503}
        opener.go.set()
        until_ready(client)
        assert client.post("/v1/search", json=ASK).status_code == 200
    assert opener.calls == 1


@pytest.mark.parametrize("error", [IndexMissingError("nothing in /srv/x"), RuntimeError("/srv/x")])
def test_a_failed_load_is_said_and_logged_once(
    caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    failed = threading.Event()

    def fail(settings: Settings) -> Engine:
        failed.set()
        raise error

    with here(create_app(Settings(), fail)) as client:
        failed.wait(10)
        while (response := client.get("/readyz")).json()["type"].endswith("loading"):
            time.sleep(0.005)
        found = problem(response, 503)
        assert found.type == "urn:shelftalk:problem:not-loaded"
        assert type(error).__name__ in found.detail
        assert "/srv" not in response.text
        assert "retry-after" not in response.headers
        problem(client.post("/v1/ask", json=ASK), 503)
        assert client.get("/healthz").status_code == 200
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    assert "/srv/x" in caplog.text


def test_a_crowd_is_sent_away_unread(
    client: TestClient, engine: ScriptedEngine, caplog: pytest.LogCaptureFixture
) -> None:
    engine.unheld.clear()
    with ThreadPoolExecutor(RUNNING + WAITING) as pool:
        full = [pool.submit(client.post, "/v1/ask", json=ASK) for _ in range(RUNNING + WAITING)]
        gate = client.app_state["service"].gate
        while gate.inside < RUNNING + WAITING:
            time.sleep(0.005)
        assert client.post("/v1/ask", json={"question": ""}).status_code == 422  # it is read
        while not gate.overrun:
            gate.send_away()
        with caplog.at_level(logging.INFO, logger="shelftalk.requests"):
            response = client.post("/v1/ask", json={"question": ""})
        assert problem(response, 503).type == "urn:shelftalk:problem:busy"
        assert [vars(record)["route"] for record in caplog.records] == ["/v1/ask"]
        assert int(response.headers["retry-after"]) > 0
        chat = client.post("/v1/chat/completions", json={})
        assert (chat.status_code, chat.json()["error"]["code"]) == (503, "busy")
        assert client.get("/v1/models").status_code == 200  # what needs no turn is served
        engine.unheld.set()
        assert {future.result().status_code for future in full} == {200}
    assert client.post("/v1/ask", json=ASK).status_code == 200


def test_too_many_at_a_time_are_sent_away(client: TestClient, engine: ScriptedEngine) -> None:
    engine.unheld.clear()
    with ThreadPoolExecutor(RUNNING + WAITING) as pool:
        full = [pool.submit(client.post, "/v1/ask", json=ASK) for _ in range(RUNNING + WAITING)]
        for _ in range(RUNNING):
            assert engine.entered.acquire(timeout=10)
        gate = client.app_state["service"].gate
        while gate.inside < RUNNING + WAITING:
            time.sleep(0.005)
        assert len(engine.asked) == RUNNING
        for accept in ("application/json", "text/event-stream"):
            response = client.post("/v1/ask", json=ASK, headers={"accept": accept})
            assert problem(response, 503).type == "urn:shelftalk:problem:busy"
            assert int(response.headers["retry-after"]) > 0
        assert client.get("/healthz").status_code == 200
        engine.unheld.set()
        assert {future.result().status_code for future in full} == {200}
    assert client.post("/v1/ask", json=ASK).status_code == 200
