"""A cross-encoder reads the question and a passage together. Slow, so only the best are read."""

from collections.abc import Callable, Sequence

import numpy as np

from rag.errors import ModelError
from rag.models import Say, resolve, without_progress_bars
from rag.vectors import Scores

Rerank = Callable[[str, Sequence[str]], Scores]
"""(question, texts) → how well each answers it, float32 [n] from 0 to 1."""


def open_reranker(name: str, say: Say | None = None) -> Rerank:
    """Load the cross-encoder of this name: a folder, or a Hugging Face id.

    Raises:
        ModelError: it cannot be found, or is none that gives one score.
    """
    from sentence_transformers import CrossEncoder
    from torch.nn import Sigmoid

    model = resolve(name, say)
    without_progress_bars()
    try:
        encoder = CrossEncoder(
            str(model.folder),
            local_files_only=True,
            trust_remote_code=False,
            model_kwargs={"use_safetensors": True},
            activation_fn=Sigmoid(),
        )
    except Exception as error:  # the loaders below raise whatever they meet
        raise ModelError(f"{model.folder} does not load as a cross-encoder: {error}") from error
    if encoder.num_labels != 1:
        raise ModelError(
            f"{model.folder} gives {encoder.num_labels} scores for a passage; a reranker gives one."
        )

    def rerank(question: str, texts: Sequence[str]) -> Scores:
        pairs = [(question, text) for text in texts]
        scores = encoder.predict(pairs, show_progress_bar=False) if pairs else []
        return np.asarray(scores, dtype=np.float32)

    return rerank
