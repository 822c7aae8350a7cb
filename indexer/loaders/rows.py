"""A row of a feed, a spec table or a document collection → a draft.

Google's product feed names are understood (https://support.google.com/merchants/answer/7052112):
`item_group_id` is the product and `id` its variant. A row with `text` is a document of its own.
"""

from collections.abc import Iterator, Mapping

from indexer.draft import Draft, Outline
from rag.errors import DocumentError
from rag.types import BlockKind

_OWN_ID = ("id", "doc_id", "_id")
_ROW_ID = (*_OWN_ID, "sku", "variant_id", "product_id", "item_id")
_TITLE = ("title", "name", "product_name")
_TEXT = ("text", "content", "body")
_PROSE = ("description", "short_description", "summary")
_BELONGS = ("product_id", "product_ids", "variant_id", "variant_ids", "item_group_id")
_ABOUT = ("kind", "locale", "lang", "language", "url", "link", "effective_from", "effective_until",
          "version")  # fmt: skip
_UNREADABLE = ("image_link", "additional_image_link", "image", "thumbnail", "mobile_link")
_PAIRS = (("attribute_name", "attribute_value"), ("name", "value"), ("key", "value"))


def draft_of(row: Mapping[str, object], place: str) -> Draft:
    """Turn one row into a draft.

    Args:
        row: names and values; nested objects and lists are written out as lines.
        place: where the row stands, such as "line 7"; its id where it has none of its own.

    Raises:
        DocumentError: it holds neither text nor attributes.
    """
    lower = {str(key).strip().casefold().replace(" ", "_"): key for key in row}
    given = {name: row[key] for name, key in lower.items()}
    # A row with a text is one of many about a product: the product's id is not its own.
    text = _first(given, _TEXT)
    own_id = _first(given, _OWN_ID if text else _ROW_ID)
    title = _first(given, _TITLE)
    outline = Outline()
    metadata = {name: value for name, value in given.items() if name in {*_BELONGS, *_ABOUT}}
    if text:
        for paragraph in text.split("\n\n"):
            outline.add(BlockKind.PARAGRAPH, paragraph)
        metadata |= _other_scalars(given, metadata)
    else:
        for kind, line in _product_lines(given, lower):
            outline.add(kind, line)
        if own_id and not metadata.get("product_id"):
            _belongs_to_itself(own_id, metadata)
    draft = outline.finish(
        title=title,
        own_id=own_id if text else None,
        row=own_id or place.replace(" ", "-"),
        metadata=metadata,
    )
    if not draft.text:
        raise DocumentError(
            f"{place} has no text: a `text` field, a description or attributes are needed"
        )
    return draft


def _product_lines(
    given: Mapping[str, object], names: Mapping[str, str]
) -> Iterator[tuple[BlockKind, str]]:
    """The prose of a product, then its attributes under the names its source writes."""
    for name in _PROSE:
        if isinstance(given.get(name), str):
            yield BlockKind.PARAGRAPH, str(given[name])
    left_out = {*_ROW_ID, *_TITLE, *_PROSE, *_BELONGS, *_ABOUT, *_UNREADABLE}
    for name, value in given.items():
        if name not in left_out:
            yield from _lines(names[name], value)


def _other_scalars(
    given: Mapping[str, object], taken: Mapping[str, object]
) -> dict[str, str | int | float]:
    """What else a document's row says of it, such as a rating or a date."""
    return {
        name: value
        for name, value in given.items()
        if name not in {*_ROW_ID, *_TITLE, *_TEXT, *taken} and isinstance(value, str | int | float)
    }


def _belongs_to_itself(own_id: str, metadata: dict[str, object]) -> None:
    """A product row is about the product, or the variant, that its id names."""
    group = str(metadata.pop("item_group_id", "") or "").strip()
    metadata["product_id"] = group or own_id
    if group and group != own_id:
        metadata["variant_id"] = own_id


def _first(given: Mapping[str, object], names: tuple[str, ...]) -> str | None:
    for name in names:
        value = given.get(name)
        if isinstance(value, str | int) and str(value).strip():
            return str(value).strip()
    return None


def _lines(name: str, value: object) -> Iterator[tuple[BlockKind, str]]:
    """`Attribute: value` lines of a value, however deeply it nests."""
    if isinstance(value, Mapping):
        pair = _as_pair(value)
        for key, inner in [pair] if pair else value.items():
            yield from _lines(str(key), inner)
    elif isinstance(value, list):
        yield from _listed(name, value)
    elif isinstance(value, bool):
        yield BlockKind.ROW, f"{_label(name)}: {'yes' if value else 'no'}"
    elif value is not None and str(value).strip():
        shown = str(value).strip()
        readable = shown if " " in shown else shown.replace("_", " ")  # in_stock
        yield BlockKind.ROW, f"{_label(name)}: {readable}"


def _listed(name: str, values: list[object]) -> Iterator[tuple[BlockKind, str]]:
    """A list of phrases as items, of words as one line, of objects one by one."""
    plain = [str(value) for value in values if isinstance(value, str | int | float)]
    if len(plain) < len(values):
        for value in values:
            yield from _lines(name, value)
    elif any(" " in value for value in plain):
        yield from ((BlockKind.ITEM, value) for value in plain)
    elif plain:
        yield BlockKind.ROW, f"{_label(name)}: {', '.join(plain)}"


def _as_pair(value: Mapping[str, object]) -> tuple[str, object] | None:
    for name, held in _PAIRS:
        if name in value and held in value:
            return str(value[name]), value[held]
    return None


def _label(name: str) -> str:
    """`product_type` → "Product type"; a header written for people stays as it is."""
    if name != name.lower() or " " in name:
        return name
    words = name.replace("_", " ").strip()
    return words.upper() if words in ("gtin", "mpn", "sku", "ean", "upc") else words.capitalize()
