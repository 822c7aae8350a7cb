"""Bytes → text: the encoding that a file states, that is valid, or that it looks most like."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from charset_normalizer import from_bytes

from rag.errors import DocumentError

_MARKS = (
    (b"\xff\xfe\x00\x00", "utf-32"),  # before UTF-16, whose mark it begins with
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
    (b"\xef\xbb\xbf", "utf-8-sig"),
)
_SAMPLE = 200_000
"""So many bytes are looked at where an encoding must be guessed."""
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_WESTERN = re.compile(
    r"(?!.*[À-ÿ]{3})[\x00-\x7f\xa0"
    "£€¥§©®°±²³µ¼½¾×·•™–—…‘’‚“”„‹›«»¿¡ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜßàáâãäåæçèéêëìíîïñòóôõöøùúûüœŒ]*",
    re.DOTALL,
)


def read_text(path: Path) -> str:
    """The file's text.

    Raises:
        DocumentError: it cannot be opened, or is no text.
    """
    try:
        return decode(path.read_bytes())
    except OSError as error:
        raise DocumentError(f"cannot be opened: {error.strerror}") from error


def read_lines(path: Path) -> Iterator[str | DocumentError]:
    """The file's lines, ended by line feeds, one in memory at a time, or what is wrong with one.

    Raises:
        DocumentError: it cannot be opened, or is no text.
    """
    try:
        with path.open("rb") as file:
            head = file.read(_SAMPLE)
        encoding = _stated(head)
        if encoding is None:
            decode(head[: head.rfind(b"\n") + 1])  # if this is no text, no line of it is
            with path.open("rb") as file:
                yield from _decoded(file)
        else:
            with path.open(encoding=encoding, newline="\n") as lines:
                yield from lines
    except OSError as error:
        raise DocumentError(f"cannot be opened: {error.strerror}") from error
    except UnicodeError as error:
        raise DocumentError("is not text in the encoding it begins in; save it as UTF-8") from error


def _decoded(lines: Iterable[bytes]) -> Iterator[str | DocumentError]:
    """UTF-8 lines; those that are not, in the encoding that the first such one looks like."""
    older = None
    for number, line in enumerate(lines, 1):
        try:
            yield line.decode()
        except UnicodeDecodeError:
            try:
                older = older or _guessed(line)
                yield line.decode(older)
            except (UnicodeDecodeError, DocumentError):
                yield DocumentError(f"line {number} is not text; save the file as UTF-8")


def decode(data: bytes) -> str:
    """The text that bytes spell: UTF-8 where they are valid.

    Raises:
        DocumentError: they are no text.
    """
    try:
        try:
            text = data.decode(_stated(data[:_SAMPLE]) or "utf-8")
        except UnicodeDecodeError as error:
            start = data.rfind(b"\n", 0, max(0, error.start - _SAMPLE // 2)) + 1
            text = data.decode(_guessed(data[start : start + _SAMPLE]))
    except UnicodeDecodeError as error:
        raise DocumentError("is not text in any known encoding; save it as UTF-8") from error
    if len(_CONTROLS.findall(text, 0, _SAMPLE)) > 0.3 * min(len(text), _SAMPLE):
        raise _no_text()
    return text


def _no_text() -> DocumentError:
    return DocumentError(
        "is no text but binary data, or UTF-16 without a mark at its start; save it as UTF-8, or "
        "list it in .shelftalkignore"
    )


def _stated(head: bytes) -> str | None:
    """The encoding of a byte order mark, or of zeros in every second place."""
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    if 0 in head and len(head) > 1:
        # Half the bytes of UTF-16 only say which alphabet: two of them nearly always suffice.
        for half, other, encoding in ((1, 0, "utf-16-le"), (0, 1, "utf-16-be")):
            if _alike(head[half::2]) >= 0.9 > 0.6 > _alike(head[other::2]):
                return encoding
    return None


def _alike(data: bytes) -> float:
    """The share of zeros and of the byte that is the most frequent besides."""
    most = Counter(data.replace(b"\0", b"")).most_common(1)
    return (data.count(0) + (most[0][1] if most else 0)) / len(data)


def _guessed(data: bytes) -> str:
    """The older encoding that a stretch of text is most likely in.

    Windows-1252 is tried first, where the text then looks like a Western language: going by the
    letters alone, "£45" is taken for "Ł45".
    """
    if data.count(0) > len(data) / 1000:
        raise _no_text()
    try:
        if _WESTERN.fullmatch(data.decode("cp1252")):
            return "cp1252"
    except UnicodeDecodeError:
        pass
    whole = data[: data.rfind(b"\n") + 1] or data  # no character is cut in two
    telling = b"\n".join(line for line in whole.split(b"\n") if not line.isascii())
    best = from_bytes(telling).best()
    if best is None:
        raise DocumentError("is not text in any known encoding; save it as UTF-8")
    return best.encoding
