"""What the value of a style property means: a word, a number, a length, a colour, a clip."""

from collections.abc import Iterable

from tinycss2.ast import (
    DimensionToken,
    FunctionBlock,
    HashToken,
    IdentToken,
    Node,
    NumberToken,
    PercentageToken,
    URLToken,
)
from tinycss2.color4 import parse_color

Color = tuple[float, float, float, float]
"""Red, green, blue and opacity, each from 0 to 1."""
_PIXELS = {"px": 1.0, "em": 16.0, "rem": 16.0, "ex": 8.0, "ch": 8.0, "pt": 1.33, "vw": 15.0}
_RELATIVE = ("em", "ex", "ch")


def word(value: Iterable[Node]) -> str:
    """The first keyword, or nothing."""
    return next((node.lower_value for node in value if isinstance(node, IdentToken)), "")


def has_word(value: Iterable[Node], wanted: str) -> bool:
    """Whether a keyword is among others."""
    return any(isinstance(node, IdentToken) and node.lower_value == wanted for node in value)


def number(value: Iterable[Node]) -> float | None:
    """The first number or percentage."""
    kinds = (NumberToken, PercentageToken)
    return next((node.value for node in value if isinstance(node, kinds)), None)


def pixels(value: Iterable[Node]) -> float:
    """The first length, roughly; 0 where there is none."""
    lengths = (node for node in value if isinstance(node, DimensionToken))
    return next((node.value * _PIXELS.get(node.lower_unit, 0.0) for node in lengths), 0.0)


def is_sized(value: Iterable[Node], inherited: bool) -> bool:
    """Whether a font size is more than nothing; one in ems is a part of the inherited one."""
    for node in value:
        if isinstance(node, DimensionToken):
            relative = node.lower_unit in _RELATIVE
            return node.value != 0 and (inherited or not relative)
        if isinstance(node, NumberToken | PercentageToken):
            return node.value != 0 and inherited
        if isinstance(node, IdentToken) and node.lower_value.endswith(("small", "medium", "large")):
            return True
    return inherited


def color(node: Node) -> Color | None:
    """The colour that a value names in itself."""
    if not isinstance(node, IdentToken | HashToken | FunctionBlock):
        return None
    try:
        found = parse_color(node.serialize())
        if found is None or isinstance(found, str):
            return None
        red, green, blue, opacity = found.to("srgb")
    except NotImplementedError:  # a colour space that few pages use
        return None
    return red or 0.0, green or 0.0, blue or 0.0, opacity or 0.0


def is_picture(node: Node) -> bool:
    """Whether a value is a picture, a gradient, or something else with an unknown colour."""
    return isinstance(node, URLToken) or (isinstance(node, FunctionBlock) and color(node) is None)


def clips_all(value: Iterable[Node]) -> bool:
    """Whether a clip leaves a pixel at most."""
    for node in value:
        if not isinstance(node, FunctionBlock):
            continue
        if node.lower_name == "rect":
            kinds = (NumberToken, DimensionToken)
            sides = [part.value for part in node.arguments if isinstance(part, kinds)]
            return len(sides) == 4 and max(sides) - min(sides) <= 1
        if node.lower_name == "inset":
            parts = (part for part in node.arguments if isinstance(part, PercentageToken))
            return any(part.value >= 50 for part in parts)
    return False
