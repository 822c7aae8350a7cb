"""Where text fragments stand on a page → lines, table rows, list items and headings.

Fragments are taken in the order the PDF draws them, which is nearly always the reading order; the
positions then tell cells of one row from lines of one paragraph and from a second column.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import NamedTuple

from rag.types import BlockKind

_MARK = re.compile(r"(?:[\x7f•·▪◦●○■\u2013*-]|\d{1,2}[.)]|[a-z][.)])$")
_BULLET = re.compile(r"[\x7f•·▪◦●○■\u2013*-]$")
_NUMBER = re.compile(r"(?<!\d)\d{1,6}(?!\d)", re.ASCII)
_COLUMN_LINES = 4
"""A stack of at least so many lines beside another is a text column, not a table cell."""


class Fragment(NamedTuple):
    """A run of text as it was drawn: baseline start in points, y upwards."""

    x: float
    y: float
    size: float
    bold: bool
    text: str


class Piece(NamedTuple):
    """A structural unit before it has offsets."""

    kind: BlockKind
    text: str
    level: int = 0


@dataclass(slots=True)
class _Cell:
    x: float
    lines: list[str]


@dataclass(slots=True)
class _Row:
    """Fragments that stand side by side; one cell makes a line of prose."""

    y: float
    size: float
    bold: bool
    cells: list[_Cell] = field(default_factory=list)
    last_y: float = 0.0


def without_furniture(pages: Sequence[Sequence[Fragment]]) -> list[list[Fragment]]:
    """Leave out running headers and footers: lines that recur at the same height on most pages.

    They may hold the page's number. Where nothing else would be left, all is text.
    """
    body = body_size(pages)

    def keys(fragment: Fragment, page: int) -> set[tuple[int, str]]:
        text = fragment.text.strip()
        height = round(fragment.y / 3)
        found = {(height, text)}
        if fragment.size < 1.12 * body:  # else it may be the heading of the page's chapter
            for number in _NUMBER.finditer(text):
                beyond = int(number[0]) - page
                found.add((height, f"{text[: number.start()]}#{beyond}{text[number.end() :]}"))
        return found

    named = [[keys(fragment, at) for fragment in page] for at, page in enumerate(pages)]
    seen = Counter(key for page in named for key in set().union(*page))
    often = max(2, (len(pages) + 1) // 2)
    kept = []
    for page, of_page in zip(pages, named, strict=True):
        bottom, top = _edges(page)
        kept.append(
            [
                fragment
                for fragment, own in zip(page, of_page, strict=True)
                if bottom < fragment.y < top or max(seen[key] for key in own) < often
            ]
        )
    return kept if any(kept) else [list(page) for page in pages]


def _edges(page: Sequence[Fragment]) -> tuple[float, float]:
    heights = [fragment.y for fragment in page] or [0.0]
    low, high = min(heights), max(heights)
    return low + 0.12 * (high - low), high - 0.12 * (high - low)


def body_size(pages: Iterable[Sequence[Fragment]]) -> float:
    """The font size of running text: the largest that a third of all characters have.

    A short page may be a heading for a fifth of it, a manual small print for half.
    """
    sizes: Counter[float] = Counter()
    for page in pages:
        for fragment in page:
            sizes[round(fragment.size, 1)] += len(fragment.text)
    common = (size for size in sizes if sizes[size] >= sizes.total() / 3)
    return max(common, default=sizes.most_common(1)[0][0] if sizes else 0.0)


def heading_sizes(pages: Iterable[Sequence[Fragment]], body: float) -> list[float]:
    """The sizes of headings, largest first; their order gives the levels."""
    sizes = {round(f.size, 1) for page in pages for f in page if f.size >= 1.12 * body}
    return sorted(sizes, reverse=True)


def pieces(page: Sequence[Fragment], body: float, headings: Sequence[float]) -> Iterator[Piece]:
    """The blocks of one page in reading order."""
    for tabular, group in groupby(_rows(page), key=_is_tabular):
        if tabular:
            yield from _table(list(group))
        else:
            yield from _prose(list(group), body, headings)


def _rows(page: Sequence[Fragment]) -> Iterator[_Row]:
    row: _Row | None = None
    table: _Row | None = None  # the last row of a table, if it was the last row
    for fragment in page:
        if row is None or not _joins(row, fragment, table):
            if row is not None:
                yield row
                table = row if _is_tabular(row) else None
            row = _Row(fragment.y, fragment.size, fragment.bold, [], fragment.y)
        _place(row, fragment)
    if row is not None:
        yield row


def _joins(row: _Row, fragment: Fragment, table: _Row | None) -> bool:
    """Whether a fragment belongs to the row at hand; `table` is the table's row above it."""
    near = 0.35 * max(row.size, fragment.size)
    cell = row.cells[-1]
    if abs(fragment.y - row.last_y) < near and fragment.x >= cell.x - 1:
        return True
    below = 0 < row.last_y - fragment.y <= 1.45 * row.size
    in_table = len(row.cells) > 1 or (table is not None and abs(table.cells[0].x - cell.x) < 2)
    if below and in_table and not _is_item(row) and abs(fragment.x - cell.x) < 2:
        return fragment.bold == row.bold
    beside = abs(fragment.y - row.y) < near and fragment.x > cell.x + row.size
    return beside and len(cell.lines) < _COLUMN_LINES


def _place(row: _Row, fragment: Fragment) -> None:
    text = fragment.text
    cell = row.cells[-1] if row.cells else None
    if cell is None or fragment.x > _right_of(cell, row.size):
        row.cells.append(_Cell(fragment.x, [text]))
    elif abs(fragment.y - row.last_y) < 0.35 * row.size:
        cell.lines[-1] += text
        row.bold = row.bold and fragment.bold
    else:
        cell.lines.append(text)
    row.last_y = fragment.y


def _right_of(cell: _Cell, size: float) -> float:
    """Just beyond the start of a cell: text drawn there begins another one."""
    return cell.x + 0.6 * size


def _is_item(row: _Row) -> bool:
    return len(row.cells) >= 2 and bool(_MARK.match(row.cells[0].lines[0].strip()))


def _is_tabular(row: _Row) -> bool:
    return len(row.cells) > 1 and not _is_item(row)


def _table(rows: Sequence[_Row]) -> Iterator[Piece]:
    """Rows as `a | b | c`; those of a table of two columns as `attribute: value`."""
    headed = rows[0].bold and len(rows) > 1
    pairs = all(len(row.cells) == 2 for row in rows)
    for number, row in enumerate(rows):
        cells = [join_lines(cell.lines) for cell in row.cells]
        if headed and number == 0:
            yield Piece(BlockKind.HEADER, " | ".join(cells))
        else:
            text = f"{cells[0].rstrip(':')}: {cells[1]}" if pairs else " | ".join(cells)
            yield Piece(BlockKind.ROW, text)


def _prose(rows: Sequence[_Row], body: float, headings: Sequence[float]) -> Iterator[Piece]:
    lines: list[str] = []
    kind, level = BlockKind.PARAGRAPH, 0
    before: _Row | None = None
    for row in rows:
        text_cell = row.cells[-1]
        row_kind, row_level = _kind(row, body, headings)
        starts_item = _is_item(row)
        goes_on = (
            before is not None
            and not starts_item
            and (row_kind, row_level)
            == (kind if kind is not BlockKind.ITEM else BlockKind.PARAGRAPH, level)
            and 0 < before.last_y - row.y <= 1.5 * row.size
            and abs(text_cell.x - before.cells[-1].x) < 2
        )
        if not goes_on:
            if lines:
                yield Piece(kind, join_lines(lines), level)
            mark = row.cells[0].lines[0].strip() if starts_item else ""
            lines = [f"{mark} "] if mark and not _BULLET.match(mark) else []
            kind, level = (BlockKind.ITEM, 0) if starts_item else (row_kind, row_level)
        lines.extend(text_cell.lines)
        before = row
    if lines:
        yield Piece(kind, join_lines(lines), level)


def _kind(row: _Row, body: float, headings: Sequence[float]) -> tuple[BlockKind, int]:
    text = join_lines(row.cells[-1].lines)
    size = round(row.size, 1)
    if size in headings and len(text) <= 120:
        return BlockKind.HEADING, headings.index(size) + 1
    if row.bold and size >= body and len(text) <= 80 and not text.endswith((".", ",", ";")):
        return BlockKind.HEADING, len(headings) + 1
    return BlockKind.PARAGRAPH, 0


def join_lines(lines: Iterable[str]) -> str:
    """Join the lines of a paragraph; a hyphen at a line's end stays as a soft hyphen to resolve."""
    text = ""
    for line in lines:
        line = line.strip("\n")
        if re.search(r"[^\W\d_]-$", text) and re.match(r"[^\W\d_]", line.strip()):
            text = text + "\u00ad" + line.strip()
        else:
            text = f"{text.rstrip()} {line.strip()}" if text else line.strip()
    return text.strip()
