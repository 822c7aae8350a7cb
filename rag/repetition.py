"""Which passages say the same again."""

from typing import NamedTuple

from rag.text import terms

_ALIKE = 0.9
"""Share of their words from which on two passages say the same."""


class Said(NamedTuple):
    """What a passage says, without order and form of its words."""

    words: frozenset[str]
    numbers: frozenset[str]

    @classmethod
    def of(cls, text: str) -> "Said":
        """Of a passage's text."""
        words = frozenset(terms(text))
        numbers = (word for word in words if not word.isalpha() and any(map(str.isdigit, word)))
        return cls(words, frozenset(numbers))

    def repeats(self, other: "Said") -> bool:
        """Whether both say the same: the same numbers, and nearly the same words."""
        if self.numbers != other.numbers:
            return False
        return len(self.words & other.words) >= _ALIKE * len(self.words | other.words)
