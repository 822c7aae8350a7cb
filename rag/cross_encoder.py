"""A model that reads two texts together, from a folder or under its Hugging Face id."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rag.errors import ModelError
from rag.models import Say, resolve, without_progress_bars

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder


def open_cross_encoder(name: str, say: Say | None = None) -> "CrossEncoder":
    """Load it.

    Raises:
        ModelError: it cannot be found, or is none.
    """
    from sentence_transformers import CrossEncoder
    from torch.nn import Identity

    model = resolve(name, say)
    without_progress_bars()
    try:
        encoder: CrossEncoder = CrossEncoder(
            str(model.folder),
            local_files_only=True,
            trust_remote_code=False,
            model_kwargs={"use_safetensors": True},
            activation_fn=Identity(),
        )
    except Exception as error:  # the loaders below raise whatever they meet
        raise ModelError(f"{model.folder} does not load as a cross-encoder: {error}") from error
    return encoder


def logits(encoder: "CrossEncoder", pairs: Sequence[tuple[str, str]]) -> NDArray[np.float32]:
    """What it makes of pairs of texts: [pairs] of one label, [pairs, labels] of several.

    Raises:
        ModelError: it failed, for example for want of memory.
    """
    try:
        return np.asarray(encoder.predict(list(pairs), show_progress_bar=False), np.float32)
    except Exception as error:  # torch and the tokenizer raise what they like
        raise ModelError(f"The cross-encoder failed on {len(pairs)} texts: {error}") from error
