"""Notice when documents are saved, and index them when nobody else does."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import watchfiles

from indexer.discover import require_roots
from rag.errors import IndexLockedError

_SETTLED_MS = 200
"""Programs save in several steps: so long without another is taken for the last."""
_AGAIN = 1.0
"""Seconds after which it is tried again whether another writer has ended."""


def changes(
    roots: Sequence[Path], index: Path, stop: threading.Event | None = None
) -> Iterator[int]:
    """Yield the number of files changed below the roots, whenever some were, until `stop` is set.

    The first is 0: from then on nothing is missed. What changes while the caller is busy is
    yielded afterwards. Changes of the index itself, which may lie below a root, are none.

    Raises:
        InputError: a root does not exist.
    """
    require_roots(roots)
    inside = [root.resolve() for root in roots]
    own = index.resolve()

    def concerns_us(_: watchfiles.Change, changed: str) -> bool:
        path = Path(changed)
        return any(path.is_relative_to(root) for root in inside) and not path.is_relative_to(own)

    # A file that is replaced is another one: what is watched is its folder.
    folders = {root if root.is_dir() else root.parent for root in inside}
    listening = False
    for found in watchfiles.watch(
        *sorted(folders),
        watch_filter=concerns_us,
        debounce=10 * _SETTLED_MS,
        step=_SETTLED_MS,
        rust_timeout=_SETTLED_MS,
        stop_event=stop,
        yield_on_timeout=True,
    ):
        if found or not listening:
            listening = True
            yield len(found)


def when_free(run: Callable[[], None], say: Callable[[str], None]) -> None:
    """Run as soon as no other writer is at work, and say once for whom it waits."""
    waits = False
    while True:
        try:
            return run()
        except IndexLockedError as error:  # the change at hand will not be yielded again
            if not waits:
                say(str(error))
            waits = True
        time.sleep(_AGAIN)
