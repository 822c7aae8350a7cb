"""Folders → the files to index: in a fixed order, nothing outside the folder, nothing special."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pathspec import GitIgnoreSpec

from rag.errors import DocumentError, InputError

IGNORE_FILE = ".shelftalkignore"
SIDECAR = ".yaml"


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file to index."""

    path: Path
    name: str
    """Its path relative to the indexed folder, with forward slashes."""


def discover(roots: Sequence[Path]) -> Iterator[SourceFile | tuple[str, DocumentError]]:
    """Yield the files below the roots, or a name with what is wrong with it.

    Left out: hidden files, what `.shelftalkignore` (gitignore syntax) in a root lists, sidecars.

    Raises:
        InputError: a root does not exist.
    """
    for root in roots:
        if not root.exists():
            raise InputError(f"{root} does not exist. Give the folder that holds the documents.")
        if root.is_file():
            yield SourceFile(root, root.name)
        else:
            yield from _below(root)


def _below(root: Path) -> Iterator[SourceFile | tuple[str, DocumentError]]:
    ignored = _ignored(root)
    inside = root.resolve()
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for file in sorted(files):
            path = Path(folder, file)
            name = path.relative_to(root).as_posix()
            if file.startswith(".") or ignored.match_file(name) or _is_sidecar(path):
                continue
            if not path.resolve().is_relative_to(inside):
                yield name, DocumentError("is a link out of the folder; copy the file into it")
            elif not path.is_file():
                yield name, DocumentError("is no regular file; remove it")
            else:
                yield SourceFile(path, name)


def _ignored(root: Path) -> GitIgnoreSpec:
    file = root / IGNORE_FILE
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    return GitIgnoreSpec.from_lines(lines)


def _is_sidecar(path: Path) -> bool:
    return path.suffix == SIDECAR and path.with_suffix("").is_file()
