"""A file's bytes → its documents, by the loader its name calls for."""

from pathlib import Path

from indexer.discover import SourceFile
from indexer.load import load
from rag.errors import DocumentError
from rag.types import Document

Piece = tuple[str, str]
"""Kind and text of a block; a heading's kind has its level."""


def read_all(folder: Path, name: str, data: str | bytes) -> list[Document | DocumentError]:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    found = load(SourceFile(path, name, name))
    return [each if isinstance(each, DocumentError) else each[0] for each in found]


def read(folder: Path, name: str, data: str | bytes) -> Document:
    """The one document of a file."""
    (document,) = read_all(folder, name, data)
    if isinstance(document, DocumentError):
        raise document
    return document


def refusal(folder: Path, name: str, data: str | bytes) -> DocumentError:
    """What is wrong with a file that gives nothing else."""
    (error,) = read_all(folder, name, data)
    assert isinstance(error, DocumentError), error
    return error


def pieces(document: Document) -> list[Piece]:
    """The blocks, after a check that together they are the text."""
    end = 0
    found = []
    for block in document.blocks:
        assert document.text[end : block.start].strip() == ""
        text = document.text[block.start : block.end]
        assert text and text == text.strip()
        found.append((f"{block.kind}{block.level or ''}", text))
        end = block.end
    assert end == len(document.text)
    return found
