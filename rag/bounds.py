"""At least, at most, only, than: words that turn a true number or claim into another one."""

import re

_BOUNDS = {
    "least": r"\bat least\b|\bminimum\b|\bmore than\b|\bover (?=[\d£€$])|\bno (?:less|fewer) than\b"
    r"|\bmindestens\b|\bmehr als\b|至少|超过|以上",
    "most": r"\bat most\b|\bmaximum\b|\bup to\b|\b(?:less|fewer) than\b|\bunder (?=[\d£€$])"
    r"|\bno more than\b|\bwithin\b|\bhöchstens\b|\bmaximal\b|\bbis zu\b|\bweniger als\b"
    r"|\binnerhalb\b"
    r"|最多|不超过|以内|以下",
    "only": r"\bonly\b|\bsolely\b|\bexclusively\b|\bnur\b|\bausschließlich\b|只|仅",
    "than": r"\bthan\b|\bals (?=\d)|比",
}
_PATTERNS = {name: re.compile(pattern, re.IGNORECASE) for name, pattern in _BOUNDS.items()}


def bounds(text: str) -> frozenset[str]:
    """Which of them a text says: least, most, only, than."""
    return frozenset(name for name, said in _PATTERNS.items() if said.search(text))
