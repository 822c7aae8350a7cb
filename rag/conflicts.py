"""Where two sources tell the same thing differently. Pure functions."""

from collections.abc import Iterator, Sequence
from itertools import combinations

from rag.language import is_negated
from rag.quantities import Quantity, plain_words, quantities
from rag.types import Evidence, Kind

_ALIKE = 0.6
"""Least share of the words of the longer quote that two have in common when they tell the same: a
table says some of everything."""


def settled(
    evidence: Sequence[Evidence],
) -> tuple[list[Evidence], list[tuple[Evidence, Evidence]]]:
    """The evidence without what loses a conflict, its winner in its place; and the conflicts."""
    pairs = list(conflicts(evidence))
    ordered = list(evidence)
    for winner, loser in pairs:
        if ordered.index(winner) > ordered.index(loser):
            ordered.remove(winner)
            ordered.insert(ordered.index(loser), winner)
    losers = [loser for _, loser in pairs]
    return [piece for piece in ordered if piece not in losers], pairs


def conflicts(evidence: Sequence[Evidence]) -> Iterator[tuple[Evidence, Evidence]]:
    """Yield the pairs that contradict each other, the one that wins first.

    The more trusted kind wins, then what came into force later, then the likelier one. Opinions
    differ; they are no conflict, and neither is what is said of different variants.
    """
    for one, other in combinations(evidence, 2):
        if _comparable(one, other) and _differ(one, other):
            yield (one, other) if _rank(one) <= _rank(other) else (other, one)


def _rank(piece: Evidence) -> tuple[int, int, float]:
    since = piece.document.effective_from
    return piece.kind.precedence, -since.toordinal() if since else 0, -piece.score


def _comparable(one: Evidence, other: Evidence) -> bool:
    a, b = one.document, other.document
    same_variant = not (a.variant_ids and b.variant_ids) or a.variant_ids == b.variant_ids
    opinion = Kind.REVIEW in (one.kind, other.kind)
    return a.id != b.id and a.shares_owner(b) and same_variant and not opinion


def _alike(ours: set[str], theirs: set[str], same_owners: bool) -> bool:
    """Whether two tell the same; what is said of several products may be said of the others."""
    shared = ours & theirs
    if not same_owners:
        return bool(shared) and ours == theirs
    return bool(shared) and len(shared) >= _ALIKE * max(len(ours), len(theirs))


def _differ(one: Evidence, other: Evidence) -> bool:
    """Whether two that tell the same state another amount of a kind, or one of them denies it."""
    ours, theirs = _words(one.quote), _words(other.quote)
    if not _alike(ours, theirs, {*one.document.product_ids} == {*other.document.product_ids}):
        return False
    stated, counter = _by_kind(one.quote), _by_kind(other.quote)
    if stated and counter:
        return any(
            not any(a.agrees(b) for a in stated[kind] for b in counter[kind])
            for kind in stated.keys() & counter.keys()
        )
    return is_negated(one.quote) != is_negated(other.quote) and ours == theirs


def _words(text: str) -> set[str]:
    """The plain words, without the "C" that is left of "°C"."""
    return {word for word in plain_words(text) if len(word) > 1 or not word.isascii()}


def _by_kind(text: str) -> dict[str, list[Quantity]]:
    """The amounts of a text by what is counted or measured."""
    found: dict[str, list[Quantity]] = {}
    for quantity in quantities(text):
        for kind in quantity.measures or filter(None, (quantity.unit,)):
            found.setdefault(kind, []).append(quantity)
    return found
