"""What the engine itself says around quotations, in the language of the question."""

import re
from collections.abc import Sequence

from rag.language import language
from rag.quotes import Row
from rag.types import Document, Evidence, Kind

_SOURCE = {
    "en": {
        Kind.SPEC: "The spec sheet says",
        Kind.POLICY: "The policy says",
        Kind.FAQ: "The FAQ says",
        Kind.MANUAL: "The manual says",
        Kind.PAGE: "The help page says",
        Kind.REVIEW: "A reviewer says",
    },
    "de": {
        Kind.SPEC: "Im Datenblatt steht",
        Kind.POLICY: "In den Bedingungen steht",
        Kind.FAQ: "In den häufigen Fragen steht",
        Kind.MANUAL: "In der Anleitung steht",
        Kind.PAGE: "Auf der Hilfeseite steht",
        Kind.REVIEW: "In einer Bewertung steht",
    },
    "zh": {
        Kind.SPEC: "规格表写道",
        Kind.POLICY: "政策规定",
        Kind.FAQ: "常见问题写道",
        Kind.MANUAL: "说明书写道",
        Kind.PAGE: "帮助页面写道",
        Kind.REVIEW: "一位顾客评价道",
    },
}
_POLICY_SINCE = {
    "en": "The policy in force since {0.day} {month} {0.year} says",
    "de": "In den Bedingungen, gültig seit {0.day}.{0.month}.{0.year}, steht",
    "zh": "自 {0.year} 年 {0.month} 月 {0.day} 日起生效的政策规定",
}
_UNDECIDED = {
    "en": "The documents don't say yes or no; ",
    "de": "Ein klares Ja oder Nein steht nicht in den Unterlagen. ",
    "zh": "资料没有明确说是或否。",
}
_YES_AND_NO = {"en": ("Yes", "No"), "de": ("Ja", "Nein"), "zh": ("是", "否")}
_OPINIONS = {
    "en": ("{} of {} reviews speak of it. ", "One says", "Another says"),
    "de": ("{} von {} Bewertungen sprechen davon. ", "In einer steht", "In einer anderen steht"),
    "zh": ("{1} 条评价中有 {0} 条提到。", "其中一条写道", "另一条写道"),
}
_CONFLICT = {
    "en": "The sources differ, and the first counts. {} {}",
    "de": "Die Quellen widersprechen sich, die erste gilt. {} {}",
    "zh": "资料说法不一，以前者为准。{}{}",
}
_NEAREST = {"en": " Nearest to it is", "de": " Am nächsten kommt", "zh": "最接近的说法是"}
_QUOTES = {"en": ": “{}”", "de": ": „{}“", "zh": "：“{}”"}
_SILENCE = {
    "en": ("The documents don't say.", " I looked at: {}.", " Please ask {}."),
    "de": ("Dazu steht nichts in den Unterlagen.", " Nachgesehen in: {}.", " Bitte fragen Sie {}."),
    "zh": ("资料中没有说明。", "已查阅：{}。", "请咨询 {}。"),
}

_WHICH = {
    "en": ("Do you mean {}?", "Which one do you mean: {}?", ", ", " or "),
    "de": ("Meinen Sie {}?", "Welches Produkt meinen Sie: {}?", ", ", " oder "),
    "zh": ("您指的是{}吗？", "您指的是哪一款：{}？", "、", "还是"),
}


def which(question: str, names: Sequence[str]) -> str:
    """Ask which product is meant."""
    one, sentence, comma, last = _WHICH[language(question)]
    if len(names) == 1:
        return one.format(names[0])
    return sentence.format(comma.join(names[:-1]) + last + names[-1])


def quotation(question: str, evidence: Evidence) -> str:
    """A sentence that says who says it, and quotes; of a policy, since when it is in force."""
    tongue = language(question)
    return _source(tongue, evidence) + _QUOTES[tongue].format(_one_line(evidence.quote))


def undecided(question: str, evidence: Evidence) -> str:
    """That nothing says yes or no, and what is said of the matter."""
    tongue = language(question)
    source = _source(tongue, evidence)
    source = source[0].lower() + source[1:] if tongue == "en" else source
    return _UNDECIDED[tongue] + source + _QUOTES[tongue].format(_one_line(evidence.quote))


def outright(question: str, yes: bool, quote: str) -> str:
    """Yes or no first, then the words of the source; a quote that begins so stands for itself."""
    word = _YES_AND_NO[language(question)][0 if yes else 1]
    line = _one_line(quote)
    begins_so = re.match(rf"{word}的?\b", line, re.IGNORECASE)  # "Noise" does not
    return line if begins_so else f"{word} – {line}"


def value(row: Row, of: str = "") -> str:
    """The value of a row first, then what it is of: the attribute, and whose where that is said."""
    return f"{row.value} ({', '.join(filter(None, (row.attribute, of)))})"


def cell(name: str, row: Row) -> str:
    """A product's value, among those of others."""
    return f"{name}: {value(row)}"


def opinion(question: str, evidence: Evidence, at: int, speaking: int, of: int) -> str:
    """A reviewer's words; before the first, how many of how many speak of the matter."""
    tongue = language(question)
    counted, first, further = _OPINIONS[tongue]
    quote = _QUOTES[tongue].format(_one_line(evidence.quote))
    if at:
        return further + quote
    if speaking < 2 or of < speaking:
        return _source(tongue, evidence) + quote
    return counted.format(speaking, of) + first + quote


def conflict(question: str, winner: Evidence, other: Evidence) -> str:
    """That two sources differ, the one that wins first."""
    tongue = language(question)
    return _CONFLICT[tongue].format(quotation(question, winner), quotation(question, other))


def nearest(question: str, evidence: Evidence) -> str:
    """What comes nearest where nothing answers."""
    tongue = language(question)
    return _NEAREST[tongue] + _QUOTES[tongue].format(_one_line(evidence.quote))


def _source(tongue: str, evidence: Evidence) -> str:
    since = evidence.document.effective_from
    if evidence.kind is not Kind.POLICY or since is None:
        return _SOURCE[tongue][evidence.kind]
    month = since.strftime("%B")  # English: nothing sets the process to another locale
    return _POLICY_SINCE[tongue].format(since, month=month)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def silence(question: str, looked_at: Sequence[Document], contact: str) -> str:
    """That the documents don't answer, where was looked first, and whom to ask."""
    head, seen, ask = _SILENCE[language(question)]
    titles = list(dict.fromkeys(document.title.rstrip(".?!？。！ ") for document in looked_at))[:3]
    return (
        head
        + (seen.format("; ".join(titles)) if titles else "")
        + (ask.format(contact) if contact else "")
    )
