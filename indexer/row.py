"""A document as the row it is stored as, plain enough to pass between processes."""

import json
from collections.abc import Sequence

from indexer.report import Guess
from rag.types import Document

DocumentRow = Sequence[str | int | None]
"""The columns of `documents` up to `guesses`, in their order: a document on its way."""


def document_row(document: Document, number: int, guesses: Sequence[Guess]) -> DocumentRow:
    """A document as the row it is stored as; `number` is its place in its file."""
    return (
        document.id,
        document.kind.value,
        document.title,
        document.text,
        document.source,
        number,
        document.locale,
        document.url,
        document.effective_from.isoformat() if document.effective_from else None,
        document.effective_until.isoformat() if document.effective_until else None,
        document.version,
        json.dumps([tuple(block) for block in document.blocks]),
        json.dumps([tuple(page) for page in document.pages]),
        json.dumps(dict(document.metadata), default=str, allow_nan=False),
        json.dumps(document.product_ids),
        json.dumps(document.variant_ids),
        json.dumps(guesses),
    )
