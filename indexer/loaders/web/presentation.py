"""What attributes from the time before style sheets say of an element's looks."""

import re
from collections.abc import Iterator, Sequence

import tinycss2
from lxml import html
from tinycss2.ast import Node

_PROPERTIES = {
    "color": ("color", ("font",)),
    "text": ("color", ("body",)),
    "bgcolor": ("background-color", tuple("body table thead tbody tfoot tr td th".split())),
    "background": ("background-image", tuple("body table thead tbody tfoot tr td th".split())),
}
"""The property that an attribute stands for, and on which elements."""
_BARE = re.compile(r"[0-9a-fA-F]{3}(?:[0-9a-fA-F]{3})?")
"""A colour whose # was left out, which no browser minds."""


def presentation(element: html.HtmlElement) -> Iterator[tuple[str, Sequence[Node]]]:
    """Properties with their values; any rule of a sheet is stronger."""
    for attribute, (name, tags) in _PROPERTIES.items():
        value = element.get(attribute, "").strip() if element.tag in tags else ""
        if value and name == "background-image":
            value = "url()"  # whatever it shows
        if value:
            mark = "#" if _BARE.fullmatch(value) else ""
            yield name, tinycss2.parse_component_value_list(mark + value)
