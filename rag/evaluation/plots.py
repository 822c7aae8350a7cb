"""A run, and the one before → plots as inline SVG in the colours of the page around them.

Here is decided where everything stands; `page/plot.svg.j2` writes it down.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from unicodedata import east_asian_width

import numpy as np

from rag.evaluation.evaluate import hit_by_k, risk_coverage
from rag.evaluation.metrics import METRICS, Array
from rag.evaluation.table import Table
from rag.evaluation.uncertainty import Estimate

WIDTH, HEIGHT = 480, 270
_TOP, _RIGHT, _BOTTOM, _LEFT = 30, 14, 44, 52
"""Pixels around what is drawn: title, and numbers with the name of the axis."""
_NAMELESS = 24
"""At the bottom, where the axis needs no name."""
_ROW = 22
"""Pixels of height of a row."""
_LETTER = 6.2
"""Pixels of width of a letter."""
_LONGEST = 30
"""Letters of a row's name; what goes beyond is cut off."""
_MOST_ROWS = 16


class Tick(NamedTuple):
    """A mark of an axis."""

    at: float
    label: str


class Scale(NamedTuple):
    """Values from low to high → pixels."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """Where a value stands."""
        share = (value - self.low) / (self.high - self.low)
        return round(self.start + share * (self.end - self.start), 1)

    @property
    def ticks(self) -> list[Tick]:
        """About five round values."""
        rough = (self.high - self.low) / 5
        power = 10.0 ** math.floor(math.log10(rough))
        step = power * next(times for times in (1, 2, 5, 10) if times * power >= rough * 0.97)
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return [Tick(self.at(n * step), f"{n * step:.10g}") for n in range(first, last + 1)]


@dataclass(frozen=True, slots=True)
class Curve:
    """A line, and the dots on it; what it is called stands in the legend."""

    name: str
    path: str
    dots: Sequence[tuple[float, float]] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """A figure, and its interval as a bar."""

    y: float
    low: float
    value: float
    high: float
    told: str


@dataclass(frozen=True, slots=True)
class Plot:
    """All that stands in a plot, in pixels."""

    title: str
    x: Scale
    y: Scale
    x_ticks: Sequence[Tick]
    y_ticks: Sequence[Tick]
    x_label: str = ""
    y_label: str = ""
    curves: Sequence[Curve] = ()
    rows: Sequence[Row] = ()
    note: tuple[float, float, str] | None = None
    """A dot, and what it means."""
    line: float | None = None
    """Where one runs from top to bottom."""

    @property
    def height(self) -> float:
        """Of the whole."""
        return self.y.start + (_BOTTOM if self.x_label else _NAMELESS)


def plots(
    table: Table, before: Table | None, slices: Mapping[str, Any], threshold: float | None
) -> list[Plot]:
    """Every plot there is data for.

    Args:
        table: the run.
        before: the baseline's table of the same questions in the same order, if there is one.
        slices: the figures by slice, as `metrics.json` has them.
        threshold: of the answers that were given; None where nothing was answered.
    """
    runs = {"now": table} | ({"before": before} if before else {})
    column = "total_ms" if "total_ms" in table.columns else "retrieve_ms"
    metric = "accuracy" if "accurate" in table.columns else "hit@5"
    found = [_retrieval(runs), _risk(runs, threshold), _latency(runs, column)]
    found += [_slices(by, parts, metric) for by, parts in slices.items()]
    if before:
        found.append(_changes(table, before))
    return [plot for plot in found if plot is not None]


Runs = Mapping[str, Table]


def _retrieval(runs: Runs) -> Plot | None:
    rates = {name: hit_by_k(table) for name, table in runs.items()}
    if not rates["now"]:
        return None
    x, y = _across(0.7, len(rates["now"]) + 0.3), _up(HEIGHT)
    dots = {
        name: [(x.at(k), y.at(rate)) for k, rate in enumerate(of_k, 1)]
        for name, of_k in rates.items()
    }
    return Plot(
        "Retrieval: hit rate by number of passages",
        x,
        y,
        [Tick(x.at(k), str(k)) for k in range(1, len(rates["now"]) + 1)],
        y.ticks,
        "passages looked at",
        "hit@k",
        [Curve(name, _straight(points), points) for name, points in dots.items() if points],
    )


def _risk(runs: Runs, threshold: float | None) -> Plot | None:
    curves = {name: risk_coverage(table) for name, table in runs.items()}
    if not curves["now"]:
        return None
    x, y = _across(0, 1), _up(HEIGHT)
    given = [point for point in curves["now"] if point.threshold >= (threshold or 0)]
    note = None
    if threshold and given:
        last = given[-1]
        note = (x.at(last.coverage), y.at(last.risk), f"threshold {threshold:.2g}")
    return Plot(
        "Risk and coverage, the most confident answers first",
        x,
        y,
        x.ticks,
        y.ticks,
        "coverage: share of questions answered",
        "risk: share of answers wrong",
        [
            Curve(name, _stepped((x.at(p.coverage), y.at(p.risk)) for p in points))
            for name, points in curves.items()
            if points
        ],
        note=note,
    )


def _latency(runs: Runs, column: str) -> Plot | None:
    times = {
        name: np.sort(known)
        for name, table in runs.items()
        if len(known := _known(table.columns.get(column, np.array([]))))
    }
    if not times:
        return None
    x, y = _across(0, 1.02 * max(float(each[-1]) for each in times.values()) or 1), _up(HEIGHT)
    return Plot(
        "Latency: share of questions done after so long",
        x,
        y,
        x.ticks,
        y.ticks,
        "ms",
        "share",
        [
            Curve(name, _stepped((x.at(ms), y.at(n / len(of))) for n, ms in enumerate(of, 1)))
            for name, of in times.items()
        ],
    )


def _slices(by: str, parts: Mapping[str, Any], metric: str) -> Plot | None:
    """The figure of each slice, where there are at least two."""
    named = {
        f"{_short(value)} ({part['questions']})": Estimate(**part["metrics"][metric])
        for value, part in parts.items()
        if metric in part["metrics"]
    }
    if len(named) < 2:
        return None
    shown = dict(list(named.items())[:_MOST_ROWS])
    return _rows(f"{metric} by {by.replace('_', ' ')}", shown, 0, 1)


def _changes(table: Table, before: Table) -> Plot | None:
    table, before = table.shared(before)
    found = table.changes(before)
    changes = {name: change for name, change in found.items() if not METRICS[name].unit}
    if not changes:
        return None
    most = max(max(-one.low, one.high) for one in changes.values()) or 0.1
    return _rows("Change since the baseline", changes, -1.05 * most, 1.05 * most)


def _rows(title: str, figures: Mapping[str, Estimate], low: float, high: float) -> Plot:
    left = 14 + max(_letters(name) for name in figures) * _LETTER
    x = Scale(low, high, left, WIDTH - _RIGHT)
    y = Scale(len(figures) - 0.5, -0.5, _TOP + _ROW * len(figures), _TOP)
    rows = [
        Row(
            y.at(row),
            x.at(one.low),
            x.at(one.value),
            x.at(one.high),
            f"{name}: {one.value:.3f}, {one.low:.3f} to {one.high:.3f}",
        )
        for row, (name, one) in enumerate(figures.items())
    ]
    names = [Tick(y.at(row), name) for row, name in enumerate(figures)]
    return Plot(title, x, y, x.ticks, names, rows=rows, line=x.at(0) if low < 0 else None)


def _across(low: float, high: float) -> Scale:
    return Scale(low, high, _LEFT, WIDTH - _RIGHT)


def _up(height: float) -> Scale:
    """Shares, from bottom to top, with room for a line along 1."""
    return Scale(0, 1.02, height - _BOTTOM, _TOP)


def _straight(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in points)


def _stepped(points: Iterator[tuple[float, float]]) -> str:
    """A level is kept until the next point."""
    (x, y), *rest = points
    return f"M{x:g} {y:g}" + "".join(f"H{x:g}V{y:g}" for x, y in rest)


def _short(tag: str) -> str:
    return tag if len(tag) <= _LONGEST else tag[: _LONGEST - 1] + "…"


def _letters(text: str) -> int:
    """How many letters wide; Chinese and Japanese ones count twice."""
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text)


def _known(column: Array) -> Array:
    return column[~np.isnan(column)]
