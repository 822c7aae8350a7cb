import json
from pathlib import Path

import pytest

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
        ("row", "Country: UK"),
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


def test_many_texts_of_one_product_stay_apart(tmp_path: Path) -> None:
    rows = [{"product_id": "KT12", "text": text} for text in ("Loud.", "Quick.")]
    found = [d for d in read_all(tmp_path, "r.jsonl", _lines(*rows)) if isinstance(d, Document)]
    assert [d.id for d in found] == ["r.jsonl#line-1", "r.jsonl#line-2"]
    assert {d.product_ids for d in found} == {("KT12",)}


def test_a_broken_line_leaves_the_others(tmp_path: Path) -> None:
    text = '{"id": 1, "text": "one"}\n{"id": 2, "te\n\n{"id": 3, "text": "three"}\n'
    found = read_all(tmp_path, "a.jsonl", text)
    assert [getattr(one, "id", None) for one in found] == ["1", None, "3"]
    assert "line 2 is not JSON" in str(found[1])


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"question": "How heavy?", "answers": ["1 kg"]}, "is a question, not a document"),
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


@pytest.mark.parametrize("depth", [300, 900, 990, 5_000, 200_000])
@pytest.mark.parametrize("name", ["a.json", "a.jsonl"])
def test_deep_nesting_is_read_or_refused(tmp_path: Path, name: str, depth: int) -> None:
    (found,) = read_all(tmp_path, name, '{"a":' * depth + '"x"' + "}" * depth)
    assert isinstance(found, DocumentError) or found.text == "A: x"


def test_lone_surrogates_are_dropped(tmp_path: Path) -> None:
    row = r'{"id": "a\ud800", "product_id": "P\udfff", "title": "T\ud801", "text": "x\udc00y"}'
    document = read(tmp_path, "a.jsonl", row)
    found = (document.id, document.product_ids, document.title, document.text)
    assert found == ("a", ("P",), "T", "xy")
