"""The table of metrics: each a function of the questions' columns and of weights.

With weights of one it gives the figure; with the counts of resampled questions, one figure a
sample: see `rag.evaluation.uncertainty`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from rag.evaluation.ranking import MEASURES

Array = NDArray[np.float64]
Columns = Mapping[str, Array]
"""Column → float64 [n], NaN where it does not apply to a question."""
Value = Callable[[Columns, Array], Array]
"""Columns and weights [samples, n] → one figure a sample: [samples], NaN where there is none."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A figure of a run."""

    name: str
    meaning: str
    of: tuple[str, ...]
    """The columns it is made of; a question counts where all of them apply."""
    value: Value
    higher_is_better: bool = True
    unit: str = ""
    """Empty for a share from 0 to 1."""
    among: str | None = None
    """The 0/1 column that says which questions it is a share of; None for all."""


@dataclass(frozen=True, slots=True)
class Mean:
    """The mean of a column over the questions it applies to, or over those where another is 1."""

    column: str
    among: str | None = None

    def __call__(self, columns: Columns, weights: Array) -> Array:
        """As a `Value`."""
        found: Array = means([self], columns, weights)[0]
        return found


def means(wanted: Sequence[Mean], columns: Columns, weights: Array) -> Array:
    """All of them in one product of matrices: [len(wanted), samples]."""
    values = np.stack([columns[mean.column] for mean in wanted])
    counts = ~np.isnan(values)
    for row, mean in enumerate(wanted):
        if mean.among:
            counts[row] &= columns[mean.among] == 1
    sums = np.concatenate([np.where(counts, values, 0.0), counts]) @ weights.T
    return _divided(sums[: len(wanted)], sums[len(wanted) :], np.nan)


def f1(column: str, other: str) -> Value:
    """Harmonic mean of the two shares of two 0/1 columns among each other."""

    def value(columns: Columns, weights: Array) -> Array:
        x, y = columns[column], columns[other]
        count = ~np.isnan(x) & ~np.isnan(y)
        both, either = (weights[:, count] @ sums[count] for sums in (2 * x * y, x + y))
        return _divided(both, either, np.nan)

    return value


@dataclass(frozen=True, slots=True)
class Quantile:
    """The least value of a column that a share `q` of the questions does not exceed."""

    column: str
    q: float

    def __call__(self, columns: Columns, weights: Array) -> Array:
        """As a `Value`."""
        found: Array = quantiles([self], columns, weights)[0]
        return found


def quantiles(wanted: Sequence[Quantile], columns: Columns, weights: Array) -> Array:
    """All of them, each column gone through once: [len(wanted), samples]."""
    found = np.full((len(wanted), len(weights)), np.nan)
    for column in {quantile.column for quantile in wanted}:
        x = columns[column]
        order = np.argsort(x, kind="stable")[: int((~np.isnan(x)).sum())]  # NaN is sorted last
        if not len(order):
            continue
        sums = _running(weights.T[order])
        for row, quantile in enumerate(wanted):
            if quantile.column == column:
                at = (sums < quantile.q * sums[-1] - 1e-9).sum(axis=0)
                values = x[order][np.minimum(at, len(order) - 1)]
                found[row] = np.where(sums[-1] > 0, values, np.nan)
    return found


def area_under_risk(columns: Columns, weights: Array) -> Array:
    """AURC: the mean of the selective risk over every coverage, the most confident first.

    Of equally confident answers the wrong ones come first, so that ties flatter nobody.
    """
    order = by_confidence(columns["confidence"], columns["wrong"])
    if not len(order):
        return np.full(len(weights), np.nan)
    chosen = weights.T[order]
    covered = _running(chosen.copy())
    errors = _running(chosen * columns["wrong"][order, None])
    risks = chosen * _divided(errors, covered, 0)
    return _divided(risks.sum(axis=0), covered[-1], np.nan)


def by_confidence(confidence: Array, wrong: Array) -> NDArray[np.intp]:
    """The answers that can be judged, most confident first, wrong before right in a tie."""
    order = np.lexsort((-wrong, -confidence))
    return order[~np.isnan(wrong[order]) & ~np.isnan(confidence[order])]


def _running(rows: Array) -> Array:
    """The sums of each row and those above it, in place: row by row, as memory has them."""
    for above, row in pairwise(rows):
        row += above
    return rows


def _divided(part: Array, whole: Array, otherwise: float) -> Array:
    ratio: Array = np.divide(part, whole, out=np.full_like(part, otherwise), where=whole > 0)
    return ratio


_RETRIEVAL = {
    "hit": "a passage of a gold source is among the first {k}",
    "recall": "share of the gold sources that have a passage among the first {k}",
    "mrr": "one over the rank of the first passage of a gold source, 0 beyond {k}",
    "ndcg": "normalised discounted cumulative gain of the first {k}, by the sources' grades",
}

METRICS = {
    metric.name: metric
    for metric in (
        *(
            Metric(
                name,
                _RETRIEVAL[name.partition("@")[0]].format(k=name.partition("@")[2]),
                (name,),
                Mean(name),
            )
            for name in MEASURES
        ),
        Metric(
            "accuracy",
            "right answer to an answerable question, silence on an unanswerable one",
            ("accurate",),
            Mean("accurate"),
        ),
        Metric(
            "correct",
            "of answerable questions: an accepted answer, and a gold source cited on its page",
            ("correct",),
            Mean("correct"),
        ),
        Metric(
            "quote_correct",
            "as `correct`, the accepted answer standing in the quoted words",
            ("quote_correct",),
            Mean("quote_correct"),
        ),
        Metric(
            "contains",
            "of answerable questions: holds an accepted answer (yes and no first); numbers and "
            "units may be written otherwise",
            ("contains",),
            Mean("contains"),
        ),
        Metric(
            "exact_match",
            "of answerable questions: is an accepted answer, but for case, punctuation, articles",
            ("exact_match",),
            Mean("exact_match"),
        ),
        Metric(
            "token_f1",
            "of answerable questions: best F1 of the tokens shared with an accepted answer",
            ("token_f1",),
            Mean("token_f1"),
        ),
        Metric(
            "citation_precision",
            "of answers to questions with gold sources: share of citations of a gold source",
            ("citation_precision",),
            Mean("citation_precision"),
        ),
        Metric(
            "citation_recall",
            "of the same: share of the gold sources that are cited",
            ("citation_recall",),
            Mean("citation_recall"),
        ),
        Metric(
            "entailment_precision",
            "of answers: share of citation marks that carry their sentence, by rule",
            ("entailment_precision",),
            Mean("entailment_precision"),
        ),
        Metric(
            "entailment_recall",
            "of answers: share of sentences that the words they cite entail, by rule",
            ("entailment_recall",),
            Mean("entailment_recall"),
        ),
        Metric(
            "wrong_product",
            "of answers about a product: cites a document of another product",
            ("wrong_product",),
            Mean("wrong_product"),
            higher_is_better=False,
        ),
        Metric(
            "answered",
            "of answerable questions: share that is answered",
            ("answered", "answerable"),
            Mean("answered", "answerable"),
            among="answerable",
        ),
        Metric(
            "abstention_precision",
            "of questions met with silence: share that is unanswerable",
            ("abstained", "unanswerable"),
            Mean("unanswerable", "abstained"),
            among="abstained",
        ),
        Metric(
            "abstention_recall",
            "of unanswerable questions: share met with silence",
            ("abstained", "unanswerable"),
            Mean("abstained", "unanswerable"),
            among="unanswerable",
        ),
        Metric(
            "abstention_f1",
            "harmonic mean of the two",
            ("abstained", "unanswerable"),
            f1("abstained", "unanswerable"),
        ),
        Metric(
            "selective_risk",
            "of answers: share that is wrong, or given where the documents say nothing",
            ("wrong",),
            Mean("wrong"),
            higher_is_better=False,
        ),
        Metric(
            "aurc",
            "area under the risk–coverage curve: mean of the selective risk over every coverage "
            "reached, most confident answers first",
            ("wrong", "confidence"),
            area_under_risk,
            higher_is_better=False,
        ),
        *(
            Metric(
                f"{stage}_p{percent}",
                f"{percent} % of the questions took at most so long {what}",
                (f"{column}_ms",),
                Quantile(f"{column}_ms", percent / 100),
                higher_is_better=False,
                unit="ms",
            )
            for stage, column, what in (
                ("latency", "total", "from question to answer"),
                ("retrieval", "retrieve", "to retrieve"),
            )
            for percent in (50, 95)
        ),
        *(
            Metric(f"{name}_tokens", meaning, (f"{name}_tokens",), Mean(f"{name}_tokens"),
                   higher_is_better=False, unit="tokens")
            for name, meaning in (
                ("answer", "mean length of an answer, in the embedder's tokens"),
                ("prompt", "mean length of the prompts of a question, as the generator reports it"),
                ("draft", "mean length of its drafts, as the generator reports it"),
            )
        ),
    )
}  # fmt: skip
"""Every metric by its name; docs/evaluation.md has the same table."""
