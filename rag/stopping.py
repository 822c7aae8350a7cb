"""Whoever asked may leave: what takes long looks now and then whether anybody still waits."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from rag.errors import StoppedError

LOOK = 0.25
"""Seconds between two looks whether anybody still waits."""

_left: ContextVar[Callable[[], bool]] = ContextVar("left", default=lambda: False)


@contextmanager
def stoppable(left: Callable[[], bool]) -> Iterator[None]:
    """Let what is called in here be stopped; `left` says whether whoever asked has left."""
    token = _left.set(left)
    try:
        yield
    finally:
        _left.reset(token)


def stop_if_left() -> None:
    """Go on only if somebody waits.

    Raises:
        StoppedError: nobody does.
    """
    if _left.get()():
        raise StoppedError("Whoever asked has left.")
