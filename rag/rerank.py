"""A cross-encoder reads the question and a passage together. Slow, so only the best are read."""

from collections.abc import Callable, Sequence

import numpy as np

from rag.cross_encoder import logits, open_cross_encoder
from rag.errors import ModelError
from rag.models import Say
from rag.vectors import Scores

Rerank = Callable[[str, Sequence[str]], Scores]
"""(question, texts) → how well each answers it, float32 [n] from 0 to 1. Raises ModelError."""


def open_reranker(name: str, say: Say | None = None) -> Rerank:
    """Load the cross-encoder of this name: a folder, or a Hugging Face id.

    Raises:
        ModelError: it cannot be found, or is none that gives one score.
    """
    encoder = open_cross_encoder(name, say)
    if encoder.num_labels != 1:
        raise ModelError(
            f"{name} gives {encoder.num_labels} scores for a passage; a reranker gives one."
        )

    def rerank(question: str, texts: Sequence[str]) -> Scores:
        pairs = [(question, text) for text in texts]
        given = logits(encoder, pairs) if pairs else np.empty(0, np.float32)
        return np.asarray(1 / (1 + np.exp(-given)), dtype=np.float32)

    return rerank
