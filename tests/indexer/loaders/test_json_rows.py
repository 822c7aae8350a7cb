import itertools
import json
import re
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.loaders import json_rows
from rag.errors import DocumentError, EmptyDocumentError
from rag.types import Document, Kind
from tests.indexer.reading import pieces, read, read_all, refusal

PRODUCT = {
    "id": "KT12-RED",
    "item_group_id": "KT12",
    "title": "Kettle, red",
    "description": "A small kettle.",
    "link": "https://shop.example/kt12",
    "image_link": "https://img.example/x.jpg",
    "product_type": "Kitchen > Kettles",
    "in_stock": True,
    "sizes": ["S", "M"],
    "product_highlight": ["Boils fast", "Pours well"],
    "product_detail": [
        {"section_name": "x", "attribute_name": "Weight", "attribute_value": "1 kg"}
    ],
    "gtin": "123",
    "shipping": {"country": "UK", "price": None},
}


def _lines(*rows: object) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def test_a_product_of_a_feed(tmp_path: Path) -> None:
    document = read(tmp_path, "feed/products.jsonl", _lines(PRODUCT))
    assert pieces(document) == [
        ("paragraph", "A small kettle."),
        ("row", "Product type: Kitchen > Kettles"),
        ("row", "In stock: yes"),
        ("row", "Sizes: S, M"),
        ("item", "Boils fast"),
        ("item", "Pours well"),
        ("row", "Weight: 1 kg"),
        ("row", "GTIN: 123"),
        ("row", "Shipping country: UK"),
    ]
    assert document.text.startswith("A small kettle.\n\nProduct type: Kitchen > Kettles\nIn stock")
    assert (document.id, document.kind) == ("feed/products.jsonl#KT12-RED", Kind.SPEC)
    assert (document.product_ids, document.variant_ids) == (("KT12",), ("KT12-RED",))
    assert document.url == "https://shop.example/kt12"


def test_a_row_with_a_text_is_a_document(tmp_path: Path) -> None:
    row = {"id": "r1", "product_id": "KT12", "title": "Loud", "text": "Too loud.\n\nStill: red.",
           "kind": "review", "rating": 2}  # fmt: skip
    document = read(tmp_path, "r.jsonl", _lines(row))
    assert document.id == "r1"
    assert pieces(document) == [("paragraph", "Too loud."), ("paragraph", "Still: red.")]
    assert (document.kind, document.product_ids) == (Kind.REVIEW, ("KT12",))
    assert document.metadata == {"rating": 2}


@pytest.mark.parametrize("name", ["r.jsonl", "r.json"])
@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "null"])
def test_what_is_no_number_counts_as_not_given(tmp_path: Path, name: str, number: str) -> None:
    opinion = f'{{"id": "r1", "text": "Too loud.", "rating": {number}, "price": 1.5}}'
    product = f'{{"id": "K", "weight": {number}, "sizes": [{number}, 2.5], "price": 45.0}}'
    first, second = read_all(tmp_path, name, f"{opinion}\n{product}\n")
    assert isinstance(first, Document) and isinstance(second, Document)
    assert first.metadata["price"] == 1.5
    assert first.metadata.get("rating") is None
    assert second.text == "Sizes: 2.5\nPrice: 45.0"


def test_many_texts_of_one_product_stay_apart(tmp_path: Path) -> None:
    rows = [{"product_id": "KT12", "text": text} for text in ("Loud.", "Quick.")]
    found = [d for d in read_all(tmp_path, "r.jsonl", _lines(*rows)) if isinstance(d, Document)]
    assert [d.id for d in found] == ["r.jsonl#line-1", "r.jsonl#line-2"]
    assert {d.product_ids for d in found} == {("KT12",)}


@pytest.mark.parametrize("row", [{"text": "Words."}, {"title": "Kettle", "weight": "1 kg"}])
@pytest.mark.parametrize("unseen", ["\u200b", " \u2060 ", "\U000e0041"])
def test_an_id_that_nobody_sees_is_none(
    tmp_path: Path, row: dict[str, object], unseen: str
) -> None:
    document = read(tmp_path, "a.jsonl", _lines({"id": unseen, **row}))
    assert (document.id, document.product_ids) == ("a.jsonl#line-1", ())


def test_a_broken_line_leaves_the_others(tmp_path: Path) -> None:
    text = '{"id": 1, "text": "one"}\n{"id": 2, "te\n\n{"id": 3, "text": "three"}\n'
    found = read_all(tmp_path, "a.jsonl", text)
    assert [getattr(one, "id", None) for one in found] == ["1", None, "3"]
    assert "line 2 is not JSON" in str(found[1])


def test_questions_with_their_answers_are_documents(tmp_path: Path) -> None:
    rows = [
        {"id": "q1", "question": "How heavy?", "answer": "<p>1 kg.</p>", "product_id": "KT12"},
        {"question": "How tall?", "answers": ["9 cm"], "answerable": True},
    ]
    first, second = read_all(tmp_path, "help.jsonl", _lines(*rows))
    assert isinstance(first, Document)
    assert pieces(first) == [("heading1", "How heavy?"), ("paragraph", "1 kg.")]
    assert (first.id, first.kind, first.product_ids) == ("q1", Kind.FAQ, ("KT12",))
    assert "line 2 is a question, not a document" in str(second)


@pytest.mark.parametrize(
    ("name", "row", "kind"),
    [
        ("a.jsonl", {"text": "Words."}, Kind.PAGE),
        ("a.json", {"id": "KT12", "price": "30"}, Kind.SPEC),
        ("reviews/a.jsonl", {"text": "Words."}, Kind.REVIEW),
    ],
)
def test_what_a_row_holds_tells_its_kind(
    tmp_path: Path, name: str, row: object, kind: Kind
) -> None:
    assert read(tmp_path, name, json.dumps(row)).kind is kind


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"question": "How heavy?", "answers": ["1 kg"]}, "a set of questions, not of documents"),
        ([1, 2], "is no JSON object but list"),
        ("text", "is no JSON object but str"),
        (None, "is no JSON object but NoneType"),
        ({}, "line 1 has no text"),
        ({"id": "x", "text": " "}, "line 1 has no text"),
        ({"text": "x", "kind": "novel"}, "has kind 'novel'"),
        ({"text": "x", "effective_from": "soon"}, "has effective_from: 'soon'"),
    ],
)
def test_a_row_that_is_no_document_says_why(tmp_path: Path, row: object, message: str) -> None:
    assert message in str(refusal(tmp_path, "a.jsonl", _lines(row)))


@pytest.mark.parametrize("name", ["a.json", "A.JSON"])
def test_an_array_and_a_single_object(tmp_path: Path, name: str) -> None:
    rows = [{"id": 1, "text": "one"}, {"id": 2, "text": "two"}]
    found = read_all(tmp_path, name, json.dumps(rows, indent=1))
    assert [getattr(one, "text", None) for one in found] == ["one", "two"]
    assert read(tmp_path, name, json.dumps(rows[0])).text == "one"


@pytest.mark.parametrize("text", ["[]", " [] "])
def test_an_array_without_rows_is_reported(tmp_path: Path, text: str) -> None:
    assert isinstance(refusal(tmp_path, "a.json", text), EmptyDocumentError)


@pytest.mark.parametrize("depth", [100, 300, 900, 990, 5_000, 200_000])
@pytest.mark.parametrize("name", ["a.json", "a.jsonl"])
def test_deep_nesting_is_read_or_refused(tmp_path: Path, name: str, depth: int) -> None:
    (found,) = read_all(tmp_path, name, '{"a":' * depth + '"x"' + "}" * depth)
    if isinstance(found, DocumentError):
        assert depth > 200 and "nested too deeply" in str(found)
    else:
        assert re.fullmatch("A( a){2,40}: x", found.text)


def test_lone_surrogates_are_dropped(tmp_path: Path) -> None:
    row = r'{"id": "a\ud800", "product_id": "P\udfff", "title": "T\ud801", "text": "x\udc00y"}'
    document = read(tmp_path, "a.jsonl", row)
    found = (document.id, document.product_ids, document.title, document.text)
    assert found == ("a", ("P",), "T", "xy")


def test_a_row_nested_too_deeply_leaves_the_others(tmp_path: Path) -> None:
    deep = '{"a":' * 900 + "1" + "}" * 900
    found = read_all(tmp_path, "a.jsonl", f'{deep}\n{{"id": "B", "text": "two"}}\n')
    assert "line 1 is nested too deeply" in str(found[0])
    assert getattr(found[1], "text", None) == "two"


@pytest.mark.parametrize("name", ["a.json", "a.jsonl"])
def test_a_number_too_long_to_be_read_is_said(tmp_path: Path, name: str) -> None:
    long = f'{{"id": "A", "weight": {"9" * 5_000}}}'
    assert "has a number of thousands of digits" in str(refusal(tmp_path, name, long))


def test_a_number_too_long_to_be_read_leaves_the_other_lines(tmp_path: Path) -> None:
    found = read_all(tmp_path, "a.jsonl", f'{"9" * 5_000}\n{{"id": "B", "text": "two"}}\n')
    assert str(found[0]).startswith("line 1 has a number of thousands of digits")
    assert getattr(found[1], "text", None) == "two"


def test_names_with_a_prefix(tmp_path: Path) -> None:
    row = {
        "g:id": "KT12-RED",
        "g:item_group_id": "KT12",
        "g:title": "Kettle",
        "g:image_link": "https://img.example/x.jpg",
        "g:price": "45.00 GBP",
        "g:product_detail": [{"g:attribute_name": "Weight", "g:attribute_value": "1 kg"}],
    }
    document = read(tmp_path, "a.jsonl", _lines(row))
    assert document.text == "Price: 45.00 GBP\nWeight: 1 kg"
    assert document.title == "Kettle"
    assert (document.product_ids, document.variant_ids) == (("KT12",), ("KT12-RED",))


@pytest.mark.parametrize(
    ("attributes", "text"),
    [
        ({"Weight": "1 kg", "in_stock": False}, "Weight: 1 kg\nIn stock: no"),
        ([{"name": "Weight", "value": "1 kg"}], "Weight: 1 kg"),
        ([{"attribute": "Weight", "value": 1.2, "unit": "kg"}], "Weight: 1.2 kg"),
        ([{"@type": "PropertyValue", "name": "Weight", "value": 1, "unitText": "kg"}],
         "Weight: 1 kg"),
        ([{"id": 1, "name": "Colour", "options": ["Red", "Deep blue"]}], "Colour: Red, Deep blue"),
        ([{"attribute_code": "colour", "value": "red"}], "Colour: red"),
        ({"weight": {"value": 1.2, "unit": "kg"}}, "Weight: 1.2 kg"),
        ({"price": {"amount": "45.00", "currency": "GBP"}}, "Price: 45.00 GBP"),
        ({"size": {"height": "5 cm", "width": None}}, "Size height: 5 cm"),
        (["Weight: 1 kg", "Colour: red"], "Weight: 1 kg\nColour: red"),
        ([["Weight", "1 kg"], ["Colour", "red"]], "Weight\n1 kg\nAttributes: Colour, red"),
        ([], ""),
    ],
)  # fmt: skip
def test_attributes_in_many_shapes(tmp_path: Path, attributes: object, text: str) -> None:
    row = {"id": "K", "description": "A kettle.", "attributes": attributes}
    assert read(tmp_path, "a.jsonl", _lines(row)).text == f"A kettle.\n\n{text}".strip()


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"package": {"weight": "2 kg"}, "product": {"weight": "1.5 kg"}},
         "Package weight: 2 kg\nProduct weight: 1.5 kg"),
        ({"in_the_box": {"size": {"Height": "5 cm"}}, "gross": {"ean": "12"}},
         "In the box size Height: 5 cm\nGross EAN: 12"),
        ({"package": [{"name": "Weight", "value": 2, "unit": "kg"}]}, "Package Weight: 2 kg"),
        ({"package": {"specs": [{"name": "Weight", "value": "2 kg"}]}}, "Package Weight: 2 kg"),
        ({"package": {"weight": {"value": 2, "unit": "kg"}}}, "Package weight: 2 kg"),
        ({"shipping": [{"country": "UK", "price": "5 GBP"}, {"country": "FR", "price": "9 EUR"}]},
         "Shipping country: UK\nShipping price: 5 GBP\n"
         "Shipping country: FR\nShipping price: 9 EUR"),
        ({"colour": {"label": "Colour", "value": "red"}}, "Colour: red"),
        ({"technicalDetails": {"Weight": "1 kg"}}, "Weight: 1 kg"),
        ({"Tech Specs": {"g:Weight": "1 kg"}}, "Weight: 1 kg"),
        ({"g:product_detail": {"weight": "1 kg"}}, "Weight: 1 kg"),
    ],
)  # fmt: skip
def test_parts_are_told_with_the_name_of_their_whole(
    tmp_path: Path, given: object, text: str
) -> None:
    assert read(tmp_path, "a.jsonl", _lines({"id": "K", "attributes": given})).text == text


@pytest.mark.parametrize(
    ("beside", "text"),
    [
        ({"condition": "without battery"}, "Weight: 1 kg (condition: without battery)"),
        ({"at": 20, "Measured By": "us", "x": ""}, "Weight: 1 kg (at: 20; measured by: us)"),
        ({"id": 7, "position": 1, "visible": True, "section_name": "Size", "@type": "X"},
         "Weight: 1 kg"),
        ({"estimated": True, "net": {"dry": "9 g"}},
         "Weight: 1 kg\nWeight estimated: yes\nWeight net dry: 9 g"),
        ({"note": "<p>When dry.</p>"}, "Weight: 1 kg\nWeight note: When dry."),
        ({"note": "It is " + "very " * 12 + "light."},
         "Weight: 1 kg\nWeight note: It is " + "very " * 12 + "light."),
    ],
)  # fmt: skip
def test_what_a_value_is_subject_to_is_told_with_it(
    tmp_path: Path, beside: dict[str, object], text: str
) -> None:
    for row in (
        {"specs": [{"name": "Weight", "value": "1 kg", **beside}]},
        {"weight": {"value": 1, "unit": "kg", **beside}},
    ):
        assert read(tmp_path, "a.jsonl", _lines({"id": "K", **row})).text == text


@pytest.mark.parametrize(
    ("description", "text"),
    [
        (["It boils.", "<p>It <b>pours</b>.</p>"], "It boils.\n\nIt pours."),
        (["It boils.", {"size": "5 cm"}], "It boils.\n\nSize: 5 cm"),
        ({"short": "It boils.", "en": None}, "Short: It boils."),
        (5, "Description: 5"),
    ],
)
def test_a_description_in_any_shape_is_kept(tmp_path: Path, description: object, text: str) -> None:
    row = {"id": "K", "description": description, "colour": "red"}
    document = read(tmp_path, "a.jsonl", _lines(row))
    assert [line for line in document.text.split("\n") if line][-1] == "Colour: red"
    assert document.text.removesuffix("Colour: red").strip() == text


def test_names_that_differ_in_case_only_are_all_kept(tmp_path: Path) -> None:
    row = {
        "id": "K",
        "Weight": "1 kg",
        "weight": "2 kg",
        "WEIGHT": "3 kg",
        "Size": {"a": 1, "A": 2},
    }
    assert read(tmp_path, "a.jsonl", _lines(row)).text == (
        "Weight: 1 kg\nWeight: 2 kg\nWEIGHT: 3 kg\nSize a: 1\nSize A: 2"
    )


KEYS = st.text("aA g:_", min_size=1, max_size=4) | st.sampled_from(
    ["name", "value", "Value", "unit", "note", "specs", "description", "summary"]
)


@given(
    st.dictionaries(
        KEYS,
        st.recursive(
            st.none() | st.just("bare"),
            lambda inner: st.dictionaries(KEYS, inner, max_size=4) | st.lists(inner, max_size=3),
            max_leaves=12,
        ),
    ),
)
def test_no_value_is_lost(tmp_path_factory: pytest.TempPathFactory, row: dict[str, object]) -> None:
    values = (f"v{number}v" for number in itertools.count())
    written = re.sub('"bare"', lambda _: json.dumps(next(values)), json.dumps({"x": "y", **row}))
    text = read(tmp_path_factory.mktemp("row"), "a.jsonl", written).text
    maybe_labels = re.findall(r'"(?:name|unit)": "(v\d+v)"', written)
    assert set(re.findall(r"v\d+v", written)) - set(maybe_labels) <= set(re.findall(r"v\d+v", text))


@pytest.mark.parametrize(
    ("given", "products", "variants"),
    [
        ({"sku": "KT12"}, ("KT12",), ()),
        ({"item_id": 12}, ("12",), ()),
        ({"item_group_id": "KT12"}, ("KT12",), ()),
        ({"item_group_id": "KT12", "sku": "KT12-RED"}, ("KT12",), ("KT12-RED",)),
        ({"item_group_id": "KT12", "variant_id": "KT12-RED"}, ("KT12",), ("KT12-RED",)),
        ({"product_id": "KT12", "sku": "KT17"}, ("KT12",), ()),
        ({"product_ids": ["KT12", "KT17"], "sku": "X"}, ("KT12", "KT17"), ()),
        ({"sku": ""}, (), ()),
    ],
)
def test_a_text_says_whose_it_is_as_a_product_does(
    tmp_path: Path,
    given: dict[str, object],
    products: tuple[str, ...],
    variants: tuple[str, ...],
) -> None:
    document = read(tmp_path, "a.jsonl", _lines({"id": "r1", "text": "Loud.", **given}))
    assert (document.id, document.product_ids) == ("r1", products)
    assert document.variant_ids == variants


def test_descriptions_in_html_are_read_as_they_are_shown(tmp_path: Path) -> None:
    row = {
        "id": "K",
        "description": "<p>Small &amp; light.<br/>Red.</p><ul><li>Boils fast</li></ul>",
        "care": "Wipe <b>dry</b>",
        "specs": "<table><tr><td>W</td><td>1 kg</td></tr><tr><td>H</td><td>2</td></tr></table>",
        "tips": ["Rinse <i>well</i> first", "a < b > c stays"],
    }
    assert pieces(read(tmp_path, "a.jsonl", _lines(row))) == [
        ("paragraph", "Small & light.\nRed."),
        ("item", "Boils fast"),
        ("row", "Care: Wipe dry"),
        ("row", "W: 1 kg"),
        ("row", "H: 2"),
        ("item", "Rinse well first"),
        ("item", "a < b > c stays"),
    ]


def test_a_text_has_lists_and_attributes(tmp_path: Path) -> None:
    row = {"id": "K", "text": "Parts:\n- lid\n- base\n\nWeight: 1 kg\nColour: red"}
    assert [kind for kind, _ in pieces(read(tmp_path, "a.jsonl", _lines(row)))] == [
        "paragraph",
        "item",
        "item",
        "row",
        "row",
    ]


ROWS = [{"id": "A", "weight": "1 kg"}, {"id": "B", "weight": "2 kg"}]


@pytest.mark.parametrize(
    "whole",
    [
        ROWS,
        {"products": ROWS},
        {"items": ROWS, "total": 2},
        {"entry": ROWS},
        {"title": "Our feed", "version": 1, "items": ROWS},
        {"rss": {"channel": {"title": "Our feed", "item": ROWS}}},
        {"lagerbestand": ROWS},
    ],
)
def test_what_is_wrapped_around_the_rows_is_taken_off(tmp_path: Path, whole: object) -> None:
    found = read_all(tmp_path, "a.json", json.dumps(whole))
    assert [getattr(one, "product_ids", None) for one in found] == [("A",), ("B",)]


@pytest.mark.parametrize(
    ("whole", "text"),
    [
        ({"id": "A", "items": [{"name": "Weight", "value": "1 kg"}]}, "Weight: 1 kg"),
        ({"title": "A", "details": [{"name": "Weight", "value": "1 kg"}]}, "Weight: 1 kg"),
        ({"A": {"weight": "1 kg"}}, "A weight: 1 kg"),
        ({"x": [{"a": "1"}], "y": [{"b": "2"}]}, "X a: 1\nY b: 2"),
        ({"colours": ["red", "sage"]}, "Colours: red, sage"),
    ],
)
def test_one_product_is_not_taken_apart(tmp_path: Path, whole: object, text: str) -> None:
    assert read(tmp_path, "a.json", json.dumps(whole)).text == text


def test_json_lines_by_another_name(tmp_path: Path) -> None:
    found = read_all(tmp_path, "a.json", _lines(*ROWS) + "{broken\n")
    assert [getattr(one, "text", None) for one in found] == ["Weight: 1 kg", "Weight: 2 kg", None]


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "utf-16-le", "cp1252"]
)
@pytest.mark.parametrize("name", ["a.json", "a.jsonl"])
def test_encodings(tmp_path: Path, name: str, encoding: str) -> None:
    data = json.dumps({"id": "A", "price": "£45\0"}, ensure_ascii=False).encode(encoding)
    assert read(tmp_path, name, data).text == "Price: £45"


def test_lines_are_not_held_in_memory(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    line = json.dumps({"id": "A", "text": "x" * 10_000}) + "\n"
    path.write_text(line * 2_000)
    tracemalloc.start()
    count = sum(1 for _ in json_rows.load(path))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 2_000
    assert peak < path.stat().st_size / 10
