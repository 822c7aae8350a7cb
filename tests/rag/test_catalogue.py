"""What a shop has: as though the documents of the others in its index were not there."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.catalogue import Catalogue
from rag.errors import ScopeError
from rag.passages import PassageStore
from rag.types import Document, Kind, Scope
from tests.rag.generations import a_document, write_passages

SHOPS = ["a", "b"]
IDS = ["KT12", "KT17", "TN2"]
TITLES = ["Brook Kettle 1.2 L – Red", "Brook Kettle 1.2 L – Sage", "Moor Kettle", "Tent"]


def opened(folder: Path, documents: Sequence[Document]) -> PassageStore:
    path = folder / f"{len(list(folder.iterdir()))}.sqlite"
    write_passages(path, documents)
    return PassageStore(path)


def _some(values: list[str]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(values), unique=True, max_size=2).map(tuple)


@st.composite
def indexes(draw: st.DrawFn) -> list[Document]:
    return [
        a_document(
            f"{at}.md",
            kind=draw(st.sampled_from([Kind.SPEC, Kind.FAQ])),
            title=draw(st.sampled_from(TITLES)),
            product_ids=draw(_some(IDS)),
            variant_ids=draw(_some(["RED", "SAGE"])),
            metadata=draw(st.sampled_from([{}, *({"shop": shop} for shop in SHOPS)])),
        )
        for at in range(draw(st.integers(1, 8)))
    ]


def has(catalogue: Catalogue) -> tuple[object, ...]:
    return (
        catalogue.products,
        catalogue.variants,
        catalogue.names,
        catalogue.owners(),
        (catalogue.documents, catalogue.passages),
    )


@given(documents=indexes(), shop=st.sampled_from([*SHOPS, "unheard of"]))
def test_a_shop_has_what_it_would_have_alone(
    tmp_path_factory: pytest.TempPathFactory, documents: list[Document], shop: str
) -> None:
    folder = tmp_path_factory.mktemp("catalogue")
    own = [one for one in documents if one.metadata.get("shop", shop) == shop]
    with closing(opened(folder, documents)) as shared, closing(opened(folder, own)) as alone:
        catalogue = shared.catalogue(shop)
        assert has(catalogue) == has(alone.catalogue())
        assert [bool(seen) for seen in catalogue.rows] == [one in own for one in documents]
        assert shared.catalogue().documents == len(documents)


MISSPELT = ["KT1", "kt17", "KT21", "TN22", "zebra"]


@given(
    documents=indexes(),
    scope=st.builds(Scope, st.sampled_from(MISSPELT), shop=st.sampled_from(SHOPS)),
)
def test_what_an_error_says_is_the_shop_s_own(
    tmp_path_factory: pytest.TempPathFactory, documents: list[Document], scope: Scope
) -> None:
    folder = tmp_path_factory.mktemp("catalogue")
    own = [one for one in documents if one.metadata.get("shop", scope.shop) == scope.shop]
    said = []
    for store in (opened(folder, documents), opened(folder, own)):
        with closing(store), pytest.raises(ScopeError) as refused:
            store.rows(scope)
        said.append(str(refused.value))
    assert said[0] == said[1]


@pytest.fixture
def shared(tmp_path: Path) -> Iterator[PassageStore]:
    """Both shops sell KT12, each by another name; B alone has KT17."""

    def spec(id: str, product: str, title: str, shop: str, *variants: str) -> Document:
        return a_document(
            id,
            kind=Kind.SPEC,
            title=title,
            product_ids=(product,),
            variant_ids=variants,
            metadata={"shop": shop},
        )

    documents = [
        spec("a.md", "KT12", "Brook Kettle 1.2 L", "a", "KT12-RED"),
        spec("b.md", "KT12", "Boiler", "b", "KT12-SAGE"),
        spec("c.md", "KT17", "Boiler XL", "b", "KT17-RED"),
        a_document("all.md"),
    ]
    with closing(opened(tmp_path, documents)) as store:
        yield store


def test_each_shop_calls_a_product_by_its_own_name(shared: PassageStore) -> None:
    assert shared.catalogue("a").names == {"KT12": "Brook Kettle 1.2 L"}
    assert shared.catalogue("b").names == {"KT12": "Boiler", "KT17": "Boiler XL"}
    assert shared.catalogue("c").names == {}
    assert shared.catalogue("a").name("KT17") == "KT17"


@pytest.mark.parametrize(
    "scope",
    [
        Scope("KT17"),
        Scope("KT18"),
        Scope(variant_id="KT17-RED"),
        Scope(variant_id="KT12-SAGE"),
        Scope("KT12", "KT12-SAGE"),
    ],
)
def test_another_shop_s_products_are_unknown(shared: PassageStore, scope: Scope) -> None:
    product, variant = scope.product_id, scope.variant_id
    with pytest.raises(ScopeError) as refused:
        shared.rows(Scope(product, variant, shop="a"))
    hint = str(refused.value).split(". ", 1)[1]
    assert "KT12" in hint
    assert not any(foreign in hint for foreign in ("KT17", "SAGE"))


def test_a_shop_s_catalogue_is_read_once(shared: PassageStore, tmp_path: Path) -> None:
    assert shared.catalogue("a") is shared.catalogue("a") is not shared.catalogue()
    assert shared.catalogue("x") is shared.catalogue("y"), "whoever no document names has the same"
    with closing(opened(tmp_path, [a_document()])) as alone:
        assert alone.catalogue("a") is alone.catalogue("b") is alone.catalogue()
