"""What was made lately for a key is not made again."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Generic, TypeVar

import numpy as np

from rag.vectors import Vectors

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Remembered(Generic[K, V]):
    """A function of many keys at once, with a memory. Safe to share between threads."""

    def __init__(self, make: Callable[[Sequence[K]], Iterable[V]], most: int) -> None:
        """Keep the values of so many keys, those asked for last.

        Args:
            make: gives a value for each of at least one key, in their order.
            most: how many are kept.
        """
        self._make = make
        self._most = most
        self._kept: OrderedDict[K, V] = OrderedDict()
        self._lock = threading.Lock()

    def __call__(self, keys: Sequence[K]) -> list[V]:
        """A value for each key. Raises what `make` raises."""
        kept = self._kept
        with self._lock:
            known = {key: kept[key] for key in keys if key in kept}
            for key in known:
                kept.move_to_end(key)
        new = [key for key in dict.fromkeys(keys) if key not in known]
        if new:
            made = dict(zip(new, self._make(new), strict=True))
            known |= made
            with self._lock:
                kept |= made
                while len(kept) > self._most:
                    kept.popitem(last=False)
        return [known[key] for key in keys]


class RememberedVectors:
    """An encoder with a memory. Safe to share between threads."""

    def __init__(self, encode: Callable[[Sequence[str]], Vectors], most: int) -> None:
        """Keep the vectors of so many texts, those asked for last."""

        def rows(texts: Sequence[str]) -> list[Vectors]:  # copies: a view would keep the batch
            return [row.copy() for row in encode(texts)]

        self._each = Remembered(rows, most)

    def __call__(self, texts: Sequence[str]) -> Vectors:
        """float32 [len(texts), dim]; there is at least one. Raises what the encoder raises."""
        return np.stack(self._each(texts))
