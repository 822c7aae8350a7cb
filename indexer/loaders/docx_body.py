"""The XML of a Word document → the paragraphs and tables that its reader sees, in their order."""

from collections.abc import Iterator
from typing import Any

from docx.document import Document
from docx.oxml.ns import qn

Element = Any
"""One of lxml's, with what python-docx adds to it."""

PARAGRAPH, RUN, TABLE = qn("w:p"), qn("w:r"), qn("w:tbl")
_BOX = qn("w:txbxContent")
_GONE = (
    qn("w:del"),
    qn("w:moveFrom"),
    "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback",  # says it once more
)
_CONTENTS = ".//w:sdt[w:sdtPr/w:docPartObj/w:docPartGallery/@w:val='Table of Contents']"
_BREAKS = {qn("w:br"): "\n", qn("w:cr"): "\n", qn("w:tab"): " ", qn("w:noBreakHyphen"): "-"}
_DEEPEST = 20
"""Styles that are based on others, so far; beyond, they go round in a circle."""


def drop_unseen(document: Document) -> None:
    """Take out of the body what a reader of the document does not see."""
    hiding = {style.style_id for style in document.styles if _is_hiding(style)}
    body = document.element.body
    unseen = [*body.iter(*_GONE), *body.xpath(_CONTENTS)]
    for run in body.iter(RUN):
        hides = _hides(run)
        if hides is None:
            paragraph = next(run.iterancestors(PARAGRAPH), None)
            hides = run.style in hiding or (paragraph is not None and paragraph.style in hiding)
        if hides:
            unseen.append(run)
    for element in unseen:
        element.getparent().remove(element)


def _is_hiding(style: Element) -> bool:
    told = (_hides(each.element) for each in with_bases(style))
    return next((hides for hides in told if hides is not None), False)


def _hides(holder: Element) -> bool | None:
    """Whether a run or a style hides text, if it says so."""
    vanish = holder.find(f"{qn('w:rPr')}/{qn('w:vanish')}")
    return None if vanish is None else vanish.get(qn("w:val")) not in ("0", "false", "off")


def blocks(holder: Element) -> Iterator[Element]:
    """Paragraphs and tables in their order; a text box follows the paragraph it stands in."""
    for block in within(holder, PARAGRAPH, TABLE):
        if block.tag == TABLE and next(block.iterdescendants(TABLE), None) is not None:
            yield from blocks(block)  # a table around another is for layout
            continue
        yield block
        if block.tag == PARAGRAPH:
            for box in within(block, _BOX):
                yield from blocks(box)


def within(holder: Element, *tags: str) -> Iterator[Element]:
    """The outermost elements of these tags, in content controls, links and insertions too."""
    for child in holder:
        if child.tag in tags:
            yield child
        elif child.tag != _BOX:
            yield from within(child, *tags)


def text_of(paragraph: Element) -> str:
    """The text, that of links and insertions included."""
    parts = within(paragraph, qn("w:t"), *_BREAKS)
    return "".join(_BREAKS.get(part.tag) or part.text or "" for part in parts).strip()


def with_bases(style: Element) -> Iterator[Element]:
    """A style and those that it is based on."""
    for _ in range(_DEEPEST):
        if style is None:
            return
        yield style
        style = getattr(style, "base_style", None)
