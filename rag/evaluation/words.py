"""Answer texts against accepted answers and against what they cite. Pure functions.

Exact match and token F1 are SQuAD's (Rajpurkar et al. 2016); in Chinese and Japanese a token is a
character, as in MLQA. Citations are judged as in ALCE (Gao et al. 2023, arXiv:2305.14627), where
"entails" is a rule, not a model: see `entails`.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

from rag.language import is_negated
from rag.quantities import Quantity, codes, is_quantity_word, quantities
from rag.text import CJK, content_terms, sentences, stem

ENTAILED = 0.8
"""Least share of a sentence's content words that its sources must say."""

_ARTICLES = frozenset({"a", "an", "the"})
_YES_OR_NO = frozenset({"yes", "no", "ja", "nein", "是", "否"})
_TOKEN = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+|[%°€£$]")
_QUOTED = re.compile("[“„«「](.+?)[”“»」]", re.DOTALL)


@lru_cache(maxsize=1024)  # an answer is held against each accepted one, in several ways
def tokens(text: str) -> tuple[str, ...]:
    """Words, numbers and signs, casefolded; Chinese and Japanese by character."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return tuple(
        token
        for word in _TOKEN.findall(plain)
        for token in (word if CJK.fullmatch(word) else (word,))
    )


def exact_match(text: str, accepted: Sequence[str]) -> float:
    """1 where the text is an accepted answer, but for case, punctuation and articles."""
    said = _bare(text)
    return float(any(said == _bare(answer) for answer in accepted))


def token_f1(text: str, accepted: Sequence[str]) -> float:
    """The best harmonic mean of the shares of tokens that text and accepted answer share."""
    said = _bare(text)
    return max((_f1(said, _bare(answer)) for answer in accepted), default=0.0)


def says(text: str, accepted: Sequence[str]) -> float:
    """1 where the text holds an accepted answer; yes and no must come first.

    Words may be inflected and numbers written otherwise: "32 hours" holds "32 h".
    """
    return float(any(_says(text, answer) for answer in accepted))


@lru_cache(maxsize=4096)  # precision and recall ask the same
def entails(sentence: str, sources: tuple[str, ...]) -> bool:
    """Whether the sources, titles included, say what a sentence does.

    Every number with its unit and every code stands there, most content words do, and the nearest
    sentence there is negated where this one is. Words that stand there as they are, whole or in
    quotation marks, are entailed.
    """
    together = "\n".join(sources)
    quoted = _QUOTED.findall(sentence) or [sentence]
    if all("".join(words.split()) in "".join(together.split()) for words in quoted):
        return True
    if not codes(sentence) <= codes(together):
        return False
    stated = _numbers(together)
    if not all(any(said.agrees(other) for other in stated) for said in _numbers(sentence)):
        return False
    said = {term for term in content_terms(sentence) if not is_quantity_word(term)}
    parts = [source[start:end] for source in sources for start, end in sentences(source)]
    nearest = max(parts, key=lambda part: len(said & set(content_terms(part))), default="")
    if is_negated(sentence) != is_negated(nearest):
        return False
    return len(said & set(content_terms(together))) >= ENTAILED * len(said)


def _bare(text: str) -> list[str]:
    return [token for token in tokens(text) if token not in _ARTICLES]


def _f1(said: Sequence[str], gold: Sequence[str]) -> float:
    if not said or not gold:
        return float(said == gold)
    shared = (Counter(said) & Counter(gold)).total()
    return 2 * shared / (len(said) + len(gold))


def _says(text: str, answer: str) -> bool:
    said, wanted = _stems(text), _stems(answer)
    if len(wanted) == 1 and wanted[0] in _YES_OR_NO:
        return said[:1] == wanted
    size = len(wanted)
    if size and any(said[i : i + size] == wanted for i in range(len(said) - size + 1)):
        return True
    numbers = _numbers(answer)
    if not numbers:
        return False
    stated = _numbers(text)
    words = {
        term for term in content_terms(answer) if term.isalpha() and not is_quantity_word(term)
    }
    return (
        any(
            all(a.agrees(b) for a, b in zip(numbers, stated[i:], strict=False))
            for i in range(len(stated) - len(numbers) + 1)
        )
        and words <= set(content_terms(text))
        and codes(answer) <= codes(text)
    )


@lru_cache(maxsize=1024)
def _stems(text: str) -> tuple[str, ...]:
    return tuple(stem(token) for token in tokens(text))


@lru_cache(maxsize=1024)
def _numbers(text: str) -> tuple[Quantity, ...]:
    return tuple(quantities(text))
