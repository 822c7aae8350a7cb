"""A run that is stopped goes on where it was; what is left of one does no harm."""

import sqlite3
import tempfile
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.build import build
from indexer.check import check
from indexer.embed import Journal
from rag.config import Settings
from rag.index import Index
from rag.manifest import Layout
from rag.vectors import Vectors
from tests.doubles import HashingEmbedder, Silent

TEXTS = 40
WINDOW = 8
PAGE = 4096
"""Bytes of a page of SQLite."""


class Stopped(Exception):
    """Stands for whatever ends a run."""


class Stopping(HashingEmbedder):
    """Ends the run when it has embedded so many texts."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self._after = after

    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        if len(self.encoded) >= self._after:
            raise Stopped
        return super().encode_documents(texts)


@pytest.fixture(autouse=True)
def small_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("indexer.embed.WINDOW", WINDOW)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "corpus"
    folder.mkdir()
    for number in range(TEXTS):
        (folder / f"{number:02}.md").write_text(f"Text of number {number}.")
    return folder


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "index")


def run(corpus: Path, layout: Layout, embedder: HashingEmbedder) -> list[str]:
    """Index; return what was embedded."""
    build([corpus], Settings(index=layout.folder), embedder, Silent())
    assert not layout.journal.exists()
    assert check(layout.folder).problems == ()
    return embedder.encoded


def stop(corpus: Path, layout: Layout, after: int) -> list[str]:
    embedder = Stopping(after)
    with pytest.raises(Stopped):
        run(corpus, layout, embedder)
    return embedder.encoded


@pytest.mark.parametrize("after", [0, WINDOW, 3 * WINDOW])
def test_a_stopped_run_does_nothing_twice(corpus: Path, layout: Layout, after: int) -> None:
    done = stop(corpus, layout, after)
    assert len(done) == after
    rest = run(corpus, layout, HashingEmbedder())
    assert len(rest) == TEXTS - after
    assert set(done) | set(rest) == {f"{n:02}\nText of number {n}." for n in range(TEXTS)}


def test_a_run_stopped_again_and_again_comes_to_its_end(corpus: Path, layout: Layout) -> None:
    done = [text for _ in range(4) for text in stop(corpus, layout, WINDOW)]
    done += run(corpus, layout, HashingEmbedder())
    assert len(done) == len(set(done)) == TEXTS


def test_what_changed_since_it_was_stopped_is_embedded(corpus: Path, layout: Layout) -> None:
    stop(corpus, layout, 2 * WINDOW)
    (corpus / "00.md").write_text("Another text.")
    (corpus / "39.md").unlink()
    rest = run(corpus, layout, HashingEmbedder())
    assert "00\nAnother text." in rest
    assert len(rest) == TEXTS - 1 - 2 * WINDOW + 1


def test_the_vectors_are_those_of_a_run_at_one_go(
    corpus: Path, layout: Layout, tmp_path: Path
) -> None:
    stop(corpus, layout, 2 * WINDOW)
    run(corpus, layout, HashingEmbedder())
    run(corpus, Layout(tmp_path / "other"), HashingEmbedder())
    one, other = Index.open(layout.folder), Index.open(tmp_path / "other")
    assert (one.vectors() == other.vectors()).all()
    one.close()
    other.close()


def test_another_model_begins_anew(corpus: Path, layout: Layout) -> None:
    stop(corpus, layout, 2 * WINDOW)
    assert len(run(corpus, layout, HashingEmbedder("other", dim=128))) == TEXTS


def zeroed(journal: Path) -> bytes:
    """The file with every vector replaced by zeros, its rows and pages whole."""
    data = journal.read_bytes()
    with closing(sqlite3.connect(journal)) as db:
        vectors = [row[0] for row in db.execute("SELECT vector FROM vectors")]
    for vector in vectors:
        assert vector in data
        data = data.replace(vector, bytes(len(vector)))
    return data


def without_index(journal: Path) -> bytes:
    """The file with zeros for the page its rows are looked up by."""
    with closing(sqlite3.connect(journal)) as db:
        (page,) = db.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = 'vectors_by_key'"
        ).fetchone()
    data = bytearray(journal.read_bytes())
    data[(page - 1) * PAGE : page * PAGE] = bytes(PAGE)
    return bytes(data)


HARMS: dict[str, Callable[[Path], bytes]] = {
    "garbage": lambda journal: b"garbage" * 999,
    "empty": lambda journal: b"",
    "cut": lambda journal: journal.read_bytes()[: journal.stat().st_size // 2],
    "zeroed": zeroed,
    "without index": without_index,
}


@pytest.mark.parametrize("harm", HARMS)
def test_a_journal_a_crash_has_spoilt_does_no_harm(corpus: Path, layout: Layout, harm: str) -> None:
    stop(corpus, layout, 2 * WINDOW)
    layout.journal.write_bytes(HARMS[harm](layout.journal))
    run(corpus, layout, HashingEmbedder())
    index = Index.open(layout.folder)
    texts = [chunk.embedding_text for chunk in index.passages.all_chunks()]
    expected = HashingEmbedder().encode_documents(texts)
    assert abs(index.vectors() - expected).max() < 1e-6
    index.close()


KEYS = [bytes([number]) * 16 for number in range(100)]
KEPT = np.random.default_rng(7).standard_normal((len(KEYS), 64), np.float32)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A journal of so many pages that it has inner ones."""
    path = tmp_path_factory.mktemp("journal") / "whole.sqlite"
    with closing(Journal(path, "model")) as journal:
        journal.keep(KEYS, KEPT)
    return path.read_bytes()


PLACE = st.floats(0, 1, exclude_max=True)
DAMAGE = st.one_of(
    st.tuples(PLACE, st.binary(min_size=1, max_size=8)),
    st.tuples(PLACE, st.integers(1, 3).map(lambda pages: bytes(pages * PAGE))),
)


@given(damage=st.lists(DAMAGE, min_size=1, max_size=6), cut=st.one_of(st.just(1.0), PLACE))
def test_a_damaged_journal_gives_nothing_false(
    whole: bytes, damage: list[tuple[float, bytes]], cut: float
) -> None:
    data = bytearray(whole)
    for place, written in damage:
        at = int(place * len(data))
        if len(written) >= PAGE:
            at -= at % PAGE
        data[at : at + len(written)] = written[: len(data) - at]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "damaged.sqlite"
        path.write_bytes(data[: int(cut * len(data))])
        with closing(Journal(path, "model")) as journal:
            found = journal.find(KEYS)
            for key, vector in found.items():
                np.testing.assert_array_equal(vector, KEPT[KEYS.index(key)])
            missing = [key for key in KEYS if key not in found]
            journal.keep(missing, KEPT[[KEYS.index(key) for key in missing]])
