"""Links and addresses in a text, written out or half."""

import re

_LINK = re.compile(
    r"[a-z][a-z0-9+.-]*://\S*"  # any scheme
    r"|\b(?:javascript|data|mailto|vbscript|file|tel):\S+"
    r"|\bwww\.\S+"
    r"|[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
    r"|(?<![\w@.])(?:[a-z0-9-]+\.)+(?:com|net|org|info|biz|xyz|io|co|ai|app|shop|site|online|dev|me"
    r"|ru|cn|de|fr|es|it|nl|pl|uk|eu|us|top|club|link|click|example|test)\b(?:/\S*)?",
    re.IGNORECASE,
)


def links(text: str) -> list[str]:
    """The links and addresses in a text."""
    return [match.group().rstrip(".,;:!?)\"'”’") for match in _LINK.finditer(text)]
