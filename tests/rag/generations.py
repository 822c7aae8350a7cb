"""Generations made straight from documents or vectors, without files to read them from."""

from collections.abc import Generator, Sequence
from contextlib import closing
from pathlib import Path

import faiss
import numpy as np

from indexer.row import document_row
from indexer.store import PassageWriter
from rag import dense, lexical
from rag.manifest import LEXICAL, PASSAGES, VECTORS, Layout, Manifest, digests
from rag.types import Block, BlockKind, Chunk, Document, Kind
from rag.vectors import Vectors


def a_document(id: str = "a.md", text: str = "Weight: 1 kg", **changes: object) -> Document:
    values: dict[str, object] = {
        "id": id,
        "kind": Kind.PAGE,
        "title": "Title",
        "text": text,
        "source": id,
        "blocks": (Block(BlockKind.PARAGRAPH, 0, len(text)),),
    }
    return Document(**{**values, **changes})  # type: ignore[arg-type]


def whole(document: Document) -> Chunk:
    """The document as one chunk."""
    text = document.text
    return Chunk(f"chunk-{document.id}", document.id, 0, len(text), text, f"Title\n{text}")


def write_passages(path: Path, documents: Sequence[Document]) -> None:
    """One chunk a document, in the order given."""
    with closing(PassageWriter(path)) as writer:
        for document in documents:
            writer.add(document_row(document, 0, []))
        writer.settle()
        writer.name_products()
        for document in documents:
            writer.add_chunks(document, "", iter([whole(document)]))


def write_generation(
    folder: Path,
    documents: Sequence[Document],
    vectors: Vectors,
    id: str = "20260101T000000-x",
    kind: dense.Kind = dense.Kind.FLAT,
) -> Path:
    """Write and publish a generation into an index folder; return the generation's folder."""
    layout = Layout(folder)
    generation = layout.generations / id
    generation.mkdir(parents=True)
    write_passages(generation / PASSAGES, documents)
    index = finished(dense.build(len(vectors), vectors.shape[1], [vectors], kind))
    (generation / VECTORS).write_bytes(np.asarray(faiss.serialize_index(index)).tobytes())
    lexical.write((whole(document).embedding_text for document in documents), generation / LEXICAL)
    Manifest(
        id=id,
        created="2026-01-01T00:00:00+00:00",
        model="hashing",
        model_sha256="0" * 64,
        dim=vectors.shape[1],
        chunk_tokens=120,
        documents=len(documents),
        chunks=len(documents),
        corpus_digest="0" * 64,
        files=digests(generation),
    ).write(generation)
    layout.current.write_text(id + "\n")
    return generation


def finished(steps: Generator[int, None, faiss.Index]) -> faiss.Index:
    """What a build comes to."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            index: faiss.Index = end.value
            return index


def random_vectors(rng: np.random.Generator, count: int, dim: int = 16) -> Vectors:
    """Unit vectors from a coarse grid, so that many are alike and many scores tie."""
    grid = rng.integers(-1, 2, size=(count, dim)).astype(np.float32)
    grid[~grid.any(axis=1), 0] = 1
    copies = rng.integers(0, count, size=count // 3)
    grid[: len(copies)] = grid[copies]
    return np.asarray(grid / np.linalg.norm(grid, axis=1, keepdims=True), dtype=np.float32)
