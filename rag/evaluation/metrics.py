"""The table of metrics: each a function of the questions' columns and of weights.

With weights of one it gives the figure; with the counts of resampled questions, one figure a
sample: see `rag.evaluation.uncertainty`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

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


def mean(column: str) -> Value:
    """The mean of a column over the questions it applies to."""

    def value(columns: Columns, weights: Array) -> Array:
        known = ~np.isnan(columns[column])
        chosen = weights[:, known]
        return _ratio(chosen @ columns[column][known], chosen.sum(axis=1))

    return value


def share_among(column: str, group: str) -> Value:
    """The mean of one 0/1 column over the questions where another is 1."""

    def value(columns: Columns, weights: Array) -> Array:
        x, y = columns[column], columns[group]
        among = (y == 1) & ~np.isnan(x)
        return _ratio(weights[:, among] @ x[among], weights[:, among].sum(axis=1))

    return value


def f1(column: str, other: str) -> Value:
    """Harmonic mean of the two shares of two 0/1 columns among each other."""

    def value(columns: Columns, weights: Array) -> Array:
        x, y = columns[column], columns[other]
        known = ~np.isnan(x) & ~np.isnan(y)
        chosen, x, y = weights[:, known], x[known], y[known]
        return _ratio(2 * (chosen @ (x * y)), chosen @ (x + y))

    return value


def quantile(column: str, q: float) -> Value:
    """The least value that a share `q` of the questions does not exceed."""

    def value(columns: Columns, weights: Array) -> Array:
        x = columns[column]
        order = np.argsort(x, kind="stable")[: int((~np.isnan(x)).sum())]  # NaN is sorted last
        if not len(order):
            return np.full(len(weights), np.nan)
        sums = np.cumsum(weights[:, order], axis=1)
        at = (sums < q * sums[:, -1:] - 1e-9).sum(axis=1)
        found = x[order][np.minimum(at, len(order) - 1)]
        return np.where(sums[:, -1] > 0, found, np.nan)

    return value


def area_under_risk(columns: Columns, weights: Array) -> Array:
    """AURC: the mean of the selective risk over every coverage, the most confident first.

    Of equally confident answers the wrong ones come first, so that ties flatter nobody.
    """
    order = by_confidence(columns["confidence"], columns["wrong"])
    chosen = weights[:, order]
    covered = np.cumsum(chosen, axis=1)
    errors = np.cumsum(chosen * columns["wrong"][order], axis=1)
    risk = np.divide(errors, covered, out=np.zeros_like(errors), where=covered > 0)
    return _ratio((chosen * risk).sum(axis=1), chosen.sum(axis=1))


def by_confidence(confidence: Array, wrong: Array) -> NDArray[np.intp]:
    """The answers that can be judged, most confident first, wrong before right in a tie."""
    order = np.lexsort((-wrong, -confidence))
    return order[~np.isnan(wrong[order]) & ~np.isnan(confidence[order])]


def _ratio(part: Array, whole: Array) -> Array:
    ratio: Array = np.divide(part, whole, out=np.full(len(whole), np.nan), where=whole > 0)
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
                mean(name),
            )
            for name in MEASURES
        ),
        Metric(
            "accuracy",
            "right answer to an answerable question, silence on an unanswerable one",
            ("accurate",),
            mean("accurate"),
        ),
        Metric(
            "correct",
            "of answerable questions: an accepted answer, and a gold source cited on its page",
            ("correct",),
            mean("correct"),
        ),
        Metric(
            "quote_correct",
            "as `correct`, the accepted answer standing in the quoted words",
            ("quote_correct",),
            mean("quote_correct"),
        ),
        Metric(
            "contains",
            "of answerable questions: holds an accepted answer (yes and no first); numbers and "
            "units may be written otherwise",
            ("contains",),
            mean("contains"),
        ),
        Metric(
            "exact_match",
            "of answerable questions: is an accepted answer, but for case, punctuation, articles",
            ("exact_match",),
            mean("exact_match"),
        ),
        Metric(
            "token_f1",
            "of answerable questions: best F1 of the tokens shared with an accepted answer",
            ("token_f1",),
            mean("token_f1"),
        ),
        Metric(
            "citation_precision",
            "of answers to questions with gold sources: share of citations of a gold source",
            ("citation_precision",),
            mean("citation_precision"),
        ),
        Metric(
            "citation_recall",
            "of the same: share of the gold sources that are cited",
            ("citation_recall",),
            mean("citation_recall"),
        ),
        Metric(
            "entailment_precision",
            "of answers: share of citation marks that carry their sentence, by rule",
            ("entailment_precision",),
            mean("entailment_precision"),
        ),
        Metric(
            "entailment_recall",
            "of answers: share of sentences that the words they cite entail, by rule",
            ("entailment_recall",),
            mean("entailment_recall"),
        ),
        Metric(
            "wrong_product",
            "of answers about a product: cites a document of another product",
            ("wrong_product",),
            mean("wrong_product"),
            higher_is_better=False,
        ),
        Metric(
            "answered",
            "of answerable questions: share that is answered",
            ("answered", "answerable"),
            share_among("answered", "answerable"),
            among="answerable",
        ),
        Metric(
            "abstention_precision",
            "of questions met with silence: share that is unanswerable",
            ("abstained", "unanswerable"),
            share_among("unanswerable", "abstained"),
            among="abstained",
        ),
        Metric(
            "abstention_recall",
            "of unanswerable questions: share met with silence",
            ("abstained", "unanswerable"),
            share_among("abstained", "unanswerable"),
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
            mean("wrong"),
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
                quantile(f"{column}_ms", percent / 100),
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
            Metric(f"{name}_tokens", meaning, (f"{name}_tokens",), mean(f"{name}_tokens"),
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
