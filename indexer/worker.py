"""Reads files in a process of its own, one request a line; see `indexer/readers.py`.

It says {} when it has come up. A request is {"path", "name", "place", "rules", "seconds",
"megabytes"}; the answers, a line each, are {"row": […]} for a document, {"problem": "…"}, and
{"end": true} after the last.
"""

import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from indexer.discover import SourceFile
from indexer.load import load
from indexer.row import document_row
from rag.config import Rule
from rag.errors import DocumentError

_MEGABYTE = 1 << 20
_OFTEN = 0.1
"""Seconds for which rows may wait for others."""


def main() -> None:
    """Answer requests until there are no more."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a library prints is no answer

    flushed = 0.0

    def say(answer: dict[str, object]) -> None:
        nonlocal flushed
        answers.write(json.dumps(answer) + "\n")
        if "row" not in answer or time.monotonic() - flushed > _OFTEN:
            answers.flush()
            flushed = time.monotonic()

    say({})
    for line in sys.stdin:
        request = json.loads(line)
        limit_memory(request["megabytes"])
        _alarm(2 * request["seconds"] + 1)
        for answer in _answers(request):
            _alarm(0)  # whoever takes the answers may take their time
            say(answer)
            _alarm(2 * request["seconds"] + 1)
        _alarm(0)


def _answers(request: dict[str, Any]) -> Iterator[dict[str, object]]:
    file = SourceFile(Path(request["path"]), request["name"], request["place"])
    rules = [Rule(**rule) for rule in request["rules"]]
    try:
        for number, found in enumerate(load(file, rules)):
            if isinstance(found, DocumentError):
                yield {"problem": str(found)}
            else:
                yield {"row": document_row(found[0], number, found[1])}
    except MemoryError:
        yield {"problem": f"needs more than {request['megabytes']} MB to be read; split it"}
    except Exception as error:  # a loader's own mistake must cost this file only
        yield {"problem": f"cannot be read ({type(error).__name__}: {error}); report this"}
    yield {"end": True}


def limit_memory(megabytes: int) -> None:
    """Let this process take so much address space and no more, where the system can do that."""
    if sys.platform != "win32":
        import resource

        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        resource.setrlimit(resource.RLIMIT_AS, (megabytes * _MEGABYTE, hard))


def _alarm(seconds: float) -> None:
    """End this process then, should it be stuck and whoever would stop it be gone."""
    if sys.platform != "win32":
        signal.setitimer(signal.ITIMER_REAL, seconds)


if __name__ == "__main__":
    main()
