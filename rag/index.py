"""One opened generation: vectors, lexical index and passages that belong together."""

from pathlib import Path

from rag.dense import Dense
from rag.errors import IndexDamagedError, IndexMismatchError
from rag.lexical import LexicalIndex
from rag.manifest import LEXICAL, PASSAGES, VECTORS, Layout, Manifest
from rag.passages import PassageStore, Rows
from rag.vectors import Scores, Vectors


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
        self._dense = Dense.read(folder / VECTORS)
        if (self._dense.count, self._dense.dim) != (self.manifest.chunks, self.manifest.dim):
            raise IndexDamagedError(
                f"{folder / VECTORS} holds {self._dense.count} vectors of {self._dense.dim}; "
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
        return self._dense.search(query, rows, k)

    def cosines(self, query: Vectors, rows: Rows) -> Scores:
        """Cosine of the query to each of the given rows: float32 [len(rows)]."""
        return self._dense.cosines(query, rows)

    def vectors(self, rows: Rows | None = None) -> Vectors:
        """The vectors of these rows, or of all: float32 [len(rows), dim]."""
        return self._dense.vectors(rows)

    def close(self) -> None:
        """Release the files."""
        self.passages.close()
