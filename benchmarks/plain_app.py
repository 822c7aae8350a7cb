"""What one writes in an afternoon: FastAPI, the same model in PyTorch, FAISS, LangChain's filter.

As LangChain's FAISS store does, it takes the nearest `fetch_k` and drops those of other products.
`uvicorn benchmarks.plain_app:app` with SHELFTALK_INDEX serves the passages of that index.
"""

import os
from pathlib import Path
from typing import Any

import faiss
from fastapi import FastAPI
from pydantic import BaseModel

from rag.embedding import open_embedder
from rag.index import Index

FETCH_K = 20


class Query(BaseModel):
    """What is looked for, and on which product's page."""

    question: str
    product_id: str | None = None
    k: int = 5


app = FastAPI()
_index = Index.open(Path(os.environ["SHELFTALK_INDEX"]))
_chunks = list(_index.passages.all_chunks())
_products = [_index.passages.document(chunk.document_id).product_ids for chunk in _chunks]
_embedder = open_embedder("plain:minilm")
_faiss = faiss.IndexFlatIP(_embedder.dim)
_faiss.add(_embedder.encode_documents([chunk.embedding_text for chunk in _chunks]))


@app.post("/v1/search")
def search(query: Query) -> dict[str, Any]:
    """The nearest passages of the product and of the shop."""
    scores, rows = _faiss.search(_embedder.encode_queries([query.question]), FETCH_K)
    found = [
        {"document_id": _chunks[row].document_id, "text": _chunks[row].text, "score": float(score)}
        for row, score in zip(rows[0], scores[0], strict=True)
        if query.product_id is None or not _products[row] or query.product_id in _products[row]
    ]
    return {"passages": found[: query.k]}


@app.get("/readyz")
def readyz() -> dict[str, str]:
    """It is imported, so it is ready."""
    return {"status": "ready"}
