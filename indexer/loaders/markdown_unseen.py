"""What of a Markdown text its HTML hides: a tag may open before a paragraph and close after it."""

import re
from collections.abc import Sequence

from markdown_it.token import Token

from indexer.loaders.web import page

_BEGIN, _END = "\ue000", "\ue001"
_MARK = re.compile(f"{_BEGIN}(\\d+){_END}")
_CLOSING = re.compile(r"(?:\s*</[^>]*>)*")


def without_hidden(tokens: Sequence[Token]) -> list[Token]:
    """The tokens, less those whose text no reader sees.

    Raises:
        DocumentError: the style sheets in it are too large to be applied.
    """
    kinds = {child.type for token in tokens for child in (token, *(token.children or []))}
    if kinds.isdisjoint(("html_block", "html_inline")):
        return list(tokens)
    # A page of nothing but the HTML, with a mark for each text: some marks go with what is hidden.
    whole, seen = page.texts_of("".join(map(_marked, range(len(tokens)), tokens)))
    hidden = {*_MARK.findall(whole)} - {*_MARK.findall(seen)}
    return [token for number, token in enumerate(tokens) if str(number) not in hidden]


def _marked(number: int, token: Token) -> str:
    """The HTML of a token, in which a mark with its number stands for its text."""
    mark = f"{_BEGIN}{number}{_END}"
    if token.nesting:
        return f"<{token.tag}>" if token.nesting > 0 else f"</{token.tag}>"
    if token.type == "html_block":
        own = token.content.replace(_BEGIN, "")
        inner = match.end() if (match := _CLOSING.match(own)) else 0  # what it closes is before it
        return own[:inner] + mark + own[inner:]
    tags = (child.content for child in token.children or [] if child.type == "html_inline")
    return mark + "".join(tags)
