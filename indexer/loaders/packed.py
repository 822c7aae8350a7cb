"""Packed files: unpacked within bounds, for a few kilobytes can unfold to gigabytes."""

import gzip
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rag.errors import DocumentError

SUFFIX = ".gz"
LIMIT = 256 << 20
"""Bytes of the largest file that is unpacked."""
_OLE = bytes.fromhex("d0cf11e0a1b11ae1")
_STEP = 1 << 20


@contextmanager
def unpacked(path: Path) -> Iterator[Path]:
    """The file itself; of `name.ext.gz` a temporary `name.ext`.

    Raises:
        DocumentError: it cannot be unpacked, or not within the limit.
    """
    if path.suffix.lower() != SUFFIX:
        yield path
        return
    folder = Path(tempfile.mkdtemp(prefix="shelftalk-"))
    try:
        target = folder / path.stem
        _unpack(path, target)
        yield target
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _unpack(path: Path, target: Path) -> None:
    size = 0
    try:
        with gzip.open(path) as source, target.open("wb") as out:
            while piece := source.read(_STEP):
                size += len(piece)
                if size > LIMIT:
                    raise DocumentError(f"unpacks to more than {LIMIT >> 20} MB; split it")
                out.write(piece)
    except (OSError, EOFError, zlib.error) as error:
        raise DocumentError(f"cannot be unpacked ({error}); pack it again") from error


def require_modest(path: Path, what: str) -> None:
    """Refuse a file of the zip family that is none, is encrypted, or unfolds beyond the limit.

    The sizes are those the file states; unpacking ends there whatever follows.

    Raises:
        DocumentError: saying which.
    """
    try:
        with path.open("rb") as file:
            encrypted = file.read(len(_OLE)) == _OLE
        if encrypted:
            raise DocumentError(
                f"is encrypted or of the format before {what}; save it as {what} without a password"
            )
        with zipfile.ZipFile(path) as packed:
            size = sum(member.file_size for member in packed.infolist())
    except (OSError, zipfile.BadZipFile, ValueError) as error:
        raise DocumentError(f"cannot be read as {what} ({error}); save it again") from error
    if size > LIMIT:
        raise DocumentError(f"unpacks to more than {LIMIT >> 20} MB; split it")
