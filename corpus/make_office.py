"""Save the documents of the sample shop that a colleague keeps in Word and Excel.

Reads ``office-sources/`` and writes ``policies/business-orders.docx``, with its front matter in a
sidecar, and ``specs/audio.xlsx``. The same sources give the same bytes every time.
"""

import csv
import re
import zipfile
from pathlib import Path

import docx
from openpyxl import Workbook

from indexer.loaders.markdown import render
from rag.types import BlockKind

HERE = Path(__file__).resolve().parent
SOURCES = HERE / "office-sources"
LONG_AGO = (1980, 1, 1, 0, 0, 0)
"""What a zip file says of its members' age, at the least."""
DAY = b"2026-01-05T09:00:00Z"


def main() -> None:
    """Write both."""
    write_policy(SOURCES / "business-orders.md", HERE / "policies/business-orders.docx")
    write_table(SOURCES / "audio.csv", HERE / "specs/audio.xlsx")


def write_policy(source: Path, target: Path) -> None:
    """A Word document of a Markdown file."""
    _, front_matter, body = source.read_text(encoding="utf-8").split("---\n", 2)
    draft = render(body, {})
    document = docx.Document()
    rows: list[list[str]] = []
    for block in draft.blocks:
        text = draft.text[block.start : block.end]
        if block.kind in (BlockKind.HEADER, BlockKind.ROW):
            rows.append(text.split(" | "))
            continue
        _add_table(document, rows)
        match block.kind:
            case BlockKind.HEADING:
                document.add_heading(text, block.level)
            case BlockKind.ITEM if re.match(r"\d+\. ", text):
                document.add_paragraph(text.partition(" ")[2], style="List Number")
            case BlockKind.ITEM:
                document.add_paragraph(text, style="List Bullet")
            case _:
                document.add_paragraph(text)
    _add_table(document, rows)
    target.parent.mkdir(parents=True, exist_ok=True)
    document.save(str(target))
    _same_every_time(target)
    target.with_name(target.name + ".yaml").write_text(front_matter, encoding="utf-8")


def _add_table(document: "docx.document.Document", rows: list[list[str]]) -> None:
    """Add the rows as a table, its header in bold, and forget them."""
    if rows:
        table = document.add_table(0, len(rows[0]))
        for number, texts in enumerate(rows):
            for cell, text in zip(table.add_row().cells, texts, strict=True):
                cell.paragraphs[0].add_run(text).bold = number == 0
        rows.clear()


def write_table(source: Path, target: Path) -> None:
    """A workbook of a CSV file."""
    book = Workbook()
    assert book.active is not None
    book.active.title = "Audio"
    with source.open(encoding="utf-8", newline="") as file:
        for row in csv.reader(file):
            book.active.append(row)
    target.parent.mkdir(parents=True, exist_ok=True)
    book.save(target)
    _same_every_time(target)


def _same_every_time(path: Path) -> None:
    """Take the day of its making out of a file of the zip family."""
    with zipfile.ZipFile(path) as packed:
        members = {name: packed.read(name) for name in sorted(packed.namelist())}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in members.items():
            if name == "docProps/core.xml":
                data = re.sub(rb"(<dcterms:\w+ [^>]*>)[^<]*", rb"\g<1>" + DAY, data)
            packed.writestr(zipfile.ZipInfo(name, LONG_AGO), data, zipfile.ZIP_DEFLATED)


if __name__ == "__main__":
    main()
