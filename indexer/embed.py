"""Chunks → vectors. What was embedded before is not embedded again; equal texts once."""

import sqlite3
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np

from indexer.store import text_key
from rag.embedding import Embedder
from rag.errors import ModelError
from rag.index import Index
from rag.vectors import Vectors

WINDOW = 1024
"""Texts sorted by length together: batches of like lengths waste little padding."""


class Journal:
    """The vectors of a run that has not published yet, so that a killed one can be resumed.

    One SQLite file beside the generations. It is no part of an index, so it is not synced: after a
    power cut it may be lost, and the run begins anew.
    """

    def __init__(self, path: Path, model_sha256: str) -> None:
        self._path = path
        try:
            self._db = _opened(path, model_sha256)
        except sqlite3.Error:  # what a crash left of it
            self._unlink()
            self._db = _opened(path, model_sha256)

    def find(self, keys: Sequence[bytes]) -> dict[bytes, Vectors]:
        """The vectors known of these keys: float32 [dim] each."""
        marks = ",".join("?" * len(keys))
        found = self._db.execute(f"SELECT key, vector FROM vectors WHERE key IN ({marks})", keys)
        return {key: np.frombuffer(blob, dtype=np.float32) for key, blob in found}

    def keep(self, keys: Sequence[bytes], vectors: Vectors) -> None:
        """Note vectors, a row each; when this returns, a killed run will not need them again."""
        rows = ((key, vector.tobytes()) for key, vector in zip(keys, vectors, strict=True))
        self._db.executemany("INSERT INTO vectors VALUES (?,?)", rows)
        self._db.commit()

    def close(self) -> None:
        """Release the file; it stays for the next run."""
        self._db.close()

    def discard(self) -> None:
        """Remove the file: what it held is published."""
        self._db.close()
        self._unlink()

    def _unlink(self) -> None:
        for name in (self._path.name, f"{self._path.name}-journal"):
            self._path.with_name(name).unlink(missing_ok=True)


def _opened(path: Path, model_sha256: str) -> sqlite3.Connection:
    db = sqlite3.connect(path)
    try:
        db.execute("PRAGMA synchronous = OFF")
        db.execute("CREATE TABLE IF NOT EXISTS model (sha256 TEXT PRIMARY KEY)")
        db.execute("CREATE TABLE IF NOT EXISTS vectors (key BLOB, vector BLOB)")
        db.execute("CREATE INDEX IF NOT EXISTS vectors_by_key ON vectors (key)")
        if db.execute("SELECT sha256 FROM model").fetchall() != [(model_sha256,)]:
            db.execute("DELETE FROM model")
            db.execute("DELETE FROM vectors")
            db.execute("INSERT INTO model VALUES (?)", (model_sha256,))
        db.commit()
    except BaseException:
        db.close()
        raise
    return db


class VectorSource:
    """Gives the vector of a text: from earlier generations, an unfinished run, or the embedder."""

    def __init__(self, embedder: Embedder, journal: Journal, earlier: Sequence[Index] = ()) -> None:
        self._embedder = embedder
        self._journal = journal
        self._earlier = [
            index for index in earlier if index.manifest.model_sha256 == embedder.sha256
        ]
        self.dim = embedder.dim
        self.embedded = 0
        self.reused = 0

    def vectors(self, texts: Iterator[str]) -> Iterator[Vectors]:
        """Yield float32 [m, dim] blocks in the order of the texts.

        Raises:
            ModelError: the embedder failed.
        """
        while window := list(islice(texts, WINDOW)):
            yield self._window(window)

    def _window(self, texts: Sequence[str]) -> Vectors:
        keys = [text_key(text) for text in texts]
        known: dict[bytes, Vectors] = {}
        for index in self._earlier:
            rows = index.passages.rows_of_texts([key for key in keys if key not in known])
            known |= zip(rows, index.vectors(np.fromiter(rows.values(), np.int64)), strict=True)
        known |= self._journal.find([key for key in keys if key not in known])
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
        if missing:
            new = sorted(missing, key=lambda key: (len(missing[key]), missing[key]))
            vectors = self._encoded([missing[key] for key in new])
            self._journal.keep(new, vectors)
            known |= zip(new, vectors, strict=True)
        self.embedded += len(missing)
        self.reused += len(texts) - len(missing)
        return np.stack([known[key] for key in keys])

    def _encoded(self, texts: Sequence[str]) -> Vectors:
        try:
            return self._embedder.encode_documents(texts)
        except OSError as error:  # not to be taken for one of the index folder
            raise ModelError(
                f"The embedder {self._embedder.name!r} cannot read what it needs: {error}. "
                "Make it readable, or choose another one."
            ) from error
