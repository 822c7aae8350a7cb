"""The way of a document: discover → load → chunk → embed → publish."""

import hashlib
import json
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import faiss
import numpy as np

from indexer.chunk import chunk
from indexer.discover import SourceFile, discover
from indexer.embed import VectorSource
from indexer.load import LOADERS, load
from indexer.publish import publish, writing
from indexer.report import Guess, Report
from indexer.store import (
    stored_documents,
    write_chunk,
    write_document,
    write_guessed_owners,
    write_product_names,
)
from rag import lexical
from rag.config import Settings
from rag.embedding import Embedder
from rag.errors import DocumentError, IndexFolderError, InputError
from rag.index import Index
from rag.manifest import LEXICAL, PASSAGES, VECTORS, Layout, Manifest, digests
from rag.passages import SCHEMA
from rag.types import Document


class Progress(Protocol):
    """Told how far a build is; the command line draws a bar."""

    def loaded(self, files: int, chunks: int) -> None:
        """So many files are read, and so many chunks came of them."""

    def embedding(self, done: int, total: int) -> None:
        """So many of the chunks have their vectors."""


def build(
    roots: Sequence[Path], settings: Settings, embedder: Embedder, progress: Progress
) -> Report:
    """Index the folders and publish, or leave the published generation when nothing changed.

    Raises:
        InputError: a folder does not exist or holds no readable document.
        IndexFolderError: the index folder cannot be written or is being written.
    """
    started = time.perf_counter()
    layout = Layout(settings.index)
    report = Report()
    with writing(layout) as folder:
        digest = _write_passages(folder / PASSAGES, roots, settings, embedder, report, progress)
        if not report.documents:
            raise InputError(_nothing(roots, report))
        earlier = _earlier(layout)
        try:
            same = earlier and (
                earlier.manifest.corpus_digest == digest
                and earlier.manifest.model_sha256 == embedder.sha256
            )
            if earlier and same:
                report.generation, report.unchanged = earlier.manifest.id, True
                report.reused = report.chunks
            else:
                _write_vectors(folder, VectorSource(embedder, earlier), report, progress)
                lexical.write(_texts(folder / PASSAGES), folder / LEXICAL)
                manifest = Manifest(
                    id=f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}-{digest[:8]}",
                    created=datetime.now(UTC).isoformat(timespec="seconds"),
                    model=embedder.name,
                    model_sha256=embedder.sha256,
                    dim=embedder.dim,
                    chunk_tokens=_limit(settings, embedder),
                    documents=report.documents,
                    chunks=report.chunks,
                    corpus_digest=digest,
                    files=digests(folder),
                )
                publish(layout, folder, manifest, settings.indexing.keep)
                report.generation = manifest.id
        finally:
            if earlier:
                earlier.close()
    report.seconds = round(time.perf_counter() - started, 2)
    return report


def _write_passages(
    path: Path,
    roots: Sequence[Path],
    settings: Settings,
    embedder: Embedder,
    report: Report,
    progress: Progress,
) -> str:
    """Fill `passages.sqlite`; return the digest of everything that went into it."""
    limit = _limit(settings, embedder)
    digest = hashlib.sha256(f"chunk_tokens={limit}".encode())
    try:
        with closing(sqlite3.connect(path)) as db:
            db.execute("PRAGMA journal_mode = OFF")
            db.execute("PRAGMA synchronous = OFF")  # publishing syncs the finished file
            db.executescript(SCHEMA)
            db.row_factory = sqlite3.Row
            for document in _documents(discover(roots, settings.index), report):
                write_document(db, document)
                described = json.dumps(asdict(document), default=str, sort_keys=True)
                digest.update(described.encode("utf-8"))
                progress.loaded(report.files, report.chunks)
            report.guessed = [Guess(*guess) for guess in write_guessed_owners(db)]
            names = write_product_names(db)
            for document in stored_documents(db):
                subject = names.get(document.product_ids[0]) if document.product_ids else None
                for piece in chunk(document, embedder.count_tokens, limit, subject):
                    write_chunk(db, report.chunks, piece)
                    digest.update(piece.embedding_text.encode("utf-8"))
                    report.chunks += 1
                progress.loaded(report.files, report.chunks)
            db.commit()
    except sqlite3.Error as error:
        raise IndexFolderError(f"{path} cannot be written: {error}") from error
    return digest.hexdigest()


def _limit(settings: Settings, embedder: Embedder) -> int:
    return min(settings.indexing.chunk_tokens, embedder.max_tokens)


def _documents(
    files: Iterable[SourceFile | tuple[str, DocumentError]], report: Report
) -> Iterator[Document]:
    """All readable documents, each id once; the others become report lines."""
    seen: set[str] = set()
    for file in files:
        if isinstance(file, tuple):
            report.problem(*file)
            continue
        report.files += 1
        for document in load(file):
            if isinstance(document, DocumentError):
                report.problem(file.name, document)
            elif document.id in seen:
                report.problem(
                    file.name,
                    DocumentError(f"document id {document.id!r} occurs twice; the first was kept"),
                )
            else:
                seen.add(document.id)
                report.documents += 1
                kinds = report.documents_by_kind
                kinds[document.kind] = kinds.get(document.kind, 0) + 1
                yield document


def _write_vectors(folder: Path, source: VectorSource, report: Report, progress: Progress) -> None:
    index = faiss.IndexFlatIP(source.dim)
    done = 0

    def advance(count: int) -> None:
        nonlocal done
        done += count
        progress.embedding(done, report.chunks)

    for block in source.vectors(_texts(folder / PASSAGES), advance):
        index.add(block)
    # faiss.write_index hides a full disk: write the bytes ourselves.
    (folder / VECTORS).write_bytes(np.asarray(faiss.serialize_index(index)).tobytes())
    report.embedded, report.reused = source.embedded, source.reused


def _texts(path: Path) -> Iterator[str]:
    with closing(sqlite3.connect(path)) as db:
        for (text,) in db.execute("SELECT embedding_text FROM chunks ORDER BY row"):
            yield text


def _earlier(layout: Layout) -> Index | None:
    """The published generation, if it can be opened; a damaged one is no help and no hindrance."""
    try:
        return Index(layout.published())
    except IndexFolderError:
        return None


def _nothing(roots: Sequence[Path], report: Report) -> str:
    where = ", ".join(str(root) for root in roots)
    problems = "".join(f"\n  {p.source}: {p.problem}" for p in report.problems[:5])
    what = problems or f" Readable are {' '.join(sorted(LOADERS))}."
    return f"There is no readable document in {where} ({report.files} files seen).{what}"
