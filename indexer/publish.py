"""A generation is written aside, made durable, and published by renaming one small file."""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from rag.errors import IndexFolderError, IndexLockedError, InputError
from rag.manifest import Layout, Manifest


@contextmanager
def writing(layout: Layout) -> Iterator[Path]:
    """Hold the writer's lock and give an empty folder to write a generation into.

    Whatever is left in the folder afterwards is removed.

    Raises:
        IndexLockedError: another writer is at work.
        IndexFolderError: the folder cannot be written, or SQLite failed while it was.
    """
    before = _pointed_at(layout)
    if layout.folder.exists() and not layout.folder.is_dir():
        raise IndexFolderError(
            f"{layout.folder} is a file, so no index can be written there. Choose another."
        )
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
    except (OSError, sqlite3.Error) as error:
        why = getattr(error, "strerror", None) or error
        raise IndexFolderError(
            f"{layout.folder} cannot be written: {why}. {_outcome(layout, before)}"
        ) from error


def _outcome(layout: Layout, before: str) -> str:
    """What a run that failed leaves: it may fail after it has renamed CURRENT."""
    now = _pointed_at(layout)
    if now == before:
        return "The published index is untouched."
    if now:
        return f"Generation {now} was published all the same."
    return f"Whether its index is whole tells: shelftalk check {layout.folder}"


def publish(layout: Layout, folder: Path, manifest: Manifest, keep: int) -> None:
    """Make the generation in `folder` the published one, and drop all but the newest `keep`."""
    manifest.write(folder)
    for path in sorted(folder.rglob("*")):
        _sync(path)
    _sync(folder)
    target = layout.generations / manifest.id
    folder.rename(target)
    try:
        _sync(layout.generations)
        point_at(layout, manifest.id)
    except BaseException:
        if _pointed_at(layout) != manifest.id:  # nothing names it
            shutil.rmtree(target, ignore_errors=True)
        raise
    _collect(layout, manifest.id, keep)


def roll_back(layout: Layout, to: str | None = None) -> Manifest:
    """Publish an earlier generation again, the one before the published one unless it is named.

    Raises:
        InputError: there is no such generation.
        IndexMissingError: there is no index.
        IndexDamagedError: it is not whole; what was published stays published.
        IndexLockedError: another writer is at work.
    """
    layout.require()
    with writing(layout):
        current = layout.published().name
        if to is None:
            to = max((name for name in generations(layout) if name < current), default=None)
        if to is None or to not in generations(layout):
            kept = ", ".join(generations(layout))
            raise InputError(
                f"There is no generation {to!r} to go back to. Kept are {kept}."
                if to
                else f"There is no generation before {current}; kept are {kept}. "
                "A larger indexing.keep keeps more."
            )
        folder = layout.generations / to
        manifest = Manifest.read(folder)
        manifest.verify(folder)
        point_at(layout, to)
        return manifest


def generations(layout: Layout) -> list[str]:
    """The ids of all generations that are kept, oldest first."""
    return sorted(
        path.name
        for path in layout.generations.iterdir()
        if path.is_dir() and not path.name.startswith(".")
    )


def point_at(layout: Layout, id: str) -> None:
    """Make a generation the published one, by renaming one small file. Hold the lock."""
    temporary = layout.folder / ".CURRENT"
    try:
        temporary.write_text(id + "\n", encoding="utf-8")
        _sync(temporary)
        temporary.replace(layout.current)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync(layout.folder)


def _pointed_at(layout: Layout) -> str:
    try:
        return layout.published().name
    except IndexFolderError:
        return ""


def _collect(layout: Layout, current: str, keep: int) -> None:
    """Remove the oldest generations. A reader that holds one open goes on reading it."""
    others = [name for name in generations(layout) if name != current]
    for name in others[: max(0, len(others) - keep + 1)]:
        shutil.rmtree(layout.generations / name, ignore_errors=True)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
