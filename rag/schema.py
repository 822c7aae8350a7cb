"""What `passages.sqlite` of a generation holds, and how its rows are read."""

import json
import sqlite3
from datetime import date

import orjson

from rag.types import Block, BlockKind, Chunk, Document, Kind, Page

SCHEMA = """
CREATE TABLE files (name TEXT PRIMARY KEY, fingerprint TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE documents (
    id TEXT NOT NULL, kind TEXT NOT NULL, title TEXT NOT NULL, text TEXT NOT NULL,
    source TEXT NOT NULL, number INTEGER NOT NULL, locale TEXT, url TEXT,
    effective_from TEXT, effective_until TEXT, version TEXT, blocks TEXT NOT NULL,
    pages TEXT NOT NULL, metadata TEXT NOT NULL, product_ids TEXT NOT NULL,
    variant_ids TEXT NOT NULL, guesses TEXT NOT NULL, digest TEXT NOT NULL, chunk_key TEXT
);
CREATE TABLE products (document_id TEXT NOT NULL, product_id TEXT NOT NULL);
CREATE TABLE product_names (product_id TEXT PRIMARY KEY, name TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE variants (document_id TEXT NOT NULL, variant_id TEXT NOT NULL);
CREATE TABLE chunks (
    row INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, document_id TEXT NOT NULL,
    start INTEGER NOT NULL, end INTEGER NOT NULL, page INTEGER, headings TEXT NOT NULL,
    embedding_text TEXT NOT NULL, text_key BLOB NOT NULL, instructs INTEGER NOT NULL
);
CREATE INDEX documents_by_source ON documents (source, number);
CREATE INDEX products_by_document ON products (document_id, product_id);
CREATE INDEX products_by_id ON products (product_id);
CREATE INDEX variants_by_document ON variants (document_id, variant_id);
CREATE INDEX chunks_by_document ON chunks (document_id, row);
CREATE INDEX chunks_by_text ON chunks (text_key);
CREATE INDEX chunks_that_instruct ON chunks (row) WHERE instructs;
"""
"""Of a document, `product_ids` and `variant_ids` are what its file says; the tables of those names
have what was settled. `digest`, `chunk_key` and `text_key` tell the next run what stayed the same.
`instructs` is 1 where a passage is spoken to whoever answers and so can be no evidence.
"""

UNIQUE_DOCUMENTS = "CREATE UNIQUE INDEX documents_by_id ON documents (id)"
"""Made when files that claim the same id have been told apart."""

OF_SHOP = "(:shop IS NULL OR coalesce(json_extract(d.metadata, '$.shop'), :shop) = :shop)"
"""Whether a shop may see the row `d` of `documents`: it names this shop, or none."""

DOCUMENTS = """
SELECT d.*,
  (SELECT json_group_array(product_id) FROM
     (SELECT product_id FROM products WHERE document_id = d.id ORDER BY rowid)) AS owners,
  (SELECT json_group_array(variant_id) FROM
     (SELECT variant_id FROM variants WHERE document_id = d.id ORDER BY rowid)) AS owned_variants
FROM documents d
"""
"""What `read_document` reads a row of."""

_BLOCK_KINDS = {kind.value: kind for kind in BlockKind}


def read_chunk(row: sqlite3.Row, document: Document) -> Chunk:
    """The chunk of a row of `chunks`, and of its document."""
    return Chunk(
        id=row["id"],
        document_id=row["document_id"],
        start=row["start"],
        end=row["end"],
        text=document.text[row["start"] : row["end"]],
        embedding_text=row["embedding_text"],
        page=row["page"],
        headings=tuple(orjson.loads(row["headings"])),
    )


def read_document(row: sqlite3.Row) -> Document:
    """The document of a row of `DOCUMENTS`."""
    return Document(
        id=row["id"],
        kind=Kind(row["kind"]),
        title=row["title"],
        text=row["text"],
        source=row["source"],
        blocks=tuple(
            [Block(_BLOCK_KINDS[k], s, e, lv) for k, s, e, lv in orjson.loads(row["blocks"])]
        ),
        pages=tuple([Page(*page) for page in orjson.loads(row["pages"])]),
        product_ids=tuple(orjson.loads(row["owners"])),
        variant_ids=tuple(orjson.loads(row["owned_variants"])),
        locale=row["locale"],
        url=row["url"],
        effective_from=_day(row["effective_from"]),
        effective_until=_day(row["effective_until"]),
        version=row["version"],
        metadata=json.loads(row["metadata"]),
    )


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
