"""A value of a row → `Attribute: value` lines, however it is nested and written."""

import re
from collections.abc import Mapping, Sequence

from indexer.draft import Outline
from indexer.loaders.attributes import are_attributes
from indexer.loaders.web import page
from rag.types import BlockKind

_PAIRS = (
    ("attribute_name", "attribute_value"),
    ("attribute_code", "value"),
    ("attribute", "value"),
    ("property", "value"),
    ("name", "value"),
    ("key", "value"),
    ("label", "value"),
    ("name", "values"),
    ("name", "options"),
)
"""What objects that stand for an attribute call its name and its value."""
_AMOUNTS = ("value", "amount")
_UNITS = ("unit", "units", "unit_text", "unittext", "currency", "currency_code")
_HTML = re.compile(
    r"</?(?:p|br|div|span|ul|ol|li|b|i|u|em|strong|h[1-6]|table|tbody|tr|td|th|a|font)"
    r"(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)
_INITIALS = frozenset("gtin mpn sku ean upc isbn asin".split())


def plain_name(name: object) -> str:
    """A column's or key's name as it is looked up: `g:Item Group ID` → `item_group_id`."""
    return str(name).strip().casefold().removeprefix("g:").replace(" ", "_")


def is_html(text: str) -> bool:
    """Whether a text is written in HTML, as many a shop's descriptions are."""
    return _HTML.search(text) is not None


def add_html(text: str, outline: Outline) -> None:
    """Add a text written in HTML, as a reader sees it."""
    page.add_fragment(text, outline)


def add_value(name: str, value: object, outline: Outline) -> None:
    """Add the lines of a value."""
    if isinstance(value, Mapping):
        _add_object(name, value, outline)
    elif isinstance(value, list):
        _add_list(name, value, outline)
    elif isinstance(value, bool):
        outline.add(BlockKind.ROW, f"{_label(name)}: {'yes' if value else 'no'}")
    elif isinstance(value, str) and is_html(value):
        _add_markup(name, value, outline)
    elif value is not None and str(value).strip():
        shown = str(value).strip()
        readable = shown if " " in shown else shown.replace("_", " ")  # in_stock
        outline.add(BlockKind.ROW, f"{_label(name)}: {readable}")


def _add_object(name: str, value: Mapping[str, object], outline: Outline) -> None:
    given = {plain_name(key): inner for key, inner in value.items()}
    unit = next((f" {given[key]}" for key in _UNITS if isinstance(given.get(key), str)), "")
    for key, held in _PAIRS:
        if isinstance(given.get(key), str) and held in given:
            _add_attribute(str(given[key]), given[held], unit, outline)
            return
    for key in _AMOUNTS:
        if unit and isinstance(given.get(key), str | int | float) and len(given) == 2:
            add_value(name, f"{given[key]}{unit}", outline)
            return
    for key, inner in value.items():
        add_value(str(key), inner, outline)


def _add_attribute(name: str, value: object, unit: str, outline: Outline) -> None:
    if isinstance(value, list) and all(isinstance(one, str | int | float) for one in value):
        value = ", ".join(str(one) for one in value)
    measured = isinstance(value, str | int | float) and not isinstance(value, bool)
    add_value(name, f"{value}{unit}" if unit and measured and value != "" else value, outline)


def _add_list(name: str, values: Sequence[object], outline: Outline) -> None:
    """A list of phrases as items, of words as one line, of objects one by one."""
    plain = [str(value) for value in values if isinstance(value, str | int | float)]
    if len(plain) < len(values):
        for value in values:
            add_value(name, value, outline)
    elif any(" " in value for value in plain):
        kind = BlockKind.ROW if are_attributes(plain) else BlockKind.ITEM
        for line in plain:
            outline.add(kind, page.text_of(line) if is_html(line) else line)
    elif plain:
        outline.add(BlockKind.ROW, f"{_label(name)}: {', '.join(plain)}")


def _add_markup(name: str, value: str, outline: Outline) -> None:
    """A value in HTML: its own blocks, or one line if it is one."""
    inner = Outline()
    add_html(value, inner)
    draft = inner.finish()
    if len(draft.blocks) == 1 and "\n" not in draft.text:
        outline.add(BlockKind.ROW, f"{_label(name)}: {draft.text}")
        return
    for block in draft.blocks:
        outline.add(block.kind, draft.text[block.start : block.end], block.level)


def _label(name: str) -> str:
    """`product_type` → "Product type"; a header written for people stays as it is."""
    name = re.sub(r"^g:", "", name.strip(), flags=re.IGNORECASE)
    if name != name.lower() or " " in name:
        return name
    words = name.replace("_", " ").strip()
    return words.upper() if words in _INITIALS else words.capitalize()
