"""Figures, curves and intervals against what was worked out by hand."""

import re
import tracemalloc
from dataclasses import astuple
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.evaluation import selective, uncertainty
from rag.evaluation.metrics import METRICS, Array, Mean, Quantile, area_under_risk, f1
from rag.evaluation.uncertainty import SAMPLES, differences, draws, estimates

NAN = float("nan")


def column(*values: float) -> Array:
    return np.array(values, dtype=np.float64)


def ones(n: int) -> Array:
    return np.ones((1, n))


def test_mean_leaves_out_what_does_not_apply() -> None:
    columns = {"x": column(1, NAN, 0, 1)}
    assert Mean("x")(columns, ones(4)) == pytest.approx(2 / 3)
    assert Mean("x")(columns, np.array([[3.0, 1, 1, 0]])) == pytest.approx(3 / 4)
    assert np.isnan(Mean("x")({"x": column(NAN)}, ones(1)))


def test_abstention() -> None:
    # Silent on two of three unanswerable ones, and on one of three answerable ones.
    columns = {
        "abstained": column(1, 1, 0, 1, 0, 0, 1),
        "unanswerable": column(1, 1, 1, 0, 0, 0, NAN),
    }
    assert Mean("unanswerable", "abstained")(columns, ones(7)) == pytest.approx(2 / 3)
    assert Mean("abstained", "unanswerable")(columns, ones(7)) == pytest.approx(2 / 3)
    assert f1("abstained", "unanswerable")(columns, ones(7)) == pytest.approx(2 * 2 / (3 + 3))


def test_quantiles() -> None:
    columns = {"ms": column(40, 10, NAN, 30, 20)}
    assert Quantile("ms", 0.5)(columns, ones(5)) == 20
    assert Quantile("ms", 0.95)(columns, ones(5)) == 40
    assert Quantile("ms", 0.5)(columns, np.array([[0.0, 0, 1, 5, 1]])) == 30
    assert np.isnan(Quantile("ms", 0.5)({"ms": column(NAN)}, ones(1)))


def test_area_under_risk() -> None:
    # In order of confidence: right, wrong, right; risks 0, 1/2, 1/3.
    columns = {"confidence": column(0.2, 0.9, 0.5), "wrong": column(0, 0, 1)}
    assert area_under_risk(columns, ones(3)) == pytest.approx((0 + 1 / 2 + 1 / 3) / 3)
    tied = {"confidence": column(0.5, 0.5), "wrong": column(0, 1)}
    assert area_under_risk(tied, ones(2)) == pytest.approx((1 + 1 / 2) / 2)
    unjudged = {"confidence": column(0.9, 0.5), "wrong": column(NAN, 1)}
    assert area_under_risk(unjudged, ones(2)) == 1


def test_the_curve_and_the_threshold_on_it() -> None:
    points = selective.curve(column(0.9, 0.7, 0.7, 0.4), column(0, 0, 1, 1), questions=8)
    assert [(p.threshold, p.coverage, p.answers) for p in points] == [
        (0.9, 1 / 8, 1),
        (0.7, 3 / 8, 3),
        (0.4, 4 / 8, 4),
    ]
    assert [p.risk for p in points] == pytest.approx([0, 1 / 3, 2 / 4])
    kept = selective.fit(points, 0.34)
    assert kept is not None
    assert kept.threshold == pytest.approx(0.55)
    assert kept.coverage == 3 / 8
    everything = selective.fit(points, 0.5)
    assert everything is not None and everything.threshold == pytest.approx(0.2)
    assert selective.fit(points[1:], 0.1) is None
    assert selective.curve(column(), column(), 3) == []


@given(st.lists(st.tuples(st.sampled_from([0.1, 0.4, 0.6, 0.9]), st.booleans()), min_size=1),
       st.floats(0, 1))  # fmt: skip
def test_what_the_fitted_threshold_lets_through_keeps_the_error(
    answers: list[tuple[float, bool]], target: float
) -> None:
    confidence = column(*(sure for sure, _ in answers))
    wrong = column(*(float(bad) for _, bad in answers))
    point = selective.fit(selective.curve(confidence, wrong, len(answers)), target)
    risks = {t: wrong[confidence >= t].mean() for t in set(confidence)}
    if point is None:
        assert all(risk > target for risk in risks.values())
        return
    through = confidence >= point.threshold
    assert wrong[through].mean() <= target
    assert through.mean() == pytest.approx(point.coverage)
    assert all(r > target for t, r in risks.items() if (confidence >= t).sum() > through.sum())


def test_draws_are_the_questions_and_samples_of_them_and_the_same_each_time() -> None:
    (weights,) = draws(7)
    assert weights.shape == (1 + SAMPLES, 7)
    assert (weights[0] == 1).all()
    assert len(np.unique(weights, axis=0)) > SAMPLES / 2
    assert (weights.sum(axis=1) == 7).all()
    assert weights.mean() == 1


@pytest.mark.parametrize("n", [1, 7, 342, 1001, 3000])
def test_draws_are_the_same_in_however_many_blocks(n: int) -> None:
    drawn = np.random.default_rng(20_250_601).integers(0, n, size=(SAMPLES, n))
    blocks = list(draws(n))
    assert (len(blocks) > 1) == (n > 1000)
    for row in (0, 1, SAMPLES // 2, SAMPLES - 1):
        expected = np.bincount(drawn[row], minlength=n)
        assert (np.concatenate(blocks)[1 + row] == expected).all()


def test_the_memory_that_draws_take_is_bounded() -> None:
    tracemalloc.start()
    try:
        assert sum(len(block) for block in draws(10_000)) == 1 + SAMPLES
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 40e6  # all at once they are 80 MB


def test_figures_are_the_same_in_however_many_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    names = {name for one in METRICS.values() for name in one.of}
    columns = {name: column(*rng.integers(0, 2, 90)) for name in sorted(names)}
    whole = estimates(list(METRICS.values()), columns)
    monkeypatch.setattr(uncertainty, "AT_ONCE", 90 * 64)
    assert len(list(draws(90))) == 16
    parts = estimates(list(METRICS.values()), columns)
    assert parts.keys() == whole.keys()
    assert all(astuple(parts[name]) == pytest.approx(astuple(whole[name])) for name in whole)


def test_the_interval_is_that_of_all_samples() -> None:
    """Of three questions all 27 samples can be written down."""
    values = column(0, 1, 1)
    every = np.repeat([np.mean(sample) for sample in product(values, repeat=3)], 100)
    found = estimates([METRICS["hit@5"]], {"hit@5": values})["hit@5"]
    assert found.value == pytest.approx(2 / 3)
    assert found.n == 3
    assert found.low == pytest.approx(np.quantile(every, 0.025), abs=0.01)
    assert found.high == pytest.approx(np.quantile(every, 0.975), abs=0.01)


def test_a_paired_interval_knows_that_the_questions_are_the_same() -> None:
    rng = np.random.default_rng(1)
    before = (rng.random(200) < 0.5).astype(float)
    after = before.copy()
    after[np.flatnonzero(before == 0)[:10]] = 1
    change = differences([METRICS["hit@5"]], {"hit@5": after}, {"hit@5": before}).get("hit@5")
    assert change is not None
    assert change.value == pytest.approx(10 / 200)
    assert 0 < change.low < change.value < change.high < 0.1
    same = differences([METRICS["hit@5"]], {"hit@5": after}, {"hit@5": after}).get("hit@5")
    assert same is not None and (same.low, same.value, same.high) == (0, 0, 0)


@given(st.lists(st.sampled_from([0.0, 0.5, 1.0, NAN]), min_size=1, max_size=12))
def test_every_figure_lies_in_its_interval(values: list[float]) -> None:
    columns = {name: column(*values) for metric in METRICS.values() for name in metric.of}
    columns |= {"abstained": column(*values), "unanswerable": column(*values)}
    together = estimates(list(METRICS.values()), columns)
    for metric in METRICS.values():
        alone = estimates([metric], columns)
        assert alone.keys() == together.keys() & {metric.name}
        for name, found in alone.items():
            assert found.low <= found.value <= found.high
            assert 0 <= found.n <= len(values)
            assert astuple(together[name]) == pytest.approx(astuple(found))


def test_the_docs_have_the_table_of_metrics() -> None:
    page = Path(__file__).parents[3] / "docs/evaluation.md"
    rows = re.findall(r"^\| `(\S+)` \| (.+) \|$", page.read_text(encoding="utf-8"), re.MULTILINE)
    told = [(name, meaning) for name, meaning in rows if name in METRICS]
    assert told == [(metric.name, metric.meaning) for metric in METRICS.values()]
