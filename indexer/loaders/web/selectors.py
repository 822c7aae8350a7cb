"""Which elements a style rule is for: told by tags, classes and ids, with ancestors and parents."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import tinycss2
from lxml import html
from tinycss2.ast import LiteralToken, Node

_COMPOUND = re.compile(r"(?=.)([a-zA-Z][\w-]*|\*)?((?:[.#][\w-]+)*)")
_CHILD = re.compile(" ?> ?")
_MOST = 8
"""Compounds of a selector; longer ones are not told."""

Names = Mapping[html.HtmlElement, frozenset[str]]
"""Classes of an element as `.name`, its id as `#name`."""


@dataclass(frozen=True, slots=True)
class Compound:
    """A tag, classes and ids that one element must have."""

    tag: str | None
    names: frozenset[str]

    def fits(self, element: html.HtmlElement, names: Names) -> bool:
        """Whether an element has them."""
        # Above a fragment or below a foreign root there are elements that no rule is for.
        own = names.get(element, frozenset())
        return self.names <= own and self.tag in (None, element.tag)


@dataclass(frozen=True, slots=True)
class Selector:
    """Compounds from the element outwards.

    Those of a run stand in each other as child and parent; between two runs may stand anything.
    """

    runs: tuple[tuple[Compound, ...], ...]

    @property
    def last(self) -> Compound:
        """What the element itself must have."""
        return self.runs[0][0]

    @property
    def is_alone(self) -> bool:
        """Whether it asks nothing of ancestors."""
        return len(self.runs) == len(self.runs[0]) == 1

    @property
    def specificity(self) -> tuple[int, int, int]:
        """How many ids, classes and tags: the more, the stronger its rule."""
        compounds = [compound for run in self.runs for compound in run]
        names = [name for compound in compounds for name in compound.names]
        ids = sum(name.startswith("#") for name in names)
        tags = sum(compound.tag is not None for compound in compounds)
        return ids, len(names) - ids, tags

    def fits(self, line: Sequence[html.HtmlElement], names: Names) -> bool:
        """Whether it is for the first of a line of elements, which stand each in the next."""
        starts = range(1)
        for run in self.runs:
            # The nearest place will do for a run: it leaves the most for the others.
            found = (start for start in starts if _stands_at(run, line, start, names))
            if (start := next(found, None)) is None:
                return False
            starts = range(start + len(run), len(line))
        return True


def _stands_at(
    run: Sequence[Compound], line: Sequence[html.HtmlElement], start: int, names: Names
) -> bool:
    part = line[start : start + len(run)]
    return len(part) == len(run) and all(
        compound.fits(element, names) for compound, element in zip(run, part, strict=True)
    )


def _is_comma(node: Node) -> bool:
    return isinstance(node, LiteralToken) and node.value == ","


def selectors(prelude: Sequence[Node]) -> Iterator[Selector]:
    """Those of a rule's selectors that are simple enough to be told."""
    for is_comma, nodes in groupby(prelude, _is_comma):
        text = tinycss2.serialize([node for node in nodes if node.type != "comment"])
        runs = [run.split(">") for run in _CHILD.sub(">", " ".join(text.split())).split()]
        found = [[_COMPOUND.fullmatch(part) for part in reversed(run)] for run in reversed(runs)]
        if not is_comma and 0 < sum(map(len, found)) <= _MOST and all(map(all, found)):
            yield Selector(
                tuple(tuple(_compound(*part.groups()) for part in run if part) for run in found)
            )


def _compound(tag: str | None, names: str) -> Compound:
    return Compound(
        tag.lower() if tag and tag != "*" else None, frozenset(re.findall(r"[.#][\w-]+", names))
    )
