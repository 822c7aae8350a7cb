"""What ranks passages beside their scores, in memory: eleven bytes for each of a generation."""

import sqlite3
from datetime import date
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rag.types import Kind

_DOCUMENTS = """
SELECT d.kind, EXISTS (SELECT 1 FROM products p WHERE p.document_id = d.id), d.effective_from,
       min(c.row), max(c.row)
FROM chunks c JOIN documents d ON d.id = c.document_id GROUP BY c.document_id
"""
"""The chunks of a document are written one after the other."""


class Heads(NamedTuple):
    """Of n passages, each an array [n]."""

    kinds: NDArray[np.uint8]
    """Precedence of their documents' kinds."""
    owned: NDArray[np.bool_]
    """Whether they belong to products rather than to the whole shop."""
    since: NDArray[np.int32]
    """The day their document is in force from, counted as `date` does; 0 where it names none."""
    places: NDArray[np.int32]
    """Where they are in the order of their ids."""
    instruct: NDArray[np.bool_]
    """Whether they are spoken to whoever answers, and so can be no evidence."""

    @classmethod
    def read(cls, db: sqlite3.Connection) -> "Heads":
        """Of every passage, by row. Raises sqlite3.Error."""
        (count,) = db.execute("SELECT coalesce(max(row) + 1, 0) FROM chunks").fetchone()
        heads = cls(
            np.zeros(count, np.uint8),
            np.zeros(count, bool),
            np.zeros(count, np.int32),
            np.zeros(count, np.int32),
            np.zeros(count, bool),
        )
        precedence = {kind.value: kind.precedence for kind in Kind}
        for kind, owned, since, first, last in db.execute(_DOCUMENTS):
            heads.kinds[first : last + 1] = precedence[kind]
            heads.owned[first : last + 1] = owned
            heads.since[first : last + 1] = date.fromisoformat(since).toordinal() if since else 0
        by_id = np.fromiter(
            (row for (row,) in db.execute("SELECT row FROM chunks ORDER BY id")), int
        )
        heads.places[by_id] = np.arange(len(by_id))
        instructing = db.execute("SELECT row FROM chunks WHERE instructs")
        heads.instruct[np.fromiter((row for (row,) in instructing), int)] = True
        return heads

    def at(self, rows: NDArray[np.int64]) -> "Heads":
        """Of the passages at these rows."""
        kinds, owned, since, places, instruct = self
        return Heads(kinds[rows], owned[rows], since[rows], places[rows], instruct[rows])
