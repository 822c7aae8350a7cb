"""Question → passages: dense and lexical candidates under a hard scope, fused into one ranking."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from rag.batching import MicroBatches
from rag.conversation import context
from rag.dense import Scores
from rag.embedding import Embedder
from rag.index import Index
from rag.passages import Rows
from rag.recognition import Catalogue, Recognition
from rag.text import terms
from rag.types import Chunk, Document, Passage, Question, Scope
from rag.vectors import Vectors
from rag.vocabulary import expanded

LEXICAL_WEIGHT = 0.3
"""Share of the lexical score in the fusion; the rest is dense (docs/retrieval.md)."""
OWN_BONUS = 0.05
"""What a product's own passage gains over a shop-wide one when the question is on that product."""


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
        self._encode = MicroBatches(embedder.encode_queries)
        self._catalogue = Catalogue(index)

    def understand(self, question: Question) -> tuple[Question, Recognition]:
        """The question with what was left unsaid, and the products it names.

        Asked on no product's page, it gets the one product it names as its scope. On a page, the
        page tells which product is meant, whatever else is named; "the larger one" is then a choice
        that leads to another page.
        """
        scope = question.scope
        if scope.product_id:
            beside = self._catalogue.beside(question.text, scope.product_id)
            others = tuple(sorted({*beside.named, *beside.choices} - {scope.product_id}))
            return question, Recognition(choices=others)
        if scope.variant_id:
            return question, Recognition()
        found = self._catalogue.recognise(question.text, question.history)
        if len(found.named) == 1:
            scope = replace(question.scope, product_id=found.named[0])
            return replace(question, scope=scope), found
        return question, found

    def retrieve(self, question: Question, k: int) -> list[Passage]:
        """Exactly min(k, passages in scope) passages, best first.

        A question on no product's page that names products is about these and the shop.

        Raises:
            ScopeError: the question names a product no document belongs to.
        """
        question, about = self.understand(question)
        rows = self._rows(question.scope, about.named or about.choices)
        if not len(rows):
            return []
        query = self.query_vector(question)
        said = f"{question.text} {context(question.text, question.history)}"
        found, dense, lexical = self._candidates(query, said, rows, max(50, 5 * k))
        fused = (1 - LEXICAL_WEIGHT) * _minmax(dense) + LEXICAL_WEIGHT * _minmax(lexical)
        heads = self.index.passages.heads(found)
        if question.scope.product_id:
            fused = fused + OWN_BONUS * np.array([head.owned for head in heads])
        # Vectors shift in the last digits with the batch: round, then break ties by id.
        ranking = sorted((-round(float(fused[i]), 5), heads[i].id, i) for i in range(len(found)))
        best = self._without_repeats(((int(found[i]), i, -score) for score, _, i in ranking), k)
        return [
            Passage(
                chunk=chunk,
                document=document,
                rank=rank,
                score=score,
                scores={"dense": float(dense[i]), "lexical": float(lexical[i])},
            )
            for rank, (chunk, document, i, score) in enumerate(best, 1)
        ]

    def _without_repeats(
        self, ranking: Iterable[tuple[int, int, float]], k: int
    ) -> list[tuple[Chunk, Document, int, float]]:
        """The first k of (row, place, score), read from the disk as far as needed.

        Those that only repeat a better passage, as colour variants do, go behind all others.
        """
        said: set[tuple[tuple[str, ...], str]] = set()
        first: list[tuple[Chunk, Document, int, float]] = []
        repeats: list[tuple[Chunk, Document, int, float]] = []
        for row, place, score in ranking:
            if len(first) == k:
                break
            (chunk,) = self.index.passages.chunks([row])
            document = self.index.passages.document(chunk.document_id)
            words = (document.product_ids, chunk.text)
            if words in said:
                repeats.append((chunk, document, place, 0.0))
            else:
                first.append((chunk, document, place, score))
            said.add(words)
        repeats.sort(key=lambda repeat: repeat[0].id)
        return (first + repeats)[:k]

    def query_vector(self, question: Question) -> Vectors:
        """The question as a vector: float32 [1, dim], unit length.

        On a product's page shoppers write "it", and a follow-up leaves out what was said before:
        the mean with the question that names the product, and with those it leans on, finds what
        all of them ask for.
        """
        subject = self.subject(question)
        named = f"{subject}: " if subject else ""
        texts = [question.text]
        if named:
            texts.append(named + question.text)
        if before := context(question.text, question.history):
            texts.append(f"{named}{before} {question.text}")
        whole = [piece for text in texts for piece in self._readable(text)]
        mean = self._encode(whole).mean(axis=0, keepdims=True)
        return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-12), dtype=np.float32)

    def _readable(self, text: str) -> list[str]:
        """The text in halves, and their halves, until the embedder cuts nothing off."""
        if self.embedder.count_tokens([text])[0] <= self.embedder.max_tokens or len(text) < 2:
            return [text]
        middle = text.find(" ", len(text) // 2)
        at = middle if middle > 0 else len(text) // 2
        return self._readable(text[:at]) + self._readable(text[at:])

    def subject(self, question: Question) -> str | None:
        """The name of the product the question is asked on."""
        return self.index.passages.product_names.get(question.scope.product_id or "")

    def _rows(self, scope: Scope, products: Sequence[str]) -> Rows:
        if scope.product_id or not products:
            return self.index.passages.rows(scope)
        each = (self.index.passages.rows(replace(scope, product_id=id)) for id in products)
        return np.unique(np.concatenate(list(each)))

    def _candidates(
        self, query: Vectors, text: str, rows: Rows, pool: int
    ) -> tuple[Rows, Scores, Scores]:
        """The best rows of either kind, each with both of its scores."""
        nearest, _ = self.index.dense(query, rows, pool)
        lexical = self.index.lexical.scores(expanded(terms(text)))
        matching = rows[lexical[rows] > 0]
        if len(matching) > pool:
            matching = matching[np.argpartition(-lexical[matching], pool)[:pool]]
        found = np.union1d(nearest, matching)
        return found, self.index.cosines(query, found), lexical[found]


def _minmax(scores: Scores) -> Scores:
    """Scale to [0, 1]; all zero where all are alike."""
    low, high = float(scores.min()), float(scores.max())
    return (scores - low) / (high - low) if high > low else np.zeros_like(scores)
