"""Latency of a search, against the plain recipe: SentenceTransformer.encode and a flat index."""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import faiss

from benchmarks.indexing import run, write_guides
from benchmarks.questions import questions
from rag.batching import MicroBatches
from rag.embedding import PLAIN, Embedder, open_embedder
from rag.index import Index
from rag.models import resolve
from rag.retrieval import Retriever
from rag.types import Question

_OURS, _PLAIN = "minilm", f"{PLAIN}minilm"
"""The int8 encoder, and the same model as `SentenceTransformer.encode` runs it."""


def milliseconds(call: Callable[[str], object], texts: Sequence[str]) -> list[float]:
    """How long each call took."""
    taken = []
    for text in texts:
        started = time.perf_counter()
        call(text)
        taken.append((time.perf_counter() - started) * 1000)
    return taken


def report(index: Path, embedder: Embedder, texts: Sequence[str], others: Sequence[str]) -> None:
    """Print the medians: each alone, then in turns, when each leaves the caches to the other.

    Other questions warm all up.
    """
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(resolve("minilm").folder))
    vectors = Index.open(index).vectors()
    flat = faiss.IndexFlatIP(vectors.shape[1])
    flat.add(vectors)

    def recipe(text: str) -> object:
        return flat.search(model.encode([text], normalize_embeddings=True), 10)

    def opened() -> Callable[[str], object]:
        """A search that remembers nothing yet."""
        retriever = Retriever(Index.open(index), embedder)
        milliseconds(lambda text: retriever.retrieve(Question(text), 10), others)
        return lambda text: retriever.retrieve(Question(text), 10)

    print(f"{len(vectors)} passages, {len(texts)} questions, median ms of a search")
    alone = statistics.median(milliseconds(opened(), texts))
    milliseconds(recipe, others)
    _compared("each alone", statistics.median(milliseconds(recipe, texts)), alone)
    ours = opened()
    pairs = [(milliseconds(recipe, [text])[0], milliseconds(ours, [text])[0]) for text in texts]
    _compared("in turns", *(statistics.median(side) for side in zip(*pairs, strict=True)))


def _compared(how: str, plain: float, own: float) -> None:
    print(
        f"{how}: SentenceTransformer.encode + flat search {plain:.2f}, ours {own:.2f}: "
        f"{own / plain:.2f}"
    )


def together(name: str, one_by_one: str, texts: Sequence[str]) -> None:
    """Print how much more is encoded when 32 ask at once than one by one by an embedder."""
    batched = MicroBatches(open_embedder(name).encode_queries)
    alone = open_embedder(one_by_one).encode_queries

    def seconds(encode: Callable[[Sequence[str]], object], callers: int) -> float:
        started = time.perf_counter()
        with ThreadPoolExecutor(callers) as pool:
            list(pool.map(encode, ([text] for text in texts)))
        return time.perf_counter() - started

    seconds(batched, 32)
    ratios = [seconds(alone, 1) / seconds(batched, 32) for _ in range(5)]
    times = statistics.median(ratios)
    print(f"{name}, 32 callers in micro-batches: {times:.2f} times {one_by_one} one by one")


def main() -> None:
    """Print latency and throughput."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--guides", type=int, default=2000, help="files of ten passages each")
    options = parser.parse_args()
    embedder = open_embedder(_OURS)
    asked = list(dict.fromkeys(row["question"] for row in questions("dev")))
    texts, others = asked[:200], asked[200:220]
    with tempfile.TemporaryDirectory() as folder:
        corpus, index = Path(folder) / "corpus", Path(folder) / "index"
        write_guides(corpus, options.guides)
        run(corpus, index, embedder)
        report(index, embedder, texts, others)
    for name, one_by_one in ((_OURS, _OURS), (_PLAIN, _PLAIN), (_OURS, _PLAIN)):
        together(name, one_by_one, texts)


if __name__ == "__main__":
    main()
