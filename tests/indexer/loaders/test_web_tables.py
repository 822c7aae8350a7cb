from pathlib import Path

import pytest

from tests.indexer.reading import Piece, pieces, read


def _blocks(folder: Path, page: str) -> list[Piece]:
    return pieces(read(folder, "a.html", page))


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        # a head cell and a value a row
        ("<tr><th>Weight</th><td>1 kg</td></tr><tr><th>Colour:</th><td>red</td></tr>",
         ["Weight: 1 kg", "Colour: red"]),
        # no header at all
        ("<tr><td>Weight</td><td>1 kg</td></tr><tr><td>Colour</td><td>red</td></tr>",
         ["Weight: 1 kg", "Colour: red"]),
        # a header that says nothing
        ("<tr><th>Feature</th><th>Value</th></tr><tr><td>Weight</td><td>1 kg</td></tr>",
         ["Weight: 1 kg"]),
        ("<thead><tr><td>Merkmal</td><td>Wert</td></tr></thead><tr><td>A</td><td>1 kg</td></tr>",
         ["A: 1 kg"]),
        ("<tr><th></th><th></th></tr><tr><td>Weight</td><td>1 kg</td></tr>", ["Weight: 1 kg"]),
        # two pairs side by side
        ("<tr><th>Weight</th><td>1 kg</td><th>Colour</th><td>red</td></tr>",
         ["Weight: 1 kg", "Colour: red"]),
        ("<tr><td>Weight</td><td></td></tr><tr><td></td><td>red</td></tr>", ["Weight", "red"]),
    ],
)  # fmt: skip
def test_a_list_of_attributes(tmp_path: Path, table: str, expected: list[str]) -> None:
    found = _blocks(tmp_path, f"<table>{table}</table>")
    assert found == [("row", text) for text in expected]


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ("<tr><th>Country</th><th>Delivery time</th></tr><tr><td>UK</td><td>2 days</td></tr>",
         [("header", "Country | Delivery time"), ("row", "UK | 2 days")]),
        ("<tr><td><b>Country</b></td><td><b>Days</b></td></tr><tr><td>UK</td><td>2</td></tr>",
         [("header", "Country | Days"), ("row", "UK | 2")]),
        ("<tr><th></th><th>Rill 1.2</th></tr><tr><th>Weight</th><td>1 kg</td></tr>",
         [("header", "| Rill 1.2"), ("row", "Weight | 1 kg")]),
        ("<thead><tr><th>cm</th><td>38</td><td>41</td></tr></thead>"
         "<tr><th>in</th><td>15</td><td>16</td></tr>",
         [("header", "cm | 38 | 41"), ("row", "in | 15 | 16")]),
        ("<tr><td>How do I pay?</td><td>By card</td></tr>", [("row", "How do I pay? | By card")]),
        ("<tr><td>38</td><td>24</td></tr><tr><td>39</td><td>25</td></tr>",
         [("row", "38 | 24"), ("row", "39 | 25")]),
        ("<tr><td>a</td><td>b</td><td>c</td></tr>", [("row", "a | b | c")]),
        ("<tr><td>one cell</td></tr>", [("row", "one cell")]),
    ],
)  # fmt: skip
def test_a_table_of_something_else(tmp_path: Path, table: str, expected: list[Piece]) -> None:
    assert _blocks(tmp_path, f"<table>{table}</table>") == expected


def test_a_title_within_a_list_of_attributes_heads_the_rows_below(tmp_path: Path) -> None:
    table = "<tr><th colspan=2>Battery</th></tr><tr><td>Life</td><td>8 h</td></tr>"
    assert _blocks(tmp_path, f"<table>{table}</table>") == [
        ("header", "Battery"),
        ("row", "Life: 8 h"),
    ]


def test_a_cell_for_several_rows_is_in_each(tmp_path: Path) -> None:
    table = (
        "<tr><th>Zone</th><th>Days</th><th>Price</th></tr>"
        "<tr><td rowspan=2>EU</td><td>3</td><td rowspan=3>5 €</td></tr>"
        "<tr><td>1</td></tr><tr><td>UK</td><td>2</td></tr>"
        "<tr><td>US</td><td>9</td><td>8 €</td></tr>"
    )
    assert [text for _, text in _blocks(tmp_path, f"<table>{table}</table>")] == [
        "Zone | Days | Price",
        "EU | 3 | 5 €",
        "EU | 1 | 5 €",
        "UK | 2 | 5 €",
        "US | 9 | 8 €",
    ]


@pytest.mark.parametrize("span", ["0", "-1", "x", "", "99999999999", "²"])
def test_a_span_that_is_none(tmp_path: Path, span: str) -> None:
    table = f'<tr><td rowspan="{span}">a</td><td>b</td><td>c</td></tr><tr><td>d</td></tr>'
    assert read(tmp_path, "a.html", f"<table>{table}</table>").text == "a | b | c\nd"


@pytest.mark.parametrize(
    "outer",
    [
        "<table><tr><td>Left</td><td>{}</td></tr></table>",
        "<table role=presentation><tr><td>Left</td><td>{}</td></tr></table>",
        "<table><tr><td><h2>Left</h2></td><td>{}</td></tr></table>",
    ],
)
def test_a_table_for_layout_is_no_table(tmp_path: Path, outer: str) -> None:
    inner = "<table><tr><td>Weight</td><td>1 kg</td></tr></table>"
    assert [text for _, text in _blocks(tmp_path, outer.format(inner))] == ["Left", "Weight: 1 kg"]


def test_terms_and_their_texts(tmp_path: Path) -> None:
    terms = (
        "<dt>Weight</dt><dt>Mass</dt><dd>1 kg</dd><dd>35 oz</dd>"
        "<div><dt>How loud?</dt><dd>Quiet.</dd></div><dt>Last</dt>"
    )
    assert _blocks(tmp_path, f"<dl>{terms}</dl>") == [
        ("row", "Weight / Mass: 1 kg"),
        ("row", "Weight / Mass: 35 oz"),
        ("row", "How loud? Quiet."),
        ("paragraph", "Last"),
    ]


def test_terms_within_terms_come_once(tmp_path: Path) -> None:
    page = "<dl><dt>Box</dt><dd><dl><dt>Weight</dt><dd>1 kg</dd></dl></dd></dl>"
    assert _blocks(tmp_path, page) == [("paragraph", "Box"), ("row", "Weight: 1 kg")]
