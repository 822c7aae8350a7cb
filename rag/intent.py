"""What a question wants to hear, read from its words: yes or no, how much of what, opinions.

Pure functions over English, German and Chinese; nothing of any one shop.
"""

import re
from typing import NamedTuple

from rag.language import asks_for_opinions
from rag.text import decimal_fractions
from rag.units import AMBIGUOUS, AMBIGUOUS_SPELLINGS, MONEY, NAMED, UNITS

_AUXILIARY = re.compile(
    r"(?:^|[.,;:!?–—]\s*|\b(?:and|but|so|or|ok|okay|then|hi|hello|please|und|aber|oder)\s+)"
    r"(?:is|are|isn't|aren't|does|doesn't|do|don't|can|can't|could|will|won't|would|has|have|may"
    r"|should|must|did|was|were|am|any chance|ist|sind|hat|haben|habt|kann|können|könnt|darf|dürfen"
    r"|gibt|wird|werden|muss|passt|geht|funktioniert|lässt|nehmt|liefert|bietet|bekomme)\b"
    r"(?!\s+(?:you|u)\s+(?:please\s+)?(?:tell|say|explain))",
    re.IGNORECASE,
)
_OPEN = re.compile(
    r"\b(?:what|whats|how|which|when|where|who|whom|whose|why|wie|was|wann|wo|woher|wohin|warum|wer"
    r"|welche[rnms]?|wieviel\w*)\b|多少|多大|多长|多久|多重|几|什么|怎么|怎样|哪|谁|为什么",
    re.IGNORECASE,
)
_YES_OR_NO_ZH = re.compile(r"吗|能不能|可不可以|是不是|有没有|是否|会不会|行不行")

_AMOUNT = re.compile(
    r"\bhow (?:many|much|long|heavy|big|large|small|tall|wide|thick|deep|fast|quick\w*|often|far"
    r"|high|loud|quiet|noisy|hot|cold|warm|old|soon|bright|powerful|light|little|few)\b"
    r"|\bwie ?(?:viel\w*|lang\w*|schwer|groß|hoch|breit|tief|laut|warm|heiß|oft|schnell|weit|alt)\b"
    r"|多少|多大|多长|多久|多重|多高|几",
    re.IGNORECASE,
)
_MEASURED = {
    "time calendar": r"how (?:long|quick\w*|fast|soon|often)|wie (?:lang\w*|schnell|oft)"
    r"|多久|多长时间",
    "mass": r"how (?:heavy|light|much (?:does|do|did) .{1,40}weigh)|\bweighs?\b|\bweight\b"
    r"|\bheavier\b|\blighter\b|wie schwer|\bgewicht\b|\bwiegt\b|多重|重量",
    "length": r"how (?:long|big|large|small|tall|wide|thick|deep|far|high)|\bdimensions?\b"
    r"|\bdiameter\b|\bmeasurements?\b|\bfootprint\b|\b(?:cable|cord|lead) length\b"
    r"|wie (?:lang|groß|hoch|breit|tief)"
    r"|\bmaße\b|abmessung|packmaß|多大|多长|多高|尺寸",
    "volume": r"\bcapacity\b|how much .{0,20}(?:hold|fit)|\bvolume\b|fassungsvermögen|容量",
    " ".join(MONEY): r"\bprice\b|\bcosts?\b|\bfees?\b"
    r"|\bhow much (?:is|are|for|to|do (?:you|i|we))\b"
    r"|\bkostet\b|\bkosten\b|\bpreis\b|多少钱|价格|费用",
    "power": r"\bwattage\b|\bpower (?:draw|consumption|rating)\b|\bleistung\b|功率",
    "sound": r"\bhow (?:loud|quiet|noisy)\b|\blouder\b|\bquieter\b|\bnoise level\b"
    r"|wie laut|lautstärke|分贝|噪音",
    "temperature": r"how (?:hot|cold|warm)|\btemperatures?\b|wie (?:warm|heiß|kalt)|温度|多少度",
    "voltage": r"\bvoltage\b|\bspannung\b|电压",
    "light": r"\bhow bright\b|\bbrightness\b|亮度",
}
_MEASURES = {
    frozenset(names.split()): re.compile(pattern, re.IGNORECASE)
    for names, pattern in _MEASURED.items()
}
_EVERYDAY = frozenset({"time", "calendar"})
"""Dimensions whose units are said in passing ("every day"); they count after "how many" only."""
_WORD = re.compile(r"(?<![\d.,]\s)(?<![\d\w.,])([^\W\d_]{2,}|[°%£€$℃])")
_HOW_MANY = re.compile(r"(?:how many|wie ?viele?|多少|几)\s?([^\W\d_]+)", re.IGNORECASE)


_STEPS = re.compile(
    r"\bhow (?:do|can|should|would|must|could) (?:i|you|we|one)\b|\bhow to\b"
    r"|\bwhat (?:do|should|must) (?:i|we) (?:have to |need to )?do\b"
    r"|\binstructions? (?:for|to|on)\b"
    r"|\bwie (?:kann|muss|soll|darf|\w+e|\w+t) (?:ich|man|wir)\b|怎么|如何|怎样",
    re.IGNORECASE,
)


class Wanted(NamedTuple):
    """What an answer should hold."""

    yes_or_no: bool
    opinions: bool
    number: bool
    """An amount of something."""
    measures: frozenset[str]
    """The dimensions one of which the amount should be of (`rag.units`); empty if unknown."""
    steps: bool
    """What to do, one thing after the other."""


def wanted(question: str) -> Wanted:
    """Read a question."""
    plain = decimal_fractions(question)
    measures = {name for names, asks in _MEASURES.items() if asks.search(plain) for name in names}
    measures |= {one for word in _WORD.findall(plain) for one in _dimensions(word) - _EVERYDAY}
    counted = [_dimensions(word) for word in _HOW_MANY.findall(plain)]
    if any(counted):  # "how many hours" says it all
        measures = {one for dimensions in counted for one in dimensions}
    if measures & _EVERYDAY:
        measures |= _EVERYDAY
    return Wanted(
        yes_or_no=asks_yes_or_no(question),
        opinions=asks_for_opinions(question),
        number=bool(_AMOUNT.search(plain)),
        measures=frozenset(measures),
        steps=bool(_STEPS.search(question)),
    )


def asks_yes_or_no(question: str) -> bool:
    """Whether "yes" or "no" answers the question."""
    if _YES_OR_NO_ZH.search(question):
        return True
    return bool(_AUXILIARY.search(question)) and not _OPEN.search(question)


def _dimensions(word: str) -> frozenset[str]:
    key = word.casefold()
    if key in UNITS:
        return frozenset({UNITS[key].measures})
    names = AMBIGUOUS.get(AMBIGUOUS_SPELLINGS.get(key, ""), ())
    return frozenset(NAMED[name].measures for name in names)
