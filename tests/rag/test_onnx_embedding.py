"""The int8 model beside the model it was made from; the contract suite is in test_embedding."""

import json
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import rag.onnx_embedding
from rag.cache import cache_folder
from rag.embedding import PLAIN, open_embedder
from rag.errors import ModelExportError
from rag.onnx_embedding import OnnxEmbedder, _max_tokens
from rag.onnx_export import FILE, VERSION, pooling_of
from rag.sentence_transformer import SentenceTransformerEmbedder
from tests.rag.test_embedding import TEXTS

TRANSFORMER, POOLING, NORMALIZE, DENSE = (
    {"type": f"sentence_transformers.models.{name}", "path": name.lower()}
    for name in ("Transformer", "Pooling", "Normalize", "Dense")
)


def a_model(folder: Path, modules: list[dict[str, str]], pooling: dict[str, object]) -> Path:
    (folder / "pooling").mkdir()
    (folder / "modules.json").write_text(json.dumps(modules))
    (folder / "pooling" / "config.json").write_text(json.dumps(pooling))
    return folder


@pytest.mark.parametrize(
    ("pooling", "way"),
    [
        ({"pooling_mode_mean_tokens": True, "pooling_mode_cls_token": False}, "mean"),
        ({"pooling_mode_mean_tokens": False, "pooling_mode_cls_token": True}, "cls"),
        ({"pooling_mode": "mean"}, "mean"),
        ({"pooling_mode": "cls"}, "cls"),
    ],
)
def test_ways_of_pooling(tmp_path: Path, pooling: dict[str, object], way: str) -> None:
    pooling = {"word_embedding_dimension": 8, "include_prompt": True} | pooling
    assert pooling_of(a_model(tmp_path, [TRANSFORMER, POOLING, NORMALIZE], pooling)) == way


@pytest.mark.parametrize(
    ("set_to", "tokenizer", "positions", "limit"),
    [
        ({"max_seq_length": 128}, 512, 512, 128),
        ({}, 512, 256, 256),
        ({"max_seq_length": None}, 384, 514, 384),
        ({}, int(1e30), 512, 512),
    ],
)
def test_the_longest_text_is_as_sentence_transformers_has_it(
    tmp_path: Path, set_to: dict[str, object], tokenizer: int, positions: int, limit: int
) -> None:
    for name, content in (
        ("sentence_bert_config.json", set_to),
        ("tokenizer_config.json", {"model_max_length": tokenizer}),
        ("config.json", {"max_position_embeddings": positions}),
    ):
        (tmp_path / name).write_text(json.dumps(content))
    assert _max_tokens(tmp_path) == limit


@pytest.mark.parametrize(
    ("modules", "pooling", "said"),
    [
        ([TRANSFORMER, POOLING, DENSE], {"pooling_mode_mean_tokens": True}, "Dense"),
        ([TRANSFORMER, POOLING], {"pooling_mode_max_tokens": True}, "pooling_mode_max_tokens"),
        ([TRANSFORMER, POOLING], {"pooling_mode": "lasttoken"}, "lasttoken"),
        ([TRANSFORMER, POOLING], {"pooling_mode": ["mean", "max"]}, "mean, max"),
        ([TRANSFORMER, POOLING], {}, "no known way"),
        ([], {}, "it is made of"),
    ],
)
def test_other_models_are_refused(
    tmp_path: Path, modules: list[dict[str, str]], pooling: dict[str, object], said: str
) -> None:
    with pytest.raises(ModelExportError, match=said):
        pooling_of(a_model(tmp_path, modules, pooling))


def test_a_model_with_prompts_is_refused(tmp_path: Path) -> None:
    folder = a_model(tmp_path, [TRANSFORMER, POOLING], {"pooling_mode_mean_tokens": True})
    about = folder / "config_sentence_transformers.json"
    about.write_text('{"prompts": {"query": "", "document": ""}}')
    assert pooling_of(folder) == "mean"
    about.write_text('{"prompts": {"query": "query: "}}')
    with pytest.raises(ModelExportError, match="prompts of its own"):
        pooling_of(folder)


@pytest.fixture(scope="module")
def fast() -> OnnxEmbedder:
    embedder = open_embedder("minilm")
    assert isinstance(embedder, OnnxEmbedder)
    return embedder


@pytest.fixture
def exports(fast: OnnxEmbedder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """An empty cache, and exporting replaced by copying what was exported before."""
    (made,) = (cache_folder() / "models").glob(f"int8-{VERSION}-*/{FILE}")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    done: list[Path] = []

    def export(folder: Path, out: Path) -> None:
        done.append(folder)
        shutil.copyfile(made, out / FILE)

    monkeypatch.setattr(rag.onnx_embedding, "export", export)
    return done


@pytest.mark.slow
def test_the_vectors_are_nearly_the_model_s_own(fast: OnnxEmbedder) -> None:
    plain = open_embedder(PLAIN + "minilm")
    cosines = (fast.encode_documents(TEXTS) * plain.encode_documents(TEXTS)).sum(axis=1)
    assert cosines.min() > 0.98
    assert cosines.mean() > 0.99
    assert (fast.dim, fast.max_tokens) == (plain.dim, plain.max_tokens)
    assert fast.count_tokens(TEXTS) == plain.count_tokens(TEXTS)
    assert fast.sha256 != plain.sha256
    assert (fast.name, plain.name) == ("minilm", "plain:minilm")


@pytest.mark.slow
def test_many_threads_get_the_same_vectors(fast: OnnxEmbedder) -> None:
    expected = fast.encode_queries(TEXTS)
    with ThreadPoolExecutor(8) as pool:
        for found in pool.map(fast.encode_queries, [TEXTS] * 40):
            np.testing.assert_array_equal(found, expected)


@pytest.mark.slow
def test_it_is_exported_once_and_again_when_damaged(exports: list[Path]) -> None:
    said: list[str] = []
    for _ in range(2):
        open_embedder("minilm", said.append)
    assert len(exports) == len(said) == 1
    (file,) = (cache_folder() / "models").glob(f"int8-{VERSION}-*/{FILE}")
    file.write_bytes(file.read_bytes()[:-1000])
    open_embedder("minilm", said.append)
    assert len(exports) == len(said) == 2
    assert "Making minilm faster, once" in said[0]


@pytest.mark.slow
@pytest.mark.usefixtures("exports")
def test_a_model_that_does_not_export_runs_by_pytorch(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[Path] = []

    def export(folder: Path, out: Path) -> None:
        tried.append(folder)
        raise ModelExportError("it does not export (TestError)")

    monkeypatch.setattr(rag.onnx_embedding, "export", export)
    said: list[str] = []
    for _ in range(2):
        assert isinstance(open_embedder("minilm", said.append), SentenceTransformerEmbedder)
    assert len(tried) == 1
    assert said.count("minilm runs by PyTorch, not as int8: it does not export (TestError).") == 2


@pytest.mark.slow
def test_using_it_loads_no_pytorch(fast: OnnxEmbedder) -> None:
    code = (
        "import sys; from rag.embedding import open_embedder;"
        "open_embedder('minilm').encode_queries(['How heavy is it?']);"
        "print(*{'torch', 'transformers', 'sentence_transformers', 'onnx'} & sys.modules.keys())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
