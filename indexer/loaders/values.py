"""A value of a row → `Attribute: value` lines, however it is nested and written."""

import re
from collections.abc import Mapping, Sequence

from indexer.draft import Outline
from indexer.loaders.attributes import are_attributes
from indexer.loaders.names import by_plain_name, label_of, whole_of
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
_ASIDE = frozenset(
    "attribute attribute_code attribute_name code group id key label name namespace order position "
    "property section_name slug sort_order type variation visible".split()
)
"""Other members of such an object that say nothing of the value."""
_BRIEF = 60
"""The longest of those that do and stand beside the value."""
_HTML = re.compile(
    r"</?(?:p|br|div|span|ul|ol|li|b|i|u|em|strong|h[1-6]|table|tbody|tr|td|th|a|font)"
    r"(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)


def is_html(text: str) -> bool:
    """Whether a text is written in HTML, as many a shop's descriptions are."""
    return _HTML.search(text) is not None


def add_html(text: str, outline: Outline) -> None:
    """Add a text written in HTML, as a reader sees it."""
    page.add_fragment(text, outline)


def add_value(name: str, value: object, outline: Outline, within: str = "") -> None:
    """Add the lines of a value; `within` is the label of what it is a part of."""
    label = label_of(name, within)
    if isinstance(value, Mapping):
        _add_object(name, value, outline, within, within)
    elif isinstance(value, list):
        _add_list(name, value, outline, within)
    elif isinstance(value, bool):
        outline.add(BlockKind.ROW, f"{label}: {'yes' if value else 'no'}")
    elif isinstance(value, str) and is_html(value):
        _add_markup(label, value, outline)
    elif not _is_blank(value):
        shown = str(value).strip()
        readable = shown if " " in shown else shown.replace("_", " ")  # in_stock
        outline.add(BlockKind.ROW, f"{label}: {readable}")


def _add_object(
    name: str, value: Mapping[str, object], outline: Outline, within: str, listed: str
) -> None:
    """Add an attribute, told within the label `listed`, an amount, or the parts of a whole."""
    given = {plain: value[key] for plain, key in by_plain_name(value).items()}
    for key, held in _PAIRS:
        if isinstance(given.get(key), str) and held in given:
            _add_attribute(str(given.pop(key)), held, given, outline, listed)
            return
    has_unit = any(isinstance(given.get(key), str) for key in _UNITS)
    for held in _AMOUNTS:
        if has_unit and isinstance(given.get(held), str | int | float):
            _add_attribute(name, held, given, outline, within)
            return
    for key, inner in value.items():
        add_value(str(key), inner, outline, whole_of(name, within))


def _add_attribute(
    name: str, held: str, given: dict[str, object], outline: Outline, within: str
) -> None:
    """Add an attribute's value with its unit, and in the same line what it is subject to."""
    value = given.pop(held)
    units = [given.pop(key) for key in _UNITS if isinstance(given.get(key), str)]
    rest = {
        key: inner
        for key, inner in given.items()
        if not (_is_blank(inner) or _is_aside(key, inner))
    }
    if isinstance(value, list) and all(isinstance(one, str | int | float) for one in value):
        value = ", ".join(str(one) for one in value)
    if _is_plain(value) and not _is_blank(value):
        brief = {key: rest.pop(key) for key in list(rest) if _is_brief(rest[key])}
        said = "; ".join(f"{key.replace('_', ' ')}: {inner}" for key, inner in brief.items())
        value = " ".join(map(str, (value, *units[:1]))) + (f" ({said})" if said else "")
    add_value(name, value, outline, within)
    for key, inner in rest.items():
        add_value(key, inner, outline, label_of(name, within))


def _is_aside(key: str, value: object) -> bool:
    return key.startswith("@") or (key in _ASIDE and not isinstance(value, Mapping | list))


def _is_blank(value: object) -> bool:
    return value is None or not str(value).strip()


def _is_plain(value: object) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool)


def _is_brief(value: object) -> bool:
    return _is_plain(value) and len(str(value)) <= _BRIEF and not is_html(str(value))


def _add_list(name: str, values: Sequence[object], outline: Outline, within: str) -> None:
    """A list of phrases as items, of words as one line, of objects one by one."""
    plain = [str(value) for value in values if isinstance(value, str | int | float)]
    if len(plain) < len(values):
        for value in values:
            if isinstance(value, Mapping):
                _add_object(name, value, outline, within, whole_of(name, within))
            else:
                add_value(name, value, outline, within)
    elif any(" " in value for value in plain):
        kind = BlockKind.ROW if are_attributes(plain) else BlockKind.ITEM
        for line in plain:
            outline.add(kind, page.text_of(line) if is_html(line) else line)
    elif plain:
        outline.add(BlockKind.ROW, f"{label_of(name, within)}: {', '.join(plain)}")


def _add_markup(label: str, value: str, outline: Outline) -> None:
    """A value in HTML: its own blocks, or one line if it is one."""
    inner = Outline()
    add_html(value, inner)
    draft = inner.finish()
    if len(draft.blocks) == 1 and "\n" not in draft.text:
        outline.add(BlockKind.ROW, f"{label}: {draft.text}")
        return
    for block in draft.blocks:
        outline.add(block.kind, draft.text[block.start : block.end], block.level)
