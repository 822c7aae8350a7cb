"""The products of an index as a shop shows them: for the demo, whatever shop is indexed."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from rag.catalogue import Catalogue
from rag.passages import PassageStore
from rag.types import BlockKind, Document, Kind, Scope

PICTURES = Path(__file__).parent / "assets" / "pictures.svg"

_PRICE = {"price", "preis", "价格"}
_TYPE = {"product type", "category", "kategorie", "商品类别"}
_BRAND = {"brand", "marke", "品牌"}
_NOT_SHOWN = {"gtin", "ean", "mpn", "sku", "link", "availability", "condition"}
_MAX_SPECS = 16
_SIBLINGS = 3
_NAMED: list[str] = re.findall(r'<symbol id="(\w+)"', PICTURES.read_text(encoding="utf-8"))


@dataclass(frozen=True, slots=True)
class Product:
    """What a page says of a product: the first of what its documents say, in their order."""

    id: str
    name: str
    brand: str
    price: str
    trail: tuple[str, ...]
    """Categories, the widest first."""
    description: str
    highlights: tuple[str, ...]
    specs: Mapping[str, str]
    """Attributes by name; where variants differ, all their values."""
    picture: str
    """Id of a drawing in `pictures.svg`."""
    hue: int
    """Degrees on the colour wheel, the same for the same product."""


def product(store: PassageStore, id: str, shop: str | None = None) -> Product:
    """A product, as a shop's documents have it.

    Raises:
        ScopeError: no document belongs to it.
    """
    name = store.catalogue(shop).name(id)
    values: dict[str, list[str]] = {}
    description, highlights = "", list[str]()
    for document in _own(store, Scope(id, kinds=frozenset({Kind.SPEC}), shop=shop)):
        for kind, start, end, _ in document.blocks:
            text = document.text[start:end]
            attribute, colon, value = text.partition(": ")
            if kind is BlockKind.ROW and colon:
                known = values.setdefault(attribute, [])
                known += [value] if value not in known else []
            elif kind is BlockKind.ITEM and text not in highlights:
                highlights.append(text)
            elif kind is BlockKind.PARAGRAPH and not description:
                description = text
    category = _first(values, _TYPE)
    return Product(
        id=id,
        name=name,
        brand=_first(values, _BRAND),
        price=_first(values, _PRICE),
        trail=tuple(part.strip() for part in category.split(">") if part.strip()),
        description=description,
        highlights=tuple(highlights[:6]),
        specs=_specs(values),
        picture=_picture(name, category),
        hue=sum(id.encode()) * 47 % 360,
    )


def product_ids(catalogue: Catalogue) -> list[str]:
    """Every product's id, by name; one without a name goes by its id."""
    return sorted(catalogue.products, key=lambda id: (catalogue.name(id).casefold(), id))


def siblings(catalogue: Catalogue, id: str) -> list[str]:
    """Ids of the products whose names are most like this one's."""
    names = catalogue.names
    own = _words(catalogue.name(id))

    def unlike(other: str) -> tuple[float, str]:
        words = _words(names[other])
        return -len(own & words) / len(own | words), other

    return [
        other
        for other in sorted(names.keys() - {id}, key=unlike)[:_SIBLINGS]
        if unlike(other)[0] < 0
    ]


def _own(store: PassageStore, scope: Scope) -> list[Document]:
    """The product's, without the shop-wide ones."""
    rows = store.rows(scope)
    ids = dict.fromkeys(chunk.document_id for chunk in store.chunks(rows.tolist()))
    found = (store.document(document_id) for document_id in ids)
    return [document for document in found if scope.product_id in document.product_ids]


def _first(values: Mapping[str, list[str]], names: Iterable[str]) -> str:
    return next((said[0] for name, said in values.items() if name.casefold() in names), "")


def _specs(values: Mapping[str, list[str]]) -> dict[str, str]:
    """Without what is shown elsewhere, and without a second name for the same values."""
    shown: dict[str, str] = {}
    for name, said in values.items():
        value = " · ".join(one for one in said if not _said_elsewhere(one, said))
        elsewhere = _PRICE | _TYPE | _BRAND | _NOT_SHOWN
        if name.casefold() not in elsewhere and value not in shown.values():
            shown[name] = value
    return dict(list(shown.items())[:_MAX_SPECS])


def _said_elsewhere(value: str, values: list[str]) -> bool:
    return any(value != other and value in other for other in values)


def _picture(name: str, category: str) -> str:
    """The drawing named by the last word that names one; a parcel where none does."""
    for word in reversed(f"{category} {name}".casefold().split()):
        named = [picture for picture in _NAMED if picture in word]
        if named:
            return max(named, key=len)
    return "parcel"


def _words(name: str) -> set[str]:
    return set(name.casefold().split())
