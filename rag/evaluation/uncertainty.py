"""Bootstrap intervals: the questions are drawn again, with replacement, seeded.

Percentile intervals of 95 % (Efron & Tibshirani 1993). Two runs are compared on the same draws of
the questions they share.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rag.evaluation.metrics import Array, Columns, Metric, Ratio, ratios

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
    """How often each of n questions is drawn in each sample: [SAMPLES, n], rows sum to n.

    In memory the samples of a question lie side by side: metrics go through it by question.
    """
    generator = np.random.default_rng(_SEED)
    drawn = generator.integers(0, n, size=(SAMPLES, n))
    samples = np.arange(SAMPLES)[:, None]
    counts = np.bincount((drawn * SAMPLES + samples).ravel(), minlength=n * SAMPLES)
    return counts.reshape(n, SAMPLES).astype(np.float64).T


def estimates(metrics: Sequence[Metric], columns: Columns, weights: Array) -> dict[str, Estimate]:
    """Each figure and its interval, by the metric's name; those for which no question counts fail.

    Args:
        metrics: what.
        columns: of n questions, those of every metric among them.
        weights: `draws(n)`.
    """
    values = _values(metrics, columns, np.ones((1, weights.shape[1])))[:, 0]
    lows, highs = _intervals(_values(metrics, columns, weights))
    return {
        metric.name: Estimate(
            float(value), float(min(low, value)), float(max(high, value)), count(metric, columns)
        )
        for metric, value, low, high in zip(metrics, values, lows, highs, strict=True)
        if not np.isnan(value)
    }


def difference(metric: Metric, after: Columns, before: Columns, weights: Array) -> Estimate | None:
    """After minus before, of the same questions in the same order; None where one has no figure."""
    once = np.ones((1, weights.shape[1]))
    ((value,),) = _values([metric], after, once) - _values([metric], before, once)
    if np.isnan(value):
        return None
    samples = _values([metric], after, weights) - _values([metric], before, weights)
    (low,), (high,) = _intervals(samples)
    return Estimate(
        float(value), float(min(low, value)), float(max(high, value)), count(metric, after)
    )


def count(metric: Metric, columns: Columns) -> int:
    """How many questions have all the columns a metric is made of."""
    known = np.all([~np.isnan(columns[name]) for name in metric.of], axis=0)
    return int((known if metric.among is None else known & (columns[metric.among] == 1)).sum())


def _values(metrics: Sequence[Metric], columns: Columns, weights: Array) -> Array:
    """Each metric's figure in each sample: [metrics, samples], NaN where there is none."""
    found = np.empty((len(metrics), len(weights)))
    at_once: dict[int, Ratio] = {}
    for row, metric in enumerate(metrics):
        if isinstance(metric.value, Ratio):
            at_once[row] = metric.value
        else:
            found[row] = metric.value(columns, weights)
    if at_once:
        found[list(at_once)] = ratios(list(at_once.values()), columns, weights)
    return found


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
