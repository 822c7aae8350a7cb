"""Documents and chunks of one generation in SQLite: read by row, by id, or by scope."""

import json
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag.catalogue import Catalogue
from rag.errors import IndexDamagedError, ScopeError
from rag.filters import to_sql
from rag.heads import Heads
from rag.locale import base_language
from rag.remembered import Remembered
from rag.schema import DOCUMENTS, OF_SHOP, read_chunk, read_document
from rag.types import Chunk, Document, Scope

Rows = NDArray[np.int64]
"""int64 [n], ascending chunk rows; row r is the r-th vector of the generation."""

CHUNKS_KEPT, DOCUMENTS_KEPT = 4096, 512
"""Those read last stay in memory: some 10 MB of chunks; of documents, long ones may be far more."""

_SHOPS = """
SELECT DISTINCT json_extract(metadata, '$.shop') AS shop FROM documents
WHERE json_valid(metadata) AND shop IS NOT NULL
"""
_NAMED_BY_NONE = ""
"""Stands for every shop that no document names: they all have what names none."""

_IN_SCOPE = f"""
SELECT c.row FROM chunks c JOIN documents d ON d.id = c.document_id
WHERE (d.effective_from IS NULL OR d.effective_from <= :as_of)
  AND (d.effective_until IS NULL OR d.effective_until >= :as_of)
  AND (:locale IS NULL OR d.locale IS NULL OR d.locale = :locale)
  AND {OF_SHOP}
  AND (:kinds IS NULL OR d.kind IN (SELECT value FROM json_each(:kinds)))
  AND (:product IS NULL
       OR NOT EXISTS (SELECT 1 FROM products p WHERE p.document_id = d.id)
       OR EXISTS (SELECT 1 FROM products p WHERE p.document_id = d.id AND p.product_id = :product))
  AND (:variant IS NULL
       OR NOT EXISTS (SELECT 1 FROM variants v WHERE v.document_id = d.id)
       OR EXISTS (SELECT 1 FROM variants v WHERE v.document_id = d.id AND v.variant_id = :variant))
"""


class PassageStore:
    """Reads a published `passages.sqlite`. Safe to share between threads; keeps the file open."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        try:
            self._db = sqlite3.connect(
                f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True, check_same_thread=False
            )
            self._db.row_factory = sqlite3.Row
            self.heads = Heads.read(self._db)
            self._shops = frozenset(row[0] for row in self._db.execute(_SHOPS))
            self._whole = Catalogue.read(self._db, len(self))
        except sqlite3.Error as error:
            raise IndexDamagedError(f"{path} cannot be read: {error}") from error
        self._documents = Remembered(self._read_documents, DOCUMENTS_KEPT)
        self._chunks = Remembered(self._read_chunks, CHUNKS_KEPT)
        self._rows_on_a_day = lru_cache(maxsize=256)(self._rows)
        self._catalogue_of = lru_cache(maxsize=None)(self._read_catalogue)

    def close(self) -> None:
        """Release the file."""
        self._db.close()

    def __len__(self) -> int:
        """How many chunks there are."""
        return len(self.heads.kinds)

    def catalogue(self, shop: str | None = None) -> Catalogue:
        """What products a shop has. Without one, or where no document names any: all there are."""
        if shop is None or not self._shops:
            return self._whole
        return self._catalogue_of(shop if shop in self._shops else _NAMED_BY_NONE)

    def _read_catalogue(self, shop: str) -> Catalogue:
        with self._reading() as db:
            return Catalogue.read(db, len(self), shop)

    def chunks(self, rows: Sequence[int]) -> list[Chunk]:
        """The chunks at these rows, in the order given."""
        return self._chunks(rows)

    def _read_chunks(self, rows: Sequence[int]) -> list[Chunk]:
        marks = ",".join("?" * len(rows))
        with self._query(f"SELECT * FROM chunks WHERE row IN ({marks})", rows) as found:
            documents = self.documents([row["document_id"] for row in found])
            by_row = {
                row["row"]: read_chunk(row, document)
                for row, document in zip(found, documents, strict=True)
            }
        return [by_row[row] for row in rows]

    def documents(self, ids: Sequence[str]) -> list[Document]:
        """The documents of these ids, in the order given.

        Raises:
            ScopeError: there is none of an id.
        """
        return self._documents(ids)

    def document(self, document_id: str) -> Document:
        """One document. Raises as `documents` does."""
        return self._documents([document_id])[0]

    def all_chunks(self) -> Iterator[Chunk]:
        """Every chunk, by row."""
        with self._query("SELECT * FROM chunks ORDER BY row") as found:
            for row in found:
                yield read_chunk(row, self.document(row["document_id"]))

    def rows_of_ids(self, ids: Sequence[str]) -> list[int]:
        """The rows of those of these chunks that exist."""
        query = "SELECT row FROM chunks WHERE id IN (SELECT value FROM json_each(?))"
        with self._query(query, (json.dumps(list(ids)),)) as found:
            return [int(row[0]) for row in found]

    def rows_of_texts(self, keys: Sequence[bytes]) -> dict[bytes, int]:
        """A row for each of these keys of embedded texts that occurs."""
        marks = ",".join("?" * len(keys))
        query = f"SELECT text_key, min(row) FROM chunks WHERE text_key IN ({marks}) GROUP BY 1"
        with self._query(query, keys) as found:
            return {bytes(row[0]): int(row[1]) for row in found}

    def texts(self, rows: Rows) -> list[tuple[str, frozenset[str]]]:
        """The text of each passage, and the products it belongs to; in no order."""
        query = (
            "SELECT substr(d.text, c.start + 1, c.end - c.start), (SELECT json_group_array("
            "p.product_id) FROM products p WHERE p.document_id = d.id) FROM json_each(?) r "
            "JOIN chunks c ON c.row = r.value JOIN documents d ON d.id = c.document_id"
        )
        with self._query(query, (json.dumps(rows.tolist()),)) as found:
            return [(text, frozenset(json.loads(products))) for text, products in found]

    def document_ids(self) -> list[str]:
        """Every document's id, sorted."""
        with self._query("SELECT id FROM documents ORDER BY id") as found:
            return [row[0] for row in found]

    def unfilterable(self) -> list[str]:
        """The documents whose metadata is no JSON, sorted: no filter could be asked of any."""
        query = "SELECT id FROM documents WHERE NOT json_valid(metadata) ORDER BY id"
        with self._query(query) as found:
            return [row[0] for row in found]

    def sources(self) -> dict[str, str]:
        """The path of every document's file, by the document's id."""
        with self._query("SELECT id, source FROM documents ORDER BY id") as found:
            return {row[0]: row[1] for row in found}

    def document_count(self, rows: Rows) -> int:
        """How many documents these chunks are of."""
        query = (
            "SELECT count(DISTINCT c.document_id) FROM json_each(?) r "
            "JOIN chunks c ON c.row = r.value"
        )
        with self._query(query, (json.dumps(rows.tolist()),)) as found:
            return int(found[0][0])

    def rows(self, scope: Scope) -> Rows:
        """The rows of all chunks a scope admits; read-only, they are shared.

        Raises:
            ScopeError: the shop has no such product or variant.
        """
        # "Today" is settled before the cache is asked: it would keep yesterday's answer.
        # A filter for 1 equals one for true: how they are written keeps their rows apart.
        day = scope.as_of or date.today()
        return self._rows_on_a_day(replace(scope, as_of=day), repr(scope.where))

    def _rows(self, scope: Scope, _written: str) -> Rows:
        self.catalogue(scope.shop).require(scope)
        values = {
            "as_of": scope.as_of and scope.as_of.isoformat(),
            "locale": scope.locale and base_language(scope.locale),
            "kinds": json.dumps(sorted(scope.kinds)) if scope.kinds else None,
            "product": scope.product_id,
            "variant": scope.variant_id,
            "shop": scope.shop,
        }
        condition, more = to_sql(scope.where) if scope.where else ("1", {})
        with self._query(f"{_IN_SCOPE} AND {condition} ORDER BY c.row", values | more) as found:
            rows = np.fromiter((row[0] for row in found), dtype=np.int64)
        rows.flags.writeable = False
        return rows

    def apart(self, rows: Rows) -> tuple[Rows, Rows]:
        """The rows that may be evidence, and those that are spoken to whoever answers."""
        instructs = self.heads.instruct[rows]
        return (rows[~instructs], rows[instructs]) if instructs.any() else (rows, rows[:0])

    def _read_documents(self, ids: Sequence[str]) -> list[Document]:
        marks = ",".join("?" * len(ids))
        with self._query(f"{DOCUMENTS} WHERE d.id IN ({marks})", ids) as found:
            by_id = {row["id"]: read_document(row) for row in found}
        for id in ids:
            if id not in by_id:
                raise ScopeError(f"The index holds no document {id!r}.")
        return [by_id[id] for id in ids]

    @contextmanager
    def _query(self, sql: str, values: Any = ()) -> Iterator[list[sqlite3.Row]]:  # noqa: ANN401
        with self._reading() as db:
            found = db.execute(sql, values).fetchall()
        yield found

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        try:
            with self._lock:
                yield self._db
        except sqlite3.Error as error:
            raise IndexDamagedError(f"The passages cannot be read: {error}") from error
