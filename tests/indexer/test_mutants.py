"""Broken PDFs cost a line each and nothing else (300 here, 10,000 in the soak)."""

import random
import time
from pathlib import Path

import pytest

from indexer.build import build
from rag.config import Indexing, Settings
from rag.index import Index
from tests.doubles import HashingEmbedder, Silent
from tests.indexer.mutants import mutant, seeds

GOOD = 5


@pytest.mark.slow
@pytest.mark.parametrize(
    "count", [300, pytest.param(10_000, marks=[pytest.mark.soak, pytest.mark.timeout(7200)])]
)
def test_broken_pdfs_cost_a_line_each(tmp_path: Path, count: int) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    whole = seeds(tmp_path)
    rng = random.Random(7)
    for number in range(count):
        (corpus / f"m{number:05}.pdf").write_bytes(mutant(rng.choice(whole), rng))
    for number in range(GOOD):
        (corpus / f"good{number}.md").write_text(f"# Good\n\nText number {number}.\n")
    limits = Indexing(read_seconds=10, read_megabytes=512)
    started = time.monotonic()
    report = build(
        [corpus], Settings(index=tmp_path / "i", indexing=limits), HashingEmbedder(), Silent()
    )
    assert time.monotonic() - started < 10 * count
    index = Index.open(tmp_path / "i")
    documents = index.passages.document_ids()
    index.close()
    assert {f"good{number}.md" for number in range(GOOD)} <= set(documents)
    bad = [problem.source for problem in report.problems]
    assert len(set(bad)) == len(bad)
    # Nothing is lost: each file became a document or a line.
    assert set(bad) | set(documents) == {path.name for path in corpus.iterdir()}
    assert bad and len(documents) > GOOD
    assert not [p for p in report.problems if "report this" in p.problem]
