"""Document → chunks: along its structure, within the embedder's own tokens, offsets exact.

A chunk never crosses a heading. An `Attribute: value` row is a chunk of its own, so that "weight"
finds the weight and nothing else. Tables break between rows, with the header repeated in front of
the text that is embedded; a paragraph that introduces a list stays with its first item; only prose
that has to be broken overlaps, by one sentence.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

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
    header: str = ""
    """The header row of its table."""
    header_tokens: int = 0
    alone: bool = False
    """An attribute of a product: found and quoted alone."""
    broken: bool = False
    """Whether its paragraph goes on in the next unit."""


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
    for section in _sections(document):
        headings = document.headings_at(section[0].start)
        prefix = _prefix(subject, document.title, headings, count, limit // 2)
        room = limit - count([prefix])[0]
        content = [block for block in section if block.kind is not BlockKind.HEADING]
        units = list(_units(document, content or section, count, room))
        for group in _packed(units, room):
            yield _chunk(document, headings, prefix, group)


def _sections(document: Document) -> Iterator[list[Block]]:
    """Runs of blocks under one heading. Headings with nothing but deeper headings below pass."""
    section: list[Block] = []
    for block in document.blocks:
        if block.kind is BlockKind.HEADING and section:
            if not _leads_on(section, block):
                yield section
            section = []
        section.append(block)
    if section:
        yield section


def _leads_on(section: Sequence[Block], following: Block) -> bool:
    """Whether a bare heading is carried by the heading path of what follows."""
    return all(b.kind is BlockKind.HEADING and b.level < following.level for b in section)


def _prefix(
    subject: str | None, title: str, headings: Sequence[str], count: Count, room: int
) -> str:
    path = [*headings] if headings and headings[0] == title else [title, *headings]
    if subject and subject not in path[0]:
        path.insert(0, subject)
    words = " > ".join(path).split()
    while len(words) > 1 and count([" ".join(words)])[0] > room:
        words = words[: len(words) * 3 // 4]
    prefix = " ".join(words)
    while len(prefix) > 1 and count([prefix])[0] > room:  # one long word, or no spaces at all
        prefix = prefix[: len(prefix) * 3 // 4]
    return prefix


def _units(document: Document, blocks: Sequence[Block], count: Count, room: int) -> Iterator[_Unit]:
    header = ""
    for block in blocks:
        text = document.text[block.start : block.end]
        if block.kind is BlockKind.HEADER:
            header = text
        elif block.kind is not BlockKind.ROW:
            header = ""
        tokens = _count(text, count)
        lead = _count(header, count) if header and block.kind is BlockKind.ROW else 0
        if tokens + lead <= room:
            alone = block.kind is BlockKind.ROW and not header
            yield _Unit(Span(block.start, block.end), block.kind, tokens, header, lead, alone)
            continue
        spans = [
            piece
            for span in sentences(document.text, block.start, block.end)
            for piece in _fitting(document.text, span, count, room)
        ]
        for number, span in enumerate(spans, 1):
            tokens = _count(document.text[span.start : span.end], count)
            yield _Unit(span, block.kind, tokens, broken=number < len(spans))


def _fitting(text: str, span: Span, count: Count, room: int) -> Iterator[Span]:
    """A sentence in halves, and their halves, until each fits."""
    if _count(text[span.start : span.end], count) <= room or span.end - span.start < 2:
        yield span
        return
    middle = (span.start + span.end) // 2
    space = text.rfind(" ", span.start, middle)
    at = space if space > span.start else middle
    left = text[span.start : at].rstrip()
    right = text[at : span.end].lstrip()
    yield from _fitting(text, Span(span.start, span.start + len(left)), count, room)
    yield from _fitting(text, Span(span.end - len(right), span.end), count, room)


def _count(text: str, count: Count) -> int:
    return max(0, count([text])[0] - count([""])[0])


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
    return group[0].header_tokens + sum(one.tokens for one in (*group, unit)) <= room


def _introduces(unit: _Unit, following: _Unit) -> bool:
    return unit.kind is BlockKind.PARAGRAPH and following.kind is BlockKind.ITEM


def _chunk(
    document: Document, headings: tuple[str, ...], prefix: str, group: Sequence[_Unit]
) -> Chunk:
    start, end = group[0].span.start, group[-1].span.end
    text = document.text[start:end]
    header = group[0].header if group[0].header_tokens else ""
    parts = [prefix, header, text] if header else [prefix, text]
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
