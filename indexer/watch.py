"""Notice when documents are saved."""

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import watchfiles

_SETTLED_MS = 200
"""Programs save in several steps: so long without another is taken for the last."""


def changes(
    roots: Sequence[Path], index: Path, stop: threading.Event | None = None
) -> Iterator[int]:
    """Yield the number of files changed below the roots, whenever some were, until `stop` is set.

    What changes while the caller is busy is yielded afterwards. Changes of the index itself, which
    may lie below a root, are none.
    """
    inside = [root.resolve() for root in roots]
    own = index.resolve()

    def concerns_us(_: watchfiles.Change, changed: str) -> bool:
        path = Path(changed)
        return any(path.is_relative_to(root) for root in inside) and not path.is_relative_to(own)

    # A file that is replaced is another one: what is watched is its folder.
    folders = {root if root.is_dir() else root.parent for root in inside}
    for found in watchfiles.watch(
        *sorted(folders),
        watch_filter=concerns_us,
        debounce=10 * _SETTLED_MS,
        step=_SETTLED_MS,
        rust_timeout=_SETTLED_MS,
        stop_event=stop,
        yield_on_timeout=False,
    ):
        yield len(found)
