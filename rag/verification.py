"""Draft sentence + evidence → verdict. Pure functions; no model is asked.

A sentence is supported by a piece of evidence when
- what it adds to the question stands in the quote: most of its new content words, every number with
  its unit, and every code (model number, rating); titles and headings only lend the names;
- its polarity is that of the sentence of the quote it is nearest to.

Repeating the question, or the product's name, adds nothing and is not supported. Citation numbers
a model writes are never trusted: they are removed, and the evidence that carries the sentence is
cited.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from rag.language import is_negated
from rag.quantities import codes, numbers, quantities
from rag.text import content_terms, sentences
from rag.types import Citation, Evidence, Verdict

COVERAGE = 0.6
"""Least share of the new content terms of a sentence that must stand in the quote."""

_MARKER = re.compile(r"\s*\[\s*\d[\d\s,;–-]*\]")
_YES = re.compile(r"^(?:yes|ja|oui|sí)\b|^(?:是的|可以)", re.IGNORECASE)
_SIGNED = re.compile(
    r"(?P<minus>(?<![\w.,%°)])(?<!\d\s)[-−–](?=\d)|\bminus\s)?"
    r"(?<![\w.,])(?P<number>\d+(?:[.,]\d+)*)",
    re.IGNORECASE,
)


class Check(NamedTuple):
    """The verdict on a sentence and the index of the evidence it rests on, if any."""

    verdict: Verdict
    evidence: int | None


def without_markers(sentence: str) -> str:
    """The sentence without citation marks such as `[1]` or `[2, 3]`."""
    return _MARKER.sub("", sentence).strip()


def verify(question: str, sentence: str, evidence: Sequence[Evidence]) -> Check:
    """Check one sentence against the evidence and pick the piece that carries it best.

    Contradicted means: the words stand there, but a number, a code or the polarity differs.
    """
    best, best_coverage = Check(Verdict.UNSUPPORTED, None), 0.0
    if not any(character.isalpha() for character in sentence):
        return best  # the number of a step, a stray mark
    for index, piece in enumerate(evidence):
        coverage = _coverage(question, sentence, piece)
        if coverage < COVERAGE:
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


def _coverage(question: str, sentence: str, piece: Evidence) -> float:
    """Share of what the sentence adds to the question and the names that the quote says."""
    known = set(content_terms(question)) | set(content_terms(_context(piece)))
    quoted = set(content_terms(piece.quote))
    said = set(content_terms(sentence))
    new = (said - known) | (said & quoted - set(content_terms(question)))
    return len(new & quoted) / len(new) if new else 0.0


def _facts_stand(sentence: str, piece: Evidence) -> bool:
    """Whether every number, with its unit, and every code of the sentence stands in the source."""
    named, stated = quantities(_context(piece)), quantities(piece.quote)
    if not codes(sentence) <= codes(f"{_context(piece)} {piece.quote}"):
        return False
    if not _literals_stand(sentence, f"{_context(piece)}\n{piece.quote}"):
        return False
    known = (*stated, *named)
    return all(any(quantity.agrees(other) for other in known) for quantity in quantities(sentence))


def _literals_stand(sentence: str, source: str) -> bool:
    """Whether numbers keep their sign; dates and versions, no numbers, every digit."""
    stated = _signed(source)
    literals = {literal for literal, _ in stated}
    return all(
        (literal, negative) in stated
        for literal, negative in _signed(sentence)
        if literal in literals or not numbers(literal)
    )


def _signed(text: str) -> set[tuple[str, bool]]:
    return {(match["number"], bool(match["minus"])) for match in _SIGNED.finditer(text)}


def _opposed(sentence: str, quote: str) -> bool:
    if _YES.match(sentence) and is_negated(quote) and not _YES.match(quote):
        return True
    return is_negated(sentence) != is_negated(_nearest(sentence, quote))


def _nearest(sentence: str, quote: str) -> str:
    """The sentence of a longer quote that shares the most words with this one."""
    said = set(content_terms(sentence))
    parts = [quote[start:end] for start, end in sentences(quote)]
    return max(parts, key=lambda part: len(said & set(content_terms(part))), default=quote)
