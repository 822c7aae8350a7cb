"""Folders → the files to index: in a fixed order, nothing outside the folder, nothing special."""

import os
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, replace
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
    place: str
    """The same with the indexed folder's own name in front: what folder names tell of a file."""


Found = SourceFile | tuple[str, DocumentError]
"""A file, or a name with what is wrong with it."""


def discover(roots: Sequence[Path], index: Path | None = None) -> Iterator[Found]:
    """Yield the files below the roots, each once, or a name with what is wrong with it.

    Left out: hidden files, what `.shelftalkignore` (gitignore syntax) in a root lists, sidecars,
    and the folder of the index itself.

    Raises:
        InputError: a root does not exist.
    """
    require_roots(roots)
    names: set[str] = set()
    places: set[Path] = set()
    for root in roots:
        folder = root.parent.resolve() if root.is_file() else root.resolve()
        if root.is_file():
            parent = root.resolve().parent.name
            found: Iterator[Found] = iter([SourceFile(root, root.name, f"{parent}/{root.name}")])
        else:
            found = _below(root, index.resolve() if index else None)
        for file in found:
            place = folder / (file.name if isinstance(file, SourceFile) else file[0])
            if place in places:  # a folder may be given twice, or lie in another one
                continue
            places.add(place)
            if isinstance(file, SourceFile):
                file = replace(file, name=_own_name(file, place, names))
                names.add(file.name)
            yield file


def _own_name(file: SourceFile, place: Path, taken: Container[str]) -> str:
    """The shortest name that no file below another root has."""
    possible = (file.name, file.place, place.as_posix().lstrip("/"))
    return next(name for name in possible if name not in taken)


def require_roots(roots: Sequence[Path]) -> None:
    """Refuse a root that does not exist.

    Raises:
        InputError: naming it.
    """
    for root in roots:
        if not root.exists():
            raise InputError(f"{root} does not exist. Give the folder that holds the documents.")


def _below(root: Path, index: Path | None) -> Iterator[Found]:
    ignored = _ignored(root)
    inside = root.resolve()
    unreadable: list[OSError] = []
    for folder, folders, files in os.walk(root, onerror=unreadable.append):
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".") and Path(folder, name).resolve() != index
        )
        links = {name for name in folders if Path(folder, name).is_symlink()}
        for file in sorted([*files, *links]):
            path = Path(folder, file)
            name = path.relative_to(root).as_posix()
            is_listed = ignored.match_file(f"{name}/" if file in links else name)
            if file.startswith(".") or is_listed or _is_sidecar(path):
                continue
            if not _is_unicode(name):
                shown = name.encode("utf-8", "backslashreplace").decode()
                yield shown, DocumentError("has a name that is not UTF-8; rename it")
            elif file in links:
                yield name, DocumentError("is a link to a folder; copy the folder to its place")
            elif path.is_symlink() and not _target(path).is_relative_to(inside):
                yield name, DocumentError("is a link out of the folder; copy the file into it")
            elif not path.is_file():
                yield name, DocumentError("is no regular file; remove it")
            else:
                yield SourceFile(path, name, f"{inside.name}/{name}")
    for error in unreadable:
        name = Path(str(error.filename)).relative_to(root).as_posix()
        yield name, DocumentError(f"is a folder that cannot be opened: {error.strerror}")


def _ignored(root: Path) -> GitIgnoreSpec:
    file = root / IGNORE_FILE
    if not file.is_file():
        return GitIgnoreSpec.from_lines([])
    try:
        lines = file.read_text("utf-8", errors="replace").splitlines()
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror}. Make it readable.") from error
    return GitIgnoreSpec.from_lines(lines)


def _is_unicode(name: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in name)


def _target(link: Path) -> Path:
    try:
        return link.resolve()
    except RuntimeError:  # it leads round in a circle, and so nowhere
        return link


def _is_sidecar(path: Path) -> bool:
    return path.suffix == SIDECAR and path.with_suffix("").is_file()
