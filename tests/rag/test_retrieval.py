"""A scoped search over the small shop, held against the fusion written out naively."""

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.errors import IndexMismatchError, ScopeError
from rag.index import Index
from rag.retrieval import LEXICAL_WEIGHT, OWN_BONUS, Retriever
from rag.text import terms
from rag.types import Kind, Passage, Question, Scope
from rag.vectors import Vectors
from tests.doubles import HashingEmbedder

QUESTIONS = ["How long is the cord?", "return unused goods", "Ist es laut?", "xyzzy", "the", "?"]
scopes = st.builds(
    Scope,
    product_id=st.sampled_from([None, "KT12", "KT17"]),
    variant_id=st.sampled_from([None, "KT12-RED", "KT12-SAGE", "KT17-RED"]),
    kinds=st.frozensets(st.sampled_from(Kind), max_size=3),
    locale=st.sampled_from([None, "en", "de", "fr"]),
    as_of=st.sampled_from([None, date(2021, 6, 1), date(2023, 6, 1), date(2024, 6, 1)]),
).filter(
    lambda scope: (
        (scope.variant_id or "").startswith(scope.product_id or "") or not scope.variant_id
    )
)


@pytest.fixture(scope="module")
def index(small_index: Path) -> Iterator[Index]:
    index = Index.open(small_index)
    yield index
    index.close()


@pytest.fixture(scope="module")
def retriever(index: Index, hashing_embedder: HashingEmbedder) -> Retriever:
    return Retriever(index, hashing_embedder)


def in_scope(passage: Passage, scope: Scope) -> bool:
    document, day = passage.document, scope.as_of or date.today()
    return (
        (
            not scope.product_id
            or not document.product_ids
            or scope.product_id in document.product_ids
        )
        and (
            not scope.variant_id
            or not document.variant_ids
            or scope.variant_id in document.variant_ids
        )
        and (not scope.kinds or document.kind in scope.kinds)
        and (scope.locale is None or document.locale in (None, scope.locale))
        and (document.effective_from is None or document.effective_from <= day)
        and (document.effective_until is None or document.effective_until >= day)
    )


@given(scopes, st.integers(1, 60), st.sampled_from(QUESTIONS))
def test_exactly_k_passages_whenever_k_exist(
    retriever: Retriever, scope: Scope, k: int, text: str
) -> None:
    passages = retriever.retrieve(Question(text, scope), k)
    everything = retriever.retrieve(Question(text), 1000)
    existing = len(retriever.index.passages.rows(scope))
    assert len(passages) == min(k, existing) == len({passage.chunk.id for passage in passages})
    assert all(in_scope(passage, scope) for passage in passages)
    if scope.as_of is None:
        assert existing == sum(in_scope(passage, scope) for passage in everything)


@given(scopes, st.integers(1, 60), st.sampled_from(QUESTIONS))
def test_a_ranking_is_in_order(retriever: Retriever, scope: Scope, k: int, text: str) -> None:
    passages = retriever.retrieve(Question(text, scope), k)
    assert [passage.rank for passage in passages] == list(range(1, len(passages) + 1))
    scores = [passage.score for passage in passages]
    assert scores == sorted(scores, reverse=True)
    keys = [(-passage.score, passage.chunk.id) for passage in passages if passage.score]
    assert keys == sorted(keys)
    said = [(passage.document.product_ids, passage.chunk.text) for passage in passages]
    unique = len(dict.fromkeys(said))
    assert said[:unique] == list(dict.fromkeys(said)), "what only repeats goes behind all others"


@given(scopes, st.sampled_from(QUESTIONS))
def test_more_passages_begin_with_the_same_ones(
    retriever: Retriever, scope: Scope, text: str
) -> None:
    question = Question(text, scope)
    assert retriever.retrieve(question, 60)[:3] == retriever.retrieve(question, 3)


@given(scopes, st.sampled_from(QUESTIONS))
def test_it_is_the_fusion_of_both_scores(retriever: Retriever, scope: Scope, text: str) -> None:
    question, index = Question(text, scope), retriever.index
    chunks = dict(enumerate(index.passages.all_chunks()))
    rows = [int(row) for row in index.passages.rows(scope)]
    assert len(rows) <= 50, "else not every row is a candidate"
    query = retriever.query_vector(question)[0]
    lexical = index.lexical.scores(terms(text))

    def scaled(values: dict[int, float]) -> dict[int, float]:
        low, high = min(values.values()), max(values.values())
        span = high - low
        return {row: (value - low) / span if span else 0.0 for row, value in values.items()}

    expected: dict[int, float] = {}
    if rows:
        dense_part = scaled({row: float(index.vectors()[row] @ query) for row in rows})
        lexical_part = scaled({row: float(lexical[row]) for row in rows})
        for row in rows:
            own = index.passages.document(chunks[row].document_id).product_ids
            bonus = OWN_BONUS if scope.product_id and own else 0.0
            fused = (1 - LEXICAL_WEIGHT) * dense_part[row] + LEXICAL_WEIGHT * lexical_part[row]
            expected[row] = round(fused + bonus, 5)
    said = set()
    for row in sorted(expected, key=lambda row: (-expected[row], chunks[row].id)):
        words = (index.passages.document(chunks[row].document_id).product_ids, chunks[row].text)
        expected[row] = 0 if words in said else expected[row]  # a repetition goes to the end
        said.add(words)
    found = {passage.chunk.id: passage.score for passage in retriever.retrieve(question, 60)}
    by_id = {chunks[row].id: score for row, score in expected.items()}
    assert found == pytest.approx(by_id, abs=2e-5)


def test_a_passage_that_repeats_a_better_one_is_last(retriever: Retriever) -> None:
    passages = retriever.retrieve(Question("Which colour and capacity?", Scope("KT12")), 99)
    words = [(p.document.product_ids, p.chunk.text) for p in passages if p.score > 0]
    assert len(words) == len(set(words))
    repeated = [p for p in passages if p.score == 0 and "1800 W" in p.chunk.text]
    assert repeated, "the sample has variants that say the same"


@pytest.mark.parametrize(("product", "sibling"), [("KT12", "KT17"), ("KT17", "KT12")])
def test_a_sibling_s_passage_is_never_found(
    retriever: Retriever, product: str, sibling: str
) -> None:
    asked = f"How long is the cord of the {sibling}?"
    passages = retriever.retrieve(Question(asked, Scope(product)), 100)
    assert {passage.document.product_ids for passage in passages} == {(product,), ()}


def test_a_product_s_own_passage_comes_first(retriever: Retriever) -> None:
    best = retriever.retrieve(Question("How long is the cord?", Scope("KT17")), 1)[0]
    assert (best.document.id, best.rank) == ("products/KT17/faq.md", 1)
    assert best.scores.keys() == {"dense", "lexical"}


def test_superseded_policies_are_found_only_for_their_time(retriever: Retriever) -> None:
    def policies(as_of: date | None) -> set[str]:
        scope = Scope(kinds=frozenset({Kind.POLICY}), locale="en", as_of=as_of)
        return {p.document.id for p in retriever.retrieve(Question("return goods", scope), 99)}

    assert "policies/returns-2023.md" not in policies(None)
    assert policies(None) >= {"policies/returns.md"}
    assert policies(date(2023, 12, 31)) == {"policies/returns-2023.md"}
    assert policies(date(2024, 1, 1)) == {"policies/returns.md"}


def test_an_empty_scope_finds_nothing(retriever: Retriever) -> None:
    scope = Scope("KT12", kinds=frozenset({Kind.MANUAL}))
    assert retriever.retrieve(Question("How heavy is it?", scope), 5) == []


def test_an_unknown_product_is_an_error_with_a_suggestion(retriever: Retriever) -> None:
    with pytest.raises(ScopeError, match=r"'KT71'.*Did you mean KT17"):
        retriever.retrieve(Question("How heavy is it?", Scope("KT71")), 5)


def test_another_embedder_s_index_is_refused(index: Index) -> None:
    with pytest.raises(IndexMismatchError, match="'hashing'.*'other'"):
        Retriever(index, HashingEmbedder("other"))


def test_the_product_s_name_is_part_of_the_query(retriever: Retriever) -> None:
    on_page = Question("How heavy is it?", Scope("KT12"))
    assert retriever.subject(on_page) == "Brook Kettle 1.2 L"
    assert retriever.subject(Question("How heavy is it?")) is None
    vector = retriever.query_vector(on_page)
    assert vector.dtype == np.float32 and np.linalg.norm(vector) == pytest.approx(1)
    bare = retriever.query_vector(Question("How heavy is it?"))
    kettle = retriever.embedder.encode_documents(["Brook Kettle 1.2 L"])[0]
    assert vector[0] @ kettle > bare[0] @ kettle


def test_a_question_longer_than_the_embedder_reads_is_read_to_its_end(
    retriever: Retriever, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedder = retriever.embedder
    read: list[str] = []
    encode = embedder.encode_queries

    def encode_queries(texts: Sequence[str]) -> Vectors:
        read.extend(texts)
        return encode(texts)

    monkeypatch.setattr(embedder, "encode_queries", encode_queries)
    text = " ".join(f"word{number}" for number in range(3 * embedder.max_tokens))
    Retriever(retriever.index, embedder).query_vector(Question(text))
    assert max(embedder.count_tokens(read)) <= embedder.max_tokens
    assert "".join(read) == text
