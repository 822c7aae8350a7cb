"""Passages → the few sentences that may answer, each with the probability that it does.

A passage is too coarse to answer with: the one right line decides. Every sentence of the passages
is scored by its nearness in meaning and by how much of the question it says, and a logistic model
turns that into a probability, which the engine holds against its threshold.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from math import exp
from typing import NamedTuple

from rag.language import asks_for_opinions
from rag.retrieval import Retriever
from rag.text import content_terms, sentences
from rag.types import Block, BlockKind, Chunk, Document, Evidence, Kind, Passage, Question, Span
from rag.vocabulary import attributes

POOL = 48
"""Most quotes that are scored for one question."""
WHOLE = 400
"""Longest FAQ answer or list of steps, in characters, that is quoted as a whole."""


class Features(NamedTuple):
    """What is known of one sentence about one question."""

    nearness: float
    """Cosine of the question (see `Retriever.query_vector`) and the sentence in its context."""
    bare_nearness: float
    """Cosine of the question as typed and the sentence under its innermost heading."""
    in_quote: float
    """Share of the question's terms, weighted by rarity, that the sentence says itself."""
    passage: float
    """Fused retrieval score of its passage."""
    wanted_opinion: float
    """1 for a review when the question asks for opinions."""
    unwanted_opinion: float
    """1 for a review when it does not."""


WEIGHTS = Features(
    nearness=3.7,
    bare_nearness=4.2,
    in_quote=2.4,
    passage=3.0,
    wanted_opinion=2.6,
    unwanted_opinion=-1.0,
)
"""Fitted on the sample shop's dev split (docs/answers.md), but the last: kinds have precedence."""
BIAS = -9.2


def probability(features: Features) -> float:
    """Logistic model of "this sentence answers the question"."""
    total = BIAS + sum(w * x for w, x in zip(WEIGHTS, features, strict=True))
    return 1 / (1 + exp(-total))


def select(
    question: Question, passages: Sequence[Passage], retriever: Retriever, limit: int
) -> list[Evidence]:
    """The best quotes, best first, at most `limit` and none less than half as likely as the best.

    The same words about the same product come once.
    """
    candidates = _candidates(passages)
    scored = measure(question, candidates, retriever)
    evidence = [
        Evidence(passage.document, span.start, span.end, round(probability(features), 4))
        for (passage, span), features in zip(candidates, scored, strict=True)
    ]
    evidence.sort(key=lambda e: (-e.score, e.kind.precedence, e.document.id, e.start))
    unique: dict[tuple[object, ...], Evidence] = {}
    for piece in evidence:
        unique.setdefault((piece.document.product_ids, piece.quote.casefold()), piece)
    likely = [piece for piece in unique.values() if piece.score >= evidence[0].score / 2]
    return likely[:limit]


def measure(
    question: Question, candidates: Sequence[tuple[Passage, Span]], retriever: Retriever
) -> list[Features]:
    """The features of each candidate sentence."""
    if not candidates:
        return []
    query = retriever.query_vector(question)[0]
    bare_query = retriever.query_vector(Question(question.text))[0]
    texts = [_in_context(passage.document, span, retriever) for passage, span in candidates]
    bare_texts = [_under_heading(passage.document, span) for passage, span in candidates]
    vectors = retriever.embedder.encode_documents(texts + bare_texts)
    nearness = vectors[: len(texts)] @ query
    bare_nearness = vectors[len(texts) :] @ bare_query
    opinions = asks_for_opinions(question.text)
    share = _Share(question, retriever)
    return [
        Features(
            nearness=float(near),
            bare_nearness=float(bare_near),
            in_quote=share.of(passage.document.text[span.start : span.end]),
            passage=passage.score,
            wanted_opinion=float(opinions and _is_review(passage, span)),
            unwanted_opinion=float(not opinions and _is_review(passage, span)),
        )
        for (passage, span), near, bare_near in zip(
            candidates, nearness, bare_nearness, strict=True
        )
    ]


def _is_review(passage: Passage, span: Span) -> bool:
    return Evidence(passage.document, span.start, span.end, 0.0).kind is Kind.REVIEW


class _Share:
    """How much of what a question asks a text says; the product's own name does not count."""

    def __init__(self, question: Question, retriever: Retriever) -> None:
        named = set(content_terms(retriever.subject(question) or ""))
        idf = retriever.index.lexical.idf
        self._weights = {t: idf(t) for t in content_terms(question.text) if t not in named}
        self._total = sum(self._weights.values()) or 1.0

    def of(self, text: str) -> float:
        present = set(content_terms(text))
        said = (
            weight
            for term, weight in self._weights.items()
            if term in present or attributes(term) & present
        )
        return sum(said) / self._total


def _candidates(passages: Sequence[Passage]) -> list[tuple[Passage, Span]]:
    """What of the passages can be quoted by itself, each once, best passages first."""
    found: dict[tuple[str, Span], tuple[Passage, Span]] = {}
    for passage in passages:
        for span in _quotable(passage.document, passage.chunk):
            found.setdefault((passage.document.id, span), (passage, span))
    return list(found.values())[:POOL]


def _quotable(document: Document, chunk: Chunk) -> Iterator[Span]:
    """Sentences and rows; a short answer to a question as a whole; numbered steps as a whole."""
    if chunk.headings and chunk.headings[-1].endswith(("?", "？")) and len(chunk.text) <= WHOLE:
        yield Span(chunk.start, chunk.end)
        return
    first, past = _blocks_between(document, chunk.start, chunk.end)
    steps: list[Block] = []
    for block in document.blocks[first:past]:
        if block.kind is BlockKind.ITEM and document.text[block.start].isdigit():
            steps.append(block)
        if block.kind not in (BlockKind.HEADING, BlockKind.HEADER):
            start, end = max(block.start, chunk.start), min(block.end, chunk.end)
            yield from sentences(document.text, start, end)
    if len(steps) > 1 and steps[-1].end - steps[0].start <= WHOLE:
        yield Span(steps[0].start, steps[-1].end)


def _blocks_between(document: Document, start: int, end: int) -> tuple[int, int]:
    """The range of blocks that overlap the characters from start to end."""
    first = bisect_right(document.blocks, start, key=lambda block: block.end)
    past = bisect_left(document.blocks, end, key=lambda block: block.start)
    return first, past


def _in_context(document: Document, span: Span, retriever: Retriever) -> str:
    names = retriever.index.passages.product_names
    subject = names.get(document.product_ids[0], "") if document.product_ids else ""
    front = [subject] if subject and subject not in document.title else []
    path = (*front, document.title, *document.headings_at(span.start)[-1:])
    return f"{' > '.join(path)}: {_with_header(document, span)}"


def _under_heading(document: Document, span: Span) -> str:
    path = document.headings_at(span.start)[-1:]
    return ": ".join((*path, _with_header(document, span)))


def _with_header(document: Document, span: Span) -> str:
    """The quote, and in front of a table's row the header of the table."""
    quote = document.text[span.start : span.end]
    at, _ = _blocks_between(document, span.start, span.end)
    if at < len(document.blocks) and document.blocks[at].kind is BlockKind.ROW:
        while at > 0 and document.blocks[at].kind is BlockKind.ROW:
            at -= 1
        block = document.blocks[at]
        if block.kind is BlockKind.HEADER:
            return f"{document.text[block.start : block.end]}\n{quote}"
    return quote
