"""What is read off a text, always as pure functions: sentences, search terms, numbers, polarity."""

import re
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import NamedTuple

import Stemmer
from bm25s.stopwords import STOPWORDS_EN_PLUS

from rag.types import Span

_ABBREVIATIONS = frozenset(
    "approx max min no nos vs incl excl etc e.g i.e mr mrs dr st fig ca bzw z.b inkl zzgl nr art".split()
)
# Possessive, and begun only where a run begins: a page of dots takes linear time.
_BREAK = re.compile(
    r"(?<![.!?])[.!?]++[\"'”’)\]]*+\s++(?=[\"'“‘(\[]?[^\W_a-zß-öø-ÿ])"
    r"|[。！？；]+[”’」』）]*|\n+"
)
_LOOK_BACK = 24
"""Characters before a full stop that tell whether it ends an abbreviation."""
_WORD = re.compile(r"[^\W_]+(?:[-./'][^\W_]+)*")
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uac00-\ud7af]+")
_PART = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+")
_FRACTION = re.compile(r"(?<!\d)(\d++)?\s?([¼½¾⅓⅔⅛⅜⅝⅞])")
_LATIN = "A-Za-zÀ-ɏ"
_NUMBER = re.compile(rf"(?<![{_LATIN}\d])(?<![{_LATIN}][-.])\d+(?:[.,\u00a0\u202f’]\d+)*")
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
_NEGATION = re.compile(
    r"\b(?:no|not|never|cannot|without|neither|nor|none|excluded|excludes|except|unable)\b|n['’]t\b"
    r"|\b(?:nicht|kein\w*|ohne|nie)\b|[不没無无未]",
    re.IGNORECASE,
)
_UNIT = re.compile(r"[\s\u00a0\u202f-]?([%°″€£]C?|[^\W\d_]+[²³]?)")
_UNITS = {
    spelling: base
    for base, spellings in {
        "h": "h hr hrs hour hours stunde stunden",
        "min": "min mins minute minutes minuten",
        "s": "s sec secs second seconds sekunde sekunden",
        "d": "d day days tag tage tagen",
        "y": "y yr yrs year years jahr jahre jahren",
        "kg": "kg kilo kilos kilogram kilograms kilogramm",
        "g": "g gram grams gramm",
        "l": "l litre litres liter liters",
        "ml": "ml millilitre millilitres milliliter milliliters",
        "m": "m metre metres meter meters",
        "cm": "cm centimetre centimetres centimeter centimeters zentimeter",
        "mm": "mm millimetre millimetres millimeter millimeters",
        "w": "w watt watts",
        "v": "v volt volts",
        "wh": "wh",
        "%": "% percent prozent",
        "°c": "°c",
    }.items()
    for spelling in spellings.split()
}
_OPINION = re.compile(
    r"\b(?:reviews?|reviewers?|people|buyers?|customers?|owners?|users?|anyone|anybody|others|opinions?"
    r"|experiences?|complain\w*|happy with|any good|bewertung\w*|kunden|käufer\w*|erfahrung\w*"
    r"|meinung\w*)\b|评价|顾客|买家|用户|大家|评论",
    re.IGNORECASE,
)
_STOPWORDS = frozenset(STOPWORDS_EN_PLUS) | frozenset(
    "please hi hello thanks thank tell know wondering want need get got im whats dont doesnt "
    "anyone somebody much many long der die das ein eine ist sind hat haben wie was und ich "
    "mit für auf den dem von zu kann man es".split()
)
_GERMAN = frozenset(
    "der die das den dem ein eine einen ist sind hat haben wie was wann wo welche welcher kann ich man "
    "und oder mit für nicht von zu auf es im am bei noch auch gibt wird lange viel passt geht".split()
)
_ENGLISH = frozenset(
    "the a an is are has have how what when where which can i you and or with for not of to on it in at "
    "do does this my long much".split()
)
_stemmers = threading.local()  # a Snowball stemmer must not be shared between threads


def sentences(text: str, start: int = 0, end: int | None = None) -> Iterator[Span]:
    """Yield the sentences of `text[start:end]` as spans without surrounding white space.

    A line break always ends a sentence: loaders join soft-wrapped lines beforehand.
    """
    end = len(text) if end is None else end
    begin = start
    for match in _BREAK.finditer(text, start, end):
        if match.group()[0] == "." and _is_abbreviation(text, begin, match.start()):
            continue
        yield from _trimmed(text, begin, match.end())
        begin = match.end()
    yield from _trimmed(text, begin, end)


def _is_abbreviation(text: str, begin: int, dot: int) -> bool:
    near = max(begin, dot - _LOOK_BACK)
    words = text[near:dot].split()
    if not words:
        return False
    last = words[-1]
    step = near == begin and len(words) == 1 and last.isdigit()  # "1. Fill the tank."
    return step or last.lower().lstrip("(") in _ABBREVIATIONS or (len(last) == 1 and last.isupper())


def _trimmed(text: str, start: int, end: int) -> Iterator[Span]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if end > start:
        yield Span(start, end)


def terms(text: str) -> list[str]:
    """Search terms in order: stemmed words, model numbers whole and in parts, CJK bigrams."""
    found: list[str] = []
    for word in _words(text):
        found.extend(_word_terms(word))
    return found


def content_terms(text: str) -> list[str]:
    """The search terms that carry meaning: `terms` without function words."""
    return [
        term
        for word in _words(text)
        if word.replace("'", "") not in _STOPWORDS
        for term in _word_terms(word)
    ]


def _words(text: str) -> Iterator[str]:
    plain = unicodedata.normalize("NFKC", _decimal_fractions(text)).casefold()
    return (match.group() for match in _WORD.finditer(plain.replace("’", "'")))


@lru_cache(maxsize=65536)
def _word_terms(word: str) -> tuple[str, ...]:
    if _CJK.search(word):
        return tuple(_cjk_terms(word))
    word = word.removesuffix("'s").removesuffix("'")
    parts = _PART.findall(word)
    stems = [_stem(part) for part in parts]
    if len(parts) == 1:
        return (stems[0],)
    if re.search(r"[-./']", word) or any(part[0].isdigit() for part in parts):
        return (re.sub(r"[-/']", "", word), *stems)
    return tuple(stems)


def _cjk_terms(word: str) -> Iterator[str]:
    position = 0
    for match in _CJK.finditer(word):
        yield from _PART.findall(word[position : match.start()])
        run = match.group()
        yield from (run[i : i + 2] for i in range(max(1, len(run) - 1)))
        position = match.end()
    yield from _PART.findall(word[position:])


def _stem(word: str) -> str:
    if not hasattr(_stemmers, "english"):
        _stemmers.english = Stemmer.Stemmer("english")
    stem: str = _stemmers.english.stemWord(word)
    return stem


class Quantity(NamedTuple):
    """A number in a text and what follows it."""

    values: frozenset[Decimal]
    """How the literal may be read."""
    unit: str | None
    """The unit or word it counts, in its base form; None where nothing follows."""

    def agrees(self, other: "Quantity") -> bool:
        """Whether the other states the same: a common value, and no other unit."""
        same_unit = self.unit is None or other.unit is None or self.unit == other.unit
        return same_unit and bool(self.values & other.values)


def quantities(text: str) -> list[Quantity]:
    """The numbers of a text, digits and words, with their units: "32 hours" and "32 h" are alike."""
    plain = _decimal_fractions(text)
    found = [
        Quantity(_values(match[0]), _unit_after(plain, match.end()))
        for match in _NUMBER.finditer(plain)
    ]
    found += [
        Quantity(
            frozenset({Decimal(_NUMBER_WORDS[match[0].lower()])}), _unit_after(plain, match.end())
        )
        for match in re.finditer(r"[A-Za-z]+", plain)
        if match[0].lower() in _NUMBER_WORDS
    ]
    return [quantity for quantity in found if quantity.values]


def _unit_after(text: str, position: int) -> str | None:
    match = _UNIT.match(text, position)
    if not match:
        return None
    word = match[1].casefold().rstrip(".")
    if word in _UNITS:
        return _UNITS[word]
    return None if word in _STOPWORDS or len(word) == 1 else _stem(word)


def numbers(text: str) -> list[frozenset[Decimal]]:
    """The numbers of a text, each as its possible values: "1,250" may be 1250 or 1.25.

    Digits inside a code (IPX4, BR-KT17) are no numbers; number words up to twelve and tens are.
    """
    found = [_values(match.group()) for match in _NUMBER.finditer(_decimal_fractions(text))]
    found += [
        frozenset({Decimal(_NUMBER_WORDS[word])})
        for word in re.findall(r"[a-z]+", text.lower())
        if word in _NUMBER_WORDS
    ]
    return [values for values in found if values]


def _decimal_fractions(text: str) -> str:
    """Write "2½" as 2.5, so that one rule reads all numbers."""
    return _FRACTION.sub(
        lambda match: (match[1] or "0") + f"{unicodedata.numeric(match[2]):.6g}"[1:], text
    )


def _values(literal: str) -> frozenset[Decimal]:
    bare = re.sub(r"[\u00a0\u202f’]", "", literal)
    readings = {bare.replace(",", ""), bare.replace(",", ".")}
    if re.fullmatch(r"\d{1,3}(?:\.\d{3})+(?:,\d+)?", bare):
        readings.add(bare.replace(".", "").replace(",", "."))
    values = set()
    for reading in readings:
        with suppress(InvalidOperation):  # "1.2.3" is a version, not a number
            values.add(Decimal(reading).normalize())
    return frozenset(values)


def codes(text: str) -> set[str]:
    """Model numbers, standards and ratings in a text, casefolded: ipx4, usb-c3, br-kt17."""
    return {match.group().casefold() for match in _CODE.finditer(text)}


def is_negated(text: str) -> bool:
    """Whether the text denies something."""
    return bool(_NEGATION.search(text))


def language(text: str) -> str:
    """The language of a question among those the engine speaks: en, de or zh."""
    if _CJK.search(text):
        return "zh"
    german = len(re.findall(r"[äöüß]", text, re.IGNORECASE)) + sum(
        word in _GERMAN for word in _words(text)
    )
    english = sum(word in _ENGLISH for word in _words(text))
    return "de" if german > english else "en"


def asks_for_opinions(question: str) -> bool:
    """Whether a question is about what other people think or have seen."""
    return bool(_OPINION.search(question))
