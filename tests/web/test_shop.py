"""Products as the demo shows them, whatever shop is indexed."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from api.web.shop import product, product_ids, siblings
from indexer.build import build
from rag.config import Settings
from rag.errors import ScopeError
from rag.index import Index
from rag.passages import PassageStore
from tests.doubles import HashingEmbedder, Silent


def indexed(files: Mapping[str, str], folder: Path) -> PassageStore:
    for name, text in files.items():
        path = folder / "corpus" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    build([folder / "corpus"], Settings(index=folder / "index"), HashingEmbedder(), Silent())
    return Index.open(folder / "index").passages


def test_a_product_of_several_documents(small_index: Path) -> None:
    store = Index.open(small_index).passages
    kettle = product(store, "KT12")
    assert (kettle.name, kettle.price) == ("Brook Kettle 1.2 L", "45.00 GBP")
    assert kettle.description == "A small kettle for one or two people."
    assert kettle.specs["Power"] == "1800 W"
    assert kettle.specs["Colour"] == "Red · Sage"  # where variants differ, all of them
    assert kettle.picture == "kettle"
    assert "Price" not in kettle.specs and "Link" not in kettle.specs
    assert siblings(store.catalogue(), "KT12") == ["KT17"]
    assert product_ids(store.catalogue()) == ["KT12", "KT17"]


def test_a_product_of_which_only_a_manual_is_known(tmp_path: Path) -> None:
    store = indexed({"products/X1/manual.md": "# How to use it\n\nSwitch it on.\n"}, tmp_path)
    shown = product(store, "X1")
    assert product_ids(store.catalogue()) == ["X1"]
    assert (shown.price, shown.specs, shown.picture) == ("", {}, "parcel")
    assert siblings(store.catalogue(), "X1") == []


def test_a_shop_in_another_language(tmp_path: Path) -> None:
    feed = (
        "id,name,Preis,Marke,Kategorie,Gewicht\nT1,Leselampe Nord,29 EUR,Nord,Licht > Lampen,1 kg\n"
    )
    shown = product(indexed({"specs/lampen.csv": feed}, tmp_path), "T1")
    assert (shown.price, shown.brand, shown.trail) == ("29 EUR", "Nord", ("Licht", "Lampen"))
    assert shown.specs == {"Gewicht": "1 kg"}


def test_an_unknown_product_is_said_to_be_unknown(small_index: Path) -> None:
    with pytest.raises(ScopeError, match="KT99"):
        product(Index.open(small_index).passages, "KT99")
