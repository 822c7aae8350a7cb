import csv
import io
import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from api.app import create_app
from api.routes.feedback import FeedbackList, UnansweredList, _as_csv
from api.store import Feedback, Store
from rag.config import Settings
from rag.errors import StoreError
from tests.api.conftest import Serve, here, opener, until_ready
from tests.api.scripted import ScriptedEngine
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


def aged(file: Path) -> None:
    """Make all that is kept six years old."""
    with closing(sqlite3.connect(file)) as db, db:
        for table in ("feedback", "unanswered"):
            db.execute(f"UPDATE {table} SET at = datetime(at, '-6 years') || '.000000'")


def kept(file: Path) -> int:
    with closing(sqlite3.connect(file)) as db:
        return sum(
            db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for table in ("feedback", "unanswered")
        )


def test_what_is_too_old_is_not_shown_and_goes_with_the_next_sweep(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'x.sqlite'}", 30, 365)
    for old in (True, False):
        store.add_feedback("tea", Feedback(helpful=True, text=f"old: {old}"))
        store.add_unanswered("tea", f"old: {old}?", None)
        if old:
            aged(tmp_path / "x.sqlite")
    assert [row["text"] for row in store.feedback("tea", 9)] == ["old: False"]
    assert [row["question"] for row in store.unanswered("tea", 9)] == ["old: False?"]
    assert kept(tmp_path / "x.sqlite") == 4
    store.sweep()
    assert kept(tmp_path / "x.sqlite") == 2
    store.close()


def test_the_service_sweeps_when_it_starts_and_again_and_again(
    serve: Serve, engine: ScriptedEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "said.sqlite"
    store = Store(f"sqlite:///{file}", 30, 365)

    def until_swept() -> None:
        deadline = time.monotonic() + 20
        while kept(file):
            assert time.monotonic() < deadline
            time.sleep(0.01)

    monkeypatch.setattr("api.service.SWEEP", 0.05)
    store.add_feedback("shop", Feedback(helpful=True))
    aged(file)
    serve(engine)
    until_swept()
    store.add_unanswered("shop", "?", None)
    aged(file)
    until_swept()
    store.close()


def test_a_service_whose_database_cannot_be_used_answers(
    settings: Settings, engine: ScriptedEngine, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    serving = settings.serving.model_copy(update={"database": f"sqlite:///{tmp_path}/no/x.sqlite"})
    app = create_app(settings.model_copy(update={"serving": serving}), opener(engine))
    with here(app) as client:
        until_ready(client)
        assert client.post("/v1/ask", json={"question": "?"}).status_code == 200
    assert "was not deleted" in caplog.text


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
