"""Draft sentence + evidence → verdict. Pure functions; no model is asked.

A sentence is supported by a piece of evidence when
- what it adds to the question stands in the quote: most of its new content words, every number with
  its unit, and every code (model number, rating); titles and headings only lend the names;
- where the quote holds several amounts of a kind, each stands beside its own words;
- its bounds ("at most", "only", "before") and its names are those of the source;
- its polarity is that of the sentence of the quote it is nearest to, and it leaves no harm out.

Repeating the question, or the product's name, adds nothing and is not supported. Citation numbers
a model writes are never trusted: they are removed, and the evidence that carries the sentence is
cited.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from rag.bounds import bounds, bounds_of_numbers
from rag.clauses import clauses, swapped
from rag.language import is_negated, language, warns
from rag.quantities import codes, numbers, plain_words, quantities
from rag.text import content_terms, sentences, words
from rag.types import Citation, Evidence, Verdict

NEW_COVERAGE = 0.6
"""Least share of what a sentence adds to the question that must stand in the quote."""
COVERAGE = 0.85
"""Least share of all its words that must stand in the quote, its title or headings."""

_MARKER = re.compile(r"\s*\[\s*\d[\d\s,;–-]*\]")
_YES = re.compile(r"^(?:yes|ja|oui|sí)\b|^(?:是的|可以)", re.IGNORECASE)
_YES_OR_NO = re.compile(r"^(?:yes|no|ja|nein)\b[\s,.:;–-]*", re.IGNORECASE)
_SIGNED = re.compile(
    r"(?P<minus>(?<![\w.,%°)])(?<!\d\s)[-−–](?=\d)|\bminus\s)?"
    r"(?<![\w.,])(?P<number>\d+(?:[.,]\d+)*)",
    re.IGNORECASE,
)


_NAME = re.compile(r"(?<=[\w,;:–] )([A-ZÄÖÜ][\w]*[a-z]\w*)")
"""A capital inside a sentence."""


class Check(NamedTuple):
    """The verdict on a sentence and the index of the evidence it rests on, if any."""

    verdict: Verdict
    evidence: int | None


def without_markers(sentence: str) -> str:
    """The sentence without citation marks such as `[1]` or `[2, 3]`."""
    return _MARKER.sub("", sentence).strip()


def verify(question: str, sentence: str, evidence: Sequence[Evidence]) -> Check:
    """Check one sentence against the evidence and pick the piece that carries it best.

    Contradicted means: the words stand there, but a number, a code, a bound, a name or the polarity
    differs.
    """
    best, best_coverage = Check(Verdict.UNSUPPORTED, None), 0.0
    if not any(character.isalpha() for character in sentence):
        return best  # the number of a step, a stray mark
    for index, piece in enumerate(evidence):
        coverage = _covers(question, sentence, piece, best=index == 0)
        if not coverage:
            continue
        agrees = (
            _facts_stand(sentence, piece)
            and not swapped(sentence, piece.quote, plain_words(_context(piece)))
            and _bounds_stand(sentence, piece.quote)
            and _names_stand(question, sentence, piece)
            and not _opposed(sentence, piece.quote)
            and not _warned_of(question, sentence, piece)
        )
        check = Check(Verdict.SUPPORTED if agrees else Verdict.CONTRADICTED, index)
        if (agrees, coverage) > (best.verdict is Verdict.SUPPORTED, best_coverage):
            best, best_coverage = check, coverage
    return best


def resolves(citation: Citation, text: str) -> bool:
    """Whether the quote stands in the document's text at its offsets, to the letter."""
    return bool(citation.quote) and text[citation.start : citation.end] == citation.quote


def _context(piece: Evidence) -> str:
    return " ".join((piece.document.title, *piece.document.headings_at(piece.start)))


def _covers(question: str, sentence: str, piece: Evidence, best: bool) -> float:
    """Share of the sentence's words that the quote says, names allowed; 0 where that is too little.

    Numbers and units are left to `_facts_stand`. A sentence that shares nothing but numbers with
    the quote ("The kettle is 1.15 kg.", "Weight: 1.15 kg") rests on the best piece or on none.
    """
    asked, named = plain_words(question), plain_words(_context(piece))
    quoted, said = plain_words(piece.quote), plain_words(_YES_OR_NO.sub("", sentence))
    new = (said - asked - named) | (said & quoted - asked)
    if new and len(new & quoted) < NEW_COVERAGE * len(new):
        return 0.0
    if not said & quoted and not (best and quantities(sentence)):
        return 0.0
    if not new and not quantities(sentence):
        return 0.0
    coverage = len(said & (quoted | named)) / len(said) if said else 1.0
    return coverage if coverage >= COVERAGE else 0.0


def _facts_stand(sentence: str, piece: Evidence) -> bool:
    """Whether every number, with its unit, and every code of the sentence stands in the source."""
    known = (*quantities(piece.quote, sentence), *quantities(_context(piece), sentence))
    if not codes(sentence) <= codes(f"{_context(piece)} {piece.quote}"):
        return False
    if not _literals_stand(sentence, f"{_context(piece)}\n{piece.quote}"):
        return False
    said = quantities(sentence, piece.quote)
    return all(any(quantity.agrees(other) for other in known) for quantity in said)


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


def _bounds_stand(sentence: str, quote: str) -> bool:
    """Whether "at most", "only", "before" are those of the source; a number keeps its own."""
    claimed = bounds(sentence)
    if not claimed <= bounds(quote):
        return False
    return not quantities(sentence) or bounds_of_numbers(_nearest(sentence, quote)) <= claimed


def _names_stand(question: str, sentence: str, piece: Evidence) -> bool:
    """Whether every name inside an English sentence is one of the source or of the question.

    German writes all nouns with a capital, so nothing tells a name there.
    """
    if language(sentence) != "en":
        return True
    known = set(words(f"{question} {_context(piece)} {piece.quote}"))
    known |= {part for word in known for part in re.split(r"[-./']", word)}
    return all(name.casefold() in known for name in _NAME.findall(sentence))


def _opposed(sentence: str, quote: str) -> bool:
    if _YES.match(sentence) and is_negated(quote) and not _YES.match(quote):
        return True
    claim = _YES_OR_NO.sub("", sentence)  # "No. It is delivered on Sundays." denies nothing
    return is_negated(claim) != is_negated(_nearest(claim, _YES_OR_NO.sub("", quote)))


def _warned_of(question: str, sentence: str, piece: Evidence) -> bool:
    """Whether it says without the harm what the quote names for its harm alone.

    "Use a floor pump" does, where the quote is "Use a shock pump; a floor pump ruins the valve".
    """
    harmful = [part for part in clauses(piece.quote) if warns(part)]
    if not harmful or warns(sentence):
        return False
    others = " ".join(part for part in clauses(piece.quote) if not warns(part))
    harmless = plain_words(f"{others} {question} {_context(piece)}")
    return not plain_words(sentence) & plain_words(" ".join(harmful)) <= harmless


def _nearest(sentence: str, quote: str) -> str:
    """The sentence of a longer quote that shares the most words with this one."""
    said = set(content_terms(sentence))
    parts = [quote[start:end] for start, end in sentences(quote)]
    return max(parts, key=lambda part: len(said & set(content_terms(part))), default=quote)
