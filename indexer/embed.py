"""Chunks → vectors. What an earlier generation embedded is taken from there; equal texts once."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

import numpy as np

from rag.embedding import Embedder, Vectors
from rag.index import Index

WINDOW = 1024
"""Texts sorted by length together: batches of like lengths waste little padding."""


class VectorSource:
    """Gives the vector of a text, from the earlier generation or from the embedder."""

    def __init__(self, embedder: Embedder, earlier: Index | None) -> None:
        self._embedder = embedder
        self._known: dict[bytes, int] = {}
        self._vectors: Vectors = np.empty((0, embedder.dim), dtype=np.float32)
        self.dim = embedder.dim
        self.embedded = 0
        self.reused = 0
        if earlier is not None and earlier.manifest.model_sha256 == embedder.sha256:
            self._vectors = earlier.vectors()
            for row, chunk in enumerate(earlier.passages.all_chunks()):
                self._known[_key(chunk.embedding_text)] = row

    def vectors(self, texts: Iterator[str], advance: Callable[[int], None]) -> Iterator[Vectors]:
        """Yield float32 [m, dim] blocks in the order of the texts; `advance` gets each m."""
        while window := list(islice(texts, WINDOW)):
            yield self._window(window)
            advance(len(window))

    def _window(self, texts: Sequence[str]) -> Vectors:
        rows = [self._known.get(_key(text)) for text in texts]
        unknown = {text for text, row in zip(texts, rows, strict=True) if row is None}
        new = sorted(unknown, key=lambda text: (len(text), text))
        place = {text: at for at, text in enumerate(new)}
        fresh = self._embedder.encode_documents(new)
        self.embedded += len(new)
        self.reused += len(texts) - len(new)
        out = np.empty((len(texts), self._embedder.dim), dtype=np.float32)
        for at, (text, row) in enumerate(zip(texts, rows, strict=True)):
            out[at] = fresh[place[text]] if row is None else self._vectors[row]
        return out


def _key(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8")).digest()
