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


def discover(
    roots: Sequence[Path], index: Path | None = None
) -> Iterator[SourceFile | tuple[str, DocumentError]]:
    """Yield the files below the roots, or a name with what is wrong with it.

    Left out: hidden files, what `.shelftalkignore` (gitignore syntax) in a root lists, sidecars,
    and the folder of the index itself.

    Raises:
        InputError: a root does not exist.
    """
    for root in roots:
        if not root.exists():
            raise InputError(f"{root} does not exist. Give the folder that holds the documents.")
        if root.is_file():
            yield SourceFile(root, root.name)
        else:
            yield from _below(root, index.resolve() if index else None)


def _below(root: Path, index: Path | None) -> Iterator[SourceFile | tuple[str, DocumentError]]:
    ignored = _ignored(root)
    inside = root.resolve()
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".") and Path(folder, name).resolve() != index
        )
        for file in sorted(files):
            path = Path(folder, file)
            name = path.relative_to(root).as_posix()
            if file.startswith(".") or ignored.match_file(name) or _is_sidecar(path):
                continue
            if not _is_unicode(name):
                shown = name.encode("utf-8", "backslashreplace").decode()
                yield shown, DocumentError("has a name that is not UTF-8; rename it")
            elif path.is_symlink() and not _target(path).is_relative_to(inside):
                yield name, DocumentError("is a link out of the folder; copy the file into it")
            elif not path.is_file():
                yield name, DocumentError("is no regular file; remove it")
            else:
                yield SourceFile(path, name)


def _ignored(root: Path) -> GitIgnoreSpec:
    file = root / IGNORE_FILE
    if not file.is_file():
        return GitIgnoreSpec.from_lines([])
    return GitIgnoreSpec.from_lines(file.read_text("utf-8", errors="replace").splitlines())


def _is_unicode(name: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in name)


def _target(link: Path) -> Path:
    try:
        return link.resolve()
    except RuntimeError:  # it leads round in a circle, and so nowhere
        return link


def _is_sidecar(path: Path) -> bool:
    return path.suffix == SIDECAR and path.with_suffix("").is_file()
