"""A report → `report.html`, one file to look at, and `summary.md`, for a pull request."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from rag.evaluation.asking import using
from rag.evaluation.evaluate import Report
from rag.evaluation.metrics import METRICS
from rag.evaluation.plots import WIDTH, plots
from rag.evaluation.table import SLICES, Table

PAGE, SUMMARY = "report.html", "summary.md"
MOST_GAPS = 40

_CARDS = ("hit@5", "ndcg@10", "accuracy", "correct", "citation_precision", "abstention_recall",
          "wrong_product", "latency_p50", "retrieval_p50")  # fmt: skip
_OF_SLICES = ("hit@5", "accuracy", "correct", "citation_precision", "abstention_recall")
_FOLDER = Path(__file__).parent / "page"
_TEMPLATES = Environment(
    loader=FileSystemLoader(_FOLDER), autoescape=True, undefined=StrictUndefined,
    trim_blocks=True, lstrip_blocks=True,
)  # fmt: skip
_PAGE, _PLOT = (_TEMPLATES.get_template(name) for name in ("report.html.j2", "plot.svg.j2"))


def write(report: Report, baseline: Table | None, out: Path) -> None:
    """Write both into a folder.

    Raises:
        ReportError: one cannot be written.
    """
    before = _before(report.table, baseline)
    for name, text in ((PAGE, page(report, before)), (SUMMARY, summary(report, before))):
        with using(out / name):
            (out / name).write_text(text, encoding="utf-8")


def page(report: Report, before: Table | None) -> str:
    """The whole page: nothing is fetched, and nothing of the data can become markup.

    The scripts a browser may run are named by the hash of the one that is ours.
    """
    script, style = (
        (_FOLDER / name).read_text(encoding="utf-8") for name in ("report.js", "report.css")
    )
    run = report.body
    threshold = run["engine"]["answering"]["threshold"] if run["engine"]["generator"] else None
    changes = _changes(report, before)
    rows = [
        {**row, **_shown(row), "facts": {**row["tags"], **_facts(row, changes)}}
        for row in report.rows
    ]
    return _PAGE.render(
        run=run,
        rows=rows,
        passed=report.passed,
        metrics=METRICS,
        cards=[name for name in _CARDS if name in run["metrics"]],
        slice_metrics=[name for name in _OF_SLICES if name in run["metrics"]],
        most_gaps=MOST_GAPS,
        plot_template=_PLOT,
        plots=plots(report.table, before, run["slices"], threshold),
        width=WIDTH,
        choices=_choices(rows),
        show=show,
        signed=signed,
        direction=_direction,
        style=Markup(style),
        script=Markup(script),
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
    )


def summary(report: Report, before: Table | None) -> str:
    """Markdown: gates, main figures, warnings, and which questions got worse."""
    run = report.body
    lines = [
        f"### Evaluation of {_plain(run['qa']['name'])}: {run['qa']['questions']} questions",
        "",
    ]
    for gate in run["gates"]:
        mark = "pass" if gate["passed"] else "**FAIL**"
        lines.append(f"- {mark} `{gate['gate']}`: {gate['why']}")
    lines += [f"- Warning: {_plain(warning)}" for warning in run["warnings"]]
    lines += ["", "| metric | value | 95 % interval | change |", "|---|---|---|---|"]
    changes = (run["baseline"] or {"metrics": {}})["metrics"]
    for name, figure in run["metrics"].items():
        change = changes.get(name)
        told = ""
        if change:
            low, high = signed(name, change["low"]), signed(name, change["high"])
            told = f"{signed(name, change['value'])} ({low} to {high})"
        interval = f"{show(name, figure['low'])} to {show(name, figure['high'])}"
        lines.append(f"| {name} | {show(name, figure['value'])} | {interval} | {told} |")
    moved = _changes(report, before)
    for change in ("worse", "better"):
        ids = [id for id, one in moved.items() if one == change]
        if ids:
            named = ", ".join(f"`{_plain(id)}`" for id in ids[:20]) + (", …" if ids[20:] else "")
            lines += ["", f"{len(ids)} questions got {change}: {named}"]
    if run["gaps"]:
        lines += ["", "Most asked without an answer in the documents:", ""]
        for gap in run["gaps"][:5]:
            where = _plain(gap["product_id"] or "the shop")
            lines.append(f"- {gap['questions']} × {where}: {_plain(gap['topic'])}")
    return "\n".join(lines) + "\n"


def verdict(row: Mapping[str, Any]) -> tuple[str, str]:
    """How one question went, and the colour it is shown in."""
    scores = row["scores"]
    if "status" not in row:
        found = scores.get("hit@10")
        return ("not judged", "fair") if found is None else (
            ("found", "good") if found else ("not found", "bad")
        )  # fmt: skip
    accurate = scores.get("accurate")
    answered = row["status"] == "answered"
    if accurate is None:
        return "not judged", "fair"
    if accurate:
        return "right answer" if answered else "right silence", "good"
    if not answered:
        return "asks which" if row["choices"] else "wrong silence", "fair"
    return "wrong answer" if row["gold"]["answerable"] else "should be silent", "bad"


def show(name: str, value: float) -> str:
    """A figure with the digits its unit deserves."""
    unit = METRICS[name].unit
    return f"{value:.0f} {unit}" if unit else f"{value:.3f}"


def signed(name: str, value: float) -> str:
    """A change, with its sign."""
    return f"{value:+.0f}" if METRICS[name].unit else f"{value:+.3f}"


def _direction(name: str, change: Mapping[str, float]) -> str:
    """Good or bad where the interval of a change leaves no doubt."""
    if change["low"] <= 0 <= change["high"]:
        return ""
    return "good" if (change["value"] > 0) == METRICS[name].higher_is_better else "bad"


def _before(table: Table, baseline: Table | None) -> Table | None:
    """The baseline's table of the questions of this run."""
    return table.shared(baseline)[1] if baseline else None


def _changes(report: Report, before: Table | None) -> dict[str, str]:
    """Questions that fare otherwise than in the baseline."""
    if before is None:
        return {}
    after, _ = report.table.shared(before)
    column = "accurate" if "accurate" in after.columns else "hit@5"
    if column not in after.columns or column not in before.columns:
        return {}
    pairs = zip(after.ids, after.columns[column], before.columns[column], strict=True)
    return {
        id: "better" if new > old else "worse" for id, new, old in pairs if new > old or new < old
    }


def _facts(row: Mapping[str, Any], changes: Mapping[str, str]) -> dict[str, str | None]:
    return {"verdict": verdict(row)[0], "change": changes.get(row["id"])}


def _shown(row: Mapping[str, Any]) -> dict[str, Any]:
    """What is told of a row, worded here: in the template each small piece would cost."""
    gold = set(row["gold"]["documents"])
    scores = (f"{name} {value:.3g}" for name, value in row["scores"].items() if value is not None)
    return {
        "colour": verdict(row)[1],
        "cited": [
            (one["quote"], f"{one['title']} ({_place(one)})", one["document_id"] in gold)
            for one in row.get("citations", ())
        ],
        "found": [
            (
                " > ".join((one["title"], *one["heading"][-1:])),
                f"{_place(one)}, {one['score']:.3f}",
                one["document_id"] in gold,
            )
            for one in row["passages"]
        ],
        "figures": f"{row['id']}: {', '.join(scores)}",
    }


def _place(piece: Mapping[str, Any]) -> str:
    return f"{piece['source']}, page {piece['page']}" if piece["page"] else str(piece["source"])


def _choices(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """What the questions can be filtered by, and the values that occur."""
    found = {
        by: sorted({row["facts"][by] for row in rows} - {None})
        for by in ("verdict", "change", *SLICES)
    }
    return {by: values for by, values in found.items() if values}


def _plain(text: str) -> str:
    """Text that Markdown leaves as it is."""
    cleaned = " ".join(text.split())
    for mark in r"\`*_[]<>|#":
        cleaned = cleaned.replace(mark, f"\\{mark}" if mark != "<" else "&lt;")
    return cleaned
