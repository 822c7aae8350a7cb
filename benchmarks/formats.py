"""What the files of each format become: documents, passages, and whether each is what it says.

Run: python -m benchmarks.formats [FOLDER…], by default of the sample shop. Prints, for each folder,
a table by format and what its report says.
"""

import argparse
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path, PurePath

from benchmarks.indexing import CORPUS, Given, run
from indexer.report import Report
from rag.embedding import Embedder, open_embedder
from rag.index import Index

LIMIT = 120


class Counting(Given):
    """Any vectors, but the real model's tokens."""

    def __init__(self, embedder: Embedder) -> None:
        super().__init__()
        self._embedder = embedder

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """As the model counts."""
        return self._embedder.count_tokens(texts)


def look(folder: Path, embedder: Counting) -> tuple[Report, dict[str, list[int]]]:
    """Index a folder; by format: files, documents, passages, whole ones, the longest in tokens."""
    with tempfile.TemporaryDirectory() as index:
        report, *_ = run(folder, Path(index), embedder)
        opened = Index.open(Path(index))
        found: defaultdict[str, list[int]] = defaultdict(lambda: [0] * 5)
        files = set()
        for id in opened.passages.document_ids():
            document = opened.passages.document(id)
            row = found[_format(document.source)]
            row[0] += document.source not in files
            row[1] += 1
            files.add(document.source)
        for chunk in opened.passages.all_chunks():
            document = opened.passages.document(chunk.document_id)
            row = found[_format(document.source)]
            text = document.text[chunk.start : chunk.end]
            row[2] += 1
            row[3] += text == chunk.text and chunk.embedding_text.endswith(f"\n{text}")
            row[4] = max(row[4], embedder.count_tokens([chunk.embedding_text])[0])
        opened.close()
    return report, dict(found)


def _format(source: str) -> str:
    return "".join(PurePath(source).suffixes[-2 if source.endswith(".gz") else -1 :])


def show(name: str, report: Report, found: dict[str, list[int]]) -> None:
    """Print a table of the formats, and what the report says."""
    print(f"{name}: {report.files} files")
    for suffix, (files, documents, passages, whole, tokens) in sorted(found.items()):
        print(
            f"  {suffix:>10}: {files:>3} files, {documents:>4} documents, {passages:>5} passages, "
            f"{whole} with their offsets right, the longest of {tokens} tokens (of {LIMIT})"
        )
    for problem in report.problems:
        print(f"    left out {problem.source}: {problem.problem[:70]}")
    told = sorted((guess.key, guess.told_by) for guess in report.guessed)
    for (key, by), same in groupby(told):
        print(f"    guessed {key} of {len(list(same))} files by {by}")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="*", type=Path, default=[CORPUS])
    options = parser.parse_args()
    embedder = Counting(open_embedder("minilm"))
    for folder in options.folders:
        show(folder.name, *look(folder, embedder))


if __name__ == "__main__":
    main()
