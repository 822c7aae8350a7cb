"""Questions that come at the same time are encoded together."""

import os
import threading
from collections import deque
from collections.abc import Callable, Sequence

import numpy as np

from rag.vectors import Vectors

_MOST = 16
"""Most texts of one batch; more gain nothing (measured on two cores)."""


class _Ticket:
    """Texts of one caller, and what came of them."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = texts
        self.vectors: Vectors | None = None
        self.error: BaseException | None = None

    @property
    def done(self) -> bool:
        return self.vectors is not None or self.error is not None


class MicroBatches:
    """An encoder for many threads. There is no thread of its own, and nobody waits for a timer.

    Whoever comes while a core is free encodes at once. The others wait, and the first of them to
    find a core free encodes for all who wait.
    """

    def __init__(
        self, encode: Callable[[Sequence[str]], Vectors], cores: int | None = None
    ) -> None:
        self._encode = encode
        self._free = cores or os.cpu_count() or 1
        self._changed = threading.Condition()
        self._waiting: deque[_Ticket] = deque()

    def __call__(self, texts: Sequence[str]) -> Vectors:
        """Encode texts: float32 [len(texts), dim]. Raises what the encoder raises."""
        own = _Ticket(texts)
        with self._changed:
            self._waiting.append(own)
        while True:
            with self._changed:
                self._changed.wait_for(lambda: own.done or (self._free and self._waiting))
                if own.done:
                    break
                batch = self._taken()
                self._free -= 1
            try:
                self._run(batch)
            finally:
                with self._changed:
                    self._free += 1
                    self._changed.notify_all()
        if own.error is not None:
            raise own.error
        assert own.vectors is not None
        return own.vectors

    def _taken(self) -> list[_Ticket]:
        """Those that have waited longest, as many as make a batch."""
        batch = [self._waiting.popleft()]
        size = len(batch[0].texts)
        while self._waiting and size + len(self._waiting[0].texts) <= _MOST:
            batch.append(self._waiting.popleft())
            size += len(batch[-1].texts)
        return batch

    def _run(self, batch: Sequence[_Ticket]) -> None:
        try:
            vectors = self._encode([text for ticket in batch for text in ticket.texts])
            ends = np.cumsum([len(ticket.texts) for ticket in batch])
            for ticket, part in zip(batch, np.split(vectors, ends[:-1]), strict=True):
                ticket.vectors = part
        except BaseException as error:
            for ticket in batch:
                ticket.error = error
            if not isinstance(error, Exception):  # an interrupt is this thread's own
                raise
