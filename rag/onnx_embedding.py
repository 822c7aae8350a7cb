"""A sentence-transformers model as int8, run by ONNX Runtime: several times as fast on a processor.

Needs neither PyTorch nor transformers once the model is exported.
"""

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rag.cache import cache_folder, made_once
from rag.errors import ModelError, ModelExportError
from rag.models import LocalModel, Say
from rag.onnx_export import FILE, PROBES, VERSION, export, pooling_of
from rag.vectors import Vectors

_BATCH_TOKENS = 128
"""Tokens of a batch, padding included: a few quotes then make one for each core, and larger ones
are no faster."""
_LEAST_COSINE = 0.98
_REASON = "unsupported.txt"


class OnnxEmbedder:
    """An exported model. Safe to share between threads."""

    def __init__(self, model: LocalModel, exported: Path, pooling: str) -> None:
        import onnxruntime
        from tokenizers import Tokenizer

        onnxruntime.disable_telemetry_events()
        options = onnxruntime.SessionOptions()
        # One thread a batch, several batches at once: sharing a small one out costs more than it
        # gains, and a single question is faster too.
        options.intra_op_num_threads = 1
        # A plan of the memory for each shape of input is kept for good, and gains nothing.
        options.enable_mem_pattern = False
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(
                exported / FILE,
                options,
                providers=["CPUExecutionProvider"],
                # The sum and its layer norm are a fifth faster apart than fused (1.32).
                disabled_optimizers=["SkipLayerNormFusion"],
            )
            self._counter = Tokenizer.from_file(str(model.folder / "tokenizer.json"))
            self._tokenizer = Tokenizer.from_file(str(model.folder / "tokenizer.json"))
        except Exception as error:  # each of the two raises its own
            raise ModelError(f"{exported} does not load as an ONNX model: {error}") from error
        self._workers = ThreadPoolExecutor(os.cpu_count() or 1, "encode")
        self._local = model
        self._pooling = pooling
        self.max_tokens = _max_tokens(model.folder)
        # One that cuts off as the model does, and one that shows what it cuts.
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(self.max_tokens)
        self._counter.no_padding()
        self._counter.no_truncation()
        self.dim = self._vectors([self._tokenizer.encode("").ids]).shape[1]

    @property
    def name(self) -> str:
        """The model's name as it was asked for."""
        return self._local.name

    @property
    def sha256(self) -> str:
        """Of the weights and of how they were made int8: their vectors are not the model's own."""
        return hashlib.sha256(f"{self._local.sha256} int8 {VERSION}".encode()).hexdigest()

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Number of tokens of each text, special tokens included."""
        return [len(encoding.ids) for encoding in self._counter.encode_batch_fast(list(texts))]

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Embed questions: float32 [len(texts), dim]."""
        return self.encode_documents(texts)

    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        """Embed passages: float32 [len(texts), dim]."""
        out = np.zeros((len(texts), self.dim), dtype=np.float32)
        tokens = [encoding.ids for encoding in self._tokenizer.encode_batch_fast(list(texts))]
        batches = list(_batches([len(ids) for ids in tokens]))
        of_batches = ([tokens[at] for at in batch] for batch in batches)
        run = self._workers.map if len(batches) > 1 else map
        for batch, vectors in zip(batches, run(self._vectors, of_batches), strict=True):
            out[batch] = vectors
        return out

    def _vectors(self, batch: Sequence[Sequence[int]]) -> Vectors:
        ids = np.zeros((len(batch), max(map(len, batch))), dtype=np.int64)
        mask = np.zeros_like(ids)
        for row, tokens in enumerate(batch):
            ids[row, : len(tokens)] = tokens
            mask[row, : len(tokens)] = 1
        given = {"input_ids": ids, "attention_mask": mask}
        (of_tokens,) = self._session.run(None, given)
        return _unit(_pooled(of_tokens, mask, self._pooling))


def open_quantized(model: LocalModel, say: Say) -> OnnxEmbedder:
    """Export a model, unless that was done before, and load it.

    Raises:
        ModelExportError: the model is of a kind that cannot; asked again, it says so at once.
        ModelError: the cache cannot be written, or the files do not load.
    """
    pooling = pooling_of(model.folder)

    def make(folder: Path) -> None:
        say(f"Making {model.name} faster, once (up to a minute); kept in {cache_folder()} …")
        try:
            export(model.folder, folder)
            _compare(model, OnnxEmbedder(model, folder, pooling))
        except ModelExportError as error:
            (folder / FILE).unlink(missing_ok=True)
            (folder / _REASON).write_text(str(error), encoding="utf-8")

    folder = made_once(f"int8-{VERSION}-{model.sha256[:16]}", "*.*", make)
    if (folder / _REASON).exists():
        raise ModelExportError((folder / _REASON).read_text(encoding="utf-8"))
    return OnnxEmbedder(model, folder, pooling)


def _compare(model: LocalModel, made: OnnxEmbedder) -> None:
    from rag.sentence_transformer import SentenceTransformerEmbedder

    plain = SentenceTransformerEmbedder(model)
    cosines = (plain.encode_documents(PROBES) * made.encode_documents(PROBES)).sum(axis=1)
    if not cosines.min() >= _LEAST_COSINE:
        raise ModelExportError(f"its int8 vectors are off (cosine {cosines.min():.2f})")


def _max_tokens(folder: Path) -> int:
    """As sentence-transformers has it: what is set, else the tokenizer's and network's limits."""
    limits = []
    for name, key in (
        ("sentence_bert_config.json", "max_seq_length"),
        ("tokenizer_config.json", "model_max_length"),
        ("config.json", "max_position_embeddings"),
    ):
        try:
            found = json.loads((folder / name).read_text(encoding="utf-8")).get(key)
        except (OSError, ValueError):
            continue
        if isinstance(found, int) and 0 < found < 1_000_000:
            if key == "max_seq_length":
                return found
            limits.append(found)
    return min(limits, default=512)


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Indices of texts of like lengths, the longest first."""
    batch: list[int] = []
    for at in sorted(range(len(lengths)), key=lambda at: -lengths[at]):
        if batch and (len(batch) + 1) * lengths[batch[0]] > _BATCH_TOKENS:
            yield batch
            batch = []
        batch.append(at)
    if batch:
        yield batch


def _pooled(of_tokens: Vectors, mask: NDArray[np.int64], pooling: str) -> Vectors:
    """float32 [texts, tokens, dim] → [texts, dim]."""
    if pooling == "cls":
        return of_tokens[:, 0]
    weights = mask[:, :, None].astype(np.float32)
    summed: Vectors = (of_tokens * weights).sum(axis=1) / weights.sum(axis=1)
    return summed


def _unit(vectors: Vectors) -> Vectors:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-12), dtype=np.float32)
