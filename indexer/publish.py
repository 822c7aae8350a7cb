"""A generation is written aside, made durable, and published by renaming one small file."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from rag.errors import IndexFolderError, IndexLockedError
from rag.manifest import Layout, Manifest


@contextmanager
def writing(layout: Layout) -> Iterator[Path]:
    """Hold the writer's lock and give an empty folder to write a generation into.

    Whatever is left in the folder afterwards is removed.

    Raises:
        IndexLockedError: another writer is at work.
        IndexFolderError: the folder cannot be written.
    """
    try:
        layout.generations.mkdir(parents=True, exist_ok=True)
        lock = FileLock(layout.lock)
        with lock.acquire(timeout=0):
            temporary = layout.generations / f".writing-{os.getpid()}"
            for leftover in layout.generations.glob(".writing-*"):
                shutil.rmtree(leftover)
            temporary.mkdir()
            try:
                yield temporary
            finally:
                shutil.rmtree(temporary, ignore_errors=True)
    except Timeout as error:
        writer = next((path.name for path in layout.generations.glob(".writing-*")), "-?")
        raise IndexLockedError(
            f"Another writer is at work in {layout.folder}, process {writer.rpartition('-')[2]}. "
            "Wait for it, or end it; "
            "the published index is untouched."
        ) from error
    except OSError as error:
        raise IndexFolderError(
            f"{layout.folder} cannot be written: {error.strerror or error}. "
            "The published index is untouched."
        ) from error


def publish(layout: Layout, folder: Path, manifest: Manifest, keep: int) -> None:
    """Make the generation in `folder` the published one, and drop all but the newest `keep`."""
    manifest.write(folder)
    for path in sorted(folder.rglob("*")):
        _sync(path)
    _sync(folder)
    target = layout.generations / manifest.id
    folder.rename(target)
    temporary = layout.folder / ".CURRENT"
    try:
        _sync(layout.generations)
        temporary.write_text(manifest.id + "\n", encoding="utf-8")
        _sync(temporary)
        temporary.replace(layout.current)
    except BaseException:  # nothing names it yet
        temporary.unlink(missing_ok=True)
        shutil.rmtree(target, ignore_errors=True)
        raise
    _sync(layout.folder)
    _collect(layout, manifest.id, keep)


def _collect(layout: Layout, current: str, keep: int) -> None:
    """Remove the oldest generations. A reader that holds one open goes on reading it."""
    others = sorted(
        path for path in layout.generations.iterdir()
        if path.is_dir() and path.name != current and not path.name.startswith(".")
    )  # fmt: skip
    for path in others[: max(0, len(others) - keep + 1)]:
        shutil.rmtree(path, ignore_errors=True)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
