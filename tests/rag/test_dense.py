"""Both kinds of vector index against every vector compared in turn."""

from functools import cache
from pathlib import Path
from unittest.mock import Mock

import faiss
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rag.dense
from rag.dense import Dense, Kind, build
from rag.errors import IndexDamagedError
from rag.vectors import Vectors
from tests.rag.generations import finished

COUNT, DIM = 3000, 32


def unit(vectors: Vectors) -> Vectors:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


def drawn(seed: int, count: int) -> Vectors:
    return np.random.default_rng(seed).standard_normal((count, DIM), np.float32)


def made(vectors: Vectors, kind: Kind) -> Dense:
    blocks = (vectors[start : start + 700] for start in range(0, len(vectors), 700))
    index = finished(build(len(vectors), vectors.shape[1], blocks, kind))
    return Dense(faiss.deserialize_index(faiss.serialize_index(index)))


@pytest.fixture(scope="module")
def vectors() -> Vectors:
    rng = np.random.default_rng(3)
    centres = rng.standard_normal((60, DIM))
    near = centres[rng.integers(60, size=COUNT)] + 0.5 * rng.standard_normal((COUNT, DIM))
    return unit(near.astype(np.float32))


@pytest.fixture(scope="module", params=list(Kind))
def dense(request: pytest.FixtureRequest, vectors: Vectors) -> Dense:
    return made(vectors, request.param)


some_rows = st.builds(
    lambda seed, size: np.sort(np.random.default_rng(seed).choice(COUNT, size, replace=False)),
    st.integers(0, 2**32),
    st.one_of(st.integers(0, 50), st.integers(0, COUNT)),
)


@given(rows=some_rows, k=st.integers(1, 4000), of=st.integers(0, COUNT - 1), exact=st.booleans())
def test_exactly_k_of_the_rows_best_first(
    dense: Dense, vectors: Vectors, rows: np.ndarray, k: int, of: int, exact: bool
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rag.dense, "EXACT_MOST", COUNT if exact else 0)
        found, scores = dense.search(vectors[of : of + 1], rows, k)
    assert len(found) == len(set(found.tolist())) == min(k, len(rows))
    assert np.isin(found, rows).all()
    assert (np.diff(scores) <= 1e-6).all()
    held = dense.vectors(found) @ vectors[of]
    np.testing.assert_allclose(scores, held, atol=1e-5)


@given(rows=some_rows, k=st.integers(1, 60), of=st.integers(0, COUNT - 1))
def test_a_small_scope_is_exact(
    dense: Dense, vectors: Vectors, rows: np.ndarray, k: int, of: int
) -> None:
    _, scores = dense.search(vectors[of : of + 1], rows, k)
    best = np.sort(dense.vectors(rows) @ vectors[of])[::-1][:k]
    np.testing.assert_allclose(scores, best, atol=1e-5)


@pytest.mark.parametrize("apart", [0.001, 0.03, 1], ids=["alike", "close", "spread"])
@given(rows=some_rows, k=st.integers(1, 60), seed=st.integers(0, 2**32))
def test_flat_is_exact_in_a_large_scope_too(
    apart: float, rows: np.ndarray, k: int, seed: int
) -> None:
    vectors, dense = _around_one_point(apart)
    query = unit(vectors[:1] + apart * drawn(seed, 1))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rag.dense, "EXACT_MOST", 0)
        found, scores = dense.search(query, rows, k)
    assert len(set(found.tolist())) == min(k, len(rows)) and np.isin(found, rows).all()
    best = np.sort(vectors[rows] @ query[0])[::-1][:k]
    np.testing.assert_allclose(scores, best, atol=1e-5)


@cache
def _around_one_point(apart: float) -> tuple[Vectors, Dense]:
    vectors = unit(drawn(4, 1) + apart * drawn(5, COUNT))
    return vectors, made(vectors, Kind.FLAT)


def test_flat_reads_few_vectors_whole(vectors: Vectors, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rag.dense, "EXACT_MOST", 0)
    dense = made(vectors, Kind.FLAT)
    compared = Mock(side_effect=dense.cosines)
    monkeypatch.setattr(dense, "cosines", compared)
    for query in vectors[:50]:
        dense.search(query[None], np.arange(COUNT), 10)
    assert [len(call.args[1]) for call in compared.call_args_list] == [40] * 50


def test_clusters_find_nearly_all(vectors: Vectors, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rag.dense, "EXACT_MOST", 0)
    dense = made(vectors, Kind.CLUSTERED)
    every = np.arange(COUNT)
    hits = 0
    for query in vectors[:100]:
        found, _ = dense.search(query[None], every, 10)
        hits += len(set(found.tolist()) & set(np.argsort(-(vectors @ query))[:10].tolist()))
    assert hits >= 950


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_query_that_is_no_vector_finds_nothing(dense: Dense, bad: float) -> None:
    found, scores = dense.search(np.full((1, DIM), bad, np.float32), np.arange(COUNT), 5)
    assert len(found) == len(scores) == 0


def test_what_is_read_is_written_back_unchanged(vectors: Vectors) -> None:
    once = made(vectors, Kind.CLUSTERED).vectors()
    again = made(once, Kind.CLUSTERED).vectors()
    assert np.abs(once - vectors).max() < 0.01
    np.testing.assert_array_equal(once, again)


def test_the_same_vectors_make_the_same_index(vectors: Vectors) -> None:
    first, second = (
        faiss.serialize_index(finished(build(COUNT, DIM, [vectors], Kind.CLUSTERED)))
        for _ in range(2)
    )
    np.testing.assert_array_equal(first, second)


def test_size_chooses_the_kind(monkeypatch: pytest.MonkeyPatch, vectors: Vectors) -> None:
    monkeypatch.setattr(rag.dense, "FLAT_MOST", 500)
    for count, kind in ((500, Kind.FLAT), (501, Kind.CLUSTERED)):
        assert Dense(finished(build(count, DIM, [vectors[:count]]))).kind is kind


def test_nothing_to_search(vectors: Vectors) -> None:
    dense = Dense(finished(build(0, DIM, [])))
    assert len(dense.search(vectors[:1], np.empty(0, np.int64), 3)[0]) == 0


def test_a_file_that_claims_more_than_it_holds_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "vectors.faiss"
    data = bytearray(faiss.serialize_index(faiss.IndexFlatIP(DIM)).tobytes())
    data[-8:] = (10**9).to_bytes(8, "little")  # how many numbers follow
    path.write_bytes(bytes(data))
    with pytest.raises(IndexDamagedError, match="byte_limit"):
        Dense.read(path)
