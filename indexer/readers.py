"""Processes that read files, each with a limit of time and memory.

A parser that meets a hostile file can run for minutes, fill the memory or take its process down.
Here that costs the file, not the run. The processes are kept for the next files and the next run.
"""

import atexit
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

from indexer.discover import SourceFile
from indexer.row import DocumentRow
from rag.config import Indexing
from rag.errors import DocumentError

_COMMAND = (sys.executable, "-P", "-m", "indexer.worker")
_STARTING = 60.0
"""Seconds a reader may take to come up."""
_AHEAD = 64
"""Answers that may wait for whoever takes them."""


class Read(NamedTuple):
    """What came of a file: a document's row, a problem, or neither, after the last."""

    name: str
    row: DocumentRow | None = None
    problem: DocumentError | None = None


def read(files: Iterable[SourceFile], limits: Indexing) -> Generator[Read]:
    """Yield what the files hold, as it comes: several are read at once."""
    rules = [rule.model_dump(mode="json", exclude_none=True) for rule in limits.rules]
    answers: _Answers = queue.Queue(_AHEAD)
    busy: dict[_Reader, str] = {}
    stopped: list[_Reader] = []
    coming, most = iter(files), os.cpu_count() or 1
    try:
        while True:
            while len(busy) < most and (file := next(coming, None)):
                reader = _taken()
                busy[reader] = file.name
                reader.begin(file, rules, limits, answers)
            if not busy:
                return
            reader, line = _awaited(answers, busy)
            if reader not in busy:  # said before it was stopped
                continue
            name = busy[reader]
            if line:
                answer = json.loads(line)
            else:
                reader.stop()
                stopped.append(reader)
                answer = {"problem": reader.failure(limits), "end": True}
            yield from _reads(name, answer)
            if "end" in answer:
                del busy[reader]
                reader.release()
                yield Read(name)
            reader.patience = limits.read_seconds
    finally:
        for reader in busy:  # left in the middle of a file
            reader.stop()
        for reader in (*busy, *stopped):
            reader.let_go()


def _reads(name: str, answer: Mapping[str, Any]) -> Iterator[Read]:
    if "row" in answer:
        yield Read(name, DocumentRow(*answer["row"]))
    if "problem" in answer:
        yield Read(name, problem=DocumentError(answer["problem"]))


def _awaited(answers: "_Answers", busy: Iterable["_Reader"]) -> tuple["_Reader", str]:
    """The next line of any reader, or "" of one that says nothing any more."""
    first = min(busy, key=lambda reader: reader.patience)
    since = time.monotonic()
    try:
        found = answers.get(timeout=max(0.0, first.patience))
    except queue.Empty:
        found = first, ""
    waited = time.monotonic() - since  # the time of whoever takes the answers does not count
    for reader in busy:
        reader.patience -= waited
    return found


class _Reader:
    """One such process, and a thread that takes what it writes."""

    def __init__(self) -> None:
        # What it unpacks is removed here, for it may be killed before it can do so.
        self._folder = tempfile.TemporaryDirectory(prefix="shelftalk-", ignore_cleanup_errors=True)
        self._process = subprocess.Popen(
            _COMMAND,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "TMPDIR": self._folder.name},
            encoding="utf-8",
        )
        self.patience = _STARTING
        """Seconds for which its next line is still waited for."""
        self._answers: _Answers = queue.Queue()
        self._listener = threading.Thread(target=self._listen, name="reader", daemon=True)

    @property
    def alive(self) -> bool:
        """Whether it can be given a file."""
        return self._process.poll() is None

    def begin(
        self,
        file: SourceFile,
        rules: list[dict[str, Any]],
        limits: Indexing,
        answers: "_Answers",
    ) -> None:
        """Hand it a file, and say where its answers go."""
        request = {
            "path": str(file.path.absolute()),
            "name": file.name,
            "place": file.place,
            "rules": rules,
            "seconds": limits.read_seconds,
            "megabytes": limits.read_megabytes,
        }
        self._answers = answers
        if self._listener.ident is None:
            self._listener.start()
        else:
            self.patience = limits.read_seconds
        assert self._process.stdin is not None
        with suppress(OSError):  # it has ended, which its answers will show
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()

    def release(self) -> None:
        """Leave it to the next file, if it is alive."""
        if self.alive:
            with _lock:
                _idle.append(self)
        else:
            self.stop()

    def stop(self) -> None:
        """End it, whatever it does, and remove what it leaves behind."""
        self._process.kill()
        self._process.wait()
        assert self._process.stdin is not None
        with suppress(OSError):  # what was not sent does not matter any more
            self._process.stdin.close()
        self._folder.cleanup()

    def failure(self, limits: Indexing) -> str:
        """What was wrong with a file for which it was stopped, or has ended."""
        if self.patience <= 0 or self._process.returncode == -getattr(signal, "SIGALRM", 0):
            return (
                f"takes longer than {limits.read_seconds:g} s to be read; split it, or raise "
                "indexing.read_seconds"
            )
        return (
            "made its reader fail, perhaps for want of memory "
            f"(indexing.read_megabytes is {limits.read_megabytes}); export it again"
        )

    def let_go(self) -> None:
        """Wait, once it is stopped, for its thread, which may stand before a full queue."""
        while self._listener.is_alive():
            with suppress(queue.Empty):
                self._answers.get(timeout=0.01)

    def _listen(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                if line.endswith("\n"):  # else it was killed in the middle of it
                    self._answers.put((self, line))
        self._answers.put((self, ""))


_Answers = queue.Queue[tuple[_Reader, str]]
_idle: list[_Reader] = []
_lock = threading.Lock()


def _taken() -> _Reader:
    with _lock:
        while _idle:
            reader = _idle.pop()
            if reader.alive:
                return reader
            _end(reader)
    return _Reader()


def _end(reader: _Reader) -> None:
    reader.stop()
    reader.let_go()


@atexit.register
def close() -> None:
    """End the readers that wait for files."""
    with _lock:
        while _idle:
            _end(_idle.pop())
