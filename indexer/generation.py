"""What is derived from the passages of a generation: vectors, lexical index and manifest."""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import faiss
import numpy as np

from indexer.embed import VectorSource
from rag import lexical
from rag.dense import build
from rag.embedding import Embedder
from rag.locale import base_language
from rag.manifest import LEXICAL, PASSAGES, VECTORS, Manifest, digests
from rag.text import STEMMED

_TIME = "%Y%m%dT%H%M%S%f"
_NEVER = datetime.min.replace(tzinfo=UTC)


def write_vectors(folder: Path, source: VectorSource) -> Iterator[int]:
    """Write `vectors.faiss`: the vector of row r of the chunks is its r-th.

    Yields how many are done, now and then; the file is there when the last was taken.
    """
    index = yield from build(_count(folder, "chunks"), source.dim, source.vectors(texts(folder)))
    # faiss.write_index hides a full disk: write the bytes ourselves.
    with (folder / VECTORS).open("wb") as file:
        file.write(np.asarray(faiss.serialize_index(index)).data)


def write_lexical(folder: Path) -> None:
    """Write the lexical index of the chunks."""
    lexical.write(texts(folder), folder / LEXICAL, _language(folder))


def _language(folder: Path) -> str:
    """The one that all documents which name one are in, if its words can be stemmed; else "en"."""
    with closing(sqlite3.connect(folder / PASSAGES)) as db:
        rows = db.execute("SELECT DISTINCT locale FROM documents WHERE locale IS NOT NULL")
        languages = {base_language(locale) for (locale,) in rows}
    return languages.pop() if len(languages) == 1 and languages <= STEMMED.keys() else "en"


def texts(folder: Path) -> Iterator[str]:
    """What is embedded of each chunk, by row, read one by one."""
    with closing(sqlite3.connect(folder / PASSAGES)) as db:
        for (text,) in db.execute("SELECT embedding_text FROM chunks ORDER BY row"):
            yield text


def _count(folder: Path, table: str) -> int:
    with closing(sqlite3.connect(folder / PASSAGES)) as db:
        (count,) = db.execute(f"SELECT count(*) FROM {table}").fetchone()
    return int(count)


def manifest(
    folder: Path,
    embedder: Embedder,
    chunk_tokens: int,
    corpus_digest: str,
    others: Iterable[str],
) -> Manifest:
    """The manifest of a generation whose files are all written; `others` are ids it comes after."""
    documents, chunks = (_count(folder, table) for table in ("documents", "chunks"))
    now = datetime.now(UTC)
    return Manifest(
        id=_id(now, corpus_digest, others),
        created=now.isoformat(timespec="seconds"),
        model=embedder.name,
        model_sha256=embedder.sha256,
        dim=embedder.dim,
        chunk_tokens=chunk_tokens,
        documents=documents,
        chunks=chunks,
        corpus_digest=corpus_digest,
        files=digests(folder),
    )


def again(earlier: Manifest, folder: Path, others: Iterable[str]) -> Manifest:
    """The manifest of a generation with the same passages, its files written anew."""
    now = datetime.now(UTC)
    return replace(
        earlier,
        id=_id(now, earlier.corpus_digest, others),
        created=now.isoformat(timespec="seconds"),
        files=digests(folder),
    )


def _id(now: datetime, corpus_digest: str, others: Iterable[str]) -> str:
    """Ids sort in the order they are made in, also where the clock was put back meanwhile."""
    after = max(map(_time_of, others), default=_NEVER)
    now = max(now, after + timedelta(microseconds=1))
    return f"{now:{_TIME}}-{corpus_digest[:8]}"


def _time_of(id: str) -> datetime:
    try:
        return datetime.strptime(id.partition("-")[0], _TIME).replace(tzinfo=UTC)
    except ValueError:  # not one of ours
        return _NEVER
