"""At least, only, before, …: words that turn a true number or claim into another one."""

import re

_AMOUNTS = {
    "least": r"\bat least\b|\bminimum\b|\bmore than\b|\bover (?=[\d£€$])|\bno (?:less|fewer) than\b"
    r"|\bmindestens\b|\bmehr als\b|至少|超过|以上",
    "most": r"\bat most\b|\bmaximum\b|\bup to\b|\b(?:less|fewer) than\b|\bunder (?=[\d£€$])"
    r"|\bno more than\b|\bwithin\b|\bhöchstens\b|\bmaximal\b|\bbis zu\b|\bweniger als\b"
    r"|\binnerhalb\b"
    r"|最多|不超过|以内|以下",
    "only": r"\bonly\b|\bsolely\b|\bexclusively\b|\bnur\b|\bausschließlich\b|只|仅",
    "than": r"\bthan\b|\bals (?=\d)|比",
}
_TIMES = {
    "before": r"\bbefore\b|\bprior to\b|\bvor(?! allem| ort)\b|\bbevor\b|\bantes de\b|\bavant\b"
    r"|之前|以前|(?<=[用天日周月年时钟洗装])前",
    "after": r"\bafter\b|\bnach(?:dem)?\b|\bdespués de\b|\baprès\b"
    r"|之后|以后|(?<=[用天日周月年时钟洗装])后",
    "from": r"\bsince\b|\bfrom (?=[\d£€$])(?![\d.,]+ ?%)(?!(?:\S+ ){1,3}(?:to|until)\b)"
    r"|\bseit\b|\bab (?=\d)"
    r"|\bdesde\b|\bdepuis\b|\bà partir de\b|自从",
    "until": r"\buntil\b|\btill\b|\bbis (?=\d)|\bhasta\b|\bjusqu['’]à\b|直到|为止",
}


def _compiled(said: dict[str, str]) -> dict[str, re.Pattern[str]]:
    return {name: re.compile(pattern, re.IGNORECASE) for name, pattern in said.items()}


_ALL = _compiled(_AMOUNTS | _TIMES)
_OF_NUMBERS = _compiled(
    _AMOUNTS | {name: rf"(?:{pattern})\s?(?=[\d£€$])" for name, pattern in _TIMES.items()}
)


def bounds(text: str) -> frozenset[str]:
    """Which of them a text says: least, most, only, than, before, after, from, until."""
    return frozenset(name for name, said in _ALL.items() if said.search(text))


def bounds_of_numbers(text: str) -> frozenset[str]:
    """Those that change what its numbers say: of the times, the ones right before a number."""
    return frozenset(name for name, said in _OF_NUMBERS.items() if said.search(text))
