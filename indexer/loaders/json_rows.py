"""JSON Lines, or a JSON array: one object per product, variant or document."""

import json
from collections.abc import Iterator
from pathlib import Path

from indexer.draft import Draft
from indexer.loaders.plain import read_text
from indexer.loaders.rows import draft_of
from rag.errors import DocumentError


def load(path: Path) -> Iterator[Draft | DocumentError]:
    """Yield a draft per object, or what is wrong with it."""
    for place, row in _objects(path):
        if isinstance(row, DocumentError):
            yield row
        elif not isinstance(row, dict):
            yield DocumentError(f"{place} is no JSON object but {type(row).__name__}; write {{…}}")
        elif "question" in row and not row.keys() & {"text", "content", "body"}:
            yield DocumentError(
                f"{place} is a question, not a document; list QA sets in .shelftalkignore"
            )
        else:
            try:
                yield draft_of(row, place)
            except DocumentError as error:
                yield error


def _objects(path: Path) -> Iterator[tuple[str, object]]:
    text = read_text(path)
    if path.suffix.lower() == ".json":
        try:
            whole = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise DocumentError(f"is not JSON: {error}") from error
        rows = whole if isinstance(whole, list) else [whole]
        yield from ((f"item {number}", row) for number, row in enumerate(rows, 1))
        return
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            place = f"line {number}"
            try:
                yield place, json.loads(line)
            except (ValueError, RecursionError) as error:
                yield (
                    place,
                    DocumentError(f"{place} is not JSON ({error}); the other lines are kept"),
                )
