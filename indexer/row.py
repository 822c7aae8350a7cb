"""A document as the row it is stored as, plain enough to pass between processes."""

import json
from collections.abc import Sequence
from typing import NamedTuple

from indexer.report import Guess
from rag.types import Document


class DocumentRow(NamedTuple):
    """A document on its way: columns of `documents` by their names, lists and objects as JSON."""

    id: str
    kind: str
    title: str
    text: str
    source: str
    number: int
    """Its place in its file."""
    locale: str | None
    url: str | None
    effective_from: str | None
    effective_until: str | None
    version: str | None
    blocks: str
    pages: str
    metadata: str
    product_ids: str
    variant_ids: str
    guesses: str


def document_row(document: Document, number: int, guesses: Sequence[Guess]) -> DocumentRow:
    """A document as the row it is stored as; `number` is its place in its file."""
    return DocumentRow(
        id=document.id,
        kind=document.kind.value,
        title=document.title,
        text=document.text,
        source=document.source,
        number=number,
        locale=document.locale,
        url=document.url,
        effective_from=document.effective_from.isoformat() if document.effective_from else None,
        effective_until=document.effective_until.isoformat() if document.effective_until else None,
        version=document.version,
        blocks=json.dumps([tuple(block) for block in document.blocks]),
        pages=json.dumps([tuple(page) for page in document.pages]),
        metadata=json.dumps(dict(document.metadata), default=str, allow_nan=False),
        product_ids=json.dumps(document.product_ids),
        variant_ids=json.dumps(document.variant_ids),
        guesses=json.dumps(guesses),
    )
