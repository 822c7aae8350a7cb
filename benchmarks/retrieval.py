"""How well retrieval ranks: vectors, BM25 and their fusions, each chunk size, on a question set.

By default the sample shop's dev split. `--corpus` takes a folder with `corpus.jsonl` and `qa.jsonl`
(rows of `doc_id`, `title`, `text`, and of `question`, `gold_doc_ids`), or a TSV file of candidates
with `label` 0 or 1 to rank for a question (hetPQA).
"""

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import ir_measures
import numpy as np
from ir_measures import RR, Measure, Success, nDCG
from scipy.stats import bootstrap

from benchmarks.indexing import Stages
from benchmarks.tasks import Asked, Task, opened
from indexer.build import build
from rag import fusion
from rag.config import Indexing, Settings
from rag.embedding import Embedder, open_embedder
from rag.index import Index
from rag.retrieval import Retriever
from rag.types import Passage
from rag.vectors import Scores

MEASURES: tuple[Measure, ...] = (Success @ 1, Success @ 3, Success @ 5, RR @ 10, nDCG @ 10)


def of_vectors(dense: Scores, lexical: Scores, most: float, weight: float) -> Scores:
    """The cosine alone."""
    return _spread(dense)


def of_words(dense: Scores, lexical: Scores, most: float, weight: float) -> Scores:
    """BM25 alone."""
    return _spread(lexical)


def by_rank(dense: Scores, lexical: Scores, most: float, weight: float) -> Scores:
    """Reciprocal rank fusion with the usual 60, both sides alike."""
    ranks = (np.argsort(np.argsort(-scores)) for scores in (dense, lexical))
    return _spread(np.asarray(sum(1 / (60 + rank) for rank in ranks), np.float32))


def by_range(own: float) -> fusion.Fuse:
    """Both scaled to 0–1 among the candidates; BM25 has this weight."""

    def fused(dense: Scores, lexical: Scores, most: float, weight: float) -> Scores:
        return _spread((1 - own) * _spread(dense) + own * _spread(lexical))

    return fused


def by_deviation(own: float) -> fusion.Fuse:
    """Both as deviations from the candidates' mean; BM25 has this weight."""

    def fused(dense: Scores, lexical: Scores, most: float, weight: float) -> Scores:
        first, second = ((one - one.mean()) / (one.std() or 1) for one in (dense, lexical))
        return _spread((1 - own) * first + own * second)

    return fused


def by_coverage(own: float) -> fusion.Fuse:
    """As the engine does, at one weight for every question."""
    return lambda dense, lexical, most, weight: fusion.by_coverage(dense, lexical, most, own)


def _spread(scores: Scores) -> Scores:
    """The same order on the scale that precedence is made for: from 0 to 0.5."""
    return np.asarray((scores - scores.min()) / (np.ptp(scores) or 1) / 2, np.float32)


def fusions() -> Iterator[tuple[str, fusion.Fuse]]:
    """All that are compared, by name."""
    yield "vectors alone", of_vectors
    yield "BM25 alone", of_words
    yield "reciprocal ranks", by_rank
    for weight in (0.15, 0.3, 0.5):
        yield f"min–max {weight}", by_range(weight)
        yield f"deviations {weight}", by_deviation(weight)
    for weight in (0.4, 0.5, 0.6, 0.7, 0.8):
        yield f"coverage {weight}", by_coverage(weight)
    yield "the engine's", fusion.by_coverage


def measured(retriever: Retriever, asked: Sequence[Asked]) -> dict[Measure, list[float]]:
    """Every measure of every question."""
    truth = [ir_measures.Qrel(one.id, gold, 1) for one in asked for gold in one.wanted]
    found = [
        ir_measures.ScoredDoc(one.id, name, -rank)
        for one in asked
        for rank, name in _names(one, retriever.retrieve(one.question, 10))
    ]
    by_question: dict[Measure, dict[str, float]] = {measure: {} for measure in MEASURES}
    for metric in ir_measures.iter_calc(MEASURES, truth, found):
        by_question[metric.measure][metric.query_id] = metric.value
    return {m: [values.get(one.id, 0.0) for one in asked] for m, values in by_question.items()}


def _names(one: Asked, passages: Sequence[Passage]) -> Iterator[tuple[int, str]]:
    """The rank at which each name comes first."""
    seen: set[str] = set()
    for passage in passages:
        name = one.name_of(passage)
        if name not in seen:
            seen.add(name)
            yield passage.rank, name


def with_interval(values: Sequence[float]) -> str:
    """The mean and its 95 % interval over the questions (bootstrap)."""
    if len(set(values)) == 1:
        return f"{values[0]:.3f} (–)"
    drawn = bootstrap((values,), np.mean, n_resamples=2000, rng=1, method="percentile")
    low, high = drawn.confidence_interval
    return f"{np.mean(values):.3f} ({low:.2f}–{high:.2f})"


def line(name: str, retriever: Retriever, task: Task) -> None:
    """Print one row of the table."""
    figures = (with_interval(values) for values in measured(retriever, task.asked).values())
    print(f"| {name} | " + " | ".join(figures) + " |", flush=True)


def compare(task: Task, embedder: Embedder, sizes: Sequence[int], every: bool) -> None:
    """Index the task's documents at each chunk size and print the rows."""
    print(f"| {len(task.asked)} questions | hit@1 | hit@3 | hit@5 | MRR@10 | nDCG@10 |")
    print("|---|---|---|---|---|---|")
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            settings = Settings(index=Path(folder), indexing=Indexing(chunk_tokens=size))
            build([task.corpus], settings, embedder, Stages())
            index = Index.open(Path(folder))
            if every and size == sizes[0]:
                for name, fuse in fusions():
                    line(name, Retriever(index, embedder, fuse=fuse), task)
            else:
                name = f"chunks of {size} tokens ({index.manifest.chunks})"
                line(name, Retriever(index, embedder), task)
            index.close()


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, help="else the sample shop")
    parser.add_argument("--split", choices=("dev", "test"), default="dev")
    parser.add_argument("--sizes", type=int, nargs="*", default=[120], help="of chunks, in tokens")
    parser.add_argument("--fusions", action="store_true", help="compare them at the first size")
    parser.add_argument("--embedder", default="minilm")
    options = parser.parse_args()
    with opened(options.corpus, options.split) as task:
        compare(task, open_embedder(options.embedder), options.sizes, options.fusions)


if __name__ == "__main__":
    main()
