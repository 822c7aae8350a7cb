"""Builds an index again and again with a fault in each, in a process with the shim preloaded.

    driver.py fail ERRNO WORK      every Nth operation fails
    driver.py kill SEED COUNT WORK killed at random operations, one index folder all the while
    driver.py cut WORK             killed at every operation, and what was not synced is damaged

WORK holds two corpora, `a` and `b`, and `index`, the index of `a`. What happened is printed, a line
of JSON each.
"""

import ctypes
import errno
import json
import os
import random
import shutil
import signal
import sys
from collections.abc import Generator, Iterable
from contextlib import suppress
from pathlib import Path

import numpy as np

from indexer import build as building
from indexer.build import build
from indexer.discover import SourceFile
from indexer.load import load
from indexer.readers import Read
from indexer.row import document_row
from rag.config import Indexing, Settings
from rag.errors import DocumentError, IndexFolderError
from rag.index import Index
from rag.manifest import Layout
from tests.doubles import HashingEmbedder, Silent

shim = ctypes.CDLL(None)
shim.shim_disarm.restype = ctypes.c_long


def arm(root: Path, n: int, action: int, opens: bool = False, log: int = -1) -> None:
    shim.shim_arm(str(root).encode(), ctypes.c_long(n), action, int(opens), log)


def read_here(files: Iterable[SourceFile], limits: Indexing) -> Generator[Read]:
    """In this process: a fork has no use for its parent's readers, and none here is hostile."""
    for file in files:
        for number, found in enumerate(load(file, limits.rules)):
            if isinstance(found, DocumentError):
                yield Read(file.name, problem=found)
            else:
                yield Read(file.name, row=document_row(found[0], number, found[1]))
        yield Read(file.name)


def index(corpus: Path, folder: Path) -> str:
    return build([corpus], Settings(index=folder), HashingEmbedder(), Silent()).generation


def served(folder: Path) -> str:
    """The id of what a reader gets, after looking at all of it."""
    opened = Index.open(folder)
    try:
        chunks = list(opened.passages.all_chunks())
        assert len(chunks) == opened.manifest.chunks == len(opened.vectors())
        opened.lexical.scores(["kettl"])
        return opened.manifest.id
    finally:
        opened.close()


def say(**what: object) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def fail(code: int, work: Path) -> None:
    folder = work / "tried"
    for n in range(1, 100_000):
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(work / "index", folder)
        old = Layout(folder).published().name
        arm(folder, n, code, opens=code == errno.EMFILE)
        raised, made = "", ""
        try:
            made = index(work / "b", folder)
        except IndexFolderError as error:
            raised = str(error)
        except Exception as error:
            raised = f"LEAKED {type(error).__name__}: {error}"
        reached = shim.shim_disarm() >= n
        left = [path.name for path in Layout(folder).generations.glob(".*")]
        left += [name for name in (".CURRENT",) if (folder / name).exists()]
        now = served(folder)
        say(
            n=n, raised=raised, served="old" if now == old else "new", left=left,
            again=index(work / "b", folder) == served(folder), reached=reached, made=bool(made),
        )  # fmt: skip
        if not reached:
            return


def killed_at(n: int, corpus: Path, folder: Path, log: int = -1) -> bool:
    """Build in a fork that is killed at the Nth operation; whether it was."""
    child = os.fork()
    if child == 0:
        with suppress(BaseException):
            arm(folder, n, -signal.SIGKILL, log=log)
            index(corpus, folder)
            os._exit(0)
        os._exit(1)
    status = os.waitpid(child, 0)[1]
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, status
    return os.WIFSIGNALED(status)


def kill(seed: int, count: int, work: Path) -> None:
    rng, folder, killed = random.Random(seed), work / "index", 0
    before = served(folder)
    arm(folder, 0, 0)
    index(work / "b", folder)
    steps = shim.shim_disarm()
    while killed < count:
        died = killed_at(rng.randrange(1, steps + steps // 4), work / rng.choice("ab"), folder)
        killed += died
        now = served(folder)
        say(killed=died, published=now != before)
        before = now
    index(work / "b", folder)
    index(work / "b", work / "fresh")
    say(same=contents(folder) == contents(work / "fresh"))


def contents(folder: Path) -> object:
    opened = Index.open(folder)
    try:
        return [(c.id, c.embedding_text) for c in opened.passages.all_chunks()]
    finally:
        opened.close()


def right(folder: Path) -> bool:
    """Whether each passage has the vector of its text."""
    opened = Index.open(folder)
    try:
        texts = [chunk.embedding_text for chunk in opened.passages.all_chunks()]
        return bool(np.allclose(opened.vectors(), HashingEmbedder().encode_documents(texts)))
    finally:
        opened.close()


def cut(work: Path) -> None:
    """Every prefix of the operations, as a power cut would leave it."""
    folder = work / "tried"
    for n in range(1, 100_000):
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(work / "index", folder)
        old = Layout(folder).published().name
        with (work / "log").open("w+") as log:
            died = killed_at(n, work / "b", folder, log.fileno())
            log.seek(0)
            operations = [line.rstrip("\n").split(" ", 1) for line in log]
        if not died:
            say(n=n, end=True)
            return
        lost = lose(operations)
        now = served(folder)
        index(work / "b", folder)
        say(n=n, served="old" if now == old else "new", lost=lost, right=right(folder))


def lose(operations: list[list[str]]) -> int:
    """Damage what was written and not synced, and undo renames that were not; how many."""
    dirty: dict[str, bool] = {}
    renames: list[tuple[str, str]] = []
    for name, path in operations:
        if name == "write":
            dirty[path] = True
        elif name == "sync":
            dirty.pop(path, None)
            renames = [(a, b) for a, b in renames if str(Path(b).parent) != path]
        elif name == "rename":
            source, target = path.split("\t")
            dirty = {p.replace(source, target, 1): True for p in dirty}
            renames.append((source, target))
    for file in map(Path, dirty):
        if file.is_file():
            data = file.read_bytes()
            file.write_bytes(data[: len(data) // 2] + bytes(len(data) // 4))
    for source, target in reversed(renames):
        # A file that took another's place is there under one of the two; a folder may be gone.
        if Path(target).is_dir():
            os.rename(target, source)
    return len(dirty) + len(renames)


if __name__ == "__main__":
    building.__dict__["read"] = read_here
    mode, *rest = sys.argv[1:]
    arguments = [Path(word) if "/" in word else int(word) for word in rest]
    {"fail": fail, "kill": kill, "cut": cut}[mode](*arguments)  # type: ignore[operator]
