"""Text → numbers with their units, and codes, as pure functions."""

import re
from decimal import Decimal
from typing import NamedTuple

from rag.language import decimal_marks
from rag.text import STOPWORDS, content_terms, decimal_fractions, stem
from rag.units import AMBIGUOUS, AMBIGUOUS_SPELLINGS, NAMED, UNITS, Unit, same

_LATIN = "A-Za-zÀ-ɏ"
_NUMBER = re.compile(rf"(?<![{_LATIN}\d])(?<![{_LATIN}][-.])\d+(?:[.,\u00a0\u202f’]\d+)*")
_WRITTEN = {
    ".": re.compile(r"(?:[1-9]\d{0,2}(?:,\d{3})+|\d+)(?:\.\d+)?"),
    ",": re.compile(r"(?:[1-9]\d{0,2}(?:\.\d{3})+|\d+)(?:,\d+)?"),
}
"""Numbers with this before their decimals, and the other one between their thousands."""
_EITHER = re.compile(r"(?<![.,\d])[1-9]\d{0,2}[.,]\d{3}(?![.,]?\d)")
"""What is a number both ways, and not the same one."""
_NUMBER_WORDS = {
    word: value
    for value, words in enumerate(
        "zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve".split("|")
    )
    for word in words.split()
} | {"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "ninety": 90}
_CODE = re.compile(
    rf"(?<![{_LATIN}\d])(?=[{_LATIN}]+-?[{_LATIN}]*\d)[{_LATIN}\d]+(?:-[{_LATIN}\d]+)*"
)
_UNIT = re.compile(r"[\s\u00a0\u202f-]?([%″€£$¥℃]|°\s?[CFcf]?|[^\W\d_]+[²³]?)")
_CURRENCY = re.compile(
    r"(£|€|\$|¥|\b(?:gbp|eur|usd|chf|dkk|sek|nok|pln|jpy|cny|rmb|kr))[\s\u00a0\u202f]?$",
    re.IGNORECASE,
)
_INCHES = re.compile(r"\s?in(?:\.|\s*(?:$|[,;:)×x/\n]))")
_UNIT_TERMS = (
    frozenset(stem(spelling) for spelling in (*UNITS, *AMBIGUOUS_SPELLINGS)) | UNITS.keys()
)


class Quantity(NamedTuple):
    """A number in a text and what follows it."""

    values: frozenset[Decimal]
    """How the literal may be read."""
    unit: str | None
    """The unit or word it counts, in its base form; None where nothing follows."""

    def agrees(self, other: "Quantity") -> bool:
        """Whether the other states the same: a common value and no other unit, or converted."""
        if self.unit is None or other.unit is None or self.unit == other.unit:
            return bool(self.values & other.values)
        return any(
            same(value, one, its, another)
            for one in _units(self.unit)
            for another in _units(other.unit)
            for value in self.values
            for its in other.values
        )

    def rivals(self, other: "Quantity") -> bool:
        """Whether the other is another amount of one dimension, or of one counted word."""
        alike = self.measures & other.measures or (self.unit and self.unit == other.unit)
        return bool(alike) and not self.agrees(other)

    @property
    def measures(self) -> frozenset[str]:
        """The dimensions its unit may be of; empty for a bare number or a counted word."""
        return frozenset(unit.measures for unit in _units(self.unit or ""))


def quantities(text: str, beside: str = "") -> list[Quantity]:
    """The numbers of a text, digits and words, with units: "32 hours" and "32 h" are alike.

    "1,250" is 1250 in English and 1.25 in German; a text tells which together with the one beside
    it, and where they don't, it is read both ways.
    """
    plain = decimal_fractions(text)
    marks = _marks(plain, beside)
    found = []
    last, last_end = None, 0
    for match in _NUMBER.finditer(plain):
        unit = _currency_before(plain, match.start()) or _unit_after(plain, match.end())
        one = Quantity(_values(match[0], marks), unit)
        found.append(one)
        if last and not plain[last_end : match.start()].strip(" \u00a0\u202f"):
            found += _together(last, one)  # "1 h 45 min"
        after = _UNIT.match(plain, match.end())
        last, last_end = one, after.end() if after else match.end()
    found += [
        Quantity(
            frozenset({Decimal(_NUMBER_WORDS[match[0].lower()])}), _unit_after(plain, match.end())
        )
        for match in re.finditer(r"[A-Za-z]+", plain)
        if match[0].lower() in _NUMBER_WORDS
    ]
    return [quantity for quantity in found if quantity.values]


def _together(more: Quantity, less: Quantity) -> list[Quantity]:
    """The sum of two that follow each other, the larger unit first, as one of the smaller unit."""
    large, small = NAMED.get(more.unit or ""), NAMED.get(less.unit or "")
    if not large or not small or large.measures != small.measures or large.factor <= small.factor:
        return []
    ratio = large.factor / small.factor
    sums = frozenset((a * ratio + b).normalize() for a in more.values for b in less.values)
    return [Quantity(sums, less.unit)]


def is_quantity_word(term: str) -> bool:
    """Whether a search term is a number word or a unit."""
    return term in _NUMBER_WORDS or term in _UNIT_TERMS


def plain_words(text: str) -> set[str]:
    """The content terms of a text without numbers, number words and units."""
    return {word for word in content_terms(text) if word.isalpha() and not is_quantity_word(word)}


def _currency_before(text: str, position: int) -> str | None:
    match = _CURRENCY.search(text, max(0, position - 5), position)
    return UNITS[match[1].casefold()].name if match else None


def _unit_after(text: str, position: int) -> str | None:
    match = _UNIT.match(text, position)
    if not match:
        return None
    word = match[1].casefold().replace(" ", "")
    if word in UNITS:
        return UNITS[word].name
    if word in AMBIGUOUS_SPELLINGS:
        return AMBIGUOUS_SPELLINGS[word]
    if _INCHES.match(text, position):
        return "in"
    return None if word in STOPWORDS or len(word) == 1 else stem(word)


def _units(name: str) -> list[Unit]:
    """The units of a base name, or those it may stand for."""
    return [NAMED[one] for one in AMBIGUOUS.get(name, (name,)) if one in NAMED]


def numbers(text: str) -> list[frozenset[Decimal]]:
    """The numbers of a text, each as its possible values: "1,250" by itself is 1250 or 1.25.

    Digits inside a code (IPX4, BR-KT17) are no numbers; number words up to twelve and tens are.
    """
    plain = decimal_fractions(text)
    marks = _marks(plain)
    found = [_values(match.group(), marks) for match in _NUMBER.finditer(plain)]
    found += [
        frozenset({Decimal(_NUMBER_WORDS[word])})
        for word in re.findall(r"[a-z]+", text.lower())
        if word in _NUMBER_WORDS
    ]
    return [values for values in found if values]


def codes(text: str) -> set[str]:
    """Model numbers, standards and ratings in a text, casefolded: ipx4, usb-c3, br-kt17."""
    return {match.group().casefold() for match in _CODE.finditer(text)}


def _marks(text: str, beside: str = "") -> str:
    """What may stand before decimals where a number alone does not tell."""
    return decimal_marks(f"{text} {beside}") if _EITHER.search(text) else ".,"


def _values(literal: str, marks: str) -> frozenset[Decimal]:
    """How a number may be read; not at all where it is a version or a date ("1.2.3")."""
    bare = re.sub(r"[\u00a0\u202f’]", "", literal)
    values = {
        mark: Decimal(bare.replace(other, "").replace(mark, ".")).normalize()
        for mark, other in (".,", ",.")
        if _WRITTEN[mark].fullmatch(bare)
    }
    likely = {value for mark, value in values.items() if mark in marks}
    return frozenset(likely or values.values())
