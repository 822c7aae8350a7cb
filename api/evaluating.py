"""What `shelftalk eval` does with its options, and how it tells what came of them."""

import gc
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.markup import escape
from rich.table import Table as Grid

from api import terminal
from rag.calibration import Calibration
from rag.config import Settings
from rag.engine import Engine
from rag.errors import ReportError
from rag.evaluation import report as pages
from rag.evaluation.calibrate import answering_all, calibrate
from rag.evaluation.evaluate import Options, Report, evaluate
from rag.evaluation.gate import Gate
from rag.evaluation.judge import Judge
from rag.evaluation.read import read
from rag.evaluation.sources import pin, resolve
from rag.evaluation.table import read_baseline
from rag.generation import open_generator

_OF_KINDS = ("hit@5", "accuracy", "correct", "quote_correct")


@dataclass(frozen=True, slots=True)
class Wanted:
    """The options."""

    qa: Path
    out: Path
    split: str | None
    limit: int | None
    retrieval_only: bool
    baseline: Path | None
    gates: tuple[str, ...]
    target_error: float | None
    """To calibrate for; None where that is not wanted."""
    judge: str | None
    pin: bool
    allow_missing: bool


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a run."""

    report: Report
    out: Path
    calibration: Calibration | None

    def body(self) -> Mapping[str, Any]:
        """`metrics.json` without the single scores, and where the report is."""
        body = {key: value for key, value in self.report.body.items() if key != "scores"}
        fitted = asdict(self.calibration) if self.calibration else None
        return {**body, "report": str(self.out), "calibration": fitted}

    def show(self) -> None:
        """Print figures, gates, warnings."""
        run = self.report.body
        grid = Grid(box=None, pad_edge=False, header_style="dim")
        for name in ("metric", "value", "95 % interval", "questions"):
            grid.add_column(name, justify="left" if name == "metric" else "right")
        changes = (run["baseline"] or {"metrics": {}})["metrics"]
        if changes:
            grid.add_column("change", justify="right")
        for name, figure in run["metrics"].items():
            value, low, high = (pages.show(name, figure[key]) for key in ("value", "low", "high"))
            change = [pages.signed(name, changes[name]["value"])] if name in changes else []
            grid.add_row(name, value, f"{low} to {high}", str(figure["n"]), *change)
        terminal.out.print(grid)
        self._show_kinds()
        for outcome in self.report.outcomes:
            mark = "[green]pass[/green]" if outcome.passed else "[red]FAIL[/red]"
            terminal.out.print(f"{mark} {escape(outcome.gate)}: {escape(outcome.why)}")
        if self.calibration:
            terminal.out.print(
                f"The threshold is now {self.calibration.threshold:g}: of these questions "
                f"{self.calibration.coverage:.0%} are answered, {self.calibration.error:.1%} of "
                "the answers wrongly."
            )
        terminal.out.print(f"The report is {escape(str(self.out / pages.PAGE))}")

    def _show_kinds(self) -> None:
        """Print the main figures by kind of question, where the QA set names kinds."""
        kinds = self.report.body["slices"]["kind"]
        names = [name for name in _OF_KINDS if name in self.report.body["metrics"]]
        if not kinds or not names:
            return
        grid = Grid(box=None, pad_edge=False, header_style="dim")
        for name in ("kind", "questions", *names):
            grid.add_column(name, justify="left" if name == "kind" else "right")
        for kind, part in kinds.items():
            found = [part["metrics"].get(name) for name in names]
            cells = [
                pages.show(n, f["value"]) if f else "–" for n, f in zip(names, found, strict=True)
            ]
            grid.add_row(escape(kind), str(part["questions"]), *cells)
        terminal.out.print(grid)


def run(wanted: Wanted, settings: Settings) -> Done:
    """Evaluate, and write the report.

    Raises:
        ShelftalkError: as `read`, `Engine.open`, `evaluate` and `calibrate` do.
    """
    gates = [Gate.parse(text) for text in wanted.gates]
    for gate in gates:
        if gate.needs_baseline and wanted.baseline is None:
            raise ReportError(f"The gate {gate.text!r} needs --baseline with an earlier report.")
    if wanted.target_error is not None and (wanted.retrieval_only or wanted.limit):
        raise ReportError("--calibrate needs all answers; leave out --retrieval-only and --limit.")
    baseline = read_baseline(wanted.baseline) if wanted.baseline else None
    qa = read(wanted.qa, wanted.split)
    if wanted.limit:
        qa = qa.every(wanted.limit)
    if wanted.target_error is not None:
        settings = answering_all(settings)
    engine = Engine.open(settings, terminal.say)
    judge = (
        Judge(open_generator(wanted.judge, settings.answering, terminal.say))
        if wanted.judge
        else None
    )
    gc.freeze()  # what is loaded stays: the garbage collector need not look at it again and again
    options = Options(wanted.retrieval_only, wanted.allow_missing, gates, baseline, judge)
    with terminal.Bar() as bar:
        report = evaluate(engine, qa, wanted.qa, wanted.out, options, bar.asking)
    pages.write(report, baseline, wanted.out)
    for warning in report.warnings:
        terminal.err.print(f"[yellow]warning[/yellow] {escape(warning)}")
    if wanted.pin:
        pin(wanted.qa, resolve(qa, engine.retriever.index))
    fitted = None
    if wanted.target_error is not None:
        fitted = calibrate(engine, qa, report.table, wanted.target_error)
    return Done(report, wanted.out, fitted)
