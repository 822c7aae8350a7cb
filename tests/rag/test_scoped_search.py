"""Random scopes over a random shop of siblings: exactly what they admit, in either index."""

from collections.abc import Iterator
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rag.dense
from rag.filters import Comparison, Filter, Group
from rag.index import Index
from rag.retrieval import Retriever
from rag.types import Document, Kind, Question, Scope
from tests.doubles import HashingEmbedder
from tests.rag.generations import a_document, write_generation

COUNT = 600
SERIES = [f"KT{number}" for number in range(12)]
WORDS = (
    "weight cord lid kettle litre boil red sage warranty clean base filter cup fast quiet".split()
)


def _documents() -> list[Document]:
    rng = np.random.default_rng(11)
    documents = []
    for at in range(COUNT):
        owner = SERIES[rng.integers(len(SERIES))]
        owned = rng.random() < 0.8
        variant = f"{owner}-{'RED' if rng.random() < 0.5 else 'SAGE'}"
        documents.append(
            a_document(
                f"{at}.md",
                f"{' '.join(rng.choice(WORDS, 5))} {at}",
                kind=list(Kind)[rng.integers(len(Kind))],
                product_ids=(owner,) if owned else (),
                variant_ids=(variant,) if owned and rng.random() < 0.5 else (),
                locale=[None, "en", "de"][rng.integers(3)],
                effective_until=date(2024, 1, 1) if rng.random() < 0.2 else None,
                metadata={"shop": ["uk", "de"][rng.integers(2)], "rating": int(rng.integers(1, 6))},
            )
        )
    return documents


DOCUMENTS = _documents()


@pytest.fixture(scope="module", params=rag.dense.Kind)
def retriever(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Retriever]:
    folder = tmp_path_factory.mktemp("shop")
    embedder = HashingEmbedder(dim=64)
    vectors = embedder.encode_documents([document.text for document in DOCUMENTS])
    write_generation(folder, DOCUMENTS, vectors, kind=request.param)
    index = Index.open(folder)
    embedder.sha256 = index.manifest.model_sha256
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rag.dense, "EXACT_MOST", 20)  # so that larger scopes go through a selector
        yield Retriever(index, embedder)
    index.close()


RATED = Comparison("gte", "rating", (4,))
FACTS = Comparison("in", "kind", ("spec", "manual"))
scopes = st.builds(
    Scope,
    product_id=st.sampled_from([None, *SERIES]),
    kinds=st.frozensets(st.sampled_from(Kind), max_size=3),
    locale=st.sampled_from([None, "en", "de"]),
    as_of=st.sampled_from([date(2023, 6, 1), date(2025, 6, 1)]),
    shop=st.sampled_from([None, "uk", "de"]),
    where=st.sampled_from([None, RATED, FACTS, Group("or", (RATED, FACTS))]),
)


def _fulfils(where: Filter | None, document: Document) -> bool:
    rated = int(str(document.metadata.get("rating", 0))) >= 4
    fact = document.kind in (Kind.SPEC, Kind.MANUAL)
    return where is None or (
        rated if where is RATED else fact if where is FACTS else rated or fact
    )  # fmt: skip


def _admits(scope: Scope, document: Document) -> bool:
    assert scope.as_of is not None
    return (
        (not document.product_ids or scope.product_id in (None, *document.product_ids))
        and (not scope.kinds or document.kind in scope.kinds)
        and (scope.locale is None or document.locale in (None, scope.locale))
        and (document.effective_until is None or document.effective_until >= scope.as_of)
        and (scope.shop is None or document.metadata.get("shop", scope.shop) == scope.shop)
        and _fulfils(scope.where, document)
    )


@given(
    scopes,
    st.sampled_from([1, 3, 10, 70, 1000]),
    st.lists(st.sampled_from([*WORDS, *SERIES]), min_size=1, max_size=4).map(" ".join),
)
def test_a_scope_gives_exactly_k_of_what_it_admits(
    retriever: Retriever, scope: Scope, k: int, text: str
) -> None:
    admitted = {document.id for document in DOCUMENTS if _admits(scope, document)}
    question, about = retriever.planner.understand(Question(text, scope))
    product = question.scope.product_id
    if not scope.product_id:  # the one it names, or those it may mean, narrow it down
        meant = {product} if product else {*about.named, *about.choices}
        admitted = {
            document.id
            for document in DOCUMENTS
            if document.id in admitted
            and (not meant or not document.product_ids or meant & {*document.product_ids})
        }
    found = [passage.document.id for passage in retriever.retrieve(Question(text, scope), k)]
    assert len(found) == len(set(found)) == min(k, len(admitted))
    assert set(found) <= admitted


@given(st.sampled_from(SERIES), st.sampled_from(SERIES), st.sampled_from(WORDS))
def test_a_sibling_named_on_a_product_s_page_is_never_quoted(
    retriever: Retriever, product: str, sibling: str, word: str
) -> None:
    passages = retriever.retrieve(Question(f"{word} of the {sibling}", Scope(product)), 50)
    assert {passage.document.product_ids for passage in passages} <= {(product,), ()}
