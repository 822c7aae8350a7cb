"""Documents and chunks into the SQLite file of a generation that is being written."""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from itertools import takewhile

from indexer.attribution import product_of_name
from rag.passages import read_document
from rag.types import Chunk, Document, Kind


def write_document(db: sqlite3.Connection, document: Document) -> None:
    """Insert a document and what it belongs to."""
    db.execute(
        "INSERT INTO documents VALUES (NULL,?,?,?,?,?,?,?,?,?,?,?,?,?)",
        (
            document.id,
            document.kind.value,
            document.title,
            document.text,
            document.source,
            document.locale,
            document.url,
            document.effective_from and document.effective_from.isoformat(),
            document.effective_until and document.effective_until.isoformat(),
            document.version,
            json.dumps([tuple(block) for block in document.blocks]),
            json.dumps([tuple(page) for page in document.pages]),
            json.dumps(dict(document.metadata), default=str),
        ),
    )
    owned = [(document.id, product) for product in document.product_ids]
    db.executemany("INSERT INTO products VALUES (?,?)", owned)
    owned = [(document.id, variant) for variant in document.variant_ids]
    db.executemany("INSERT INTO variants VALUES (?,?)", owned)


def write_chunk(db: sqlite3.Connection, row: int, chunk: Chunk) -> None:
    """Insert a chunk as the given row."""
    db.execute(
        "INSERT INTO chunks VALUES (?,?,?,?,?,?,?,?)",
        (
            row,
            chunk.id,
            chunk.document_id,
            chunk.start,
            chunk.end,
            chunk.page,
            json.dumps(chunk.headings, ensure_ascii=False),
            chunk.embedding_text,
        ),
    )


def write_product_names(db: sqlite3.Connection) -> dict[str, str]:
    """Name every product after what the titles of its spec documents have in common.

    "Kettle 1.7 L – Sage" and "Kettle 1.7 L – Cream" make "Kettle 1.7 L".
    """
    titles: dict[str, list[str]] = {}
    rows = db.execute(
        "SELECT p.product_id, d.title FROM products p JOIN documents d ON d.id = p.document_id "
        "WHERE d.kind = ? AND (SELECT count(*) FROM products o WHERE o.document_id = d.id) = 1 "
        "ORDER BY d.id",
        (Kind.SPEC.value,),
    )
    for product, title in rows:
        titles.setdefault(product, []).append(title)
    names = {product: _common_start(several) for product, several in titles.items()}
    names = {product: name for product, name in names.items() if name}
    db.executemany("INSERT INTO product_names VALUES (?,?)", sorted(names.items()))
    return names


def _common_start(titles: Sequence[str]) -> str:
    words = [title.split() for title in titles]
    shared = [
        group[0] for group in takewhile(lambda g: len(set(g)) == 1, zip(*words, strict=False))
    ]
    return " ".join(shared).rstrip(" –—-|,:(/")


def stored_documents(db: sqlite3.Connection) -> Iterator[Document]:
    """Every document in the order of writing, read one by one."""
    for row in db.execute("SELECT * FROM documents ORDER BY position"):
        yield read_document(db, row)


def write_guessed_owners(db: sqlite3.Connection) -> list[tuple[str, str]]:
    """Give files named after a known product to it; return (source, product) of each.

    Only files whose documents say nothing of a product themselves are looked at.
    """
    known = [row[0] for row in db.execute("SELECT DISTINCT product_id FROM products")]
    unowned = db.execute(
        "SELECT id, source FROM documents d WHERE id = source AND NOT EXISTS "
        "(SELECT 1 FROM products p WHERE p.document_id = d.id) ORDER BY position"
    ).fetchall()
    guessed = []
    for document_id, source in unowned:
        product = product_of_name(source, known)
        if product is not None:
            db.execute("INSERT INTO products VALUES (?,?)", (document_id, product))
            guessed.append((source, product))
    return guessed
