"""How fast the embedder reads, and what int8 costs in quality, beside PyTorch on the same texts.

Run: python -m benchmarks.encoding. The runs take turns, so that other work on the machine hits all
alike; each figure is the median of its rounds. Compare ratios: times are this machine's.
"""

import argparse
import math
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.indexing import CORPUS, Given, run, texts_of
from benchmarks.questions import gold_names, questions, scope_of
from rag.embedding import PLAIN, Embedder, open_embedder
from rag.index import Index
from rag.models import resolve
from rag.passages import Rows
from rag.vectors import Vectors


def medians(actions: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Median seconds of each action, all of them done once in every round."""
    seconds: dict[str, list[float]] = {name: [] for name in actions}
    for _ in range(rounds):
        for name, action in actions.items():
            started = time.perf_counter()
            action()
            seconds[name].append(time.perf_counter() - started)
    return {name: statistics.median(taken) for name, taken in seconds.items()}


def print_times(seconds: dict[str, float], count: int) -> None:
    """A line for each, with its ratio to the first."""
    first = next(iter(seconds.values()))
    for name, taken in seconds.items():
        rate = f"{count / taken:8.1f} texts/s" if count > 1 else f"{1000 * taken:8.2f} ms"
        print(f"{name:>14}: {rate}, {first / taken:.2f} × as fast as {next(iter(seconds))}")


def gains(index: Index, embedder: Embedder) -> list[float]:
    """The nDCG@10 of each answerable dev question, by the vectors alone.

    A gold source counts once, at its best passage.
    """
    rows = [row for row in questions("dev") if row["answerable"]]
    chunks = list(index.passages.all_chunks())
    texts = [chunk.embedding_text for chunk in chunks]
    distinct = list(dict.fromkeys(texts))
    place = {text: at for at, text in enumerate(distinct)}
    vectors = embedder.encode_documents(distinct)[[place[text] for text in texts]]
    asked = embedder.encode_queries([row["question"] for row in rows])
    found = []
    for row, query in zip(rows, asked, strict=True):
        scope = index.passages.rows(scope_of(row))
        best = _best(query, vectors, scope)
        wanted = set(gold_names(row["sources"]))
        ideal = sum(1 / math.log2(2 + at) for at in range(min(len(wanted), 10)))
        gained = 0.0
        for at, passage in enumerate(best):
            document = index.passages.document(chunks[passage].document_id)
            pages = (None, chunks[passage].page)
            names = {(name, page) for name in (document.id, document.source) for page in pages}
            if wanted & names:
                gained += 1 / math.log2(2 + at)
                wanted -= names
        found.append(gained / ideal)
    return found


def _best(query: Vectors, vectors: Vectors, scope: Rows) -> list[int]:
    order = np.argsort(-(vectors[scope] @ query), kind="stable")
    return [int(row) for row in scope[order[:10]]]


def report_speed(bare: Callable[[Sequence[str]], object], texts: list[str], rounds: int) -> None:
    """Texts per second, and the time of one short question."""
    fast, plain = open_embedder("minilm"), open_embedder(PLAIN + "minilm")
    question = ["How long is the cord of the small kettle?"]
    encoders: dict[str, Callable[[Sequence[str]], object]] = {
        "bare": bare,
        plain.name: plain.encode_documents,
        fast.name: fast.encode_documents,
    }
    for given, count in ((question, 40), (texts, rounds)):
        for encode in encoders.values():
            encode(question)  # what only the first call costs
        actions = {name: partial(encode, given) for name, encode in encoders.items()}
        print_times(medians(actions, count), len(given))
    cosines = (fast.encode_documents(texts) * plain.encode_documents(texts)).sum(axis=1)
    print(f"cosine to {plain.name}: mean {cosines.mean():.4f}, least {cosines.min():.4f}")


def main() -> None:
    """Print speed, likeness and retrieval."""
    from sentence_transformers import SentenceTransformer

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--every", type=int, default=1, help="time only every n-th text")
    options = parser.parse_args()
    model = SentenceTransformer(str(resolve("minilm").folder))

    def bare(texts: Sequence[str]) -> object:
        return model.encode(list(texts), batch_size=32, show_progress_bar=False)

    with tempfile.TemporaryDirectory() as folder:
        run(CORPUS, Path(folder), Given())  # the passages; the vectors in it are not looked at
        texts = texts_of(Path(folder))[:: options.every]
        print(f"{len(texts)} texts of the sample shop")
        report_speed(bare, texts, options.rounds)
        index = Index.open(Path(folder))
        for name in (PLAIN + "minilm", "minilm"):
            found = gains(index, open_embedder(name))
            print(f"{name:>14}: nDCG@10 {statistics.mean(found):.4f} (dense, {len(found)} of dev)")
        index.close()


if __name__ == "__main__":
    main()
