"""Texts that were encoded lately are not encoded again."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence

import numpy as np

from rag.vectors import Vectors


class Remembered:
    """An encoder with a memory. Safe to share between threads."""

    def __init__(self, encode: Callable[[Sequence[str]], Vectors], most: int) -> None:
        """Keep the vectors of so many texts, those asked for last."""
        self._encode = encode
        self._most = most
        self._kept: OrderedDict[str, Vectors] = OrderedDict()
        self._lock = threading.Lock()

    def __call__(self, texts: Sequence[str]) -> Vectors:
        """float32 [len(texts), dim]; there is at least one. Raises what the encoder raises."""
        with self._lock:
            known = {text: self._kept[text] for text in texts if text in self._kept}
        new = [text for text in dict.fromkeys(texts) if text not in known]
        if new:
            known.update(zip(new, self._encode(new), strict=True))
        with self._lock:
            for text, vector in known.items():
                self._kept[text] = vector
                self._kept.move_to_end(text)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return np.stack([known[text] for text in texts])
