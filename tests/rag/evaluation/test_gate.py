"""Gates: what they say, when they hold, and that nothing passes unmeasured."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from rag.errors import ReportError
from rag.evaluation.gate import Gate, Outcome
from rag.evaluation.table import Table, read_baseline


def table(values: Sequence[float | None], kinds: Sequence[str | None] = ()) -> Table:
    tags = {"kind": kinds or [None] * len(values)}
    scores = {f"q{i}": {"hit@5": value, "total_ms": 10.0} for i, value in enumerate(values)}
    return Table.of(scores, tags)


def held(text: str, run: Table, baseline: Table | None = None) -> Outcome:
    return Gate.parse(text).hold(run, baseline)


HALF = table([1, 0, 1, 0], ["spec", "spec", "faq", None])


@pytest.mark.parametrize(
    ("text", "passed"),
    [
        ("hit@5>=0.5", True),
        ("hit@5 >= 0.51", False),
        ("hit@5>0.5", False),
        ("hit@5<=0.5", True),
        ("hit@5<0.5", False),
        ("latency_p95<=10", True),
        ("hit@5[kind=faq]>=1", True),
        ("hit@5[ kind = spec ] >= 0.6", False),
    ],
)
def test_bounds(text: str, passed: bool) -> None:
    assert held(text, HALF).passed is passed


@pytest.mark.parametrize("text", ["correct>=0", "hit@5[kind=manual]>=0", "wrong_product<=1"])
def test_what_was_not_measured_fails(text: str) -> None:
    assert held(text, HALF) == Outcome(text, False, "not measured in this run")


def test_all_missing_values_fail() -> None:
    assert not held("hit@5>=0", table([None, None])).passed


def test_no_worse() -> None:
    before = table([1.0] * 80 + [0.0] * 20)
    slightly = table([1.0] * 79 + [0.0] * 21)
    clearly = table([1.0] * 60 + [0.0] * 40)
    assert held("no worse: hit@5", before, before).passed
    assert held("no worse: hit@5", slightly, before).passed  # within chance
    assert not held("no worse: hit@5", clearly, before).passed
    assert held("no worse: hit@5", before, clearly).passed
    assert not held("no worse: hit@5 by 0.01", slightly, before).passed
    assert held("no worse: hit@5 by 0.05", slightly, before).passed


def test_less_may_be_better() -> None:
    def timed(ms: float) -> Table:
        return Table.of({f"q{i}": {"total_ms": ms + i} for i in range(50)}, {})

    assert held("no worse: latency_p50", timed(10), timed(90)).passed
    assert not held("no worse: latency_p50", timed(90), timed(10)).passed
    assert held("no worse: latency_p50 by 100", timed(90), timed(10)).passed


def test_only_shared_questions_are_compared() -> None:
    other = Table.of({"else": {"hit@5": 1.0}}, {})
    assert not held("no worse: hit@5", HALF, other).passed
    longer = Table.of({**{f"q{i}": {"hit@5": 0.0} for i in range(4)}, "more": {"hit@5": 1.0}}, {})
    outcome = held("no worse: hit@5", HALF, longer)
    assert outcome.passed and "4 questions shared" in outcome.why


def test_a_metric_that_the_baseline_lacks_fails() -> None:
    bare = Table.of({f"q{i}": {"answered": 1.0} for i in range(4)}, {})
    assert not held("no worse: hit@5", HALF, bare).passed
    assert not held("no worse: hit@5", HALF).passed


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("hit@5", "is not understood"),
        ("hit@5 = 1", "is not understood"),
        ("hit@5>=high", "is not understood"),
        ("hit@5>=-1", "is not understood"),
        ("no worse hit@5", "is not understood"),
        ("hits>=1", "names no metric"),
        ("no worse: precision", "names no metric"),
        ("hit@5[colour=red]>=1", "names no slice"),
        ("", "is not understood"),
    ],
)
def test_what_is_no_gate(text: str, words: str) -> None:
    with pytest.raises(ReportError, match=words):
        Gate.parse(text)


def test_a_table_survives_its_file(tmp_path: Path) -> None:
    (tmp_path / "metrics.json").write_text(json.dumps({"scores": HALF.body()}))
    for path in (tmp_path, tmp_path / "metrics.json"):
        assert read_baseline(path).body() == HALF.body()


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"scores": {"ids": ["a"], "columns": {"hit@5": []}, "tags": {}}}',
     '{"scores": {"ids": ["a"], "columns": {"hit@5": ["x"]}, "tags": {}}}'],
)  # fmt: skip
def test_a_baseline_that_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "metrics.json").write_text(text)
    with pytest.raises(ReportError, match="is no report"):
        read_baseline(tmp_path)
    with pytest.raises(ReportError, match="cannot be read"):
        read_baseline(tmp_path / "none.json")
