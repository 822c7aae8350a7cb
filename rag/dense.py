"""Vectors of one generation, in the kind of FAISS index that its size asks for."""

from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from threading import Lock

import faiss
import numpy as np
from numpy.typing import NDArray

from rag.errors import IndexDamagedError
from rag.vectors import Scores, Vectors


class Kind(StrEnum):
    """How vectors are kept (docs/retrieval.md has them measured)."""

    FLAT = "flat"
    """float32, every one compared: exact."""
    CLUSTERED = "clustered"
    """One byte a number, in clusters of which the nearest are searched (IVF, SQ8)."""


FLAT_MOST = 100_000
"""Most vectors that are kept flat."""
PROBES = 48
"""Clusters searched for one question."""
EXACT_MOST = 4_000
"""Scopes up to this many rows are compared exactly, one by one."""
_ROUNDING = 1e-5
"""More than what float32 arithmetic adds to a cosine."""
_TRAINED_ON = 40
"""Vectors a cluster's centre is trained on."""
_STEPS_PER_DOUBLING = 8
"""The range of a byte grows in such steps, so that a rerun finds the same one."""
_READING = Lock()


def build(
    count: int, dim: int, blocks: Iterable[Vectors], kind: Kind | None = None
) -> Generator[int, None, faiss.Index]:
    """An index of the vectors of the blocks, float32 [n, dim] of unit length; row r is the r-th.

    Yields how many it has, block by block, and returns the index.

    Args:
        count: how many there will be.
        dim: length of a vector.
        blocks: the vectors.
        kind: how to keep them; by default what the count asks for.
    """
    kind = kind or (Kind.FLAT if count <= FLAT_MOST else Kind.CLUSTERED)
    staged = (
        faiss.IndexFlatIP(dim)
        if kind is Kind.FLAT
        else faiss.IndexScalarQuantizer(
            dim, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
        )
    )
    for block in blocks:
        staged.add(block)
        yield int(staged.ntotal)
    return staged if kind is Kind.FLAT else _clustered(staged)


def _clustered(staged: faiss.Index) -> faiss.Index:
    """Move vectors into clusters."""
    count, dim = staged.ntotal, staged.d
    clusters = max(1, int(4 * count**0.5))
    index = faiss.IndexIVFScalarQuantizer(
        faiss.IndexFlatIP(dim),
        dim,
        clusters,
        faiss.ScalarQuantizer.QT_8bit_uniform,
        faiss.METRIC_INNER_PRODUCT,
        False,
    )
    index.cp.seed = 1
    index.cp.niter = 8
    index.cp.max_points_per_centroid = _TRAINED_ON
    rng = np.random.default_rng(1)
    rows = np.sort(rng.choice(count, min(count, _TRAINED_ON * clusters), replace=False))
    sample = np.asarray(staged.reconstruct_batch(rows), np.float32)
    widest = _rounded_up(float(np.abs(sample).max(initial=1e-6)))
    index.train(sample)
    # The same range in every generation: what is read from one is written to the next unchanged.
    faiss.copy_array_to_vector(np.array([-widest, 2 * widest], np.float32), index.sq.trained)
    for start in range(0, count, 20_000):
        block = np.arange(start, min(start + 20_000, count))
        index.add(np.asarray(staged.reconstruct_batch(block), np.float32))
    return index


def _rounded_up(value: float) -> float:
    return float(2 ** (np.ceil(np.log2(value) * _STEPS_PER_DOUBLING) / _STEPS_PER_DOUBLING))


@contextmanager
def _at_most(size: int) -> Iterator[None]:
    """Refuse vectors of so many bytes. FAISS believes a file, and has one limit for all threads."""
    with _READING:
        before = faiss.get_deserialization_vector_byte_limit()
        faiss.set_deserialization_vector_byte_limit(size)
        try:
            yield
        finally:
            faiss.set_deserialization_vector_byte_limit(before)


class Dense:
    """Searches what `build` made. Safe to share between threads."""

    def __init__(self, index: faiss.Index) -> None:
        self._index = index
        self.count, self.dim = int(index.ntotal), int(index.d)
        self.kind = Kind.FLAT
        self._flat: Vectors | None = None
        if isinstance(index, faiss.IndexIVF):
            self.kind = Kind.CLUSTERED
            index.make_direct_map()
        else:
            held = faiss.rev_swig_ptr(
                index.get_xb(),  # type: ignore[attr-defined]
                self.count * self.dim,
            )
            self._flat = held.reshape(self.count, self.dim)
            self._rough = _Rough(self._flat)

    @classmethod
    def read(cls, path: Path) -> "Dense":
        """The index in a file.

        Raises:
            IndexDamagedError: it is none, or claims to hold more than the file does.
        """
        try:
            with _at_most(path.stat().st_size):
                return cls(faiss.read_index(str(path)))
        except (OSError, RuntimeError) as error:
            raise IndexDamagedError(f"{path} cannot be read: {error}") from error

    def search(
        self, query: Vectors, rows: NDArray[np.int64], k: int
    ) -> tuple[NDArray[np.int64], Scores]:
        """The min(k, len(rows)) nearest of the given rows by cosine, best first.

        Exact, but in a scope of more than `EXACT_MOST` rows of a clustered index.

        Args:
            query: float32 [1, dim], unit length.
            rows: int64 [n], ascending and distinct.
            k: how many.
        """
        k = min(k, len(rows))
        if k == 0 or not np.isfinite(query).all():
            return np.empty(0, np.int64), np.empty(0, np.float32)
        if len(rows) > EXACT_MOST:
            if self.kind is Kind.CLUSTERED:
                found, scores = self._among_clusters(query, rows, k)
                if len(found) == k:
                    return found, scores
            else:
                near, most = self._rough.nearest(query, rows, 4 * k)
                found, scores = _best(near, self.cosines(query, near), k)
                if scores[-1] > most:
                    return found, scores
        return _best(rows, self.cosines(query, rows), k)

    def _among_clusters(
        self, query: Vectors, rows: NDArray[np.int64], k: int
    ) -> tuple[NDArray[np.int64], Scores]:
        selector = _selector(rows, self.count)
        parameters = faiss.SearchParametersIVF(sel=selector, nprobe=PROBES)  # type: ignore[call-arg]
        scores, found = self._index.search(query, k, params=parameters)
        real = found[0] >= 0  # FAISS pads with -1, which would cite the last passage
        return found[0][real], scores[0][real]

    def cosines(self, query: Vectors, rows: NDArray[np.int64]) -> Scores:
        """Cosine of the query to each of the given rows: float32 [len(rows)]."""
        if self._flat is not None and len(rows) * 8 > self.count:  # cheaper than to gather them
            return _products(query, self._flat)[rows]
        scores = [_products(query, self.vectors(part)) for part in _parts(rows)]
        return np.concatenate([np.empty(0, np.float32), *scores], dtype=np.float32)

    def vectors(self, rows: NDArray[np.int64] | None = None) -> Vectors:
        """The vectors of these rows, or of all: float32 [len(rows), dim]."""
        if rows is None:
            rows = np.arange(self.count, dtype=np.int64)
        if self._flat is not None:
            return self._flat[rows]
        return np.asarray(self._index.reconstruct_batch(rows), dtype=np.float32)


class _Rough:
    """Flat vectors once more, in a byte a number: a quarter to read for what cannot be near."""

    def __init__(self, vectors: Vectors) -> None:
        self._index = faiss.IndexScalarQuantizer(
            vectors.shape[1],
            faiss.ScalarQuantizer.QT_8bit_uniform,
            faiss.METRIC_INNER_PRODUCT,
        )
        self._error = 0.0
        if not len(vectors):
            return
        self._index.train(vectors)
        for start in range(0, len(vectors), 4096):
            block = vectors[start : start + 4096]
            self._index.add(block)
            kept = self._index.reconstruct_n(start, len(block))
            self._error = max(self._error, float(np.linalg.norm(block - kept, axis=1).max()))

    def nearest(
        self, query: Vectors, rows: NDArray[np.int64], k: int
    ) -> tuple[NDArray[np.int64], float]:
        """About the k nearest of the rows, and what the cosine of no other one exceeds.

        A vector that is off by some length gives a cosine that is off by at most that.
        """
        parameters = faiss.SearchParameters(sel=_selector(rows, self._index.ntotal))  # type: ignore[call-arg]
        with _one_thread():
            scores, found = self._index.search(query, min(k, len(rows)), params=parameters)
        most = float(scores[0, -1]) + self._error + _ROUNDING
        return found[0], most if k < len(rows) else -np.inf


@contextmanager
def _one_thread() -> Iterator[None]:
    """Keep FAISS to the calling thread: sharing so little, it waits for cores that are busy."""
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)  # of this thread only
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)


def _selector(rows: NDArray[np.int64], count: int) -> faiss.IDSelector | None:
    """Admits these of so many rows; None where it is all of them."""
    if len(rows) == count:
        return None
    inside = np.zeros(count, dtype=bool)
    inside[rows] = True
    bits = np.packbits(inside, bitorder="little")
    return faiss.IDSelectorBitmap(bits)  # type: ignore[arg-type,call-arg]


def _best(rows: NDArray[np.int64], scores: Scores, k: int) -> tuple[NDArray[np.int64], Scores]:
    """The k rows with the highest scores, best first; of equal ones the earlier row."""
    best = np.argpartition(-scores, k - 1)[:k] if k < len(rows) else np.arange(k)
    best = best[np.lexsort((rows[best], -scores[best]))]
    return rows[best], scores[best]


def _products(query: Vectors, vectors: Vectors) -> Scores:
    """Inner products of a query, [1, dim], with each of the vectors, on the calling thread.

    BLAS would share the work out among all cores, as FAISS does where it is not told otherwise.
    """
    out = np.empty(len(vectors), dtype=np.float32)
    if len(vectors):
        one, many = np.ascontiguousarray(query[0]), np.ascontiguousarray(vectors)
        pointers = (faiss.swig_ptr(array) for array in (out, one, many))
        faiss.fvec_inner_products_ny(*pointers, many.shape[1], len(many))  # type: ignore[attr-defined]
    return out


def _parts(rows: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """Pieces of the rows, so that their vectors fit the caches."""
    for start in range(0, len(rows), 4096):
        yield rows[start : start + 4096]
