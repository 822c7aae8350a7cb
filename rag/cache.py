"""The user's cache: what is made from a model once, and the digests of files that are large."""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from filelock import FileLock
from platformdirs import user_cache_path

from rag.errors import ModelError


def cache_folder() -> Path:
    """Where it is."""
    return user_cache_path("shelftalk")


def sha256(path: Path) -> str:
    """SHA-256 of a file, remembered in the cache until its size or time changes."""
    stat = path.stat()
    key = f"{path.resolve()}|{stat.st_size}|{stat.st_mtime_ns}"
    note = cache_folder() / "digests" / (hashlib.sha256(key.encode()).hexdigest()[:32] + ".json")
    if note.exists():
        try:
            return str(json.loads(note.read_text())["sha256"])
        except (ValueError, KeyError, TypeError):
            note.unlink(missing_ok=True)  # half a note: measure again
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    with suppress(OSError):  # a cache that cannot be written costs time, nothing else
        _replace_text(note, json.dumps({"file": str(path), "sha256": digest}))
    return digest


def made_once(name: str, pattern: str, make: Callable[[Path], None]) -> Path:
    """The folder of this name in the cache, made now if it is not there or not whole.

    Args:
        name: says what it is made from, so that it never needs to be made again.
        pattern: the files whose digests are kept and checked each time.
        make: writes into an empty folder. One process at a time does it; the others wait.

    Raises:
        ModelError: the cache cannot be written.
    """
    folder = cache_folder() / "models" / name
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.with_name(f"{name}.lock")):
            if not _is_whole(folder):
                _make(folder, pattern, make)
    except OSError as error:
        raise ModelError(
            f"{folder} must be made once and cannot be written ({error.strerror or error}). "
            "Set XDG_CACHE_HOME to a folder that can."
        ) from error
    return folder


def _make(folder: Path, pattern: str, make: Callable[[Path], None]) -> None:
    for leftover in folder.parent.glob(f".making-{folder.name}-*"):  # of one that was killed
        shutil.rmtree(leftover, ignore_errors=True)
    temporary = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".making-{folder.name}-"))
    try:
        make(temporary)
        made = {file.name: sha256(file) for file in temporary.glob(pattern)}
        _replace_text(temporary / "shelftalk.json", json.dumps(made))
        shutil.rmtree(folder, ignore_errors=True)
        temporary.rename(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _is_whole(folder: Path) -> bool:
    try:
        made = json.loads((folder / "shelftalk.json").read_text())
        return bool(made) and all(sha256(folder / name) == made[name] for name in made)
    except (OSError, ValueError, TypeError):
        return False


def _replace_text(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False) as file:
        file.write(text)
    os.replace(file.name, path)
