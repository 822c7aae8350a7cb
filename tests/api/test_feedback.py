import csv
import io
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from api.routes.feedback import FeedbackList, UnansweredList, _as_csv
from api.store import Feedback, Store
from rag.errors import StoreError
from tests.api.test_problems import problem

SAID = {
    "helpful": False,
    "question": "How heavy is it?",
    "answer": "1 kg",
    "answer_id": "r1",
    "product_id": "KT12",
    "generation": "g1",
    "reason": "wrong",
    "text": "It is 2 kg – really.",
}


def test_feedback_is_kept_whole_and_read_newest_first(client: TestClient) -> None:
    assert client.post("/v1/feedback", json={"helpful": True, "answer_id": "r0"}).status_code == 204
    assert client.post("/v1/feedback", json=SAID).status_code == 204
    body = FeedbackList.model_validate(client.get("/v1/feedback").json())
    assert body.feedback[0].model_dump(exclude={"at"}) == SAID
    assert body.feedback[1].answer_id == "r0"
    assert abs(body.feedback[0].at - datetime.now(UTC)) < timedelta(minutes=1)
    assert len(client.get("/v1/feedback?limit=1").json()["feedback"]) == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"helpful": None}, "helpful: "),
        ({"helpful": 1}, "helpful: "),
        ({"reason": "ugly"}, "reason: Input should be 'wrong'"),
        ({"text": "x" * 2001}, "text: "),
        ({"answer": "x" * 8001}, "answer: "),
        ({"question": None, "answer_id": None}, "give the question, or the answer_id"),
        ({"stars": 5}, "stars: Extra inputs"),
        ({"text": "\ud800"}, "text: "),
    ],
)
def test_bad_feedback_is_refused(client: TestClient, change: dict[str, Any], words: str) -> None:
    import json

    headers = {"content-type": "application/json"}
    content = json.dumps({**SAID, **change})
    found = problem(client.post("/v1/feedback", content=content, headers=headers), 422)
    assert words in found.detail


def test_what_the_documents_do_not_say_is_kept_with_how_often(small_shop: TestClient) -> None:
    ask = {"question": "Does it have Wi-Fi?", "product_id": "KT12"}
    events = {"accept": "text/event-stream"}
    assert small_shop.post("/v1/ask", json=ask).json()["status"] == "abstained"
    assert "event: done" in small_shop.post("/v1/ask", json=ask, headers=events).text
    known = {"question": "How long is the cord?", "product_id": "KT12"}
    assert small_shop.post("/v1/ask", json=known).json()["status"] == "answered"
    body = UnansweredList.model_validate(small_shop.get("/v1/unanswered").json())
    assert [(each.question, each.product_id, each.times) for each in body.questions] == [
        ("Does it have Wi-Fi?", "KT12", 2)
    ]


def test_a_database_that_cannot_be_used(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    store = Store(f"sqlite:///{tmp_path / 'none' / 'x.sqlite'}", 30, 365)
    with pytest.raises(StoreError, match="serving.database"):
        store.add_feedback("tea", Feedback(helpful=True, text="secret"))
    with pytest.raises(StoreError, match="serving.database"):
        Store("oracle://nowhere/x", 30, 365).feedback("tea", 1)


def test_each_shop_sees_its_own_alone(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'x.sqlite'}", 30, 365)
    for shop in ("tea", "tents"):
        store.add_feedback(shop, Feedback(helpful=True, text=shop))
        store.add_unanswered(shop, shop, None)
    assert [row["text"] for row in store.feedback("tea", 9)] == ["tea"]
    assert [row["question"] for row in store.unanswered("tents", 9)] == ["tents"]
    store.close()


def test_nothing_is_kept_longer_than_it_may(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'x.sqlite'}"
    store = Store(url, 0, 365)
    store.add_unanswered("tea", "private", None)
    assert (
        b"private" not in (tmp_path / "x.sqlite").read_bytes() if store.feedback("tea", 1) else True
    )
    assert store.unanswered("tea", 1) == []
    store.close()


@given(st.text(max_size=20), st.sampled_from("=+-@\t\r\n"))
def test_no_cell_is_a_formula(text: str, first: str) -> None:
    row = {**SAID, "text": first + text, "question": f"  {first}{text}"}
    cells = next(csv.DictReader(io.StringIO(_as_csv([row]), newline="")))
    for name in ("text", "question"):
        assert cells[name] == "'" + str(row[name])
    assert cells["answer"] == "1 kg"


def test_csv_where_it_is_asked_for(client: TestClient) -> None:
    client.post("/v1/feedback", json={**SAID, "text": '=HYPERLINK("http://x.example")'})
    response = client.get("/v1/feedback", headers={"accept": "text/csv"})
    assert response.headers["content-type"].startswith("text/csv")
    (row,) = csv.DictReader(io.StringIO(response.text))
    assert row["text"].startswith("'=")
