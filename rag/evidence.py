"""Passages → the few sentences that may answer, each with the probability that it does.

A passage is too coarse to answer with: the one right line decides. Every sentence of the passages is
scored by its nearness in meaning and by how much of the question it covers, and a logistic model
turns that into a probability, which the engine holds against its threshold.
"""

from collections.abc import Callable, Sequence
from math import exp
from typing import NamedTuple

import numpy as np

from rag.embedding import Embedder
from rag.text import content_terms, sentences
from rag.types import BlockKind, Document, Evidence, Passage, Span

POOL = 60
"""Most sentences that are scored for one question."""


class Features(NamedTuple):
    """What is known of one sentence about one question; each in [0, 1] or a cosine."""

    nearness: float
    """Cosine of the question and the sentence under its title and headings."""
    coverage: float
    """Share of the question's terms, weighted by rarity, in the sentence, title or headings."""
    in_quote: float
    """The same share, in the sentence alone."""
    passage: float
    """Fused retrieval score of its passage."""


WEIGHTS = Features(nearness=8.0, coverage=3.0, in_quote=1.0, passage=1.0)
BIAS = -6.0


def probability(features: Features) -> float:
    """Logistic model of "this sentence answers"; fitted on the dev split (docs/answers.md)."""
    total = BIAS + sum(w * x for w, x in zip(WEIGHTS, features, strict=True))
    return 1 / (1 + exp(-total))


def select(
    question: str,
    passages: Sequence[Passage],
    embedder: Embedder,
    idf: Callable[[str], float],
    limit: int,
) -> list[Evidence]:
    """The best `limit` sentences, best first; equal texts once, the more trusted source kept."""
    candidates = _candidates(passages)
    scored = measure(question, candidates, embedder, idf)
    evidence = [
        Evidence(passage.document, span.start, span.end, round(probability(features), 5))
        for (passage, span), features in zip(candidates, scored, strict=True)
    ]
    evidence.sort(key=lambda e: (-e.score, e.document.kind.precedence, e.document.id, e.start))
    unique: dict[str, Evidence] = {}
    for piece in evidence:
        unique.setdefault(f"{piece.document.title} {piece.quote.casefold()}", piece)
    return list(unique.values())[:limit]


def measure(
    question: str,
    candidates: Sequence[tuple[Passage, Span]],
    embedder: Embedder,
    idf: Callable[[str], float],
) -> list[Features]:
    """The features of each candidate sentence."""
    if not candidates:
        return []
    query = embedder.encode_queries([question])
    texts = [_in_context(passage.document, span) for passage, span in candidates]
    nearness = embedder.encode_documents(texts) @ query[0]
    weights = {term: idf(term) for term in content_terms(question)}
    total = sum(weights.values()) or 1.0

    def share(text: str) -> float:
        present = weights.keys() & set(content_terms(text))
        return sum(weights[term] for term in present) / total

    return [
        Features(
            nearness=float(near),
            coverage=share(text),
            in_quote=share(passage.document.text[span.start : span.end]),
            passage=passage.score,
        )
        for (passage, span), text, near in zip(candidates, texts, np.asarray(nearness), strict=True)
    ]


def _candidates(passages: Sequence[Passage]) -> list[tuple[Passage, Span]]:
    found: dict[tuple[str, int], tuple[Passage, Span]] = {}
    for passage in passages:
        headings = {
            block.start for block in passage.document.blocks if block.kind is BlockKind.HEADING
        }
        for span in sentences(passage.document.text, passage.chunk.start, passage.chunk.end):
            if span.start not in headings:
                found.setdefault((passage.document.id, span.start), (passage, span))
    return list(found.values())[:POOL]


def _in_context(document: Document, span: Span) -> str:
    headings = document.headings_at(span.start)
    sentence = document.text[span.start : span.end]
    return f"{' > '.join((document.title, *headings[-1:]))}: {sentence}"
