"""Processes that read files, each with a limit of time and memory.

A parser that meets a hostile file can run for minutes, fill the memory or take its process down.
Here that costs the file, not the run. The processes are kept for the next files and the next run.
"""

import atexit
import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from contextlib import suppress
from typing import Any, NamedTuple

from indexer.discover import SourceFile
from indexer.row import Row
from rag.config import Indexing
from rag.errors import DocumentError

_COMMAND = (sys.executable, "-P", "-m", "indexer.worker")
_STARTING = 60.0
"""Seconds a reader may take to come up."""
_AHEAD = 64
"""Answers a reader may be ahead of whoever takes them."""


class Read(NamedTuple):
    """What came of a file: a document's row, a problem, or neither, after the last."""

    name: str
    row: Row | None = None
    problem: DocumentError | None = None


def read(files: Iterable[SourceFile], limits: Indexing) -> Generator[Read]:
    """Yield what the files hold, file by file in their order, while the next are being read."""
    rules = [rule.model_dump(mode="json", exclude_none=True) for rule in limits.rules]
    waiting: deque[tuple[SourceFile, _Reader]] = deque()
    coming = iter(files)
    try:
        while True:
            for file in coming:
                reader = _taken()
                reader.begin(file, rules, limits)
                waiting.append((file, reader))
                if len(waiting) >= (os.cpu_count() or 1):
                    break
            if not waiting:
                return
            file, reader = waiting[0]
            for answer in reader.answers(limits):
                if isinstance(answer, DocumentError):
                    yield Read(file.name, problem=answer)
                else:
                    yield Read(file.name, row=answer)
            yield Read(file.name)
            waiting.popleft()
            reader.release()
    finally:
        for _, reader in waiting:  # left in the middle of a file
            reader.stop()


class _Reader:
    """One such process, and a thread that takes what it writes."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            _COMMAND,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            encoding="utf-8",
        )
        self._lines: queue.Queue[str] = queue.Queue(_AHEAD)
        self._ready_by = time.monotonic() + _STARTING
        self._begun = 0.0
        self._listener = threading.Thread(target=self._listen, name="reader", daemon=True)
        self._listener.start()

    @property
    def alive(self) -> bool:
        """Whether it can be given a file."""
        return self._process.poll() is None

    def begin(self, file: SourceFile, rules: list[dict[str, Any]], limits: Indexing) -> None:
        """Hand it a file."""
        request = {
            "path": str(file.path.absolute()),
            "name": file.name,
            "place": file.place,
            "rules": rules,
            "seconds": limits.read_seconds,
            "megabytes": limits.read_megabytes,
        }
        assert self._process.stdin is not None
        with suppress(OSError):  # it has ended, which its answers will show
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
        self._begun = max(self._ready_by, time.monotonic())
        self._ready_by = 0.0

    def answers(self, limits: Indexing) -> Iterator[Row | DocumentError]:
        """What the file holds. When it cannot be read within the limits, that is the last."""
        since = self._begun
        while True:
            left = since + limits.read_seconds - time.monotonic()
            try:
                line = self._lines.get(timeout=max(0.0, left))
            except queue.Empty:
                self.stop()
                yield DocumentError(
                    f"takes longer than {limits.read_seconds:g} s to be read; split it, or raise "
                    "indexing.read_seconds"
                )
                return
            if not line:
                self.stop()
                yield DocumentError(
                    "made its reader fail, perhaps for want of memory "
                    f"(indexing.read_megabytes is {limits.read_megabytes}); export it again"
                )
                return
            match json.loads(line):
                case {"row": row}:
                    yield row
                case {"problem": problem}:
                    yield DocumentError(problem)
                case {"end": True}:
                    return
            since = time.monotonic()  # the time of whoever takes the answers does not count

    def release(self) -> None:
        """Leave it to the next file."""
        if self.alive:
            with _lock:
                _idle.append(self)

    def stop(self) -> None:
        """End it, whatever it does."""
        self._process.kill()
        self._process.wait()
        while self._listener.is_alive():  # it may stand before a full queue
            with suppress(queue.Empty):
                self._lines.get(timeout=0.01)
        assert self._process.stdin is not None
        with suppress(OSError):  # what was not sent does not matter any more
            self._process.stdin.close()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                self._lines.put(line)
        self._lines.put("")


_idle: list[_Reader] = []
_lock = threading.Lock()


def _taken() -> _Reader:
    with _lock:
        while _idle:
            reader = _idle.pop()
            if reader.alive:
                return reader
            reader.stop()
    return _Reader()


@atexit.register
def close() -> None:
    """End the readers that wait for files."""
    with _lock:
        while _idle:
            _idle.pop().stop()
