"""The box as it is served: its parts joined to one script, with the hash a page can insist on."""

import base64
import gzip
import hashlib
import json
import re
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path

BOX = Path(__file__).parent / "box"
PARTS = ("words.js", "nodes.js", "service.js", "exchange.js", "element.js")
"""In the order in which each builds on those before."""
NAME = "shelf-talk.js"

_COMMENT = re.compile(r"^[ ]*(?:/\*\*.*?\*/|//[^\n]*)\n", re.DOTALL | re.MULTILINE)
_SPACE = re.compile(r"\s*([{};,])\s*|\s+(?=\s)")
_WRAPPED = """\
/* <shelf-talk> {version}: shelftalk's box for product pages. Apache-2.0 */
(() => {{
"use strict";
if (customElements.get("shelf-talk")) return;
const STYLE = new CSSStyleSheet();
STYLE.replaceSync({style});
{parts}
}})();
"""


@dataclass(frozen=True, slots=True)
class Widget:
    """One version of the script. Its path names its content, so that it never changes there."""

    version: str
    script: bytes
    packed: bytes
    """The same, gzipped."""
    integrity: str
    """As a `script` element's attribute of that name takes it."""

    @property
    def path(self) -> str:
        """Where it is served, from the server's root."""
        return f"/widget/{self.version}/{NAME}"


@cache
def widget() -> Widget:
    """The box of this installation."""
    parts = "".join(_lean(BOX / name) for name in PARTS)
    style = _SPACE.sub(r"\1", _text(BOX / "style.css"))
    digest = hashlib.sha256((parts + style).encode()).hexdigest()[:8]
    name = f"{version('shelftalk')}-{digest}"
    script = _WRAPPED.format(
        version=name, style=json.dumps(style, ensure_ascii=False), parts=parts
    ).encode()
    return Widget(
        version=name,
        script=script,
        packed=gzip.compress(script, mtime=0),
        integrity="sha384-" + base64.b64encode(hashlib.sha384(script).digest()).decode(),
    )


def snippet(base: str) -> str:
    """What a shop puts on its product page.

    Args:
        base: the address of this server as browsers know it, without a slash at its end.
    """
    box = widget()
    return (
        f'<script src="{base}{box.path}" integrity="{box.integrity}" crossorigin defer></script>\n'
        '<shelf-talk product-id="YOUR-PRODUCT-ID"></shelf-talk>\n'
    )


def _lean(path: Path) -> str:
    """Without comments on lines of their own, and without indentation."""
    lines = _COMMENT.sub("", _text(path)).splitlines()
    return "".join(f"{line.strip()}\n" for line in lines if line.strip())


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")
