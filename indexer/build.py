"""The way of a document: discover → load → chunk → embed → publish."""

import hashlib
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Protocol

from indexer.chunk import chunk
from indexer.discover import SourceFile, discover
from indexer.embed import Journal, VectorSource
from indexer.generation import manifest, write_lexical, write_vectors
from indexer.load import LOADERS
from indexer.publish import generations, publish, writing
from indexer.readers import read
from indexer.recipe import fingerprint, recipe
from indexer.report import Report
from indexer.store import PassageWriter
from rag.config import Settings
from rag.embedding import Embedder
from rag.errors import DocumentError, IndexFolderError, InputError
from rag.index import Index
from rag.manifest import PASSAGES, Layout


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
        ModelError: the embedder failed.
    """
    started = time.perf_counter()
    layout = Layout(settings.index)
    with writing(layout) as folder, _published(layout) as earlier:
        run = _Run(roots, settings, embedder, progress, earlier)
        run.write_passages(folder)
        if not run.report.documents:
            raise InputError(_nothing(roots, run.report))
        if not run.changes_nothing():
            run.publish(layout, folder)
    run.report.seconds = round(time.perf_counter() - started, 2)
    return run.report


@contextmanager
def _published(layout: Layout) -> Iterator[Index | None]:
    """The published generation, if it can be opened; a damaged one is no help and no hindrance."""
    try:
        index = Index(layout.published())
    except IndexFolderError:
        yield None
        return
    with closing(index):
        yield index


class _Run:
    """One build: what it is given, and the report it fills."""

    def __init__(
        self,
        roots: Sequence[Path],
        settings: Settings,
        embedder: Embedder,
        progress: Progress,
        earlier: Index | None,
    ) -> None:
        self._roots = roots
        self._index = settings.index
        self._indexing = settings.indexing
        self._embedder = embedder
        self._progress = progress
        self._earlier = earlier
        self._chunk_tokens = min(settings.indexing.chunk_tokens, embedder.max_tokens)
        self._digest = hashlib.sha256()
        self.report = Report()

    def write_passages(self, folder: Path) -> None:
        """Fill `passages.sqlite`: all documents first, for the names of products are in them."""
        before = self._earlier.folder / PASSAGES if self._earlier else None
        report = self.report
        with closing(PassageWriter(folder / PASSAGES, before)) as writer:
            self._load(writer)
            for source, id in writer.settle():
                report.problem(
                    source, DocumentError(f"document id {id!r} occurs twice; the first was kept")
                )
            report.guessed = writer.guesses() + writer.guess_owners()
            report.documents_by_kind = writer.kinds()
            report.documents = sum(report.documents_by_kind.values())
            report.problems.sort()
            self._chunk(writer)
            report.chunks = writer.chunks
            report.instructing = writer.instructing()

    def _load(self, writer: PassageWriter) -> None:
        """All readable documents; the others become report lines."""
        report = self.report
        unread: dict[str, str] = {}
        """Fingerprints of the files that are being read."""

        def changed() -> Iterator[SourceFile]:
            for found in discover(self._roots, self._index):
                if isinstance(found, tuple):
                    report.problem(*found)
                    continue
                report.files += 1
                mark = fingerprint(found, self._indexing.rules)
                if writer.carry_file(found.name, mark):
                    self._progress.loaded(report.files, 0)
                else:
                    unread[found.name] = mark
                    yield found

        for name, row, problem in read(changed(), self._indexing):
            if row is not None:
                writer.add(row)
            elif problem is not None:
                report.problem(name, problem)
                unread[name] = ""  # read it again next time, to say so again
            else:
                if mark := unread.pop(name):
                    writer.finish_file(name, mark)
                report.files_read += 1
                self._progress.loaded(report.files, 0)

    def _chunk(self, writer: PassageWriter) -> None:
        writer.name_products()
        limit, model = self._chunk_tokens, self._embedder.sha256
        for document, digest in writer.documents():
            subject = writer.subject(document)
            inputs = [digest, document.product_ids, subject, limit, model, recipe()]
            key = hashlib.sha256(json.dumps(inputs).encode()).hexdigest()
            if not writer.carry_chunks(document.id, key):
                pieces = chunk(document, self._embedder.count_tokens, limit, subject)
                writer.add_chunks(document, key, pieces)
            self._digest.update(key.encode())
            self._progress.loaded(self.report.files, writer.chunks)

    def changes_nothing(self) -> bool:
        """Whether what is published is the same; the report then says so."""
        if self._earlier is None:
            return False
        published = self._earlier.manifest
        if (published.corpus_digest, published.model_sha256) != (
            self._digest.hexdigest(),
            self._embedder.sha256,
        ):
            return False
        self.report.generation, self.report.unchanged = published.id, True
        self.report.reused = self.report.chunks
        return True

    def publish(self, layout: Layout, folder: Path) -> None:
        """Embed what is new, write the rest of the generation, and publish it."""
        report, embedder = self.report, self._embedder
        with closing(Journal(layout.journal, embedder.sha256)) as journal:
            source = VectorSource(embedder, journal, [self._earlier] if self._earlier else [])
            self._progress.embedding(0, report.chunks)
            for done in write_vectors(folder, source):
                self._progress.embedding(done, report.chunks)
            report.embedded, report.reused = source.embedded, source.reused
            write_lexical(folder)
            digest, others = self._digest.hexdigest(), generations(layout)
            made = manifest(folder, embedder, self._chunk_tokens, digest, others)
            publish(layout, folder, made, self._indexing.keep)
            report.generation = made.id
            journal.discard()


def _nothing(roots: Sequence[Path], report: Report) -> str:
    where = ", ".join(str(root) for root in roots)
    problems = "".join(f"\n  {p.source}: {p.problem}" for p in report.problems[:5])
    what = problems or f" Readable are {' '.join(sorted(LOADERS))}."
    return f"There is no readable document in {where} ({report.files} files seen).{what}"
