"""How things look in a terminal. Answers go to stdout, progress and the rest to stderr."""

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from indexer.report import Guess, Report
from rag.planning import Plan
from rag.text import matches
from rag.types import Answer, Citation, Event, Passage, Statement

out = Console(highlight=False, soft_wrap=True, emoji=False)
err = Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)


def say(line: str) -> None:
    """A line about what takes long, on stderr."""
    err.print(escape(line), style="dim")


def show_stream(events: Iterable[Event]) -> None:
    """Print statements as they come, then the citations as footnotes."""
    for event in events:
        match event:
            case Statement():
                marks = "".join(f"[{number}]" for number in event.citations)
                out.print(f"{escape(event.text)} [cyan]{escape(marks)}[/cyan]")
            case Answer():
                if not event.statements:
                    out.print(escape(event.text))
                for citation in event.citations:
                    _footnote(citation)
            case _:
                pass


def _footnote(citation: Citation) -> None:
    quote = " ".join(citation.quote.split())
    out.print(f"  [cyan]\\[{citation.number}][/cyan] {escape(place(citation))}")
    out.print(f"      [dim]“{escape(quote)}”[/dim]")


def place(citation: Citation) -> str:
    """Title and page, or title and innermost heading, then the source."""
    where = f"page {citation.page}" if citation.page else " > ".join(citation.heading[-1:])
    parts = [citation.title] + ([where] if where and where != citation.title else [])
    return f"{', '.join(parts)} ({citation.source})"


def show_explanation(why: Mapping[str, Any]) -> None:
    """Print what a question came to, above its passages."""
    products = ", ".join(f"{one['name']} ({one['product_id']})" for one in why["about"])
    filters = "  ".join(f"{key} {_shown(value)}" for key, value in why["filters"].items())
    weight = why["lexical_weight"]
    rows = {
        "looked for": " ".join(why["sought"]),
        "filters": filters,
        "about": products,
        "in scope": f"{why['admitted']} of {why['passages']} passages",
        "fused": f"{1 - weight:.1f} × dense + {weight:.1f} × lexical's share of its highest",
    }
    for name, text in rows.items():
        if text:
            out.print(f"[dim]{name:>10}[/dim]  {escape(text)}")


def _shown(value: object) -> str:
    if isinstance(value, list):
        return ",".join(value)
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else str(value)


def show_passages(passages: Sequence[Passage], plan: Plan, explain: bool = False) -> None:
    """Print a ranking with the parts of each score, the words that match in bold."""
    for passage in passages:
        page = f", page {passage.chunk.page}" if passage.chunk.page else ""
        heading = f" > {passage.chunk.headings[-1]}" if passage.chunk.headings else ""
        parts = passage.scores if explain else _first(passage.scores, "dense", "lexical", "rerank")
        shown = "  ".join(f"{name} {value:.2f}" for name, value in parts.items())
        out.print(
            f"[cyan]{passage.rank:>2}[/cyan]  {passage.score:.3f}  "
            f"{escape(passage.document.title + heading + page)}  [dim]{shown}[/dim]"
        )
        out.print(f"      [dim]{escape(passage.document.id)}[/dim]")
        out.print(Text("      ").append_text(_excerpt(passage.chunk.text, plan.sought)))


def _first(scores: Mapping[str, float], *names: str) -> dict[str, float]:
    return {name: scores[name] for name in names if name in scores}


def _excerpt(text: str, sought: Sequence[str]) -> Text:
    """The first words of a passage in one line, what matches in bold."""
    line = " ".join(text.split())
    shown = Text(line[:200] + ("…" if len(line) > 200 else ""))
    for span in matches(shown.plain, frozenset(sought)):
        shown.stylize("bold", span.start, span.end)
    return shown


def show_report(report: Report, folder: str) -> None:
    """Print what an indexing run did."""
    for source, problem in report.problems:
        err.print(f"[yellow]left out[/yellow] {escape(source)}: {escape(problem)}")
    for key, told_by, guesses in _grouped(report.guessed):
        err.print(
            f"[yellow]guessed[/yellow] {escape(key)} of {len(guesses)} files by {escape(told_by)}, "
            f"such as {escape(guesses[0].source)}: {escape(guesses[0].value)}"
        )
    for source, count in report.instructing.items():
        err.print(
            f"[yellow]never quoted[/yellow] {escape(source)}: passages that give orders to whoever "
            f"answers: {count}"
        )
    state = "is up to date" if report.unchanged else "published"
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(report.documents_by_kind.items()))
    out.print(
        f"{escape(folder)} {state}: {report.documents} documents ({kinds}) from {report.files} "
        f"files, {report.chunks} passages, {report.embedded} embedded, {len(report.problems)} "
        f"left out, {report.seconds:.1f} s"
    )


def _grouped(guesses: Iterable[Guess]) -> list[tuple[str, str, list[Guess]]]:
    def alike(guess: Guess) -> tuple[str, str]:
        return guess.key, guess.told_by

    return [(*key, list(group)) for key, group in groupby(sorted(guesses, key=alike), alike)]


class Bar:
    """Progress on stderr: a bar in a terminal, a line at every tenth elsewhere."""

    def __init__(self) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            console=err,
            disable=not err.is_terminal,
        )
        self._told = 0
        self._began: float | None = None
        self._reading = self._progress.add_task("reading files", total=None, visible=False, rate="")
        self._counting = self._progress.add_task("", total=None, visible=False, rate="")

    def __enter__(self) -> "Bar":
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def loaded(self, files: int, chunks: int) -> None:
        """So many files are read, and so many chunks came of them."""
        self._progress.update(
            self._reading,
            completed=files,
            visible=True,
            description=f"reading files ({chunks} passages)",
        )

    def embedding(self, done: int, total: int) -> None:
        """So many of the chunks have their vectors."""
        self._count("embedding passages", done, total)

    def asking(self, done: int, total: int) -> None:
        """So many of the questions are answered."""
        self._count("asking questions", done, total)

    def _count(self, what: str, done: int, total: int) -> None:
        self._began = self._began or time.monotonic()
        passed = time.monotonic() - self._began
        rate = f"{done / passed:.0f}/s" if done else ""
        self._progress.update(
            self._counting, description=what, completed=done, total=total, visible=True, rate=rate
        )
        tenth = 10 * done // max(total, 1)
        if not err.is_terminal and tenth > self._told:
            left = passed * (total - done) / done
            err.print(f"{what} {done}/{total}, {rate}, {left:.0f} s left")
            self._told = tenth
