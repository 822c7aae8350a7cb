"""Evidence → the sentences of an answer, each with the quote it rests on.

Shaped by what the question wants: a yes or no where a source says one outright, the value of a row
first, opinions counted and quoted, the same attribute of each product side by side. What a language
model drafts is used where rewording loses nothing, and only as far as it is verified.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from rag import wording
from rag.intent import Wanted, wanted
from rag.language import is_negated, language
from rag.polarity import Outright, outright
from rag.quantities import plain_words, quantities
from rag.quotes import Row, row_of
from rag.types import Evidence, Kind, Span, Verdict
from rag.verification import verify

MOST = 3
"""Most sentences of an answer that are quotations."""
_SAME = 0.5
"""Least cosine of a question and what a source says yes or no to."""
_NEW = 0.3
"""Least share of a further quote's words that were not said before."""
_QUOTED_KINDS = (Kind.REVIEW, Kind.POLICY)
"""An opinion is never retold as a fact, and a policy never without its conditions."""


class Said(NamedTuple):
    """One sentence and what it rests on."""

    text: str
    evidence: Evidence


def row(piece: Evidence) -> Row | None:
    """The attribute and value of a piece that is a product's row."""
    return row_of(piece.document, Span(piece.start, piece.end))


def statements(
    question: str,
    evidence: Sequence[Evidence],
    draft: Iterable[str],
    nearness: Callable[[str], float],
    reviews: Callable[[Evidence], int],
    entails: Callable[[str, str], bool] | None = None,
) -> Iterator[Said]:
    """Yield the sentences of an answer, the one that answers first.

    Args:
        question: as it was typed.
        evidence: quotes, best first; not empty.
        draft: a language model's sentences; begun only when they are of use.
        nearness: cosine of the question and a text.
        reviews: how many reviews there are of the product that a review is of.
        entails: whether a quote, under its title, says that a drafted sentence is so.
    """
    want = wanted(question)
    opinions = [piece for piece in evidence if piece.kind is Kind.REVIEW]
    if opinions and (want.opinions or evidence[0] is opinions[0]):
        yield from _opinions(question, opinions, reviews)
        return
    shown: list[Evidence] = []
    for one in _lead(question, want, evidence, draft, nearness, entails):
        shown.append(one.evidence)
        yield one
    for piece in evidence:
        if len(shown) >= MOST:
            break
        if piece.kind is not Kind.REVIEW and _belongs(piece, shown[0]) and _adds(piece, shown):
            shown.append(piece)
            yield Said(_told(question, piece, evidence), piece)


def _lead(
    question: str,
    want: Wanted,
    evidence: Sequence[Evidence],
    draft: Iterable[str],
    nearness: Callable[[str], float],
    entails: Callable[[str, str], bool] | None,
) -> Iterator[Said]:
    best = evidence[0]
    if want.yes_or_no:
        for piece in evidence:
            if (found := _outright(question, piece)) and nearness(found.of) >= _SAME:
                yield Said(wording.outright(question, found.yes, piece.quote), piece)
                return
        yield Said(wording.undecided(question, best), best)
        return
    verified: list[Said] = []
    if _may_be_reworded(question, best):
        drafted = _verified(question, draft, evidence)
        verified = [one for one in drafted if entails is None or entails(_premise(one), one.text)]
    yield from verified or [Said(_told(question, best, evidence), best)]


def _outright(question: str, piece: Evidence) -> Outright | None:
    if is_negated(question) or piece.kind is Kind.REVIEW:
        return None
    heading = (piece.document.headings_at(piece.start) or ("",))[-1]
    return outright(piece.quote, heading, row(piece))


def _may_be_reworded(question: str, best: Evidence) -> bool:
    """Prose in the question's language; of rows, tables and steps nothing may go."""
    prose = row(best) is None and "\n" not in best.quote and "|" not in best.quote
    same_language = language(question) == language(best.quote)
    return prose and same_language and best.kind not in _QUOTED_KINDS


def _verified(question: str, draft: Iterable[str], evidence: Sequence[Evidence]) -> Iterator[Said]:
    said: set[str] = set()
    for sentence in draft:
        if sentence in said or sentence.endswith(("?", "？")):  # said back, it is no answer
            continue
        check = verify(question, sentence, evidence)
        if check.verdict is Verdict.SUPPORTED and check.evidence is not None:
            piece = evidence[check.evidence]
            if piece.kind not in _QUOTED_KINDS:
                said.add(sentence)
                yield Said(sentence, piece)


def _premise(one: Said) -> str:
    return f"{one.evidence.document.title}: {one.evidence.quote}"


def _told(question: str, piece: Evidence, evidence: Sequence[Evidence]) -> str:
    """A row's value, and whose it is where another variant has another; else the quotation."""
    found = row(piece)
    if not found:
        return wording.quotation(question, piece)
    differs = any(
        _of_another_variant(piece, other)
        and (theirs := row(other))
        and theirs.attribute.casefold() == found.attribute.casefold()
        and theirs.value != found.value
        for other in evidence
    )
    return wording.value(found, piece.document.title if differs else "")


def _belongs(piece: Evidence, first: Evidence) -> bool:
    """Whether a piece goes with the first.

    Beside a product's own words the shop's general ones may be about something else, and of
    another variant only the same attribute is worth telling.
    """
    if _of_another_variant(piece, first):
        own, theirs = row(first), row(piece)
        return bool(own and theirs and own.attribute.casefold() == theirs.attribute.casefold())
    return bool(piece.document.product_ids) or not first.document.product_ids


def _of_another_variant(one: Evidence, other: Evidence) -> bool:
    ours, theirs = set(one.document.variant_ids), set(other.document.variant_ids)
    return bool(ours and theirs) and ours.isdisjoint(theirs)


def _adds(piece: Evidence, shown: Sequence[Evidence]) -> bool:
    """Whether a quote says something that those shown do not."""
    if any(
        piece.document.id == other.document.id and piece.start == other.start for other in shown
    ):
        return False
    before = " ".join(other.quote for other in shown)
    words, known = plain_words(piece.quote), plain_words(before)
    amounts = quantities(before)
    new_amount = any(
        not any(amount.agrees(other) for other in amounts) for amount in quantities(piece.quote)
    )
    return new_amount or len(words - known) > _NEW * len(words)


def _opinions(
    question: str, evidence: Sequence[Evidence], reviews: Callable[[Evidence], int]
) -> Iterator[Said]:
    """Reviewers' words, one quote each, with how many of how many speak of the matter."""
    first = evidence[0]
    pieces = {
        piece.document.id: piece
        for piece in reversed(evidence)
        if piece.document.shares_owner(first.document)
    }
    ordered = sorted(pieces.values(), key=lambda piece: -piece.score)
    total = reviews(first)
    for at, piece in enumerate(ordered[:MOST]):
        yield Said(wording.opinion(question, piece, at, len(ordered), total), piece)
