"""BM25 over one generation, static as the generation is (bm25s, Lù 2024, arXiv:2407.03618)."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from bm25s import BM25
from numpy.typing import NDArray

from rag.errors import IndexDamagedError
from rag.text import terms


def write(texts: Iterable[str], folder: Path) -> None:
    """Index the texts in row order into `folder`."""
    vocabulary: dict[str, int] = {}
    ids = [
        # bm25s wants a term in every row: "" stands in where there is none, and no query has it.
        [vocabulary.setdefault(term, len(vocabulary)) for term in terms(text) or [""]]
        for text in texts
    ]
    model = BM25(method="lucene", k1=1.2, b=0.75)
    model.index((ids, vocabulary), show_progress=False)
    model.save(folder)


class LexicalIndex:
    """Reads what `write` made."""

    def __init__(self, folder: Path, rows: int) -> None:
        try:
            self._model = BM25.load(folder, load_corpus=False)
            found = int(self._model.scores["num_docs"])
        except Exception as error:  # NumPy, JSON and bm25s each raise their own
            raise IndexDamagedError(f"{folder} cannot be read: {error}") from error
        if found != rows:
            raise IndexDamagedError(f"{folder} has {found} rows; the generation has {rows}.")
        self._rows = rows

    def scores(self, query: Sequence[str]) -> NDArray[np.float32]:
        """BM25 of every row for the query's terms: float32 [rows], 0 where none occurs."""
        known = self._model.get_tokens_ids(list(query))
        if not known:
            return np.zeros(self._rows, dtype=np.float32)
        return np.asarray(self._model.get_scores_from_ids(known), dtype=np.float32)

    def knows(self, term: str) -> bool:
        """Whether the term occurs."""
        return term in self._model.vocab_dict

    def idf(self, term: str) -> float:
        """Inverse document frequency of a term: ln(1 + (N - n + ½) / (n + ½)), as in BM25."""
        starts = self._model.scores["indptr"]
        at = self._model.vocab_dict.get(term)
        count = 0 if at is None else int(starts[at + 1] - starts[at])
        return float(np.log1p((self._rows - count + 0.5) / (count + 0.5)))
