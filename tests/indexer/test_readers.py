import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from indexer import readers
from indexer.discover import SourceFile
from indexer.readers import Read, read
from rag.config import Indexing, Rule
from rag.errors import DocumentError

QUICK = Indexing(read_seconds=1)


def files(folder: Path, *names: str) -> list[SourceFile]:
    return [SourceFile(folder / name, name, f"{folder.name}/{name}") for name in names]


def problems(found: list[Read]) -> dict[str, str]:
    return {item.name: str(item.problem) for item in found if item.problem is not None}


@pytest.fixture
def odd_readers(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Readers that do what a file's name says."""
    readers.close()
    script = str(Path(__file__).with_name("odd_worker.py"))
    monkeypatch.setattr(readers, "_COMMAND", (sys.executable, script))
    yield
    readers.close()


def test_every_file_comes_with_its_end(tmp_path: Path) -> None:
    names = [f"{number}.md" for number in range(9)]
    for name in names:
        (tmp_path / name).write_text(f"# Text {name}\n\nWords.")
    found = list(read(files(tmp_path, *names), Indexing()))
    for name in names:
        document, end = [item for item in found if item.name == name]
        assert document.row is not None and document.row.id == name
        assert end == Read(name)


def test_rules_reach_the_reader(tmp_path: Path) -> None:
    (tmp_path / "KT-1.md").write_text("Words.")
    limits = Indexing(rules=(Rule(path="{product_id}.md", version="7"),))
    document, _ = read(files(tmp_path, "KT-1.md"), limits)
    assert document.row is not None
    assert (document.row.product_ids, document.row.version) == ('["KT-1"]', "7")


def test_what_a_loader_finds_wrong_is_a_problem_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "bad.pdf").write_bytes(b"rubbish")
    problem, end = read(files(tmp_path, "bad.pdf"), Indexing())
    assert isinstance(problem.problem, DocumentError)
    assert end == Read("bad.pdf")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("hangs.pdf", "takes longer than 1 s to be read"),
        ("dies.pdf", "made its reader fail"),
        ("dies in a row.pdf", "made its reader fail"),
    ],
)
@pytest.mark.usefixtures("odd_readers")
def test_a_file_that_takes_its_reader_down_costs_itself_only(
    tmp_path: Path, name: str, said: str
) -> None:
    found = list(read(files(tmp_path, "a", name, "b", "c", name, "d"), QUICK))
    assert set(problems(found)) == {name}
    assert said in problems(found)[name]
    ends = [item.name for item in found if item == Read(item.name)]
    assert sorted(ends) == sorted(["a", name, "b", "c", name, "d"])
    for each in "abcd":
        rows = [item.row for item in found if item.row and item.name == each]
        assert [(row.id, row.number) for row in rows] == [(each, 0), (each, 1)]


@pytest.mark.usefixtures("odd_readers")
def test_a_file_that_hangs_is_stopped_while_another_has_much_to_say(tmp_path: Path) -> None:
    found = list(read(files(tmp_path, "hangs", "slow", "a", "slow"), Indexing(read_seconds=0.5)))
    assert set(problems(found)) == {"hangs"}
    assert "takes longer" in problems(found)["hangs"]
    assert len({item.name for item in found}) == 3


@pytest.mark.usefixtures("odd_readers")
def test_files_are_read_while_a_long_one_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    found = list(read(files(tmp_path, "slow", "a", "b", "c"), Indexing()))
    assert found[-1] == Read("slow")


@pytest.mark.usefixtures("odd_readers")
def test_a_file_may_take_long_while_rows_keep_coming(tmp_path: Path) -> None:
    limits = Indexing(read_seconds=0.5)
    assert problems(list(read(files(tmp_path, "slow"), limits))) == {}


@pytest.mark.usefixtures("odd_readers")
def test_whoever_takes_the_rows_may_take_long(tmp_path: Path) -> None:
    rows = 0
    for item in read(files(tmp_path, "long 1", "long 2"), Indexing(read_seconds=0.3)):
        assert item.problem is None
        rows += item.row is not None
        if rows == 5:
            time.sleep(0.5)
    assert rows == 600


@pytest.mark.usefixtures("odd_readers")
def test_readers_are_used_again_and_none_is_left_behind(tmp_path: Path) -> None:
    before = threading.active_count()
    for _ in range(3):
        list(read(files(tmp_path, "a", "b", "hangs", "c"), Indexing(read_seconds=0.2)))
    coming = read(files(tmp_path, "long 1", "long 2"), Indexing())
    next(coming)
    coming.close()  # as a run does that is interrupted
    readers.close()
    assert threading.active_count() == before


@pytest.mark.usefixtures("odd_readers")
def test_what_a_reader_unpacks_goes_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))  # here, and in the readers
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    names = ["dies, unpacks", "hangs, unpacks", "unpacks"]
    list(read(files(tmp_path, *names), Indexing(read_seconds=0.3)))
    readers.close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="there the system sets no such limit")
def test_a_file_that_needs_too_much_memory_is_stopped(tmp_path: Path) -> None:
    with (tmp_path / "big.txt").open("wb") as file:
        file.seek(1 << 30)
        file.write(b"x")
    (tmp_path / "good.md").write_text("Words.")
    limits = Indexing(read_megabytes=256)
    found = list(read(files(tmp_path, "big.txt", "good.md"), limits))
    assert "256" in problems(found)["big.txt"]
    assert [item.name for item in found if item.row] == ["good.md"]
    # The reader's own footprint leaves room for an ordinary file.
    assert problems(list(read(files(tmp_path, "good.md"), limits))) == {}


def test_a_reader_whose_program_is_gone_ends(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("Words.")
    list(read(files(tmp_path, "a.md"), Indexing()))
    (reader,) = [each for each in readers._idle if each.alive][:1]
    assert reader._process.stdin is not None
    reader._process.stdin.close()
    assert reader._process.wait(timeout=20) == 0
    readers.close()
