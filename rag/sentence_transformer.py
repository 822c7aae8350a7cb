"""Any sentence-transformers model, run by PyTorch."""

from collections.abc import Sequence

import numpy as np

from rag.errors import ModelError
from rag.models import LocalModel, without_progress_bars
from rag.vectors import Vectors


class SentenceTransformerEmbedder:
    """Any sentence-transformers model in a local folder."""

    def __init__(self, model: LocalModel) -> None:
        from sentence_transformers import SentenceTransformer
        from tokenizers import Tokenizer

        without_progress_bars()
        self._local = model
        try:
            self._model = SentenceTransformer(
                str(model.folder),
                local_files_only=True,
                trust_remote_code=False,
                model_kwargs={"use_safetensors": True},
            )
            # A tokenizer of its own, without truncation: the model's one would hide what it cuts.
            self._tokenizer = Tokenizer.from_file(str(model.folder / "tokenizer.json"))
            self._tokenizer.no_truncation()
            self._tokenizer.no_padding()
        except Exception as error:  # the loaders below raise whatever they meet
            raise ModelError(
                f"{model.folder} does not load as a sentence-transformers model: {error}"
            ) from error
        dim = self._model.get_embedding_dimension()
        if dim is None:
            raise ModelError(f"{model.folder} gives no sentence vectors; choose another embedder.")
        self._dim = int(dim)

    @property
    def name(self) -> str:
        """The model's name as it was asked for."""
        return self._local.name

    @property
    def sha256(self) -> str:
        """SHA-256 of the weights."""
        return self._local.sha256

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return self._dim

    @property
    def max_tokens(self) -> int:
        """The model's sequence length."""
        return int(self._model.max_seq_length or 512)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Number of tokens of each text, special tokens included."""
        return [len(encoding.ids) for encoding in self._tokenizer.encode_batch(list(texts))]

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Embed questions: float32 [len(texts), dim]."""
        return self._encoded(self._model.encode_query, texts)

    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        """Embed passages: float32 [len(texts), dim]."""
        return self._encoded(self._model.encode_document, texts)

    def _encoded(self, encode: object, texts: Sequence[str]) -> Vectors:
        if not texts:
            return np.zeros((0, self._dim), dtype=np.float32)
        assert callable(encode)
        vectors = encode(
            list(texts), batch_size=32, normalize_embeddings=True, show_progress_bar=False
        )
        return np.ascontiguousarray(vectors, dtype=np.float32)
