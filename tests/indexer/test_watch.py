import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from indexer.watch import changes

PATIENCE = 10.0
"""Seconds after which a change that was not noticed never will be."""


class Watched:
    """What `changes` yields, counted in a thread of its own."""

    def __init__(self, roots: list[Path], index: Path) -> None:
        self._stop = threading.Event()
        self._seen = threading.Semaphore(0)
        self._thread = threading.Thread(target=self._count, args=(roots, index), daemon=True)
        self._thread.start()
        assert self.notices(), "it does not listen"

    def _count(self, roots: list[Path], index: Path) -> None:
        for _ in changes(roots, index, self._stop):
            self._seen.release()

    def notices(self, seconds: float = PATIENCE) -> bool:
        return self._seen.acquire(timeout=seconds)

    def end(self) -> None:
        self._stop.set()
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    (tmp_path / "corpus" / "deep").mkdir(parents=True)
    (tmp_path / "corpus" / "a.md").write_text("A")
    watching = Watched([tmp_path / "corpus"], tmp_path / "corpus" / "index")
    yield watching
    watching.end()


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "a.md").write_text("B"),
        lambda folder: (folder / "deep" / "b.md").write_text("B"),
        lambda folder: (folder / "a.md").unlink(),
        lambda folder: (folder / "a.md").rename(folder / "c.md"),
        lambda folder: (folder / ".shelftalkignore").write_text("a.md"),
    ],
)
def test_a_change_is_noticed(
    tmp_path: Path, watched: Watched, change: Callable[[Path], object]
) -> None:
    change(tmp_path / "corpus")
    assert watched.notices()


def test_the_index_itself_and_files_beside_are_none(tmp_path: Path, watched: Watched) -> None:
    (tmp_path / "corpus" / "index").mkdir()
    (tmp_path / "corpus" / "index" / "CURRENT").write_text("x")
    (tmp_path / "beside.md").write_text("x")
    assert not watched.notices(1.0)


def test_a_single_file_that_is_replaced_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("A")
    watching = Watched([tmp_path / "a.md"], tmp_path / "index")
    (tmp_path / "b.md").write_text("another file")
    assert not watching.notices(1.0)
    (tmp_path / "new").write_text("B")
    (tmp_path / "new").replace(tmp_path / "a.md")
    assert watching.notices()
    watching.end()
