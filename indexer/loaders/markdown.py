"""Markdown (CommonMark and tables) with YAML front matter, rendered to plain text."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from markdown_it import MarkdownIt
from markdown_it.token import Token

from indexer.draft import Draft, Outline
from indexer.front_matter import read_mapping
from indexer.loaders.attributes import Cell, Row, add_paragraph, add_table, are_attributes
from indexer.loaders.encoding import read_text
from indexer.loaders.markdown_unseen import without_hidden
from indexer.loaders.web import page
from rag.errors import DocumentError
from rag.types import BlockKind

_FRONT = re.compile(r"\A---[ \t]*\n(.*?)^---[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_BREAK = re.compile(r"<br\b", re.IGNORECASE)
_ITEM_PARTS = frozenset(
    ["list_item_open", "list_item_close", "paragraph_open", "paragraph_close", "inline"]
)
_NESTING = ("list_item_open", "blockquote_open")
_DEEPEST = 100
_QUESTION = re.compile(r"[^\n]*[?？]\n.*\S", re.DOTALL)
"""And what answers it, on the lines below."""
_parser = MarkdownIt("commonmark", {"maxNesting": _DEEPEST}).enable("table")


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
    """Turn Markdown into an outlined plain text.

    Raises:
        DocumentError: its lists or quotes nest too deeply, or its HTML has too many style rules.
    """
    tokens = _parser.parse(body)
    if any(token.level >= _DEEPEST - 1 and token.type in _NESTING for token in tokens):
        # The parser has left out what stands in there.
        raise DocumentError("is nested too deeply to be read; flatten it")
    tokens = without_hidden(tokens)
    renderer = _Renderer(_listed_attributes(tokens), _listed_questions(tokens))
    for token in tokens:
        renderer.take(token)
    title = str(metadata["title"]) if metadata.get("title") else renderer.first_heading
    return renderer.outline.finish(title=title, metadata=metadata)


class _Renderer:
    """Walks the parser's flat list of tokens, keeping what each of them stands in."""

    def __init__(self, attributes: frozenset[int], questions: "_Questions") -> None:
        self.outline = Outline()
        self.first_heading: str | None = None
        self._attributes = attributes
        self._questions = questions
        self._level = 0
        self._in_item = 0
        self._rows: list[Row] = []
        self._cells: list[Cell] | None = None
        self._numbers: list[int | None] = []
        self._mark = ""

    def take(self, token: Token) -> None:
        """Add what a token brings; tokens without text only change where the next one stands."""
        action = getattr(self, f"_{token.type}", None)
        if action is not None:
            action(token)

    def _heading_open(self, token: Token) -> None:
        self._level = int(token.tag[1])

    def _heading_close(self, _: Token) -> None:
        self._level = 0

    def _ordered_list_open(self, token: Token) -> None:
        self._numbers.append(int(token.attrs.get("start", 1)))

    def _bullet_list_open(self, _: Token) -> None:
        self._numbers.append(None)

    def _ordered_list_close(self, _: Token) -> None:
        self._numbers.pop()

    _bullet_list_close = _ordered_list_close

    def _list_item_open(self, _: Token) -> None:
        self._in_item += 1
        number = self._numbers[-1]
        self._mark = "" if number is None else f"{number}. "
        self._numbers[-1] = None if number is None else number + 1

    def _list_item_close(self, _: Token) -> None:
        self._in_item -= 1
        self._mark = ""

    def _table_open(self, _: Token) -> None:
        self._rows = []

    def _tr_open(self, _: Token) -> None:
        self._cells = []

    def _tr_close(self, _: Token) -> None:
        self._rows.append(Row(self._cells or []))
        self._cells = None

    def _thead_close(self, _: Token) -> None:
        self._rows = [row._replace(head=True) for row in self._rows]

    def _table_close(self, _: Token) -> None:
        add_table(self.outline, self._rows)

    def _inline(self, token: Token) -> None:
        text = _plain(token)
        if self._cells is not None:
            self._cells.append(Cell(text.replace("\n", " "), _is_bold(token)))
        elif self._level:
            self.first_heading = self.first_heading or text
            self.outline.add(BlockKind.HEADING, text, self._level)
        elif id(token) in self._attributes:
            self.outline.add(BlockKind.ROW, text.replace("\n", " "))
        elif id(token) in self._questions.asked:
            question, _, answer = _plain(token, soft="\n").partition("\n")
            self.outline.add_question(question)
            self.outline.add(BlockKind.PARAGRAPH, answer.replace("\n", " "))
        elif id(token) in self._questions.answering:
            self.outline.add(BlockKind.PARAGRAPH, text)
        elif self._in_item:
            self.outline.add(BlockKind.ITEM, self._mark + text, len(self._numbers) - 1)
            self._mark = ""
        elif _is_bold(token):
            self.outline.add_bold(text)
        else:
            lines = _plain(token, soft="\n")
            add_paragraph(self.outline, lines if are_attributes(lines.split("\n")) else text)

    def _fence(self, token: Token) -> None:
        self.outline.add(BlockKind.PARAGRAPH, token.content)

    _code_block = _fence

    def _html_block(self, token: Token) -> None:
        page.add_fragment(token.content, self.outline)


def _listed_attributes(tokens: Sequence[Token]) -> frozenset[int]:
    """The texts, by identity, of bullet lists that hold attributes and nothing else."""
    found: set[int] = set()
    for kind, items in _flat_lists(tokens):
        texts = [token for item in items for token in item]
        if kind == "bullet_list" and are_attributes([_plain(token) for token in texts]):
            found |= {id(token) for token in texts}
    return frozenset(found)


class _Questions(NamedTuple):
    """Texts of lists, by identity."""

    asked: frozenset[int]
    """Those that begin with a question, on a line of its own."""
    answering: frozenset[int]


def _listed_questions(tokens: Sequence[Token]) -> _Questions:
    """Of lists that hold questions with their answers and nothing else."""
    asked: set[int] = set()
    answering: set[int] = set()
    for _, items in _flat_lists(tokens):
        shown = ["\n".join(_plain(token, soft="\n") for token in item) for item in items]
        if shown and all(_QUESTION.match(text) for text in shown):
            asked |= {id(item[0]) for item in items}
            answering |= {id(token) for item in items for token in item[1:]}
    return _Questions(frozenset(asked), frozenset(answering))


def _flat_lists(tokens: Sequence[Token]) -> Iterator[tuple[str, list[list[Token]]]]:
    """Yield lists of nothing but text, none inside another: their kind, and the texts by item."""
    lists: list[list[list[Token]] | None] = []
    for token in tokens:
        if token.type.endswith("_list_open"):
            if lists:
                lists[-1] = None  # a list with another one inside
            lists.append([])
        elif token.type.endswith("_list_close"):
            if items := lists.pop():
                yield token.type.removesuffix("_close"), [item for item in items if item]
        elif lists and token.type not in _ITEM_PARTS:
            lists[-1] = None
        elif lists and (items := lists[-1]) is not None:
            if token.type == "list_item_open":
                items.append([])
            elif token.type == "inline":
                items[-1].append(token)


def _is_bold(token: Token) -> bool:
    kinds = [child.type for child in token.children or [] if child.type != "text" or child.content]
    return (
        kinds[:1] == ["strong_open"]
        and kinds[-1] == "strong_close"
        and kinds.count("strong_open") == 1
    )


def _plain(token: Token, soft: str = " ") -> str:
    """The text of a paragraph; `soft` stands where only the source breaks its line."""
    children = token.children or []
    if any(child.type == "html_inline" and not _BREAK.match(child.content) for child in children):
        # Rendered and read back: a style may hide a part of it.
        return page.text_of(_parser.renderer.render(children, _parser.options, {}), soft)
    parts = []
    for child in children:
        match child.type:
            case "text" | "code_inline" | "image":
                parts.append(child.content)
            case "softbreak":
                parts.append(soft)
            case "hardbreak" | "html_inline":
                parts.append("\n")
    return "".join(parts).strip()
