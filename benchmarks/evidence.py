"""How often the right quote is among the first, and the weights that make it so.

A quote is right when it holds an accepted short answer and stands in a gold source. The folds of
the cross-validation keep the questions of a product together.
"""

import argparse
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import logsumexp
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold

from benchmarks.questions import Row, gold_names, questions, scope_of
from rag import evidence
from rag.embedding import open_embedder
from rag.evaluation.words import says
from rag.evidence import Features, Selector, candidates
from rag.index import Index
from rag.retrieval import Retriever
from rag.types import Passage, Question, Span

Numbers = NDArray[np.float64]
FOLDS = 8
RIDGE = 1.0
SILENCE = 2.0
"""What a question without an answer counts, one with an answer counting 1."""


class Asked:
    """One question's candidates: features [n, features], and which are right."""

    def __init__(self, row: Row, retriever: Retriever, selector: Selector, passages: int) -> None:
        question = Question(row["question"], scope_of(row), tuple(row.get("history", ())))
        question, _ = retriever.planner.understand(question)
        found = candidates(retriever.retrieve(question, passages))
        self.answerable = bool(row["answerable"])
        self.features = np.array(selector.measure(question, found)).reshape(len(found), -1)
        accepted = [a for a in row["answers"] if a.casefold() not in ("yes", "no", "ja", "nein")]
        gold = gold_names(row["sources"])
        self.right = np.array(
            [
                self.answerable and _right(p, span, accepted or row["answers"], gold)
                for p, span in found
            ],
            bool,
        )
        self.quotes = [p.document.text[span.start : span.end].casefold() for p, span in found]
        first = row.get("product_id") or (row["sources"] or [row["id"]])[0]
        self.group = zlib.crc32(first.encode())

    def hit(self, scores: Numbers, k: int) -> bool:
        """Whether one of the k best different quotes is right."""
        seen: dict[str, bool] = {}
        for at in np.argsort(-scores, kind="stable"):
            seen.setdefault(self.quotes[at], bool(self.right[at]))
        return any(list(seen.values())[:k])


def _right(
    passage: Passage, span: Span, answers: Sequence[str], gold: list[tuple[str, int | None]]
) -> bool:
    document = passage.document
    page = document.page_at(span.start)
    stands = any(
        name in (document.id, document.source) and wanted in (None, page) for name, wanted in gold
    )
    return stands and bool(says(document.text[span.start : span.end], answers))


def report(name: str, asked: Sequence[Asked], scores: Sequence[Numbers]) -> None:
    """Print a line: hits, and how well the best score tells what can be answered."""
    can = [(a, s) for a, s in zip(asked, scores, strict=True) if a.answerable]
    hits = [np.mean([a.hit(s, k) for a, s in can]) for k in (1, 2, 3, 5)]
    best = np.array([s.max(initial=-99) for s in scores])
    answerable = np.array([a.answerable for a in asked])
    limits = [np.quantile(best[~answerable], share) for share in (0.7, 0.8, 0.9)]
    kept = [np.mean(best[answerable] >= limit) for limit in limits]
    print(
        f"{name:<10} hit@1/2/3/5 {' '.join(f'{hit:.3f}' for hit in hits)}  AUROC answerable "
        f"{roc_auc_score(answerable, best):.3f}  answered at .7/.8/.9 refused "
        f"{' '.join(f'{share:.2f}' for share in kept)} (thresholds "
        f"{' '.join(f'{1 / (1 + np.exp(-limit)):.2f}' for limit in limits)})"
    )


def fitted(asked: Sequence[Asked]) -> tuple[Numbers, float]:
    """Weights and bias: a softmax over a question's quotes and the silence, which scores 0.

    A right quote should win where there is one, else the silence. Ridge on standardised features.
    """
    every = np.concatenate([a.features for a in asked if len(a.features)])
    mean, spread = every.mean(axis=0), every.std(axis=0) + 1e-9
    questions = [((a.features - mean) / spread, a.right) for a in asked if len(a.features)]

    def loss(parameters: Numbers) -> tuple[float, Numbers]:
        weights, bias = parameters[:-1], parameters[-1]
        total, slope = RIDGE * float(weights @ weights), np.append(2 * RIDGE * weights, 0.0)
        for features, right in questions:
            scores = features @ weights + bias
            norm = logsumexp(np.append(scores, 0.0))
            push = np.exp(scores - norm)
            cost, importance = norm, SILENCE
            if right.any():
                of_right = logsumexp(scores[right])
                cost, importance = norm - of_right, 1.0
                push[right] -= np.exp(scores[right] - of_right)
            total += importance * cost
            slope += importance * np.append(push @ features, push.sum())
        return total, slope

    found = minimize(loss, np.zeros(every.shape[1] + 1), jac=True, method="L-BFGS-B").x
    weights = found[:-1] / spread
    return weights, float(found[-1] - weights @ mean)


def main() -> None:
    """Print how the weights in use do, how fitted ones do across folds, and those fitted to all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--index", type=Path, default=Path("index"))
    parser.add_argument("--split", choices=("dev", "test"), default="dev")
    parser.add_argument("--passages", type=int, default=10)
    options = parser.parse_args()
    retriever = Retriever(Index.open(options.index), open_embedder("minilm"))
    selector = Selector(retriever)
    asked = [Asked(row, retriever, selector, options.passages) for row in questions(options.split)]
    in_use = [a.features @ np.array(evidence.WEIGHTS) + evidence.BIAS for a in asked]
    report("in use", asked, in_use)
    if options.split == "test":  # nothing is ever fitted to it
        return
    groups = np.array([a.group for a in asked])
    held_out: list[Numbers] = [np.empty(0)] * len(asked)
    for train, rest in GroupKFold(FOLDS).split(groups, groups=groups):
        weights, bias = fitted([asked[at] for at in train])
        for at in rest:
            held_out[at] = asked[at].features @ weights + bias
    report("held out", asked, held_out)
    weights, bias = fitted(asked)
    report("fitted", asked, [a.features @ weights + bias for a in asked])
    print(f"BIAS = {bias:.2f}")
    for name, weight in zip(Features._fields, weights, strict=True):
        print(f"    {name}={weight:.2f},")


if __name__ == "__main__":
    main()
