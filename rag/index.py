"""One opened generation: vectors, lexical index and passages that belong together."""

from pathlib import Path

import faiss
import numpy as np
from numpy.typing import NDArray

from rag.errors import IndexDamagedError, IndexMismatchError
from rag.lexical import LexicalIndex
from rag.manifest import LEXICAL, PASSAGES, VECTORS, Layout, Manifest
from rag.passages import PassageStore, Rows
from rag.vectors import Vectors

Scores = NDArray[np.float32]


class Index:
    """A generation, immutable; opened ones stay usable while newer ones are published."""

    def __init__(self, folder: Path) -> None:
        """Open a generation's folder, every checksum verified first.

        Raises:
            IndexDamagedError: a file is not the one that was published.
            IndexMismatchError: the format is another version's.
        """
        self.folder = folder
        self.manifest = Manifest.read(folder)
        self.manifest.verify(folder)
        try:
            self._vectors = faiss.read_index(str(folder / VECTORS))
        except RuntimeError as error:
            raise IndexDamagedError(f"{folder / VECTORS} cannot be read: {error}") from error
        if (self._vectors.ntotal, self._vectors.d) != (self.manifest.chunks, self.manifest.dim):
            raise IndexDamagedError(
                f"{folder / VECTORS} holds {self._vectors.ntotal} vectors of {self._vectors.d}; "
                f"the manifest says {self.manifest.chunks} of {self.manifest.dim}. Index again."
            )
        self.passages = PassageStore(folder / PASSAGES)
        self.lexical = LexicalIndex(folder / LEXICAL, self.manifest.chunks)

    @classmethod
    def open(cls, folder: Path) -> "Index":
        """Open the published generation of an index folder.

        Raises:
            IndexMissingError: nothing is published there.
        """
        published = Layout(folder).published()
        while True:
            try:
                return cls(published)
            except IndexDamagedError:
                # It may have been collected while it was being read, some publishes later.
                newer = Layout(folder).published()
                if newer == published:
                    raise
                published = newer

    def require_model(self, name: str, sha256: str) -> None:
        """Refuse an embedder other than the one that made the vectors.

        Raises:
            IndexMismatchError: it is another one.
        """
        if self.manifest.model_sha256 != sha256:
            raise IndexMismatchError(
                f"This index was made with {self.manifest.model!r} "
                f"({self.manifest.model_sha256[:12]}…), not with {name!r} ({sha256[:12]}…). "
                f"Use --embedder {self.manifest.model}, or index again."
            )

    def dense(self, query: Vectors, rows: Rows, k: int) -> tuple[Rows, Scores]:
        """The min(k, len(rows)) nearest of the given rows by cosine, best first.

        Args:
            query: float32 [1, dim], unit length.
            rows: the rows a scope admits.
            k: how many.
        """
        k = min(k, len(rows))
        if k == 0 or not np.isfinite(query).all():
            return np.empty(0, np.int64), np.empty(0, np.float32)
        selector = faiss.IDSelectorBatch(rows)
        parameters = faiss.SearchParameters(sel=selector)  # type: ignore[call-arg]
        scores, found = self._vectors.search(query, k, params=parameters)
        real = found[0] >= 0  # FAISS pads with -1, which would cite the last passage
        return found[0][real], scores[0][real]

    def cosines(self, query: Vectors, rows: Rows) -> Scores:
        """Cosine of the query to each of the given rows: float32 [len(rows)]."""
        return np.asarray(self.vectors(rows) @ query[0], dtype=np.float32)

    def vectors(self, rows: Rows | None = None) -> Vectors:
        """The vectors of these rows, or of all: float32 [len(rows), dim]."""
        if rows is None:
            rows = np.arange(self._vectors.ntotal, dtype=np.int64)
        return np.asarray(self._vectors.reconstruct_batch(rows), dtype=np.float32)

    def close(self) -> None:
        """Release the files."""
        self.passages.close()
