"""Markdown (CommonMark and tables) with YAML front matter, rendered to plain text."""

import re
from collections.abc import Iterator
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

from indexer.draft import Draft, Outline
from indexer.front_matter import read_mapping
from indexer.loaders import html
from indexer.loaders.plain import read_text
from rag.errors import DocumentError
from rag.types import BlockKind

_FRONT = re.compile(r"\A---[ \t]*\n(.*?)^---[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_ATTRIBUTE = re.compile(r"[^:]{1,40}: \S")
_BREAK = re.compile(r"<br\b", re.IGNORECASE)
_OPENS = {
    "heading_open": BlockKind.HEADING,
    "list_item_open": BlockKind.ITEM,
    "thead_open": BlockKind.HEADER,
    "tbody_open": BlockKind.ROW,
}
"""Tokens between which text is of a kind; each has its `_close`."""
_parser = MarkdownIt("commonmark").enable("table")


def load(path: Path) -> Iterator[Draft]:
    """Yield the file as one draft; the title is the front matter's, else the first heading."""
    metadata, body = split_front_matter(read_text(path))
    yield render(body, metadata)


def split_front_matter(text: str) -> tuple[dict[str, object], str]:
    """Separate YAML front matter from the body.

    Raises:
        DocumentError: the front matter is no YAML mapping.
    """
    text = text.replace("\r\n", "\n")
    match = _FRONT.match(text)
    if not match:
        return {}, text
    try:
        # The line of dashes counts, too: the author's editor numbers it.
        return read_mapping("\n" + match[1]), text[match.end() :]
    except ValueError as error:
        raise DocumentError(f"has front matter that is {error}; correct it") from error


def render(body: str, metadata: dict[str, object]) -> Draft:
    """Turn Markdown into an outlined plain text."""
    renderer = _Renderer()
    for token in _parser.parse(body):
        renderer.take(token)
    title = str(metadata["title"]) if metadata.get("title") else renderer.first_heading
    return renderer.outline.finish(title=title, metadata=metadata)


class _Renderer:
    """Walks the parser's flat list of tokens, keeping what each of them stands in."""

    def __init__(self) -> None:
        self.outline = Outline()
        self.first_heading: str | None = None
        self._kinds: list[BlockKind] = []
        self._level = 0
        self._cells: list[str] = []
        self._numbers: list[int | None] = []
        self._mark = ""

    def take(self, token: Token) -> None:
        """Add what a token brings; tokens without text only change where the next one stands."""
        action = getattr(self, f"_{token.type}", None)
        if action is not None:
            action(token)
        elif token.type in _OPENS:
            self._kinds.append(_OPENS[token.type])
        elif token.type.removesuffix("_close") + "_open" in _OPENS:
            self._kinds.pop()
            self._mark = ""

    def _heading_open(self, token: Token) -> None:
        self._kinds.append(BlockKind.HEADING)
        self._level = int(token.tag[1])

    def _ordered_list_open(self, token: Token) -> None:
        self._numbers.append(int(token.attrs.get("start", 1)))

    def _bullet_list_open(self, _: Token) -> None:
        self._numbers.append(None)

    def _ordered_list_close(self, _: Token) -> None:
        self._numbers.pop()

    _bullet_list_close = _ordered_list_close

    def _list_item_open(self, _: Token) -> None:
        self._kinds.append(BlockKind.ITEM)
        number = self._numbers[-1]
        self._mark = "" if number is None else f"{number}. "
        self._numbers[-1] = None if number is None else number + 1

    def _tr_open(self, _: Token) -> None:
        self._cells = []

    def _tr_close(self, _: Token) -> None:
        self.outline.add(self._kinds[-1], " | ".join(self._cells))

    def _inline(self, token: Token) -> None:
        text = _plain(token)
        kind = self._kinds[-1] if self._kinds else BlockKind.PARAGRAPH
        if kind in (BlockKind.HEADER, BlockKind.ROW):
            self._cells.append(text.replace("\n", " "))
        elif kind is BlockKind.HEADING:
            self.first_heading = self.first_heading or text
            self.outline.add(kind, text, self._level)
        else:
            for line_kind, line in _lines(kind, self._mark + text):
                self.outline.add(line_kind, line)
            self._mark = ""

    def _fence(self, token: Token) -> None:
        self.outline.add(BlockKind.PARAGRAPH, token.content)

    _code_block = _fence

    def _html_block(self, token: Token) -> None:
        html.add_fragment(token.content, self.outline)


def _lines(kind: BlockKind, text: str) -> Iterator[tuple[BlockKind, str]]:
    """A paragraph of `Attribute: value` lines is a spec list: a row each. Else one block."""
    lines = text.split("\n")
    listed = len(lines) > 1 and all(_ATTRIBUTE.match(line) for line in lines)
    if kind is BlockKind.PARAGRAPH and listed:
        yield from ((BlockKind.ROW, line) for line in lines)
    else:
        yield kind, text


def _plain(token: Token) -> str:
    parts = []
    for child in token.children or []:
        match child.type:
            case "text" | "code_inline":
                parts.append(child.content)
            case "softbreak":
                parts.append(" ")
            case "hardbreak":
                parts.append("\n")
            case "html_inline" if _BREAK.match(child.content):
                parts.append("\n")
            case "image":
                parts.append(child.content)
    return "".join(parts).strip()
