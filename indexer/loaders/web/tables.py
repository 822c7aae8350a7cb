"""HTML tables and lists of terms → rows."""

from collections.abc import Iterator, Sequence

from lxml import html

from indexer.draft import Outline
from indexer.loaders.attributes import Cell, Row, add_table, pair
from indexer.loaders.web.text import inline_text, is_bold
from rag.types import BlockKind

_SPANNED = 20
"""In so many columns a cell can stand for several rows; more is no table for people."""


def is_data_table(table: html.HtmlElement) -> bool:
    """Whether a table holds data. Another table or a headline in it means it is for layout."""
    if table.get("role") in ("presentation", "none"):
        return False
    return next(table.iterdescendants("table", "h1", "h2", "h3"), None) is None


def add_data_table(table: html.HtmlElement, outline: Outline) -> None:
    """Add a table's caption and rows."""
    for caption in table.iterchildren("caption"):
        outline.add(BlockKind.PARAGRAPH, inline_text(caption))
    rows = [
        Row(cells, _is_head(element, cells))
        for element, cells in _filled(list(table.iter("tr")))
        if cells
    ]
    if rows and not any(row.head for row in rows) and _is_bold_head(rows):
        rows[0] = rows[0]._replace(head=True)
    add_table(outline, rows)


def _is_head(row: html.HtmlElement, cells: Sequence[Cell]) -> bool:
    parent = row.getparent()
    in_head = parent is not None and parent.tag == "thead"
    return in_head or next(row.iterchildren("td"), None) is None or _is_title(row, cells)


def _is_title(row: html.HtmlElement, cells: Sequence[Cell]) -> bool:
    """Whether one cell is set off, alone across the columns: the title of the rows below."""
    spans = next((cell.get("colspan", "1") for cell in row.iterchildren("td", "th")), "1")
    return len(cells) == 1 and cells[0].label and spans != "1"


def _is_bold_head(rows: Sequence[Row]) -> bool:
    """Whether a table without head cells sets its first row off in bold, and no other one."""
    first, others = rows[0].cells, rows[1:]
    return (
        len(first) > 1
        and bool(others)
        and all(cell.label for cell in first)
        and not any(cell.label for row in others for cell in row.cells)
    )


def _filled(
    rows: Sequence[html.HtmlElement],
) -> Iterator[tuple[html.HtmlElement, list[Cell]]]:
    """The rows, with a cell that spans several repeated in each."""
    spanning: dict[int, tuple[int, Cell]] = {}
    for row in rows:
        filled: list[tuple[int, Cell]] = []
        for element in row.iterchildren("td", "th"):
            while len(filled) in spanning:
                filled.append(spanning[len(filled)])
            filled.append((_span(element), _cell(element)))
        while len(filled) in spanning:
            filled.append(spanning[len(filled)])
        spanning = {
            column: (left - 1, cell)
            for column, (left, cell) in enumerate(filled[:_SPANNED])
            if left > 1
        }
        yield row, [cell for _, cell in filled]


def _cell(element: html.HtmlElement) -> Cell:
    text = inline_text(element).replace("\n", " ")
    return Cell(text, element.tag == "th" or is_bold(element))


def _span(element: html.HtmlElement) -> int:
    given = element.get("rowspan", "1").strip()
    return int(given) if given.isascii() and given.isdigit() and len(given) < 6 else 1


def is_plain_list(terms: html.HtmlElement) -> bool:
    """Whether a `<dl>` holds terms and their texts only."""
    return next(terms.iterdescendants("dl", "table", "h1", "h2", "h3", "h4"), None) is None


def add_terms(terms: html.HtmlElement, outline: Outline) -> None:
    """Add a `<dl>`, a row for each text; terms that share one stand side by side."""
    waiting: list[str] = []
    label = ""
    for child in terms.iter("dt", "dd"):
        text = inline_text(child).replace("\n", " ")
        if child.tag == "dt":
            waiting.append(text)
            continue
        label = " / ".join(waiting) or label
        waiting = []
        is_question = label.endswith(("?", "？"))
        outline.add(BlockKind.ROW, f"{label} {text}" if is_question else pair(label, text))
    for term in waiting:
        outline.add(BlockKind.PARAGRAPH, term)
