"""Bootstrap intervals: the questions are drawn again, with replacement, seeded.

Percentile intervals of 95 % (Efron & Tibshirani 1993). Two runs are compared on the same draws of
the questions they share.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from rag.evaluation.metrics import Array, Columns, Mean, Metric, means

SAMPLES = 1000
LEVEL = 0.95
_SEED = 20_250_601


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure, or a difference of two, with its interval."""

    value: float
    low: float
    high: float
    n: int
    """How many questions it rests on."""


@lru_cache(maxsize=4)  # slices of the same size follow one another
def draws(n: int) -> Array:
    """How often each of n questions is drawn: [1 + SAMPLES, n], rows sum to n; read-only.

    The first row is no sample but the questions as they are, each once. In memory the rows of a
    question lie side by side: metrics go through it by question.
    """
    generator = np.random.default_rng(_SEED)
    drawn = generator.integers(0, n, size=(SAMPLES, n))
    samples = np.arange(SAMPLES)[:, None]
    counts = np.bincount((drawn * SAMPLES + samples).ravel(), minlength=n * SAMPLES)
    weights = np.ones((n, 1 + SAMPLES))
    weights[:, 1:] = counts.reshape(n, SAMPLES)
    weights.flags.writeable = False
    return weights.T


def estimates(metrics: Sequence[Metric], columns: Columns, weights: Array) -> dict[str, Estimate]:
    """Each figure and its interval, by the metric's name; those for which no question counts fail.

    Args:
        metrics: what.
        columns: of n questions, those of every metric among them.
        weights: `draws(n)`.
    """
    values = _values(metrics, columns, weights)
    found = _estimates(values, [count(metric, columns) for metric in metrics])
    return {
        metric.name: estimate
        for metric, estimate in zip(metrics, found, strict=True)
        if estimate is not None
    }


def difference(metric: Metric, after: Columns, before: Columns, weights: Array) -> Estimate | None:
    """After minus before, of the same questions in the same order; None where one has no figure."""
    values = _values([metric], after, weights) - _values([metric], before, weights)
    (found,) = _estimates(values, [count(metric, after)])
    return found


def count(metric: Metric, columns: Columns) -> int:
    """How many questions have all the columns a metric is made of."""
    known = ~np.isnan(sum(columns[name] for name in metric.of))
    return int((known if metric.among is None else known & (columns[metric.among] == 1)).sum())


def _values(metrics: Sequence[Metric], columns: Columns, weights: Array) -> Array:
    """Each metric's figure for each row of weights: [metrics, rows], NaN where there is none."""
    found = np.empty((len(metrics), len(weights)))
    at_once: dict[int, Mean] = {}
    for row, metric in enumerate(metrics):
        if isinstance(metric.value, Mean):
            at_once[row] = metric.value
        else:
            found[row] = metric.value(columns, weights)
    if at_once:
        found[list(at_once)] = means(list(at_once.values()), columns, weights)
    return found


def _estimates(values: Array, counts: Sequence[int]) -> list[Estimate | None]:
    """From what `draws` gave, a row each; the interval is made to hold the figure."""
    figures = values[:, 0]
    lows, highs = _intervals(values[:, 1:])
    return [
        None if np.isnan(figure) else Estimate(float(figure), float(low), float(high), n)
        for figure, low, high, n in zip(
            figures, np.fmin(lows, figures), np.fmax(highs, figures), counts, strict=True
        )
    ]


def _intervals(values: Array) -> tuple[Array, Array]:
    """Of the samples in which a figure exists, a row each: what np.nanquantile says, but faster."""
    ordered = np.sort(values, axis=1)  # NaN is sorted last
    last = (~np.isnan(values)).sum(axis=1, keepdims=True) - 1
    edge = (1 - LEVEL) / 2
    at = last * np.array([edge, 1 - edge])
    below = np.floor(at).astype(int)
    low, high = (np.take_along_axis(ordered, np.minimum(below + up, last), axis=1) for up in (0, 1))
    ends = low + (at - below) * (high - low)
    return ends[:, 0], ends[:, 1]
