"""Word documents: headings by style, lists, tables, text boxes.

What Word hides, has deleted or moved away stays out, and so does a table of contents.
"""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import docx
from docx.document import Document as Body
from docx.oxml.ns import qn
from docx.text.paragraph import Paragraph
from docx.text.run import Run

from indexer.draft import Draft, Outline
from indexer.loaders.attributes import Cell, Row, add_paragraph, add_table
from indexer.loaders.docx_body import (
    RUN,
    TABLE,
    Element,
    blocks,
    drop_unseen,
    text_of,
    with_bases,
    within,
)
from indexer.loaders.packed import require_modest
from rag.errors import DocumentError
from rag.types import BlockKind

_TABLE_ROW, _TABLE_CELL = qn("w:tr"), qn("w:tc")


def load(path: Path) -> Iterator[Draft]:
    """Yield the file as one draft; title, language and day of change are its properties'."""
    require_modest(path, "a .docx document")
    try:
        document = docx.Document(str(path))
        yield _draft(document)
    except (DocumentError, MemoryError):
        raise
    except Exception as error:  # python-docx raises whatever a malformed file leads it into
        raise DocumentError(
            f"cannot be read as a .docx document ({type(error).__name__}: {error}); save it again"
        ) from error


def _draft(document: Body) -> Draft:
    outline = Outline()
    about = document.core_properties
    title = about.title or None
    numbers: Counter[tuple[int, int]] = Counter()
    drop_unseen(document)
    for element in blocks(document.element.body):
        if element.tag == TABLE:
            add_table(outline, _rows(document, element))
            continue
        block = Paragraph(element, document)
        text = text_of(element)
        level = _level(block)
        if level == 0:
            title = title or text
        if level is not None:
            outline.add(BlockKind.HEADING, text.replace("\n", " "), max(level, 1))
        elif (item := _list_of(block)) is not None:
            mark = _mark(document, item, numbers) if text else ""
            outline.add(BlockKind.ITEM, mark + text.replace("\n", " "), item[1])
        elif _is_bold(block):
            outline.add_bold(text)
        else:
            add_paragraph(outline, text)
    metadata: dict[str, object] = {}
    if about.language:
        metadata["locale"] = about.language
    if about.modified:
        metadata["modified"] = about.modified.date().isoformat()
    return outline.finish(title=title, metadata=metadata)


def _is_bold(paragraph: Paragraph) -> bool:
    runs = [Run(run, paragraph) for run in within(paragraph._p, RUN)]
    shown = [run for run in runs if run.text.strip()]
    return bool(shown) and all(run.bold for run in shown)


def _level(paragraph: Paragraph) -> int | None:
    """1–9 for a heading, 0 for the title, None for the rest; a style may be based on a heading."""
    if level := _outline_level(paragraph._p):
        return level
    for style in with_bases(paragraph.style):
        # Word keeps the English names of its own styles in every language.
        if found := re.fullmatch(r"heading ([1-9])", (style.name or "").lower()):
            return int(found[1])
        if (style.name or "").lower() == "title":
            return 0
        if level := _outline_level(style.element):
            return level
    return None


def _outline_level(holder: Element) -> int | None:
    found = holder.find(f"{qn('w:pPr')}/{qn('w:outlineLvl')}")
    level = int(found.get(qn("w:val"), 9)) if found is not None else 9
    return level + 1 if level < 9 else None


def _list_of(paragraph: Paragraph) -> tuple[int, int] | None:
    """Number and level of the list a paragraph is an item of."""
    for holder in (paragraph._p, *(style.element for style in with_bases(paragraph.style))):
        found = holder.find(f"{qn('w:pPr')}/{qn('w:numPr')}")
        if found is not None:
            values = [
                int(each.get(qn("w:val"))) if each is not None else 0
                for each in (found.find(qn("w:numId")), found.find(qn("w:ilvl")))
            ]
            return (values[0], values[1]) if values[0] else None
    return None


def _mark(document: Body, item: tuple[int, int], numbers: Counter[tuple[int, int]]) -> str:
    """`3. ` for the third item of a numbered list, nothing for a bullet."""
    number, level = item
    for deeper in [one for one in numbers if one[0] == number and one[1] > level]:
        del numbers[deeper]
    numbers[item] += 1
    try:
        numbering = document.part.numbering_part.element
    except NotImplementedError:  # the file has no such part
        return ""
    query = (
        f"w:abstractNum[@w:abstractNumId=../w:num[@w:numId='{number}']/w:abstractNumId/@w:val]"
        f"/w:lvl[@w:ilvl='{level}']/w:numFmt/@w:val"
    )
    formats = numbering.xpath(query)
    bullet = not formats or formats[0] in ("bullet", "none")
    return "" if bullet else f"{numbers[item]}. "


def _rows(document: Body, table: Element) -> list[Row]:
    """The rows; cells that are merged across columns once, across rows in each."""
    rows = []
    above: dict[int, Cell] = {}
    for number, row in enumerate(within(table, _TABLE_ROW)):
        cells, column = [], row.grid_before
        for element in within(row, _TABLE_CELL):
            is_merged = element.vMerge == "continue" and column in above
            cells.append(above[column] if is_merged else _cell(document, element))
            above[column] = cells[-1]
            column += element.grid_span
        marked = row.find(f"{qn('w:trPr')}/{qn('w:tblHeader')}") is not None
        rows.append(Row(cells, marked or (number == 0 and _is_header(cells))))
    return rows


def _cell(document: Body, element: Element) -> Cell:
    filled = [paragraph for paragraph in blocks(element) if text_of(paragraph)]
    bold = bool(filled) and all(_is_bold(Paragraph(each, document)) for each in filled)
    return Cell(" ".join(map(text_of, filled)), bold)


def _is_header(cells: list[Cell]) -> bool:
    return len(cells) > 1 and all(cell.label for cell in cells if cell.text)
