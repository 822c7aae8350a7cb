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
    if text:
        for paragraph in text.split("\n\n"):
            outline.add(BlockKind.PARAGRAPH, paragraph)
    else:
        for name in _PROSE:
            if isinstance(given.get(name), str):
                outline.add(BlockKind.PARAGRAPH, str(given[name]))
        left_out = {*_ROW_ID, *_TITLE, *_PROSE, *_BELONGS, *_ABOUT, *_UNREADABLE}
        for name, key in lower.items():
            if name not in left_out:
                for kind, line in _lines(str(key), row[key]):
                    outline.add(kind, line)
    metadata = {name: value for name, value in given.items() if name in {*_BELONGS, *_ABOUT}}
    if text:
        metadata |= {
            name: value
            for name, value in given.items()
            if name not in {*_ROW_ID, *_TITLE, *_TEXT, *metadata}
            and isinstance(value, str | int | float)
        }
    elif own_id and not metadata.get("product_id"):
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
        if pair:
            yield from _lines(*pair)
        else:
            for key, inner in value.items():
                yield from _lines(str(key), inner)
    elif isinstance(value, list):
        if all(isinstance(item, str | int | float) for item in value):
            joined = [str(item) for item in value]
            if any(" " in item for item in joined):
                yield from ((BlockKind.ITEM, item) for item in joined)
            elif joined:
                yield BlockKind.ROW, f"{_label(name)}: {', '.join(joined)}"
        else:
            for item in value:
                yield from _lines(name, item)
    elif isinstance(value, bool):
        yield BlockKind.ROW, f"{_label(name)}: {'yes' if value else 'no'}"
    elif value is not None and str(value).strip():
        shown = str(value).strip()
        yield (
            BlockKind.ROW,
            f"{_label(name)}: {shown.replace('_', ' ') if ' ' not in shown else shown}",
        )


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
