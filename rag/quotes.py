"""A passage → what of it can be quoted by itself: a row, a paragraph, a sentence, an answer."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from rag.text import sentences
from rag.types import Block, BlockKind, Chunk, Document, Span

WHOLE = 400
"""Longest FAQ answer, in characters, that is quoted as a whole."""
STEPS = 800
"""Longest list of steps that is."""
PARAGRAPH = 240
"""Longest paragraph that is: its conditions stay with what they are conditions of."""
_LONGEST_NAME = 60
_NUMBER = re.compile(r"(\d{1,3})[.)] ")


class Row(NamedTuple):
    """A quote of the form `Attribute: value`."""

    attribute: str
    value: str


def quotable(document: Document, chunk: Chunk) -> Iterator[Span]:
    """Yield the spans of the passage that can stand alone, headings and table headers left out."""
    if chunk.headings and chunk.headings[-1].endswith(("?", "？")) and len(chunk.text) <= WHOLE:
        yield Span(chunk.start, chunk.end)
        return
    first, past = _blocks_between(document, chunk.start, chunk.end)
    blocks = document.blocks[first:past]
    for block in blocks:
        if block.kind not in (BlockKind.HEADING, BlockKind.HEADER):
            start, end = max(block.start, chunk.start), min(block.end, chunk.end)
            yield from _pieces(document.text, start, end)
    for steps in _steps(document.text, blocks):
        if len(steps) > 1 and steps[-1].end - steps[0].start <= STEPS:
            yield Span(steps[0].start, steps[-1].end)


def _pieces(text: str, start: int, end: int) -> Iterator[Span]:
    of_block = list(_with_answers(text, sentences(text, start, end)))
    if len(of_block) > 1 and of_block[-1].end - of_block[0].start <= PARAGRAPH:
        of_block = [Span(of_block[0].start, of_block[-1].end)]
    yield from of_block


def _with_answers(text: str, found: Iterable[Span]) -> Iterator[Span]:
    """Sentences, a question with the one that follows it; by itself it tells nothing."""
    asked: int | None = None
    for start, end in found:
        if text[:end].endswith(("?", "？")):
            asked = start if asked is None else asked
        else:
            yield Span(start if asked is None else asked, end)
            asked = None


def steps_around(document: Document, span: Span) -> Span | None:
    """The whole list of a quote that is one of its steps; None of others, and of a long list."""
    for steps in _steps(document.text, document.blocks):
        whole = Span(steps[0].start, steps[-1].end) if steps else span
        if whole.start <= span.start and span.end <= whole.end:
            return whole if whole != span and whole.end - whole.start <= STEPS else None
    return None


def _steps(text: str, blocks: Sequence[Block]) -> Iterator[list[Block]]:
    """Yield numbered items that count on from each other, at one level."""
    run: list[Block] = []
    last = 0
    for block in blocks:
        number = _NUMBER.match(text, block.start) if block.kind is BlockKind.ITEM else None
        if number is None:
            continue
        if run and (block.level != run[-1].level or int(number[1]) != last + 1):
            yield run
            run = []
        run.append(block)
        last = int(number[1])
    yield run


def row_of(document: Document, span: Span) -> Row | None:
    """The attribute and value of a quote that is a product's row, else None."""
    attribute, colon, value = document.text[span.start : span.end].partition(": ")
    first, past = _blocks_between(document, span.start, span.end)
    whole = [block for block in document.blocks[first:past] if block[1:3] == span]
    if not colon or not whole or whole[0].kind is not BlockKind.ROW:
        return None
    if len(attribute) > _LONGEST_NAME or "|" in attribute or "\n" in value:
        return None
    return Row(attribute.strip(), value.strip())


def paragraph_of(document: Document, span: Span) -> str:
    """The blocks a span stands in, whole."""
    first, past = _blocks_between(document, span.start, span.end)
    blocks = document.blocks[first:past]
    start = min((span.start, *(block.start for block in blocks)))
    end = max((span.end, *(block.end for block in blocks)))
    return document.text[start:end]


def in_context(document: Document, span: Span) -> str:
    """The quote with what it stands under: its innermost heading, and the header of its table."""
    return ": ".join((*document.headings_at(span.start)[-1:], _with_header(document, span)))


def _with_header(document: Document, span: Span) -> str:
    quote = document.text[span.start : span.end]
    at, _ = _blocks_between(document, span.start, span.end)
    if at < len(document.blocks) and document.blocks[at].kind is BlockKind.ROW:
        while at > 0 and document.blocks[at].kind is BlockKind.ROW:
            at -= 1
        block = document.blocks[at]
        if block.kind is BlockKind.HEADER:
            return f"{document.text[block.start : block.end]}\n{quote}"
    return quote


def _blocks_between(document: Document, start: int, end: int) -> tuple[int, int]:
    """The range of blocks that overlap the characters from start to end."""
    first = bisect_right(document.blocks, start, key=lambda block: block.end)
    past = bisect_left(document.blocks, end, key=lambda block: block.start)
    return first, past
