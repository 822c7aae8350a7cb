"""Filters as SQL, held against the same conditions written out in Python."""

import json
import operator
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.errors import FilterError
from rag.filters import MOST, parse, to_body
from rag.manifest import PASSAGES
from rag.passages import PassageStore
from rag.types import Document, Kind, Scope
from tests.rag.generations import a_document, write_passages

METADATA: list[dict[str, Any]] = [
    {},
    {"rating": 4, "brand": "Brisa", "tags": ["new", "sale", 7]},
    {"rating": 4.5, "brand": "brisa", "organic": True},
    {"rating": "4", "brand": None, "organic": False, "tags": []},
    {"rating": -1, "größe": "XL", "a b.c": "2024-05-01", "nested": {"rating": 9}},
    {"rating": 2**40, "brand": "Voltra", "a b.c": "2023-01-01", "tags": ["sale"], "shop": "uk"},
    {"rating": 1, "organic": 1, "shop": "de", "tags": [None, True, 4]},
]
DOCUMENTS = [
    a_document(
        f"d{at}", kind=list(Kind)[at % 3], metadata=metadata, locale=[None, "en", "de"][at % 3]
    )
    for at, metadata in enumerate(METADATA)
]
KEYS = ["rating", "brand", "tags", "organic", "größe", "a b.c", "nested", "none", "kind", "locale"]
VALUES = [
    4,
    4.0,
    4.5,
    "4",
    1,
    0,
    True,
    False,
    "Brisa",
    "sale",
    "XL",
    "2023-06-01",
    "spec",
    "en",
    -1,
]

ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
}

comparisons = st.one_of(
    st.builds(
        lambda t, k, v: {"type": t, "key": k, "value": v},
        st.sampled_from(["eq", "ne"]),
        st.sampled_from(KEYS),
        st.sampled_from(VALUES),
    ),
    st.builds(
        lambda t, k, v: {"type": t, "key": k, "value": v},
        st.sampled_from(["gt", "gte", "lt", "lte"]),
        st.sampled_from(KEYS),
        st.sampled_from([value for value in VALUES if not isinstance(value, bool)]),
    ),
    st.builds(
        lambda k, v: {"type": "in", "key": k, "value": v},
        st.sampled_from(KEYS),
        st.lists(st.sampled_from(VALUES), min_size=1, max_size=4),
    ),
)
filters = st.recursive(
    comparisons,
    lambda inner: st.builds(
        lambda t, f: {"type": t, "filters": f},
        st.sampled_from(["and", "or"]),
        st.lists(inner, min_size=1, max_size=3),
    ),
    max_leaves=6,
)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> PassageStore:
    path = tmp_path_factory.mktemp("filters") / PASSAGES
    write_passages(path, DOCUMENTS)
    return PassageStore(path)


def _sort(value: object) -> str:
    return "number" if type(value) in (int, float) else type(value).__name__


def holds(body: dict[str, Any], document: Document) -> bool:
    kind = body["type"]
    if kind in ("and", "or"):
        return (all if kind == "and" else any)(holds(f, document) for f in body["filters"])
    key, value = body["key"], body["value"]
    if key in ("kind", "locale"):
        own: Any = getattr(document, key)
        own = str(own) if own is not None else None
    else:
        own = document.metadata.get(key)
    members = own if isinstance(own, list) else [] if isinstance(own, dict) else [own]
    if isinstance(own, dict):  # its values are looked at as a list's are
        members = list(own.values())
    wanted = value if kind == "in" else [value]
    order = ORDERS[kind] if kind in ORDERS else operator.eq
    found = any(_sort(w) == _sort(m) and order(m, w) for w in wanted for m in members)
    return not found if kind == "ne" else found


@given(filters)
def test_a_filter_admits_exactly_the_documents_it_holds_of(
    store: PassageStore, body: dict[str, Any]
) -> None:
    rows = store.rows(Scope(where=parse(json.loads(json.dumps(body)))))
    assert rows.tolist() == [at for at, doc in enumerate(DOCUMENTS) if holds(body, doc)]


@given(filters)
def test_a_filter_comes_back_as_it_was_read(body: dict[str, Any]) -> None:
    assert to_body(parse(body)) == body


@pytest.mark.parametrize(
    ("shop", "rows"), [(None, range(7)), ("uk", [0, 1, 2, 3, 4, 5]), ("de", [0, 1, 2, 3, 4, 6])]
)
def test_a_shop_has_its_own_documents_and_the_common_ones(
    store: PassageStore, shop: str | None, rows: list[int]
) -> None:
    assert store.rows(Scope(shop=shop)).tolist() == list(rows)


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        "x",
        {},
        {"type": "like", "key": "a", "value": "b"},
        {"type": ["eq"], "key": "a", "value": "b"},
        {"type": "eq", "key": "a"},
        {"type": "eq", "key": "a", "value": "b", "more": 1},
        {"type": "eq", "key": "", "value": 1},
        {"type": "eq", "key": 'a"b', "value": 1},
        {"type": "eq", "key": "a\udfff", "value": 1},
        {"type": "eq", "key": 3, "value": 1},
        {"type": "in", "key": "a", "value": ["b", "\ud800"]},
        {"type": "eq", "key": "a", "value": None},
        {"type": "eq", "key": "a", "value": [1]},
        {"type": "eq", "key": "a", "value": float("nan")},
        {"type": "eq", "key": "a", "value": float("inf")},
        {"type": "eq", "key": "a", "value": 2**64},
        {"type": "gt", "key": "a", "value": True},
        {"type": "in", "key": "a", "value": "b"},
        {"type": "in", "key": "a", "value": []},
        {"type": "in", "key": "a", "value": list(range(MOST + 1))},
        {"type": "and", "filters": []},
        {"type": "and", "filters": {}},
        {"type": "and", "filters": [{"type": "eq", "key": "a", "value": 1}] * (MOST + 1)},
        {"type": "or", "filters": [1]},
        {"type": "or"},
    ],
)
def test_what_is_not_of_the_grammar_is_refused_in_a_sentence(body: object) -> None:
    with pytest.raises(FilterError, match=r"^[A-Z].*[.]$"):
        parse(body)


def test_deep_nesting_is_refused() -> None:
    body: dict[str, Any] = {"type": "eq", "key": "a", "value": 1}
    for _ in range(100):
        body = {"type": "and", "filters": [body]}
    with pytest.raises(FilterError, match="nested"):
        parse(body)


def test_a_key_cannot_reach_into_the_query(store: PassageStore) -> None:
    where = parse({"type": "eq", "key": "a') OR 1=1 --", "value": "x"})
    assert store.rows(Scope(where=where)).tolist() == []


def test_one_and_true_are_told_apart_whichever_is_asked_first(store: PassageStore) -> None:
    def found(value: object) -> list[int]:
        where = parse({"type": "eq", "key": "organic", "value": value})
        return [int(row) for row in store.rows(Scope(where=where))]

    assert not set(found(1)) & set(found(True))
    assert found(1) and found(True)
