"""What the real embedder made of the sample shop."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from rag.embedding import open_embedder
from rag.index import Index

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def index(sample_index: Path) -> Iterator[Index]:
    opened = Index.open(sample_index)
    yield opened
    opened.close()


def test_the_model_cuts_nothing_off(index: Index) -> None:
    embedder = open_embedder("minilm")
    texts = [chunk.embedding_text for chunk in index.passages.all_chunks()]
    tokens = embedder.count_tokens(texts)
    assert len(tokens) == index.manifest.chunks > 4000
    assert max(tokens) <= index.manifest.chunk_tokens <= embedder.max_tokens


def test_every_passage_is_its_document_s_own_text(index: Index) -> None:
    for chunk in index.passages.all_chunks():
        document = index.passages.document(chunk.document_id)
        assert document.text[chunk.start : chunk.end] == chunk.text
        assert chunk.page == document.page_at(chunk.start)
        assert chunk.headings == document.headings_at(chunk.start)


def test_an_attribute_of_a_product_stands_alone_with_its_name(index: Index) -> None:
    tables = [
        chunk
        for chunk in index.passages.all_chunks()
        if index.passages.document(chunk.document_id).source.startswith(("specs/", "feed/"))
    ]
    weights = [chunk for chunk in tables if chunk.text.startswith("Weight: ")]
    assert len(weights) >= 40
    for chunk in weights:
        document = index.passages.document(chunk.document_id)
        (product,) = document.product_ids
        assert index.passages.catalogue().names[product] in chunk.embedding_text
        assert "\n" not in chunk.text
