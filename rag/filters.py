"""Conditions on what is known of a document, as clients send them, and as SQL.

`{"type": "eq", "key": "brand", "value": "Brisa"}`; types are eq, ne, in, gt, gte, lt and lte.
`{"type": "and", "filters": [...]}` and "or" join them. A key is one of a document's own (`OWN`) or
one of its metadata. A list in the metadata fulfils a condition when one of its members does; `ne`
is exactly what `eq` is not, so it admits documents without the key. Numbers, texts and truth
values are never compared with each other; ISO days are texts in the order of time.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rag.errors import FilterError

Value = str | int | float | bool
COMPARED = ("eq", "ne", "in", "gt", "gte", "lt", "lte")
JOINED = ("and", "or")

OWN = ("kind", "title", "source", "locale", "url", "version", "effective_from", "effective_until")
"""Keys that name a document's own fields."""
MOST = 64
"""Most conditions of one filter, and most values of one `in`."""
_DEEPEST = 8
LONE = re.compile("[\ud800-\udfff]")
"""Half a surrogate pair: JSON can write it, UTF-8 and so SQLite cannot."""
_NO_NAME = re.compile(f'"|{LONE.pattern}')
_SIGNS = {"eq": "=", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


@dataclass(frozen=True, slots=True)
class Comparison:
    """One condition, its type in `COMPARED`; `values` is one value but for `in`."""

    type: str
    key: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Conditions of which all ("and"), or one ("or"), must hold."""

    type: str
    filters: tuple["Comparison | Group", ...]


Filter = Comparison | Group


def parse(body: object) -> Filter:
    """Read a filter as it comes from JSON.

    Raises:
        FilterError: it is not of this grammar.
    """
    found = _parsed(body, 1)
    if _size(found) > MOST:
        raise FilterError(f"A filter may have {MOST} conditions; this has {_size(found)}.")
    return found


def to_body(found: Filter) -> dict[str, Any]:
    """The filter as `parse` reads it."""
    if isinstance(found, Group):
        return {"type": found.type, "filters": [to_body(one) for one in found.filters]}
    value = list(found.values) if found.type == "in" else found.values[0]
    return {"type": found.type, "key": found.key, "value": value}


def _parsed(body: object, depth: int) -> Filter:
    if not isinstance(body, Mapping):
        raise FilterError(f"A filter is an object with a type, not {_shown(body)}.")
    if depth > _DEEPEST:
        raise FilterError(f"A filter may be nested {_DEEPEST} deep; flatten it.")
    kind = body.get("type")
    if isinstance(kind, str) and kind in JOINED:
        filters = body.get("filters")
        if set(body) != {"type", "filters"} or not isinstance(filters, list) or not filters:
            raise FilterError(f'A filter of type "{kind}" has a list of "filters", nothing else.')
        return Group(kind, tuple(_parsed(one, depth + 1) for one in filters))
    if isinstance(kind, str) and kind in COMPARED:
        return _comparison(kind, body)
    allowed = ", ".join((*COMPARED, *JOINED))
    raise FilterError(f"A filter cannot be of type {_shown(kind)}; allowed are {allowed}.")


def _comparison(kind: str, body: Mapping[Any, Any]) -> Comparison:
    key, value = body.get("key"), body.get("value")
    if set(body) != {"type", "key", "value"}:
        raise FilterError(f'A filter of type "{kind}" has a "key" and a "value", nothing else.')
    if not isinstance(key, str) or _NO_NAME.search(key) or not 0 < len(key) <= 256:
        raise FilterError(f"A filter's key is a name without quotation marks, not {_shown(key)}.")
    values = value if kind == "in" else [value]
    if not isinstance(values, list) or not 0 < len(values) <= MOST:
        raise FilterError(f'A filter of type "in" has a list of 1 to {MOST} values.')
    for one in values:
        if not isinstance(one, Value) or one != one or one in (float("inf"), float("-inf")):
            raise FilterError(
                f"A filter compares with text, a number or true and false, not {_shown(one)}."
            )
        if isinstance(one, str) and LONE.search(one):
            raise FilterError(f"A filter's text must be valid Unicode, not {_shown(one)}.")
        if isinstance(one, int) and not -(2**63) <= one < 2**63:
            raise FilterError("A filter's number is too large.")
        if isinstance(one, bool) and kind not in ("eq", "ne", "in"):
            raise FilterError(f'True and false have no order; "{kind}" cannot be asked of them.')
    return Comparison(kind, key, tuple(values))


def _size(found: Filter) -> int:
    return sum(map(_size, found.filters)) if isinstance(found, Group) else 1


def _shown(value: object) -> str:
    return repr(value)[:80]


def to_sql(found: Filter) -> tuple[str, dict[str, Value]]:
    """A condition on the row `d` of `documents`, and its named parameters."""
    parameters: dict[str, Value] = {}
    return _sql(found, parameters), parameters


def _sql(found: Filter, parameters: dict[str, Value]) -> str:
    def named(value: Value) -> str:
        name = f"filter{len(parameters)}"
        parameters[name] = value
        return f":{name}"

    if isinstance(found, Group):
        return (
            "(" + f" {found.type.upper()} ".join(_sql(f, parameters) for f in found.filters) + ")"
        )
    if found.key in OWN:
        source = f"json_each(json_array(d.{found.key}))"
    else:
        path = '$."' + found.key + '"'
        source = f"json_each(d.metadata, {named(path)})"
    sign = _SIGNS.get(found.type, "=")
    tests = (f"(j.type IN ({_json_types(v)}) AND j.value {sign} {named(v)})" for v in found.values)
    negated = "NOT " if found.type == "ne" else ""
    return f"{negated}EXISTS (SELECT 1 FROM {source} j WHERE {' OR '.join(tests)})"


def _json_types(value: Value) -> str:
    if isinstance(value, bool):
        return "'true', 'false'"
    return "'text'" if isinstance(value, str) else "'integer', 'real'"
