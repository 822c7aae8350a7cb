import random
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from pypdf import PdfReader, PdfWriter
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    Flowable,
    Frame,
    FrameBreak,
    PageTemplate,
    Paragraph,
    SimpleDocTemplate,
    Table,
)

from rag.errors import DocumentError, EmptyDocumentError
from rag.types import Document
from tests.indexer.reading import pieces, read, read_all, refusal
from tests.samples import write_pdf

STYLES = getSampleStyleSheet()
PAGES = [
    [("Safety", 16), ("Never put the base of the kettle in water or any other liquid.", 10)],
    [("Care", 16), ("Wipe the outside with a damp cloth and never with a scourer.", 10)],
    [],
    [("Warranty", 16), ("The warranty lasts two years from the day you bought the kettle.", 10)],
]


def _text(text: str) -> Paragraph:
    return Paragraph(text, STYLES["BodyText"])


def _read(folder: Path, *flow: Flowable, title: str = "Manual") -> Document:
    path = folder / "flow.pdf"
    SimpleDocTemplate(str(path), pagesize=A4, title=title).build(list(flow))
    return read(folder, "flow.pdf", path.read_bytes())


def _drawn(folder: Path, lines: Sequence[str]) -> Document:
    """Lines as they are drawn one below the other."""
    path = folder / "drawn.pdf"
    canvas = Canvas(str(path))
    canvas.setFont("Helvetica", 10)
    for number, line in enumerate(lines):
        canvas.drawString(72, 700 - 12 * number, line)
    canvas.save()
    return read(folder, "drawn.pdf", path.read_bytes())


@pytest.fixture
def manual(tmp_path: Path) -> Document:
    write_pdf(tmp_path / "manual.pdf", PAGES, title="Kettle manual")
    return read(tmp_path, "manual.pdf", (tmp_path / "manual.pdf").read_bytes())


def test_the_running_header_and_page_numbers_are_left_out(manual: Document) -> None:
    assert pieces(manual) == [
        ("heading1", "Safety"),
        ("paragraph", "Never put the base of the kettle in water or any other liquid."),
        ("heading1", "Care"),
        ("paragraph", "Wipe the outside with a damp cloth and never with a scourer."),
        ("heading1", "Warranty"),
        ("paragraph", "The warranty lasts two years from the day you bought the kettle."),
    ]


def _paged(folder: Path, lines_of: Callable[[int], Sequence[tuple[str, int]]]) -> Document:
    """Four pages of lines with their sizes."""
    canvas = Canvas(str(folder / "paged.pdf"))
    for number in range(1, 5):
        for at, (line, size) in enumerate(lines_of(number)):
            canvas.setFont("Helvetica", size)
            canvas.drawString(72, 780 - 20 * at, line)
        canvas.showPage()
    canvas.save()
    return read(folder, "paged.pdf", (folder / "paged.pdf").read_bytes())


def test_lines_that_differ_in_more_than_the_page_s_number_are_text(tmp_path: Path) -> None:
    def lines(page: int) -> list[tuple[str, int]]:
        amount = f"Fill in {page * page} cups and wait for a little while."
        return [(f"Manual, page {page} of 4", 8), (f"Step {page}", 16), (amount, 10)]

    assert pieces(_paged(tmp_path, lines)) == [
        piece
        for page in range(1, 5)
        for piece in (
            ("heading1", f"Step {page}"),
            ("paragraph", f"Fill in {page * page} cups and wait for a little while."),
        )
    ]


def test_a_file_that_only_repeats_itself_is_text(tmp_path: Path) -> None:
    document = _paged(tmp_path, lambda page: [("Never in water.", 10)])
    assert document.text.count("Never in water.") == 4


def test_every_block_has_the_page_it_stands_on(manual: Document) -> None:
    pages = [manual.page_at(block.start) for block in manual.blocks]
    assert pages == [1, 1, 2, 2, 4, 4]
    assert [manual.page_at(block.end - 1) for block in manual.blocks] == pages
    assert [page.number for page in manual.pages] == [1, 2, 3, 4]


def test_the_title_is_the_one_in_its_metadata(manual: Document) -> None:
    assert manual.title == "Kettle manual"


@pytest.mark.parametrize("title", ["untitled", "(anonymous)", " "])
def test_a_title_that_says_nothing_is_none(tmp_path: Path, title: str) -> None:
    assert _read(tmp_path, _text("Some text."), title=title).title == "Flow"


def test_cells_that_wrap_stay_one_row(tmp_path: Path) -> None:
    use = "Keeps the steam in while the water boils and opens with a button on the handle"
    rows = [["<b>Part</b>", "<b>Use</b>"], ["Lid", use], ["Filter", "Holds back scale"]]
    table = Table(
        [[_text(cell) for cell in (*row, "<b>Life</b>" if not at else f"{at} y")]
         for at, row in enumerate(rows)],
        colWidths=[80, 160, 80],
        style=[("VALIGN", (0, 0), (-1, -1), "TOP")],
    )  # fmt: skip
    document = _read(tmp_path, _text("These can be ordered."), table, _text("After."))
    assert pieces(document) == [
        ("paragraph", "These can be ordered."),
        ("header", "Part | Use | Life"),
        ("row", f"Lid | {use} | 1 y"),
        ("row", "Filter | Holds back scale | 2 y"),
        ("paragraph", "After."),
    ]


def test_a_table_of_two_columns_is_attributes(tmp_path: Path) -> None:
    document = _read(tmp_path, Table([["Weight", "0.98 kg"], ["Cord:", "75 cm"]]))
    assert pieces(document) == [("row", "Weight: 0.98 kg"), ("row", "Cord: 75 cm")]


def test_two_columns_are_read_one_after_the_other(tmp_path: Path) -> None:
    left = " ".join(f"Left sentence {n} goes on for a while." for n in range(12))
    right = " ".join(f"Right sentence {n} goes on for a while." for n in range(12))
    path = tmp_path / "columns.pdf"
    template = BaseDocTemplate(str(path), pagesize=A4)
    frames = [Frame(60, 60, 230, 700), Frame(310, 60, 230, 700)]
    template.addPageTemplates([PageTemplate(frames=frames)])
    template.build([_text(left), FrameBreak(), _text(right)])
    document = read(tmp_path, "columns.pdf", path.read_bytes())
    assert pieces(document) == [("paragraph", left), ("paragraph", right)]


def test_hyphens_at_a_line_end(tmp_path: Path) -> None:
    lines = [
        "The water-",
        "proof kettle has a stain-",
        "less body and a USB-",
        "C port; USB-C it is.",
    ]
    assert _drawn(tmp_path, lines).text == (
        "The waterproof kettle has a stainless body and a USB-C port; USB-C it is."
    )


def test_numbered_steps_are_items(tmp_path: Path) -> None:
    path = tmp_path / "steps.pdf"
    canvas = Canvas(str(path))
    canvas.setFont("Helvetica", 10)
    for number, step in enumerate(["Fill to the line.", "Boil twice."], 1):
        canvas.drawString(72, 700 - 14 * number, f"{number}.")
        canvas.drawString(90, 700 - 14 * number, step)
    canvas.save()
    document = read(tmp_path, "steps.pdf", path.read_bytes())
    assert pieces(document) == [("item", "1. Fill to the line."), ("item", "2. Boil twice.")]


def test_a_password_is_asked_for_in_words(tmp_path: Path) -> None:
    write_pdf(tmp_path / "open.pdf", PAGES, title="T")
    writer = PdfWriter(clone_from=tmp_path / "open.pdf")
    writer.encrypt("secret", algorithm="RC4-128")
    writer.write(tmp_path / "locked.pdf")
    error = refusal(tmp_path, "locked.pdf", (tmp_path / "locked.pdf").read_bytes())
    assert str(error).startswith("is encrypted; save a copy without a password")


def test_a_pdf_that_anybody_may_open_is_read(tmp_path: Path) -> None:
    write_pdf(tmp_path / "open.pdf", PAGES, title="T")
    writer = PdfWriter(clone_from=tmp_path / "open.pdf")
    writer.encrypt("", "owner", algorithm="RC4-128")
    writer.write(tmp_path / "free.pdf")
    assert "Safety" in read(tmp_path, "free.pdf", (tmp_path / "free.pdf").read_bytes()).text


def test_a_scan_is_reported_with_what_to_do(tmp_path: Path) -> None:
    canvas = Canvas(str(tmp_path / "scan.pdf"))
    for _ in range(2):
        canvas.rect(10, 10, 100, 100, fill=1)
        canvas.showPage()
    canvas.save()
    error = refusal(tmp_path, "scan.pdf", (tmp_path / "scan.pdf").read_bytes())
    assert isinstance(error, EmptyDocumentError)
    assert "no text on its 2 pages" in str(error)


@pytest.mark.parametrize(
    "data", [b"", b"%PDF-1.7", b"garbage " * 100, b"%PDF-1.4\n" + bytes(range(256)) * 20]
)
def test_garbage_is_refused(tmp_path: Path, data: bytes) -> None:
    assert "cannot be read as a PDF" in str(refusal(tmp_path, "a.pdf", data))


@pytest.mark.parametrize("seed", range(60))
def test_a_mutated_file_is_read_or_refused(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    write_pdf(tmp_path / "good.pdf", PAGES, title="T")
    writer = PdfWriter(clone_from=PdfReader(tmp_path / "good.pdf"))
    for page in writer.pages:
        if seed % 2 and page.get_contents() is not None:
            page.get_contents().set_data(page.get_contents().get_data())  # type: ignore[union-attr]
    writer.write(tmp_path / "plain.pdf")
    data = bytearray((tmp_path / "plain.pdf").read_bytes())
    for _ in range(rng.randint(1, 40)):
        at = rng.randrange(len(data))
        match rng.randrange(3):
            case 0:
                data[at] = rng.randrange(256)
            case 1:
                del data[at : at + rng.randrange(40)]
            case _:
                data[at:at] = data[rng.randrange(len(data)) :][: rng.randrange(60)]
    for found in read_all(tmp_path, "bad.pdf", bytes(data)):
        assert isinstance(found, DocumentError) or pieces(found)


def test_a_short_page_keeps_its_heading_and_its_days(tmp_path: Path) -> None:
    page = [("Warranty of kettles", 18), ("It lasts two years from the day you bought it.", 10)]
    write_pdf(tmp_path / "a.pdf", [page], "T")
    document = read(tmp_path, "a.pdf", (tmp_path / "a.pdf").read_bytes())
    assert ("heading1", "Warranty of kettles") in pieces(document)
    assert set(document.metadata) == {"created", "modified"}
    assert re.fullmatch(r"20\d\d-\d\d-\d\d", str(document.metadata["created"]))
