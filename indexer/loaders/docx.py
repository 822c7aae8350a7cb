"""Word documents: headings by style, lists, tables; what Word hides or has deleted stays out."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docx
from docx.document import Document as Body
from docx.oxml.ns import qn
from docx.table import Table
from docx.text.paragraph import Paragraph

from indexer.draft import Draft, Outline
from indexer.loaders.attributes import Cell, Row, add_paragraph, add_table
from indexer.loaders.packed import require_modest
from rag.errors import DocumentError
from rag.types import BlockKind

_DEEPEST = 20
"""Styles that are based on others, so far; beyond, they go round in a circle."""
_BREAKS = {qn("w:br"): "\n", qn("w:cr"): "\n", qn("w:tab"): " ", qn("w:noBreakHyphen"): "-"}


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
    for block in document.iter_inner_content():
        if isinstance(block, Table):
            add_table(outline, _rows(block))
            continue
        text = _text(block)
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


def _text(paragraph: Paragraph) -> str:
    """The visible text, that of links and insertions included."""
    parts: list[str] = []
    for run in paragraph._p.iter(qn("w:r")):
        if any(parent.tag == qn("w:del") for parent in run.iterancestors()) or _is_hidden(run):
            continue
        for child in run:
            if child.tag == qn("w:t"):
                parts.append(child.text or "")
            else:
                parts.append(_BREAKS.get(child.tag, ""))
    return "".join(parts).strip()


def _is_hidden(run: Any) -> bool:  # noqa: ANN401  (an lxml element)
    vanish = run.find(f"{qn('w:rPr')}/{qn('w:vanish')}")
    return vanish is not None and vanish.get(qn("w:val")) not in ("0", "false", "off")


def _is_bold(paragraph: Paragraph) -> bool:
    runs = [run for run in paragraph.runs if run.text.strip()]
    return bool(runs) and all(run.bold for run in runs)


def _styles(paragraph: Paragraph) -> Iterator[Any]:
    style = paragraph.style
    for _ in range(_DEEPEST):
        if style is None:
            return
        yield style
        style = getattr(style, "base_style", None)


def _level(paragraph: Paragraph) -> int | None:
    """1–9 for a heading, 0 for the title, None for the rest; a style may be based on a heading."""
    if level := _outline_level(paragraph._p):
        return level
    for style in _styles(paragraph):
        # Word keeps the English names of its own styles in every language.
        if found := re.fullmatch(r"heading ([1-9])", (style.name or "").lower()):
            return int(found[1])
        if (style.name or "").lower() == "title":
            return 0
        if level := _outline_level(style.element):
            return level
    return None


def _outline_level(holder: Any) -> int | None:  # noqa: ANN401
    found = holder.find(f"{qn('w:pPr')}/{qn('w:outlineLvl')}")
    level = int(found.get(qn("w:val"), 9)) if found is not None else 9
    return level + 1 if level < 9 else None


def _list_of(paragraph: Paragraph) -> tuple[int, int] | None:
    """Number and level of the list a paragraph is an item of."""
    for holder in (paragraph._p, *(style.element for style in _styles(paragraph))):
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
    numbering = document.part.numbering_part.element
    query = (
        f"w:abstractNum[@w:abstractNumId=../w:num[@w:numId='{number}']/w:abstractNumId/@w:val]"
        f"/w:lvl[@w:ilvl='{level}']/w:numFmt/@w:val"
    )
    formats = numbering.xpath(query)
    bullet = not formats or formats[0] in ("bullet", "none")
    return "" if bullet else f"{numbers[item]}. "


def _rows(table: Table) -> list[Row]:
    """The rows; cells that are merged across columns once, across rows in each."""
    rows = []
    for number, row in enumerate(table.rows):
        cells, seen = [], set()
        for cell in row.cells:
            if cell._tc not in seen:
                seen.add(cell._tc)
                text = " ".join(filter(None, map(_text, cell.paragraphs)))
                filled = [p for p in cell.paragraphs if p.text.strip()]
                cells.append(Cell(text, bool(filled) and all(map(_is_bold, filled))))
        marked = row._tr.find(f"{qn('w:trPr')}/{qn('w:tblHeader')}") is not None
        rows.append(Row(cells, marked or (number == 0 and _is_header(cells))))
    return rows


def _is_header(cells: list[Cell]) -> bool:
    return len(cells) > 1 and all(cell.label for cell in cells if cell.text)
