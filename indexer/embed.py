"""Chunks → vectors. What was embedded before is not embedded again; equal texts once."""

import hashlib
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
_UNUSABLE = (sqlite3.Error, UnicodeDecodeError)
"""What SQLite raises of a damaged file; its message may quote what is no text."""
_OF_THE_DISK = (
    sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN
)  # fmt: skip
"""Codes of errors for which the file is not to blame."""


class Journal:
    """The vectors of a run that has not published yet, so that a killed one can be resumed.

    One SQLite file beside the generations. It is no part of an index, so it is not synced: after a
    power cut any of it may be lost or damaged. A vector counts only with the digest it was kept
    with; a file that SQLite cannot use is begun anew.
    """

    def __init__(self, path: Path, model_sha256: str) -> None:
        self._path = path
        self._model = model_sha256.encode()
        try:
            self._db = _opened(path)
        except _UNUSABLE:  # what a crash left of it
            self._unlink()
            self._db = _opened(path)

    def find(self, keys: Sequence[bytes]) -> dict[bytes, Vectors]:
        """The vectors known of these keys: float32 [dim] each."""
        marks = ",".join("?" * len(keys))
        query = (  # a damaged row may hold anything
            f"SELECT key, vector, digest FROM vectors WHERE key IN ({marks}) "
            "AND typeof(key) = 'blob' AND typeof(vector) = 'blob'"
        )
        try:
            found = self._db.execute(query, keys).fetchall()
        except _UNUSABLE as error:
            self._begin_anew(error)
            return {}
        return {
            key: np.frombuffer(vector, dtype=np.float32)
            for key, vector, digest in found
            if digest == self._digest(key, vector)
        }

    def keep(self, keys: Sequence[bytes], vectors: Vectors) -> None:
        """Note vectors, a row each; when this returns, a killed run will not need them again."""
        pairs = zip(keys, (vector.tobytes() for vector in vectors), strict=True)
        rows = [(key, vector, self._digest(key, vector)) for key, vector in pairs]
        try:
            self._insert(rows)
        except _UNUSABLE as error:
            self._begin_anew(error)
            self._insert(rows)

    def close(self) -> None:
        """Release the file; it stays for the next run."""
        self._db.close()

    def discard(self) -> None:
        """Remove the file: what it held is published."""
        self._db.close()
        self._unlink()

    def _insert(self, rows: Sequence[tuple[bytes, bytes, bytes]]) -> None:
        self._db.executemany("INSERT INTO vectors (key, vector, digest) VALUES (?,?,?)", rows)
        self._db.commit()

    def _digest(self, key: bytes, vector: bytes) -> bytes:
        """Of the model too: what another one made of the same text is not found."""
        return hashlib.blake2b(self._model + key + vector, digest_size=16).digest()

    def _begin_anew(self, error: Exception) -> None:
        """Forget what a damaged file holds; a full disk is no damage, and is raised."""
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in _OF_THE_DISK:
            raise error
        self._db.close()
        self._unlink()
        self._db = _opened(self._path)

    def _unlink(self) -> None:
        for name in (self._path.name, f"{self._path.name}-journal"):
            self._path.with_name(name).unlink(missing_ok=True)


def _opened(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path)
    try:
        db.execute("PRAGMA synchronous = OFF")
        db.execute("CREATE TABLE IF NOT EXISTS vectors (key BLOB, vector BLOB, digest BLOB)")
        db.execute("CREATE INDEX IF NOT EXISTS vectors_by_key ON vectors (key)")
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
