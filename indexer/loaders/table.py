"""CSV and TSV: a header row, then one row per product, variant, document or attribute.

The columns may be divided by commas, semicolons, tabs or pipes; which, the first rows tell.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, dropwhile, islice
from pathlib import Path

from indexer.draft import Draft, Outline
from indexer.loaders.attributes import Cell, Row, add_table, is_generic
from indexer.loaders.encoding import read_text
from indexer.loaders.long_table import Line, columns_of, gathered, is_long
from indexer.loaders.names import plain_name
from indexer.loaders.rows import (
    PRODUCT_ID,
    PROSE,
    QUESTIONS,
    TEXT,
    TITLE,
    draft_of,
    is_question,
)
from rag.errors import DocumentError
from rag.types import Kind

_DELIMITERS = ",;\t|"
_LONGEST_CELL = 10_000_000
_SAMPLE = 50_000
_LINES_ABOVE = 5
_COLUMNS = frozenset((*PRODUCT_ID, *TITLE, *TEXT, *PROSE))


def load(path: Path) -> Iterator[Draft | DocumentError]:
    """Yield a draft per row, or per product of a table of attributes, or what is wrong with it."""
    default = "\t" if path.suffix.lower() == ".tsv" else ","
    text, delimiter = _divided(read_text(path), default)
    yield from drafts_of(_records(text, delimiter))


def drafts_of(records: Iterator[list[str] | DocumentError]) -> Iterator[Draft | DocumentError]:
    """Yield the drafts of a table whose first row names the columns; a title may stand above it.

    Raises:
        DocumentError: there is no such row.
    """
    records = _below_title(records)
    header = next((record for record in records if record), [])
    if isinstance(header, DocumentError):
        raise header
    if not any(name.strip() for name in header):
        raise DocumentError("has no header row; name the columns in the first line")
    if is_question([plain_name(name) for name in header]):
        raise DocumentError(QUESTIONS)
    if is_generic(header):
        yield from _listed(header, records)
        return
    lines = _lines(_distinct(header), records)
    if (columns := columns_of(header)) is not None:
        whole = list(lines)
        if is_long(whole, columns):
            yield from gathered(whole, columns)
            return
        lines = iter(whole)
    taken: set[str] = set()
    for line in lines:
        yield line if isinstance(line, DocumentError) else _draft(line, taken)


def _below_title(
    records: Iterator[list[str] | DocumentError],
) -> Iterator[list[str] | DocumentError]:
    """The rows without a title above them: few lines of one cell, then a row of several."""
    above: list[list[str] | DocumentError] = []
    for record in islice(records, _LINES_ABOVE):
        above.append(record)
        if isinstance(record, DocumentError):
            break
        if record and not _may_be_title(record):
            several = sum(bool(cell.strip()) for cell in record) > 1
            return chain([record] if several else above, records)
    return chain(above, records)


def _may_be_title(record: Sequence[str]) -> bool:
    """Whether it has one cell, the first, and that is no column's name; or none below a title."""
    told = [cell for cell in record if cell.strip()]
    return not told or (
        len(told) == 1 and record[0] == told[0] and plain_name(told[0]) not in _COLUMNS
    )


def _listed(
    header: Sequence[str], records: Iterable[list[str] | DocumentError]
) -> Iterator[Draft | DocumentError]:
    """`Attribute | Value` and such rows: one document, after what is wrong with rows."""
    rows = [Row([Cell(name) for name in header], head=True)]
    for record in records:
        if isinstance(record, DocumentError):
            yield record
        else:
            rows.append(Row([Cell(cell) for cell in record]))
    outline = Outline()
    add_table(outline, rows)
    yield outline.finish(kind=Kind.SPEC)


def _draft(line: Line, taken: set[str]) -> Draft | DocumentError:
    place, cells = line
    try:
        return draft_of(cells, place, taken)
    except DocumentError as error:
        return error


def _divided(text: str, default: str) -> tuple[str, str]:
    """The table and its delimiter: the one that divides header and rows alike."""
    first, _, rest = text.partition("\n")
    stated = first.strip().lower()
    if stated.startswith("sep=") and stated[4:] in tuple(_DELIMITERS):  # as Excel writes it
        return rest, stated[4:]
    sample = text[:_SAMPLE]
    best, merit = default, (0.0, 1)
    for delimiter in sorted(_DELIMITERS, key=lambda one: one != default):
        reader = csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter)
        with _long_cells():
            rows = [row for row in islice(reader, 20) if row]
        rows = list(dropwhile(_may_be_title, rows)) or rows
        width = len(rows[0]) if rows else 0
        alike = sum(len(row) == width for row in rows[1:]) / max(1, len(rows) - 1)
        if width > 1 and (alike, width) > merit:
            best, merit = delimiter, (alike, width)
    return text, best


def _records(text: str, delimiter: str) -> Iterator[list[str] | DocumentError]:
    """The rows, blank ones empty; in place of one that cannot be told, what is wrong."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    while True:
        before = reader.line_num
        try:
            with _long_cells():
                record = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if "limit" in str(error):
                raise DocumentError(
                    f"is not a readable table near line {before + 1}: a cell is longer than "
                    f"{_LONGEST_CELL:,} characters; is a quote missing?"
                ) from error
            yield DocumentError(
                f"line {before + 1} has a quote that is not closed or not doubled; correct it"
            )
        else:
            yield record


@contextmanager
def _long_cells() -> Iterator[None]:
    """Admit long cells for as long as a row is read: the limit is the whole process's."""
    before = csv.field_size_limit(_LONGEST_CELL)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _distinct(header: Sequence[str]) -> list[str]:
    """The columns' names; a second `Feature` is told from the first, one without by its place."""
    names: list[str] = []
    for number, name in enumerate((one.strip() for one in header), 1):
        times = sum(one == name or one.startswith(f"{name} (") for one in names)
        names.append(f"{name} ({times + 1})" if name and times else name or f"Column {number}")
    return names


def _lines(
    names: Sequence[str], records: Iterable[list[str] | DocumentError]
) -> Iterator[Line | DocumentError]:
    number = 0
    for record in records:
        if isinstance(record, DocumentError):
            yield record
        elif record:
            number += 1
            place = f"row {number}"
            if any(record[len(names) :]):
                yield DocumentError(
                    f"{place} has more cells than the header has columns; correct it"
                )
            else:
                yield place, dict.fromkeys(names, "") | dict(zip(names, record, strict=False))
