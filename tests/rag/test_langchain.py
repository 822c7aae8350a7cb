"""LangChain's own standard tests of retrievers and vector stores, and what is ours besides."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.documents import Document
from langchain_core.vectorstores import VectorStore
from langchain_tests.integration_tests import (
    RetrieversIntegrationTests,
    VectorStoreIntegrationTests,
)

from rag.config import Settings
from rag.engine import Engine
from rag.errors import FilterError, ScopeError
from rag.filters import Comparison
from rag.index import Index
from rag.langchain import ShelftalkRetriever, ShelftalkStore, answers
from rag.retrieval import Retriever
from rag.types import Kind, Question, Scope
from tests.doubles import HashingEmbedder, ScriptedChat


@pytest.fixture(scope="module")
def shop(small_index: Path, hashing_embedder: HashingEmbedder) -> Iterator[Retriever]:
    index = Index.open(small_index)
    yield Retriever(index, hashing_embedder)
    index.close()


class TestRetriever(RetrieversIntegrationTests):
    @pytest.fixture(autouse=True)
    def _given(self, shop: Retriever) -> None:
        self.shop = shop

    @property
    def retriever_constructor(self) -> type[ShelftalkRetriever]:
        return ShelftalkRetriever

    @property
    def retriever_constructor_params(self) -> dict[str, Any]:
        return {"retriever": self.shop}

    @property
    def retriever_query_example(self) -> str:
        return "How long is the cord?"


class TestStore(VectorStoreIntegrationTests):
    @pytest.fixture
    def vectorstore(self) -> VectorStore:
        return ShelftalkStore(self.get_embeddings())


class TestStoreOverAGeneration(VectorStoreIntegrationTests):
    """The same with a generation below of which everything was deleted."""

    @pytest.fixture
    def vectorstore(self, shop: Retriever) -> VectorStore:
        store = ShelftalkStore.over(shop)
        store.delete()
        return store


def test_a_passage_says_where_it_stands(shop: Retriever) -> None:
    retriever = ShelftalkRetriever(retriever=shop, k=3, scope=Scope("KT17"))
    for document in retriever.invoke("How long is the cord?"):
        about = document.metadata
        source = shop.index.passages.document(about["document_id"])
        assert source.text[about["start"] : about["end"]] == document.page_content
        assert about["product_ids"] in (["KT17"], [])
    (other,) = retriever.invoke("How long is the cord?", k=1, scope=Scope("KT12"))
    assert other.metadata["product_ids"] == ["KT12"]


def test_a_budget_packs(shop: Retriever) -> None:
    retriever = ShelftalkRetriever(retriever=shop, k=20, budget=60)
    documents = retriever.invoke("Descaling a kettle with citric acid")
    texts = [document.page_content for document in documents]
    assert 0 < sum(shop.embedder.count_tokens(texts)) <= 60
    ranks = [document.metadata["rank"] for document in documents]
    assert ranks[0] == min(ranks) and ranks[-1] == sorted(ranks)[min(1, len(ranks) - 1)]


def test_a_generation_can_be_added_to_and_deleted_from(shop: Retriever) -> None:
    store = ShelftalkStore.over(shop)
    (first, *_) = store.similarity_search("How long is the cord?", scope=Scope("KT17"))
    assert store.get_by_ids([first.id or ""]) == [first]
    store.delete([first.id or ""])
    assert first not in store.similarity_search("How long is the cord?", k=99)
    assert store.get_by_ids([first.id or ""]) == []
    changed = Document(page_content="The cord is 1 m long.", id=first.id)
    assert store.add_documents([changed]) == [first.id]
    assert store.get_by_ids([first.id or ""]) == [changed]
    assert len(store.similarity_search("cord", k=999)) == len(shop.index.passages.rows(Scope()))
    assert shop.retrieve(Question("How long is the cord?"), 99), "the generation is as it was"


def test_an_added_document_is_in_its_product_s_scope_only(shop: Retriever) -> None:
    store = ShelftalkStore.over(shop)
    about = {"product_id": "KT12", "kind": "faq", "effective_until": "2020-01-01"}
    store.add_texts(["zebra", "zebra"], [about, {**about, "effective_until": None}], ids=["a", "b"])

    def found(scope: Scope) -> set[str]:
        every = store.similarity_search("zebra", k=999, scope=scope)
        return {document.id or "" for document in every} & {"a", "b"}

    assert found(Scope()) == found(Scope("KT12")) == {"b"}
    assert found(Scope("KT17")) == found(Scope(kinds=frozenset({Kind.SPEC}))) == set()
    with pytest.raises(FilterError, match="indexed documents only"):
        found(Scope(where=Comparison("eq", "brand", ("Brook",))))
    store.add_texts(["zebra"], [{"product_id": "NEW1"}], ids=["a"])
    every = store.similarity_search("zebra", k=999, scope=Scope("NEW1"))
    assert {tuple(one.metadata.get("product_ids", ["NEW1"])) for one in every} == {("NEW1",), ()}
    assert found(Scope("NEW1")) == {"a"} and found(Scope("KT12")) == {"b"}
    with pytest.raises(ScopeError):
        found(Scope("NEW2"))
    store.add_texts(["zebra"], [{"locale": "de"}], ids=["a"])
    assert found(Scope(locale="de-AT")) == {"a", "b"} and found(Scope(locale="en")) == {"b"}


@given(st.lists(st.text("abc ", max_size=8), min_size=1, max_size=8), st.text("abc ", max_size=8))
def test_relevance_is_from_0_to_1_and_falls_with_the_distance(texts: list[str], query: str) -> None:
    embeddings = VectorStoreIntegrationTests.get_embeddings()
    store = ShelftalkStore.from_texts(texts, embeddings)
    cosines = [score for _, score in store.similarity_search_with_score(query, k=9)]
    scores = [score for _, score in store.similarity_search_with_relevance_scores(query, k=9)]
    assert len(scores) == len(texts) and all(0 <= score <= 1 for score in scores)
    assert cosines == sorted(cosines, reverse=True) or len(set(texts)) < len(texts)
    assert scores == pytest.approx([(1 + cosine) / 2 for cosine in cosines], abs=1e-6)


def test_the_engine_is_a_runnable(shop: Retriever, small_index: Path) -> None:
    chat = ScriptedChat().enqueue("").enqueue("")
    engine = Engine(shop, chat, Settings(index=small_index))
    bodies = answers(engine).batch(["How long is the cord?", Question("cord?", Scope("KT17"))])
    assert [body["generation"] for body in bodies] == [engine.generation] * 2
    assert bodies[1]["passages"][0]["product_ids"] == ["KT17"]
