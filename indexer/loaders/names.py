"""Names of columns and keys: as they are looked up, and as a reader sees them."""

import re
from collections import Counter
from collections.abc import Iterable

from indexer.loaders.attributes import GENERIC

_PREFIX = re.compile("^g:", re.IGNORECASE)
_INITIALS = frozenset("gtin mpn sku ean upc isbn asin".split())
_LONGEST = 60
"""Of a label within which others are told."""
_WORD = re.compile(r"(?=[^\W_])[^\W_a-z]*[^\W_A-Z]*")
_HOLDERS = GENERIC | frozenset("data fields info information items list option options".split())
_WHOSE = frozenset("additional custom general other product tech technical".split())


def plain_name(name: object) -> str:
    """A column's or key's name as it is looked up: `g:Item Group ID` → `item_group_id`."""
    return str(name).strip().casefold().removeprefix("g:").replace(" ", "_")


def by_plain_name(names: Iterable[str]) -> dict[str, str]:
    """Plain name → name; a `weight` beside `Weight` is `weight (2)`, which no plain name is."""
    times: Counter[str] = Counter()
    found = {}
    for name in names:
        plain = plain_name(name)
        times[plain] += 1
        found[plain if times[plain] == 1 else f"{plain} ({times[plain]})"] = name
    return found


def label_of(name: str, within: str = "") -> str:
    """`product_type` → "Product type"; `weight` within "Package" → "Package weight".

    A name written for people stays as it is.
    """
    name = _PREFIX.sub("", name.strip())
    if name == name.lower() and " " not in name:
        name = name.replace("_", " ").strip()
        if name in _INITIALS:
            name = name.upper()
        elif not within:
            name = name.capitalize()
    return f"{within} {name}".strip()


def whole_of(name: str, within: str) -> str:
    """The label within which the parts of what is called `name` are told."""
    is_long = len(within) + len(name) > _LONGEST
    return within if is_long or _says_nothing(name) else label_of(name, within)


def _says_nothing(name: str) -> bool:
    """Whether it only says that attributes follow: `specs`, `technicalDetails`."""
    words = {word.casefold() for word in _WORD.findall(_PREFIX.sub("", name))} - _WHOSE
    return bool(words) and words <= _HOLDERS
