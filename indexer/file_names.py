"""Which product a file is named after."""

import re
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

_BEGIN, _END = re.compile(r"^|[ _.-]"), re.compile(r"$|[ _.-]")
"""What stands around an id in a file's name."""
_NUMBERED = re.compile(
    r"(?:product|item|article|sku)(?:[ _-]?(?:info|number|no|id))?[ _-]?([^\W_a-z]+)$"
)


class KnownProducts:
    """The ids of a shop's products, to find in the names of files."""

    def __init__(self, ids: Iterable[str]) -> None:
        ordered = enumerate(sorted(ids, key=len, reverse=True))
        self._ids = {id.casefold(): (place, id) for place, id in reversed(list(ordered))}
        """By how they are looked up, with their places: the longest come first."""

    def named_by(self, file: str) -> str | None:
        """The product a file is named after: `manual-BR-KT17.pdf`, `product_info_3.md`.

        An id of digits alone needs a word such as product or item before it: `10_returns.md` is
        about no product 10.
        """
        stem = PurePosixPath(file.removesuffix(".gz")).stem.casefold()
        said = (*_words(stem), *_numbers(stem))
        found = [self._ids[word] for word in said if word in self._ids]
        return min(found)[1] if found else None


def _words(stem: str) -> Iterator[str]:
    """Each run of whole words that is not digits alone."""
    ends = [match.start() for match in _END.finditer(stem)]
    for begin in (match.end() for match in _BEGIN.finditer(stem)):
        yield from (
            stem[begin:end] for end in ends if begin < end and not stem[begin:end].isdigit()
        )


def _numbers(stem: str) -> Iterator[str]:
    """The number of a product that a name ends in, also without the zeros before it."""
    match = _NUMBERED.search(stem)
    if match and match[1].isdigit():
        yield from (match[1][at:] for at in range(len(match[1])) if not match[1][:at].strip("0"))
