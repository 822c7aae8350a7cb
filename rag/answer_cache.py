"""Same question, same answer: finished answers of one engine, kept in memory."""

import unicodedata
from collections import OrderedDict
from collections.abc import Callable, Iterable
from concurrent.futures import Future, wait
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from threading import Lock
from typing import NamedTuple

from rag.body import answer_body, as_json
from rag.stopping import LOOK, stop_if_left
from rag.types import Answer, Event, Question, Scope


class Key(NamedTuple):
    """What an answer depends on. Index, model and settings are the engine's, as the cache is."""

    text: str
    history: tuple[str, ...]
    scope: Scope
    where: str
    """The scope's filter as written: as Python values, 1 and true would be the same."""

    @classmethod
    def of(cls, question: Question) -> "Key":
        """The key of a question asked today."""
        scope = question.scope
        return cls(
            _normal(question.text),
            tuple(_normal(text) for text in question.history),
            replace(scope, as_of=scope.as_of or date.today(), where=None),
            repr(scope.where),
        )


@dataclass(frozen=True)
class KeptAnswer:
    """The events of an answer that was given before; the last is the answer, marked as cached."""

    events: tuple[Event, ...]

    @property
    def answer(self) -> Answer:
        """The whole answer."""
        answer = self.events[-1]
        assert isinstance(answer, Answer)
        return answer

    @cached_property
    def body(self) -> bytes:
        """The answer's body as JSON, written once."""
        return as_json(answer_body(self.answer))


class AnswerCache:
    """The answers asked for last, at most `size` of them. Safe to share between threads.

    An engine has its own, so that what another generation of the index says begins anew.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._lock = Lock()
        self._kept: OrderedDict[Key, KeptAnswer] = OrderedDict()
        self._being_made: dict[Key, Future[KeptAnswer | None]] = {}

    def __len__(self) -> int:
        """How many answers are kept."""
        return len(self._kept)

    def get(self, key: Key) -> KeptAnswer | None:
        """The answer kept under this key."""
        with self._lock:
            return self._find(key)

    def put(self, key: Key, events: Iterable[Event]) -> KeptAnswer:
        """Keep an answer, unless it was made without the language model for once."""
        *before, answer = events
        assert isinstance(answer, Answer)
        remembered = KeptAnswer((*before, replace(answer, cached=True)))
        with self._lock:
            if self._size and not answer.degraded:
                self._kept[key] = remembered
                if len(self._kept) > self._size:
                    self._kept.popitem(last=False)
        return remembered

    def answer(self, key: Key, make: Callable[[], Iterable[Event]]) -> Answer:
        """The answer kept, or made now. Who asks the same meanwhile waits and gets the same.

        Where it could not be made, one of those who wait tries again.

        Raises:
            StoppedError: whoever asked left while another made it.
            Exception: whatever `make` raises.
        """
        if not self._size:
            return _last(make())
        while True:
            with self._lock:
                if kept := self._find(key):
                    return kept.answer
                made_elsewhere = self._being_made.get(key)
                if made_elsewhere is None:
                    mine = self._being_made[key] = Future()
                    break
            while not wait((made_elsewhere,), LOOK).done:
                stop_if_left()
            if shared := made_elsewhere.result():
                return shared.answer
        remembered = None
        try:
            events = tuple(make())
            remembered = self.put(key, events)
            return _last(events)
        finally:
            with self._lock:
                del self._being_made[key]
            mine.set_result(remembered)

    def _find(self, key: Key) -> KeptAnswer | None:
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
        return found


def _last(events: Iterable[Event]) -> Answer:
    *_, answer = events
    assert isinstance(answer, Answer)
    return answer


def _normal(text: str) -> str:
    """White space and capitals at the start of words do not matter; those in "5 MW" do."""
    words = unicodedata.normalize("NFC", text).split()
    return " ".join(word.lower() if word.istitle() else word for word in words)
