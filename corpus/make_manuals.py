"""Typeset the product manuals and data sheets of the sample shop.

Reads every ``manual-sources/<product_id>.yaml`` and writes
``products/<product_id>/<kind>.pdf``. The same sources give the same bytes every time.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from reportlab import rl_config  # type: ignore[import-untyped]
from reportlab.lib import colors, pagesizes  # type: ignore[import-untyped]
from reportlab.lib.styles import ParagraphStyle  # type: ignore[import-untyped]
from reportlab.lib.units import mm  # type: ignore[import-untyped]
from reportlab.pdfgen.canvas import Canvas  # type: ignore[import-untyped]
from reportlab.platypus import (  # type: ignore[import-untyped]
    BalancedColumns,
    CondPageBreak,
    Flowable,
    KeepTogether,
    ListFlowable,
    PageBreak,
    Paragraph,
    SimpleDocTemplate,
    Spacer,
    Table,
)

HERE = Path(__file__).resolve().parent
SHOP = "Wrenfield Home & Trail · www.wrenfield.example"
INK = colors.HexColor("#22302b")
TINT = colors.HexColor("#eef2ee")
LINE = colors.HexColor("#a9b8ae")
PAPER = {"a4": pagesizes.A4, "a5": pagesizes.A5}
# The built-in fonts have no true minus and no inch mark; "~" marks a place to hyphenate.
GLYPHS = str.maketrans({"−": "-", "″": '"', "~": "\u00ad"})

BODY = ParagraphStyle("body", fontName="Helvetica", fontSize=9.2, leading=12.6, spaceAfter=5)
SMALL = ParagraphStyle("small", BODY, fontSize=8.2, leading=10.8, spaceAfter=0)
HEAD = ParagraphStyle("head", SMALL, fontName="Helvetica-Bold")
COLUMN = ParagraphStyle(
    "column", BODY, fontSize=8.8, leading=11.8, alignment=4, embeddedHyphenation=1
)
BOX = ParagraphStyle(
    "box",
    BODY,
    backColor=TINT,
    borderPadding=5,
    leftIndent=5,
    rightIndent=5,
    spaceBefore=9,
    spaceAfter=11,
)
H1 = ParagraphStyle(
    "h1",
    BODY,
    fontName="Helvetica-Bold",
    fontSize=15,
    leading=19,
    spaceBefore=10,
    spaceAfter=5,
    textColor=INK,
)
H2 = ParagraphStyle(
    "h2", H1, fontSize=11.5, leading=15, spaceBefore=6, spaceAfter=3, keepWithNext=1
)
TITLE = ParagraphStyle("title", H1, fontSize=23, leading=28, spaceBefore=0, spaceAfter=6)
KIND = ParagraphStyle("kind", BODY, fontSize=13, leading=17, spaceAfter=10, textColor=INK)


def text(raw: str, style: ParagraphStyle = BODY) -> Flowable:
    """Make a paragraph; the source may use the light markup of reportlab."""
    if not isinstance(raw, str):
        raise TypeError(f"not a string (a stray colon?): {raw}")
    return Paragraph(raw.translate(GLYPHS), style)


def grid(rows: list[str], width: float, shares: list[float], head: bool) -> Flowable:
    """Make a ruled table whose columns share the width in the given proportions."""
    cells = [
        [text(cell, HEAD if (y if head else x) == 0 else SMALL) for x, cell in enumerate(row)]
        for y, row in enumerate(row.split(" | ") for row in rows)
    ]
    if any(len(row) != len(shares) for row in cells):
        raise ValueError(f"uneven table: {rows}")
    look: list[tuple[Any, ...]] = [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LINEBELOW", (0, 0), (-1, -1), 0.4, LINE),
        ("TOPPADDING", (0, 0), (-1, -1), 2.5),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 3.5),
        ("BACKGROUND", (0, 0), (-1, 0) if head else (0, -1), TINT),
    ]
    widths = [width * share / sum(shares) for share in shares]
    table = Table(cells, widths, style=look, repeatRows=int(head), spaceBefore=3, spaceAfter=9)
    return KeepTogether([table]) if len(rows) < 7 else table


def numbered(items: list[str], ordered: bool) -> Flowable:
    """Make a list of steps or of bullet points."""
    look = {"bulletFormat": "%s."} if ordered else {"bulletType": "bullet", "start": "–"}
    lines = [text(item) for item in items]
    return ListFlowable(
        lines, leftIndent=15, bulletFontSize=9.2, bulletFontName="Helvetica", **look
    )


def block(item: dict[str, Any], width: float) -> Iterator[Flowable]:
    """Turn one block of a section into flowables."""
    (kind, value), *_ = item.items()
    if kind == "p":
        yield text(value)
    elif kind in ("note", "warning"):
        yield KeepTogether([Spacer(0, 3), text(f"<b>{kind.capitalize()}.</b> {value}", BOX)])
    elif kind in ("steps", "bullets"):
        yield numbered(value, kind == "steps")
        yield Spacer(0, 4)
    elif kind == "spec":
        yield grid(value, width, [2, 3], head=False)
    elif kind == "table":
        yield grid([value["head"], *value["rows"]], width, value["widths"], head=True)
    elif kind == "columns":
        yield BalancedColumns([text(part, COLUMN) for part in value], nCols=2, innerPadding=12)
        yield Spacer(0, 6)
    elif kind == "page":
        yield PageBreak()
    else:
        raise ValueError(f"unknown block: {kind}")


def story(source: dict[str, Any], width: float, pages: dict[str, int]) -> Iterator[Flowable]:
    """Yield the whole document: cover, contents and numbered sections."""
    cover = source.get("cover", True)
    yield Spacer(0, 30 * mm if cover else 0)
    yield text(source["title"], TITLE)
    yield text(f"{source['document']} · {source['product_id']}", KIND)
    yield text(source["intro"])
    if cover:
        yield Spacer(0, 8 * mm)
        entries = [
            f"{number} {part['heading']} | {pages.get(f'{number} ' + part['heading'], 0)}"
            for number, part in enumerate(source["sections"], 1)
        ]
        yield grid(["Contents | Page", *entries], width, [6, 1], head=True)
        yield text(source["edition"], SMALL)
        yield PageBreak()
    for number, section in enumerate(source["sections"], 1):
        yield CondPageBreak(32 * mm)
        yield text(f"{number} {section['heading']}", H1)
        below = 0
        for item in section["body"]:
            if "sub" in item:
                below += 1
                yield text(f"{number}.{below} {item['sub']}", H2)
            else:
                yield from block(item, width)
    if not cover:
        yield text(source["edition"], SMALL)


def build(source: dict[str, Any], target: Path, pages: dict[str, int], total: int) -> int:
    """Write the PDF once, note in ``pages`` where sections begin, return the page count."""
    size = PAPER[source.get("paper", "a5")]
    side = 16 * mm
    doc = SimpleDocTemplate(
        str(target),
        pagesize=size,
        leftMargin=side,
        rightMargin=side,
        topMargin=20 * mm,
        bottomMargin=18 * mm,
        title=f"{source['title']} – {source['document']}",
        author="Wrenfield",
        subject=source["subject"],
        creator="Wrenfield",
        invariant=1,
    )

    def furniture(canvas: Canvas, _: SimpleDocTemplate) -> None:
        canvas.saveState()
        canvas.setStrokeColor(LINE)
        canvas.line(side, size[1] - 15 * mm, size[0] - side, size[1] - 15 * mm)
        canvas.line(side, 13 * mm, size[0] - side, 13 * mm)
        canvas.setFont("Helvetica", 7.5)
        canvas.drawString(side, size[1] - 13 * mm, source["title"].translate(GLYPHS))
        canvas.drawRightString(size[0] - side, size[1] - 13 * mm, source["document"])
        canvas.drawString(side, 9 * mm, SHOP)
        canvas.drawRightString(size[0] - side, 9 * mm, f"Page {canvas.getPageNumber()} of {total}")
        canvas.restoreState()

    def note_heading(flowable: Flowable) -> None:
        if getattr(flowable, "style", None) is H1:
            pages[flowable.getPlainText()] = doc.page

    doc.afterFlowable = note_heading
    flow = list(story(source, size[0] - 2 * side - 12, pages))
    doc.build(flow, onFirstPage=furniture, onLaterPages=furniture)
    return int(doc.page)


def main() -> None:
    """Build every document twice: once to learn the page numbers, once to print them."""
    rl_config.invariant = 1
    for path in sorted((HERE / "manual-sources").glob("*.yaml")):
        source = yaml.safe_load(path.read_text(encoding="utf-8"))
        target = HERE / "products" / source["product_id"] / f"{source['kind']}.pdf"
        target.parent.mkdir(parents=True, exist_ok=True)
        pages: dict[str, int] = {}
        total = build(source, target, pages, 0)
        total = build(source, target, pages, total)
        print(f"{target.relative_to(HERE)}: {total} pages")


if __name__ == "__main__":
    main()
