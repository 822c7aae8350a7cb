"""Every question of a run with its columns and tags: what figures, gates and slices are made of."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isnan
from pathlib import Path
from typing import Any

import numpy as np

from rag.errors import ReportError
from rag.evaluation.metrics import METRICS, Columns, Metric
from rag.evaluation.uncertainty import Estimate, differences, estimates

Figures = dict[str, Estimate]
SLICES = ("kind", "lang", "product_id", "document_kind")
"""By what the questions are told apart."""


@dataclass(frozen=True)
class Table:
    """Columns of n questions, all in the order of `ids`."""

    ids: tuple[str, ...]
    columns: Columns
    tags: Mapping[str, tuple[str | None, ...]]
    """One value a question for each of `SLICES`."""

    @classmethod
    def of(
        cls,
        scores: Mapping[str, Mapping[str, float | None]],
        tags: Mapping[str, Sequence[str | None]],
    ) -> "Table":
        """From the scores of each question."""
        names = sorted({name for row in scores.values() for name in row})
        columns = {
            name: np.array([_number(row.get(name)) for row in scores.values()]) for name in names
        }
        return cls(tuple(scores), columns, {by: tuple(values) for by, values in tags.items()})

    def figure(self, name: str) -> Estimate | None:
        """One metric; None where no question counts for it."""
        return estimates(self._known([name]), self.columns).get(name)

    def figures(self) -> Figures:
        """Every metric that any of the questions counts for."""
        return estimates(self._known(METRICS), self.columns)

    def change(self, name: str, before: "Table") -> Estimate | None:
        """The difference to another table of the same questions, in the same order."""
        return self._changes([name], before).get(name)

    def changes(self, before: "Table") -> Figures:
        """The same for every metric that questions of both count for."""
        return self._changes(METRICS, before)

    def _changes(self, names: Iterable[str], before: "Table") -> Figures:
        both = [metric for metric in self._known(names) if metric in before._known(names)]
        return differences(both, self.columns, before.columns)

    def _known(self, names: Iterable[str]) -> list[Metric]:
        """The metrics of these names that can be made of the columns; none without questions."""
        metrics = (METRICS[name] for name in names) if self.ids else ()
        return [metric for metric in metrics if self.columns.keys() >= set(metric.of)]

    def where(self, by: str, value: str) -> "Table":
        """The questions with this tag."""
        return self._rows([i for i, tag in enumerate(self.tags.get(by, ())) if tag == value])

    def slices(self, by: str) -> dict[str, "Table"]:
        """The questions by their tag, those without one left out; the most frequent first."""
        tags = [tag for tag in self.tags.get(by, ()) if tag is not None]
        values = sorted(set(tags), key=lambda value: (-tags.count(value), value))
        return {value: self.where(by, value) for value in values}

    def shared(self, other: "Table") -> tuple["Table", "Table"]:
        """This and the other, both of the questions they share, in this one's order."""
        theirs = {id: row for row, id in enumerate(other.ids)}
        mine = [row for row, id in enumerate(self.ids) if id in theirs]
        return self._rows(mine), other._rows([theirs[self.ids[row]] for row in mine])

    def body(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {
            "ids": list(self.ids),
            "tags": {by: list(values) for by, values in self.tags.items()},
            "columns": {
                name: [None if isnan(x) else x for x in column.round(6).tolist()]
                for name, column in self.columns.items()
            },
        }

    def _rows(self, rows: Sequence[int]) -> "Table":
        columns = {name: column[list(rows)] for name, column in self.columns.items()}
        tags = {by: tuple(values[row] for row in rows) for by, values in self.tags.items()}
        return Table(tuple(self.ids[row] for row in rows), columns, tags)


def read_baseline(path: Path) -> Table:
    """The table of an earlier report: its `metrics.json`, or the folder that holds it.

    Raises:
        ReportError: it is no such report.
    """
    file = path / "metrics.json" if path.is_dir() else path
    try:
        body = json.loads(file.read_text(encoding="utf-8"))["scores"]
        columns = {
            name: np.array([_number(x) for x in column]) for name, column in body["columns"].items()
        }
        table = Table(
            tuple(body["ids"]), columns, {by: tuple(tags) for by, tags in body["tags"].items()}
        )
        lengths = [len(c) for c in columns.values()] + [len(t) for t in table.tags.values()]
        if set(lengths) - {len(table.ids)}:
            raise ValueError("columns of different lengths")
    except OSError as error:
        raise ReportError(f"The baseline {file} cannot be read: {error.strerror}.") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ReportError(
            f"The baseline {file} is no report of `shelftalk eval` ({error!r}); "
            "give the metrics.json of an earlier one."
        ) from error
    return table


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)
