"""Bootstrap intervals: the questions are drawn again, with replacement, seeded.

Percentile intervals of 95 % (Efron & Tibshirani 1993). Two runs are compared on the same draws of
the questions they share.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from rag.evaluation.metrics import Array, Columns, Mean, Metric, Quantile, means, quantiles

SAMPLES = 1000
LEVEL = 0.95
AT_ONCE, FEWEST = 400_000, 40
"""Numbers of a block of draws, 3 MB, and the fewest rows it has; metrics take a few times that."""
_SEED = 20_250_601


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure, or a difference of two, with its interval."""

    value: float
    low: float
    high: float
    n: int
    """How many questions it rests on."""


def draws(n: int) -> Iterable[Array]:
    """How often each of n questions is drawn, in blocks: [rows, n], rows sum to n; read-only.

    The blocks have 1 + SAMPLES rows together. The first is no sample but the questions as they
    are, each once. In memory the rows of a question lie side by side: metrics go through it by
    question. Those of many questions are not kept, and not all in memory at a time.
    """
    return _kept(n) if n * SAMPLES <= AT_ONCE else _blocks(n)


@lru_cache(maxsize=4)  # slices of the same size follow one another
def _kept(n: int) -> tuple[Array, ...]:
    return tuple(_blocks(n))


def _blocks(n: int) -> Iterator[Array]:
    generator = np.random.default_rng(_SEED)
    size = max(FEWEST, AT_ONCE // n)
    for start in range(0, SAMPLES, size):
        first, samples = int(start == 0), min(size, SAMPLES - start)
        drawn = generator.integers(0, n, size=(samples, n))
        drawn *= samples
        drawn += np.arange(samples)[:, None]
        weights = np.ones((n, first + samples))
        weights[:, first:] = np.bincount(drawn.ravel(), minlength=n * samples).reshape(n, samples)
        weights.flags.writeable = False
        yield weights.T


def estimates(metrics: Sequence[Metric], columns: Columns) -> dict[str, Estimate]:
    """Each figure and its interval, by the metric's name; those for which no question counts fail.

    Args:
        metrics: what.
        columns: of one or more questions, those of every metric among them.
    """
    return _estimates(metrics, columns, _values(metrics, columns)) if metrics else {}


def differences(metrics: Sequence[Metric], after: Columns, before: Columns) -> dict[str, Estimate]:
    """After minus before, of the same questions in the same order; those without a figure fail."""
    if not metrics:
        return {}
    return _estimates(metrics, after, _values(metrics, after) - _values(metrics, before))


def count(metric: Metric, columns: Columns) -> int:
    """How many questions have all the columns a metric is made of."""
    known = ~np.isnan(sum(columns[name] for name in metric.of))
    return int((known if metric.among is None else known & (columns[metric.among] == 1)).sum())


def _values(metrics: Sequence[Metric], columns: Columns) -> Array:
    """Each metric's figure for each row of `draws`: [metrics, rows], NaN where there is none."""
    n = len(columns[metrics[0].of[0]])
    return np.concatenate([_block(metrics, columns, weights) for weights in draws(n)], axis=1)


def _block(metrics: Sequence[Metric], columns: Columns, weights: Array) -> Array:
    found = np.empty((len(metrics), len(weights)))
    by_mean: dict[int, Mean] = {}
    by_quantile: dict[int, Quantile] = {}
    for row, metric in enumerate(metrics):
        match metric.value:
            case Mean() as value:
                by_mean[row] = value
            case Quantile() as value:
                by_quantile[row] = value
            case value:
                found[row] = value(columns, weights)
    if by_mean:
        found[list(by_mean)] = means(list(by_mean.values()), columns, weights)
    if by_quantile:
        found[list(by_quantile)] = quantiles(list(by_quantile.values()), columns, weights)
    return found


def _estimates(metrics: Sequence[Metric], columns: Columns, values: Array) -> dict[str, Estimate]:
    """From what `draws` gave, a row a metric; the interval is made to hold the figure."""
    figures = values[:, 0]
    lows, highs = _intervals(values[:, 1:])
    return {
        metric.name: Estimate(float(figure), float(low), float(high), count(metric, columns))
        for metric, figure, low, high in zip(
            metrics, figures, np.fmin(lows, figures), np.fmax(highs, figures), strict=True
        )
        if not np.isnan(figure)
    }


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
