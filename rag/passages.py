"""Documents and chunks of one generation in SQLite: read by row, by id, or by scope."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rag.catalogue import Catalogue
from rag.database import Database
from rag.errors import ScopeError
from rag.filters import to_sql
from rag.heads import Heads
from rag.locale import base_language
from rag.remembered import Remembered
from rag.schema import DOCUMENTS, OF_SHOP, read_chunk, read_document
from rag.types import Chunk, Document, Kind, Scope

Rows = NDArray[np.int64]
"""int64 [n], ascending chunk rows; row r is the r-th vector of the generation."""

CHUNKS_KEPT, DOCUMENTS_KEPT = 4096, 512
"""Those read last stay in memory: some 10 MB of chunks; of documents, long ones may be far more."""
SCOPES_KEPT, MOST_ROWS_KEPT = 256, 4_000_000
"""Scopes asked for last whose rows stay in memory: so many, or as many as all have 32 MB, but 8."""

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
        self._db = db = Database(path)
        with db.reading() as connection:
            self.heads = Heads.read(connection)
            self._shops = frozenset(row[0] for row in connection.execute(_SHOPS))
            self._whole = Catalogue.read(connection, len(self))
        # Functions of the file, no methods: a memory of those would hold this store for ever.
        self._documents = documents = Remembered(partial(_documents, db), DOCUMENTS_KEPT)
        self._chunks = Remembered(partial(_chunks, db, documents), CHUNKS_KEPT)
        kept = max(8, min(SCOPES_KEPT, MOST_ROWS_KEPT // max(len(self), 1)))
        self._rows_on_a_day = lru_cache(maxsize=kept)(partial(_rows, db))
        self._catalogue_of = lru_cache(maxsize=None)(partial(_catalogue, db, len(self)))

    def close(self) -> None:
        """Release the file. It is released, too, when nobody holds this any more."""
        self._db.close()

    def __len__(self) -> int:
        """How many chunks there are."""
        return len(self.heads.kinds)

    def catalogue(self, shop: str | None = None) -> Catalogue:
        """What products a shop has. Without one, or where no document names any: all there are."""
        if shop is None or not self._shops:
            return self._whole
        return self._catalogue_of(shop if shop in self._shops else _NAMED_BY_NONE)

    def chunks(self, rows: Sequence[int]) -> list[Chunk]:
        """The chunks at these rows, in the order given."""
        return self._chunks(rows)

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
        found = self._db.query("SELECT * FROM chunks ORDER BY row")
        for row in found:
            yield read_chunk(row, self.document(row["document_id"]))

    def rows_of_ids(self, ids: Sequence[str]) -> list[int]:
        """The rows of those of these chunks that exist."""
        query = "SELECT row FROM chunks WHERE id IN (SELECT value FROM json_each(?))"
        found = self._db.query(query, _json(ids))
        return [int(row[0]) for row in found]

    def rows_of_texts(self, keys: Sequence[bytes]) -> dict[bytes, int]:
        """A row for each of these keys of embedded texts that occurs."""
        marks = ",".join("?" * len(keys))
        query = f"SELECT text_key, min(row) FROM chunks WHERE text_key IN ({marks}) GROUP BY 1"
        found = self._db.query(query, keys)
        return {bytes(row[0]): int(row[1]) for row in found}

    def texts(self, rows: Rows) -> list[tuple[str, frozenset[str]]]:
        """The text of each passage, and the products it belongs to; in no order."""
        query = (
            "SELECT substr(d.text, c.start + 1, c.end - c.start), (SELECT json_group_array("
            "p.product_id) FROM products p WHERE p.document_id = d.id) FROM json_each(?) r "
            "JOIN chunks c ON c.row = r.value JOIN documents d ON d.id = c.document_id"
        )
        found = self._db.query(query, _json(rows.tolist()))
        return [(text, frozenset(json.loads(products))) for text, products in found]

    def document_ids(self) -> list[str]:
        """Every document's id, sorted."""
        found = self._db.query("SELECT id FROM documents ORDER BY id")
        return [row[0] for row in found]

    def unfilterable(self) -> list[str]:
        """The documents whose metadata is no JSON, sorted: no filter could be asked of any."""
        query = "SELECT id FROM documents WHERE NOT json_valid(metadata) ORDER BY id"
        found = self._db.query(query)
        return [row[0] for row in found]

    def sources(self) -> dict[str, str]:
        """The path of every document's file, by the document's id."""
        found = self._db.query("SELECT id, source FROM documents ORDER BY id")
        return {row[0]: row[1] for row in found}

    def document_count(self, rows: Rows) -> int:
        """How many documents these chunks are of."""
        query = (
            "SELECT count(DISTINCT c.document_id) FROM json_each(?) r "
            "JOIN chunks c ON c.row = r.value"
        )
        found = self._db.query(query, _json(rows.tolist()))
        return int(found[0][0])

    def reviews(self, scope: Scope, like: Document) -> int:
        """How many reviews a scope has of the product that one is of, or of none as that one."""
        if scope.product_id is None and like.product_ids:
            scope = replace(scope, product_id=like.product_ids[0])
        rows = self.rows(replace(scope, kinds=frozenset({Kind.REVIEW})))
        return self.document_count(rows[self.heads.owned[rows] == bool(like.product_ids)])

    def rows(self, scope: Scope) -> Rows:
        """The rows of all chunks a scope admits; read-only, they are shared.

        Raises:
            ScopeError: the shop has no such product or variant, or several of that variant.
        """
        # "Today" is settled before the cache is asked: it would keep yesterday's answer.
        # A filter for 1 equals one for true: how they are written keeps their rows apart.
        scope = self.catalogue(scope.shop).settled(scope)
        day = scope.as_of or date.today()
        return self._rows_on_a_day(replace(scope, as_of=day), repr(scope.where))

    def apart(self, rows: Rows) -> tuple[Rows, Rows]:
        """The rows that may be evidence, and those that are spoken to whoever answers."""
        instructs = self.heads.instruct[rows]
        return (rows[~instructs], rows[instructs]) if instructs.any() else (rows, rows[:0])


def _documents(db: Database, ids: Sequence[str]) -> list[Document]:
    found = db.query(f"{DOCUMENTS} WHERE d.id IN (SELECT value FROM json_each(?))", _json(ids))
    by_id = {row["id"]: read_document(row) for row in found}
    for id in ids:
        if id not in by_id:
            raise ScopeError(f"The index holds no document {id!r}.")
    return [by_id[id] for id in ids]


def _chunks(db: Database, documents: Remembered[str, Document], rows: Sequence[int]) -> list[Chunk]:
    query = "SELECT * FROM chunks WHERE row IN (SELECT value FROM json_each(?))"
    found = db.query(query, _json(rows))
    owners = documents([row["document_id"] for row in found])
    by_row = {row["row"]: read_chunk(row, own) for row, own in zip(found, owners, strict=True)}
    return [by_row[row] for row in rows]


def _rows(db: Database, scope: Scope, _written: str) -> Rows:
    values: dict[str, object] = {
        "as_of": scope.as_of and scope.as_of.isoformat(),
        "locale": scope.locale and base_language(scope.locale),
        "kinds": json.dumps(sorted(scope.kinds)) if scope.kinds else None,
        "product": scope.product_id,
        "variant": scope.variant_id,
        "shop": scope.shop,
    }
    condition, more = to_sql(scope.where) if scope.where else ("1", {})
    found = db.query(f"{_IN_SCOPE} AND {condition} ORDER BY c.row", values | more)
    rows = np.fromiter((row[0] for row in found), dtype=np.int64)
    rows.flags.writeable = False
    return rows


def _catalogue(db: Database, count: int, shop: str) -> Catalogue:
    with db.reading() as connection:
        return Catalogue.read(connection, count, shop)


def _json(values: Sequence[object]) -> tuple[str]:
    return (json.dumps(list(values)),)
