import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.logs import SafeFormatter
from rag.engine import Engine
from rag.errors import GeneratorError, IndexDamagedError
from tests.api.conftest import Serve
from tests.api.scripted import ScriptedEngine
from tests.api.test_problems import problem

ASK = {"question": "How long is the cord?", "product_id": "KT12"}
EVENTS = {"accept": "text/event-stream"}
PERSON = ["ada@example.org", "+44 20 7946 0999", "4111 1111 1111 1111", "Ada Lovelace"]
SECRETS = [*PERSON, "sk-live-0123456789abcdef", "You answer shoppers' questions strictly"]


class Lines:
    """What was logged."""

    def __init__(self) -> None:
        self.stream = io.StringIO()

    @property
    def text(self) -> str:
        return self.stream.getvalue()

    def all(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]

    def requests(self) -> list[dict[str, Any]]:
        return [line for line in self.all() if line["logger"] == "shelftalk.requests"]


@pytest.fixture
def logged() -> Iterator[Lines]:
    lines = Lines()
    handler = logging.StreamHandler(lines.stream)
    handler.setFormatter(SafeFormatter())
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    logging.getLogger("httpx2").setLevel(logging.WARNING)  # the test's own client
    yield lines
    root.removeHandler(handler)
    root.setLevel(level)


def test_each_request_has_an_id_and_a_line(client: TestClient, logged: Lines) -> None:
    given = {"x-request-id": "from-the-proxy.7"}
    assert client.get("/healthz", headers=given).headers["x-request-id"] == "from-the-proxy.7"
    made = client.post("/v1/ask", json=ASK).headers["x-request-id"]
    first, second = logged.requests()[-2:]
    assert first | {"ms": 0, "time": ""} == {
        "time": "",
        "level": "INFO",
        "logger": "shelftalk.requests",
        "message": "request",
        "request_id": "from-the-proxy.7",
        "method": "GET",
        "route": "/healthz",
        "status": 200,
        "ms": 0,
    }
    assert (second["request_id"], second["route"], second["status"]) == (made, "/v1/ask", 404)
    assert (second["shop"], second["role"]) == ("shop", "admin")


@pytest.mark.parametrize("given", ["", "a b", "x" * 65, "é", 'a"b'])
def test_an_id_that_could_do_harm_is_replaced(client: TestClient, given: str) -> None:
    headers = [(b"x-request-id", given.encode())]
    made = client.get("/healthz", headers=headers).headers["x-request-id"]
    assert made != given and len(made) == 32
    assert len({client.get("/healthz").headers["x-request-id"] for _ in range(3)}) == 3


def test_paths_and_queries_are_not_logged(small_shop: TestClient, logged: Lines) -> None:
    client = small_shop
    client.get("/v1/suggestions?product_id=ada@example.org")
    client.get("/v1/documents/ada@example.org")
    client.get("/ada@example.org?ada@example.org")
    assert [line["route"] for line in logged.requests()[-3:]] == [
        "/v1/suggestions",
        "/v1/documents/{id:path}",
        "unknown",
    ]
    assert "ada@" not in logged.text


def failing(secret: str) -> list[Exception]:
    """Errors that quote what they should not, as those of other libraries do."""
    from_server = GeneratorError(f"The language model failed: {secret}")
    from_server.__cause__ = RuntimeError(f"400: {secret}")
    chained = IndexDamagedError("The passages cannot be read.")
    chained.__cause__ = ValueError(secret)
    group = ExceptionGroup(secret, [ValueError(secret)])
    return [RuntimeError(secret), from_server, chained, KeyError(secret), group]


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("headers", [{}, EVENTS])
def test_nothing_personal_or_secret_is_in_logs_or_errors(
    serve: Serve, logged: Lines, secret: str, headers: dict[str, str]
) -> None:
    for error in failing(secret):
        client = serve(ScriptedEngine(error))
        body = {"question": f"I am {secret}. How heavy is it?", "history": [secret]}
        response = client.post("/v1/ask", json=body, headers=headers)
        assert secret not in response.text
        assert '"status": 500' in response.text or response.status_code == 500
        for bad in ({**body, "x": secret}, {**body, "kinds": [secret]}, {**body, "k": secret}):
            for route in ("/v1/ask", "/v1/search", "/v1/feedback"):
                assert secret not in problem(client.post(route, json=bad), 422).detail
    logging.getLogger("x").warning("%s The answer is a quotation.", failing(secret)[1])
    assert "GeneratorError from RuntimeError" in logged.text
    assert secret not in logged.text
    assert "test_observing.py" not in logged.requests()[0]
    lines = [line for line in logged.all() if "exc_info" in line]
    assert any("scripted.py" in frame for line in lines for frame in line["exc_info"])


def test_a_key_is_nowhere_in_the_logs(client: TestClient, logged: Lines) -> None:
    client.post("/v1/ask", json=ASK, headers={"authorization": f"Bearer {SECRETS[4]}"})
    assert logged.requests()
    assert SECRETS[4] not in logged.text


def figures(client: TestClient) -> dict[str, float]:
    lines = client.get("/metrics").text.splitlines()
    return {
        name: float(value)
        for name, _, value in (line.rpartition(" ") for line in lines if line[0] != "#")
    }


def test_answers_verdicts_stages_and_the_generation_are_counted(
    small_shop: TestClient, small_engine: Engine
) -> None:
    for _ in range(2):
        assert small_shop.post("/v1/ask", json=ASK).status_code == 200
    silent = {**ASK, "question": "Does it have Wi-Fi?"}
    assert "done" in small_shop.post("/v1/ask", json=silent, headers=EVENTS).text
    found = figures(small_shop)
    assert found['shelftalk_answers_total{cached="false",status="answered"}'] == 1
    assert found['shelftalk_answers_total{cached="true",status="answered"}'] == 1
    assert found['shelftalk_answers_total{cached="false",status="abstained"}'] == 1
    assert found['shelftalk_statements_total{verdict="supported"}'] >= 2
    assert found['shelftalk_stage_seconds_count{stage="retrieve"}'] == 2
    assert found['shelftalk_stage_seconds_sum{stage="retrieve"}'] > 0
    assert found['shelftalk_requests_total{method="POST",route="/v1/ask",status="200"}'] == 3
    assert found["shelftalk_running"] == found["shelftalk_waiting"] == 0
    (info,) = [name for name in found if name.startswith("shelftalk_index_info")]
    assert small_engine.generation in info
