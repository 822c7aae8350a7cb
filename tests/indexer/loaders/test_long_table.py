from pathlib import Path

import pytest

from rag.errors import DocumentError
from rag.types import Document
from tests.indexer.reading import pieces, read, read_all

LONG = """product_id,attribute,value,unit,brand,order
KT12,title,Rill kettle,,Brisa,1
KT12,Weight,1.2,kg,Brisa,2
KT17,Weight,2,kg,Tarn,1
KT12,Colour,red,,Brisa,3
KT12,Colour,sage,,Brisa,4
"""


def test_a_product_is_one_document(tmp_path: Path) -> None:
    kettle, jug = read_all(tmp_path, "specs.csv", LONG)
    assert isinstance(kettle, Document) and isinstance(jug, Document)
    assert pieces(kettle) == [
        ("row", "Brand: Brisa"),
        ("row", "Weight: 1.2 kg"),
        ("row", "Colour: red"),
        ("row", "Colour: sage"),
    ]
    assert (kettle.id, kettle.title) == ("specs.csv#KT12", "Rill kettle")
    assert (kettle.product_ids, jug.product_ids) == (("KT12",), ("KT17",))
    assert (jug.id, jug.text) == ("specs.csv#KT17", "Brand: Tarn\nOrder: 1\nWeight: 2 kg")


@pytest.mark.parametrize(
    "header",
    [
        "sku;Attribute Name;Attribute Value",
        "id;property;value",
        "Product;Merkmal;Wert",
        "item_group_id;specification;value",
        "id;name;value",
    ],
)
def test_columns_have_many_names(tmp_path: Path, header: str) -> None:
    document = read(tmp_path, "a.csv", f"{header}\nKT12;Weight;1 kg\nKT12;Colour;red\n")
    assert (document.text, document.product_ids) == ("Weight: 1 kg\nColour: red", ("KT12",))


@pytest.mark.parametrize(
    ("data", "texts"),
    [
        ("id,name,value\n1,Voucher,10\n2,Card,20\n", ["Value: 10", "Value: 20"]),
        ("id,name,value,text\n1,How?,x,So.\n1,Why?,y,Thus.\n", ["So.", "Thus."]),
        ("id,attribute\nKT12,light\n", ["Attribute: light"]),
    ],
)
def test_other_tables_stay_a_document_a_row(tmp_path: Path, data: str, texts: list[str]) -> None:
    assert [d.text for d in read_all(tmp_path, "a.csv", data) if isinstance(d, Document)] == texts


def test_languages_and_variants_stay_apart(tmp_path: Path) -> None:
    data = (
        "product_id,variant_id,locale,attribute,value\n"
        "KT12,R,en,Colour,red\nKT12,R,de,Farbe,rot\nKT12,S,en,Colour,sage\n"
        "KT12,R,en,Weight,1 kg\n"
    )
    found = [d for d in read_all(tmp_path, "a.csv", data) if isinstance(d, Document)]
    assert [(d.id, d.variant_ids, d.locale, d.text) for d in found] == [
        ("a.csv#KT12-R-en", ("R",), "en", "Colour: red\nWeight: 1 kg"),
        ("a.csv#KT12-R-de", ("R",), "de", "Farbe: rot"),
        ("a.csv#KT12-S-en", ("S",), "en", "Colour: sage"),
    ]


def test_shops_stay_apart(tmp_path: Path) -> None:
    data = "sku,shop,attribute,value\nKT12,a,Price,1 GBP\nKT12,b,Price,2 GBP\nKT17,a,Price,3 GBP\n"
    found = [d for d in read_all(tmp_path, "a.csv", data) if isinstance(d, Document)]
    assert [(d.id, d.metadata["shop"], d.text) for d in found] == [
        ("a.csv#KT12-a", "a", "Price: 1 GBP"),
        ("a.csv#KT12-b", "b", "Price: 2 GBP"),
        ("a.csv#KT17", "a", "Price: 3 GBP"),
    ]


def test_what_is_wrong_with_a_row_is_said(tmp_path: Path) -> None:
    data = "id,attribute,value\n\u200b,Weight,1\nKT12,Weight,1,x\nKT17,Weight,\nKT19,Colour,red\n"
    found = read_all(tmp_path, "a.csv", data)
    errors = [str(one) for one in found if isinstance(one, DocumentError)]
    assert len(found) == 4 and len(errors) == 3
    assert "row 1 does not say whose it is; fill in id" in errors[0]
    assert "row 2 has more cells" in errors[1]
    assert "product KT17 has no text" in errors[2]
