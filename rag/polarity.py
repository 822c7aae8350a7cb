"""Where a source says yes or no outright, and to what. Pure functions.

A sentence that merely talks of the matter is no yes and no no: "May I wear them in the pool?" has
been answered by people with what is said of showers.
"""

import re
from typing import NamedTuple

from rag.language import is_negated
from rag.quotes import Row

_YES = re.compile(
    r"^(?:yes|yep|ja|included|inklusive)\b|^(?:是的?|有的?|可以的?|支持|包含|能|会)(?:[，。,.;；！]|$)|^✓",
    re.IGNORECASE,
)
_NO = re.compile(
    r"^(?:no|nein|none|not included|nicht enthalten)\b(?! matter| longer)"
    r"|^(?:不|不是|不可以|不能|不会|不行|不支持|不包含|没有|无|否)(?:[，。,.;；！]|$)|^✗",
    re.IGNORECASE,
)


_ASKED = re.compile(r"([^?？]+[?？])\s*(\S.*)", re.DOTALL)
"""A question, and what answers it."""


class Outright(NamedTuple):
    """A plain yes or no."""

    yes: bool
    of: str
    """What it is said of: the question of a FAQ, or the attribute of a row."""


def outright(quote: str, heading: str, row: Row | None) -> Outright | None:
    """The yes or no a quote begins with; None where it does not, or where both could be meant.

    Args:
        quote: the words of the source; may begin with the question it answers.
        heading: the innermost heading they stand under; a FAQ's is a question.
        row: the attribute and value, where the quote is a row.
    """
    said, of = (row.value, row.attribute) if row else (quote, heading)
    if row is None and not heading.endswith(("?", "？")):
        asked = _ASKED.match(quote)
        if asked is None:
            return None
        of, said = asked.groups()
    if is_negated(of):  # a yes to "Can't I …?" would be misread
        return None
    if _NO.match(said.strip()):
        return Outright(False, of)
    return Outright(True, of) if _YES.match(said.strip()) else None
