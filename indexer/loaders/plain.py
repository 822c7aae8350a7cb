"""Plain text: paragraphs between blank lines. Also decodes text for the other loaders."""

import re
from collections.abc import Iterator
from pathlib import Path

from charset_normalizer import from_bytes

from indexer.draft import Draft, Outline
from rag.errors import DocumentError
from rag.types import BlockKind

_ITEM = re.compile(r"\s*(?:[-*•–]|\d{1,2}[.)])\s+")
_WESTERN = re.compile(
    r"(?!.*[À-ÿ]{3})[\x00-\x7f\xa0"
    "£€¥§©®°±²³µ¼½¾×·•™–—…‘’‚“”„‹›«»¿¡ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜßàáâãäåæçèéêëìíîïñòóôõöøùúûüœŒ]*",
    re.DOTALL,
)


def load(path: Path) -> Iterator[Draft]:
    """Yield the file as one draft."""
    outline = Outline()
    for paragraph in re.split(r"\n\s*\n", read_text(path)):
        lines = paragraph.splitlines()
        if any(_ITEM.match(line) for line in lines):
            for line in lines:
                outline.add(BlockKind.ITEM if _ITEM.match(line) else BlockKind.PARAGRAPH, line)
        else:
            outline.add(BlockKind.PARAGRAPH, " ".join(lines))
    yield outline.finish()


def read_text(path: Path) -> str:
    """The file's text: UTF-8 where it is valid, else the encoding it looks most like."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DocumentError(f"cannot be opened: {error.strerror}") from error
    try:
        return data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError:
        if western := _western(data):
            return western
        best = from_bytes(data).best()
        if best is None:
            raise DocumentError("is not text in any known encoding; save it as UTF-8") from None
        return str(best)


def _western(data: bytes) -> str | None:
    """The text as Windows-1252, where it then looks like a Western language.

    Asked first because a guess from the letters alone reads "£45" as "Ł45".
    """
    try:
        text = data.decode("cp1252")
    except UnicodeDecodeError:
        return None
    return text if _WESTERN.fullmatch(text) else None
