import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path
from unittest.mock import Mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

import rag.passages
from rag.errors import IndexDamagedError, ScopeError
from rag.passages import PassageStore
from rag.types import Block, BlockKind, Document, Kind, Page, Scope
from tests.rag.generations import a_document, whole, write_passages

Open = Callable[[Sequence[Document]], PassageStore]

PRODUCTS, VARIANTS, LOCALES = ["P1", "P2"], ["V1", "V2"], ["de", "en"]
DAYS = st.dates(date(2024, 1, 1), date(2024, 1, 6))


@pytest.fixture
def opened(tmp_path: Path) -> Open:
    def write_and_open(documents: Sequence[Document]) -> PassageStore:
        path = tmp_path / "passages.sqlite"
        path.unlink(missing_ok=True)
        write_passages(path, documents)
        return PassageStore(path)

    return write_and_open


def _some(values: list[str]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(values), unique=True, max_size=2).map(tuple)


DOCUMENTS = st.lists(
    st.builds(
        a_document,
        kind=st.sampled_from(Kind),
        product_ids=_some(PRODUCTS),
        variant_ids=_some(VARIANTS),
        locale=st.sampled_from([None, *LOCALES]),
        effective_from=st.none() | DAYS,
        effective_until=st.none() | DAYS,
    ),
    max_size=8,
)
SCOPES = st.builds(
    Scope,
    product_id=st.sampled_from([None, *PRODUCTS]),
    variant_id=st.sampled_from([None, *VARIANTS]),
    kinds=st.frozensets(st.sampled_from(Kind), max_size=3),
    locale=st.sampled_from([None, *LOCALES]),
    as_of=DAYS,
)


def _admits(scope: Scope, document: Document) -> bool:
    day = scope.as_of
    assert day is not None
    return (
        (not document.product_ids or scope.product_id in (None, *document.product_ids))
        and (not document.variant_ids or scope.variant_id in (None, *document.variant_ids))
        and (not scope.kinds or document.kind in scope.kinds)
        and (scope.locale is None or document.locale in (None, scope.locale))
        and (document.effective_from is None or document.effective_from <= day)
        and (document.effective_until is None or document.effective_until >= day)
    )


@given(documents=DOCUMENTS, scope=SCOPES)
def test_a_scope_admits_what_its_rule_says(
    tmp_path_factory: pytest.TempPathFactory, documents: list[Document], scope: Scope
) -> None:
    known = [
        a_document(product_ids=(product,), variant_ids=(variant,))
        for product, variant in zip(PRODUCTS, VARIANTS, strict=True)
    ]
    named = [
        replace(document, id=f"{number}.md") for number, document in enumerate([*known, *documents])
    ]
    path = tmp_path_factory.mktemp("scope") / "passages.sqlite"
    write_passages(path, named)
    owners = {
        product
        for document in named
        if scope.variant_id in document.variant_ids
        for product in document.product_ids
    }
    with closing(PassageStore(path)) as store:
        of_another = scope.product_id is not None and scope.product_id not in owners
        if scope.variant_id and (of_another or (not scope.product_id and len(owners) > 1)):
            with pytest.raises(ScopeError, match="Give the product"):
                store.rows(scope)
            return
        rows = store.rows(scope).tolist()
    scope = replace(scope, product_id=scope.product_id or min(owners, default=None))
    assert rows == [row for row, document in enumerate(named) if _admits(scope, document)]


def test_a_variant_of_another_product_is_refused(opened: Open) -> None:
    red = a_document("red.md", product_ids=("P1",), variant_ids=("P1-RED",))
    store = opened([red, a_document("other.md", product_ids=("P2",))])
    assert store.rows(Scope("P1", "P1-RED")).tolist() == [0]
    with pytest.raises(ScopeError, match="'P1-RED' is not one of product 'P2' but of P1"):
        store.rows(Scope("P2", "P1-RED"))
    store.close()


@pytest.mark.parametrize("locale", ["de", "DE", "de-AT", "de_CH"])
def test_a_locale_means_its_language(opened: Open, locale: str) -> None:
    store = opened([a_document("a.md", locale="de"), a_document("b.md", locale="en")])
    assert store.rows(Scope(locale=locale)).tolist() == [0]
    store.close()


def test_a_document_comes_back_as_it_was_written(opened: Open) -> None:
    document = Document(
        id="m.pdf",
        kind=Kind.MANUAL,
        title="Handbuch „Größe“ 水壶",
        text="Safety\n\nDo not.\fx",
        source="m.pdf",
        blocks=(Block(BlockKind.HEADING, 0, 6, 1), Block(BlockKind.PARAGRAPH, 8, 15)),
        pages=(Page(1, 0, 8), Page(2, 8, 17)),
        product_ids=("P2", "P1"),
        variant_ids=("V",),
        locale="de",
        url="https://shop.example/m",
        effective_from=date(2024, 2, 29),
        effective_until=date(2025, 1, 1),
        version="1.10",
        metadata={"rating": 4.5, "tags": ["a", "\ud800"], "nested": {"x": None}},
    )
    store = opened([document])
    assert store.document("m.pdf") == document
    assert store.chunks([0]) == [whole(document)]
    assert store.document_ids() == ["m.pdf"]
    store.close()


def test_chunks_come_in_the_order_asked_for(opened: Open) -> None:
    documents = [a_document(f"{n}.md", f"text {n}") for n in range(5)]
    store = opened(documents)
    assert [chunk.document_id for chunk in store.chunks([3, 0, 4])] == ["3.md", "0.md", "4.md"]
    assert [chunk.document_id for chunk in store.all_chunks()] == [d.id for d in documents]
    assert store.chunks([]) == []
    store.close()


@pytest.mark.parametrize(
    ("scope", "message"),
    [
        (Scope(product_id="KT21"), r"product 'KT21'\. Did you mean KT12\?"),
        (Scope(product_id="zebra"), r"product 'zebra'\. Give one of the "),
        (Scope(variant_id="KT12-ROD"), r"variant 'KT12-ROD'\. Did you mean KT12-RED\?"),
        (Scope(product_id="KT12' OR 1=1 --"), "No document belongs to product"),
    ],
)
def test_an_unknown_name_is_an_error_with_a_hint(opened: Open, scope: Scope, message: str) -> None:
    store = opened([a_document(product_ids=("KT12",), variant_ids=("KT12-RED",))])
    with pytest.raises(ScopeError, match=message):
        store.rows(scope)
    store.close()


def test_an_unknown_document_is_an_error(opened: Open) -> None:
    store = opened([a_document()])
    with pytest.raises(ScopeError, match=r"no document 'b\.md'"):
        store.document("b.md")
    store.close()


def test_today_moves_on_while_the_index_stays_open(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = opened([a_document(effective_until=date(2024, 5, 1))])

    clock = Mock(**{"today.side_effect": [date(2024, 5, 1), date(2024, 5, 2)]})
    monkeypatch.setattr(rag.passages, "date", clock)
    assert store.rows(Scope()).tolist() == [0]
    assert store.rows(Scope()).tolist() == []
    store.close()


def test_the_shared_rows_cannot_be_written(opened: Open) -> None:
    store = opened([a_document()])
    with pytest.raises(ValueError, match="read-only"):
        store.rows(Scope())[0] = 9
    store.close()


def test_a_file_that_is_no_database_is_an_index_error(tmp_path: Path) -> None:
    (tmp_path / "p").write_bytes(b"no database" * 500)
    with pytest.raises(IndexDamagedError, match="cannot be read"):
        PassageStore(tmp_path / "p")


def test_a_missing_table_is_an_index_error(tmp_path: Path) -> None:
    write_passages(tmp_path / "p", [a_document()])
    with closing(sqlite3.connect(tmp_path / "p")) as db:
        db.execute("DROP TABLE documents")
        db.commit()
    with pytest.raises(IndexDamagedError, match="no such table"):
        PassageStore(tmp_path / "p")
