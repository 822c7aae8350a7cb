import csv
from pathlib import Path

import pytest

from rag.errors import DocumentError, EmptyDocumentError
from rag.types import Block, BlockKind, Document, Kind
from tests.indexer.reading import pieces, read, read_all, refusal

HEADER = "id,item_group_id,name,Colour,Max load,link\n"
ROW = 'KT12-RED,KT12,"Kettle, red",Red,"1,5 kg",https://shop.example/kt12\n'


def test_a_row_is_a_document_with_an_attribute_a_line(tmp_path: Path) -> None:
    document = read(tmp_path, "specs/kettles.csv", HEADER + ROW)
    assert document.text == "Colour: Red\nMax load: 1,5 kg"
    assert document.blocks == (
        Block(BlockKind.ROW, 0, 11),
        Block(BlockKind.ROW, 12, 28),
    )
    assert pieces(document)[0] == ("row", "Colour: Red")
    assert document.id == "specs/kettles.csv#KT12-RED"
    assert (document.title, document.kind) == ("Kettle, red", Kind.SPEC)
    assert (document.product_ids, document.variant_ids) == (("KT12",), ("KT12-RED",))
    assert document.url == "https://shop.example/kt12"


def test_a_row_of_no_product_is_called_by_its_first_words(tmp_path: Path) -> None:
    data = "No.,Service,Price\n1,Puncture repair,15 EUR\n"
    assert read(tmp_path, "prices/list.csv", data).title == "Puncture repair"
    data = "sku,Colour\nKT12,Red\n"
    assert read(tmp_path, "specs/list.csv", data).title == "List"


def test_a_row_that_is_its_own_group_is_no_variant(tmp_path: Path) -> None:
    document = read(tmp_path, "a.csv", HEADER + "KT12,KT12,Kettle,Red,,\n")
    assert (document.product_ids, document.variant_ids) == (("KT12",), ())


def test_a_row_with_too_many_cells_does_not_spoil_the_others(tmp_path: Path) -> None:
    found = read_all(tmp_path, "a.csv", HEADER + "X,X,Loose,Red,1 kg,,extra\n" + ROW)
    assert [type(one) for one in found] == [DocumentError, Document]
    assert "row 1 has more cells than the header" in str(found[0])


def test_a_short_row_has_empty_cells(tmp_path: Path) -> None:
    assert read(tmp_path, "a.csv", HEADER + "X,X,Short,Red\n").text == "Colour: Red"


def test_a_row_without_attributes_is_reported(tmp_path: Path) -> None:
    assert "row 1 has no text" in str(refusal(tmp_path, "a.csv", HEADER + "X,X,Bare,,,\n"))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("", "no header row"),
        ("\n\n", "no header row"),
        (" , ,\n", "no header row"),
        ("id,name\n", "no rows"),
        ("a\n" + "x" * 10_000_001, "near line 2: a cell is longer than 10,000,000 characters"),
    ],
)
def test_a_file_without_rows_is_reported(tmp_path: Path, data: str, message: str) -> None:
    assert message in str(refusal(tmp_path, "a.csv", data))


@pytest.mark.parametrize("name", ["a.tsv", "A.TSV"])
def test_tabs(tmp_path: Path, name: str) -> None:
    assert read(tmp_path, name, "id\tname\tColour\nX\tKettle\tRed, blue\n").text == (
        "Colour: Red, blue"
    )


def test_a_cell_may_have_lines_and_quotes(tmp_path: Path) -> None:
    data = 'id,name,Note\r\nX,Kettle,"Says ""hot"",\r\nthen stops"\r\n'
    assert read(tmp_path, "a.csv", data).text == 'Note: Says "hot",\nthen stops'


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("product_id;rating;title;review;author", "A;2;Heavy;Too heavy.;Bernd"),
        ("sku;stars;title;review_text", "A;2;Heavy;Too heavy."),
        ("product_id;titel;bewertung;autor", "A;Heavy;Too heavy.;Bernd"),
        ("product_id;titel;bewertung;kommentar", "A;Heavy;2;Too heavy."),
        ("product_id;title;review;comment", "A;Heavy;2/5;Too heavy."),
    ],
)
def test_reviews_are_documents(tmp_path: Path, header: str, row: str) -> None:
    found = read_all(tmp_path, "a.csv", f"{header}\n{row}\n{row}\n")
    first, second = (one for one in found if isinstance(one, Document))
    assert (first.title, first.text, first.kind) == ("Heavy", "Too heavy.", Kind.REVIEW)
    assert (first.product_ids, first.id, second.id) == (("A",), "a.csv#row-1", "a.csv#row-2")
    stars = {"rating": "2", "stars": "2", "bewertung": "2", "review": "2/5"}
    assert first.metadata.items() & stars.items() or "Bernd" in first.metadata.values()


@pytest.mark.parametrize("comment", ["comment", "kommentar", "review", "bewertung"])
def test_a_comment_on_a_product_is_an_attribute(tmp_path: Path, comment: str) -> None:
    document = read(tmp_path, "a.csv", f"sku,Weight,{comment}\nA,1 kg,In the EU only\n")
    assert document.text == f"Weight: 1 kg\n{comment.capitalize()}: In the EU only"
    assert document.kind is Kind.SPEC


def test_german_names_of_columns(tmp_path: Path) -> None:
    faq = read(tmp_path, "a.csv", "Frage;Antwort\nWie lange?;45 Tage.\n")
    assert pieces(faq) == [("heading1", "Wie lange?"), ("paragraph", "45 Tage.")]
    assert (faq.title, faq.kind) == ("Wie lange?", Kind.FAQ)
    for name in ("Titel", "Produktname", "Bezeichnung"):
        document = read(tmp_path, "b.csv", f"sku;{name};Farbe\nA;Kessel;rot\n")
        assert (document.title, document.text) == ("Kessel", "Farbe: rot")


@pytest.mark.parametrize("name", ["a.csv", "specs/a.csv"])
def test_questions_with_their_answers_are_documents(tmp_path: Path, name: str) -> None:
    rows = 'Question;Answer;product_id\nHow long?;"45 days; no more.";\nWhy?;Far.;KT12\n'
    first, second = read_all(tmp_path, name, rows)
    assert isinstance(first, Document) and isinstance(second, Document)
    assert pieces(first) == [("heading1", "How long?"), ("paragraph", "45 days; no more.")]
    assert (first.title, first.kind, first.product_ids) == ("How long?", Kind.FAQ, ())
    assert (second.id, second.product_ids) == (f"{name}#row-2", ("KT12",))


@pytest.mark.parametrize(
    "header", ["question,sources", "id,question,answers", "question,answer,answerable"]
)
def test_a_qa_set_is_one_line_of_the_report(tmp_path: Path, header: str) -> None:
    data = header + "\n" + "a,b,c\n" * 3
    assert "a set of questions, not of documents" in str(refusal(tmp_path, "a.csv", data))


def test_variants_named_in_a_column_stay_apart(tmp_path: Path) -> None:
    rows = "product_id,variant_id,Colour\nKT12,V1,Red\nKT12,V2,Sage\n"
    found = [d for d in read_all(tmp_path, "a.csv", rows) if isinstance(d, Document)]
    assert [d.variant_ids for d in found] == [("V1",), ("V2",)]
    assert len({d.id for d in found}) == 2


@pytest.mark.parametrize("column", ["sku", "product_id", "item_id", "variant_id"])
def test_all_rows_of_a_product_are_kept(tmp_path: Path, column: str) -> None:
    data = f"{column},country,shipping\nA,DE,4 €\nB,DE,5 €\nA,AT,9 €\nA,CH,19 €\n"
    found = [d for d in read_all(tmp_path, "a.csv", data) if isinstance(d, Document)]
    assert [d.id.removeprefix("a.csv#") for d in found] == ["A", "B", "A-row-3", "A-row-4"]
    assert "AT" in found[2].text
    assert all(d.product_ids == ("A",) or d.variant_ids == ("A",) for d in found if d != found[1])


def test_an_id_of_a_row_s_own_stays_what_it_is(tmp_path: Path) -> None:
    data = "id,sku,Note\n7,A,one\n7,A,two\n"
    found = [d for d in read_all(tmp_path, "a.csv", data) if isinstance(d, Document)]
    assert [d.id for d in found] == ["a.csv#7", "a.csv#7"]


def test_a_table_of_texts(tmp_path: Path) -> None:
    data = "doc_id,title,content,kind,product_id\n7,How?,So.,faq,KT12\n"
    document = read(tmp_path, "a.csv", data)
    assert (document.id, document.title, document.text) == ("7", "How?", "So.")
    assert (document.kind, document.product_ids) == (Kind.FAQ, ("KT12",))


def test_an_empty_file_is_reported_whatever_its_format(tmp_path: Path) -> None:
    for name in ("a.md", "a.txt", "a.jsonl", "a.html", "a.json", "a.pdf", "a.csv"):
        assert isinstance(refusal(tmp_path, name, b""), DocumentError)
    assert isinstance(refusal(tmp_path, "a.jsonl", b""), EmptyDocumentError)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("name", ["a.csv", "a.tsv"])
def test_the_delimiter_is_told_by_the_rows(tmp_path: Path, delimiter: str, name: str) -> None:
    rows = [["id", "name", "Max load"], ["KT12", "Kettle", "1.5 kg"], ["KT17", "Jug", "2 kg"]]
    data = "".join(delimiter.join(row) + "\n" for row in rows)
    found = [d for d in read_all(tmp_path, name, data) if isinstance(d, Document)]
    assert [(d.title, d.text) for d in found] == [
        ("Kettle", "Max load: 1.5 kg"),
        ("Jug", "Max load: 2 kg"),
    ]


@pytest.mark.parametrize(
    "data",
    [
        "id;Länge, cm;Gewicht\nA;1,5;2,5 kg\n",
        "sep=;\nid;Länge, cm;Gewicht\nA;1,5;2,5 kg\n",
        'id,"Länge, cm",Gewicht\nA,"1,5","2,5 kg"\n',
        "id\tLänge, cm\tGewicht\nA\t1,5\t2,5 kg\n",
    ],
)
def test_decimal_commas_divide_nothing(tmp_path: Path, data: str) -> None:
    assert read(tmp_path, "a.csv", data).text == "Länge, cm: 1,5\nGewicht: 2,5 kg"


def test_a_single_column_is_not_divided(tmp_path: Path) -> None:
    assert read(tmp_path, "a.csv", "text\nA jug; a lid | a base\n").text == "A jug; a lid | a base"


def test_a_long_cell_is_read_and_the_limit_is_put_back(tmp_path: Path) -> None:
    before = csv.field_size_limit()
    document = read(tmp_path, "a.csv", "id,Note\nX," + "y" * 1_000_000 + "\n")
    assert len(document.text) == len("Note: ") + 1_000_000
    assert csv.field_size_limit() == before


@pytest.mark.parametrize("cell", ['"5" pipe"', '"never closed'])
def test_a_broken_quote_is_reported(tmp_path: Path, cell: str) -> None:
    found = read_all(tmp_path, "a.csv", f"id,Note\nX,fine\nY,{cell}\n")
    assert [type(one) for one in found] == [Document, DocumentError]
    assert "line 3 has a quote that is not closed" in str(found[1])


def test_a_broken_quote_in_a_list_of_attributes_is_reported(tmp_path: Path) -> None:
    data = 'Attribute,Value\nWeight,1 kg\nLength,"10" cm"\nWidth,5 cm\n'
    error, document = read_all(tmp_path, "a.csv", data)
    assert "line 3 has a quote that is not closed" in str(error)
    assert isinstance(document, Document) and document.text == "Weight: 1 kg\nWidth: 5 cm"


def test_a_quote_within_a_cell_is_an_inch(tmp_path: Path) -> None:
    assert read(tmp_path, "a.csv", 'id,Pipe\nX,5" wide\n').text == 'Pipe: 5" wide'


def test_empty_cells_beyond_the_header_do_no_harm(tmp_path: Path) -> None:
    assert read(tmp_path, "a.csv", "id,Note\nX,fine,,\n").text == "Note: fine"


def test_columns_of_one_name_are_all_kept(tmp_path: Path) -> None:
    data = "id,Feature,Feature,Feature,,\nX,light,,small,odd,\n"
    assert read(tmp_path, "a.csv", data).text == (
        "Feature: light\nFeature (3): small\nColumn 5: odd"
    )


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize(
    "title", ["Prices 2026", "Prices 2026{0}{0}", "{0}{0}\nPrices{0}\n\nNet{0}{0}"]
)
def test_a_title_above_the_header_is_no_header(tmp_path: Path, title: str, delimiter: str) -> None:
    rows = ["sku", "name", "Price"], ["A", "Kettle", "9 €"], ["B", "Jug", "5 €"]
    lines = [title.format(delimiter), *(delimiter.join(row) for row in rows)]
    found = [d for d in read_all(tmp_path, "a.csv", "\n".join(lines)) if isinstance(d, Document)]
    assert [(d.title, d.text) for d in found] == [("Kettle", "Price: 9 €"), ("Jug", "Price: 5 €")]
    assert [d.id for d in found] == ["a.csv#A", "a.csv#B"]


def test_what_is_no_title_is_kept(tmp_path: Path) -> None:
    single = read_all(tmp_path, "a.csv", "Note\nsmall\nlarge\n")
    assert [d.text for d in single if isinstance(d, Document)] == ["Note: small", "Note: large"]
    assert read(tmp_path, "a.csv", "sku,\nA,red\n").text == "Column 2: red"
    assert read(tmp_path, "a.csv", ",KT12\nWeight,1 kg\n").text == "Column 1: Weight\nKT12: 1 kg"


def test_columns_that_differ_in_case_only_are_all_kept(tmp_path: Path) -> None:
    data = "id,Weight,weight\nX,1 kg,2 kg\n"
    assert read(tmp_path, "a.csv", data).text == "Weight: 1 kg\nWeight: 2 kg"
