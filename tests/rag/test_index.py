from collections.abc import Iterator
from pathlib import Path

import faiss
import numpy as np
import pytest

from rag.errors import IndexDamagedError, IndexMismatchError, IndexMissingError
from rag.index import Index
from rag.manifest import LEXICAL, PASSAGES, VECTORS, Layout, Manifest, digests
from rag.types import Scope
from rag.vectors import Vectors
from tests.rag.generations import a_document, random_vectors, write_generation

COUNT = 90


@pytest.fixture(scope="module")
def vectors() -> Vectors:
    return random_vectors(np.random.default_rng(7), COUNT)


@pytest.fixture(scope="module")
def index(vectors: Vectors, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    folder = tmp_path_factory.mktemp("index")
    documents = [a_document(f"{n}.md", f"Passage number {n}") for n in range(COUNT)]
    write_generation(folder, documents, vectors)
    opened = Index.open(folder)
    yield opened
    opened.close()


@pytest.mark.parametrize("seed", range(20))
def test_dense_search_agrees_with_brute_force(index: Index, vectors: Vectors, seed: int) -> None:
    rng = np.random.default_rng(seed)
    size = int(rng.integers(1, COUNT + 1))
    rows = np.sort(rng.choice(COUNT, size=size, replace=False)).astype(np.int64)
    query = vectors[rng.integers(COUNT)][None] if seed % 2 else random_vectors(rng, 1)
    k = int(rng.integers(1, 2 * COUNT))

    found, scores = index.dense(query, rows, k)

    exact = vectors @ query[0]
    best = np.sort(exact[rows])[::-1][:k]
    np.testing.assert_allclose(scores, best, atol=1e-5)  # ties: any order, the same scores
    np.testing.assert_allclose(exact[found], scores, atol=1e-5)
    assert len(set(found.tolist())) == len(found) == min(k, size)
    assert set(found.tolist()) <= set(rows.tolist())


def test_no_rows_in_scope_give_nothing(index: Index, vectors: Vectors) -> None:
    found, scores = index.dense(vectors[:1], np.empty(0, np.int64), 5)
    assert (len(found), len(scores)) == (0, 0)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_query_that_is_not_finite_finds_nothing(
    index: Index, vectors: Vectors, bad: float
) -> None:
    query = vectors[:1].copy()
    query[0, 3] = bad
    found, _ = index.dense(query, index.passages.rows(Scope()), 5)
    assert len(found) == 0


def test_cosines_of_given_rows(index: Index, vectors: Vectors) -> None:
    rows = np.array([5, 80, 5, 0], dtype=np.int64)
    np.testing.assert_allclose(index.cosines(vectors[3:4], rows), vectors[rows] @ vectors[3])


def test_all_vectors_come_back_by_row(index: Index, vectors: Vectors) -> None:
    np.testing.assert_array_equal(index.vectors(), vectors)


def test_another_embedder_is_refused_by_name(index: Index) -> None:
    index.require_model("hashing", "0" * 64)
    with pytest.raises(IndexMismatchError, match="made with 'hashing'.*not with 'other'"):
        index.require_model("other", "1" * 64)


def test_an_empty_folder_says_how_to_make_an_index(tmp_path: Path) -> None:
    with pytest.raises(IndexMissingError, match="shelftalk index CORPUS"):
        Index.open(tmp_path)


def _resealed(generation: Path) -> None:
    """Make the checksums fit again after a file was exchanged."""
    values = Manifest.read(generation)
    fields = {name: getattr(values, name) for name in Manifest.__slots__}
    Manifest(**{**fields, "files": digests(generation)}).write(generation)


def test_vectors_of_another_count_are_refused(tmp_path: Path, vectors: Vectors) -> None:
    generation = write_generation(tmp_path, [a_document()], vectors[:1])
    two = faiss.IndexFlatIP(vectors.shape[1])
    two.add(vectors[:2])
    (generation / VECTORS).write_bytes(faiss.serialize_index(two).tobytes())
    _resealed(generation)
    with pytest.raises(IndexDamagedError, match="holds 2 vectors.*says 1"):
        Index.open(tmp_path)


@pytest.mark.parametrize("name", [VECTORS, PASSAGES, f"{LEXICAL}/params.index.json"])
def test_rubbish_with_a_right_checksum_is_an_index_error(
    tmp_path: Path, vectors: Vectors, name: str
) -> None:
    generation = write_generation(tmp_path, [a_document()], vectors[:1])
    (generation / name).write_bytes(b"rubbish " * 100)
    _resealed(generation)
    with pytest.raises(IndexDamagedError, match="cannot be read"):
        Index.open(tmp_path)


def test_an_open_index_survives_the_removal_of_its_files(tmp_path: Path, vectors: Vectors) -> None:
    generation = write_generation(tmp_path, [a_document()], vectors[:1])
    index = Index.open(tmp_path)
    for file in [path for path in generation.rglob("*") if path.is_file()]:
        file.unlink()
    assert index.passages.chunks([0])[0].text == "Weight: 1 kg"
    assert index.dense(vectors[:1], index.passages.rows(Scope()), 1)[0].tolist() == [0]
    assert index.lexical.scores(["weight"])[0] > 0
    index.close()


def test_a_generation_collected_while_it_is_opened_gives_way_to_the_newer(
    tmp_path: Path, vectors: Vectors, monkeypatch: pytest.MonkeyPatch
) -> None:
    older = write_generation(tmp_path, [a_document()], vectors[:1], id="1")
    read = Manifest.read.__func__  # type: ignore[attr-defined]

    def slowly(cls: type[Manifest], folder: Path) -> Manifest:
        if folder == older and older.exists():
            write_generation(tmp_path, [a_document()], vectors[:1], id="2")
            older.rename(tmp_path / "collected")
        found: Manifest = read(cls, folder)
        return found

    monkeypatch.setattr(Manifest, "read", classmethod(slowly))
    index = Index.open(tmp_path)
    assert index.manifest.id == "2"
    assert Layout(tmp_path).published().name == "2"
    index.close()
