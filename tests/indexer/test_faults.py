"""The indexer where the disk fails, the process is killed, or the power goes (tests/faults)."""

import errno
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from indexer.build import build
from rag.config import Settings
from rag.index import Index
from rag.manifest import Layout
from rag.types import Scope
from tests.doubles import HashingEmbedder, Silent

FAULTS = Path(__file__).parents[1] / "faults"
ROOT = Path(__file__).parents[2]
Line = dict[str, Any]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="the shim is written for Linux"),
]


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        if os.environ.get("CI"):
            pytest.fail("CI must have a C compiler for these tests")
        pytest.skip("needs a C compiler")
    library = tmp_path_factory.mktemp("shim") / "shim.so"
    source = str(FAULTS / "shim.c")
    subprocess.run(
        [compiler, "-shared", "-fPIC", "-w", "-o", str(library), source, "-ldl"], check=True
    )
    return library


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """Two corpora of a few files, and the index of the first."""
    for name in "ab":
        corpus = tmp_path / name
        corpus.mkdir()
        (corpus / "same.md").write_text("# Kettle\n\nIt holds 1.7 litres.\n")
        (corpus / "specs.csv").write_text(f"id,name,price\nKT-1,Brook Kettle,{ord(name)}\n")
        (corpus / f"only-{name}.md").write_text(f"# Only\n\nThis is in {name}.\n")
    build([tmp_path / "a"], Settings(index=tmp_path / "index"), HashingEmbedder(), Silent())
    return tmp_path


def driven(shim: Path, *arguments: object) -> Iterator[Line]:
    environment = {
        **os.environ,
        "LD_PRELOAD": str(shim),
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": str(ROOT),
    }
    command = [sys.executable, str(FAULTS / "driver.py"), *map(str, arguments)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as driver:
        assert driver.stdout is not None
        for line in driver.stdout:
            yield json.loads(line)
    assert driver.returncode == 0


@pytest.mark.parametrize("code", [errno.EIO, errno.ENOSPC, errno.EMFILE], ids=errno.errorcode.get)
def test_whatever_fails_the_old_generation_or_the_new_one_is_served(
    shim: Path, work: Path, code: int
) -> None:
    *faults, last = driven(shim, "fail", code, work)
    assert not last["reached"] and last["served"] == "new" and last["made"]
    assert len(faults) >= (10 if code == errno.EMFILE else 30)
    for fault in faults:
        assert fault["left"] == [], fault
        assert fault["again"], fault
        assert not fault["raised"].startswith("LEAKED"), fault
        assert "\n" not in fault["raised"], fault
        if not fault["made"]:
            assert "cannot be written" in fault["raised"], fault
            assert ("is untouched" in fault["raised"]) is (fault["served"] == "old"), fault
    assert sum(fault["served"] == "old" for fault in faults) > len(faults) / 2


def test_a_power_cut_leaves_the_old_generation_or_the_new_one(shim: Path, work: Path) -> None:
    *cuts, last = driven(shim, "cut", work)
    assert last.get("end")
    assert len(cuts) >= 30
    assert {cut["served"] for cut in cuts} == {"old", "new"}
    assert all(cut["right"] for cut in cuts)  # after another run
    # Only where there was something to lose is this a test.
    assert sum(cut["lost"] > 0 for cut in cuts) > 10


@pytest.mark.parametrize(
    ("kills", "threads"),
    [(20, 4), pytest.param(200, 20, marks=[pytest.mark.soak, pytest.mark.timeout(1800)])],
)
def test_a_killed_indexer_disturbs_no_reader(
    shim: Path, work: Path, kills: int, threads: int
) -> None:
    failures: list[BaseException] = []
    queries = [0]
    stop = threading.Event()
    embedder = HashingEmbedder()

    def ask() -> None:
        while not stop.is_set():
            try:
                index = Index.open(work / "index")
                for chunk in index.passages.all_chunks():
                    assert chunk.text in chunk.embedding_text
                query = embedder.encode_queries(["How many litres?"])
                rows, scores = index.dense(query, index.passages.rows(Scope()), 3)
                assert len(rows) == len(scores) == 3
                index.close()
                queries[0] += 1
            except BaseException as error:
                failures.append(error)
                return

    readers = [threading.Thread(target=ask) for _ in range(threads)]
    for reader in readers:
        reader.start()
    try:
        *steps, last = driven(shim, "kill", 7, kills, work)
    finally:
        stop.set()
        for reader in readers:
            reader.join()
    assert failures == []
    assert queries[0] > kills
    assert sum(step["killed"] for step in steps) == kills
    assert any(step["published"] for step in steps)
    assert last == {"same": True}
    assert [path.name for path in Layout(work / "index").generations.glob(".*")] == []
