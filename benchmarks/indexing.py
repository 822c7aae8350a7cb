"""What an indexing run costs: a full one, one where little changed, publishing and opening.

Ratios are taken within one run of this program; absolute times are this machine's.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from indexer.build import build
from indexer.report import Report
from rag.config import Settings
from rag.embedding import Embedder, open_embedder
from rag.index import Index
from rag.manifest import Layout
from rag.retrieval import Retriever
from rag.types import Question
from rag.vectors import Vectors

CORPUS = Path("corpus")


class Given:
    """An embedder whose vectors are there already: what is left is the indexer's own work."""

    name, dim, max_tokens, sha256 = "given", 384, 256, "0" * 64

    def __init__(self) -> None:
        self._vectors = np.random.default_rng(7).standard_normal((1 << 14, self.dim), np.float32)
        self._vectors /= np.linalg.norm(self._vectors, axis=1, keepdims=True)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Words."""
        return [2 + len(text.split()) for text in texts]

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Any vectors: float32 [n, 384]."""
        return self._vectors[[hash(text) % len(self._vectors) for text in texts]]

    encode_documents = encode_queries


class Stages:
    """When embedding began and ended."""

    began = ended = 0.0

    def loaded(self, files: int, chunks: int) -> None:
        """Not looked at."""

    def embedding(self, done: int, total: int) -> None:
        """The first call begins it, the last ends it."""
        self.ended = time.perf_counter()
        self.began = self.began if done else self.ended


def run(corpus: Path, index: Path, embedder: Embedder) -> tuple[Report, float, float, float]:
    """Index; return the report and the seconds before, during and after embedding."""
    stages = Stages()
    started = time.perf_counter()
    report = build([corpus], Settings(index=index), embedder, stages)
    ended = time.perf_counter()
    if report.unchanged:
        return report, ended - started, 0.0, 0.0
    return report, stages.began - started, stages.ended - stages.began, ended - stages.ended


def texts_of(index: Path) -> list[str]:
    """What was embedded, each text once."""
    opened = Index.open(index)
    texts = list(dict.fromkeys(chunk.embedding_text for chunk in opened.passages.all_chunks()))
    opened.close()
    return texts


def throughput(embedders: Sequence[str]) -> None:
    """Chunks/s of whole runs over those of `SentenceTransformer.encode` alone."""
    from sentence_transformers import SentenceTransformer

    from rag.models import resolve

    bare = SentenceTransformer(str(resolve("minilm").folder))
    with tempfile.TemporaryDirectory() as folder:
        run(CORPUS, Path(folder) / "texts", Given())
        texts = texts_of(Path(folder) / "texts")
        print(f"{len(texts)} texts of the sample shop")
        for name in embedders:
            embedder = open_embedder(name)
            embedder.encode_documents(texts[:64])
            started = time.perf_counter()
            bare.encode(texts, batch_size=32, show_progress_bar=False)
            alone = time.perf_counter() - started
            report, before, during, after = run(
                CORPUS, Path(folder) / name.replace(":", "-"), embedder
            )
            whole = before + during + after
            print(
                f"{name:>14}: embedding {alone / during:.2f} × bare, the whole run "
                f"{alone / whole:.2f} × bare; loading and chunking {before / whole:.1%}, "
                f"publishing {after / whole:.1%} of it"
            )


def write_guides(folder: Path, count: int, sections: int = 10) -> list[Path]:
    """So many Markdown files of ten sections, a passage each, no two alike."""
    folder.mkdir()
    words, rng = vocabulary(), random.Random(7)
    files = []
    for number in range(count):
        parts = [
            f"## Section {at}\n\n{' '.join(rng.choices(words, k=50))}\n" for at in range(sections)
        ]
        files.append(folder / f"guide{number:05}.md")
        files[-1].write_text(f"# Guide {number}\n\n" + "\n".join(parts), encoding="utf-8")
    return files


def vocabulary() -> list[str]:
    """Words to make texts of."""
    return (CORPUS / "README.md").read_text(encoding="utf-8").split()


def rerun(embedder: Embedder, guides: int) -> None:
    """A run after 1 % of the passages changed, over the full run."""
    with tempfile.TemporaryDirectory() as folder:
        corpus, index = Path(folder) / "corpus", Path(folder) / "index"
        files = write_guides(corpus, guides)
        full, *parts = run(corpus, index, embedder)
        whole = sum(parts)
        print(f"{full.chunks} passages, loading and chunking {parts[0] / whole:.1%} of a full run")
        for path in files[::20]:  # two sections of each, of ten
            text = path.read_text(encoding="utf-8")
            text = text.replace("Section 3", "New section").replace("Section 7", "Other section")
            path.write_text(text, encoding="utf-8")
        report, *parts = run(corpus, index, embedder)
        share = report.embedded / full.chunks
        print(
            f"{full.chunks} passages; {report.embedded} changed ({share:.1%}, {report.files_read} "
            f"files of {report.files}): {sum(parts) / whole:.1%} of a full run "
            f"(reading {parts[0]:.1f} s, embedding {parts[1]:.1f} s, publishing {parts[2]:.1f} s "
            f"of {whole:.0f} s)"
        )
        report, *parts = run(corpus, index, embedder)
        print(f"nothing changed: {sum(parts) / whole:.1%}")


def write_rows(path: Path, count: int) -> None:
    """One document a line, a passage each."""
    words, rng = vocabulary(), random.Random(7)
    with path.open("w", encoding="utf-8") as file:
        for number in range(count):
            text = " ".join(rng.choices(words, k=50))
            file.write(
                json.dumps({"id": f"r{number}", "title": f"Row {number}", "text": text}) + "\n"
            )


def publishing(count: int) -> None:
    """Publish so many passages with given vectors, then open them; a process of its own."""
    import resource

    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "corpus").mkdir()
        write_rows(Path(folder) / "corpus" / "rows.jsonl", count)
        report, before, during, after = run(
            Path(folder) / "corpus", Path(folder) / "index", Given()
        )
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        size = sum(p.stat().st_size for p in Layout(Path(folder) / "index").published().rglob("*"))
        started = time.perf_counter()
        index = Index.open(Path(folder) / "index")
        opened = time.perf_counter() - started
        Retriever(index, Given()).retrieve(Question("Which row?"), 5)
        print(
            f"{report.chunks:>7} passages: read and chunked in {before:.1f} s, published in "
            f"{during + after:.1f} s, peak {peak:.0f} MB, {size / 1e6:.0f} MB on disk, "
            f"opened in {opened:.2f} s"
        )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", nargs="?", choices=("throughput", "rerun", "publishing"))
    parser.add_argument("--passages", type=int, help="how many to publish, in this process")
    parser.add_argument("--embedders", nargs="*", default=["plain:minilm", "minilm"])
    parser.add_argument("--guides", type=int, default=2000, help="files of ten passages each")
    options = parser.parse_args()
    if options.passages:
        publishing(options.passages)
        return
    if options.part in (None, "throughput"):
        throughput(options.embedders)
    if options.part in (None, "rerun"):
        rerun(open_embedder("minilm"), options.guides)
    if options.part in (None, "publishing"):
        for count in (10_000, 100_000):
            command = [sys.executable, "-m", "benchmarks.indexing", "--passages", str(count)]
            subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
