"""Shelftalk in a LangChain program: a retriever, a vector store, and the engine as a Runnable."""

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import Runnable, RunnableLambda
from langchain_core.vectorstores import VectorStore
from pydantic import ConfigDict

from rag.body import answer_body
from rag.embedding import Embedder
from rag.engine import Engine
from rag.errors import FilterError, ScopeError
from rag.index import Index
from rag.locale import base_language
from rag.packing import Extract
from rag.passages import Rows
from rag.retrieval import Retriever
from rag.types import Chunk, Passage, Question, Scope
from rag.types import Document as Source
from rag.vectors import Vectors


def answers(engine: Engine) -> Runnable[str | Question, dict[str, Any]]:
    """The engine as a Runnable: a question → the answer body of HTTP and of `ask --json`."""

    def ask(question: str | Question) -> dict[str, Any]:
        asked = Question(question) if isinstance(question, str) else question
        return answer_body(engine.ask(asked))

    return RunnableLambda(ask, name="shelftalk")


class ShelftalkRetriever(BaseRetriever):
    """The ranking of `Retriever.retrieve`, as LangChain documents."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    retriever: Retriever
    k: int = 5
    scope: Scope = Scope()
    budget: int | None = None
    """With it, neighbours are merged, and all together have at most so many tokens."""

    def _get_relevant_documents(
        self,
        query: str,
        *,
        run_manager: CallbackManagerForRetrieverRun,
        k: int | None = None,
        scope: Scope | None = None,
    ) -> list[Document]:
        question = Question(query, scope or self.scope)
        if self.budget is not None:
            extracts = self.retriever.packed(question, k or self.k, self.budget)
            return [_of_extract(extract) for extract in extracts]
        return [_of_passage(passage) for passage in self.retriever.retrieve(question, k or self.k)]


class ShelftalkEmbeddings(Embeddings):
    """An embedder of ours, as LangChain calls it."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """One unit vector a text."""
        found: list[list[float]] = self._embedder.encode_documents(texts).tolist()
        return found

    def embed_query(self, text: str) -> list[float]:
        """The unit vector of a question."""
        found: list[float] = self._embedder.encode_queries([text])[0].tolist()
        return found


class ShelftalkStore(VectorStore):
    """The vectors of a generation, and what is added to and deleted from them in memory.

    The generation itself is immutable: what is to stay is indexed and published. A document's
    metadata (`product_id`, `kind`, `locale`, …) puts it into scopes as an indexed one.
    """

    def __init__(self, embedding: Embeddings, index: Index | None = None) -> None:
        """Begin with a generation made with the same embedding, or with nothing."""
        self._embedding = embedding
        self._index = index
        self._gone: frozenset[int] = frozenset()
        """Rows of the generation that were deleted or replaced."""
        self._added: Mapping[str, tuple[Document, Vectors]] = {}

    @classmethod
    def over(cls, retriever: Retriever) -> "ShelftalkStore":
        """The store of a retriever's generation."""
        return cls(ShelftalkEmbeddings(retriever.embedder), retriever.index)

    @classmethod
    def from_texts(
        cls,
        texts: list[str],
        embedding: Embeddings,
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: list[str] | None = None,
        **kwargs: Any,  # noqa: ANN401
    ) -> "ShelftalkStore":
        """A store of these texts alone."""
        store = cls(embedding, **kwargs)
        store.add_texts(texts, metadatas, ids=ids)
        return store

    @property
    def embeddings(self) -> Embeddings:
        """What turns texts into vectors."""
        return self._embedding

    def add_texts(
        self,
        texts: Iterable[str],
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: Sequence[str | None] | None = None,
        **kwargs: Any,  # noqa: ANN401
    ) -> list[str]:
        """Add texts, or replace those of the same ids; returns the ids."""
        given = list(texts)
        names = [id or str(uuid.uuid4()) for id in ids or [None] * len(given)]
        vectors = self._embedding.embed_documents(given)
        entries = zip(names, given, metadatas or [{} for _ in given], vectors, strict=True)
        new = {
            id: (Document(page_content=text, metadata=dict(metadata), id=id), _unit(vector))
            for id, text, metadata, vector in entries
        }
        self._gone |= self._rows_of(names)
        self._added = {**self._added, **new}
        return names

    def delete(self, ids: list[str] | None = None, **kwargs: Any) -> bool:  # noqa: ANN401
        """Delete documents, all of them without ids; unknown ids are passed over."""
        if ids is None:
            self._gone = (
                frozenset(range(self._index.manifest.chunks)) if self._index else frozenset()
            )
            self._added = {}
            return True
        self._gone |= self._rows_of(ids)
        self._added = {id: entry for id, entry in self._added.items() if id not in set(ids)}
        return True

    def get_by_ids(self, ids: Sequence[str], /) -> list[Document]:
        """Those that exist, in the order asked for."""
        found = {id: self._added[id][0] for id in ids if id in self._added}
        rows = self._rows_of(ids) - self._gone
        found |= {document.id or "": document for document in self._indexed(sorted(rows))}
        return [found[id] for id in dict.fromkeys(ids) if id in found]

    def similarity_search(
        self,
        query: str,
        k: int = 4,
        *,
        scope: Scope | None = None,
        **kwargs: Any,  # noqa: ANN401
    ) -> list[Document]:
        """The min(k, existing) nearest documents."""
        return [
            document for document, _ in self.similarity_search_with_score(query, k, scope=scope)
        ]

    def similarity_search_with_score(
        self,
        query: str,
        k: int = 4,
        *,
        scope: Scope | None = None,
        **kwargs: Any,  # noqa: ANN401
    ) -> list[tuple[Document, float]]:
        """The same with their cosines."""
        return self._nearest(_unit(self._embedding.embed_query(query)), k, scope or Scope())

    def similarity_search_by_vector(
        self,
        embedding: list[float],
        k: int = 4,
        *,
        scope: Scope | None = None,
        **kwargs: Any,  # noqa: ANN401
    ) -> list[Document]:
        """The min(k, existing) documents nearest to a vector."""
        return [found for found, _ in self._nearest(_unit(embedding), k, scope or Scope())]

    def _select_relevance_score_fn(self) -> Callable[[float], float]:
        return lambda cosine: min(max((1 + cosine) / 2, 0.0), 1.0)

    def _nearest(self, query: Vectors, k: int, scope: Scope) -> list[tuple[Document, float]]:
        if self._added and scope.where is not None:
            raise FilterError(
                "Filters are asked of indexed documents only, and this store holds added ones. "
                "Index them, or leave the filter out."
            )
        found = [
            (document, float((query @ vector.T)[0, 0]))
            for document, vector in self._added.values()
            if _admits(scope, document.metadata)
        ]
        if self._index is not None:
            admitted = self._admitted(self._index, scope)
            left: Rows = np.setdiff1d(admitted, np.fromiter(self._gone, np.int64, len(self._gone)))
            rows, scores = self._index.dense(query, left, k)
            indexed = self._indexed([int(row) for row in rows])
            found += zip(indexed, map(float, scores), strict=True)
        found.sort(key=lambda one: (-round(one[1], 5), one[0].id or ""))
        return found[: max(k, 0)]

    def _admitted(self, index: Index, scope: Scope) -> Rows:
        """The rows in a scope; of a product that only added documents name, the shop's own."""
        try:
            return index.passages.rows(scope)
        except ScopeError:
            known = index.passages.catalogue(scope.shop).products
            added = (document.metadata for document, _ in self._added.values())
            own = (one for one in added if scope.product_id in _values(one, "product_id"))
            if scope.product_id in known or not any(_admits(scope, one) for one in own):
                raise
        rows = index.passages.rows(replace(scope, product_id=None, variant_id=None))
        return rows[~index.passages.heads.owned[rows]]

    def _rows_of(self, ids: Sequence[str]) -> frozenset[int]:
        return frozenset(self._index.passages.rows_of_ids(ids)) if self._index else frozenset()

    def _indexed(self, rows: Sequence[int]) -> list[Document]:
        if self._index is None or not rows:
            return []
        passages = self._index.passages
        return [
            _document(chunk, passages.document(chunk.document_id))
            for chunk in passages.chunks(rows)
        ]


def _unit(vector: Sequence[float]) -> Vectors:
    row = np.asarray(vector, dtype=np.float32)[None]
    return np.asarray(row / max(float(np.linalg.norm(row)), 1e-12), dtype=np.float32)


def _admits(scope: Scope, metadata: Mapping[str, Any]) -> bool:
    """Whether an added document is in a scope, by the rule for indexed ones."""
    day = (scope.as_of or date.today()).isoformat()
    products, variants = (_values(metadata, name) for name in ("product_id", "variant_id"))
    locale = base_language(metadata["locale"]) if metadata.get("locale") else None
    return (
        (not products or scope.product_id in (None, *products))
        and (not variants or scope.variant_id in (None, *variants))
        and (not scope.kinds or metadata.get("kind", "page") in scope.kinds)
        and (scope.locale is None or locale in (None, base_language(scope.locale)))
        and (scope.shop is None or metadata.get("shop") in (None, scope.shop))
        and str(metadata.get("effective_from") or day) <= day
        and str(metadata.get("effective_until") or day) >= day
    )


def _values(metadata: Mapping[str, Any], name: str) -> list[Any]:
    found = metadata.get(f"{name}s", metadata.get(name))
    return found if isinstance(found, list) else [] if found is None else [found]


def _of_passage(passage: Passage) -> Document:
    document = _document(passage.chunk, passage.document)
    document.metadata |= {"rank": passage.rank, "score": passage.score}
    return document


def _of_extract(extract: Extract) -> Document:
    about = _about(extract.document, extract.start, extract.end)
    return Document(page_content=extract.text, metadata=about | {"rank": extract.rank})


def _document(chunk: Chunk, source: Source) -> Document:
    about = _about(source, chunk.start, chunk.end)
    return Document(page_content=chunk.text, metadata=about, id=chunk.id)


def _about(source: Source, start: int, end: int) -> dict[str, Any]:
    """What a citation needs: `document.text[start:end]` is the content."""
    return {
        "document_id": source.id,
        "title": source.title,
        "source": source.source,
        "url": source.url,
        "kind": source.kind.value,
        "product_ids": list(source.product_ids),
        "page": source.page_at(start),
        "heading": list(source.headings_at(start)),
        "start": start,
        "end": end,
    }
