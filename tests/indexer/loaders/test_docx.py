from datetime import UTC, datetime
from pathlib import Path

import docx
import pytest
from docx.document import Document as Body
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from hypothesis import given
from hypothesis import strategies as st

from rag.types import Document
from tests.indexer.reading import pieces, read, refusal


@pytest.fixture
def body() -> Body:
    return docx.Document()


def as_read(folder: Path, body: Body, name: str = "policies/a.docx") -> Document:
    path = folder / "made.docx"
    body.save(str(path))
    return read(folder, name, path.read_bytes())


def test_structure(tmp_path: Path, body: Body) -> None:
    body.add_heading("Warranty", 0)
    body.add_heading("Kettles", 1)
    body.add_paragraph("We repair it.")
    body.add_heading("How to claim", 2)
    body.add_paragraph("Send us:")
    body.add_paragraph("the receipt", style="List Bullet")
    body.add_paragraph("a photo", style="List Bullet")
    for step in ("Pack it.", "Send it."):
        body.add_paragraph(step, style="List Number")
    document = as_read(tmp_path, body)
    assert document.title == "Warranty"
    assert pieces(document) == [
        ("heading1", "Warranty"),
        ("heading1", "Kettles"),
        ("paragraph", "We repair it."),
        ("heading2", "How to claim"),
        ("paragraph", "Send us:"),
        ("item", "the receipt"),
        ("item", "a photo"),
        ("item", "1. Pack it."),
        ("item", "2. Send it."),
    ]


def test_tables(tmp_path: Path, body: Body) -> None:
    for rows in (
        [("Country", "Days"), ("France", "3"), ("Spain", "5")],
        [("Weight", "1 kg"), ("Lid", "glass")],
    ):
        table = body.add_table(0, 2)
        for number, cells in enumerate(rows):
            row = table.add_row()
            for cell, text in zip(row.cells, cells, strict=True):
                run = cell.paragraphs[0].add_run(text)
                run.bold = number == 0 and text in ("Country", "Days")
        body.add_paragraph("And then:")
    found = pieces(as_read(tmp_path, body))
    assert found[:3] == [("header", "Country | Days"), ("row", "France | 3"), ("row", "Spain | 5")]
    assert found[4:6] == [("row", "Weight: 1 kg"), ("row", "Lid: glass")]


def test_cells_merged_across_columns_are_read_once(tmp_path: Path, body: Body) -> None:
    table = body.add_table(2, 3)
    table.cell(0, 0).merge(table.cell(0, 1)).text = "Both"
    table.cell(0, 2).text = "Third"
    for column, text in enumerate("abc"):
        table.cell(1, column).text = text
    assert pieces(as_read(tmp_path, body)) == [("row", "Both | Third"), ("row", "a | b | c")]


def test_attributes_of_a_paragraph_are_rows(tmp_path: Path, body: Body) -> None:
    body.add_paragraph("Weight: 1 kg\nLid: glass")
    assert pieces(as_read(tmp_path, body)) == [("row", "Weight: 1 kg"), ("row", "Lid: glass")]


def test_what_word_hides_or_has_deleted_stays_out(tmp_path: Path, body: Body) -> None:
    paragraph = body.add_paragraph("It lasts ")
    paragraph.add_run("SECRET ").font.hidden = True
    for tag, text in (("del", "two"), ("ins", "three")):
        kind = "delText" if tag == "del" else "t"
        paragraph._p.append(
            parse_xml(
                f'<w:{tag} {nsdecls("w")} w:id="1" w:author="a"><w:r><w:{kind}>{text}</w:{kind}>'
                f"</w:r></w:{tag}>"
            )
        )
    paragraph.add_run(" years.")
    body.sections[0].header.paragraphs[0].text = "SECRET header"
    assert as_read(tmp_path, body).text == "It lasts three years."


def test_links_are_read_as_text(tmp_path: Path, body: Body) -> None:
    paragraph = body.add_paragraph("See ")
    paragraph._p.append(
        parse_xml(f"<w:hyperlink {nsdecls('w')}><w:r><w:t>our terms</w:t></w:r></w:hyperlink>")
    )
    assert as_read(tmp_path, body).text == "See our terms"


def test_a_style_based_on_a_heading_is_one(tmp_path: Path, body: Body) -> None:
    style = body.styles.add_style("Kapitel", 1)
    style.base_style = body.styles["Heading 2"]
    body.add_paragraph("Garantie", style="Kapitel")
    body.add_paragraph("Text")
    assert pieces(as_read(tmp_path, body))[0] == ("heading2", "Garantie")


def test_properties(tmp_path: Path, body: Body) -> None:
    about = body.core_properties
    about.title, about.language = "Garantie", "de-DE"
    about.modified = datetime(2026, 5, 1, 23, 0, tzinfo=UTC)
    body.add_paragraph("Text")
    document = as_read(tmp_path, body)
    assert (document.title, document.locale) == ("Garantie", "de")
    assert document.metadata["modified"] == "2026-05-01"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"not a zip", "cannot be read as a .docx document"),
        (bytes.fromhex("d0cf11e0a1b11ae1") + b"old", "is encrypted or of the format before"),
    ],
)
def test_what_is_no_document_says_so(tmp_path: Path, data: bytes, said: str) -> None:
    assert said in str(refusal(tmp_path, "a.docx", data))


def test_a_document_without_text_says_so(tmp_path: Path, body: Body) -> None:
    body.save(str(tmp_path / "made.docx"))
    data = (tmp_path / "made.docx").read_bytes()
    assert "holds no text" in str(refusal(tmp_path, "a.docx", data))


@given(
    st.lists(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=30))
)
def test_blocks_are_the_text(
    tmp_path_factory: pytest.TempPathFactory, paragraphs: list[str]
) -> None:
    body = docx.Document()
    body.add_paragraph("A first one.")
    for text in paragraphs:
        body.add_paragraph(text)
    pieces(as_read(tmp_path_factory.mktemp("docx"), body))
