"""A run, and the one before → plots as inline SVG in the colours of the page around them."""

import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rag.evaluation.evaluate import hit_by_k, risk_coverage
from rag.evaluation.metrics import METRICS, Array
from rag.evaluation.table import SLICES, Table
from rag.evaluation.uncertainty import Estimate

_INK, _LINE, _NOW, _BEFORE = "#010101", "#020202", "#030303", "#040404"
_COLOURS = {
    _INK: "currentColor",
    _LINE: "var(--line)",
    _NOW: "var(--now)",
    _BEFORE: "var(--before)",
}
"""What stands in for a colour of the page while it is drawn."""
_STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "shelftalk",
    "font.size": 11,
    "text.color": _INK,
    "axes.edgecolor": _LINE,
    "axes.labelcolor": _INK,
    "axes.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.titlelocation": "left",
    "axes.titlesize": 12,
    "axes.titleweight": "bold",
    "grid.color": _LINE,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "legend.frameon": False,
    "figure.facecolor": "none",
    "lines.linewidth": 2,
}
_MOST_BARS = 16


def draw(table: Table, before: Table | None, threshold: float | None) -> list[str]:
    """Every plot there is data for.

    Args:
        table: the run.
        before: the baseline's table of the same questions in the same order, if there is one.
        threshold: of the answers that were given; None where nothing was answered.
    """
    runs = [("now", table, _NOW)] + ([("before", before, _BEFORE)] if before else [])
    plots = []
    with mpl.rc_context(_STYLE):
        if hit_by_k(table):
            plots.append(_retrieval(runs))
        if risk_coverage(table):
            plots.append(_risk(runs, threshold))
        column = "total_ms" if "total_ms" in table.columns else "retrieve_ms"
        plots.append(_latency(runs, column))
        metric = "accuracy" if "accurate" in table.columns else "hit@5"
        plots += [
            _slices(by, parts, metric) for by in SLICES if (parts := _parts(table, by, metric))
        ]
        if before and (changes := _changes(table, before)):
            plots.append(_before_and_after(changes))
    return [_inline(svg, number) for number, svg in enumerate(plots)]


Runs = Sequence[tuple[str, Table, str]]


def _retrieval(runs: Runs) -> str:
    figure, axes = _axes("Retrieval: hit rate by number of passages")
    for name, table, colour in runs:
        rates = hit_by_k(table)
        axes.plot(range(1, len(rates) + 1), rates, color=colour, marker="o", label=name)
    axes.set(xlabel="passages looked at", ylabel="hit@k", ylim=(0, 1.02))
    return _svg(figure, axes, len(runs))


def _risk(runs: Runs, threshold: float | None) -> str:
    figure, axes = _axes("Risk and coverage, the most confident answers first")
    for name, table, colour in runs:
        points = risk_coverage(table)
        axes.step([p.coverage for p in points], [p.risk for p in points], color=colour,
                  where="post", label=name)  # fmt: skip
    points = [point for point in risk_coverage(runs[0][1]) if point.threshold >= (threshold or 0)]
    if threshold and points:
        axes.plot(points[-1].coverage, points[-1].risk, "o", color=_NOW)
        axes.annotate(f"threshold {threshold:.2g}", (points[-1].coverage, points[-1].risk),
                      xytext=(0, 8), textcoords="offset points", ha="right")  # fmt: skip
    axes.set(xlabel="coverage: share of questions answered", ylabel="risk: share of answers wrong")
    axes.set(xlim=(0, 1.02), ylim=(0, 1.02))
    return _svg(figure, axes, len(runs))


def _latency(runs: Runs, column: str) -> str:
    figure, axes = _axes("Latency: share of questions done after so long")
    for name, table, colour in runs:
        times = np.sort(_known(table.columns.get(column, np.array([]))))
        if len(times):
            shares = np.arange(1, len(times) + 1) / len(times)
            axes.step(times, shares, color=colour, where="post", label=name)
    axes.set(xlabel="ms", ylabel="share", ylim=(0, 1.02))
    axes.set_xlim(left=0)
    return _svg(figure, axes, len(runs))


def _parts(table: Table, by: str, metric: str) -> dict[str, tuple[int, Estimate]]:
    """The figure of each slice, where there are at least two."""
    found = {
        value: (len(part.ids), figure)
        for value, part in table.slices(by).items()
        if (figure := part.figure(metric)) is not None
    }
    return dict(list(found.items())[:_MOST_BARS]) if len(found) > 1 else {}


def _slices(by: str, parts: Mapping[str, tuple[int, Estimate]], metric: str) -> str:
    figure, axes = _axes(f"{metric} by {by.replace('_', ' ')}", height=1.2 + 0.3 * len(parts))
    for row, (_, one) in enumerate(parts.values()):
        axes.plot([one.low, one.high], [row, row], color=_NOW, linewidth=6, alpha=0.3)
        axes.plot(one.value, row, "o", color=_NOW)
    axes.set_yticks(range(len(parts)), [f"{_safe(v)} ({n})" for v, (n, _) in parts.items()])
    axes.invert_yaxis()
    axes.set(xlim=(-0.02, 1.02))
    return _svg(figure, axes, 1)


def _changes(table: Table, before: Table) -> dict[str, Estimate]:
    table, before = table.shared(before)
    found = {name: table.change(name, before) for name, m in METRICS.items() if not m.unit}
    return {name: change for name, change in found.items() if change is not None}


def _before_and_after(changes: Mapping[str, Estimate]) -> str:
    figure, axes = _axes("Change since the baseline", height=1.2 + 0.3 * len(changes))
    axes.axvline(0, color=_INK, linewidth=1)
    for row, one in enumerate(changes.values()):
        axes.plot([one.low, one.high], [row, row], color=_NOW, linewidth=6, alpha=0.3)
        axes.plot(one.value, row, "o", color=_NOW)
    axes.set_yticks(range(len(changes)), list(changes))
    axes.invert_yaxis()
    return _svg(figure, axes, 1)


def _axes(title: str, height: float = 3.4) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(6, height), layout="constrained")
    axes = figure.add_subplot()
    axes.set_title(title)
    return figure, axes


def _svg(figure: Figure, axes: Axes, runs: int) -> str:
    if runs > 1:
        axes.legend()
    file = io.StringIO()
    figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    return file.getvalue()


def _inline(svg: str, number: int) -> str:
    """Without what only a file of its own needs; ids of its own; colours of the page."""
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg[svg.index("<svg") :], flags=re.DOTALL)
    svg = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>plot{number}-", svg)
    svg = re.sub(r'^<svg([^>]*?) width="[^"]*"', r"<svg\1", svg)
    svg = re.sub(r'^<svg([^>]*?) height="[^"]*"', r'<svg role="img"\1', svg)
    for drawn, shown in _COLOURS.items():
        svg = svg.replace(drawn, shown)
    return svg


def _safe(tag: str) -> str:
    """Without the dollar signs that matplotlib reads as formulas; short."""
    return tag.replace("$", r"\$")[:30]


def _known(column: Array) -> Array:
    return column[~np.isnan(column)]
