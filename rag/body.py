"""Answers and passages as the JSON bodies that the command line and HTTP share."""

from collections.abc import Mapping
from typing import Any

import orjson

from rag.types import Answer, Citation, Passage, Statement

Body = dict[str, Any]


def as_json(body: Mapping[str, Any]) -> bytes:
    """A body as it is sent and kept; several times as fast as the standard library writes it."""
    return orjson.dumps(body)


def answer_body(answer: Answer) -> Body:
    """The whole answer."""
    return {
        "status": answer.status.value,
        "answer": answer.text,
        "confidence": answer.confidence,
        "statements": [statement_body(statement) for statement in answer.statements],
        "citations": [citation_body(citation) for citation in answer.citations],
        "passages": [passage_body(passage) for passage in answer.passages],
        "conflicts": list(answer.conflicts),
        "choices": [{"product_id": id, "name": name} for id, name in answer.choices.items()],
        "generation": answer.generation,
        "model": answer.model,
        "timings_ms": dict(answer.timings_ms),
        "degraded": answer.degraded,
        "cached": answer.cached,
    }


def statement_body(statement: Statement) -> Body:
    """One verified sentence."""
    return {
        "text": statement.text,
        "citations": list(statement.citations),
        "verdict": statement.verdict.value,
    }


def citation_body(citation: Citation) -> Body:
    """What a citation number stands for; `document.text[start:end] == quote`."""
    return {
        "number": citation.number,
        "document_id": citation.document_id,
        "title": citation.title,
        "source": citation.source,
        "url": citation.url,
        "kind": citation.kind.value,
        "page": citation.page,
        "heading": list(citation.heading),
        "quote": citation.quote,
        "start": citation.start,
        "end": citation.end,
    }


def passage_body(passage: Passage) -> Body:
    """A retrieved passage with the parts of its score."""
    chunk, document = passage.chunk, passage.document
    return {
        "rank": passage.rank,
        "score": passage.score,
        "scores": dict(passage.scores),
        "id": chunk.id,
        "document_id": document.id,
        "title": document.title,
        "source": document.source,
        "url": document.url,
        "kind": document.kind.value,
        "product_ids": list(document.product_ids),
        "page": chunk.page,
        "heading": list(chunk.headings),
        "text": chunk.text,
        "start": chunk.start,
        "end": chunk.end,
    }
