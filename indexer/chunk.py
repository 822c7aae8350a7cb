"""Document → chunks: along its structure, within the embedder's own tokens, offsets exact.

A chunk never crosses a heading. An `Attribute: value` row is a chunk of its own, so that "weight"
finds the weight and nothing else. Tables break between rows, with the header repeated in front of
the text that is embedded, and lists between items, with the sentence that introduces them; only
prose that has to be broken overlaps, by one sentence.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from rag.text import sentences
from rag.types import Block, BlockKind, Chunk, Document, Span

Count = Callable[[Sequence[str]], list[int]]
"""How the embedder counts tokens, special ones included."""


@dataclass(frozen=True, slots=True)
class _Unit:
    """What is not broken further: a sentence, an item, a row."""

    span: Span
    kind: BlockKind
    tokens: int
    lead: str = ""
    """The header row of its table, or the sentence or item that introduces its list."""
    lead_tokens: int = 0
    alone: bool = False
    """An attribute of a product: found and quoted alone."""
    broken: bool = False
    """Whether its paragraph goes on in the next unit."""
    level: int = 0
    """Of an item, how many lists its own one stands in."""


class _Ruler:
    """Measures texts in tokens, without the special ones, with the line breaks before them."""

    def __init__(self, count: Count) -> None:
        self._count = count
        one, two = count(["a", "a\n\na"])
        self._more = two - 2 * one  # of the special ones, two texts have twice as many

    def all(self, texts: Sequence[str]) -> list[int]:
        return [max(0, tokens + self._more) for tokens in self._count(texts)]

    def one(self, text: str) -> int:
        return self.all([text])[0] if text else 0


def chunk(
    document: Document, count: Count, limit: int, subject: str | None = None
) -> Iterator[Chunk]:
    """Yield the chunks in order; each `embedding_text` has at most `limit` tokens.

    Args:
        document: with its blocks.
        count: the embedder's token counter.
        limit: tokens of the longest chunk, title and headings included.
        subject: name of the product it is about, put in front where the title does not say it.
    """
    ruler = _Ruler(count)
    sections = [
        (headings, [block for block in section if block.kind is not BlockKind.HEADING] or section)
        for headings, section in _sections(document)
    ]
    paths = [_path(subject, document.title, headings) for headings, _ in sections]
    # A tokenizer asked once for many texts is several times as fast as asked for each.
    texts = [document.text[one.start : one.end] for _, blocks in sections for one in blocks]
    sizes = iter(ruler.all(texts))
    cuts = [
        _Cut(document, headings, blocks, list(islice(sizes, len(blocks))), front, limit, ruler)
        for (headings, blocks), front in zip(
            sections, _fitted(paths, count, limit // 2), strict=True
        )
    ]
    counted = iter(count([text for cut in cuts for text in cut.nearly_full]))
    for cut in cuts:
        longest = max(islice(counted, len(cut.nearly_full)), default=0)
        while cut.narrowed(longest - limit):
            longest = max(count(cut.nearly_full), default=0) if cut.nearly_full else 0
        yield from cut.chunks


class _Cut:
    """A section, and the chunks it becomes."""

    def __init__(
        self,
        document: Document,
        headings: tuple[str, ...],
        blocks: Sequence[Block],
        sizes: Sequence[int],
        front: tuple[str, int],
        limit: int,
        ruler: _Ruler,
    ) -> None:
        self._document = document
        self._headings = headings
        self._blocks = blocks
        self._sizes = sizes
        self._prefix, tokens = front
        self._room = limit - tokens
        self._ruler = ruler
        self._cut()

    def _cut(self) -> None:
        units = _units(self._document, self._blocks, self._sizes, self._ruler, self._room)
        groups = list(_packed(list(units), self._room))
        self.chunks = [
            _chunk(self._document, self._headings, self._prefix, group) for group in groups
        ]
        self.nearly_full = [
            chunk.embedding_text
            for chunk, group in zip(self.chunks, groups, strict=True)
            if 4 * _tokens(group) > 3 * self._room
        ]
        """Some tokenizers make more of a text than of its parts: these are to be counted."""

    def narrowed(self, over: int) -> bool:
        """Cut again so many tokens shorter; whether anything was left to take away."""
        less = min(over, self._room - 1)
        if less <= 0:
            return False
        self._room -= less
        self._cut()
        return True


def _sections(document: Document) -> Iterator[tuple[tuple[str, ...], list[Block]]]:
    """Runs of blocks under one path of headings, outermost first, with that path.

    A heading with nothing but deeper headings below it is in the path of what follows.
    """
    path: list[Block] = []
    section: list[Block] = []

    def headings() -> tuple[str, ...]:
        return tuple(document.text[block.start : block.end] for block in path)

    for block in document.blocks:
        if block.kind is BlockKind.HEADING:
            if section and not _leads_on(section, block):
                yield headings(), section
            section = []
            path = [heading for heading in path if heading.level < block.level] + [block]
        section.append(block)
    if section:
        yield headings(), section


def _leads_on(section: Sequence[Block], following: Block) -> bool:
    """Whether a bare heading is carried by the heading path of what follows."""
    return all(b.kind is BlockKind.HEADING and b.level < following.level for b in section)


def _path(subject: str | None, title: str, headings: Sequence[str]) -> str:
    """What stands in front of a section's chunks, at its full length."""
    path = [*headings] if headings and headings[0] == title else [title, *headings]
    if subject and subject not in path[0]:
        path.insert(0, subject)
    return " ".join(" > ".join(path).split())


def _fitted(paths: Sequence[str], count: Count, room: int) -> Iterator[tuple[str, int]]:
    """Yield each, shortened to so many tokens, with its tokens, special ones included."""
    for prefix, tokens in zip(paths, count(paths), strict=True):
        while tokens > room and len(prefix) > 1:
            words = prefix.split(" ")
            # Whole words go first; one long word, or a script without spaces, is cut.
            prefix = (
                " ".join(words[: len(words) * 3 // 4]) if len(words) > 1
                else prefix[: len(prefix) * 3 // 4]
            )  # fmt: skip
            (tokens,) = count([prefix])
        yield prefix, tokens


def _units(
    document: Document, blocks: Sequence[Block], sizes: Sequence[int], ruler: _Ruler, room: int
) -> Iterator[_Unit]:
    leads = _Leads(ruler, room // 2)
    for block, tokens in zip(blocks, sizes, strict=True):
        lead, beside = leads.above(block, document.text[block.start : block.end])
        if tokens + beside <= room:
            alone = block.kind is BlockKind.ROW and not lead
            span = Span(block.start, block.end)
            yield _Unit(span, block.kind, tokens, lead, beside, alone, level=block.level)
            continue
        pieces = [
            piece
            for span in sentences(document.text, block.start, block.end)
            for piece in _fitting(document.text, span, ruler, room - beside)
        ]
        for number, (span, tokens) in enumerate(pieces, 1):
            broken = number < len(pieces)
            yield _Unit(span, block.kind, tokens, lead, beside, broken=broken, level=block.level)


class _Leads:
    """What rows and items stand below, as their section is gone through."""

    def __init__(self, ruler: _Ruler, room: int) -> None:
        self._ruler = ruler
        self._room = room
        self._header = ""
        self._paragraph = ""
        self._items: list[tuple[int, str]] = []
        """The item at hand and those it stands in, outermost first, with their levels."""
        self._measured: dict[str, int] = {}

    def above(self, block: Block, text: str) -> tuple[str, int]:
        """What a block needs in front where it is cut off, with its tokens; "" for nothing."""
        lead = ""
        if block.kind is BlockKind.ROW:
            lead = self._header
        elif block.kind is BlockKind.ITEM:
            self._items = [one for one in self._items if one[0] < block.level]
            lead = _introduction(self._items[-1][1] if self._items else self._paragraph)
            self._items.append((block.level, text))
        else:
            self._header = text if block.kind is BlockKind.HEADER else ""
            self._paragraph = text if block.kind is BlockKind.PARAGRAPH else ""
            self._items = []
        if lead not in self._measured:
            self._measured[lead] = self._ruler.one(lead)
        tokens = self._measured[lead]
        return (lead, tokens) if tokens <= self._room else ("", 0)


def _introduction(text: str) -> str:
    """The last sentence of a paragraph or item, if it is one that introduces a list."""
    *before, last = list(sentences(text, 0, len(text))) or [Span(0, 0)]
    lead = text[last.start : last.end]
    return lead if lead.endswith((":", "\uff1a")) or not before else ""


def _fitting(text: str, span: Span, ruler: _Ruler, room: int) -> Iterator[tuple[Span, int]]:
    """A sentence in halves, and their halves, until each fits; with their tokens."""
    tokens = ruler.one(text[span.start : span.end])
    if tokens <= room or span.end - span.start < 2:
        yield span, tokens
        return
    middle = (span.start + span.end) // 2
    space = text.rfind(" ", span.start, middle)
    at = space if space > span.start else middle
    left = text[span.start : at].rstrip()
    right = text[at : span.end].lstrip()
    yield from _fitting(text, Span(span.start, span.start + len(left)), ruler, room)
    yield from _fitting(text, Span(span.end - len(right), span.end), ruler, room)


def _packed(units: Sequence[_Unit], room: int) -> Iterator[list[_Unit]]:
    group: list[_Unit] = []
    for unit in units:
        if group and (unit.alone or group[-1].alone):
            yield group
            group = []
        elif group and not _fits(group, unit, room):
            lead_in = group[-1]
            if len(group) > 1 and _introduces(lead_in, unit) and _fits([lead_in], unit, room):
                yield group[:-1]
                group = [lead_in]
            else:
                yield group
                repeated = lead_in.broken and lead_in.kind is BlockKind.PARAGRAPH
                group = [lead_in] if repeated and _fits([lead_in], unit, room) else []
        group.append(unit)
    if group:
        yield group


def _fits(group: Sequence[_Unit], unit: _Unit, room: int) -> bool:
    return _tokens((*group, unit)) <= room


def _tokens(group: Sequence[_Unit]) -> int:
    return group[0].lead_tokens + sum(one.tokens for one in group)


def _introduces(unit: _Unit, following: _Unit) -> bool:
    above = unit.kind is BlockKind.PARAGRAPH or unit.level < following.level
    return following.kind is BlockKind.ITEM and above


def _chunk(
    document: Document, headings: tuple[str, ...], prefix: str, group: Sequence[_Unit]
) -> Chunk:
    start, end = group[0].span.start, group[-1].span.end
    text = document.text[start:end]
    parts = [prefix, group[0].lead, text] if group[0].lead else [prefix, text]
    identity = f"{document.id}\0{start}\0{end}\0{text}"
    return Chunk(
        id=hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()[:24],
        document_id=document.id,
        start=start,
        end=end,
        text=text,
        embedding_text="\n".join(parts),
        page=document.page_at(start),
        headings=headings,
    )
