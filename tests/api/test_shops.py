"""New generations are picked up while questions are asked, and none of them fails."""

import shutil
import threading
import time
import weakref
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.shops import Shops
from indexer.build import build
from rag.config import Serving, Settings
from rag.engine import Engine
from rag.errors import IndexDamagedError, IndexFolderError, IndexMissingError
from rag.extractive import ExtractiveChat
from rag.index import Index
from rag.retrieval import Retriever
from rag.types import Question
from rag.vectors import Scores
from tests.api.conftest import here, until_ready
from tests.doubles import HashingEmbedder, Silent

ASK = {"question": "How long do I have to return something?"}


@pytest.fixture
def shop(
    small_corpus: Path, small_index: Path, tmp_path: Path, hashing_embedder: HashingEmbedder
) -> Iterator["Publisher"]:
    shutil.copytree(small_corpus, tmp_path / "corpus")
    shutil.copytree(small_index, tmp_path / "index")
    yield Publisher(tmp_path, hashing_embedder)


class Publisher:
    """A shop whose documents change."""

    def __init__(self, folder: Path, embedder: HashingEmbedder) -> None:
        self.folder = folder
        self.embedder = embedder
        self.settings = Settings(
            index=folder / "index",
            generator="extractive",
            serving=Serving(
                keys=folder / "keys.json", database=f"sqlite:///{folder / 'said.sqlite'}"
            ),
        )

    def publish(self, days: int) -> None:
        (self.folder / "corpus/policies/returns.md").write_text(
            f"# Returns\n\nYou can return unused goods within {days} days of delivery.\n"
        )
        build([self.folder / "corpus"], self.settings, self.embedder, Silent())

    def open(self, settings: Settings) -> Engine:
        retriever = Retriever(Index.open(settings.index), self.embedder)
        return Engine(retriever, ExtractiveChat(), settings)


def test_a_reopened_engine_has_the_new_text_and_the_old_one_the_old(shop: Publisher) -> None:
    shop.publish(40)
    first = shop.open(shop.settings)
    second = first.reopened()
    assert second.generation == first.generation
    shop.publish(50)
    third = second.reopened()
    assert third.generation != second.generation
    passages = weakref.ref(second.retriever.index.passages)
    document = second.retriever.index.passages.document("policies/returns.md")
    assert "40 days" in document.text
    assert "50 days" in third.retriever.index.passages.document("policies/returns.md").text
    assert third.retriever.embedder is first.retriever.embedder
    del second
    assert passages() is None, "nobody holds it any more: its files are closed"


def test_a_reopened_engine_answers_anew(shop: Publisher) -> None:
    question = Question("How many days do I have to send something back?")
    shop.publish(40)
    first = shop.open(shop.settings)
    first.ask(question)
    assert first.remembered(question)
    shop.publish(50)
    assert first.reopened().remembered(question) is None


def test_a_reopened_engine_reranks_as_before(shop: Publisher) -> None:
    def rerank(query: str, texts: Sequence[str]) -> Scores:
        return np.zeros(len(texts), np.float32)

    retriever = Retriever(Index.open(shop.settings.index), shop.embedder, rerank)
    engine = Engine(retriever, ExtractiveChat(), shop.settings)
    assert engine.reopened().retriever.rerank is rerank


def test_a_reopened_engine_refuses_another_embedder(shop: Publisher) -> None:
    engine = shop.open(shop.settings)
    build([shop.folder / "corpus"], shop.settings, HashingEmbedder("other"), Silent())
    with pytest.raises(IndexFolderError, match="other"):
        engine.reopened()


def until_generation(client: TestClient, other_than: str) -> str:
    deadline = time.monotonic() + 20
    while (found := str(client.get("/readyz").json()["generation"])) == other_than:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return found


def test_publishing_fails_no_question_and_mixes_no_generations(shop: Publisher) -> None:
    shop.publish(100)
    app = create_app(shop.settings, shop.open, watch=0.05)
    stop = threading.Event()
    wrong: list[object] = []
    days_of: dict[str, int] = {}

    def ask(client: TestClient) -> None:
        while not stop.is_set():
            response = client.post("/v1/ask", json=ASK)
            body = response.json()
            if response.status_code != 200:
                wrong.append(response.text)
            quotes = {citation["quote"] for citation in body.get("citations", [])}
            said = days_of.get(body.get("generation", ""))
            if said and not any(f"{said} days" in quote for quote in quotes):
                wrong.append((said, quotes))

    with here(app) as client:
        until_ready(client)
        days_of[client.get("/readyz").json()["generation"]] = 100
        askers = [threading.Thread(target=ask, args=(client,)) for _ in range(3)]
        for asker in askers:
            asker.start()
        generation = next(iter(days_of))
        for days in range(101, 106):
            shop.publish(days)
            generation = until_generation(client, generation)
            days_of[generation] = days
        stop.set()
        for asker in askers:
            asker.join()
        assert not wrong
        assert f"{days} days" in client.post("/v1/ask", json=ASK).text


def test_what_is_published_later_is_served_and_what_is_damaged_is_not(shop: Publisher) -> None:
    index = shop.settings.index
    index.rename(index.with_name("aside"))
    with here(create_app(shop.settings, shop.open, watch=0.02)) as client:
        while client.get("/readyz").json()["type"].endswith("loading"):
            time.sleep(0.005)
        assert client.get("/readyz").status_code == 503
        assert client.post("/v1/index/reload").status_code == 503
        index.with_name("aside").rename(index)
        until_ready(client)
        before = client.get("/readyz").json()["generation"]
        damaged = index / "generations" / "damaged"
        shutil.copytree(index / "generations" / before, damaged)
        (damaged / "manifest.json").write_text("{}")
        (index / "CURRENT").write_text("damaged")
        assert client.post("/v1/index/reload").status_code >= 500
        time.sleep(0.2)
        assert client.get("/readyz").json()["generation"] == before
        assert client.post("/v1/ask", json=ASK).status_code == 200


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("can't start new thread")])
def test_what_fails_for_a_moment_is_tried_again(
    shop: Publisher, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    whole = Engine.reopened
    failures: list[float] = []

    def reopened(engine: Engine, settings: Settings | None = None) -> Engine:
        if len(failures) < 2:
            failures.append(time.monotonic())
            raise error
        return whole(engine, settings)

    monkeypatch.setattr(Engine, "reopened", reopened)
    with here(create_app(shop.settings, shop.open, watch=0.02)) as client:
        until_ready(client)
        before = client.get("/readyz").json()["generation"]
        shop.publish(60)
        until_generation(client, before)
        assert "60 days" in client.post("/v1/ask", json=ASK).text
    assert failures[1] - failures[0] >= 1  # not at every look


def test_a_shop_that_failed_to_load_is_ready_when_it_can_be(shop: Publisher) -> None:
    failures = iter([MemoryError()])

    def open_engine(settings: Settings) -> Engine:
        for failure in failures:
            raise failure
        return shop.open(settings)

    with here(create_app(shop.settings, open_engine, watch=0.02)) as client:
        until_ready(client)


def test_what_stays_damaged_is_tried_less_and_less_often(
    shop: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    monkeypatch.setattr("api.shops.monotonic", lambda: now)
    (own,) = Shops(shop.settings, shop.open, every=60)
    own.open(shop.open)
    shop.publish(60)
    tried: list[float] = []

    def reopened(engine: Engine, settings: Settings | None = None) -> Engine:
        tried.append(now)
        raise IndexDamagedError("vectors.faiss was altered")

    monkeypatch.setattr(Engine, "reopened", reopened)
    for second in range(1000):
        now = float(second)
        own.follow(shop.open)
    assert tried == [0, 1, 3, 7, 15, 31, 63, 127, 255, 511, 811]
    shop.publish(70)  # a new one is tried at once
    own.follow(shop.open)
    assert len(tried) == 12


def test_reload_says_whether_something_changed(shop: Publisher) -> None:
    with here(create_app(shop.settings, shop.open, watch=60)) as client:
        until_ready(client)
        assert client.post("/v1/index/reload").json()["changed"] is False
        shop.publish(7)
        assert client.post("/v1/index/reload").json()["changed"] is True


def test_several_shops_share_the_models_of_the_first_that_opens(
    shop: Publisher, tmp_path: Path, small_index: Path
) -> None:
    settings = shop.settings.model_copy(
        update={
            "shops": Settings.model_validate(
                {"shops": {"gone": {"index": "nowhere"}, "a": {"index": shop.settings.index},
                           "b": {"index": small_index}}}
            ).shops
        }
    )  # fmt: skip
    opened: list[Path] = []

    def open_engine(settings: Settings) -> Engine:
        if settings.index == Path("nowhere"):
            raise IndexMissingError("nothing there")
        opened.append(settings.index)
        return shop.open(settings)

    with here(create_app(settings, open_engine)) as client:
        shops = client.app_state["service"].shops
        deadline = time.monotonic() + 20
        while shops.get("b").loaded is None:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        assert opened == [shop.settings.index]
        assert shops.get("b").engine.retriever.embedder is shops.get("a").engine.retriever.embedder
        assert shops.get("b").engine.generation != ""
        assert client.get("/readyz").status_code == 503  # one of them cannot answer
