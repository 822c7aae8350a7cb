"""What a loader yields: a text with its structure, and whatever its source says about it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from rag.types import Block, BlockKind, Kind, Page

_UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f"  # controls; those that break lines are white space
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0d\ufeff\uffa0\ufff0-\ufffb\ufdd0-\ufdef\ufffe\uffff"
    "\ud800-\udfff\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_EMOJI = "\u00a9\u00ae\u203c-\u2049\u2122-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"
_LOOSE_PRESENTATION = re.compile(f"(?<![#*0-9{_EMOJI}])[\ufe0e\ufe0f]")
"""Selectors of an emoji's look that follow no emoji: a chain of them can carry a hidden text."""
_JOINED = "\u0600-\u109f\u1780-\u18af\ua840-\uabff\ufb50-\ufdcf\ufdf0-\ufdff\ufe70-\ufefc"
"""Scripts whose letters change their shape at a joiner: Arabic, the Indic ones and their kin."""
_LOOSE_JOINER = re.compile(
    f"(?<![{_JOINED}])\u200c|\u200c(?![{_JOINED}])"
    f"|(?<![{_JOINED}{_EMOJI}\ufe0f])\u200d|\u200d(?![{_JOINED}{_EMOJI}])"
)
"""Joiners with nothing to join: they split a word for a search and show nothing."""


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
    kind: Kind | None = None
    """What its form shows it to be, should nothing say."""


class Outline:
    """Builds a text block by block, keeping the offsets right."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._length = 0
        self._blocks: list[Block] = []
        self._pages: list[Page] = []
        self._page: tuple[int, int] | None = None
        self._heading = 0

    def add(self, kind: BlockKind, text: str, level: int = 0) -> None:
        """Append a block, if any visible text is left of it; white space is folded."""
        text = clean(text)
        if not text:
            return
        if kind is BlockKind.HEADING:
            self._heading = level
        if self._blocks:
            tight = {BlockKind.ITEM, BlockKind.ROW, BlockKind.HEADER}
            gap = "\n" if {kind, self._blocks[-1].kind} <= tight else "\n\n"
            self._parts.append(gap)
            self._length += len(gap)
        self._blocks.append(Block(kind, self._length, self._length + len(text), level))
        self._parts.append(text)
        self._length += len(text)

    def add_bold(self, text: str) -> None:
        """Append a paragraph all in bold. A question is the heading of its answer, as in many FAQs.

        Other bold lines may be what must be known ("Never in water"), to be found and quoted.
        """
        shown = clean(text)
        if "\n" not in shown and shown.endswith(("?", "？")):
            self.add_question(shown)
        else:
            self.add(BlockKind.PARAGRAPH, text)

    def add_question(self, text: str) -> None:
        """Append the heading of what answers it; the next question stands beside it."""
        level = self._heading
        self.add(BlockKind.HEADING, text, level + 1)
        self._heading = level

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
        kind: Kind | None = None,
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
            kind=kind,
        )


def clean(text: str) -> str:
    """Fold white space and drop characters a reader cannot see; line breaks stay.

    What is dropped can change a word's look-up, turn the direction of a line, or carry a text for
    a language model that no person reads.
    """
    text = _UNSEEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    if not text.isascii():
        # In this order: a selector that is left may stand before a joiner, never the other way.
        text = _LOOSE_JOINER.sub("", _LOOSE_PRESENTATION.sub("", text))
    lines = (" ".join(line.split()) for line in text.split("\n"))
    return "\n".join(line for line in lines if line)
