"""Gold sources → the documents of an index they mean; and whether these are still the same."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from rag.catalogue import Catalogue
from rag.errors import QaSetError
from rag.evaluation.questions import Item, QaSet, Source
from rag.index import Index
from rag.text import terms
from rag.types import Span

_LOOKED_AT = 20
"""Passages, best by BM25, in whose documents a quote is looked for."""


@dataclass(frozen=True, slots=True)
class Gold:
    """A gold source in one index: any of its documents will do."""

    source: Source
    documents: Mapping[str, Span | None]
    """Ids, each with where the quote stands in that document; None without a quote."""

    def holds(self, document_id: str, page: int | None, start: int, end: int) -> bool:
        """Whether a stretch of a document is of this source."""
        if document_id not in self.documents or self.source.page not in (None, page):
            return False
        span = self.documents[document_id]
        return span is None or (start < span.end and span.start < end)


@dataclass(frozen=True, slots=True)
class GoldSources:
    """What the sources of a QA set are in one index."""

    of: Mapping[str, tuple[Gold, ...]]
    """By the question's id; a source that is not in the index has no documents."""
    missing: tuple[str, ...]
    """A line for each source that is not in the index."""
    unknown: tuple[str, ...]
    """A line for each product or variant that is not."""
    digests: Mapping[str, str] = field(default_factory=dict)
    """SHA-256 of each gold document's text, by its id."""

    def documents(self, item: Item) -> tuple[str, ...]:
        """The ids of a question's gold documents."""
        return tuple(dict.fromkeys(id for gold in self.of[item.id] for id in gold.documents))


def resolve(qa: QaSet, index: Index) -> GoldSources:
    """Look up every gold source and every product of a QA set."""
    files = index.passages.sources()
    by_path: dict[str, list[str]] = {}
    for id, path in files.items():
        by_path.setdefault(path, []).append(id)
    catalogue = index.passages.catalogue()
    known: dict[Source, Gold] = {}
    missing: list[str] = []
    unknown: list[str] = []
    for item in qa.items:
        unknown += [f"{item.place}: {problem}" for problem in _unknown(item, catalogue)]
        for source in item.sources:
            if source not in known:
                known[source] = Gold(source, _documents(source, files, by_path, index))
            if not known[source].documents:
                missing.append(f"{item.place}: no document is {source}.")
    gold = {item.id: tuple(known[source] for source in item.sources) for item in qa.items}
    ids = sorted({id for one in known.values() for id in one.documents})
    return GoldSources(gold, tuple(missing), tuple(unknown), dict(_digests(index, ids)))


def _digests(index: Index, ids: Sequence[str]) -> Iterator[tuple[str, str]]:
    for start in range(0, len(ids), 256):
        for document in index.passages.documents(ids[start : start + 256]):
            yield document.id, hashlib.sha256(document.text.encode()).hexdigest()


def _unknown(item: Item, catalogue: Catalogue) -> Iterable[str]:
    if item.product_id and item.product_id not in catalogue.products:
        yield f"product {item.product_id!r} is not in the index."
    if item.variant_id and item.variant_id not in catalogue.variants:
        yield f"variant {item.variant_id!r} is not in the index."


def _documents(
    source: Source, files: Mapping[str, str], by_path: Mapping[str, Sequence[str]], index: Index
) -> dict[str, Span | None]:
    """Ids that the source means, with the place of its quote."""
    if source.document is None:
        ids = _near(source.quote or "", index)
    elif source.document in files:
        ids = [source.document]
    else:
        ids = list(by_path.get(source.document.removeprefix("./"), ()))
    if source.quote is None:
        return dict.fromkeys(ids)
    places = {id: _place(source.quote, index.passages.document(id).text) for id in ids}
    return {id: span for id, span in places.items() if span is not None}


def _near(quote: str, index: Index) -> list[str]:
    """The documents that share the most of a quote's words."""
    scores = index.lexical.scores(terms(quote))
    best = np.argsort(-scores, kind="stable")[:_LOOKED_AT]
    rows = [int(row) for row in best if scores[row] > 0]
    return list(dict.fromkeys(chunk.document_id for chunk in index.passages.chunks(rows)))


def _place(quote: str, text: str) -> Span | None:
    """Where a text says these words, however they are spaced."""
    at = [i for i, character in enumerate(text) if not character.isspace()]
    wanted = "".join(quote.split())
    found = "".join(text[i] for i in at).find(wanted)
    return Span(at[found], at[found + len(wanted) - 1] + 1) if found >= 0 and wanted else None


def pin_file(qa: Path) -> Path:
    """Where is kept what the corpus was when the gold was last known to be right."""
    return qa.with_name(f"{qa.name}.corpus.json")


def pin(qa: Path, gold: GoldSources) -> None:
    """Write down the gold documents as they are now."""
    text = json.dumps({"documents": dict(gold.digests)}, indent=1, sort_keys=True)
    pin_file(qa).write_text(text + "\n", encoding="utf-8")


def changed(qa: Path, items: Iterable[Item], gold: GoldSources) -> list[str]:
    """Ids of the questions whose gold documents are not as they were pinned; [] without a pin.

    Raises:
        QaSetError: the pin cannot be read.
    """
    file = pin_file(qa)
    if not file.exists():
        return []
    try:
        pinned = dict(json.loads(file.read_text(encoding="utf-8"))["documents"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise QaSetError(f"{file} cannot be read: {error!r}. Write it anew with --pin.") from error
    return [
        item.id
        for item in items
        if any(pinned.get(id) != gold.digests[id] for id in gold.documents(item))
    ]
