"""File → documents. The table says which loader reads which kind of file."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path, PurePath

from indexer.attribution import attribute, told_of
from indexer.discover import SourceFile
from indexer.draft import Draft
from indexer.loaders import docx, json_rows, markdown, pdf, plain, table, xlsx
from indexer.loaders.packed import SUFFIX, unpacked
from indexer.loaders.web import page
from indexer.report import Guess
from rag.config import Rule
from rag.errors import DocumentError, EmptyDocumentError, UnknownFormatError
from rag.types import Document

Loader = Callable[[Path], Iterator[Draft | DocumentError]]
"""Yields drafts, and in their place errors of single rows; raises when the whole file is bad."""

Loaded = tuple[Document, list[Guess]]
"""A document, and what was guessed of it."""

LOADERS: dict[str, Loader] = {
    ".md": markdown.load,
    ".markdown": markdown.load,
    ".html": page.load,
    ".htm": page.load,
    ".pdf": pdf.load,
    ".docx": docx.load,
    ".txt": plain.load,
    ".csv": table.load,
    ".tsv": table.load,
    ".xlsx": xlsx.load,
    ".json": json_rows.load,
    ".jsonl": json_rows.load,
}


def load(file: SourceFile, rules: Sequence[Rule] = ()) -> Iterator[Loaded | DocumentError]:
    """Yield the documents of a file; what is wrong with it, or with a row, takes their place."""
    suffix = PurePath(file.path.name.lower().removesuffix(SUFFIX)).suffix
    loader = LOADERS.get(suffix)
    if loader is None:
        readable = " ".join(sorted(LOADERS))
        yield UnknownFormatError(
            f"is of a kind no loader reads; readable are {readable}, each also with {SUFFIX}. "
            "Convert it or list it in .shelftalkignore"
        )
        return
    found = False
    try:
        told = told_of(file, rules)
        with unpacked(file.path) as path:
            for draft in loader(path):
                found = True
                yield draft if isinstance(draft, DocumentError) else _loaded(draft, file, told)
        if not found:
            yield EmptyDocumentError("holds no rows; nothing was indexed from it")
    except DocumentError as error:
        yield error
    except RecursionError:
        yield DocumentError("is nested too deeply to be read; flatten it")


def _loaded(draft: Draft, file: SourceFile, told: Mapping[str, object]) -> Loaded | DocumentError:
    """The document of a draft, or what is wrong with it: other rows of its file may be right."""
    if not draft.text:
        return EmptyDocumentError("holds no text; nothing was indexed from it")
    try:
        return attribute(draft, file, told)
    except DocumentError as error:
        return DocumentError(f"{draft.row} {error}") if draft.row else error
