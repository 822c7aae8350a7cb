"""Cosine and BM25 → one ranking score, as pure functions.

BM25 counts as the share of what a passage with every word of the question could reach, so that it
says by itself how much of the question a passage covers; the cosine is taken as it is. Neither
depends on what else was found (docs/retrieval.md has other fusions measured).
"""

from collections.abc import Callable, Sequence

import numpy as np

from rag.types import Kind
from rag.vectors import Scores

LEXICAL_WEIGHT = 0.6
"""Share of the lexical score; the rest is dense."""
SPELT_WEIGHT = 0.8
"""The same where the embedder spells the question out, for then it hardly understands it."""
SPELT = 0.3
"""Share of its words in pieces from which on a question is spelt out. An English model knows most
English words whole and cuts most German, Spanish or Chinese ones up."""
OWN_BONUS = 0.02
"""What a product's own passage gains over a shop-wide one when the question is on that product."""
STEP = 0.006
"""What a kind of source loses against the one that has precedence over it."""
OPINION = 0.06
"""What a review gains when opinions are asked for, and else loses."""

Fuse = Callable[[Scores, Scores, float, float], Scores]
"""(cosines, BM25, highest possible BM25, lexical weight) → scores of the same candidates."""


def by_coverage(dense: Scores, lexical: Scores, most: float, weight: float) -> Scores:
    """The weighted sum of cosine and covered share; float32 [n]."""
    return np.asarray((1 - weight) * dense + weight * lexical / max(most, 1e-9), np.float32)


def lexical_weight(pieces: Sequence[int]) -> float:
    """The weight of BM25 for a question with words of so many of the embedder's tokens each."""
    cut = sum(count > 1 for count in pieces)
    return SPELT_WEIGHT if cut > SPELT * len(pieces) else LEXICAL_WEIGHT


def precedences(on_page: bool, opinions: bool) -> Scores:
    """What passages gain or lose for what they are: float32 [2, kinds], those of products second.

    Args:
        on_page: whether the question is on a product.
        opinions: whether it asks for them.
    """
    owns = (False, on_page)
    return np.array(
        [[precedence(kind, own, opinions) for kind in Kind] for own in owns], np.float32
    )


def precedence(kind: Kind, own: bool, opinions: bool) -> float:
    """What a passage gains or loses for what it is.

    Args:
        kind: of its document.
        own: whether it belongs to the product the question is on.
        opinions: whether the question asks for them.
    """
    bonus = OWN_BONUS if own else 0.0
    if kind is Kind.REVIEW and opinions:
        return bonus + OPINION
    return bonus - STEP * kind.precedence - (OPINION if kind is Kind.REVIEW else 0.0)
