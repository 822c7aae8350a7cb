import json
import logging
from typing import Any

import httpx2
import pytest
from starlette.testclient import TestClient

from api.limits import MAX_BODY
from api.problems import Problem
from rag.errors import (
    ConfigError,
    GeneratorError,
    IndexDamagedError,
    IndexMissingError,
    ModelError,
    ScopeError,
    ShelftalkError,
)
from tests.api.conftest import Serve
from tests.api.scripted import ScriptedEngine

QUESTION_ROUTES = ["/v1/ask", "/v1/search"]
SECRET = "/srv/secret/index"


def problem(response: httpx2.Response, status: int) -> Problem:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    found = Problem.model_validate(response.json())
    assert found.status == status
    assert found.type == "about:blank" or found.type.startswith("urn:shelftalk:problem:")
    assert found.title
    assert found.detail
    return found


@pytest.mark.parametrize("route", QUESTION_ROUTES)
@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "question: Field required"),
        ({"question": ""}, "question: String should have at least 1 character"),
        ({"question": "x" * 2001}, "question: String should have at most 2000 characters"),
        ({"question": "\ud800"}, "question: "),
        ({"question": 7}, "question: Input should be a valid string"),
        ({"question": "?", "produkt_id": "X"}, "produkt_id: Extra inputs are not permitted"),
        ({"question": "?", "product_id": ""}, "product_id: String should have at least 1"),
        ({"question": "?", "kinds": ["spec", "rumour"]}, "kinds.1: Input should be 'spec'"),
        ({"question": "?", "as_of": "someday"}, "as_of: Input should be a valid date"),
        ({"question": "?", "k": 101}, "k: "),
        ({"question": "?", "history": ["x" * 2001]}, "history.0: String should have at most"),
        ([], "application/json"),
        (float("nan"), "application/json"),
    ],
)
def test_an_invalid_request_is_told_what_is_wrong(
    client: TestClient, engine: ScriptedEngine, route: str, body: Any, words: str
) -> None:
    headers = {"content-type": "application/json"}
    found = problem(client.post(route, content=json.dumps(body), headers=headers), 422)
    assert found.type == "urn:shelftalk:problem:request"
    assert words in found.detail
    assert engine.asked == []


@pytest.mark.parametrize("route", QUESTION_ROUTES)
@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b'{"question": ', "application/json", 422),
        (b'{"question": "?"}', "text/plain", 415),
        (b'{"question": "?"}', "", 415),
        (b"", "application/json", 422),
        (b"\xff\xfe\xff", "application/json", 400),
        (b"[" * 60_000, "application/json", 400),
    ],
)
def test_what_is_no_json_is_refused(
    client: TestClient, route: str, content: bytes, kind: str, status: int
) -> None:
    problem(client.post(route, content=content, headers={"content-type": kind}), status)


@pytest.mark.parametrize("accept", ["application/json", "text/event-stream"])
@pytest.mark.parametrize("route", QUESTION_ROUTES)
def test_input_the_engine_refuses(client: TestClient, route: str, accept: str) -> None:
    headers = {"accept": accept}
    unknown = {"question": "How heavy?", "product_id": "NOPE"}
    found = problem(client.post(route, json=unknown, headers=headers), 404)
    assert found.type == "urn:shelftalk:problem:scope"
    assert "'NOPE'" in found.detail
    found = problem(client.post(route, json={"question": " \n"}, headers=headers), 422)
    assert found.type == "urn:shelftalk:problem:question"


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ScopeError("public"), 404),
        (ConfigError("public"), 422),
        (IndexMissingError(SECRET), 503),
        (IndexDamagedError(SECRET), 500),
        (ModelError(SECRET), 500),
        (GeneratorError(SECRET), 500),
        (ShelftalkError(SECRET), 500),
        (RuntimeError(SECRET), 500),
    ],
)
def test_each_error_has_its_status_and_keeps_internals(
    serve: Serve, caplog: pytest.LogCaptureFixture, error: Exception, status: int
) -> None:
    response = serve(ScriptedEngine(error)).post("/v1/ask", json={"question": "?"})
    found = problem(response, status)
    assert SECRET not in response.text
    assert "Traceback" not in response.text
    if str(error) == "public":
        assert found.detail == "public"
        assert not caplog.records
    elif isinstance(error, ShelftalkError):  # others are raised on for the server to log
        assert [record.levelno for record in caplog.records] == [logging.ERROR]
        assert SECRET in caplog.text


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/ask/", "/v1/asks", "/docs", "/redoc"])
def test_unknown_paths(client: TestClient, path: str) -> None:
    assert "/openapi.json" in problem(client.get(path, follow_redirects=False), 404).detail


@pytest.mark.parametrize(
    ("path", "method", "allowed"),
    [
        ("/v1/ask", "GET", "POST"),
        ("/v1/search", "DELETE", "POST"),
        ("/healthz", "POST", "GET"),
        ("/readyz", "PUT", "GET"),
    ],
)
def test_wrong_methods(client: TestClient, path: str, method: str, allowed: str) -> None:
    response = client.request(method, path)
    problem(response, 405)
    assert response.headers["allow"] == allowed


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("route", QUESTION_ROUTES)
def test_a_large_body_is_refused(
    client: TestClient, engine: ScriptedEngine, route: str, chunked: bool
) -> None:
    body = b'{"question": "?"}'.ljust(MAX_BODY + 1)
    headers = {"content-type": "application/json"}
    content = iter([body[:-1], body[-1:]]) if chunked else body
    response = client.post(route, content=content, headers=headers)
    assert f"{MAX_BODY:,}" in problem(response, 413).detail
    assert ("transfer-encoding" in response.request.headers) is chunked
    assert engine.asked == []
    assert client.post(route, content=body[:-1], headers=headers).status_code == 200


def test_a_large_body_is_refused_everywhere(client: TestClient) -> None:
    problem(client.post("/nowhere", content=b" " * (MAX_BODY + 1)), 413)
