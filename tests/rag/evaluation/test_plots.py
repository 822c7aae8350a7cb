"""Where things stand in a plot."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.evaluation.plots import Scale, plots
from rag.evaluation.table import Table


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6))
def test_ticks_are_a_few_even_steps_inside(low: float, span: float) -> None:
    scale = Scale(low, low + span, 0, 1000)
    places = [tick.at for tick in scale.ticks]
    assert 2 <= len(places) <= 6
    assert all(-0.1 <= at <= 1000.1 for at in places)
    assert np.diff(places) == pytest.approx([places[1] - places[0]] * (len(places) - 1), abs=0.2)


def test_values_stand_where_they_belong() -> None:
    scale = Scale(0, 10, 50, 450)
    assert [scale.at(value) for value in (0, 5, 10)] == [50, 250, 450]
    assert [tick.label for tick in scale.ticks] == ["0", "2", "4", "6", "8", "10"]


def test_each_question_raises_the_curve_of_latency() -> None:
    scores = {str(n): {"total_ms": ms, "hit@5": 1.0} for n, ms in enumerate((30.0, 10.0, 20.0))}
    tags = {"kind": ["a", "a", "b"]}
    figure = {"value": 1.0, "low": 0.5, "high": 1.0, "n": 1}
    parts = {kind: {"questions": 1, "metrics": {"hit@5": figure}} for kind in "ab"}
    latency, by_kind = plots(Table.of(scores, tags), None, {"kind": parts, "lang": {}}, None)
    (curve,) = latency.curves
    steps = [(latency.x.at(ms), latency.y.at(n / 3)) for n, ms in ((1, 10), (2, 20), (3, 30))]
    (x, y), *rest = steps
    assert curve.path == f"M{x:g} {y:g}" + "".join(f"H{x:g}V{y:g}" for x, y in rest)
    assert [(row.value, row.low) for row in by_kind.rows] == [
        (by_kind.x.at(1), by_kind.x.at(0.5))
    ] * 2
    assert by_kind.rows[0].told == "a (1): 1.000, 0.500 to 1.000"
