"""Plain text: paragraphs between blank lines, with their lists."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from indexer.draft import Draft, Outline
from indexer.loaders.attributes import add_paragraph, are_attributes
from indexer.loaders.encoding import read_text
from rag.types import BlockKind

_ITEM = re.compile(r"\s*(?:[-*•–]|\d{1,2}[.)])\s+")
_BULLET = re.compile(r"\s*[-*•–]\s+")


def load(path: Path) -> Iterator[Draft]:
    """Yield the file as one draft."""
    outline = Outline()
    for paragraph in re.split(r"\n\s*\n", read_text(path)):
        add_plain(paragraph, outline)
    yield outline.finish()


def add_plain(paragraph: str, outline: Outline) -> None:
    """Add what stands between two blank lines: prose, attributes, or a list with its lead-in."""
    lines = [line for line in paragraph.splitlines() if line.strip()]
    first = next((at for at, line in enumerate(lines) if _ITEM.match(line)), None)
    if first is not None:
        outline.add(BlockKind.PARAGRAPH, " ".join(lines[:first]))
        _add_list(lines[first:], outline)
    else:
        add_paragraph(outline, ("\n" if are_attributes(lines) else " ").join(lines))


def _add_list(lines: Sequence[str], outline: Outline) -> None:
    """Add items, each with the lines it runs on to; a new sentence at the margin ends the list."""
    blocks: list[tuple[BlockKind, str]] = []
    for line in lines:
        if _ITEM.match(line):
            blocks.append((BlockKind.ITEM, line))
        elif blocks[-1][0] is BlockKind.PARAGRAPH or _runs_on(line):
            blocks[-1] = (blocks[-1][0], f"{blocks[-1][1]} {line}")
        else:
            blocks.append((BlockKind.PARAGRAPH, line))
    bare = [_BULLET.sub("", text, count=1) for _, text in blocks if _BULLET.match(text)]
    if len(bare) == len(blocks) and are_attributes(bare):
        blocks = [(BlockKind.ROW, text) for text in bare]
    margin = _indent(blocks[0][1])
    for kind, text in blocks:
        deeper = kind is BlockKind.ITEM and _indent(text) > margin
        outline.add(kind, text, int(deeper))


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _runs_on(line: str) -> bool:
    return line[0].isspace() or line[0].islower()
