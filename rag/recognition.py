"""Which products a question names: on no product's page, or on that of another.

A word is a name when few passages say it that do not belong to the products called so, and when it
is written with a capital: "Rill" is one and "kettle" is not, whatever the shop sells. A common word
with the number behind it that some product has there ("Clear 20") is one too. What names several
products of one series alike is not guessed: they come back as a choice.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rag.catalogue import Catalogue
from rag.index import Index
from rag.spelling import nearest
from rag.text import stem, words

_RARE = 0.01
"""Share of a shop's passages that may say a name and belong to none of the products called so."""
_SMALL = 0.2
"""Share of a name's occurrences that may be written small."""
_SAMPLE = 100
"""Most passages looked at to tell."""
_WORD = re.compile(r"[^\W_]+")
_MOST_CHOICES = 6
_SIBLING = re.compile(
    r"(?P<the>\b(?:the|die|der|das|den|dem)\s+)?"
    r"\b(?:(?P<larger>larger|bigger|größere[rns]?)|(?P<smaller>smaller|kleinere[rns]?)"
    r"|(?P<other>other|andere[rns]?))(?: (?P<noun>[^\W_]+)|\s*[?？]?\s*$)",
    re.IGNORECASE,
)
_SIZES = frozenset("size version größe".split())
_ANY = _SIZES | frozenset("one model modell".split())
"""Nouns that stand for a product of any kind; a size or version may be a variant of this one."""
_AND = frozenset("and or vs versus und oder".split())
_COMMA = re.compile(r"(?<=\d),(?=\d)")
_GLUED = re.compile(r"(?<=\d)(?=[^\W\d_])|(?<=[^\W\d_])(?=\d)")


@dataclass(frozen=True, slots=True)
class Recognition:
    """Product ids."""

    named: tuple[str, ...] = ()
    """Those the question names."""
    choices: tuple[str, ...] = ()
    """Those it may mean, each as well as the others, where it names none."""
    absent: bool = False
    """Whether it asks for the larger or smaller one of a product that has none."""


class Recogniser:
    """Knows the products of a catalogue by what they are called."""

    def __init__(self, catalogue: Catalogue, index: Index) -> None:
        self._catalogue = catalogue
        self._index = index
        self.dictionary = index.lexical.dictionary(catalogue.rows)
        """The words of the shop's documents."""
        self._names = {product: list(_terms(name)) for product, name in catalogue.names.items()}
        self._with: dict[str, list[str]] = defaultdict(list)
        for product, name in self._names.items():
            for term in dict.fromkeys(name):
                self._with[term].append(product)
        self._sets = {product: frozenset(name) for product, name in self._names.items()}
        self._numbers = _model_numbers(catalogue.owners())
        self._names_known: dict[str, bool] = {}
        """Whether a word of a product's name is one; no other word is looked up."""

    def recognise(self, text: str, history: Sequence[str] = ()) -> Recognition:
        """What a question names; where it names nothing, what the latest one before it names."""
        for one in (text, *reversed(history)):
            found = self._recognise(one)
            if len(found.named) == 1:
                return self.beside(text, found.named[0])
            if found.named or found.choices:
                return self._chosen(text, found)
        return Recognition()

    def _chosen(self, text: str, found: Recognition) -> Recognition:
        """The one of several choices that a reply such as "the 1.7 L" tells from the others."""
        names = {product: set(self._names[product]) for product in found.choices}
        shared: set[str] = set().union(*names.values()).intersection(*names.values())
        said = set(_terms(text)) - shared
        told = {product: len(said & name) for product, name in names.items()}
        best = [product for product, count in told.items() if count == max(told.values()) > 0]
        return Recognition(named=tuple(best)) if len(best) == 1 else found

    def beside(self, text: str, product: str) -> Recognition:
        """The product, or those of its series that "the larger one" means when said of it."""
        match = self._sibling(text, product)
        if match is None:
            return Recognition(named=(product,))
        own = _size(self._names[product])
        series = [
            other
            for other in self._with[self._names[product][0]]
            if other != product and self._one_series((other, product))
        ]
        others = [
            other
            for other in series
            if (match["larger"] and _size(self._names[other]) > own)
            or (match["smaller"] and _size(self._names[other]) < own)
            or match["other"]
        ]
        if not others:
            return Recognition((product,), absent=self._is_absent(match, product))
        alone = others if len(others) == 1 else []
        return Recognition(tuple(alone), () if alone else tuple(sorted(others)))

    def _is_absent(self, match: re.Match[str], product: str) -> bool:
        """Whether "the larger one" can be nothing: no sibling, no size, and no variant either."""
        definite = match["the"] and not match["other"]
        if not definite or (match["noun"] or "").casefold() in _SIZES:
            return False
        variants = sum(product in owners for owners in self._catalogue.variants.values())
        return variants < 2

    def elsewhere(self, text: str, product: str) -> tuple[str, ...]:
        """The products that a text on a product's page names instead of this one."""
        own = self._sets.get(product, frozenset())
        told = any(term in self._with and term not in own for term in _terms(text))
        if not told and not any(_bare(word) in self._numbers for word in words(text)):
            return ()
        named = self._recognise(text).named
        return () if product in named else named

    def _sibling(self, text: str, product: str) -> re.Match[str] | None:
        """Where a text says "the larger one" of a product: one, model, or what its name says."""
        name = self._names.get(product)
        if name is None:
            return None
        for match in _SIBLING.finditer(text):
            noun = (match["noun"] or "one").casefold()
            if noun in _ANY or stem(noun) in name:
                return match
        return None

    def _recognise(self, text: str) -> Recognition:
        bare = map(_bare, words(text))
        named = [self._numbers[number] for number in bare if number in self._numbers]
        asked = [self._known(term) for term in _terms(text)]
        choices: tuple[str, ...] = ()
        past = 0
        for at, term in enumerate(asked):
            if at < past or not self._begins_a_name(asked, at):
                continue
            best, past = self._best(asked, at, self._with[term])
            if len(best) == 1:
                named += [best[0], *self._joined(best[0], asked[past : past + 2])]
            elif len(best) <= _MOST_CHOICES and self._one_series(best):
                choices = choices or tuple(sorted(best))
        return Recognition(tuple(dict.fromkeys(named)), () if named else choices)

    def _begins_a_name(self, asked: Sequence[str], at: int) -> bool:
        term = asked[at]
        if term not in self._with or _has_digit(term):
            return False
        after = asked[at + 1] if at + 1 < len(asked) else ""
        numbered = _has_digit(after) and any(
            pair == (term, after)
            for product in self._with[term]
            for pair in zip(self._names[product], self._names[product][1:], strict=False)
        )
        return numbered or self._is_name(term)

    def _best(
        self, asked: Sequence[str], at: int, candidates: Iterable[str]
    ) -> tuple[list[str], int]:
        """The candidates that have most of the words around `at`, and where those end."""
        scored = []
        for product in candidates:
            name = self._sets[product]
            begin, end = at, at + 1
            while end < len(asked) and asked[end] in name:
                end += 1
            while begin > 0 and asked[begin - 1] in name:
                begin -= 1
            scored.append((len(set(asked[begin:end])), len(name.intersection(asked)), end, product))
        near, whole, _, _ = max(scored)
        best = [one for one in scored if one[:2] == (near, whole)]
        return [product for *_, product in best], max(end for _, _, end, _ in best)

    def _joined(self, product: str, after: Sequence[str]) -> list[str]:
        """The sibling that "and 3" means behind the name of a product: the Tarn 2 and 3."""
        if len(after) < 2 or after[0] not in _AND or not _has_digit(after[1]):
            return []
        siblings = [
            other
            for other in self._with.get(after[1], ())
            if other != product
            and self._one_series((other, product))
            and self._names[other][0] == self._names[product][0]
        ]
        return siblings if len(siblings) == 1 else []

    def _one_series(self, products: Iterable[str]) -> bool:
        """Whether only numbers, and what one of them adds, tell their names apart."""
        bare = [{t for t in self._names[product] if not _has_digit(t)} for product in products]
        return min(bare, key=len) == set.intersection(*bare)

    def _known(self, term: str) -> str:
        """The term, or the name it is a typing error of."""
        if term in self._with or self.dictionary.knows(term):
            return term
        return nearest(term, list(self._with)) or term

    def _is_name(self, term: str) -> bool:
        if term not in self._names_known:
            self._names_known[term] = self._measured(term)
        return self._names_known[term]

    def _measured(self, term: str) -> bool:
        rows = np.flatnonzero((self._index.lexical.scores([term]) > 0) & self._catalogue.rows)
        sample = self._index.passages.texts(rows[:: len(rows) // _SAMPLE + 1])
        foreign = sum(owners.isdisjoint(self._with[term]) for _, owners in sample)
        written = [word for text, _ in sample for word in _WORD.findall(text)]
        same = [word for word in written if word[0].isalpha() and stem(word.casefold()) == term]
        small = sum(word.islower() for word in same)
        rare = foreign * len(rows) <= max(2, _RARE * self._catalogue.passages) * len(sample)
        return rare and small <= _SMALL * len(same)


def _model_numbers(owners: Mapping[str, str]) -> dict[str, str]:
    """Ids that nobody writes by chance: letters and digits together, or many digits."""
    found = {}
    for id, product in owners.items():
        bare = _bare(id)
        digits = sum(character.isdigit() for character in bare)
        if len(bare) >= 4 and digits and (digits < len(bare) or digits >= 6):
            found[bare] = product
    return found


def _terms(text: str) -> Iterator[str]:
    """The stems of a text's words, with "1,7L" and "Tarn2" as 1.7, L and Tarn, 2."""
    for word in words(_COMMA.sub(".", text)):
        yield from map(stem, _GLUED.split(word))


def _bare(id: str) -> str:
    """As `BR-KT17`, `br kt17` and `BR/KT17` are written alike."""
    return "".join(character for character in id.casefold() if character.isalnum())


def _size(name: Sequence[str]) -> float:
    """The first number in a name; products of a series grow with it."""
    numbers = (re.fullmatch(r"\d+(?:\.\d+)?", term) for term in name)
    return next((float(number[0]) for number in numbers if number), 0.0)


def _has_digit(term: str) -> bool:
    return any(character.isdigit() for character in term)
