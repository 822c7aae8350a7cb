"""Passages → what is handed to a reader with little room: merged, within a budget, well ordered.

Pure functions. Language models read the beginning and the end of what they are given best (Liu et
al. 2023, "Lost in the Middle"), so the best extracts stand there.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rag.types import BlockKind, Document, Passage

Count = Callable[[Sequence[str]], list[int]]
"""How a model counts the tokens of texts."""


@dataclass(frozen=True, slots=True)
class Extract:
    """Neighbouring passages of a document in one piece."""

    document: Document
    start: int
    end: int
    passages: tuple[Passage, ...]
    """Those it is made of, in the order of the text."""

    @property
    def text(self) -> str:
        """`document.text[start:end]`."""
        return self.document.text[self.start : self.end]

    @property
    def rank(self) -> int:
        """That of its best passage."""
        return min(passage.rank for passage in self.passages)


def pack(passages: Sequence[Passage], budget: int, count: Count) -> list[Extract]:
    """The best passages that fit, neighbours merged, the best at both ends.

    Args:
        passages: a ranking, best first.
        budget: most tokens of all extracts together.
        count: how they are counted.
    """
    chosen: list[Passage] = []
    for passage in passages:
        tried = merged([*chosen, passage])
        if sum(count([extract.text for extract in tried])) <= budget:
            chosen.append(passage)
    return best_at_both_ends(merged(chosen))


def merged(passages: Sequence[Passage]) -> list[Extract]:
    """Passages of a document that overlap or follow each other in one piece, best piece first."""
    extracts: list[Extract] = []
    for passage in sorted(passages, key=lambda p: (p.document.id, p.chunk.start, p.chunk.end)):
        last = extracts[-1] if extracts else None
        document, chunk = passage.document, passage.chunk
        if last and last.document.id == document.id and _adjoin(document, last.end, chunk.start):
            end = max(last.end, chunk.end)
            extracts[-1] = Extract(document, last.start, end, (*last.passages, passage))
        else:
            extracts.append(Extract(document, chunk.start, chunk.end, (passage,)))
    return sorted(extracts, key=lambda extract: extract.rank)


def best_at_both_ends(extracts: Sequence[Extract]) -> list[Extract]:
    """The best first, the next best last, and so on towards the middle."""
    return [*extracts[::2], *reversed(extracts[1::2])]


def _adjoin(document: Document, end: int, start: int) -> bool:
    """Whether nothing but white space and headings stands between two places."""
    if end >= start or not document.text[end:start].strip():
        return True
    between = [block for block in document.blocks if block.start < start and block.end > end]
    return bool(between) and all(block.kind is BlockKind.HEADING for block in between)
