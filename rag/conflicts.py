"""Where two sources tell the same thing differently. Pure functions."""

from collections.abc import Iterator, Sequence
from itertools import combinations

from rag.language import is_negated
from rag.quantities import Quantity, plain_words, quantities
from rag.types import Evidence, Kind

_ALIKE = 0.6
"""Least share of the words of the shorter quote that two have in common when they tell the same."""


def settled(
    evidence: Sequence[Evidence],
) -> tuple[list[Evidence], list[tuple[Evidence, Evidence]]]:
    """The evidence with what wins a conflict before what loses it, and the conflicts."""
    pairs = list(conflicts(evidence))
    ordered = list(evidence)
    for winner, loser in pairs:
        if ordered.index(winner) > ordered.index(loser):
            ordered.remove(winner)
            ordered.insert(ordered.index(loser), winner)
    return ordered, pairs


def conflicts(evidence: Sequence[Evidence]) -> Iterator[tuple[Evidence, Evidence]]:
    """Yield the pairs that contradict each other, the one that wins first.

    The more trusted kind wins, then what came into force later, then the likelier one. Opinions
    differ; they are no conflict, and neither is what is said of different variants.
    """
    for one, other in combinations(evidence, 2):
        if _comparable(one, other) and _differ(one.quote, other.quote):
            yield (one, other) if _rank(one) <= _rank(other) else (other, one)


def _rank(piece: Evidence) -> tuple[int, int, float]:
    since = piece.document.effective_from
    return piece.kind.precedence, -since.toordinal() if since else 0, -piece.score


def _comparable(one: Evidence, other: Evidence) -> bool:
    a, b = one.document, other.document
    same_product = set(a.product_ids) == set(b.product_ids)
    same_variant = not (a.variant_ids and b.variant_ids) or a.variant_ids == b.variant_ids
    opinion = Kind.REVIEW in (one.kind, other.kind)
    return a.id != b.id and same_product and same_variant and not opinion


def _differ(one: str, other: str) -> bool:
    ours, theirs = plain_words(one), plain_words(other)
    shorter = min(len(ours), len(theirs))
    if not shorter or len(ours & theirs) < _ALIKE * shorter:
        return False
    stated, counter = quantities(one), quantities(other)
    if stated and counter:
        shared = {d for a in stated for d in _kinds(a)} & {d for b in counter for d in _kinds(b)}
        ours_of = [a for a in stated if _kinds(a) & shared]
        theirs_of = [b for b in counter if _kinds(b) & shared]
        return bool(shared) and not any(a.agrees(b) for a in ours_of for b in theirs_of)
    return is_negated(one) != is_negated(other) and ours == theirs


def _kinds(quantity: Quantity) -> frozenset[str]:
    """What is counted or measured."""
    return quantity.measures or frozenset({quantity.unit} if quantity.unit else ())
