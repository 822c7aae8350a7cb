"""Text → vectors. Queries and documents are different verbs; both give unit-length float32 rows."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from rag.errors import ModelExportError
from rag.models import Say, resolve, to_stderr
from rag.onnx_embedding import open_quantized
from rag.vectors import Vectors


class Embedder(Protocol):
    """Seam: the real models and the tests' hashing double pass one contract suite."""

    @property
    def name(self) -> str:
        """The model's name as it was asked for."""

    @property
    def sha256(self) -> str:
        """Identifies the weights; an index made with others is refused."""

    @property
    def dim(self) -> int:
        """Length of a vector."""

    @property
    def max_tokens(self) -> int:
        """Longest text it reads, in its own tokens; the rest would be cut off."""

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Number of tokens of each text, special tokens included, nothing cut."""

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Embed questions: float32 [len(texts), dim]."""

    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        """Embed passages: float32 [len(texts), dim]."""


PLAIN = "plain:"
"""In front of a model's name: run it by PyTorch in float32, whatever else is possible."""


def open_embedder(name: str, say: Say | None = None) -> Embedder:
    """Load the embedder of this name; see `rag.models.resolve` for names and errors.

    It runs as int8 by ONNX Runtime where the model is of a kind that can, else by PyTorch.
    """
    from rag.sentence_transformer import SentenceTransformerEmbedder

    model = resolve(name.removeprefix(PLAIN), say)
    if name.startswith(PLAIN):
        return SentenceTransformerEmbedder(replace(model, name=name))
    try:
        return open_quantized(model, say or to_stderr)
    except ModelExportError as error:
        (say or to_stderr)(f"{name} runs by PyTorch, not as int8: {error}.")
        return SentenceTransformerEmbedder(model)
