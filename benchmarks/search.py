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
from rag.embedding import PLAIN, open_embedder
from rag.index import Index
from rag.models import resolve
from rag.retrieval import Retriever
from rag.types import Question


def milliseconds(call: Callable[[str], object], texts: Sequence[str]) -> list[float]:
    """How long each call took."""
    taken = []
    for text in texts:
        started = time.perf_counter()
        call(text)
        taken.append((time.perf_counter() - started) * 1000)
    return taken


def report(retriever: Retriever, texts: Sequence[str]) -> None:
    """Print both medians, taken in turns."""
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(resolve("minilm").folder))
    vectors = retriever.index.vectors()
    flat = faiss.IndexFlatIP(vectors.shape[1])
    flat.add(vectors)

    def recipe(text: str) -> object:
        return flat.search(model.encode([text], normalize_embeddings=True), 10)

    def ours(text: str) -> object:
        return retriever.retrieve(Question(text), 10)

    for call in (recipe, ours):
        milliseconds(call, texts[:20])
    pairs = [(milliseconds(recipe, [text])[0], milliseconds(ours, [text])[0]) for text in texts]
    plain, own = (statistics.median(side) for side in zip(*pairs, strict=True))
    print(f"{len(retriever.index.passages)} passages, {len(texts)} questions, median ms")
    print(
        f"SentenceTransformer.encode + flat search {plain:.2f}; ours {own:.2f}: {own / plain:.2f}"
    )


def together(name: str, texts: Sequence[str]) -> None:
    """Print how much more is encoded when 32 ask at once than one after the other."""
    embedder = open_embedder(name)
    batched = MicroBatches(embedder.encode_queries)

    def seconds(encode: Callable[[Sequence[str]], object], callers: int) -> float:
        started = time.perf_counter()
        with ThreadPoolExecutor(callers) as pool:
            list(pool.map(encode, ([text] for text in texts)))
        return time.perf_counter() - started

    seconds(batched, 32)
    ratios = [seconds(embedder.encode_queries, 1) / seconds(batched, 32) for _ in range(5)]
    print(f"{name}: 32 callers in micro-batches {statistics.median(ratios):.2f} times one by one")


def main() -> None:
    """Print latency and throughput."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--guides", type=int, default=2000, help="files of ten passages each")
    options = parser.parse_args()
    embedder = open_embedder("minilm")
    texts = [row["question"] for row in questions("dev")][:200]
    with tempfile.TemporaryDirectory() as folder:
        corpus, index = Path(folder) / "corpus", Path(folder) / "index"
        write_guides(corpus, options.guides)
        run(corpus, index, embedder)
        report(Retriever(Index.open(index), embedder), texts)
    together("minilm", texts)
    together(f"{PLAIN}minilm", texts)


if __name__ == "__main__":
    main()
