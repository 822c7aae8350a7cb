"""Draft sentence + evidence → verdict. Pure functions; no model is asked.

A sentence is supported by a piece of evidence when every number and code (model number, rating)
it states stands there, its polarity is the same, and most of its content words stand there or in
the title and headings above it. Citation numbers a model writes are never trusted: they are
removed, and the evidence that supports the sentence is cited.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from rag.text import codes, content_terms, is_negated, numbers
from rag.types import Citation, Evidence, Verdict

COVERAGE = 0.6
"""Least share of a sentence's content terms that must stand in its evidence."""

_MARKER = re.compile(r"\s*\[\s*\d[\d\s,;–-]*\]")
_YES = re.compile(r"^(?:yes|ja|oui|sí)\b|^(?:是的|可以)", re.IGNORECASE)


class Check(NamedTuple):
    """The verdict on a sentence and the index of the evidence it rests on, if any."""

    verdict: Verdict
    evidence: int | None


def without_markers(sentence: str) -> str:
    """The sentence without citation marks such as `[1]` or `[2, 3]`."""
    return _MARKER.sub("", sentence).strip()


def verify(sentence: str, evidence: Sequence[Evidence]) -> Check:
    """Check one sentence against the evidence and pick the piece that carries it best.

    Contradicted means: the words stand there, but a number or the polarity differs.
    """
    best, best_coverage = Check(Verdict.UNSUPPORTED, None), 0.0
    wanted = set(content_terms(sentence))
    if not wanted:
        return best
    for index, piece in enumerate(evidence):
        coverage = len(wanted & _known_terms(piece)) / len(wanted)
        if coverage < COVERAGE or not (wanted & set(content_terms(piece.quote))):
            continue
        agrees = _facts_stand(sentence, piece) and not _opposed(sentence, piece.quote)
        check = Check(Verdict.SUPPORTED if agrees else Verdict.CONTRADICTED, index)
        if (agrees, coverage) > (best.verdict is Verdict.SUPPORTED, best_coverage):
            best, best_coverage = check, coverage
    return best


def resolves(citation: Citation, text: str) -> bool:
    """Whether the quote stands in the document's text at its offsets, to the letter."""
    return bool(citation.quote) and text[citation.start : citation.end] == citation.quote


def _context(piece: Evidence) -> str:
    return " ".join((piece.document.title, *piece.document.headings_at(piece.start)))


def _known_terms(piece: Evidence) -> set[str]:
    return set(content_terms(piece.quote)) | set(content_terms(_context(piece)))


def _facts_stand(sentence: str, piece: Evidence) -> bool:
    source = f"{_context(piece)}\n{piece.quote}"
    stated = numbers(source)
    if not codes(sentence) <= codes(source):
        return False
    return all(any(number & other for other in stated) for number in numbers(sentence))


def _opposed(sentence: str, quote: str) -> bool:
    if _YES.match(sentence) and is_negated(quote):
        return True
    return is_negated(sentence) != is_negated(quote)
