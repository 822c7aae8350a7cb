"""HTML pages: the main content as a reader sees it; navigation, banners and hidden elements out."""

import re
from collections.abc import Iterator
from pathlib import Path

from lxml import etree, html

from indexer.draft import Draft, Outline, clean
from indexer.loaders.encoding import decode
from indexer.loaders.web.about import about
from indexer.loaders.web.blocks import add_blocks
from indexer.loaders.web.frame import main_content, remove_frame
from indexer.loaders.web.text import inline_text
from indexer.loaders.web.unseen import remove_unseen
from rag.errors import DocumentError

_CHARSET = re.compile(rb"charset\s*=", re.IGNORECASE)


def load(path: Path) -> Iterator[Draft]:
    """Yield the page as one draft."""
    try:
        root = _parsed(path.read_bytes())
    except (OSError, etree.LxmlError, ValueError) as error:
        raise DocumentError(f"cannot be read as HTML: {error}") from error
    metadata = about(root)
    titles = root.xpath("//title/text()")
    remove_unseen(root)
    remove_frame(root)
    content = main_content(root)
    headlines = (inline_text(heading).replace("\n", " ") for heading in content.iter("h1"))
    own = re.split(r"\s[|–—]\s", str(titles[0]))[0] if titles else None
    title = next(filter(None, map(clean, headlines)), own)  # a picture may be the first of them
    outline = Outline()
    add_blocks(content, outline)
    yield outline.finish(title=title, metadata=metadata)


def add_fragment(source: str, outline: Outline) -> None:
    """Add a piece of HTML that stands in another format."""
    if (root := _fragment(source)) is not None:
        add_blocks(root, outline)


def text_of(source: str, soft: str = " ") -> str:
    """The text of a piece of HTML within a paragraph; `soft` stands for its line breaks."""
    root = _fragment(source.replace("\n", "<br>") if soft == "\n" else source)
    return "" if root is None else inline_text(root)


def texts_of(source: str) -> tuple[str, str]:
    """All the text of a piece of HTML, and what of it a reader sees."""
    if (root := _tree(source)) is None:
        return "", ""
    whole = str(root.text_content())
    remove_unseen(root)
    return whole, str(root.text_content())


def _fragment(source: str) -> html.HtmlElement | None:
    if (root := _tree(source)) is not None:
        remove_unseen(root)
        remove_frame(root)
    return root


def _tree(source: str) -> html.HtmlElement | None:
    try:
        root: html.HtmlElement = html.fragment_fromstring(
            clean(source), create_parent="div", parser=_parser("utf-8")
        )
    except (etree.LxmlError, ValueError):
        return None  # tags without an element, such as the closing half of a pair
    return root


def _parsed(data: bytes) -> html.HtmlElement:
    encoding: str | None = "utf-8"
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        if _CHARSET.search(data[:4_096]):
            encoding = None  # the page's own declaration decides
        else:
            data = decode(data).encode("utf-8")
    parser = _parser(encoding)
    data = data if encoding is None else data.replace(b"\0", b"")
    root: html.HtmlElement = html.document_fromstring(data, parser=parser)
    if any(error.type == etree.ErrorTypes.ERR_RESOURCE_LIMIT for error in parser.error_log):
        # The parser has thrown away what came after; half a page must not pass for a page.
        raise DocumentError("is nested more than 2,000 elements deep; close its tags")
    return root


def _parser(encoding: str | None) -> html.HTMLParser:
    return html.HTMLParser(encoding=encoding, no_network=True, huge_tree=True)
