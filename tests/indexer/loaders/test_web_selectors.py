"""Selectors against the plain definition of what they ask, on trees and rules drawn at random."""

from collections.abc import Iterator

import tinycss2
from hypothesis import given
from hypothesis import strategies as st
from lxml import html

from indexer.loaders.web.css import styles
from indexer.loaders.web.selectors import selectors

_CLASS = st.sampled_from("ab")
_TREE = st.recursive(
    st.builds("<i class={}></i>".format, _CLASS),
    lambda inner: st.builds(
        lambda name, children: f"<i class={name}>{''.join(children)}</i>",
        _CLASS,
        st.lists(inner, min_size=1, max_size=2),
    ),
    max_leaves=12,
)
_SELECTOR = st.lists(st.tuples(st.sampled_from([" ", ">"]), _CLASS), min_size=1, max_size=5)


def _is_for(element: html.HtmlElement | None, steps: list[tuple[str, str]]) -> bool:
    """Whether the last step names this element, and the others its ancestors, tried in every way.

    The sign of a step is the one between it and the step before.
    """
    if element is None or element.get("class") != steps[-1][1]:
        return False
    if len(steps) == 1:
        return True
    above: Iterator[html.HtmlElement | None] = element.iterancestors()
    if steps[-1][0] == ">":
        above = iter([element.getparent()])
    return any(_is_for(ancestor, steps[:-1]) for ancestor in above)


@given(_TREE, _SELECTOR)
def test_a_rule_is_for_the_elements_its_selector_asks_for(
    tree: str, steps: list[tuple[str, str]]
) -> None:
    written = "".join(f"{sign}.{name}" for sign, name in steps)[1:]
    root = html.fragment_fromstring(f"<div><style>{written}{{top:0}}</style>{tree}</div>")
    expected = {element for element in root.iter("i") if _is_for(element, steps)}
    assert set(styles(root)) == expected


def test_what_cannot_be_told_is_left_out() -> None:
    listed = ".a, .b:hover, .c + .d, [e], > .f, .g >, .h > > .i, :is(.j, .k), .l .m" + " *" * 7
    found = selectors(tinycss2.parse_component_value_list(listed))
    assert [selector.last.names for selector in found] == [{".a"}]
