"""The words of an element as one run of text, however deeply they nest."""

from collections.abc import Collection

from lxml import etree, html

APART = frozenset(
    "p div section article main body header footer aside nav ul ol li dl dt dd table caption thead "
    "tbody tfoot tr td th blockquote pre figure figcaption details summary fieldset legend address "
    "hgroup form hr h1 h2 h3 h4 h5 h6".split()
)
"""Elements whose words do not run into the ones before and after."""
BREAK = "\v"
"""Stands for a line break that a reader sees; those of the source are spaces."""
_RAISED = str.maketrans("0123456789+-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻")


def inline_text(element: html.HtmlElement) -> str:
    """The text of an element, its lines broken where it says `<br>`."""
    return folded(raw_text(element))


def is_bold(element: html.HtmlElement) -> bool:
    """Whether all the text of an element is set in bold."""
    depth, found = 0, False
    for event, inner in etree.iterwalk(element, events=("start", "end")):
        step = inner.tag in ("b", "strong")
        depth += step if event == "start" else -step
        text = inner.text if event == "start" else inner.tail if inner is not element else None
        if text and text.strip():
            if not depth:
                return False
            found = True
    return found


def raw_text(element: html.HtmlElement, without: Collection[str] = ()) -> str:
    """The text of an element, leaving out those of some tags, before white space is folded."""
    parts: list[str] = []
    steps = etree.iterwalk(element, events=("start", "end"))
    kept_lines = 0
    for event, inner in steps:
        apart = inner.tag in APART
        if event == "start":
            kept_lines += inner.tag == "pre"
            parts.append(" " if apart else "")
            if inner.tag in without and inner is not element:
                steps.skip_subtree()
            else:
                parts.append(own_text(inner, kept_lines > 0))
        else:
            kept_lines -= inner.tag == "pre"
            parts.append(" " if apart else "")
            if inner is not element:
                parts.append(lines_of(inner.tail, kept_lines > 0))
    return "".join(parts)


def own_text(element: html.HtmlElement, kept_lines: bool = False) -> str:
    """What stands in an element before its first child."""
    if element.tag == "br":
        return BREAK
    text = lines_of(element.text, kept_lines)
    # "1.5<sup>1</sup>" is no 1.51, and "10<sup>3</sup>" no 103.
    return text.translate(_RAISED) if element.tag == "sup" else text


def lines_of(text: str | None, kept: bool) -> str:
    """A text whose line breaks are kept, as in `<pre>`, or not."""
    return (text or "").replace("\n", BREAK) if kept else text or ""


def folded(text: str) -> str:
    """Source line breaks are spaces; only <br> breaks a line."""
    return "\n".join(" ".join(line.split()) for line in text.split(BREAK)).strip()
