"""BM25 over one generation, static as the generation is (bm25s, Lù 2024, arXiv:2407.03618)."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from threading import Lock

import numpy as np
from bm25s import BM25
from numpy.typing import NDArray

from rag.errors import IndexDamagedError
from rag.spelling import Dictionary, parts
from rag.text import stem, terms
from rag.vectors import Scores

_LANGUAGE = "language.txt"
"""Names the language of the texts, where it is not English."""

_READING = Lock()
"""NumPy reads a file's header with `ast`, which before Python 3.11.8 and 3.12.2 fails now and then
("recursion depth mismatch") when two threads are in it (CPython issue 106905)."""


def write(texts: Iterable[str], folder: Path, language: str = "en") -> None:
    """Index the texts in row order into `folder`.

    A compound counts as the known words it is made of, too.

    Args:
        texts: of the rows.
        folder: is made.
        language: one of `STEMMED`, where all of the texts are in it; else English.
    """
    fold = _folded(language)
    vocabulary: dict[str, int] = {}
    ids = [
        # bm25s wants a term in every row: "" stands in where there is none, and no query has it.
        [vocabulary.setdefault(fold(term), len(vocabulary)) for term in terms(text) or [""]]
        for text in texts
    ]
    pieces = {vocabulary[term]: parts(term, vocabulary) for term in vocabulary}
    made_of = {id: [vocabulary[part] for part in found] for id, found in pieces.items() if found}
    for row in ids:
        row.extend([part for id in row for part in made_of.get(id, ())])
    model = BM25(method="lucene", k1=1.2, b=0.75)
    model.index((ids, vocabulary), show_progress=False)
    model.save(folder)
    if language != "en":
        (folder / _LANGUAGE).write_text(language, encoding="utf-8")


def _folded(language: str) -> Callable[[str], str]:
    """What a search term is kept as; `terms` has stemmed it as an English word already."""
    return str if language == "en" else lambda term: stem(term, language)


class LexicalIndex:
    """Reads what `write` made."""

    def __init__(self, folder: Path, rows: int) -> None:
        try:
            with _READING:
                self._model = BM25.load(folder, load_corpus=False)
            named = folder / _LANGUAGE
            self._fold = _folded(named.read_text(encoding="utf-8") if named.exists() else "en")
            found = int(self._model.scores["num_docs"])
        except Exception as error:  # NumPy, JSON and bm25s each raise their own
            raise IndexDamagedError(f"{folder} cannot be read: {error}") from error
        if found != rows:
            raise IndexDamagedError(f"{folder} has {found} rows; the generation has {rows}.")
        self._rows = rows
        self._dictionary = Dictionary(self._model.vocab_dict, self._fold)

    def scores(self, query: Sequence[str]) -> Scores:
        """BM25 of every row for the query's terms: float32 [rows], 0 where none occurs."""
        known = self._model.get_tokens_ids([self._kept(term) for term in query])
        if not known:
            return np.zeros(self._rows, dtype=np.float32)
        return np.asarray(self._model.get_scores_from_ids(known), dtype=np.float32)

    def highest(self, query: Sequence[str]) -> float:
        """What no row's BM25 for the query exceeds."""
        return sum(self.idf(term) for term in query)

    def dictionary(self, rows: NDArray[np.bool_]) -> Dictionary:
        """The words of some rows: bool [rows], whether they are of one of these."""
        if rows.all():
            return self._dictionary
        matrix = self._model.scores
        before = np.concatenate([[0], np.cumsum(rows[matrix["indices"]])])
        said = before[matrix["indptr"][1:]] > before[matrix["indptr"][:-1]]
        # bm25s knows "" without a row of it
        known = frozenset(term for term, at in self._model.vocab_dict.items() if term and said[at])
        return Dictionary(known, self._fold)

    def _kept(self, term: str) -> str:
        """The term as the vocabulary has it; of one taken from there, the stem may be another."""
        folded = self._fold(term)
        return folded if folded in self._model.vocab_dict else term

    def idf(self, term: str) -> float:
        """Inverse document frequency of a term: ln(1 + (N - n + ½) / (n + ½)), as in BM25."""
        starts = self._model.scores["indptr"]
        at = self._model.vocab_dict.get(self._kept(term))
        count = 0 if at is None else int(starts[at + 1] - starts[at])
        return float(np.log1p((self._rows - count + 0.5) / (count + 0.5)))
