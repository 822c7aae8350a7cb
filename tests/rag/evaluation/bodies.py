"""Answers' bodies and gold, made by hand."""

from typing import Any

from rag.evaluation.questions import Source
from rag.evaluation.sources import Gold
from rag.types import Span


def gold(
    *documents: str, page: int | None = None, grade: int = 1, span: Span | None = None
) -> Gold:
    """A source that any of these documents is."""
    return Gold(Source(documents[0], page, grade=grade), dict.fromkeys(documents, span))


def passage(
    document: str, page: int | None = None, start: int = 0, end: int = 10
) -> dict[str, Any]:
    return {
        "document_id": document,
        "page": page,
        "start": start,
        "end": end,
        "score": 0.5,
        "title": document,
        "heading": [],
        "source": document,
    }


def citation(number: int, document: str, quote: str, page: int | None = None) -> dict[str, Any]:
    return {**passage(document, page), "number": number, "quote": quote}


def body(
    *statements: tuple[str, list[int]], cited: tuple[Any, ...] = (), **more: Any
) -> dict[str, Any]:
    """An answer of these sentences; without any, silence."""
    return {
        "status": "answered" if statements else "abstained",
        "answer": " ".join(text for text, _ in statements) or "The documents don't say.",
        "confidence": 0.5,
        "statements": [{"text": text, "citations": marks} for text, marks in statements],
        "citations": list(cited),
        "passages": [passage("d1"), passage("d2")],
        "choices": [],
        "timings_ms": {"retrieve": 1.0, "total": 2.0},
        **more,
    }
