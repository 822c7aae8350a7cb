"""What a run must keep to pass: `hit@5>=0.9`, `correct[kind=spec]>=0.5`, `no worse: hit@5`.

A metric that a run does not have fails its gate; nothing passes unmeasured.
"""

import re
from dataclasses import dataclass

from rag.errors import ReportError
from rag.evaluation.metrics import METRICS
from rag.evaluation.table import SLICES, Table
from rag.evaluation.uncertainty import LEVEL

_WHAT = r"(?P<metric>[\w@]+)\s*(?:\[\s*(?P<by>\w+)\s*=\s*(?P<tag>[^\]]+?)\s*\])?"
_NUMBER = r"\d+(?:\.\d+)?"
_BOUND = re.compile(rf"{_WHAT}\s*(?P<sign>>=|<=|>|<)\s*(?P<number>{_NUMBER})")
_NO_WORSE = re.compile(rf"no worse\s*:\s*{_WHAT}(?:\s+by\s+(?P<number>{_NUMBER}))?")
_HOLDS = {
    ">=": lambda value, bound: value >= bound,
    "<=": lambda value, bound: value <= bound,
    ">": lambda value, bound: value > bound,
    "<": lambda value, bound: value < bound,
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """Whether a gate held, and why."""

    gate: str
    passed: bool
    why: str


@dataclass(frozen=True, slots=True)
class Gate:
    """One condition on a run."""

    text: str
    metric: str
    by: str | None
    tag: str | None
    sign: str | None
    """None: no worse than the baseline."""
    number: float | None
    """The bound; of "no worse", how much worse is still fine, None for what is within chance."""

    @classmethod
    def parse(cls, text: str) -> "Gate":
        """Read a condition.

        Raises:
            ReportError: it is none, or its metric or slice is unknown.
        """
        match = _BOUND.fullmatch(text.strip()) or _NO_WORSE.fullmatch(text.strip())
        if match is None:
            raise ReportError(
                f"The gate {text!r} is not understood. Write 'hit@5>=0.9', "
                "'correct[kind=spec]>=0.5', 'no worse: hit@5' or 'no worse: hit@5 by 0.01'."
            )
        found = match.groupdict()
        if found["metric"] not in METRICS:
            raise ReportError(
                f"The gate {text!r} names no metric. There are: {', '.join(METRICS)}."
            )
        if found["by"] and found["by"] not in SLICES:
            raise ReportError(f"The gate {text!r} names no slice. There are: {', '.join(SLICES)}.")
        number = found["number"]
        return cls(
            text.strip(),
            found["metric"],
            found["by"],
            found["tag"],
            found.get("sign"),
            None if number is None else float(number),
        )

    @property
    def needs_baseline(self) -> bool:
        """Whether it compares."""
        return self.sign is None

    def hold(self, run: Table, baseline: Table | None) -> Outcome:
        """Hold a run against the condition, and against an earlier one where it compares."""
        run = self._part(run)
        if self.sign is not None:
            assert self.number is not None
            figure = run.figure(self.metric)
            if figure is None:
                return Outcome(self.text, False, "not measured in this run")
            held = _HOLDS[self.sign](figure.value, self.number)
            return Outcome(self.text, held, f"it is {figure.value:.4g} ({figure.n} questions)")
        if baseline is None:
            return Outcome(self.text, False, "there is no baseline")
        after, before = run.shared(baseline)
        figure = after.change(self.metric, before)
        if figure is None:
            return Outcome(self.text, False, "not measured in both runs")
        sign = 1 if METRICS[self.metric].higher_is_better else -1
        low, high = sorted((sign * figure.low, sign * figure.high))
        held = high >= 0 if self.number is None else low >= -self.number
        return Outcome(
            self.text,
            held,
            f"it changed by {figure.value:+.4g}, {LEVEL:.0%} interval {figure.low:+.4g} to "
            f"{figure.high:+.4g} ({figure.n} questions shared)",
        )

    def _part(self, table: Table) -> Table:
        return table if self.by is None else table.where(self.by, self.tag or "")
