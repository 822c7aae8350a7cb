"""Documents and chunks into the SQLite file of a generation that is being written.

What a file or a document became in the earlier generation is copied from there while nothing that
went into it has changed.
"""

import hashlib
import json
import sqlite3
from collections.abc import Iterator
from functools import lru_cache, partial
from pathlib import Path

from indexer.file_names import KnownProducts
from indexer.report import Guess
from indexer.row import DocumentRow
from rag.injection import may_be_evidence
from rag.naming import product_names
from rag.schema import DOCUMENTS, SCHEMA, UNIQUE_DOCUMENTS, read_document
from rag.types import Chunk, Document

_OF_DOCUMENTS = ", ".join((*DocumentRow._fields, "digest"))
_OF_CHUNKS = "row, id, document_id, start, end, page, headings, embedding_text, text_key, instructs"


def text_key(text: str) -> bytes:
    """What an embedded text is known by: its BLAKE2b, 16 bytes."""
    return hashlib.blake2b(text.encode("utf-8"), digest_size=16).digest()


class PassageWriter:
    """Fills `passages.sqlite`. First `files` and their documents, then `settle`, then chunks.

    All methods raise sqlite3.Error when the file cannot be written.
    """

    def __init__(self, path: Path, earlier: Path | None = None) -> None:
        """Begin the file; `earlier` is that of a generation whose checksums were verified."""
        self._db = sqlite3.connect(path, uri=True)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode = OFF")
        self._db.execute("PRAGMA synchronous = OFF")  # publishing syncs the finished file
        self._db.execute("PRAGMA temp_store = MEMORY")
        self._db.executescript(SCHEMA)
        self._has_earlier = earlier is not None
        if earlier is not None:
            uri = f"{earlier.resolve().as_uri()}?mode=ro&immutable=1"
            self._db.execute("ATTACH ? AS earlier", (uri,))
        self._names = lru_cache(maxsize=None)(partial(product_names, self._db))
        self.chunks = 0

    def close(self) -> None:
        """Write what is pending and release the file."""
        self._db.commit()
        self._db.close()

    def add(self, row: DocumentRow) -> None:
        """Insert a document."""
        digest = hashlib.sha256(json.dumps(row).encode()).hexdigest()
        marks = ",".join("?" * (len(row) + 1))
        insert = f"INSERT INTO documents ({_OF_DOCUMENTS}) VALUES ({marks})"
        self._db.execute(insert, (*row, digest))

    def finish_file(self, name: str, fingerprint: str) -> None:
        """Note that a file was read without a problem, for the next run to copy."""
        insert = "INSERT OR REPLACE INTO files (name, fingerprint) VALUES (?,?)"
        self._db.execute(insert, (name, fingerprint))

    def carry_file(self, name: str, fingerprint: str) -> bool:
        """Copy the documents of a file that has not changed; say whether that was possible."""
        if not self._has_earlier:
            return False
        known = "SELECT 1 FROM earlier.files WHERE name = ? AND fingerprint = ?"
        if self._db.execute(known, (name, fingerprint)).fetchone() is None:
            return False
        self._db.execute(
            f"INSERT INTO documents ({_OF_DOCUMENTS}) "
            f"SELECT {_OF_DOCUMENTS} FROM earlier.documents WHERE source = ?",
            (name,),
        )
        self.finish_file(name, fingerprint)
        return True

    def settle(self) -> list[tuple[str, str]]:
        """Fix whose every document is, once all are in.

        Returns:
            Source and id of documents left out because another one has their id. The one whose
            source sorts first is kept, whatever order they came in.
        """
        first = (
            "SELECT rowid FROM (SELECT rowid, row_number() OVER "
            "(PARTITION BY id ORDER BY source, number) AS place FROM documents) WHERE place > 1"
        )
        dropped = self._db.execute(
            f"DELETE FROM documents WHERE rowid IN ({first}) RETURNING source, id"
        ).fetchall()
        for source, _ in dropped:  # to be told again by the next run
            self._db.execute("DELETE FROM files WHERE name = ?", (source,))
        self._db.execute(UNIQUE_DOCUMENTS)
        for table in ("product", "variant"):
            self._db.execute(
                f"INSERT INTO {table}s (document_id, {table}_id) SELECT d.id, j.value "
                f"FROM documents d, json_each(d.{table}_ids) j ORDER BY d.source, d.number, j.key"
            )
        return sorted((source, id) for source, id in dropped)

    def guess_owners(self) -> list[Guess]:
        """Give files named after a known product to it.

        Only files whose documents say nothing of a product themselves are looked at.
        """
        ids = self._db.execute("SELECT DISTINCT product_id FROM products")
        known = KnownProducts(row[0] for row in ids)
        unowned = self._db.execute(
            "SELECT id, source FROM documents d WHERE id = source AND NOT EXISTS "
            "(SELECT 1 FROM products p WHERE p.document_id = d.id) ORDER BY source"
        )
        guessed = []
        for document_id, source in unowned.fetchall():
            product = known.named_by(source)
            if product is not None:
                insert = "INSERT INTO products (document_id, product_id) VALUES (?,?)"
                self._db.execute(insert, (document_id, product))
                guessed.append(Guess(source, "product_id", product, "file name"))
        return guessed

    def name_products(self) -> None:
        """Name every product, as the titles of its spec documents do."""
        names = self._names(None).items()
        insert = "INSERT INTO product_names (product_id, name) VALUES (?,?)"
        self._db.executemany(insert, sorted(names))

    def subject(self, document: Document) -> str | None:
        """What the shop that a document names, if any, calls the first of its products."""
        shop = document.metadata.get("shop")
        names = self._names(None if shop is None else str(shop))
        return names.get(document.product_ids[0]) if document.product_ids else None

    def documents(self) -> Iterator[tuple[Document, str]]:
        """Every document with its digest, by source, read one by one."""
        for row in self._db.execute(f"{DOCUMENTS} ORDER BY source, number"):
            yield read_document(row), row["digest"]

    def carry_chunks(self, document_id: str, key: str) -> bool:
        """Copy the chunks of a document for which nothing has changed; say whether it could."""
        if not self._has_earlier:
            return False
        copied = self._db.execute(
            f"INSERT INTO chunks ({_OF_CHUNKS}) SELECT ? + row_number() OVER (ORDER BY row) - 1, "
            "c.id, c.document_id, start, end, page, headings, embedding_text, text_key, instructs "
            "FROM earlier.chunks c JOIN earlier.documents d ON d.id = c.document_id "
            "WHERE d.id = ? AND d.chunk_key = ?",
            (self.chunks, document_id, key),
        ).rowcount
        if copied:
            self._keyed(document_id, key)
            self.chunks += copied
        return copied > 0

    def add_chunks(self, document: Document, key: str, chunks: Iterator[Chunk]) -> None:
        """Insert the chunks of a document."""
        rows = (
            (
                row,
                chunk.id,
                chunk.document_id,
                chunk.start,
                chunk.end,
                chunk.page,
                json.dumps(chunk.headings, ensure_ascii=False),
                chunk.embedding_text,
                text_key(chunk.embedding_text),
                not may_be_evidence(chunk.text, document.kind),
            )
            for row, chunk in enumerate(chunks, self.chunks)
        )
        insert = f"INSERT INTO chunks ({_OF_CHUNKS}) VALUES (?,?,?,?,?,?,?,?,?,?)"
        self.chunks += self._db.executemany(insert, rows).rowcount
        self._keyed(document.id, key)

    def _keyed(self, document_id: str, key: str) -> None:
        self._db.execute("UPDATE documents SET chunk_key = ? WHERE id = ?", (key, document_id))

    def guesses(self) -> list[Guess]:
        """What the files' documents say was guessed, each guess of a file once."""
        found = self._db.execute(
            "SELECT DISTINCT d.source, j.value FROM documents d, json_each(d.guesses) j "
            "ORDER BY d.source, d.number, j.key"
        )
        return list(dict.fromkeys(Guess(*json.loads(row[1])) for row in found))

    def instructing(self) -> dict[str, int]:
        """How many passages of a file are spoken to whoever answers, of files that have some."""
        count = (
            "SELECT d.source, count(*) FROM chunks c JOIN documents d ON d.id = c.document_id "
            "WHERE c.instructs GROUP BY d.source ORDER BY d.source"
        )
        return {row[0]: row[1] for row in self._db.execute(count)}

    def kinds(self) -> dict[str, int]:
        """How many documents there are of each kind."""
        count = "SELECT kind, count(*) FROM documents GROUP BY kind ORDER BY kind"
        return {row[0]: row[1] for row in self._db.execute(count)}
