"""Bootstrap intervals: the questions are drawn again, with replacement, seeded.

Percentile intervals of 95 % (Efron & Tibshirani 1993). Two runs are compared on the same draws of
the questions they share.
"""

from dataclasses import dataclass

import numpy as np

from rag.evaluation.metrics import Array, Columns, Metric

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


def draws(n: int) -> Array:
    """How often each of n questions is drawn in each sample: [SAMPLES, n], rows sum to n."""
    generator = np.random.default_rng(_SEED)
    drawn = generator.integers(0, n, size=(SAMPLES, n))
    rows = np.arange(SAMPLES)[:, None] * n
    counts = np.bincount((drawn + rows).ravel(), minlength=SAMPLES * n)
    return counts.reshape(SAMPLES, n).astype(np.float64)


def estimate(metric: Metric, columns: Columns, weights: Array) -> Estimate | None:
    """The figure and its interval; None where no question counts.

    Args:
        metric: what.
        columns: of n questions.
        weights: `draws(n)`.
    """
    value = _value(metric, columns)
    if value is None:
        return None
    low, high = _interval(metric.value(columns, weights))
    return Estimate(value, min(low, value), max(high, value), count(metric, columns))


def difference(metric: Metric, after: Columns, before: Columns, weights: Array) -> Estimate | None:
    """After minus before, of the same questions in the same order."""
    new, old = _value(metric, after), _value(metric, before)
    if new is None or old is None:
        return None
    low, high = _interval(metric.value(after, weights) - metric.value(before, weights))
    value = new - old
    return Estimate(value, min(low, value), max(high, value), count(metric, after))


def count(metric: Metric, columns: Columns) -> int:
    """How many questions have all the columns a metric is made of."""
    known = np.all([~np.isnan(columns[name]) for name in metric.of], axis=0)
    return int((known if metric.among is None else known & (columns[metric.among] == 1)).sum())


def _value(metric: Metric, columns: Columns) -> float | None:
    n = len(columns[metric.of[0]])
    (value,) = metric.value(columns, np.ones((1, n)))
    return None if np.isnan(value) else float(value)


def _interval(values: Array) -> tuple[float, float]:
    """Of the samples in which the figure exists."""
    edge = (1 - LEVEL) / 2
    low, high = np.nanquantile(values, [edge, 1 - edge])
    return float(low), float(high)
