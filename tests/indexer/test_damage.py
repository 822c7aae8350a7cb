"""Flipped bits and cut-off files are refused before use, never silently wrong."""

import random
import shutil
from pathlib import Path

import pytest

from rag.errors import IndexFolderError
from rag.index import Index
from rag.manifest import LEXICAL, MANIFEST, PASSAGES, VECTORS, Layout

FLIPS, TRUNCATIONS = 1000, 200


@pytest.fixture(scope="module")
def folder(small_index: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(shutil.copytree(small_index, tmp_path_factory.mktemp("damage") / "index"))


def files(folder: Path, kind: str) -> list[Path]:
    if kind == "CURRENT":
        return [folder / kind]
    found = Layout(folder).published() / kind
    return sorted(found.iterdir()) if found.is_dir() else [found]


def flipped(data: bytes, rng: random.Random) -> bytes:
    changed = bytearray(data)
    changed[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def truncated(data: bytes, rng: random.Random) -> bytes:
    return data[: rng.randrange(len(data))]


@pytest.mark.slow
@pytest.mark.parametrize("kind", [VECTORS, PASSAGES, LEXICAL, MANIFEST, "CURRENT"])
def test_damage_is_refused_before_use(folder: Path, kind: str) -> None:
    rng = random.Random(kind)
    paths = files(folder, kind)
    whole = Index.open(folder)
    refused = harmless = 0
    for harm in [flipped] * FLIPS + [truncated] * TRUNCATIONS:
        path = rng.choice(paths)
        data = path.read_bytes()
        path.write_bytes(harm(data, rng))
        try:
            opened = Index.open(folder)
        except IndexFolderError:
            refused += 1
        else:  # such as another kind of white space in a file of text
            assert path.suffix in (".json", ""), path
            assert opened.manifest == whole.manifest
            opened.close()
            harmless += 1
        finally:
            path.write_bytes(data)
    # Whoever had it open before was not disturbed.
    assert len(list(whole.passages.all_chunks())) == len(whole.vectors())
    whole.close()
    assert refused + harmless == FLIPS + TRUNCATIONS
    if kind in (VECTORS, PASSAGES, LEXICAL):
        assert harmless == 0
    assert refused > 0.9 * (FLIPS + TRUNCATIONS)
