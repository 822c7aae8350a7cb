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
    outline = Outline()
    title = str(metadata["title"]) if metadata.get("title") else None
    kinds: list[BlockKind] = []
    level = 0
    cells: list[str] = []
    prefix = ""
    counters: list[int | None] = []
    for token in _parser.parse(body):
        match token.type:
            case "heading_open":
                kinds.append(BlockKind.HEADING)
                level = int(token.tag[1])
            case "ordered_list_open":
                counters.append(int(token.attrs.get("start", 1)))
            case "bullet_list_open":
                counters.append(None)
            case "ordered_list_close" | "bullet_list_close":
                counters.pop()
            case "list_item_open":
                kinds.append(BlockKind.ITEM)
                number = counters[-1]
                prefix = "" if number is None else f"{number}. "
                counters[-1] = None if number is None else number + 1
            case "tr_open":
                cells = []
            case "thead_open":
                kinds.append(BlockKind.HEADER)
            case "tbody_open":
                kinds.append(BlockKind.ROW)
            case "tr_close":
                outline.add(kinds[-1], " | ".join(cells))
            case "heading_close" | "list_item_close" | "thead_close" | "tbody_close":
                kinds.pop()
                prefix = ""
            case "inline":
                text = _inline(token)
                kind = kinds[-1] if kinds else BlockKind.PARAGRAPH
                if kind in (BlockKind.HEADER, BlockKind.ROW):
                    cells.append(text.replace("\n", " "))
                elif kind is BlockKind.HEADING:
                    title = title or text
                    outline.add(kind, text, level)
                else:
                    for line_kind, line in _lines(kind, prefix + text):
                        outline.add(line_kind, line)
                    prefix = ""
            case "fence" | "code_block":
                outline.add(BlockKind.PARAGRAPH, token.content)
            case "html_block":
                html.add_fragment(token.content, outline)
    return outline.finish(title=title, metadata=metadata)


def _lines(kind: BlockKind, text: str) -> Iterator[tuple[BlockKind, str]]:
    """A paragraph of `Attribute: value` lines is a spec list: a row each. Else one block."""
    lines = text.split("\n")
    listed = len(lines) > 1 and all(_ATTRIBUTE.match(line) for line in lines)
    if kind is BlockKind.PARAGRAPH and listed:
        yield from ((BlockKind.ROW, line) for line in lines)
    else:
        yield kind, text


def _inline(token: Token) -> str:
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
