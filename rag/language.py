"""What a text says between the lines: its language, a denial, a wish for opinions."""

import re

from rag.text import CJK, words

_NEGATION = re.compile(
    r"\b(?:no|not|never|cannot|without|neither|nor|none|excluded|excludes|except|unable)\b|n['’]t\b"
    r"|\b(?:nicht|kein\w*|ohne|nie)\b|[不没無无未]",
    re.IGNORECASE,
)
_WARNING = re.compile(
    r"\b(?:damag\w*|ruin\w*|breaks?|breaking|destroy\w*|harm\w*|hurts?|swells?|shrinks?|scratch\w*"
    r"|cracks?|melts?|burns?|corrod\w*|voids?|avoid\w*|danger\w*|hazard\w*|risk\w*|unsafe|forbidden"
    r"|prohibited|beschädig\w*|zerstör\w*|ruinier\w*|schad\w*|schäd\w*|verboten|vermeid\w*|gefahr\w*"
    r"|gefähr\w*|dañ\w*|evit\w*|peligr\w*|endommag\w*|abîm\w*|évit\w*)\b|损坏|破坏|毁|避免|危险|禁止",
    re.IGNORECASE,
)
_OPINION = re.compile(
    r"\b(?:reviews?|reviewers?|people|buyers?|customers?|owners?|users?|anyone|anybody|others|opinions?"
    r"|experiences?|complain\w*|happy with|any good|bewertung\w*|kunden|käufer\w*|erfahrung\w*"
    r"|meinung\w*)\b|评价|顾客|买家|用户|大家|评论",
    re.IGNORECASE,
)
_GERMAN = frozenset(
    "der die das den dem ein eine einen ist sind hat haben wie was wann wo welche welcher kann ich "
    "man und oder mit für nicht von zu auf es im am bei noch auch gibt wird lange viel passt "
    "geht".split()
)
_ENGLISH = frozenset(
    "the a an is are has have how what when where which can i you and or with for not of to on it "
    "in at do does this my long much".split()
)


def language(text: str) -> str:
    """The language of a question among those the engine speaks: en, de or zh."""
    if CJK.search(text):
        return "zh"
    return "de" if _more_german_than_english(text) > 0 else "en"


def decimal_marks(text: str) -> str:
    """What may stand before the decimals of a number in a text: "." or ","; both if unknown."""
    if CJK.search(text):
        return "."
    more = _more_german_than_english(text)
    return "," if more > 0 else "." if more < 0 else ".,"


def _more_german_than_english(text: str) -> int:
    german = len(re.findall(r"[äöüß]", text, re.IGNORECASE)) + sum(
        word in _GERMAN for word in words(text)
    )
    return german - sum(word in _ENGLISH for word in words(text))


def is_negated(text: str) -> bool:
    """Whether the text denies something."""
    return bool(_NEGATION.search(text))


def warns(text: str) -> bool:
    """Whether the text tells of harm, or to keep off something, without denying it."""
    return bool(_WARNING.search(text))


def asks_for_opinions(question: str) -> bool:
    """Whether a question is about what other people think or have seen."""
    return bool(_OPINION.search(question))
