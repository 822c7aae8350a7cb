"""PDF through pypdf: reading order, headings, tables, and the page of every character."""

import logging
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from pypdf import DocumentInformation, PageObject, PdfReader
from pypdf.errors import DependencyError

from indexer.draft import Draft, Outline
from indexer.loaders.pdf_layout import (
    Fragment,
    Piece,
    body_size,
    heading_sizes,
    pieces,
    without_furniture,
)
from rag.errors import DocumentError, EmptyDocumentError
from rag.types import Kind

# What is wrong with a file is in the report; pypdf would say it on the terminal as well.
logging.getLogger("pypdf").setLevel(logging.CRITICAL)

_NO_TITLE = frozenset({"", "untitled", "(anonymous)"})
_BROKEN = re.compile(r"(\w+)-\u00ad(\w+)")


def load(path: Path) -> Iterator[Draft]:
    """Yield the file as one draft with its pages; title and dates come from its metadata."""
    try:
        reader = PdfReader(path)
        if reader.is_encrypted and not _opens(reader):
            raise DocumentError("is encrypted; save a copy without a password and index that")
        drawn = [_fragments(page) for page in reader.pages]
        about = reader.metadata
        title = str(about.title) if about and about.title else ""
        metadata = _days(about) if about else {}
    except (DocumentError, MemoryError):
        raise
    except Exception as error:  # pypdf raises whatever a malformed file leads it into
        raise DocumentError(
            f"cannot be read as a PDF ({error}); export it again and index that"
        ) from error
    if not any(drawn):
        raise EmptyDocumentError(
            f"has no text on its {len(drawn)} pages; if it is a scan, run OCR and index the result"
        )
    pages = without_furniture(drawn)
    body = body_size(pages)
    headings = heading_sizes(pages, body)
    laid_out = [list(pieces(page, body, headings)) for page in pages]
    everything = " ".join(piece.text for page in laid_out for piece in page)
    outline = Outline()
    for number, page_pieces in enumerate(laid_out, 1):
        outline.begin_page(number)
        for piece in page_pieces:
            outline.add(piece.kind, _unbroken(piece, everything), piece.level)
    known = None if title.strip().lower() in _NO_TITLE else title
    yield outline.finish(title=known, metadata=metadata, kind=Kind.MANUAL)


def _days(about: DocumentInformation) -> dict[str, object]:
    """The days on which the file was made and changed, where it says so in a way that is read."""
    days: dict[str, object] = {}
    for name, key in (("created", "creation_date"), ("modified", "modification_date")):
        with suppress(Exception):  # whatever stands in their place
            if when := getattr(about, key):
                days[name] = when.date().isoformat()
    return days


def _opens(reader: PdfReader) -> bool:
    try:
        return bool(reader.decrypt(""))
    except DependencyError:  # a cipher that needs another package
        return False


def _fragments(page: PageObject) -> list[Fragment]:
    found: list[Fragment] = []

    def visit(text: str, cm: list[float], tm: list[float], font: Any, size: float) -> None:  # noqa: ANN401
        if text.strip():
            x = tm[4] * cm[0] + tm[5] * cm[2] + cm[4]
            y = tm[4] * cm[1] + tm[5] * cm[3] + cm[5]
            name = str((font or {}).get("/BaseFont", ""))
            scale = abs(tm[3] * cm[3]) or 1.0
            found.append(Fragment(x, y, size * scale, "bold" in name.lower(), text))

    page.extract_text(visitor_text=visit)
    return found


def _unbroken(piece: Piece, everything: str) -> str:
    """Rejoin words broken at a line's end; the hyphen stays where the text has it elsewhere."""

    def whole(match: re.Match[str]) -> str:
        hyphenated = f"{match[1]}-{match[2]}"
        return hyphenated if hyphenated in everything else match[1] + match[2]

    return _BROKEN.sub(whole, piece.text)
