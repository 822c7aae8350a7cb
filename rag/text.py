"""Text → sentences and search terms, as pure functions."""

import re
import threading
import unicodedata
from collections.abc import Iterator, Set
from functools import lru_cache

import Stemmer
from bm25s.stopwords import STOPWORDS_EN_PLUS

from rag.types import Span

_ABBREVIATIONS = frozenset(
    "approx max min vs incl excl etc e.g i.e mr mrs dr st ca bzw z.b inkl zzgl".split()
)
_NUMBERING = frozenset("no nos nr art fig".split())
"""Abbreviations only before a number, as in No. 5."""
# Possessive, and begun only where a run begins: a page of dots takes linear time.
_BREAK = re.compile(
    r"(?<![.!?])[.!?]++[\"'”’)\]]*+\s++(?=[\"'“‘(\[]?[^\W_a-zß-öø-ÿ])"
    r"|[。！？；]+[”’」』）]*|\n+"
)
_LOOK_BACK = 24
"""Characters before a full stop that tell whether it ends an abbreviation."""
_WORD = re.compile(r"[^\W_]+(?:[-./'][^\W_]+)*")
CJK = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uac00-\ud7af]+")
_PART = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+")
_FRACTION = re.compile(r"(?<!\d)(\d++)?\s?([¼½¾⅓⅔⅛⅜⅝⅞])")
STOPWORDS = frozenset(STOPWORDS_EN_PLUS) | frozenset(
    "please hi hello thanks thank tell know wondering want need get got im whats dont doesnt "
    "anyone somebody much many long der die das ein eine ist sind hat haben wie was und ich "
    "mit für auf den dem von zu kann man es".split()
)
STEMMED = {"en": "english", "de": "german", "es": "spanish"}
"""Snowball's names of the languages whose words are stemmed."""
_stemmers = threading.local()  # a Snowball stemmer must not be shared between threads


def sentences(text: str, start: int = 0, end: int | None = None) -> Iterator[Span]:
    """Yield the sentences of `text[start:end]` as spans without surrounding white space.

    A line break always ends a sentence: loaders join soft-wrapped lines beforehand.
    """
    end = len(text) if end is None else end
    begin = start
    for match in _BREAK.finditer(text, start, end):
        if match.group()[0] == "." and _is_abbreviation(text, begin, match.start(), match.end()):
            continue
        yield from _trimmed(text, begin, match.end())
        begin = match.end()
    yield from _trimmed(text, begin, end)


def _is_abbreviation(text: str, begin: int, dot: int, after: int) -> bool:
    near = max(begin, dot - _LOOK_BACK)
    words = text[near:dot].split()
    if not words:
        return False
    last = words[-1]
    word = last.lower().lstrip("(")
    if word in _NUMBERING:
        return text[after : after + 1].isdigit()
    # "1. Fill the tank." and "a. The tank is full."
    step = near == begin and len(words) == 1 and (last.isdigit() or len(last) == 1)
    return step or word in _ABBREVIATIONS or (len(last) == 1 and last.isupper())


def _trimmed(text: str, start: int, end: int) -> Iterator[Span]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if end > start:
        yield Span(start, end)


def terms(text: str) -> list[str]:
    """Search terms in order: stemmed words, model numbers whole and in parts, CJK bigrams."""
    return [term for word in words(text) for term in _word_terms(word)]


def content_terms(text: str) -> list[str]:
    """The search terms that carry meaning: `terms` without function words."""
    return [
        term
        for word in words(text)
        if word.replace("'", "") not in STOPWORDS
        for term in _word_terms(word)
    ]


def matches(text: str, sought: Set[str]) -> Iterator[Span]:
    """Where a text has words that carry meaning and are among the search terms, in order."""
    for match in _WORD.finditer(text):
        run = CJK.search(match.group())
        if run is not None and len(run.group()) > 2:  # bigram by bigram
            for at in range(match.start(), match.end() - 1):
                if text[at : at + 2] in sought:
                    yield Span(at, at + 2)
        elif not sought.isdisjoint(content_terms(match.group())):
            yield Span(*match.span())


def without_words(text: str, names: str) -> str:
    """The text without the words that stand in `names`."""
    left_out = set(words(names))
    return " ".join(word for word in text.split() if not set(words(word)) & left_out)


def words(text: str) -> Iterator[str]:
    """The words of a text, casefolded; compounds and model numbers in one piece."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", decimal_fractions(text)).replace("’", "'")
    return iter(_WORD.findall(text.casefold()))


@lru_cache(maxsize=65536)
def _word_terms(word: str) -> tuple[str, ...]:
    if CJK.search(word):
        return tuple(_cjk_terms(word))
    word = word.removesuffix("'s").removesuffix("'")
    parts = _PART.findall(word)
    stems = [stem(part) for part in parts]
    if len(parts) == 1:
        return (stems[0],)
    if re.search(r"[-./']", word) or any(part[0].isdigit() for part in parts):
        return (re.sub(r"[-/']", "", word), *stems)
    return tuple(stems)


def _cjk_terms(word: str) -> Iterator[str]:
    position = 0
    for match in CJK.finditer(word):
        yield from _PART.findall(word[position : match.start()])
        run = match.group()
        yield from (run[i : i + 2] for i in range(max(1, len(run) - 1)))
        position = match.end()
    yield from _PART.findall(word[position:])


@lru_cache(maxsize=16384)
def stem(word: str, language: str = "en") -> str:
    """The Snowball stem of a word of a language of `STEMMED`.

    By default an English one's; words of other languages mostly stay as they are.
    """
    if not hasattr(_stemmers, language):
        setattr(_stemmers, language, Stemmer.Stemmer(STEMMED[language]))
    return str(getattr(_stemmers, language).stemWord(word))


def decimal_fractions(text: str) -> str:
    """Write "2½" as 2.5, so that one rule reads all numbers."""
    return _FRACTION.sub(
        lambda match: (match[1] or "0") + f"{unicodedata.numeric(match[2]):.6g}"[1:], text
    )
