"""Which earlier questions a follow-up leans on.

"And in blue?" says nothing alone. No language model is asked: the words of the questions before it
are searched for together with its own, back to the last one that stands by itself.
"""

import re
from collections.abc import Sequence

from rag.text import content_terms

_BEGINS = re.compile(
    r"\s*(?:(?:ok|okay|and|or|but|so|then|also|what about|how about|und|oder|aber|also|dann|auch)\b"
    r"|那|还有|另外)",
    re.IGNORECASE,
)
_POINTS = re.compile(
    r"\b(?:it|its|that|this|they|them|their|those|these|ones?|there|same|other|er|es|das|dies\w*"
    r"|sie|ihn|ihm|davon|damit|dafür|dort|then|dann)\b|[它这那]",
    re.IGNORECASE,
)
_RELATES = re.compile(
    r"\b(?:with|fits?|fitting|charge[sd]?|recharge[sd]?|charging|works?|compatible|differ\w*"
    r"|compare[sd]?|than|versus|vs|instead|like|same|between|both|or"
    r"|mit|passt|passen|lädt|laden|kompatibel|unterschied\w*|als|statt|zwischen|beide|oder)\b"
    r"|比|区别|兼容|配|还是",
    re.IGNORECASE,
)
_FEW = 3
"""A question of so few words that carry meaning leans on what was said."""
_FAR = 3
"""How many questions back a follow-up may lean."""


def leans(question: str) -> bool:
    """Whether a question is likely to leave out what was said before it."""
    return bool(
        _BEGINS.match(question) or points(question) or len(set(content_terms(question))) <= _FEW
    )


def relates(question: str) -> bool:
    """Whether it asks of one thing with another: what fits, what goes with it, what differs."""
    return bool(_RELATES.search(question))


def points(question: str) -> bool:
    """Whether it speaks of something as "it" or "this"."""
    return bool(_POINTS.search(question))


def context(question: str, history: Sequence[str]) -> str:
    """The earlier questions it leans on, oldest first, in one line; empty when it stands alone."""
    leant_on: list[str] = []
    latest = question
    for earlier in reversed(history[-_FAR:]):
        if not leans(latest):
            break
        leant_on.insert(0, earlier)
        latest = earlier
    return " ".join(leant_on)
