"""Which words go with which number, where a text holds several of a kind. Pure functions."""

import re
from collections.abc import Set
from typing import NamedTuple

from rag.quantities import Quantity, plain_words, quantities

_BREAK = re.compile(
    r"[,;.!?](?=\s)|[，、；。！？|\n]"
    r"|\b(?:and|or|but|while|whereas|und|oder|aber|während|y|o|pero|et|ou|mais)\b|和|或|而|但",
    re.IGNORECASE,
)


class _Clause(NamedTuple):
    words: Set[str]
    amounts: list[Quantity]

    def rivals(self, other: Quantity) -> bool:
        return any(amount.rivals(other) for amount in self.amounts)

    def states(self, other: Quantity) -> bool:
        return any(amount.agrees(other) for amount in self.amounts)


def clauses(text: str) -> list[str]:
    """The text in pieces, each with a statement or a part of one."""
    return _BREAK.split(text)


def swapped(sentence: str, quote: str, named: Set[str]) -> bool:
    """Whether a number of the sentence stands beside the words of another one of the quote.

    "The small one holds 3 l" does, where the quote is "The small one holds 1 l, the large one 3 l".

    Args:
        sentence: its numbers stand in the quote.
        quote: what the source says.
        named: words of the title and headings, which go with every number.
    """
    claims = _clauses(sentence, quote, named)
    sources = _clauses(quote, sentence, named) if claims else []
    return any(_elsewhere(claim, amount, sources) for claim in claims for amount in claim.amounts)


def _clauses(text: str, beside: str, named: Set[str]) -> list[_Clause]:
    parts = ((part, quantities(part, f"{text} {beside}")) for part in clauses(text))
    return [_Clause(plain_words(part) - named, amounts) for part, amounts in parts if amounts]


def _elsewhere(claim: _Clause, amount: Quantity, sources: list[_Clause]) -> bool:
    """Whether the clauses that state the amount all fit less well than one with another amount."""
    own = [source for source in sources if source.states(amount)]
    others = [
        source
        for source in sources
        if source.rivals(amount) and not any(map(source.states, claim.amounts))
    ]
    return bool(own) and all(
        any(_fits_better(claim.words, other.words, one.words) for other in others) for one in own
    )


def _fits_better(said: Set[str], one: Set[str], other: Set[str]) -> bool:
    """Whether what is said has a larger share, or as large a one, of the words of `one` alone."""
    ones, others = one - other, other - one
    return bool(said & ones and others) and (
        len(said & ones) * len(others) >= len(said & others) * len(ones)
    )
