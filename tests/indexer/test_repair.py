import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from indexer.build import build
from indexer.check import check
from indexer.repair import repair
from rag.config import Settings
from rag.errors import IndexDamagedError, IndexFolderError, IndexMismatchError
from rag.index import Index
from rag.manifest import LEXICAL, MANIFEST, PASSAGES, VECTORS, Layout
from tests.doubles import HashingEmbedder, Silent


@pytest.fixture
def layout(small_corpus: Path, tmp_path: Path) -> Layout:
    """An index of two generations: the older knows a document less."""
    corpus = shutil.copytree(small_corpus, tmp_path / "corpus")
    layout = Layout(tmp_path / "index")
    for number in range(2):
        (corpus / f"extra{number}.md").write_text(f"# Extra\n\nText number {number}.\n")
        build([corpus], Settings(index=layout.folder), HashingEmbedder(), Silent())
    return layout


def documents(layout: Layout) -> set[str]:
    index = Index.open(layout.folder)
    found = set(index.passages.document_ids())
    index.close()
    return found


def no_model(name: str) -> HashingEmbedder:
    raise AssertionError(f"{name} is not needed")


def remove(path: Path) -> None:
    shutil.rmtree(path) if path.is_dir() else path.unlink()


def garble(path: Path) -> None:
    file = path if path.is_file() else min(path.iterdir())
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)


@pytest.mark.parametrize("harm", [remove, garble])
@pytest.mark.parametrize("name", [VECTORS, LEXICAL])
def test_what_is_derived_is_made_again(
    layout: Layout, name: str, harm: Callable[[Path], None]
) -> None:
    before = Index.open(layout.folder)
    expected = before.vectors()
    before.close()
    harm(layout.published() / name)
    embedder = HashingEmbedder()
    done = repair(layout, lambda _: embedder, keep=2)
    assert name in done.what
    assert check(layout.folder).problems == ()
    assert "extra1.md" in documents(layout)
    after = Index.open(layout.folder)
    np.testing.assert_allclose(after.vectors(), expected, atol=1e-6)
    assert after.lexical.scores(["kettl"]).any()
    after.close()
    # What the older generation holds is taken from there.
    assert len(embedder.encoded) == (1 if name == VECTORS else 0)


@pytest.mark.parametrize("name", [PASSAGES, MANIFEST])
def test_without_passages_the_generation_before_is_published(layout: Layout, name: str) -> None:
    garble(layout.published() / name)
    done = repair(layout, no_model, keep=2)
    assert "the newest whole one" in done.what
    assert check(layout.folder).generation == done.generation
    assert "extra0.md" in documents(layout) and "extra1.md" not in documents(layout)


def test_a_current_that_names_nothing_is_written_again(layout: Layout) -> None:
    newest = layout.published().name
    layout.current.write_text("gone\n")
    assert repair(layout, no_model, keep=2).generation == newest
    assert layout.published().name == newest


def test_a_stray_file_is_left_behind(layout: Layout) -> None:
    (layout.published() / "stray").touch()
    assert check(layout.folder).problems
    repair(layout, no_model, keep=2)
    assert check(layout.folder).problems == ()
    assert "extra1.md" in documents(layout)


def test_a_whole_index_stays_as_it_is(layout: Layout) -> None:
    published = layout.published().name
    done = repair(layout, no_model, keep=2)
    assert (done.generation, done.what) == (published, f"Generation {published} is whole.")
    assert layout.published().name == published


def test_vectors_of_another_model_are_not_mixed_in(layout: Layout) -> None:
    remove(layout.published() / VECTORS)
    with pytest.raises(IndexMismatchError, match="made with another 'hashing'"):
        repair(layout, lambda _: HashingEmbedder("other"), keep=2)


def test_a_disk_that_fails_says_so(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(path: Path) -> sqlite3.Connection:
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr("indexer.embed._opened", failing)
    remove(layout.published() / VECTORS)
    with pytest.raises(IndexFolderError, match="cannot be written: disk I/O error"):
        repair(layout, lambda _: HashingEmbedder(), keep=2)


def test_nothing_whole_says_so(layout: Layout) -> None:
    for generation in layout.generations.iterdir():
        remove(generation / PASSAGES)
    with pytest.raises(IndexDamagedError, match="has whole passages. Index again"):
        repair(layout, no_model, keep=2)
