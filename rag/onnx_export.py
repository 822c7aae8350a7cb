"""A sentence-transformers folder → `model.onnx`, an int8 model that gives nearly the same vectors.

Exported by PyTorch, then every product with a weight matrix becomes one of integers: weights in
7 bits with a scale per output, activations in 8 bits with a scale per token. ONNX Runtime's dynamic
quantisation takes one scale for the whole batch instead, so that the vector of a text would depend
on the texts beside it. 7 bits, because processors without VNNI saturate at 16
(https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html).
"""

import json
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from rag.errors import ModelExportError
from rag.models import without_progress_bars

VERSION = 2
"""Raised with every change of what is made, for what is in the caches is then made again."""

FILE = "model.onnx"
PROBES = (
    "Weight: 1.2 kg",
    "How long does the battery last when the light is dimmed?",
    "You may send an item back within a fortnight; we pay for the label. " * 4,
)
_WEIGHT_RANGE = 63


def pooling_of(folder: Path) -> str:
    """How token vectors become one: "mean" or "cls".

    Raises:
        ModelExportError: some other way, or more modules than that.
    """
    try:
        modules = json.loads((folder / "modules.json").read_text(encoding="utf-8"))
        kinds = [module["type"].rpartition(".")[2] for module in modules]
        if kinds not in (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"]):
            raise ModelExportError(f"it is made of {', '.join(kinds)}")
        config = json.loads((folder / modules[1]["path"] / "config.json").read_text("utf-8"))
        about = folder / "config_sentence_transformers.json"
        prompts = json.loads(about.read_text("utf-8")).get("prompts") if about.exists() else None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelExportError(f"its modules cannot be read ({error})") from error
    if prompts and any(prompts.values()):
        raise ModelExportError("it has prompts of its own")
    # Until sentence-transformers 5 a flag for each way; since then the names of those used.
    ways = [key for key, used in config.items() if key.startswith("pooling_mode_") and used is True]
    named = config.get("pooling_mode", [])
    ways += [named] if isinstance(named, str) else named
    match ways:
        case ["pooling_mode_mean_tokens" | "mean"]:
            return "mean"
        case ["pooling_mode_cls_token" | "cls"]:
            return "cls"
    raise ModelExportError(f"it pools by {', '.join(ways) or 'no known way'}")


def export(folder: Path, out: Path) -> None:
    """Write `model.onnx` into the folder `out`.

    Raises:
        ModelExportError: the model does not export, or its vectors come out different.
    """
    with _quietly():
        try:
            _trace(folder, out / FILE)
            _quantize(out / FILE)
        except OSError:  # says nothing about the model, and must not be remembered as if it did
            raise
        except Exception as error:  # a model nobody has thought of fails anywhere in here
            raise ModelExportError(f"it does not export ({type(error).__name__})") from error


@contextmanager
def _quietly() -> Iterator[None]:
    """Without what the exporters say of their own future."""
    without_progress_bars()
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def _trace(folder: Path, path: Path) -> None:
    """Export the network from token ids to token vectors."""
    import torch
    from transformers import AutoModel

    network = AutoModel.from_pretrained(
        folder, attn_implementation="eager", local_files_only=True, use_safetensors=True
    ).eval()

    class TokenVectors(torch.nn.Module):
        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
            given = network(input_ids=input_ids, attention_mask=attention_mask)
            vectors: torch.Tensor = given.last_hidden_state
            return vectors

    module = TokenVectors()
    module.network = network
    ids = torch.randint(5, 1000, (3, 11))
    mask = torch.ones_like(ids)
    mask[1, 7:] = 0
    sizes = {0: torch.export.Dim("texts", min=1, max=4096), 1: torch.export.Dim("tokens", max=512)}
    torch.onnx.export(
        module.eval(),
        (ids, mask),
        str(path),
        dynamo=True,
        external_data=False,
        input_names=["input_ids", "attention_mask"],
        output_names=["token_vectors"],
        dynamic_shapes=(sizes, sizes),
        verbose=False,
    )


def _quantize(path: Path) -> None:
    """Turn each `x @ W` into integers.

    With m the largest |x| of a token, q = round(127 x / m) + 128 in 8 bits and W in 7 bits of scale
    s per output, x @ W = m · (((q - 128) @ round(W / s)) · s / 127).
    """
    import onnx
    from onnx import helper, numpy_helper

    model = onnx.load(path)
    graph = model.graph
    weights = {tensor.name: tensor for tensor in graph.initializer}
    added: list[Any] = []
    constants = {
        "q_tiny": np.float32(1e-12),
        "q_step": np.float32(1 / 127),
        "q_middle": np.uint8(128),
        "q_last": np.array([-1], np.int64),
    }
    quantized: dict[str, tuple[str, str]] = {}
    replaced: set[str] = set()
    for node in graph.node:
        if node.op_type != "MatMul" or node.input[1] not in weights:
            added.append(node)
            continue
        x, name = node.input[0], f"q{len(constants)}"
        weight = numpy_helper.to_array(weights[node.input[1]])
        replaced.add(node.input[1])
        scale = np.maximum(np.abs(weight).max(axis=0), 1e-12) / _WEIGHT_RANGE
        constants[f"{name}_weight"] = np.rint(weight / scale).astype(np.int8)
        constants[f"{name}_scale"] = scale.astype(np.float32)
        if x not in quantized:  # queries, keys and values are made from the same
            quantized[x] = (f"{name}_x", f"{name}_largest")
            added += [
                helper.make_node("Abs", [x], [f"{name}_abs"]),
                helper.make_node("ReduceMax", [f"{name}_abs", "q_last"], [f"{name}_max"]),
                helper.make_node("Max", [f"{name}_max", "q_tiny"], [f"{name}_largest"]),
                helper.make_node("Div", [x, f"{name}_largest"], [f"{name}_unit"]),
                helper.make_node(
                    "QuantizeLinear", [f"{name}_unit", "q_step", "q_middle"], [f"{name}_x"]
                ),
            ]
        integers, largest = quantized[x]
        product = [integers, f"{name}_weight", "q_step", f"{name}_scale", "q_middle"]
        added += [
            helper.make_node(
                "MatMulIntegerToFloat", product, [f"{name}_y"], domain="com.microsoft"
            ),
            helper.make_node("Mul", [f"{name}_y", largest], [node.output[0]]),
        ]
    kept = [tensor for tensor in graph.initializer if tensor.name not in replaced]
    kept += [numpy_helper.from_array(np.asarray(v), name) for name, v in constants.items()]
    del graph.node[:], graph.initializer[:]
    graph.node.extend(added)
    graph.initializer.extend(kept)
    if all(opset.domain != "com.microsoft" for opset in model.opset_import):
        model.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    onnx.save(model, path)
