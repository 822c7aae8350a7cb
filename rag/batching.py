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
        self.batch: list[_Ticket] = []
        """What its caller is to encode, itself among them; empty where another caller does."""
        self.called = threading.Event()
        """To encode its batch, or to take what came of it."""

    @property
    def done(self) -> bool:
        return self.vectors is not None or self.error is not None


class MicroBatches:
    """An encoder for many threads. There is no thread of its own, and nobody waits for a timer.

    Whoever comes while a core is free encodes at once. The others wait; when a core becomes free,
    the one that has waited longest encodes for as many as make a batch.
    """

    def __init__(
        self, encode: Callable[[Sequence[str]], Vectors], cores: int | None = None
    ) -> None:
        self._encode = encode
        self._free = cores or os.cpu_count() or 1
        self._lock = threading.Lock()
        self._waiting: deque[_Ticket] = deque()

    def __call__(self, texts: Sequence[str]) -> Vectors:
        """Encode texts: float32 [len(texts), dim]. Raises what the encoder raises."""
        own = _Ticket(texts)
        with self._lock:
            self._waiting.append(own)
            self._hand_out()
        try:
            own.called.wait()
            if own.batch:
                self._run(own.batch)
        finally:
            self._leave(own)
        if own.error is not None:
            raise own.error
        assert own.vectors is not None
        return own.vectors

    def _hand_out(self) -> None:
        """The free cores, to those who have waited longest."""
        while self._free and self._waiting:
            self._free -= 1
            first = self._waiting.popleft()
            first.batch = [first]
            size = len(first.texts)
            while self._waiting and size + len(self._waiting[0].texts) <= _MOST:
                first.batch.append(self._waiting.popleft())
                size += len(first.batch[-1].texts)
            first.called.set()

    def _leave(self, own: _Ticket) -> None:
        """Give a core back. After an interrupt, those that were counting on this caller wait on."""
        with self._lock:
            if own.batch:
                self._free += 1
                left = [ticket for ticket in own.batch if not ticket.done and ticket is not own]
                self._waiting.extendleft(reversed(left))
            elif own in self._waiting:
                self._waiting.remove(own)
            self._hand_out()
        for ticket in own.batch:
            if ticket.done:
                ticket.called.set()

    def _run(self, batch: Sequence[_Ticket]) -> None:
        try:
            vectors = self._encode([text for ticket in batch for text in ticket.texts])
            ends = np.cumsum([len(ticket.texts) for ticket in batch])
            for ticket, part in zip(batch, np.split(vectors, ends[:-1]), strict=True):
                ticket.vectors = part
        except Exception as error:
            for ticket in batch:
                ticket.error = error
