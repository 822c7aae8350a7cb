"""Question → passages: dense and lexical candidates under a hard scope, fused into one ranking."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from rag.batching import MicroBatches
from rag.conversation import context
from rag.embedding import Embedder
from rag.fusion import Fuse, by_coverage, precedences
from rag.heads import Heads
from rag.index import Index
from rag.language import asks_for_opinions
from rag.packing import Extract, pack
from rag.passages import Rows
from rag.planning import Plan, Planner
from rag.remembered import RememberedVectors
from rag.repetition import Said
from rag.rerank import Rerank
from rag.types import Chunk, Document, Passage, Question
from rag.vectors import Scores, Vectors

REMEMBERED = 4096
"""Wordings of questions whose vectors are kept: each is looked for more than once. 6 MB of 384."""
NAMED = 0.5
"""Length of the product's name beside a question's vector of length 1 (docs/retrieval.md)."""
LEAST = 1e-5
"""Score of the worst passage that is no repetition."""
RERANKED = 30
"""Most passages a reranker reads for a question, unless more are asked for."""


class Retriever:
    """Finds passages in one generation."""

    def __init__(
        self,
        index: Index,
        embedder: Embedder,
        rerank: Rerank | None = None,
        fuse: Fuse = by_coverage,
    ) -> None:
        """Pair an index with its embedder.

        Args:
            index: the generation.
            embedder: the one that made its vectors.
            rerank: reads the best passages again, and orders them.
            fuse: how both scores become one; the benchmarks compare others.

        Raises:
            IndexMismatchError: the index was made with another embedder.
        """
        index.require_model(embedder.name, embedder.sha256)
        self.index = index
        self.embedder = embedder
        self.rerank = rerank
        self.planner = Planner(index, embedder)
        self._fuse = fuse
        self.encode = RememberedVectors(MicroBatches(embedder.encode_queries), REMEMBERED)
        """Questions as they are typed → their vectors."""
        self._said = lru_cache(maxsize=4096)(Said.of)

    def retrieve(self, question: Question, k: int) -> list[Passage]:
        """Exactly min(k, passages in scope) passages, best first. Those that only repeat score 0.

        A question on no product's page that names products is about these and the shop.

        Raises:
            ScopeError: the question names a product no document belongs to.
        """
        return self.ranked(self.planner.plan(question), k)

    def ranked(self, plan: Plan, k: int) -> list[Passage]:
        """What `retrieve` finds by a plan that is made already."""
        rows, instructing = self.index.passages.apart(plan.rows)
        best = self._best(plan, rows, k)
        if len(instructing) and len(best) < k:  # they are no evidence, but they exist
            last = self._best(plan, instructing, k - len(best))
            best += [replace(one, rank=len(best) + one.rank, score=0.0) for one in last]
        return best

    def _best(self, plan: Plan, rows: Rows, k: int) -> list[Passage]:
        """The best min(k, len(rows)) of these rows."""
        if not len(rows) or k < 1:
            return []
        query = self.query_vector(plan.question)
        found, dense, lexical = self._candidates(query, plan.sought, rows, max(50, 5 * k))
        heads = self.index.passages.heads.at(found)
        most = self.index.lexical.highest(plan.sought)
        fused = self._fuse(dense, lexical, most, plan.lexical_weight)
        priors = _priors(plan.question, heads)
        # Vectors shift in the last digits with the batch: round, then break ties by date and id.
        scores = np.round(_scaled(fused + priors).astype(float), 5)
        wanted = max(k, RERANKED) if self.rerank else k
        best = [
            Passage(
                chunk=chunk,
                document=document,
                rank=rank,
                score=0.0 if repeated else max(float(scores[at]), LEAST),
                scores={
                    "dense": float(dense[at]),
                    "lexical": float(lexical[at]),
                    "fused": round(float(fused[at]), 5),
                    "precedence": round(float(priors[at]), 5),
                },
            )
            for rank, (chunk, document, at, repeated) in enumerate(
                self._without_repeats(found, _ranking(scores, heads), wanted), 1
            )
        ]
        return self._reranked(plan.question, best, self.rerank)[:k] if self.rerank else best

    def packed(self, question: Question, k: int, budget: int) -> list[Extract]:
        """What of the best k passages fits into a budget of the embedder's tokens, as one reads it.

        Passages that are spoken to whoever reads them are left out. Raises as `retrieve` does.
        """
        plan = self.planner.plan(question)
        rows, _ = self.index.passages.apart(plan.rows)
        return pack(self._best(plan, rows, k), budget, self.embedder.count_tokens)

    def _reranked(
        self, question: Question, passages: Sequence[Passage], rerank: Rerank
    ) -> list[Passage]:
        """The same passages by what the reranker says; those without a score stay behind."""
        read = [passage for passage in passages if passage.score]
        said = f"{context(question.text, question.history)} {question.text}".strip()
        found = rerank(said, [passage.chunk.embedding_text for passage in read])
        judged = [
            (float(score) + passage.scores["precedence"], float(score), passage)
            for passage, score in zip(read, found, strict=True)
        ]
        judged.sort(key=lambda one: -one[0])
        first = [
            replace(
                passage,
                score=round(min(max(whole, LEAST), 1.0), 5),
                scores={**passage.scores, "rerank": round(score, 5)},
            )
            for whole, score, passage in judged
        ]
        behind = [passage for passage in passages if not passage.score]
        return [replace(one, rank=rank) for rank, one in enumerate([*first, *behind], 1)]

    def _without_repeats(
        self, found: Rows, ranking: Sequence[int], k: int
    ) -> list[tuple[Chunk, Document, int, bool]]:
        """The first k of a ranking of places in `found`, read from the disk as far as needed.

        Those that only repeat a better passage, as colour variants do, go behind all others.
        """
        said: dict[tuple[str, ...], list[Said]] = defaultdict(list)
        first: list[tuple[Chunk, Document, int, bool]] = []
        repeats: list[tuple[Chunk, Document, int, bool]] = []
        for at, chunk, document in self._read(found, ranking, k):
            if len(first) == k:
                break
            own, before = self._said(chunk.text), said[document.product_ids]
            if any(map(own.repeats, before)):
                repeats.append((chunk, document, at, True))
            else:
                before.append(own)
                first.append((chunk, document, at, False))
        repeats.sort(key=lambda repeat: repeat[0].id)
        return (first + repeats)[:k]

    def query_vector(self, question: Question) -> Vectors:
        """The question as a vector: float32 [1, dim], unit length.

        On a product's page shoppers write "it": some of its name finds what they mean. A follow-up
        leaves out what was said before: the mean with it finds what both ask for.
        """
        texts = [question.text]
        if before := context(question.text, question.history):
            texts.append(f"{before} {question.text}")
        whole = [piece for text in texts for piece in self._readable(text)]
        subject = self.planner.subject(question)
        found = self.encode([*whole, subject] if subject else whole)
        vector = found[: len(whole)].mean(axis=0, keepdims=True)
        if subject:
            vector += NAMED * found[-1]
        return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-12), dtype=np.float32)

    def _readable(self, text: str) -> list[str]:
        """The text in halves, and their halves, until the embedder cuts nothing off."""
        if self.embedder.count_tokens([text])[0] <= self.embedder.max_tokens or len(text) < 2:
            return [text]
        middle = text.find(" ", len(text) // 2)
        at = middle if middle > 0 else len(text) // 2
        return self._readable(text[:at]) + self._readable(text[at:])

    def _read(
        self, found: Rows, ranking: Sequence[int], at_once: int
    ) -> Iterator[tuple[int, Chunk, Document]]:
        """The places of a ranking with what is there, so many read at once."""
        for start in range(0, len(ranking), at_once):
            places = ranking[start : start + at_once]
            chunks = self.index.passages.chunks([int(found[at]) for at in places])
            documents = self.index.passages.documents([chunk.document_id for chunk in chunks])
            yield from zip(places, chunks, documents, strict=True)

    def _candidates(
        self, query: Vectors, sought: Sequence[str], rows: Rows, pool: int
    ) -> tuple[Rows, Scores, Scores]:
        """The best rows of either kind, each with both of its scores."""
        nearest, _ = self.index.dense(query, rows, pool)
        lexical = self.index.lexical.scores(sought)
        inside = lexical if len(rows) == len(lexical) else lexical[rows]
        matching = np.flatnonzero(inside)
        if len(matching) > pool:
            matching = matching[np.argpartition(inside[matching], -pool)[-pool:]]
        found = np.union1d(nearest, rows[matching])
        return found, self.index.cosines(query, found), lexical[found]


def _priors(question: Question, heads: Heads) -> Scores:
    """What each candidate gains or loses for being what it is."""
    on_page = question.scope.product_id is not None
    gains = precedences(on_page, asks_for_opinions(question.text))
    return np.asarray(gains[heads.owned.astype(int), heads.kinds])


def _ranking(scores: NDArray[np.float64], heads: Heads) -> list[int]:
    """Places, best first; of equal scores, the document that is in force since later."""
    return [int(at) for at in np.lexsort((heads.places, -heads.since, -scores))]


def _scaled(scores: Scores) -> Scores:
    """The same from 0, the worst, to 1, the best."""
    low, high = float(scores.min()), float(scores.max())
    return (scores - low) / (high - low) if high > low else np.ones_like(scores)
