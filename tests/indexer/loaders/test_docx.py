import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import docx
import pytest
from docx.document import Document as Body
from docx.enum.style import WD_STYLE_TYPE
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


NAMESPACES = (
    nsdecls("w")
    + ' xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" xmlns:v="urn:v"'
)


def xml(markup: str) -> Any:
    """The first element of some markup."""
    return parse_xml(f"<w:body {NAMESPACES}>{markup}</w:body>")[0]


def words(text: str) -> str:
    return f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"


@pytest.mark.parametrize("holder", ["w:sdtContent", "w:customXml"])
def test_content_controls_are_read(tmp_path: Path, body: Body, holder: str) -> None:
    body.add_paragraph("Before.")
    row = "<w:tr><w:tc>" + words("Weight") + "</w:tc><w:sdt><w:sdtContent><w:tc>" + words("1 kg")
    held = words("Within.") + "<w:tbl>" + row + "</w:tc></w:sdtContent></w:sdt></w:tr></w:tbl>"
    body.element.body.insert(1, xml(f"<w:sdt><{holder}>{held}</{holder}></w:sdt>"))
    body.element.body.insert(2, xml(words("After.")))
    assert pieces(as_read(tmp_path, body)) == [
        ("paragraph", "Before."),
        ("paragraph", "Within."),
        ("row", "Weight: 1 kg"),
        ("paragraph", "After."),
    ]


def test_a_table_of_contents_is_not_read(tmp_path: Path, body: Body) -> None:
    about = "<w:docPartObj><w:docPartGallery w:val='Table of Contents'/></w:docPartObj>"
    held = f"<w:sdtPr>{about}</w:sdtPr><w:sdtContent>{words('Warranty 3')}</w:sdtContent>"
    body.element.body.insert(0, xml(f"<w:sdt>{held}</w:sdt>"))
    body.add_heading("Warranty", 1)
    body.add_paragraph("Two years.")
    assert as_read(tmp_path, body).text == "Warranty\n\nTwo years."


def test_a_table_around_another_is_for_layout(tmp_path: Path, body: Body) -> None:
    outer = body.add_table(1, 2)
    outer.cell(0, 0).text = "Our kettle."
    inner = outer.cell(0, 1).add_table(2, 2)
    for row, cells in zip(inner.rows, [("Weight", "1 kg"), ("Lid", "glass")], strict=True):
        for cell, text in zip(row.cells, cells, strict=True):
            cell.text = text
    assert pieces(as_read(tmp_path, body)) == [
        ("paragraph", "Our kettle."),
        ("row", "Weight: 1 kg"),
        ("row", "Lid: glass"),
    ]


def test_cells_merged_across_rows_are_read_in_each(tmp_path: Path, body: Body) -> None:
    table = body.add_table(3, 3)
    for row, cells in enumerate([("Zone", "Land", "Days"), ("EU", "FR", "3"), ("", "ES", "5")]):
        for column, text in enumerate(cells):
            table.cell(row, column).text = text
    table.cell(1, 0).merge(table.cell(2, 0))
    assert [text for _, text in pieces(as_read(tmp_path, body))][1:] == [
        "EU | FR | 3",
        "EU | ES | 5",
    ]


def test_a_text_box_is_read_once_and_by_itself(tmp_path: Path, body: Body) -> None:
    box = f"<w:txbxContent>{words('Never in water.')}</w:txbxContent>"
    for holder in (
        f"<mc:AlternateContent><mc:Choice>{box}</mc:Choice>"
        f"<mc:Fallback><w:pict><v:textbox>{box}</v:textbox></w:pict></mc:Fallback>"
        "</mc:AlternateContent>",
        f"<w:pict><v:textbox>{box}</v:textbox></w:pict>",
    ):
        paragraph = body.add_paragraph("It boils.")
        paragraph._p.append(xml(f"<w:r>{holder}</w:r>"))
    assert pieces(as_read(tmp_path, body)) == 2 * [
        ("paragraph", "It boils."),
        ("paragraph", "Never in water."),
    ]


def test_text_that_was_moved_is_read_where_it_is_now(tmp_path: Path, body: Body) -> None:
    for text, tag in (("A ", "moveFrom"), ("B ", "moveTo")):
        run = "<w:r><w:t>moved</w:t></w:r>"
        body.add_paragraph(text)._p.append(xml(f"<w:{tag} w:id='1'>{run}</w:{tag}>"))
    assert as_read(tmp_path, body).text == "A\n\nB moved"


@pytest.mark.parametrize("kind", [WD_STYLE_TYPE.PARAGRAPH, WD_STYLE_TYPE.CHARACTER])
def test_what_a_style_hides_stays_out(tmp_path: Path, body: Body, kind: WD_STYLE_TYPE) -> None:
    secret = body.styles.add_style("Secret", kind)
    secret.font.hidden = True
    based = body.styles.add_style("Based", kind)
    based.base_style = secret
    shown = body.styles.add_style("Shown", kind)
    shown.base_style = secret
    shown.font.hidden = False
    for style in (secret, based, shown):
        if kind is WD_STYLE_TYPE.PARAGRAPH:
            paragraph = body.add_paragraph(style.name, style=style)
            paragraph.add_run("!").font.hidden = False
        else:
            body.add_paragraph("!").add_run(style.name, style=style)
    assert re.findall("[A-Z][a-z]+", as_read(tmp_path, body).text) == ["Shown"]
    assert as_read(tmp_path, body).text.count("!") == 3


def test_a_numbered_item_is_read_where_no_numbering_is_defined(tmp_path: Path, body: Body) -> None:
    body.add_paragraph("Pack it.", style="List Number")
    for key, relation in list(body.part.rels.items()):
        if relation.reltype.endswith("/numbering"):
            del body.part.rels[key]
    assert pieces(as_read(tmp_path, body)) == [("item", "Pack it.")]


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
