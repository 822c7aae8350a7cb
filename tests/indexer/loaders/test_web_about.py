import json
from pathlib import Path

import pytest

from tests.indexer.reading import read

PRODUCT = {"@type": "Product", "sku": "KT12"}


def _page(data: str) -> str:
    return (
        '<html lang="de-AT"><head><link rel="alternate canonical" href="https://shop.example/k">'
        '<meta property="article:modified_time" content="2026-02-17"><meta property="og:title">'
        f'<script type="application/ld+json">{data}</script></head><body><p>x</p></body></html>'
    )


def test_what_the_head_says(tmp_path: Path) -> None:
    document = read(tmp_path, "a.html", _page("{}"))
    assert (document.locale, document.url) == ("de", "https://shop.example/k")
    assert document.metadata == {"modified": "2026-02-17"}
    assert document.product_ids == ()


@pytest.mark.parametrize(
    ("data", "products", "variants"),
    [
        (PRODUCT, ("KT12",), ()),
        ([PRODUCT], ("KT12",), ()),
        ({"@graph": [{"@type": "WebPage"}, PRODUCT]}, ("KT12",), ()),
        ({"@type": ["Product", "Thing"], "productID": 12}, ("12",), ()),
        ({**PRODUCT, "inProductGroupWithID": "KT"}, ("KT",), ("KT12",)),
        ({"@type": "ProductGroup", "productGroupID": "KT"}, ("KT",), ()),
        ([PRODUCT, {"@type": "Product", "sku": "KT17"}], (), ()),
        ({"@type": "Product", "sku": " "}, (), ()),
        ({"@type": "Product", "sku": ["KT12"]}, (), ()),
        ({"@type": "ItemList", "itemListElement": [PRODUCT]}, (), ()),
        ({"@type": None}, (), ()),
        (["x", None, 1], (), ()),
    ],
)
def test_the_product_a_page_is_about(
    tmp_path: Path, data: object, products: tuple[str, ...], variants: tuple[str, ...]
) -> None:
    document = read(tmp_path, "a.html", _page(json.dumps(data)))
    assert (document.product_ids, document.variant_ids) == (products, variants)


@pytest.mark.parametrize("data", ["", "{", "nonsense", "[" * 200_000])
def test_broken_data_does_not_spoil_the_page(tmp_path: Path, data: str) -> None:
    assert read(tmp_path, "a.html", _page(data)).text == "x"
