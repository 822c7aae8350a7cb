"""The elements of a page → blocks, in the order of the page, however deeply they nest."""

from lxml import etree, html

from indexer.draft import Outline
from indexer.loaders.attributes import add_paragraph, are_attributes
from indexer.loaders.web.frame import holders
from indexer.loaders.web.tables import add_data_table, add_terms, is_data_table, is_plain_list
from indexer.loaders.web.text import (
    APART,
    folded,
    inline_text,
    is_bold,
    lines_of,
    own_text,
    raw_text,
)
from rag.types import BlockKind

_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_LISTS = ("ul", "ol")
_NESTED = ("ul", "ol", "table")
"""What in an item of a list has blocks of its own."""


def add_blocks(root: html.HtmlElement, outline: Outline) -> None:
    """Add the blocks below an element; loose inline text makes paragraphs. The tree is used up."""
    _Walker(root, outline).walk()


class _Walker:
    """Goes through a tree without recursion: a careless template never closes its tags."""

    def __init__(self, root: html.HtmlElement, outline: Outline) -> None:
        self._root = root
        self._outline = outline
        self._loose: list[str] = []
        self._numbers: list[int | None] = []
        """The next number of each open list; None where it has bullets."""
        self._rows: set[html.HtmlElement] = set()
        """Items that are attributes."""
        self._sections = holders(root.iter(*_HEADINGS))
        self._kept_lines = 0
        """How many `<pre>` are open."""

    def walk(self) -> None:
        """Add all blocks."""
        steps = etree.iterwalk(self._root, events=("start", "end"))
        for event, element in steps:
            if event == "end":
                self._leave(element)
            elif element is not self._root and self._add_whole(element):
                steps.skip_subtree()
            else:
                self._enter(element)
        self._flush()

    def _add_whole(self, element: html.HtmlElement) -> bool:
        """Add an element that makes blocks by itself; else leave it to the walk."""
        if element.tag in _HEADINGS:
            self._flush()
            text = inline_text(element).replace("\n", " ")
            self._outline.add(BlockKind.HEADING, text, int(element.tag[1]))
        elif element.tag == "table" and is_data_table(element):
            self._flush()
            add_data_table(element, self._outline)
        elif element.tag == "dl" and is_plain_list(element):
            self._flush()
            add_terms(element, self._outline)
        elif element.tag == "summary" and next(element.iterdescendants(*_HEADINGS), None) is None:
            self._flush()
            self._outline.add_question(inline_text(element).replace("\n", " "))
        elif element.tag == "p" and is_bold(element):
            self._flush()
            self._outline.add_bold(inline_text(element))
        else:
            return False
        return True

    def _enter(self, element: html.HtmlElement) -> None:
        if element.tag in APART:
            self._flush()
        if element.tag in _LISTS:
            self._open_list(element)
        elif element.tag == "li" and element not in self._sections:
            self._add_item(element)
        self._kept_lines += element.tag == "pre"
        self._loose.append(own_text(element, self._kept_lines > 0))

    def _leave(self, element: html.HtmlElement) -> None:
        if element.tag in APART:
            self._flush()
        if element.tag in _LISTS:
            self._numbers.pop()
        self._kept_lines -= element.tag == "pre"
        if element is not self._root:
            self._loose.append(lines_of(element.tail, self._kept_lines > 0))

    def _open_list(self, element: html.HtmlElement) -> None:
        start = element.get("start", "1").strip()
        first = int(start) if start.isascii() and start.isdigit() and len(start) < 10 else 1
        self._numbers.append(first if element.tag == "ol" else None)
        items = list(element.iterchildren("li"))
        nested = (next(item.iterdescendants(*_NESTED), None) for item in items)
        if (
            element.tag == "ul"
            and element not in self._sections
            and not any(one is not None for one in nested)
        ):
            if are_attributes([inline_text(item).replace("\n", " ") for item in items]):
                self._rows.update(items)

    def _add_item(self, item: html.HtmlElement) -> None:
        """Add an item, and leave of it what has blocks of its own."""
        text = folded(raw_text(item, without=_NESTED)).replace("\n", " ")
        number = self._numbers[-1] if self._numbers else None
        if number is not None:
            self._numbers[-1] = number + 1
        mark = f"{number}. " if number is not None and text else ""
        kind = BlockKind.ROW if item in self._rows else BlockKind.ITEM
        depth = max(0, len(self._numbers) - 1) if kind is BlockKind.ITEM else 0
        self._outline.add(kind, mark + text, depth)
        nested = []
        steps = etree.iterwalk(item, events=("start",), tag=_NESTED)
        for _, element in steps:
            nested.append(element)
            steps.skip_subtree()
        item.text = None
        for child in list(item):
            item.remove(child)
        for element in nested:
            element.tail = None
            item.append(element)

    def _flush(self) -> None:
        text = folded("".join(self._loose))
        self._loose.clear()
        add_paragraph(self._outline, text)
