"""Publish again what can be saved of a damaged index.

Everything else is derived from `passages.sqlite`: while that file of the published generation is
whole, nothing is lost. Otherwise the newest generation that is whole takes its place.
"""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from pathlib import Path

from indexer.embed import Journal, VectorSource
from indexer.generation import again, write_lexical, write_vectors
from indexer.publish import generations, point_at, publish, writing
from rag.embedding import Embedder
from rag.errors import IndexDamagedError, IndexFolderError, IndexMismatchError
from rag.index import Index
from rag.manifest import LEXICAL, PASSAGES, VECTORS, Layout, Manifest, digests

OpenEmbedder = Callable[[str], Embedder]


@dataclass(frozen=True, slots=True)
class Repair:
    """What was done."""

    generation: str
    what: str


def repair(layout: Layout, open_embedder: OpenEmbedder, keep: int) -> Repair:
    """Make a whole generation the published one.

    Args:
        layout: of the index folder.
        open_embedder: opens the embedder of a name; asked only when vectors are damaged.
        keep: how many generations stay.

    Raises:
        IndexMissingError: there is no index.
        IndexDamagedError: no generation is whole enough.
        IndexLockedError: another writer is at work.
        ModelError: vectors are damaged, and the model that made them cannot be opened.
    """
    layout.require()
    with writing(layout) as folder:
        names = _by_preference(layout)
        for name in names:
            generation = _Generation.at(layout.generations / name)
            if generation is None or PASSAGES not in generation.intact:
                continue
            if generation.whole:
                point_at(layout, name)
                what = "whole" if name == names[0] else "the newest whole one, published again"
                return Repair(name, f"Generation {name} is {what}.")
            made = _rebuilt(layout, folder, generation, open_embedder)
            publish(layout, folder, made, keep)
            lost = ", ".join(sorted(generation.manifest.files.keys() - generation.intact))
            return Repair(
                made.id, f"Published {made.id}, made from the passages of {name}; lost were {lost}."
            )
    raise IndexDamagedError(f"No generation in {layout.folder} has whole passages. Index again.")


@dataclass(frozen=True, slots=True)
class _Generation:
    """What is found of one."""

    folder: Path
    manifest: Manifest
    intact: frozenset[str]
    """The files that are as the manifest says."""
    whole: bool

    @classmethod
    def at(cls, folder: Path) -> "_Generation | None":
        """None if the manifest does not say what the files must be."""
        try:
            manifest = Manifest.read(folder)
        except (IndexDamagedError, IndexMismatchError):
            return None
        said, found = manifest.files, digests(folder)
        intact = frozenset(name for name in said if said[name] == found.get(name))
        return cls(folder, manifest, intact, dict(said) == found)


def _by_preference(layout: Layout) -> list[str]:
    """The published generation first, then the others from the newest."""
    names = generations(layout)[::-1]
    try:
        current = layout.published().name
    except IndexFolderError:
        return names
    return [current, *(name for name in names if name != current)]


def _rebuilt(
    layout: Layout, folder: Path, broken: _Generation, open_embedder: OpenEmbedder
) -> Manifest:
    """Copy what is intact into `folder`, and derive the rest from the passages."""
    shutil.copyfile(broken.folder / PASSAGES, folder / PASSAGES)
    if all(name in broken.intact for name in broken.manifest.files if name.startswith(LEXICAL)):
        shutil.copytree(broken.folder / LEXICAL, folder / LEXICAL)
    else:
        write_lexical(folder)
    if VECTORS in broken.intact:
        shutil.copyfile(broken.folder / VECTORS, folder / VECTORS)
    else:
        _embed_again(layout, folder, broken.manifest, open_embedder)
    return again(broken.manifest, folder, generations(layout))


def _embed_again(
    layout: Layout, folder: Path, broken: Manifest, open_embedder: OpenEmbedder
) -> None:
    embedder = open_embedder(broken.model)
    if embedder.sha256 != broken.model_sha256:
        raise IndexMismatchError(
            f"The vectors of {broken.id} were made with another {broken.model!r} "
            f"({broken.model_sha256[:12]}…) than is here ({embedder.sha256[:12]}…). Index again."
        )
    with ExitStack() as stack:
        others = [stack.enter_context(closing(index)) for index in _opened(layout)]
        journal = stack.enter_context(closing(Journal(layout.journal, embedder.sha256)))
        for _ in write_vectors(folder, VectorSource(embedder, journal, others)):
            pass


def _opened(layout: Layout) -> Iterator[Index]:
    for name in generations(layout):
        with suppress(IndexFolderError):
            yield Index(layout.generations / name)
