"""Nearest-neighbour search over many made-up vectors: recall, latency and memory by kind."""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Iterator
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from rag.dense import PROBES, Dense, Kind, build
from rag.vectors import Vectors

DIM = 384
TOPICS, SHOPS = 5_000, 50
BLOCK = 20_000
QUERIES = 200


class Cloud:
    """Unit vectors in clusters of clusters, wider in some directions than in others."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self._spread = (1 / np.sqrt(np.arange(1, DIM + 1))).astype(np.float32)
        shops = rng.standard_normal((SHOPS, DIM), dtype=np.float32)
        near = rng.standard_normal((TOPICS, DIM), dtype=np.float32)
        own = unit(shops)[rng.integers(SHOPS, size=TOPICS)]
        self._centres = unit(own + 0.8 * unit(near))
        turned = rng.standard_normal((DIM, DIM))
        self._turn = np.linalg.qr(turned)[0].astype(np.float32)

    def blocks(self, count: int, seed: int) -> Iterator[Vectors]:
        """So many vectors, in blocks."""
        rng = np.random.default_rng(seed)
        for start in range(0, count, BLOCK):
            size = min(BLOCK, count - start)
            noise = rng.standard_normal((size, DIM), dtype=np.float32) * self._spread
            own = self._centres[rng.integers(TOPICS, size=size)]
            yield unit(own + 0.7 * unit(noise @ self._turn))


def unit(vectors: NDArray[np.floating[Any]]) -> Vectors:
    """Each divided by its length."""
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def nearest(queries: Vectors, blocks: Iterator[Vectors], k: int) -> list[set[int]]:
    """The exact k nearest rows of each query, block by block."""
    best: list[list[tuple[float, int]]] = [[] for _ in queries]
    start = 0
    for block in blocks:
        for own, scores in zip(best, queries @ block.T, strict=True):
            top = np.argpartition(-scores, k)[:k]
            own.extend((float(scores[row]), start + int(row)) for row in top)
            own[:] = sorted(own, reverse=True)[:k]
        start += len(block)
    return [{row for _, row in own} for own in best]


def resident(file: NDArray[np.uint8]) -> float:
    """Megabytes that a process has more once it has opened the index."""
    code = (
        "import sys, faiss, resource; from rag.dense import Dense; "
        "now = lambda: int(open('/proc/self/statm').read().split()[1]) * resource.getpagesize(); "
        "before = now(); index = faiss.read_index(sys.argv[1]); "
        "dense = Dense(index) if 'HNSW' not in type(index).__name__ else index; "
        "print(now() - before)"
    )
    with tempfile.NamedTemporaryFile() as kept:
        kept.write(file.data)
        kept.flush()
        done = subprocess.run(
            [sys.executable, "-c", code, kept.name], capture_output=True, text=True, check=True
        )
    return float(done.stdout) / 1e6


def built(steps: Generator[int, None, faiss.Index]) -> faiss.Index:
    """What comes of all steps."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            index: faiss.Index = end.value
            return index


def median_ms(call: Callable[[Vectors], object], queries: Vectors) -> float:
    """Median milliseconds of a call for each query alone."""
    taken = []
    for query in queries:
        started = time.perf_counter()
        call(query[None])
        taken.append((time.perf_counter() - started) * 1000)
    return statistics.median(taken)


OTHERS = {
    "hnsw": "HNSW32",
    "hnsw, one byte a number": "HNSW32_SQ8",
    "clustered, product quantisation": "IVF{clusters},PQ96x8",
}
"""Kinds that are measured beside those that are used, as FAISS's factory names them."""
FOUND_BY_HNSW = 128
"""Its efSearch."""


def other(name: str, cloud: Cloud, n: int) -> faiss.Index:
    """An index of a kind of FAISS that is not used."""
    index = faiss.index_factory(
        DIM, OTHERS[name].format(clusters=int(4 * n**0.5)), faiss.METRIC_INNER_PRODUCT
    )
    if not index.is_trained:
        index.train(np.concatenate(list(cloud.blocks(min(n, 160 * int(n**0.5)), 2))))
    for block in cloud.blocks(n, 2):
        index.add(block)
    return index


def searched(index: faiss.Index) -> Callable[[Vectors], NDArray[np.int64]]:
    """A plain search for ten in such an index."""
    if isinstance(index, faiss.IndexIVF):
        index.nprobe = PROBES
    else:
        index.hnsw.efSearch = FOUND_BY_HNSW  # type: ignore[attr-defined]
    return lambda query: np.asarray(index.search(query, 10)[1][0])


def main() -> None:
    """Print a line for the kind."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=100_000, help="how many vectors")
    parser.add_argument("--kind", choices=[*Kind, *OTHERS], help="else the one chosen by size")
    options = parser.parse_args()
    cloud, n = Cloud(1), options.n
    picked = next(cloud.blocks(QUERIES, 3))
    truth = nearest(picked, cloud.blocks(n, 2), 10)
    every = np.arange(n, dtype=np.int64)
    started = time.perf_counter()
    if options.kind in OTHERS:
        index = other(options.kind, cloud, n)
        search, kind = searched(index), options.kind
    else:
        index = built(
            build(n, DIM, cloud.blocks(n, 2), Kind(options.kind) if options.kind else None)
        )
        dense = Dense(faiss.deserialize_index(faiss.serialize_index(index)))
        search, kind = (lambda query: dense.search(query, every, 10)[0]), dense.kind
    seconds = time.perf_counter() - started
    size = resident(faiss.serialize_index(index))
    found = [search(query[None]) for query in picked]
    recall = np.mean([len(set(a.tolist()) & b) / 10 for a, b in zip(found, truth, strict=True)])
    print(f"{n} vectors, {kind}: built in {seconds:.0f} s, {size:.0f} MB resident")
    print(f"recall@10 {recall:.3f}; p50 {median_ms(search, picked):.2f} ms", end="")
    if options.kind in OTHERS:
        print()
        return
    rng = np.random.default_rng(4)
    of_product, of_half = (
        median_ms(lambda query, rows=rows: dense.search(query, rows, 10), picked)  # type: ignore[misc]
        for rows in (np.sort(rng.choice(n, size, replace=False)) for size in (30, n // 2))
    )
    print(f", of half of them {of_half:.2f} ms, of one product's 30 {of_product:.3f} ms")


if __name__ == "__main__":
    main()
