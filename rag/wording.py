"""What the engine itself says around quotations, in the language of the question."""

from collections.abc import Sequence

from rag.language import language
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
    """A sentence that says who says it, and quotes."""
    tongue = language(question)
    quote = " ".join(evidence.quote.split())
    return _SOURCE[tongue][evidence.kind] + _QUOTES[tongue].format(quote)


def silence(question: str, looked_at: Sequence[Document], contact: str) -> str:
    """That the documents don't answer, where was looked, and whom to ask."""
    head, seen, ask = _SILENCE[language(question)]
    trusted = sorted(looked_at, key=lambda document: document.kind.precedence)
    titles = list(dict.fromkeys(document.title for document in trusted))[:3]
    return (
        head
        + (seen.format("; ".join(titles)) if titles else "")
        + (ask.format(contact) if contact else "")
    )
