"""The index folder as a value: where things lie, and the manifest that says what they must be."""

import hashlib
import json
import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from rag.errors import IndexDamagedError, IndexMismatchError, IndexMissingError

FORMAT = 3
"""Version of the on-disk format; raised with every change a reader cannot cope with."""

VECTORS, PASSAGES, LEXICAL = "vectors.faiss", "passages.sqlite", "lexical"
MANIFEST = "manifest.json"
SELF = "manifest_sha256"
"""The manifest's checksum of itself."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Paths inside an index folder."""

    folder: Path

    @property
    def current(self) -> Path:
        """The file that names the published generation."""
        return self.folder / "CURRENT"

    @property
    def generations(self) -> Path:
        """The folder of all generations."""
        return self.folder / "generations"

    @property
    def journal(self) -> Path:
        """The vectors of a run that has not published yet."""
        return self.folder / "unfinished.sqlite"

    @property
    def calibration(self) -> Path:
        """The fitted threshold of silence; of the folder, not of a generation."""
        return self.folder / "calibration.json"

    @property
    def lock(self) -> Path:
        """Held by the one writer."""
        return self.folder / ".lock"

    def require(self) -> None:
        """Refuse a folder that holds no index.

        Raises:
            IndexMissingError: no run has begun one there.
        """
        if not os.path.isdir(self.generations):  # False, too, where none may look
            raise self._missing()

    def published(self) -> Path:
        """The folder of the published generation.

        Raises:
            IndexMissingError: nothing is published.
        """
        name = self._pointed_at()
        folder = self.generations / name
        if name in ("", "..") or Path(name).name != name or not folder.is_dir():
            if name != self._pointed_at():  # it was collected meanwhile
                return self.published()
            raise IndexDamagedError(
                f"{self.current} names generation {name!r}, which is not there. Index again."
            )
        return folder

    def _pointed_at(self) -> str:
        try:
            return self.current.read_text(encoding="utf-8", errors="replace").strip()
        except OSError as error:
            raise self._missing() from error

    def _missing(self) -> IndexMissingError:
        return IndexMissingError(
            f"There is no index in {self.folder}. Make one with: "
            f"shelftalk index CORPUS --index {self.folder}"
        )


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a generation was made of, and the SHA-256 of each of its files."""

    id: str
    created: str
    model: str
    model_sha256: str
    dim: int
    chunk_tokens: int
    documents: int
    chunks: int
    corpus_digest: str
    files: Mapping[str, str]
    """File name with forward slashes → SHA-256."""
    format: int = FORMAT

    def write(self, folder: Path) -> None:
        """Write `manifest.json` into the generation's folder, with a checksum of its own."""
        values = asdict(self)
        text = json.dumps({**values, SELF: _digest(values)}, indent=1, sort_keys=True)
        (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> "Manifest":
        """Read a manifest without looking at the files it names.

        Raises:
            IndexDamagedError: it is missing, malformed or altered.
            IndexMismatchError: it is of another format.
        """
        try:
            values = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
            found = values["format"]
            if found != FORMAT:
                raise IndexMismatchError(
                    f"{folder} has format {found}, this version reads {FORMAT}. Index again."
                )
            if values.pop(SELF) != _digest(values):
                raise ValueError("it was altered after publishing")
            return cls(**{field.name: values[field.name] for field in fields(cls)})
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise IndexDamagedError(
                f"{folder / MANIFEST} cannot be read: {error}. Index again."
            ) from error

    def verify(self, folder: Path) -> None:
        """Check every file of the generation against its checksum.

        FAISS files carry none: a flipped bit would load and silently give other vectors.

        Raises:
            IndexDamagedError: a file is missing, altered, or not listed.
        """
        try:
            present = digests(folder)
        except OSError as error:  # collected while it was being read, or on a failing disk
            raise IndexDamagedError(
                f"Generation {self.id} cannot be read: {error.strerror}. Index again."
            ) from error
        for name in sorted(self.files.keys() | present.keys()):
            if self.files.get(name) != present.get(name):
                what = (
                    "is missing" if name not in present
                    else "does not belong to it" if name not in self.files
                    else "was altered after publishing"
                )  # fmt: skip
                raise IndexDamagedError(
                    f"Generation {self.id} is damaged: {name} {what}. "
                    "Index again, or point CURRENT at an earlier generation."
                )


def _digest(values: Mapping[str, object]) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def digests(folder: Path) -> dict[str, str]:
    """SHA-256 of every file below a generation's folder, the manifest left out."""
    paths = sorted(
        path for path in folder.rglob("*") if path.is_file() and path != folder / MANIFEST
    )
    with ThreadPoolExecutor() as pool:  # hashing does not hold the interpreter
        found = pool.map(_file_digest, paths)
        return {p.relative_to(folder).as_posix(): d for p, d in zip(paths, found, strict=True)}


def _file_digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
