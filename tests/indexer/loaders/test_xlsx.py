import zipfile
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import pytest
from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from rag.errors import DocumentError
from rag.types import Document, Kind
from tests.indexer.reading import pieces, read_all, refusal

Rows = list[list[object]]

KETTLES: Rows = [
    ["sku", "name", "Weight", "Lid"],
    ["KT-1", "Brook Kettle", 0.98, "glass"],
    ["KT-2", "Rill Kettle", 1.0, "steel"],
]


def a_workbook(
    folder: Path, *sheets: Rows, then: Callable[[Worksheet], object] | None = None
) -> bytes:
    book = Workbook()
    assert book.active is not None
    book.remove(book.active)
    for number, rows in enumerate(sheets, 1):
        sheet = book.create_sheet(f"Sheet {number}")
        for row in rows:
            sheet.append(row)
        if then:
            then(sheet)
    path = folder / "made.xlsx"
    book.save(path)
    return path.read_bytes()


def documents(folder: Path, data: bytes, name: str = "specs/kettles.xlsx") -> list[Document]:
    found = read_all(folder, name, data)
    assert not [each for each in found if isinstance(each, DocumentError)], found
    return [each for each in found if isinstance(each, Document)]


def test_a_row_is_a_document(tmp_path: Path) -> None:
    first, second = documents(tmp_path, a_workbook(tmp_path, KETTLES))
    assert (first.id, first.title, first.kind) == (
        "specs/kettles.xlsx#KT-1",
        "Brook Kettle",
        Kind.SPEC,
    )
    assert first.product_ids == ("KT-1",)
    assert pieces(first) == [("row", "Weight: 0.98"), ("row", "Lid: glass")]
    assert pieces(second) == [("row", "Weight: 1"), ("row", "Lid: steel")]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (3, "3"),
        (2.50, "2.5"),
        (0.1 + 0.2, "0.3"),
        (True, "yes"),
        (date(2026, 5, 1), "2026-05-01"),
        (datetime(2026, 5, 1, 9, 30), "2026-05-01 09:30:00"),
        (" 12 V ", "12 V"),
        ("00123", "00123"),
    ],
)
def test_values_as_a_person_reads_them(tmp_path: Path, value: object, shown: str) -> None:
    (document,) = documents(tmp_path, a_workbook(tmp_path, [["sku", "Value x"], ["A", value]]))
    assert document.text == f"Value x: {shown}"


@pytest.mark.parametrize(
    ("value", "number_format", "shown"),
    [(0.455, "0.0%", "45.5%"), (123, "00000", "00123"), (123, "0", "123"), (1.5, "0", "1.5")],
)
def test_formats_that_are_honoured(
    tmp_path: Path, value: float, number_format: str, shown: str
) -> None:
    def formatted(sheet: Worksheet) -> None:
        sheet["B2"].number_format = number_format

    data = a_workbook(tmp_path, [["sku", "Value x"], ["A", value]], then=formatted)
    assert documents(tmp_path, data)[0].text == f"Value x: {shown}"


def test_an_id_keeps_its_leading_zeros(tmp_path: Path) -> None:
    def formatted(sheet: Worksheet) -> None:
        sheet["A2"].number_format = "00000"

    data = a_workbook(tmp_path, [["sku", "Lid"], [123, "glass"]], then=formatted)
    assert documents(tmp_path, data)[0].product_ids == ("00123",)


def test_blank_rows_and_what_is_hidden_are_not_read(tmp_path: Path) -> None:
    def hide(sheet: Worksheet) -> None:
        sheet.column_dimensions["C"].hidden = True
        sheet.row_dimensions[5].hidden = True

    rows: Rows = [
        [],
        ["sku", "Lid", "Cost"],
        [],
        ["A", "glass", "SECRET"],
        ["B", "SECRET", "SECRET"],
    ]
    (document,) = documents(tmp_path, a_workbook(tmp_path, rows, then=hide))
    assert document.text == "Lid: glass"


def test_a_hidden_sheet_is_not_read(tmp_path: Path) -> None:
    def hide(sheet: Worksheet) -> None:
        if sheet.title == "Sheet 2":
            sheet.sheet_state = "hidden"

    data = a_workbook(tmp_path, KETTLES, [["sku", "Cost"], ["KT-1", "SECRET"]], then=hide)
    assert len(documents(tmp_path, data)) == 2


def test_a_merged_cell_counts_for_each_of_its_rows(tmp_path: Path) -> None:
    rows: Rows = [
        ["sku", "Range", "Lid"],
        ["A", "Brook", "glass"],
        ["B", None, "steel"],
    ]
    data = a_workbook(tmp_path, rows, then=lambda sheet: sheet.merge_cells("B2:B3"))
    assert [d.text.split("\n")[0] for d in documents(tmp_path, data)] == ["Range: Brook"] * 2


def test_sheets_do_not_collide(tmp_path: Path) -> None:
    data = a_workbook(tmp_path, KETTLES, [["sku", "Warranty"], ["KT-1", "3 years"]])
    found = {document.id: document for document in documents(tmp_path, data)}
    assert set(found) == {
        "specs/kettles.xlsx#Sheet 1-KT-1",
        "specs/kettles.xlsx#Sheet 1-KT-2",
        "specs/kettles.xlsx#Sheet 2-KT-1",
    }
    assert found["specs/kettles.xlsx#Sheet 2-KT-1"].product_ids == ("KT-1",)


def test_a_list_of_attributes_is_one_document(tmp_path: Path) -> None:
    rows: Rows = [["Feature", "Value"], ["Weight", "1 kg"], ["Lid", "glass"]]
    (document,) = documents(tmp_path, a_workbook(tmp_path, rows), "products/KT-1/sheet.xlsx")
    assert pieces(document) == [("row", "Weight: 1 kg"), ("row", "Lid: glass")]
    assert document.product_ids == ("KT-1",)


def test_a_formula_without_a_value_is_empty(tmp_path: Path) -> None:
    rows: Rows = [["sku", "Lid", "Price"], ["A", "glass", "=1+1"]]
    (document,) = documents(tmp_path, a_workbook(tmp_path, rows))
    assert document.text == "Lid: glass"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"not a zip", "cannot be read as an .xlsx workbook"),
        (bytes.fromhex("d0cf11e0a1b11ae1") + b"old", "is encrypted or of the format before"),
    ],
)
def test_what_is_no_workbook_says_so(tmp_path: Path, data: bytes, said: str) -> None:
    assert said in str(refusal(tmp_path, "a.xlsx", data))


def test_a_zip_of_something_else_says_so(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as packed:
        packed.writestr("a.txt", "x")
    data = (tmp_path / "x.zip").read_bytes()
    assert "cannot be read as an .xlsx workbook" in str(refusal(tmp_path, "a.xlsx", data))


def test_an_empty_workbook_says_so(tmp_path: Path) -> None:
    assert "holds no rows" in str(refusal(tmp_path, "a.xlsx", a_workbook(tmp_path, [])))
