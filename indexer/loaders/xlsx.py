"""Excel workbooks: every visible sheet is a table, read as CSV is."""

import warnings
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, time
from pathlib import Path

from openpyxl import load_workbook
from openpyxl.cell.cell import Cell, MergedCell
from openpyxl.worksheet.worksheet import Worksheet

from indexer.draft import Draft
from indexer.loaders.packed import require_modest
from indexer.loaders.table import drafts_of
from rag.errors import DocumentError


def load(path: Path) -> Iterator[Draft | DocumentError]:
    """Yield the drafts of all sheets; with several, what tells their rows apart is the sheet."""
    require_modest(path, "an .xlsx workbook")
    try:
        with path.open("rb") as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of styles and extensions, which are not read
            book = load_workbook(file, data_only=True)
    except MemoryError:
        raise
    except Exception as error:  # openpyxl raises whatever a malformed file leads it into
        raise DocumentError(
            f"cannot be read as an .xlsx workbook ({type(error).__name__}: {error}); save it again"
        ) from error
    sheets = [
        sheet
        for sheet in book.worksheets
        if sheet.sheet_state == "visible" and next(_rows(sheet), None)
    ]
    for sheet in sheets:
        apart = f"{sheet.title}-" if len(sheets) > 1 else ""
        try:
            for draft in drafts_of(_rows(sheet)):
                if isinstance(draft, DocumentError):
                    yield DocumentError(f"sheet {sheet.title}: {draft}") if apart else draft
                elif apart:
                    yield replace(draft, row=f"{apart}{draft.row or 'list'}")
                else:
                    yield draft
        except DocumentError as error:
            yield DocumentError(f"sheet {sheet.title} {error}")


def _rows(sheet: Worksheet) -> Iterator[list[str] | DocumentError]:
    """The visible cells of the rows that are not blank."""
    merged = {
        (row, column): (area.min_row, area.min_col)
        for area in sheet.merged_cells.ranges
        if area.size["rows"] * area.size["columns"] <= sheet.max_row * sheet.max_column
        for row, column in area.cells
    }
    hidden = {
        column
        for dimension in sheet.column_dimensions.values()
        if dimension.hidden
        for column in range(dimension.min or 0, (dimension.max or 0) + 1)
    }
    for cells in sheet.iter_rows():
        if not cells or sheet.row_dimensions[cells[0].row or 0].hidden:
            continue
        row = []
        for cell in cells:
            if cell.column in hidden:
                continue
            if isinstance(cell, MergedCell):  # what spans several rows counts for each of them
                top, left = merged.get((cell.row, cell.column), (cell.row, cell.column))
                row.append(_shown(sheet.cell(top, left)) if left == cell.column else "")
            else:
                row.append(_shown(cell))
        if any(row):
            yield row


def _shown(cell: Cell | MergedCell) -> str:
    """What a cell holds. Of number formats, percentages and leading zeros are honoured."""
    value, shown_as = cell.value, cell.number_format or ""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case datetime() if value.time() == time():
            return value.date().isoformat()
        case datetime() | date() | time():
            return value.isoformat(" ") if isinstance(value, datetime) else value.isoformat()
        case float() | int() if "%" in shown_as:
            return f"{round(100 * value, 6):g}%"
        case int() if set(shown_as) == {"0"}:
            return str(value).zfill(len(shown_as))
        case float():
            return str(int(value)) if value.is_integer() else repr(round(value, 10))
    return str(value).strip()
