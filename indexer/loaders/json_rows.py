"""JSON Lines, or a JSON array: one object per product, variant or document."""

import json
import math
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

from indexer.draft import Draft
from indexer.loaders.encoding import read_lines, read_text
from indexer.loaders.names import plain_name
from indexer.loaders.rows import (
    PRODUCT_ID,
    PROSE,
    QUESTIONS,
    TEXT,
    TITLE,
    draft_of,
    is_question,
)
from rag.errors import DocumentError

_WRAPPERS = frozenset("products items item entries entry rows records documents docs data".split())
_FIELDS_OF_A_ROW = frozenset((*PRODUCT_ID, *TITLE, *TEXT, *PROSE))


def _finite(number: str) -> float | None:
    value = float(number)
    return value if math.isfinite(value) else None


_read = partial(json.loads, parse_float=_finite, parse_constant=_finite)
"""What is no number (NaN, Infinity, 1e999) is null: no JSON that is written again could hold it."""


def load(path: Path) -> Iterator[Draft | DocumentError]:
    """Yield a draft per object, or what is wrong with it."""
    taken: set[str] = set()
    for number, (place, row) in enumerate(_objects(path)):
        if isinstance(row, DocumentError):
            yield row
        elif not isinstance(row, dict):
            yield DocumentError(f"{place} is no JSON object but {type(row).__name__}; write {{…}}")
        elif number == 0 and is_question([plain_name(name) for name in row]):
            raise DocumentError(QUESTIONS)
        else:
            try:
                yield draft_of(row, place, taken)
            except DocumentError as error:
                yield error
            except RecursionError:
                yield DocumentError(f"{place} is nested too deeply to be read; flatten it")


def _objects(path: Path) -> Iterator[tuple[str, object]]:
    if path.suffix.lower() != ".json":
        yield from _by_line(read_lines(path))
        return
    text = read_text(path)
    try:
        rows = _unwrapped(_parsed(text))
    except json.JSONDecodeError as error:
        if not error.msg.startswith("Extra data"):
            raise DocumentError(f"is not JSON: {error}") from error
        yield from _by_line(text.split("\n"))  # JSON Lines by another name
    else:
        yield from ((f"item {number}", row) for number, row in enumerate(rows, 1))


def _by_line(lines: Iterable[str | DocumentError]) -> Iterator[tuple[str, object]]:
    for number, line in enumerate(lines, 1):
        place = f"line {number}"
        if isinstance(line, DocumentError):
            yield place, line
            continue
        if not line.strip():
            continue
        try:
            yield place, _parsed(line)
        except DocumentError as error:
            yield place, DocumentError(f"{place} {error}")
        except json.JSONDecodeError as error:
            wrong = DocumentError(f"{place} is not JSON ({error}); the other lines are kept")
            yield place, wrong


def _parsed(text: str) -> object:
    """The value that a text of JSON spells.

    Raises:
        json.JSONDecodeError: it is no JSON.
        DocumentError: it is too deep, or has a number too long, to be read.
    """
    try:
        return _read(text)
    except json.JSONDecodeError:
        raise
    except RecursionError as error:
        raise DocumentError("is nested too deeply to be read; flatten it") from error
    except ValueError as error:  # the only other one: more digits than Python takes
        raise DocumentError("has a number of thousands of digits; write it as text") from error


def _unwrapped(whole: object) -> list[object]:
    """The rows of a file: its array, or the one array of objects in what is wrapped around it."""
    if isinstance(whole, list):
        return whole
    inner = whole
    while isinstance(inner, dict) and len(inner) == 1:
        only = next(iter(inner.values()))
        if not isinstance(only, dict):
            break
        inner = only
    if isinstance(inner, dict):
        lists = [(plain_name(name), value) for name, value in inner.items() if _are_objects(value)]
        own = {plain_name(key) for key in inner}
        if len(lists) == 1:
            name, rows = lists[0]
            # A product may have a list of its details; a feed has a title at most.
            if own.isdisjoint(PRODUCT_ID if name in _WRAPPERS else _FIELDS_OF_A_ROW):
                return list(rows)
    return [whole]


def _are_objects(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, dict) for one in value)
