"""Words that are not written as the documents write them: typing errors and compounds.

The vocabulary of the documents themselves is the dictionary, so that product names are in it and
any language is.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence

from rapidfuzz import process
from rapidfuzz.distance import OSA

from rag.text import stem

_WORD = re.compile(r"[^\W\d_]+(?:['’-]?[\w]+)*")
_SHORTEST_PART = 4
_SHORTEST = 4
"""Shorter words are not looked at for typing errors."""
_SAFE = 5
"""In shorter words than that, another letter makes another word: "swim" is no Swan."""
_LONG = 8
"""From this length on, two errors are forgiven."""
_LINKS = ("s", "n", "es", "en", "er")
"""What German puts between the parts of a compound."""


class Dictionary:
    """The search terms that some documents have, and what others may mean."""

    def __init__(self, known: Collection[str], fold: Callable[[str], str]) -> None:
        """Know these terms; `fold` makes of an English stem what is known of it."""
        self._known = known
        self._fold = fold
        self._by_letter: dict[str, list[str]] = defaultdict(list)
        for term in filter(str.isalpha, known):
            self._by_letter[term[0]].append(term)

    def knows(self, term: str) -> bool:
        """Whether the term occurs."""
        return term in self._known or self._fold(term) in self._known

    def has(self, word: str) -> bool:
        """Whether a word as it is written occurs, in whatever form, or the two it is made of do."""
        term = stem(word.casefold())
        return self.knows(term) or parts(self._fold(term), self._known) is not None

    def understood(self, query: Sequence[str]) -> list[str]:
        """The query with its unknown words replaced: by the parts of a compound, or spelt right.

        A typing error is seldom in the first letter.
        """
        found: list[str] = []
        for term in query:
            if self.knows(term):
                found.append(term)
            elif pieces := parts(self._fold(term), self._known):
                found.extend(pieces)
            else:
                alike = self._by_letter.get(term[0], ())
                found.append(nearest(self._fold(term), alike) or term)
        return found


def corrected(text: str, is_known: Callable[[str], bool], said: Callable[[], Iterable[str]]) -> str:
    """The text with each word that nobody knows written as the nearest of others.

    Args:
        text: what was typed.
        is_known: whether a word is one, and so no typing error.
        said: casefolded words; asked for only where one of the text is not known.
    """
    typed = {match[0].casefold() for match in _WORD.finditer(text)}
    unknown = {word for word in typed if word.isalpha() and not is_known(word)}
    if not unknown:
        return text
    by_letter: dict[str, set[str]] = defaultdict(set)
    for word in filter(str.isalpha, said()):
        by_letter[word[0]].add(word)

    def written(match: re.Match[str]) -> str:
        word = match[0].casefold()
        alike = by_letter[word[0]]
        mended = nearest(word, sorted(alike)) if word in unknown - alike else None
        return mended or match[0]

    return _WORD.sub(written, text)


def parts(word: str, known: Collection[str]) -> tuple[str, str] | None:
    """The two known words a compound is made of, split as near its middle as can be.

    "versandkosten" → "versand", "kosten"; "arbeitszeit" → "arbeit", "zeit".
    """
    if len(word) < 2 * _SHORTEST_PART or not word.isalpha():
        return None
    middle = len(word) / 2
    places = range(_SHORTEST_PART, len(word) - _SHORTEST_PART + 1)
    for at in sorted(places, key=lambda at: abs(at - middle)):
        first, second = word[:at], word[at:]
        if second not in known:
            continue
        stems = (first, *(first.removesuffix(link) for link in _LINKS if first.endswith(link)))
        for one in stems:
            if len(one) >= _SHORTEST_PART and one in known:
                return one, second
    return None


def nearest(word: str, known: Sequence[str]) -> str | None:
    """The known word it is most likely a typing error of (letters swapped, left out, put in)."""
    if len(word) < _SHORTEST or not word.isalpha():
        return None
    if len(word) < _SAFE:
        return _slipped(word, known)
    most = 2 if len(word) >= _LONG else 1
    found = process.extractOne(word, known, scorer=OSA.distance, score_cutoff=most)
    return str(found[0]) if found else None


def _slipped(word: str, known: Sequence[str]) -> str | None:
    """The one known word of which it has two letters swapped, or one left out, but the first."""
    near = process.extract(word, known, scorer=OSA.distance, score_cutoff=1, limit=None)
    found = [
        str(one)
        for one, *_ in near
        if one[0] == word[0] and (len(one) > len(word) or sorted(one) == sorted(word))
    ]
    return found[0] if len(found) == 1 else None
