"""What a loader yields: a text with its structure, and whatever its source says about it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from rag.types import Block, BlockKind, Page

_SPACES = re.compile(r"[^\S\n]+")
_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x84\x86-\x9f\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)


@dataclass(frozen=True, slots=True)
class Draft:
    """A document before it is known whose it is. `metadata` keeps the source's own keys."""

    text: str
    blocks: tuple[Block, ...]
    pages: tuple[Page, ...] = ()
    title: str | None = None
    id: str | None = None
    """The document's own id, where the source gives one."""
    row: str | None = None
    """Which row of a file it is, where the file holds many documents."""
    metadata: Mapping[str, object] = field(default_factory=dict)


class Outline:
    """Builds a text block by block, keeping the offsets right."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._length = 0
        self._blocks: list[Block] = []
        self._pages: list[Page] = []
        self._page: tuple[int, int] | None = None

    def add(self, kind: BlockKind, text: str, level: int = 0) -> None:
        """Append a block, if any visible text is left of it; white space is folded."""
        text = clean(text)
        if not text:
            return
        if self._blocks:
            tight = {BlockKind.ITEM, BlockKind.ROW, BlockKind.HEADER}
            gap = "\n" if {kind, self._blocks[-1].kind} <= tight else "\n\n"
            self._parts.append(gap)
            self._length += len(gap)
        self._blocks.append(Block(kind, self._length, self._length + len(text), level))
        self._parts.append(text)
        self._length += len(text)

    def begin_page(self, number: int) -> None:
        """What is added from now on stands on this page."""
        self._end_page()
        self._page = (number, self._length)

    def _end_page(self) -> None:
        if self._page is not None:
            self._pages.append(Page(*self._page, self._length))

    def finish(
        self,
        title: str | None = None,
        own_id: str | None = None,
        row: str | None = None,
        metadata: Mapping[str, object] | None = None,
    ) -> Draft:
        """The draft made of all that was added."""
        self._end_page()
        self._page = None
        return Draft(
            "".join(self._parts),
            tuple(self._blocks),
            tuple(self._pages),
            title=clean(title).replace("\n", " ") if title else None,
            id=own_id,
            row=row,
            metadata=metadata or {},
        )


def clean(text: str) -> str:
    """Fold white space and drop characters a reader cannot see; line breaks stay."""
    visible = _UNPRINTABLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    lines = (_SPACES.sub(" ", line).strip() for line in visible.split("\n"))
    return "\n".join(line for line in lines if line)
