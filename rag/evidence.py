"""Passages → the few quotes that may answer, each with the probability that it does.

A passage is too coarse to answer with: the one right line decides. What can be quoted of the
passages is scored by its nearness in meaning, by how much of the question it says, and by whether
it holds what the question wants; a logistic model turns that into a probability, which the engine
holds against its threshold.
"""

from collections.abc import Sequence
from dataclasses import replace
from math import exp
from typing import NamedTuple

from rag.injection import may_be_evidence
from rag.intent import Wanted, wanted
from rag.quantities import codes, quantities
from rag.quotes import in_context, paragraph_of, quotable, row_of, steps_around
from rag.remembered import RememberedVectors
from rag.retrieval import Retriever
from rag.text import content_terms
from rag.types import Document, Evidence, Kind, Passage, Question, Span
from rag.units import MONEY
from rag.variants import not_meant
from rag.vocabulary import attributes

POOL = 40
"""Most quotes that are looked at for one question."""
READ = 8
"""Most of them that are encoded: encoding takes the time, and more change nothing."""
PROMISING = 0.15
"""Least share of what the most promising one promises; of those below none has come out first."""
REMEMBERED = 8192
"""Quotes whose vectors are kept: the same few are asked about again and again. 12 MB of 384."""

Candidate = tuple[Passage, Span]
"""A passage, and what of it may be quoted."""


class Features(NamedTuple):
    """What is known of one quote about one question."""

    nearness: float
    """Cosine of the question, with those it leans on, and the quote under its heading."""
    in_quote: float
    """Share of the question's terms, weighted by rarity, that the quote says itself."""
    passage: float
    """Score of its passage among those found, from 0 to 1."""
    passage_nearness: float
    """Cosine of the question (see `Retriever.query_vector`) and its passage."""
    measured: float
    """1 when it holds an amount of what the question wants to be measured."""
    unmeasured: float
    """1 when the question wants that and the quote holds none."""
    unnumbered: float
    """1 when the question wants an amount and the quote holds no number."""
    unknown_code: float
    """1 when it names a code or model number that is neither its product's nor said there."""
    specification: float
    """1 for the spec sheet: it wins over other kinds."""
    wanted_opinion: float
    """1 for a review when the question asks for opinions."""
    unwanted_opinion: float
    """1 for a review when it does not."""
    of_the_shop: float
    """1 when the question is asked of a product and the quote is of no product in particular."""
    yes_or_no: float
    """1 when the question wants a yes or no: a line that is merely near seldom settles that."""


WEIGHTS = Features(
    nearness=7.2,
    in_quote=2.8,
    passage=6.6,
    passage_nearness=1.6,
    measured=1.2,
    unmeasured=-2.0,
    unnumbered=-3.3,
    unknown_code=-4.5,
    specification=0.3,
    wanted_opinion=2.7,
    unwanted_opinion=-1.0,
    of_the_shop=-1.0,
    yes_or_no=-0.8,
)
"""Fitted on the sample shop's dev split by `python -m benchmarks.evidence` (docs/answers.md), but
for unwanted opinions: no fit may trust a review before the shop's own words."""
BIAS = -12.0


def probability(features: Features) -> float:
    """Logistic model of "this quote answers the question"."""
    total = BIAS + sum(w * x for w, x in zip(WEIGHTS, features, strict=True))
    return 1 / (1 + exp(-total))


class Selector:
    """Chooses quotes. Safe to share between threads; remembers the vectors of quotes."""

    def __init__(self, retriever: Retriever) -> None:
        self._retriever = retriever
        self._encode = RememberedVectors(retriever.embedder.encode_documents, REMEMBERED)

    def select(self, question: Question, passages: Sequence[Passage], limit: int) -> list[Evidence]:
        """The best quotes, best first, at most `limit` and none half as likely as the best.

        The same words about the same product come once, and of two quotes one within the other
        the likelier. Whoever asks how to do something is told all steps, not the likeliest one.
        """
        ranked = self.ranked(question, passages)
        if wanted(question.text).steps:
            ranked = [_with_all_steps(piece) for piece in ranked]
        kept: list[Evidence] = []
        for piece in ranked:
            if len(kept) == limit or piece.score < ranked[0].score / 2:
                break
            if not any(_repeats(piece, other) for other in kept):
                kept.append(piece)
        return kept

    def ranked(self, question: Question, passages: Sequence[Passage]) -> list[Evidence]:
        """The quotes worth reading, likeliest first.

        On a product's page its own "Price" row is told, and no row of that name of the shop's; of
        its variants those that are named.
        """
        found = candidates(passages)
        if question.scope.product_id:
            found = _without_the_shop_s(found)
            left_out = not_meant(question.text, [passage.document for passage, _ in found])
            found = [one for one in found if one[0].document.id not in left_out]
        glanced = self._glanced(question, found)
        promise = [probability(features) for features in glanced]
        least = PROMISING * max(promise, default=0.0)
        worth = sorted(range(len(found)), key=lambda at: -promise[at])[:READ]
        worth = [at for at in worth if promise[at] >= least]
        read = self._read(question, [found[at] for at in worth], [glanced[at] for at in worth])
        evidence = [
            Evidence(passage.document, span.start, span.end, round(probability(features), 4))
            for (passage, span), features in zip((found[at] for at in worth), read, strict=True)
        ]
        return sorted(evidence, key=lambda e: (-e.score, e.kind.precedence, e.document.id, e.start))

    def measure(self, question: Question, found: Sequence[Candidate]) -> list[Features]:
        """The features of each candidate."""
        return self._read(question, found, self._glanced(question, found))

    def _glanced(self, question: Question, found: Sequence[Candidate]) -> list[Features]:
        """The same before the quotes are encoded: a passage's nearness stands for its quotes'."""
        named, on_product = codes(question.text), question.scope.product_id is not None
        own = {id.casefold() for passage, _ in found for id in _ids(passage.document)}
        share = _Share(question, self._retriever, named & own)
        want = wanted(question.text)
        return [_features(want, named, passage, span, share, on_product) for passage, span in found]

    def _read(
        self, question: Question, found: Sequence[Candidate], glanced: Sequence[Features]
    ) -> list[Features]:
        if not found:
            return []
        asked = Question(question.text, history=question.history)
        query = self._retriever.query_vector(asked)[0]
        texts = [in_context(passage.document, span) for passage, span in found]
        return [
            features._replace(nearness=float(near))
            for features, near in zip(glanced, self._encode(texts) @ query, strict=True)
        ]

    def nearness(self, question: str, text: str) -> float:
        """Cosine of a question as typed and a text."""
        query = self._retriever.query_vector(Question(question))[0]
        return float(self._encode([text])[0] @ query)


def candidates(passages: Sequence[Passage]) -> list[Candidate]:
    """What of the passages can be quoted by itself, each once, best passages first."""
    found: dict[tuple[str, Span], Candidate] = {}
    for passage in passages:
        for span in quotable(passage.document, passage.chunk):
            if not _is_spoken_to_us(passage.document, span):
                found.setdefault((passage.document.id, span), (passage, span))
    return list(found.values())[:POOL]


def _is_spoken_to_us(document: Document, span: Span) -> bool:
    """Whether the paragraph a span stands in is: what it goes on to say is no evidence either."""
    kind = Evidence(document, span.start, span.end, 0.0).kind
    return not may_be_evidence(paragraph_of(document, span), kind)


def _features(
    want: Wanted,
    named: set[str],
    passage: Passage,
    span: Span,
    share: "_Share",
    on_product: bool,
) -> Features:
    document = passage.document
    quote = document.text[span.start : span.end]
    kind = Evidence(document, span.start, span.end, 0.0).kind
    measures = _measures(document, span)
    context = " ".join((document.title, *_ids(document), *document.headings_at(span.start), quote))
    return Features(
        nearness=passage.scores.get("dense", 0.0),
        in_quote=share.of(quote),
        passage=passage.score,
        passage_nearness=passage.scores.get("dense", 0.0),
        measured=float(bool(want.measures & measures)),
        unmeasured=float(bool(want.measures) and not want.measures & measures),
        unnumbered=float(want.number and not quantities(quote)),
        unknown_code=float(not named <= codes(context)),
        specification=float(kind is Kind.SPEC),
        wanted_opinion=float(want.opinions and kind is Kind.REVIEW),
        unwanted_opinion=float(not want.opinions and kind is Kind.REVIEW),
        of_the_shop=float(on_product and not document.product_ids),
        yes_or_no=float(want.yes_or_no),
    )


def _measures(document: Document, span: Span) -> set[str]:
    """What a quote holds amounts of; a bare number in a row called price is money."""
    found = quantities(document.text[span.start : span.end])
    measures = {one for quantity in found for one in quantity.measures}
    row = row_of(document, span)
    if row and any(quantity.unit is None for quantity in quantities(row.value)):
        said = content_terms(row.attribute)
        if any(term == "price" or "price" in attributes(term) for term in said):
            measures |= MONEY
    return measures


def _ids(document: Document) -> tuple[str, ...]:
    return (*document.product_ids, *document.variant_ids)


class _Share:
    """How much of what a question asks a text says; the product's name and ids do not count."""

    def __init__(self, question: Question, retriever: Retriever, ids: set[str]) -> None:
        named = set(content_terms(" ".join((retriever.planner.subject(question) or "", *ids))))
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


def _without_the_shop_s(found: Sequence[Candidate]) -> list[Candidate]:
    """Without rows of no product whose attribute the product has a row of, too."""

    def attribute(one: Candidate) -> str | None:
        row = row_of(one[0].document, one[1])
        return row.attribute.casefold() if row else None

    own = {attribute(one) for one in found if one[0].document.product_ids} - {None}
    return [one for one in found if one[0].document.product_ids or attribute(one) not in own]


def _with_all_steps(piece: Evidence) -> Evidence:
    whole = steps_around(piece.document, Span(piece.start, piece.end))
    if whole is None or _is_spoken_to_us(piece.document, whole):
        return piece
    return replace(piece, start=whole.start, end=whole.end)


def _repeats(piece: Evidence, other: Evidence) -> bool:
    if piece.document.id == other.document.id:
        return piece.start < other.end and other.start < piece.end
    same_owner = piece.document.product_ids == other.document.product_ids
    return same_owner and piece.quote.casefold() == other.quote.casefold()
