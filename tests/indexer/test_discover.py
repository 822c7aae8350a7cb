import os
from collections.abc import Iterable
from pathlib import Path

import pytest

from indexer.discover import SourceFile, discover
from rag.errors import DocumentError, InputError


def _names(found: Iterable[SourceFile | tuple[str, DocumentError]]) -> list[str]:
    return [one.name for one in found if isinstance(one, SourceFile)]


def _problems(found: Iterable[SourceFile | tuple[str, DocumentError]]) -> dict[str, str]:
    return {one[0]: str(one[1]) for one in found if not isinstance(one, SourceFile)}


def _touch(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("x")
    return root


def test_files_come_in_one_order_with_forward_slashes(tmp_path: Path) -> None:
    _touch(tmp_path, "b.md", "a/z.md", "a/b/c.md", "A.md")
    assert _names(discover([tmp_path])) == ["A.md", "b.md", "a/z.md", "a/b/c.md"]


def test_hidden_files_ignored_ones_and_sidecars_are_left_out(tmp_path: Path) -> None:
    _touch(tmp_path, "a.md", "a.md.yaml", ".git/x.md", ".x.md", "qa.jsonl", "drafts/a.md", "b.yaml")
    (tmp_path / ".shelftalkignore").write_text("# comment\nqa.jsonl\ndrafts/\n")
    assert _names(discover([tmp_path])) == ["a.md", "b.yaml"]


def test_an_ignore_file_that_is_not_utf_8_is_no_obstacle(tmp_path: Path) -> None:
    _touch(tmp_path, "a.md", "b.md")
    (tmp_path / ".shelftalkignore").write_bytes(b"\xff\xfe\nb.md\n")
    assert _names(discover([tmp_path])) == ["a.md"]


def test_the_index_inside_the_folder_is_not_a_document(tmp_path: Path) -> None:
    _touch(tmp_path, "a.md", "index/generations/1/manifest.json", "sub/index/a.md")
    assert _names(discover([tmp_path], tmp_path / "index")) == ["a.md", "sub/index/a.md"]


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    root = _touch(tmp_path / "root", "a.md")
    _touch(tmp_path, "secret.md", "outside/b.md")
    (root / "link.md").symlink_to(tmp_path / "secret.md")
    (root / "up.md").symlink_to("../secret.md")
    (root / "folder").symlink_to(tmp_path / "outside")
    found = list(discover([root]))
    assert _names(found) == ["a.md"]
    assert set(_problems(found)) == {"link.md", "up.md", "folder"}
    assert "link out of the folder" in _problems(found)["link.md"]


def test_a_link_to_a_folder_is_reported_and_not_followed(tmp_path: Path) -> None:
    root = _touch(tmp_path / "root", "a.md", "sub/b.md", "index/CURRENT")
    _touch(tmp_path, "outside/c.md")
    (root / "sub" / "inside").symlink_to("..")
    for name in ("out", "ignored", "listed", ".hidden"):
        (root / name).symlink_to(tmp_path / "outside")
    (root / "to-index").symlink_to("index")
    (root / ".shelftalkignore").write_text("ignored\nlisted/\n")
    found = list(discover([root], root / "index"))
    assert _names(found) == ["a.md", "sub/b.md"]
    assert set(_problems(found)) == {"out", "sub/inside"}
    assert "is a link to a folder" in _problems(found)["out"]


def test_a_link_inside_the_folder_is_a_file(tmp_path: Path) -> None:
    _touch(tmp_path, "a.md")
    (tmp_path / "b.md").symlink_to("a.md")
    assert _names(discover([tmp_path])) == ["a.md", "b.md"]


def test_a_folder_reached_through_a_link_is_a_root_like_any(tmp_path: Path) -> None:
    _touch(tmp_path / "real", "a.md")
    (tmp_path / "link").symlink_to("real")
    assert _names(discover([tmp_path / "link"])) == ["a.md"]


def test_what_is_no_file_is_reported_and_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.md")
    (tmp_path / "broken.md").symlink_to("nowhere.md")
    (tmp_path / "round.md").symlink_to("round.md")
    found = list(discover([tmp_path]))
    assert _names(found) == []
    assert set(_problems(found)) == {"pipe.md", "broken.md", "round.md"}


def test_a_name_that_is_not_utf_8_is_reported(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"caf\xe9.md")).write_text("x")
    ((name, message),) = _problems(discover([tmp_path])).items()
    assert "rename" in message
    name.encode()


def test_a_single_file_is_a_root_too(tmp_path: Path) -> None:
    _touch(tmp_path, "sub/a.md")
    assert _names(discover([tmp_path / "sub" / "a.md"])) == ["a.md"]


def test_what_is_given_twice_is_found_once(tmp_path: Path) -> None:
    for folder in ("a/x", "b/x", "c/x"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "f.md").touch()
    a, b, c = (tmp_path / name for name in "abc")
    found = [*discover([a, a / "x", a / "x" / "f.md", tmp_path / "b/../a"])]
    assert [file.name for file in found if isinstance(file, SourceFile)] == ["x/f.md"]
    found = [*discover([a / "x", b / "x", c / "x"])]
    names = [file.name for file in found if isinstance(file, SourceFile)]
    assert names[:2] == ["f.md", "x/f.md"] and names[2].endswith("c/x/f.md")


def test_a_missing_root_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        list(discover([tmp_path / "nowhere"]))
