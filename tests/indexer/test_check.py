import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from indexer.check import check
from rag.errors import IndexMissingError
from rag.manifest import PASSAGES, VECTORS, Layout, Manifest, digests


@pytest.fixture
def folder(small_index: Path, tmp_path: Path) -> Path:
    """A copy to tamper with."""
    return Path(shutil.copytree(small_index, tmp_path / "index"))


def _tampered(folder: Path, sql: str) -> None:
    """Change the passages, and the checksums with them."""
    generation = Layout(folder).published()
    with closing(sqlite3.connect(generation / PASSAGES)) as db:
        assert db.execute(sql).rowcount
        db.commit()
    replace(Manifest.read(generation), files=digests(generation)).write(generation)


def test_a_whole_index(folder: Path) -> None:
    result = check(folder)
    assert result.problems == ()
    assert result.body()["ok"] is True
    assert result.generation == Layout(folder).published().name
    assert f"{result.chunks} passages" in result.summary()


@pytest.mark.parametrize(
    ("sql", "problem"),
    [
        ("UPDATE chunks SET start = start + 1, end = end + 1 WHERE row = 3", "another text"),
        ("UPDATE chunks SET end = 100000 WHERE row = 3", "lies outside"),
        ("UPDATE chunks SET start = end WHERE row = 3", "lies outside"),
        ("UPDATE chunks SET start = -1 WHERE row = 3", "lies outside"),
        ("UPDATE chunks SET embedding_text = 'x' WHERE row = 3", "another text"),
        ("UPDATE documents SET text = 'x' || text WHERE id = 'policies/returns.md'", "another"),
        ("DELETE FROM chunks WHERE row = 3", "the manifest says"),
        (
            """UPDATE documents SET metadata = '{"a": NaN}' WHERE id = 'policies/returns.md'""",
            "the metadata of policies/returns.md is no JSON",
        ),
    ],
)
def test_what_checksums_cannot_see_is_found(folder: Path, sql: str, problem: str) -> None:
    _tampered(folder, sql)
    result = check(folder)
    assert problem in "\n".join(result.problems)
    assert result.body()["ok"] is False
    assert result.summary() == f"{len(result.problems)} problems found."


def test_a_chunk_without_its_document_is_found(folder: Path) -> None:
    _tampered(folder, "DELETE FROM documents WHERE id = 'policies/returns.md'")
    assert "policies/returns.md" in "\n".join(check(folder).problems)


def test_a_damaged_file_is_a_problem_not_a_crash(folder: Path) -> None:
    (Layout(folder).published() / VECTORS).write_bytes(b"")
    (problem,) = check(folder).problems
    assert "vectors.faiss was altered" in problem


def test_no_index_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(IndexMissingError):
        check(tmp_path)
