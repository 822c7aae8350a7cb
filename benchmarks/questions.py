"""The sample shop's questions, as the benchmarks read them."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rag.types import Answer, Scope

Row = dict[str, Any]
FILE = Path(__file__).parent.parent / "corpus" / "qa.jsonl"


def questions(split: str) -> list[Row]:
    """The questions of one split, in file order."""
    lines = FILE.read_text(encoding="utf-8").splitlines()
    return [row for row in map(json.loads, lines) if row["split"] == split]


def scope_of(row: Row) -> Scope:
    """Where the question was asked."""
    return Scope(product_id=row.get("product_id"))


def gold_names(sources: Sequence[str]) -> list[tuple[str, int | None]]:
    """Document ids or paths of the gold sources, with the page where one is named."""
    split = [source.partition("#page=") for source in sources]
    return [(name, int(page) if page else None) for name, _, page in split]


def cites(answer: Answer, sources: Sequence[str]) -> bool:
    """Whether a gold source, at its page where one is given, is cited."""
    return any(
        name in (citation.document_id, citation.source) and page in (None, citation.page)
        for citation in answer.citations
        for name, page in gold_names(sources)
    )
