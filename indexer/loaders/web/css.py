"""Styles of a page → what they say of each element, as far as it decides whether it is seen.

Read are the sheets in the page, not those it links to, and of them the rules for every medium: a
rule for printing hides nothing on a screen.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import tinycss2
from lxml import html
from tinycss2.ast import Declaration, Node

from indexer.loaders.web.presentation import presentation
from indexer.loaders.web.selectors import Names, Selector, selectors
from rag.errors import DocumentError

READ = frozenset(
    "display visibility opacity font-size font color background background-color background-image "
    "background-clip -webkit-background-clip text-indent left right top clip clip-path".split()
)
_WORK = 3_000_000
"""So many comparisons of an element with a selector are worth a page."""

Style = Mapping[str, Sequence[Node]]
"""The values of an element's properties, by name."""
_Rank = tuple[bool, bool, tuple[int, int, int], int]
"""What decides between two declarations: importance, attribute or sheet, specificity, order."""
_WEAKEST: _Rank = (False, False, (0, 0, 0), -1)


@dataclass(frozen=True, slots=True)
class _Rule:
    selector: Selector
    rank: _Rank
    declaration: Declaration


def styles(root: html.HtmlElement) -> dict[html.HtmlElement, Style]:
    """What the page's sheets and the elements' attributes say of each element they speak of.

    Raises:
        DocumentError: the sheets are too large to be applied.
    """
    elements = [element for element in root.iter() if isinstance(element.tag, str)]
    names = {element: _names(element) for element in elements}
    found: defaultdict[html.HtmlElement, dict[str, tuple[_Rank, Sequence[Node]]]]
    found = defaultdict(dict)

    def say(element: html.HtmlElement, rank: _Rank, name: str, value: Sequence[Node]) -> None:
        held = found[element].get(name)
        if held is None or held[0] <= rank:
            found[element][name] = (rank, value)

    for element, rule in _applied(_rules_of(root), elements, names):
        say(element, rule.rank, rule.declaration.lower_name, rule.declaration.value)
    for element in elements:
        for name, value in presentation(element):
            say(element, _WEAKEST, name, value)
        for said in _declarations(element.get("style", "")):
            rank = (said.important, True, (0, 0, 0), 0)
            say(element, rank, said.lower_name, said.value)
    return {
        element: {name: value for name, (_, value) in held.items()}
        for element, held in found.items()
    }


def _names(element: html.HtmlElement) -> frozenset[str]:
    classes = [f".{name}" for name in element.get("class", "").split()]
    return frozenset([*classes, f"#{element.get('id', '')}"])


def _applied(
    rules: Sequence[_Rule], elements: Sequence[html.HtmlElement], names: Names
) -> Iterator[tuple[html.HtmlElement, _Rule]]:
    """Each rule with each element it is for."""
    index: defaultdict[str | None, list[html.HtmlElement]] = defaultdict(list)
    for element in elements:
        for key in (None, str(element.tag), *names[element]):
            index[key].append(element)
    work = 0
    for rule in rules:
        last = rule.selector.last
        candidates = min((index[key] for key in (last.tag, *last.names)), key=len)
        work += len(candidates)
        for element in candidates:
            if not last.fits(element, names):
                continue
            line = [element] if rule.selector.is_alone else [element, *element.iterancestors()]
            work += len(line) - 1
            if rule.selector.fits(line, names):
                yield element, rule
        if work > _WORK:
            raise DocumentError("has too many style rules to tell what is hidden; shorten them")


def _rules_of(root: html.HtmlElement) -> list[_Rule]:
    rules: list[_Rule] = []
    for sheet in root.iter("style"):
        medium = sheet.get("media", "all").strip().lower()
        aside = next(sheet.iterancestors("noscript", "template", "svg"), None)
        if medium in ("", "all", "screen") and aside is None:
            for rule in _rules(sheet.text or ""):
                flags, attribute, specificity, _ = rule.rank
                rank = (flags, attribute, specificity, len(rules))
                rules.append(_Rule(rule.selector, rank, rule.declaration))
    return rules


@lru_cache(maxsize=16)
def _rules(sheet: str) -> tuple[_Rule, ...]:
    """The rules of a sheet; the pages of a shop mostly share theirs."""
    return tuple(
        _Rule(selector, (declaration.important, False, selector.specificity, 0), declaration)
        for rule in tinycss2.parse_stylesheet(sheet, skip_comments=True, skip_whitespace=True)
        if rule.type == "qualified-rule"
        for selector in selectors(rule.prelude)
        for declaration in _read(rule.content)
    )


def _declarations(attribute: str) -> Iterator[Declaration]:
    return _read(tinycss2.parse_component_value_list(attribute)) if attribute else iter(())


def _read(content: Sequence[Node]) -> Iterator[Declaration]:
    for node in tinycss2.parse_blocks_contents(content, True, True):
        if node.type == "declaration" and node.lower_name in READ:
            yield node
