"""What a page holds but does not show: a text that is hidden is no one's promise.

Out goes what is not displayed, transparent, off the screen, of no size, or of the colour of its
ground. So does the closed panel of an accordion, where a script would undo `display: none`; a
`<details>` stays, and so does what `hidden="until-found"` keeps in reach. Where a colour or a
picture behind the text is not known, the text counts as seen; a page that says nothing is white.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from lxml import html
from tinycss2.ast import Node, WhitespaceToken

from indexer.loaders.web.css import Style, styles
from indexer.loaders.web.css_values import (
    Color,
    clips_all,
    color,
    has_word,
    is_picture,
    is_sized,
    number,
    pixels,
    word,
)

_FAR = -900
"""So many pixels to the left or above is off every screen."""
_CLIPS = ("background", "background-clip", "-webkit-background-clip")
_SAME = 0.04
"""Colours whose parts differ by less look the same."""


@dataclass(frozen=True, slots=True)
class _Look:
    """How text in an element looks; its children begin with the same."""

    color: Color | None = (0, 0, 0, 1)
    ground: Color | None = (1, 1, 1, 1)
    """None where it is not known."""
    is_letters: bool = False
    """Whether the ground is painted in the shape of the letters, and so shows through them."""
    visible: bool = True
    sized: bool = True

    @property
    def seen(self) -> bool:
        """Whether a reader sees the text."""
        if not (self.visible and self.sized):
            return False
        if self.color is None or self.is_letters:
            return True
        if self.color[3] == 0:
            return False
        if self.ground is None:
            return True
        parts = zip(self.color[:3], self.ground[:3], strict=True)
        return any(abs(one - other) >= _SAME for one, other in parts)


_PLAIN = _Look()


def remove_unseen(root: html.HtmlElement) -> None:
    """Remove from a page what its reader does not see.

    Raises:
        DocumentError: its style sheets are too large to be applied.
    """
    said = styles(root)
    shown = _must_be_shown(root)
    looks: dict[html.HtmlElement, _Look] = {}
    gone: set[html.HtmlElement] = set()
    for element in list(root.iter()):
        parent = element.getparent()
        if parent in gone:
            gone.add(element)
            continue
        if not isinstance(element.tag, str):
            continue
        style = said.get(element, {})
        if element not in shown and (_is_marked_hidden(element) or _is_gone(style)):
            gone.add(element)
            element.drop_tree()
            continue
        look = _look(style, looks.get(parent, _PLAIN), element in shown)
        looks[element] = look
        if look is not _PLAIN and not look.seen:
            _silence(element)


def _must_be_shown(root: html.HtmlElement) -> set[html.HtmlElement]:
    """What holds the page's content: many a page is hidden until it has been loaded."""
    mains = root.xpath('//main | //*[@role="main"]')
    found = {root, *root.iter("body")}
    if len(mains) == 1:
        found |= {mains[0], *mains[0].iterancestors()}
    return found


def _silence(element: html.HtmlElement) -> None:
    """Take an element's own words away; its children may look different."""
    element.text = None
    for child in element:
        child.tail = None


def _is_marked_hidden(element: html.HtmlElement) -> bool:
    hidden: str = element.get("hidden", "until-found")
    aria_hidden: str | None = element.get("aria-hidden")
    return hidden.strip().lower() != "until-found" or aria_hidden == "true"


def _is_gone(style: Style) -> bool:
    """Whether a style puts an element and all in it out of sight."""
    if not style:
        return False
    return (
        word(style.get("display", ())) == "none"
        or number(style.get("opacity", ())) == 0
        or any(
            pixels(style.get(name, ())) <= _FAR for name in ("text-indent", "left", "right", "top")
        )
        or any(clips_all(style.get(name, ())) for name in ("clip", "clip-path"))
    )


def _look(style: Style, inherited: _Look, must_be_shown: bool) -> _Look:
    if not style:
        return inherited
    look = replace(
        inherited,
        color=_color(style.get("color", ()), inherited.color),
        ground=_ground(style, inherited.ground),
        is_letters=inherited.is_letters or any(has_word(style.get(n, ()), "text") for n in _CLIPS),
        sized=is_sized([*style.get("font-size", ()), *style.get("font", ())], inherited.sized),
    )
    visibility = word(style.get("visibility", ()))
    if visibility in ("hidden", "collapse", "visible") and not must_be_shown:
        look = replace(look, visible=visibility == "visible")
    return look


def _color(value: Iterable[Node], inherited: Color | None) -> Color | None:
    given = [node for node in value if not isinstance(node, WhitespaceToken)]
    if not given or word(given) in ("inherit", "unset", "currentcolor"):
        return inherited
    found = color(given[0])
    # Letters that are half see-through show what is behind them: mostly a picture.
    return found if found is not None and found[3] in (0, 1) else None


def _ground(style: Style, inherited: Color | None) -> Color | None:
    """The colour behind the text; not known where there is a picture."""
    ground = inherited
    for name in ("background", "background-color", "background-image"):
        for node in style.get(name, ()):
            if is_picture(node):
                return None
            found = color(node)
            if found is not None and found[3] > 0:
                ground = found if found[3] == 1 else None
    return ground
