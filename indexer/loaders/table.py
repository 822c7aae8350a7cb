"""CSV and TSV: a header row, then one row per product, variant or document."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from indexer.draft import Draft
from indexer.loaders.plain import read_text
from indexer.loaders.rows import draft_of
from rag.errors import DocumentError


def load(path: Path) -> Iterator[Draft | DocumentError]:
    """Yield a draft per row, or what is wrong with the row."""
    delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
    reader = csv.DictReader(io.StringIO(read_text(path), newline=""), delimiter=delimiter)
    try:
        columns = [name for name in reader.fieldnames or [] if name and name.strip()]
        if not columns:
            raise DocumentError("has no header row; name the columns in the first line")
        for number, row in enumerate(reader, 1):
            place = f"row {number}"
            if None in row:
                yield DocumentError(
                    f"{place} has more cells than the header has columns; correct it"
                )
                continue
            try:
                yield draft_of({name: row[name] or "" for name in columns}, place)
            except DocumentError as error:
                yield error
    except csv.Error as error:
        raise DocumentError(
            f"is not a readable table near row {reader.line_num}: {error}"
        ) from error
