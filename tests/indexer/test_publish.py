import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from indexer.publish import publish, roll_back, writing
from rag.errors import IndexDamagedError, IndexFolderError, IndexLockedError, InputError
from rag.manifest import Layout, Manifest, digests

HOLD = """
import sys, time
from pathlib import Path
from indexer.publish import writing
from rag.manifest import Layout
with writing(Layout(Path(sys.argv[1]))) as folder:
    (folder / "half").write_text("x")
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "index")


def _publish(layout: Layout, id: str, keep: int = 2) -> None:
    with writing(layout) as folder:
        (folder / "sub").mkdir()
        (folder / "sub" / "data").write_text(id)
        manifest = Manifest(id, "now", "hashing", "0" * 64, 4, 120, 1, 1, "0" * 64, digests(folder))
        publish(layout, folder, manifest, keep)


def _generations(layout: Layout) -> list[str]:
    return sorted(path.name for path in layout.generations.iterdir())


def test_a_published_generation_is_current_and_whole(layout: Layout) -> None:
    _publish(layout, "1")
    published = layout.published()
    assert published.name == "1"
    Manifest.read(published).verify(published)
    assert _generations(layout) == ["1"]


@pytest.mark.parametrize(("keep", "left"), [(1, ["4"]), (2, ["3", "4"]), (9, ["1", "2", "3", "4"])])
def test_the_newest_generations_are_kept(layout: Layout, keep: int, left: list[str]) -> None:
    for id in ("1", "2", "3", "4"):
        _publish(layout, id, keep)
    assert _generations(layout) == left
    assert layout.published().name == "4"


def test_a_second_writer_is_told_who_is_at_work(layout: Layout) -> None:
    with (
        writing(layout),
        pytest.raises(IndexLockedError, match=f"process {os.getpid()}"),
        writing(layout),
    ):
        pass


def test_the_lock_is_free_after_an_error(layout: Layout) -> None:
    with pytest.raises(ZeroDivisionError), writing(layout):
        raise ZeroDivisionError
    _publish(layout, "1")


def test_a_killed_writer_frees_its_lock_and_its_leftovers_go(layout: Layout) -> None:
    _publish(layout, "1")
    command = [sys.executable, "-c", HOLD, str(layout.folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(IndexLockedError, match=f"process {holder.pid}"), writing(layout):
            pass
        holder.kill()
        holder.wait()
        assert layout.published().name == "1"
        assert len(_generations(layout)) == 2
        _publish(layout, "2")
    assert _generations(layout) == ["1", "2"]


def test_what_is_not_published_is_removed(layout: Layout) -> None:
    with writing(layout) as folder:
        (folder / "data").write_text("x")
    assert _generations(layout) == []


STEPS = 7
"""What is synced: three paths below the generation, itself, its parent, CURRENT, its folder."""


@pytest.mark.parametrize("failing", range(1, STEPS + 1))
def test_a_disk_that_fails_at_any_step_leaves_a_whole_generation(
    layout: Layout, monkeypatch: pytest.MonkeyPatch, failing: int
) -> None:
    _publish(layout, "1")
    fsync, calls = os.fsync, 0

    def flaky(handle: int) -> None:
        nonlocal calls
        calls += 1
        if calls == failing:
            raise OSError(28, "No space left on device")
        fsync(handle)

    monkeypatch.setattr(os, "fsync", flaky)
    with pytest.raises(IndexFolderError, match="No space left on device") as told:
        _publish(layout, "2")
    current = layout.published()
    Manifest.read(current).verify(current)
    # Once CURRENT is renamed, the new generation is the published one.
    if failing < STEPS:
        assert _generations(layout) == ["1"]
        assert "The published index is untouched." in str(told.value)
    else:
        assert _generations(layout) == ["1", "2"]
        assert "Generation 2 was published all the same." in str(told.value)
    assert not (layout.folder / ".CURRENT").exists()
    calls = STEPS
    _publish(layout, "3")
    assert layout.published().name == "3"


def test_a_failed_run_that_cannot_tell_what_is_published_says_how_to(layout: Layout) -> None:
    _publish(layout, "1")
    with pytest.raises(IndexFolderError, match="shelftalk check"), writing(layout):
        layout.current.unlink()
        raise sqlite3.OperationalError("disk I/O error")


def test_a_folder_that_cannot_be_made_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(IndexFolderError, match="cannot be written"),
        writing(Layout(tmp_path / "file" / "index")),
    ):
        pass


def test_rolling_back_publishes_the_generation_before(layout: Layout) -> None:
    for id in ("1", "2", "3"):
        _publish(layout, id, keep=3)
    assert roll_back(layout).id == "2"
    assert layout.published().name == "2"
    assert roll_back(layout).id == "1"
    assert roll_back(layout, "3").id == "3"
    assert layout.published().name == "3"
    assert _generations(layout) == ["1", "2", "3"]


def test_after_rolling_back_the_next_publish_goes_on(layout: Layout) -> None:
    _publish(layout, "1")
    _publish(layout, "2")
    roll_back(layout)
    _publish(layout, "3")
    assert layout.published().name == "3"
    assert _generations(layout) == ["2", "3"]


@pytest.mark.parametrize(
    ("to", "said"), [("9", "no generation '9' to go back to. Kept are 1."), (None, "before 1")]
)
def test_what_cannot_be_rolled_back_to(layout: Layout, to: str | None, said: str) -> None:
    _publish(layout, "1")
    with pytest.raises(InputError, match=said):
        roll_back(layout, to)
    assert layout.published().name == "1"


def test_a_damaged_generation_is_not_rolled_back_to(layout: Layout) -> None:
    _publish(layout, "1")
    _publish(layout, "2")
    (layout.generations / "1" / "sub" / "data").write_text("damaged")
    with pytest.raises(IndexDamagedError, match="sub/data was altered"):
        roll_back(layout)
    assert layout.published().name == "2"
