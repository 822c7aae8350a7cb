"""Question → passages: dense and lexical candidates under a hard scope, fused into one ranking."""

import numpy as np

from rag.embedding import Embedder
from rag.index import Index, Scores
from rag.passages import Rows
from rag.text import terms
from rag.types import Passage, Question

DENSE_WEIGHT = 0.5
"""Share of the dense score in the fusion; the rest is lexical."""


class Retriever:
    """Finds passages in one generation."""

    def __init__(self, index: Index, embedder: Embedder) -> None:
        """Pair an index with its embedder.

        Raises:
            IndexMismatchError: the index was made with another embedder.
        """
        index.require_model(embedder.name, embedder.sha256)
        self.index = index
        self.embedder = embedder

    def retrieve(self, question: Question, k: int) -> list[Passage]:
        """Exactly min(k, passages in scope) passages, best first.

        Raises:
            ScopeError: the question names a product no document belongs to.
        """
        rows = self.index.passages.rows(question.scope)
        if not len(rows):
            return []
        query = self.embedder.encode_queries([question.text])
        found, dense, lexical = self._candidates(query, question.text, rows, max(50, 5 * k))
        fused = DENSE_WEIGHT * _minmax(dense) + (1 - DENSE_WEIGHT) * _minmax(lexical)
        chunks = self.index.passages.chunks([int(row) for row in found])
        # Vectors shift in the last digits with the batch: round, then break ties by id.
        order = sorted(range(len(found)), key=lambda i: (-round(float(fused[i]), 5), chunks[i].id))
        return [
            Passage(
                chunk=chunks[i],
                document=self.index.passages.document(chunks[i].document_id),
                rank=rank,
                score=round(float(fused[i]), 5),
                scores={"dense": float(dense[i]), "lexical": float(lexical[i])},
            )
            for rank, i in enumerate(order[:k], 1)
        ]

    def _candidates(
        self, query: np.ndarray, text: str, rows: Rows, pool: int
    ) -> tuple[Rows, Scores, Scores]:
        """The best rows of either kind, each with both of its scores."""
        nearest, _ = self.index.dense(query, rows, pool)
        lexical = self.index.lexical.scores(terms(text))
        in_scope = lexical[rows]
        matching = rows[np.argsort(-in_scope, kind="stable")[:pool]]
        found = np.union1d(nearest, matching[lexical[matching] > 0])
        return found, self.index.cosines(query, found), lexical[found]


def _minmax(scores: Scores) -> Scores:
    """Scale to [0, 1]; all zero where all are alike."""
    low, high = float(scores.min()), float(scores.max())
    return (scores - low) / (high - low) if high > low else np.zeros_like(scores)
