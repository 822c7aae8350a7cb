"""What turns a file into passages, as one digest: where it has changed, files are read again."""

import hashlib
import json
from collections.abc import Sequence
from functools import cache
from importlib.metadata import version
from pathlib import Path

import indexer
import rag
from indexer.discover import SIDECAR, SourceFile
from rag.config import Rule

_PARSERS = (
    "charset-normalizer", "lxml", "markdown-it-py", "openpyxl", "pypdf", "pystemmer",
    "python-docx", "pyyaml", "tinycss2",
)  # fmt: skip


@cache
def recipe() -> str:
    """SHA-256 over this program's own sources and the versions of the parsers.

    Taken from the sources themselves, since a version number would be forgotten by whoever changes
    them. Vectors are not concerned: they depend on the text and the model alone.
    """
    digest = hashlib.sha256()
    for package in (rag, indexer):
        for path in sorted(Path(package.__file__ or "").parent.rglob("*.py")):
            digest.update(path.read_bytes())
    for name in _PARSERS:
        digest.update(f"{name}=={version(name)}".encode())
    return digest.hexdigest()


def fingerprint(file: SourceFile, rules: Sequence[Rule]) -> str:
    """SHA-256 over everything that decides what becomes of a file; "" if it cannot be read."""
    told = [rule.model_dump(mode="json") for rule in rules]
    digest = hashlib.sha256(json.dumps([recipe(), file.name, file.place, told]).encode())
    sidecar = file.path.with_name(file.path.name + SIDECAR)
    try:
        for path in (file.path, sidecar) if sidecar.exists() else (file.path,):
            with path.open("rb") as data:
                digest.update(hashlib.file_digest(data, "sha256").digest())
    except OSError:
        return ""  # whoever reads it says what is wrong
    return digest.hexdigest()
