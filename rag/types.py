"""The nouns: what travels from a file to an answer. All frozen; nobody changes one on its way."""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from rag.filters import Filter


class Kind(StrEnum):
    """What a document is, in order of precedence: the earlier wins over the later."""

    SPEC = "spec"
    POLICY = "policy"
    FAQ = "faq"
    MANUAL = "manual"
    PAGE = "page"
    REVIEW = "review"

    @property
    def precedence(self) -> int:
        """0 is the most trusted kind."""
        return list(Kind).index(self)


_REVIEWS = frozenset(
    {"reviews", "customer reviews", "product reviews", "bewertungen", "kundenbewertungen", "评价"}
)
"""Headings below which a document quotes its customers, casefolded."""


class BlockKind(StrEnum):
    """What a stretch of a document is."""

    HEADING = "heading"
    PARAGRAPH = "paragraph"
    ITEM = "item"
    HEADER = "header"
    """The header row of a table."""
    ROW = "row"
    """A row of a table, or one `Attribute: value` line of a product."""


class Span(NamedTuple):
    """Half-open range of character offsets into a text."""

    start: int
    end: int


class Block(NamedTuple):
    """A structural unit of a document.

    `level` is the depth of a heading; of an item, how many lists its own one stands in; else 0.
    """

    kind: BlockKind
    start: int
    end: int
    level: int = 0


class Page(NamedTuple):
    """A page of a paginated document; numbers begin at 1."""

    number: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Document:
    """One source text with its structure. Offsets count characters of `text`.

    A document without product ids belongs to the whole shop. One with variant ids belongs to
    those variants of its products only.
    """

    id: str
    kind: Kind
    title: str
    text: str
    source: str
    """Path of the file it came from, relative to the indexed folder, with forward slashes."""
    blocks: tuple[Block, ...] = ()
    pages: tuple[Page, ...] = ()
    product_ids: tuple[str, ...] = ()
    variant_ids: tuple[str, ...] = ()
    locale: str | None = None
    url: str | None = None
    effective_from: date | None = None
    effective_until: date | None = None
    version: str | None = None
    metadata: Mapping[str, object] = field(default_factory=dict)

    def shares_owner(self, other: "Document") -> bool:
        """Whether both belong to one product, or both to none."""
        if not (self.product_ids and other.product_ids):
            return not (self.product_ids or other.product_ids)
        return not set(self.product_ids).isdisjoint(other.product_ids)

    def page_at(self, offset: int) -> int | None:
        """The number of the page the character at `offset` stands on; None without pages."""
        if not self.pages:
            return None
        at = bisect_right([page.start for page in self.pages], offset) - 1
        return self.pages[max(at, 0)].number

    def headings_at(self, offset: int) -> tuple[str, ...]:
        """The path of headings above the character at `offset`, outermost first."""
        path: list[tuple[int, str]] = []
        for block in self.blocks:
            if block.start > offset:
                break
            if block.kind is BlockKind.HEADING:
                path = [entry for entry in path if entry[0] < block.level]
                path.append((block.level, self.text[block.start : block.end]))
        return tuple(text for _, text in path)


@dataclass(frozen=True, slots=True)
class Chunk:
    """A passage-sized stretch of a document: `document.text[start:end] == text`."""

    id: str
    document_id: str
    start: int
    end: int
    text: str
    embedding_text: str
    """What is embedded: `text` with the document's title and headings in front."""
    page: int | None = None
    headings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Scope:
    """Which documents may answer. A hard filter, applied before ranking.

    With a product: that product's documents and the shop-wide ones. With a variant too: documents
    of other variants are out. `locale` admits that language and documents without one.
    """

    product_id: str | None = None
    variant_id: str | None = None
    kinds: frozenset[Kind] = frozenset()
    """Empty means all kinds."""
    locale: str | None = None
    as_of: date | None = None
    """The day on which documents must be in force; None means today."""
    shop: str | None = None
    """Where one index serves several shops: that shop's documents (their `shop`) and those that
    name none."""
    where: Filter | None = None
    """What else must hold of a document."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a shopper asks, and where."""

    text: str
    scope: Scope = Scope()
    history: tuple[str, ...] = ()
    """Earlier questions of the same conversation, oldest first."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A chunk found for a question. Rank 1 is the best; a higher score is better."""

    chunk: Chunk
    document: Document
    rank: int
    score: float
    scores: Mapping[str, float] = field(default_factory=dict)
    """How it came about: `dense` (cosine), `lexical` (BM25), `fused` (both, before scaling) and
    `precedence` (what it gained or lost for its kind of source)."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """A sentence or line of a passage that may answer: `document.text[start:end] == quote`."""

    document: Document
    start: int
    end: int
    score: float

    @property
    def kind(self) -> Kind:
        """The document's kind; under a heading such as "Reviews", a review."""
        headings = {heading.casefold() for heading in self.document.headings_at(self.start)}
        return Kind.REVIEW if headings & _REVIEWS else self.document.kind

    @property
    def quote(self) -> str:
        """The words of the source."""
        return self.document.text[self.start : self.end]


@dataclass(frozen=True, slots=True)
class Citation:
    """A numbered, resolved reference: `document.text[start:end] == quote`."""

    number: int
    document_id: str
    title: str
    source: str
    url: str | None
    kind: Kind
    page: int | None
    heading: tuple[str, ...]
    quote: str
    start: int
    end: int


class Verdict(StrEnum):
    """What the cited passages say of a sentence."""

    SUPPORTED = "supported"
    CONTRADICTED = "contradicted"
    UNSUPPORTED = "unsupported"


class Status(StrEnum):
    """How a question ended: answered, not answerable from the documents, or not accepted.

    Nothing here refuses yet: `refused` is part of the contract, so that who reads answers knows it.
    """

    ANSWERED = "answered"
    ABSTAINED = "abstained"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Statement:
    """One sentence of an answer with the numbers of its citations."""

    text: str
    citations: tuple[int, ...]
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said to the shopper, and what it rests on."""

    status: Status
    text: str
    statements: tuple[Statement, ...]
    citations: tuple[Citation, ...]
    passages: tuple[Passage, ...]
    generation: str
    """Id of the published index generation everything in the answer comes from."""
    model: str
    confidence: float = 0.0
    """Probability that the best evidence answers, in [0, 1]; also where it was not used."""
    conflicts: tuple[str, ...] = ()
    choices: Mapping[str, str] = field(default_factory=dict)
    """Names of the products, by id, of which the question may mean any; it names none alone."""
    timings_ms: Mapping[str, float] = field(default_factory=dict)
    degraded: bool = False
    """The language model failed; what stands here is what was verified before, or a quotation."""
    cached: bool = False
    """The same was asked before: this is that answer, with its timings."""


Event = tuple[Passage, ...] | Citation | Statement | Answer
"""What a stream of an answer yields, in this order; a statement's citations come before it."""
