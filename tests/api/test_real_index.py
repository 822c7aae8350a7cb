"""The service over a published index: what the stand-in engine cannot show."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.responses import AnswerBody, PassageBody, SearchBody
from rag.body import answer_body, passage_body
from rag.config import Serving, Settings
from rag.engine import Engine
from rag.extractive import ExtractiveChat
from rag.index import Index
from rag.planning import Plan
from rag.retrieval import Retriever
from rag.types import Question, Scope
from tests.api.conftest import here, until_ready
from tests.api.test_problems import problem
from tests.api.test_stream import EVENTS, parse
from tests.doubles import HashingEmbedder

QUESTION = "How long is the cord?"
ASK = {"question": QUESTION, "product_id": "KT17"}


@pytest.fixture(scope="module")
def real(small_index: Path, hashing_embedder: HashingEmbedder) -> Engine:
    settings = Settings.model_validate({"generator": "extractive", "answering": {"threshold": 0}})
    return Engine(Retriever(Index.open(small_index), hashing_embedder), ExtractiveChat(), settings)


@pytest.fixture(scope="module")
def client(real: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    said = tmp_path_factory.mktemp("said") / "said.sqlite"
    settings = Settings(serving=Serving(database=f"sqlite:///{said}"))
    with here(create_app(settings, lambda settings: real)) as client:
        until_ready(client)
        yield client


def without_timings(body: dict[str, Any]) -> dict[str, Any]:
    """What does not depend on when, and as which, the question was asked."""
    assert body.pop("timings_ms").keys() >= {"retrieve", "total"}
    assert isinstance(body.pop("cached"), bool)
    return body


def test_the_answer_is_the_engine_s(client: TestClient, real: Engine) -> None:
    body = client.post("/v1/ask", json=ASK).json()
    AnswerBody.model_validate(body)
    expected = answer_body(real.ask(Question(QUESTION, Scope("KT17"))))
    assert without_timings(body) == without_timings(expected)
    assert {tuple(each["product_ids"]) for each in body["passages"]} <= {("KT17",), ()}


def test_the_stream_ends_in_the_same_answer(client: TestClient) -> None:
    events = parse(client.post("/v1/ask", json=ASK, headers=EVENTS).text)
    names = [name for name, _ in events]
    assert (names[0], names[-2:]) == ("passages", ["answer", "done"])
    bodies = dict(events)
    answer = without_timings(bodies["answer"])
    assert answer == without_timings(client.post("/v1/ask", json=ASK).json())
    assert answer["statements"] == [body for name, body in events if name == "statement"]
    assert answer["citations"] == [body for name, body in events if name == "citation"]
    assert answer["passages"] == bodies["passages"]["passages"]


@pytest.mark.parametrize("headers", [{}, EVENTS])
def test_what_was_asked_before_is_marked(client: TestClient, headers: dict[str, str]) -> None:
    ask = ASK | {"question": f"How long is the cord, asked {headers}?"}

    def body() -> Any:
        response = client.post("/v1/ask", json=ask, headers=headers)
        return dict(parse(response.text))["answer"] if headers else response.json()

    first = body()
    assert first["cached"] is False
    assert body() == body() == first | {"cached": True}


def test_search_is_the_engine_s(client: TestClient, real: Engine) -> None:
    body = client.post("/v1/search", json=ASK | {"k": 3}).json()
    found = real.search(Question(QUESTION, Scope("KT17")), 3)
    assert body == {
        "passages": [passage_body(each) for each in found],
        "generation": real.generation,
    }
    for each in body["passages"]:
        PassageBody.model_validate(each)


def test_search_explains_itself_where_asked_to(client: TestClient, real: Engine) -> None:
    plain = client.post("/v1/search", json=ASK).json()
    body = client.post("/v1/search", json=ASK | {"explain": True}).json()
    SearchBody.model_validate(body)
    why = body.pop("explanation")
    assert why["filters"]["product_id"] == "KT17"
    assert 0 < why["admitted"] < why["passages"] == real.retriever.index.manifest.chunks
    assert "cord" in why["sought"] and "cord" in body["passages"][0]["matched"]
    for passage in body["passages"]:
        assert all(word in passage["text"] for word in passage.pop("matched"))
    assert body == plain


@pytest.mark.parametrize("route", ["/v1/ask", "/v1/search"])
def test_an_unknown_product_is_not_found(client: TestClient, route: str) -> None:
    assert "KT99" in problem(client.post(route, json=ASK | {"product_id": "KT99"}), 404).detail


def test_many_at_a_time_get_their_own_product_s_answer(client: TestClient) -> None:
    asked = [ASK | {"product_id": product} for product in ("KT12", "KT17") * 15]
    with ThreadPoolExecutor(30) as pool:
        bodies = list(pool.map(lambda body: client.post("/v1/ask", json=body).json(), asked))
    for body, question in zip(bodies, asked, strict=True):
        length = {"KT12": "75 cm", "KT17": "90 cm"}[question["product_id"]]
        assert length in body["answer"]


def test_a_search_with_its_explanation_plans_once(
    client: TestClient, real: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = real.retriever.planner.plan
    planned: list[Question] = []

    def planning(question: Question) -> Plan:
        planned.append(question)
        return plan(question)

    monkeypatch.setattr(real.retriever.planner, "plan", planning)
    body = client.post("/v1/search", json={**ASK, "explain": True}).json()
    assert body["explanation"]["sought"] and "matched" in body["passages"][0]
    assert len(planned) == 1
