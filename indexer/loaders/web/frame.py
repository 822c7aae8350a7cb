"""What stands around a page's content: navigation, banners, forms, sign-ups. Told by its markup.

A class counts only if all its words are of that sort: `cookie-banner`, not `product-cookie-jar`.
Nothing goes that holds the page's content or only headline, whatever it is called.
"""

import re
from collections.abc import Iterable, Iterator

from lxml import html

_NEVER_SHOWN = frozenset(
    "script style noscript template svg select iframe object head datalist".split()
)
_AROUND = frozenset("nav header footer aside form button dialog".split())
_ROLES = frozenset("navigation banner contentinfo complementary search dialog alertdialog".split())
_SUBJECTS = frozenset("cookie cookies consent gdpr ccpa cookieconsent newsletter".split())
_ENOUGH = frozenset("gdpr ccpa cookieconsent newsletter breadcrumb breadcrumbs".split())
_DEVICES = frozenset(
    "banner bar notice notification popup pop modal overlay dialog message alert law "
    "settings preferences prompt wall warning popin sdk manager".split()
)
_FILLERS = frozenset(
    "js the site page main header footer section wrapper wrap container inner content outer box "
    "block area widget form signup sign up subscribe subscription opt in optin nav list item trail "
    "root eu info woocommerce wp".split()
)
_LABELS = frozenset("sr-only visually-hidden visuallyhidden screen-reader-text".split())
"""Classes of texts that only a screen reader gives out, such as "Skip to content"."""
_MENUS = frozenset("menu nav navigation navbar submenu pagination pager tabs toc share".split())
_WORDS = re.compile(r"[-_\s]+|(?<=[a-z])(?=[A-Z])")


def remove_frame(root: html.HtmlElement) -> None:
    """Remove what is not the page's own content, from its tree."""
    lengths, linked = _lengths(root)
    kept = _kept(root)
    for element in list(root.iter()):
        parent = element.getparent()
        if parent is None or element.tag == "body":
            continue
        if not isinstance(element.tag, str) or element.tag in _NEVER_SHOWN:
            element.drop_tree()  # comments and instructions have no name
        elif element in kept or not _is_around(element):
            continue
        elif lengths[element] * 2 <= lengths[root] or not _may_be_most(element):
            element.drop_tree()
    for element in list(root.iter("ul", "ol", "div")):
        if _is_menu(element) and element not in kept and element.getparent() is not None:
            if linked[element] * 10 >= lengths[element] * 9:
                element.drop_tree()


def main_content(root: html.HtmlElement) -> html.HtmlElement:
    """The element that holds the page's content."""
    for query in ("//main", '//*[@role="main"]'):
        found = root.xpath(query)
        if len(found) == 1:
            return found[0]
    articles = list(root.iter("article"))
    if len(articles) == 1 and all(articles[0] in h.iterancestors() for h in root.iter("h1")):
        return articles[0]
    body = root.find("body")
    return root if body is None else body


def holders(elements: Iterable[html.HtmlElement]) -> set[html.HtmlElement]:
    """The elements and all that they stand in."""
    found: set[html.HtmlElement] = set()
    for element in elements:
        while element is not None and element not in found:
            found.add(element)
            element = element.getparent()
    return found


def _kept(root: html.HtmlElement) -> set[html.HtmlElement]:
    headlines = list(root.iter("h1"))
    content = main_content(root)
    return holders([content, *(headlines if len(headlines) == 1 else [])])


def _is_around(element: html.HtmlElement) -> bool:
    tag = element.tag
    if tag == "button":  # the question of an accordion, else something to press
        return not _stands_in(element, ("h1", "h2", "h3", "h4", "h5", "h6", "summary", "dt"))
    if tag == "header" and _stands_in(element, ("main", "article")):
        return False
    return (
        tag in _AROUND
        or element.get("role", "") in _ROLES
        or any(_is_frame(name) for name in _names(element))
    )


def _may_be_most(element: html.HtmlElement) -> bool:
    """Whether it may still be content if it holds most of the page: some wrap all in a form."""
    return element.tag == "form" or any(_is_frame(name) for name in _names(element))


def _stands_in(element: html.HtmlElement, tags: tuple[str, ...]) -> bool:
    return next(element.iterancestors(*tags), None) is not None


def _names(element: html.HtmlElement) -> Iterator[str]:
    yield from f"{element.get('id', '')} {element.get('class', '')}".split()


def _is_frame(name: str) -> bool:
    """Whether an id or class is that of a banner, a sign-up or a trail of links."""
    if name.lower() in _LABELS:
        return True
    block = re.split("__|--", name)[0]  # a part or a state of a component
    words = {word.lower() for word in _WORDS.split(block) if word}
    if not words <= _SUBJECTS | _ENOUGH | _DEVICES | _FILLERS:
        return False
    told = words & (_SUBJECTS | _DEVICES)
    return bool(words & _ENOUGH) or bool(told & _SUBJECTS and len(told) > 1)


def _is_menu(element: html.HtmlElement) -> bool:
    words = (word.lower() for name in _names(element) for word in _WORDS.split(name))
    return not _MENUS.isdisjoint(words)


def _lengths(
    root: html.HtmlElement,
) -> tuple[dict[html.HtmlElement, int], dict[html.HtmlElement, int]]:
    """How much text each element holds, and how much of it in links."""
    lengths: dict[html.HtmlElement, int] = {}
    linked: dict[html.HtmlElement, int] = {}
    for element in reversed(list(root.iter())):  # so that the inner ones come first
        own = isinstance(element.tag, str) and element.tag not in _NEVER_SHOWN
        texts = [element.text, *(child.tail for child in element)] if own else []
        inner = [child for child in element if child in lengths] if own else []
        lengths[element] = sum(len(text.strip()) for text in texts if text) + sum(
            lengths[child] for child in inner
        )
        all_linked = element.tag == "a"
        linked[element] = lengths[element] if all_linked else sum(linked[c] for c in inner)
    return lengths, linked
