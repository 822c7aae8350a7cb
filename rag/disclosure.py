"""What a drafted sentence must not carry: our own instructions, and links or markup of nobody's.

Pure, and quick: it is asked of every sentence. Verification alone would let a link pass that
follows on words which stand in the evidence.
"""

import re
from collections.abc import Iterable, Iterator

from rag.injection import addresses_the_answerer
from rag.links import links
from rag.prompt import SYSTEM
from rag.text import words

RUN = 5
"""Words of our instructions in a row that give them away."""

_MARKUP = re.compile(
    r"!?\[[^\]]*\]\s*[(\[][^)\]]*[)\]]"  # [text](target), ![alt](source), [text][name]
    r"|^\s*\[[^\]]+\]:\s*\S+"  # [name]: target
    r"|!\[|<!--"
    r"|<\s*[/!?]?\s*[a-z][^>]*>?"
    r"|&(?:#\w+|[a-z]+);"
    r"|\bon[a-z]+\s*=",
    re.IGNORECASE | re.MULTILINE,
)


def may_be_said(sentence: str, sources: Iterable[str]) -> bool:
    """Whether a drafted sentence may leave, given the texts it could have been drawn from."""
    known = "\n".join(sources)
    foreign = (text for text in _fragments(sentence) if text not in known)
    return not (any(foreign) or repeats_instructions(sentence) or addresses_the_answerer(sentence))


def repeats_instructions(text: str) -> bool:
    """Whether a text says our instructions to the model, in part."""
    return bool(_runs(text) & _INSTRUCTIONS)


def _fragments(sentence: str) -> Iterator[str]:
    yield from links(sentence)
    yield from (match.group().strip() for match in _MARKUP.finditer(sentence))


def _runs(text: str) -> set[tuple[str, ...]]:
    said = list(words(text))
    return {tuple(said[at : at + RUN]) for at in range(len(said) - RUN + 1)}


_INSTRUCTIONS = _runs(SYSTEM)
