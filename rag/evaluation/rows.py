"""A row of a QA set, from JSON or CSV, → an item. What is wrong with it is said of its line."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches

from rag.errors import QaSetError
from rag.evaluation.questions import Item, Source

_ID = ("id", "qid", "_id")
_QUESTION = ("question", "query")
_SOURCES = ("sources", "gold_doc_ids")
_KEYS = (*_ID, *_QUESTION, *_SOURCES, "product_id", "variant_id", "history", "answers",
         "answerable", "kind", "lang", "split", "quotes")  # fmt: skip
_YES, _NO = ("true", "yes", "1"), ("false", "no", "0")
_LIST = "|"
"""Between the entries of one CSV cell."""


def item_of(row: Mapping[str, object], place: str, number: int) -> Item:
    """Check one row.

    Args:
        row: keys as in docs/evaluation.md; others are left alone unless they look misspelt.
        place: where it stands, such as "line 3".
        number: its id where it has none.

    Raises:
        QaSetError: a value is not of its kind, or two contradict each other.
    """
    try:
        return _item(row, place, number)
    except ValueError as error:
        raise QaSetError(f"{place}: {error}.") from error


def _item(row: Mapping[str, object], place: str, number: int) -> Item:
    _require_spelling(row)
    question = _text(row, _QUESTION)
    if not question:
        raise ValueError("there is no question; write {'question': '…'}")
    answers = tuple(_texts(row, "answers"))
    sources = tuple(_sources(row))
    answerable = _truth(row.get("answerable"))
    if answerable is None and (answers or sources):
        answerable = True
    elif answerable is None and row.get("answers") == []:
        answerable = False
    if answerable is False and (answers or sources):
        raise ValueError("'answerable' is false, yet there are answers or sources; drop one")
    return Item(
        id=_text(row, _ID) or f"{number}",
        text=question,
        place=place,
        product_id=_text(row, ("product_id",)),
        variant_id=_text(row, ("variant_id",)),
        history=tuple(_texts(row, "history")),
        answers=answers,
        sources=sources,
        answerable=answerable,
        kind=_text(row, ("kind",)),
        lang=_text(row, ("lang",)),
    )


def _require_spelling(row: Mapping[str, object]) -> None:
    for key in row:
        if key not in _KEYS and (near := get_close_matches(str(key), _KEYS, 1, 0.8)):
            raise ValueError(f"{key!r} is not a key of a question; did you mean {near[0]!r}?")


def _text(row: Mapping[str, object], keys: Sequence[str]) -> str | None:
    for key in keys:
        value = row.get(key)
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if isinstance(value, str):
            if value.strip():
                return value.strip()
        elif value is not None:
            raise ValueError(f"{key!r} must be text, not {type(value).__name__}")
    return None


def _texts(row: Mapping[str, object], key: str) -> list[str]:
    """A list of texts, or one cell with bars between them."""
    value = row.get(key)
    if value is None:
        return []
    entries = value.split(_LIST) if isinstance(value, str) else value
    if not isinstance(entries, list) or not all(isinstance(e, str | int | float) for e in entries):
        raise ValueError(f"{key!r} must be a list of texts, not {value!r}")
    return [text for entry in entries if (text := str(entry).strip())]


def _sources(row: Mapping[str, object]) -> list[Source]:
    found: list[Source] = []
    for key in _SOURCES:
        value = row.get(key)
        entries = value.split(_LIST) if isinstance(value, str) else value or []
        if not isinstance(entries, list):
            raise ValueError(f"{key!r} must be a list, not {type(value).__name__}")
        found += [_source(entry) for entry in entries if entry != ""]
    return found + [Source(quote=quote) for quote in _texts(row, "quotes")]


def _source(entry: object) -> Source:
    if isinstance(entry, str):
        return Source.of(entry)
    if isinstance(entry, dict) and entry.keys() <= {"document", "page", "quote"}:
        document, page, quote = (entry.get(key) for key in ("document", "page", "quote"))
        texts = all(text is None or (isinstance(text, str) and text) for text in (document, quote))
        numbered = page is None or (type(page) is int and page > 0)
        if texts and numbered and (document or quote):
            return Source(document, page, quote)
    raise ValueError(
        "a source is a document's id or path, with #page=N where wanted, or "
        f"{{'document': …, 'page': …, 'quote': …}}; not {entry!r}"
    )


def _truth(value: object) -> bool | None:
    if value is None or isinstance(value, bool):
        return value
    word = str(value).strip().casefold()
    if word in (*_YES, *_NO, ""):
        return None if not word else word in _YES
    raise ValueError(f"'answerable' must be true or false, not {value!r}")
