from datetime import date

import pytest
from starlette.testclient import TestClient

from api.responses import AnswerBody, HealthBody, ReadyBody, SearchBody
from rag.body import answer_body, passage_body
from rag.types import Kind, Question, Scope
from tests.api.scripted import ANSWER, ScriptedEngine, passage

ASK = {"question": "How heavy is it?"}


def test_ask_gives_the_body_the_command_line_prints(client: TestClient) -> None:
    response = client.post("/v1/ask", json=ASK)
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert response.json() == answer_body(ANSWER)


def test_search_gives_k_passages_and_the_generation(client: TestClient) -> None:
    response = client.post("/v1/search", json=ASK | {"k": 3})
    expected = [passage_body(passage(rank)) for rank in (1, 2, 3)]
    assert response.json() == {"passages": expected, "generation": "g1"}
    assert len(client.post("/v1/search", json=ASK).json()["passages"]) == 5


def test_documented_bodies_are_the_real_ones(client: TestClient) -> None:
    """The models forbid unknown members, so neither side can gain or lose one alone."""
    AnswerBody.model_validate(answer_body(ANSWER))
    SearchBody.model_validate(client.post("/v1/search", json=ASK).json())
    HealthBody.model_validate(client.get("/healthz").json())
    ReadyBody.model_validate(client.get("/readyz").json())


def test_everything_asked_reaches_the_engine(client: TestClient, engine: ScriptedEngine) -> None:
    body = ASK | {
        "product_id": "KETTLE",
        "variant_id": "SAGE",
        "kinds": ["spec", "faq"],
        "locale": "en",
        "as_of": "2026-01-31",
        "history": ["Is it cordless?"],
    }
    assert client.post("/v1/ask", json=body).status_code == 200
    kinds = frozenset({Kind.SPEC, Kind.FAQ})
    scope = Scope("KETTLE", "SAGE", kinds, "en", date(2026, 1, 31))
    assert engine.asked == [Question(ASK["question"], scope, ("Is it cordless?",))]


@pytest.mark.parametrize("accept", ["*/*", "application/json", "text/html, */*;q=0.1"])
def test_json_unless_events_are_asked_for(client: TestClient, accept: str) -> None:
    response = client.post("/v1/ask", json=ASK, headers={"accept": accept})
    assert response.headers["content-type"] == "application/json"


def test_the_longest_question_passes_whole(client: TestClient, engine: ScriptedEngine) -> None:
    longest = "é" * 2000
    assert client.post("/v1/ask", json={"question": longest}).status_code == 200
    assert engine.asked[0].text == longest
