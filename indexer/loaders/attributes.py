"""`Attribute: value` lines and two-column tables, told alike in every format.

An attribute is a row of its own, found and quoted alone. So only what surely is one counts: lines
all of which have a short label, in a list or paragraph of at least two. A dialogue, numbered steps,
and labels with a paragraph after them are prose.
"""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from indexer.draft import Outline
from rag.types import BlockKind

_LINE = re.compile(r"([^\W_][^:：\n]{0,39}?)\s?(?::\s+|：\s*)(\S.*)", re.DOTALL)
_SENTENCE = re.compile(r"[!?;。！？；]|\w{5,}\.\s")
_LETTER = re.compile(r"[^\W\d_]")
_LONGEST = 200
_LONGEST_SENTENCE = 100
_LONGEST_LABEL = 60
GENERIC = frozenset(
    # What the header of a list of attributes says in any shop: that these are attributes.
    "attribute attributes characteristic characteristics detail details description feature "
    "features field item key name parameter parameters property properties spec specification "
    "specifications specs value values "
    "angabe angaben beschreibung eigenschaft eigenschaften merkmal merkmale spezifikation wert "
    "caractéristique caractéristiques propriété valeur característica características valor "
    "caratteristica caratteristiche valore kenmerk kenmerken waarde cecha wartość "
    "参数 參數 属性 屬性 规格 規格 项目 項目 值 数值 數值 内容 详情 説明".split()
)


class Cell(NamedTuple):
    """A cell of a table."""

    text: str
    label: bool = False
    """Whether its source sets it off: a head cell, or all in bold."""


class Row(NamedTuple):
    """A row of a table."""

    cells: Sequence[Cell]
    head: bool = False
    """Whether it names the columns."""

    @property
    def line(self) -> str:
        """Its cells side by side."""
        return " | ".join(cell.text for cell in self.cells)


def are_attributes(lines: Sequence[str]) -> bool:
    """Whether lines are a list of attributes: two at least, each `Attribute: value`."""
    if len(lines) < 2:
        return False
    labels = []
    for line in lines:
        found = _LINE.fullmatch(line.strip())
        if not found or _SENTENCE.search(found[1]) or not _LETTER.search(found[1]):
            return False
        if _is_prose(found[2]):
            return False
        labels.append(re.sub(r"\d+", "", found[1]).strip().casefold())
    return len(set(labels)) > 1  # not "Step 1", "Step 2", which are read together


def _is_prose(value: str) -> bool:
    """Whether it is more than a value: a question, a paragraph, a long sentence."""
    is_sentence = value.endswith((".", "!", "。"))
    return value.endswith(("?", "？")) or len(value) > (
        _LONGEST_SENTENCE if is_sentence else _LONGEST
    )


def add_paragraph(outline: Outline, text: str) -> None:
    """Add a paragraph; one that is nothing but attributes, a line each, as rows."""
    lines = text.split("\n")
    if are_attributes(lines):
        for line in lines:
            outline.add(BlockKind.ROW, line)
    else:
        outline.add(BlockKind.PARAGRAPH, text)


def add_table(outline: Outline, rows: Sequence[Row]) -> None:
    """Add a table: `attribute: value` where it lists attributes, else `a | b | c` below a header.

    A row of one cell above others is the header of those.
    """
    rows = [row for row in rows if any(cell.text for cell in row.cells)]
    if _is_headed_by_data(rows):
        rows = [row._replace(head=False) for row in rows]
    listed = _lists_attributes(rows)
    for row in rows:
        if not listed or len(row.cells) == 1:
            outline.add(BlockKind.HEADER if row.head else BlockKind.ROW, row.line)
        elif not row.head:
            for label, value in zip(row.cells[::2], row.cells[1::2], strict=True):
                outline.add(BlockKind.ROW, pair(label.text, value.text))


def _is_headed_by_data(rows: Sequence[Row]) -> bool:
    """Whether the header is an attribute, too: some formats know no table without header."""
    first, *others = rows or [Row(())]
    return (
        first.head
        and bool(others)
        and all(len(row.cells) == 2 and row.cells[0].label for row in rows)
        and not first.cells[1].label
    )


def _lists_attributes(rows: Sequence[Row]) -> bool:
    wide = [row for row in rows if len(row.cells) > 1]
    if any(row.head and not is_generic([cell.text for cell in row.cells]) for row in wide):
        return False
    body = [row for row in wide if not row.head]
    return bool(body) and all(_is_listing(row.cells) for row in body)


def is_generic(header: Iterable[str]) -> bool:
    """Whether a header says no more than that labels and values follow."""
    words = [name.casefold().strip(" :*") for name in header]
    return len(words) == 2 and all(not word or word in GENERIC for word in words)


def _is_listing(cells: Sequence[Cell]) -> bool:
    """Whether cells are a label and a value, or several such pairs side by side."""
    labels = [cell.text for cell in cells[::2]]
    for label in labels:
        if len(label) > _LONGEST_LABEL or label.endswith((".", "?", "!")):
            return False
        if label and not _LETTER.search(label):
            return False
    alternate = all(cell.label is (at % 2 == 0) for at, cell in enumerate(cells))
    return len(cells) == 2 or (len(cells) % 2 == 0 and alternate)


def pair(label: str, value: str) -> str:
    """`Attribute: value`; an empty side leaves the other."""
    label = label.strip().rstrip(":：").rstrip()
    return f"{label}: {value}" if label and value else label or value
