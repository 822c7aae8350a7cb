"""HTML pages: the main content as a reader sees it; navigation, banners and hidden elements out."""

import re
from collections.abc import Iterator
from pathlib import Path

from lxml import etree, html

from indexer.draft import Draft, Outline
from rag.errors import DocumentError
from rag.types import BlockKind

_DROPPED = (
    "script style noscript template svg nav header footer aside form button select iframe object "
    "dialog head"
).split()
_ROLES = "navigation banner contentinfo complementary search dialog alertdialog".split()
_HIDDEN_STYLE = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(?![.\d])|opacity\s*:\s*0(?![.\d])",
    re.IGNORECASE,
)
_BANNER = re.compile(r"cookie|consent|newsletter|breadcrumb|sr-only|visually-hidden", re.IGNORECASE)
_BLOCKS = frozenset(
    "p div section article main body ul ol dl table blockquote pre figure figcaption details "
    "summary fieldset address hgroup".split()
)
_STRUCTURE = _BLOCKS | {"h1", "h2", "h3", "h4", "h5", "h6"}
_APART = _BLOCKS | {"li", "dt", "dd", "tr", "td", "th"}
"""Elements whose words do not run into the ones before and after."""


def load(path: Path) -> Iterator[Draft]:
    """Yield the page as one draft."""
    try:
        root = _parsed(path.read_bytes())
    except (OSError, etree.LxmlError, ValueError) as error:
        raise DocumentError(f"cannot be read as HTML: {error}") from error
    metadata: dict[str, object] = {}
    if locale := root.get("lang"):
        metadata["locale"] = locale
    for link in root.xpath('//link[@rel="canonical"]/@href'):
        metadata["url"] = str(link)
    titles = root.xpath("//title/text()")
    _prune(root)
    content = _content(root)
    headline = [" ".join(h.text_content().split()) for h in content.iter("h1")]
    title = (
        headline[0] if headline else (re.split(r"\s[|–—]\s", str(titles[0]))[0] if titles else None)
    )
    outline = Outline()
    _walk(content, outline)
    yield outline.finish(title=title, metadata=metadata)


def add_fragment(source: str, outline: Outline) -> None:
    """Add a piece of HTML that stands in another format."""
    try:
        root = html.fragment_fromstring(source, create_parent="div")
    except (etree.LxmlError, ValueError):
        return  # tags without an element, such as the closing half of a pair
    _prune(root)
    _walk(root, outline)


def _parsed(data: bytes) -> html.HtmlElement:
    try:
        data.decode("utf-8")
        data = data.replace(b"\0", b"")
        parser = html.HTMLParser(encoding="utf-8", no_network=True)
    except UnicodeDecodeError:
        parser = html.HTMLParser(no_network=True)  # the page's own declaration decides
    root: html.HtmlElement = html.document_fromstring(data, parser=parser)
    return root


def _prune(root: html.HtmlElement) -> None:
    """Remove what a reader does not see or does not read for its content."""
    for element in list(root.iter()):
        if element is root or element.tag == "body":
            continue
        if not isinstance(element.tag, str):
            drop = True  # comments, processing instructions
        else:
            drop = (
                element.tag in _DROPPED
                or element.get("role", "") in _ROLES
                or element.get("hidden") is not None
                or element.get("aria-hidden") == "true"
                or bool(_HIDDEN_STYLE.search(element.get("style", "")))
                or bool(_BANNER.search(f"{element.get('id', '')} {element.get('class', '')}"))
            )
        if drop and element.getparent() is not None:
            element.drop_tree()


def _content(root: html.HtmlElement) -> html.HtmlElement:
    for query in ("//main", '//*[@role="main"]', "//article"):
        found = root.xpath(query)
        if len(found) == 1:
            return found[0]
    body = root.find("body")
    return root if body is None else body


def _walk(element: html.HtmlElement, outline: Outline) -> None:
    """Add the blocks below an element in document order; loose inline text makes paragraphs."""
    loose = [element.text or ""]

    def flush() -> None:
        outline.add(BlockKind.PARAGRAPH, _folded("".join(loose)))
        loose.clear()

    for child in element:
        tag = str(child.tag)
        if re.fullmatch(r"h[1-6]", tag):
            flush()
            outline.add(BlockKind.HEADING, _inline(child).replace("\n", " "), int(tag[1]))
        elif tag in ("ul", "ol"):
            flush()
            _list(child, outline)
        elif tag == "table":
            flush()
            _table(child, outline)
        elif tag == "dl":
            flush()
            _definitions(child, outline)
        elif tag in _BLOCKS or next(child.iterdescendants(*_STRUCTURE), None) is not None:
            flush()
            _walk(child, outline)
        else:
            loose.append(_raw(child))
        loose.append(child.tail or "")
    flush()


def _list(element: html.HtmlElement, outline: Outline) -> None:
    number = 0
    for item in list(element):
        if item.tag != "li":  # no valid HTML, but shown by browsers
            _walk_alone(item, outline)
            continue
        number += 1
        nested = [child for child in item if child.tag in ("ul", "ol", "table")]
        rest = ((c.tail or "") if c in nested else _raw(c) + (c.tail or "") for c in item)
        text = _folded("".join([item.text or "", *rest])).replace("\n", " ")
        mark = f"{number}. " if element.tag == "ol" and text else ""
        outline.add(BlockKind.ITEM, mark + text)
        for child in nested:
            (_table if child.tag == "table" else _list)(child, outline)


def _walk_alone(element: html.HtmlElement, outline: Outline) -> None:
    holder = html.Element("div")
    holder.append(element)
    _walk(holder, outline)


def _table(element: html.HtmlElement, outline: Outline) -> None:
    for caption in element.iterchildren("caption"):
        outline.add(BlockKind.PARAGRAPH, _inline(caption))
    for row in element.iter("tr"):
        cells = [_inline(cell).replace("\n", " ") for cell in row.iterchildren("td", "th")]
        all_heads = not list(row.iterchildren("td"))
        outline.add(BlockKind.HEADER if all_heads else BlockKind.ROW, " | ".join(cells))


def _definitions(element: html.HtmlElement, outline: Outline) -> None:
    term = ""
    for child in element.iter("dt", "dd"):
        text = _inline(child).replace("\n", " ")
        if child.tag == "dt":
            term = text
        else:
            outline.add(BlockKind.ROW, f"{term}: {text}" if term else text)


def _inline(element: html.HtmlElement) -> str:
    return _folded(_raw(element))


def _raw(element: html.HtmlElement) -> str:
    if element.tag == "br":
        return "\v"
    inner = "".join(_raw(child) + (child.tail or "") for child in element)
    gap = " " if element.tag in _APART else ""
    return gap + (element.text or "") + inner + gap


def _folded(text: str) -> str:
    """Source line breaks are spaces; only <br> breaks a line."""
    return "\n".join(" ".join(line.split()) for line in text.split("\v")).strip()
