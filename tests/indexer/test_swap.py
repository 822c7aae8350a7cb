"""Readers while generations come and go: each sees one of them, whole."""

import threading
from pathlib import Path

import numpy as np
import pytest

from indexer.build import build
from rag.config import Indexing, Settings
from rag.index import Index
from rag.manifest import Layout
from rag.types import Scope
from tests.doubles import HashingEmbedder, Silent

WORDS = ("alpha", "beta")
SWAPS = 24


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(index=tmp_path / "index", indexing=Indexing(keep=1))


def publish(folder: Path, settings: Settings, word: str, number: int) -> None:
    """A generation in which every text holds one word."""
    folder.mkdir(exist_ok=True)
    for name in range(4):
        (folder / f"{name}.md").write_text(f"{word.title()} text {name} of run {number}.")
    build([folder], settings, HashingEmbedder(), Silent())


def seen(index: Index) -> str:
    """The word of a generation, after every part of it was asked."""
    texts = [chunk.embedding_text.lower() for chunk in index.passages.all_chunks()]
    (word,) = [word for word in WORDS if all(word in text for text in texts)]
    (other,) = set(WORDS) - {word}
    own = HashingEmbedder().encode_documents(texts)
    np.testing.assert_allclose((index.vectors() * own).sum(axis=1), 1, atol=1e-5)
    assert index.lexical.scores([word]).all()
    assert not index.lexical.scores([other]).any()
    rows, _ = index.dense(own[:1], index.passages.rows(Scope()), 9)
    assert len(rows) == len(texts) == index.manifest.chunks
    return word


def test_no_reader_sees_two_generations_at_once(tmp_path: Path, settings: Settings) -> None:
    publish(tmp_path / "corpus", settings, WORDS[0], 0)
    failures: list[BaseException] = []
    words: list[str] = []
    stop = threading.Event()

    def ask() -> None:
        while not stop.is_set():
            try:
                index = Index.open(settings.index)
                words.append(seen(index))
                index.close()
            except BaseException as error:
                failures.append(error)
                return

    readers = [threading.Thread(target=ask) for _ in range(3)]
    for reader in readers:
        reader.start()
    for number in range(1, SWAPS):
        publish(tmp_path / "corpus", settings, WORDS[number % 2], number)
    stop.set()
    for reader in readers:
        reader.join()
    assert failures == []
    assert set(words) == set(WORDS)


def test_a_reader_keeps_what_it_opened(tmp_path: Path, settings: Settings) -> None:
    publish(tmp_path / "corpus", settings, WORDS[0], 0)
    index = Index.open(settings.index)
    before = [chunk.text for chunk in index.passages.all_chunks()]
    folder = index.folder
    for number in range(1, 6):
        publish(tmp_path / "corpus", settings, WORDS[1], number)
    assert not folder.exists(), "it was collected"
    assert [chunk.text for chunk in index.passages.all_chunks()] == before
    assert seen(index) == WORDS[0]
    index.close()
    assert len(list(Layout(settings.index).generations.iterdir())) == 1


def test_what_was_deleted_is_never_found_again(tmp_path: Path, settings: Settings) -> None:
    publish(tmp_path / "corpus", settings, WORDS[0], 0)
    (tmp_path / "corpus" / "secret.md").write_text("The secret text that is withdrawn.")
    build([tmp_path / "corpus"], settings, HashingEmbedder(), Silent())
    (tmp_path / "corpus" / "secret.md").unlink()
    build([tmp_path / "corpus"], settings, HashingEmbedder(), Silent())
    index = Index.open(settings.index)
    assert "secret.md" not in index.passages.document_ids()
    assert not index.lexical.scores(["withdrawn"]).any()
    query = HashingEmbedder().encode_queries(["The secret text that is withdrawn."])
    rows, _ = index.dense(query, index.passages.rows(Scope()), 99)
    assert not [c for c in index.passages.chunks(rows.tolist()) if "secret" in c.text]
    index.close()
    for path in index.folder.rglob("*"):
        assert not path.is_file() or b"withdrawn" not in path.read_bytes(), path
