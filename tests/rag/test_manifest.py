import json
import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from rag.errors import (
    IndexDamagedError,
    IndexFolderError,
    IndexMismatchError,
    IndexMissingError,
)
from rag.index import Index
from rag.manifest import FORMAT, MANIFEST, PASSAGES, VECTORS, Layout, Manifest
from tests.rag.generations import a_document, random_vectors, write_generation

FLIPS, CUTS = 40, 10


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("published")
    documents = [a_document(f"{n}.md", f"Passage number {n}") for n in range(5)]
    write_generation(folder, documents, random_vectors(np.random.default_rng(1), 5))
    return folder


@pytest.fixture
def folder(published: Path, tmp_path: Path) -> Path:
    """A copy to damage."""
    return Path(shutil.copytree(published, tmp_path / "index"))


def _files(generation: Path) -> Iterator[Path]:
    yield from (path for path in sorted(generation.rglob("*")) if path.is_file())


def test_a_whole_generation_opens(folder: Path) -> None:
    index = Index.open(folder)
    assert index.manifest.chunks == 5
    index.close()


def test_every_flipped_bit_is_refused(folder: Path) -> None:
    rng = random.Random(11)
    for path in _files(Layout(folder).published()):
        original = path.read_bytes()
        for _ in range(FLIPS):
            data = bytearray(original)
            at = rng.randrange(len(data))
            data[at] ^= 1 << rng.randrange(8)
            path.write_bytes(data)
            with pytest.raises(IndexFolderError):
                Index.open(folder)
        path.write_bytes(original)


def test_every_truncation_is_refused(folder: Path) -> None:
    rng = random.Random(12)
    for path in _files(Layout(folder).published()):
        original = path.read_bytes()
        text = original.rstrip() if path.name == MANIFEST else original
        for length in [0, len(text) - 1, *(rng.randrange(len(text)) for _ in range(CUTS))]:
            path.write_bytes(original[:length])
            with pytest.raises(IndexDamagedError):
                Index.open(folder)
        path.write_bytes(original)


@pytest.mark.parametrize("name", [VECTORS, PASSAGES, MANIFEST])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (Layout(folder).published() / name).unlink()
    with pytest.raises(IndexDamagedError, match=name):
        Index.open(folder)


@pytest.mark.parametrize("name", ["more.bin", "lexical/manifest.json"])
def test_a_file_that_does_not_belong_is_named(folder: Path, name: str) -> None:
    (Layout(folder).published() / name).write_text("x")
    with pytest.raises(IndexDamagedError, match=f"{name} does not belong"):
        Index.open(folder)


def test_another_format_is_refused_with_both_versions(folder: Path) -> None:
    path = Layout(folder).published() / MANIFEST
    path.write_text(json.dumps({**json.loads(path.read_text()), "format": 99}))
    with pytest.raises(IndexMismatchError, match=f"format 99, this version reads {FORMAT}"):
        Index.open(folder)


@pytest.mark.parametrize(
    "content", ["[]", "null", "{}", f'{{"format": {FORMAT}}}', "1", '"x"', "{"]
)
def test_a_manifest_of_another_shape_is_refused(folder: Path, content: str) -> None:
    (Layout(folder).published() / MANIFEST).write_text(content)
    with pytest.raises(IndexDamagedError, match="cannot be read"):
        Index.open(folder)


def test_a_value_edited_by_hand_is_refused(folder: Path) -> None:
    path = Layout(folder).published() / MANIFEST
    path.write_text(path.read_text().replace('"hashing"', '"minilm"'))
    with pytest.raises(IndexDamagedError, match="altered"):
        Index.open(folder)


def test_a_manifest_comes_back_as_it_was_written(folder: Path, tmp_path: Path) -> None:
    manifest = Manifest.read(Layout(folder).published())
    (tmp_path / "again").mkdir()
    manifest.write(tmp_path / "again")
    assert Manifest.read(tmp_path / "again") == manifest


@pytest.mark.parametrize(
    "name", ["nowhere", "", " \n", ".", "..", "../generations", "../../etc", "/etc", "a/b"]
)
def test_current_can_only_name_a_generation(folder: Path, name: str) -> None:
    Layout(folder).current.write_text(name)
    with pytest.raises(IndexDamagedError):
        Index.open(folder)


def test_current_cannot_lead_to_a_generation_elsewhere(folder: Path) -> None:
    inside = Layout(folder).published()
    shutil.copytree(inside, folder / "elsewhere")
    Layout(folder).current.write_text("../elsewhere")
    with pytest.raises(IndexDamagedError, match="is not there"):
        Layout(folder).published()


def test_current_that_is_not_text_is_refused(folder: Path) -> None:
    Layout(folder).current.write_bytes(b"\xff\xfe\x80")
    with pytest.raises(IndexDamagedError):
        Layout(folder).published()


def test_nothing_published_is_another_error_than_damage(tmp_path: Path) -> None:
    with pytest.raises(IndexMissingError):
        Layout(tmp_path).published()
