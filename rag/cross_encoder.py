"""A model that reads two texts together, from a folder or under its Hugging Face id."""

from typing import TYPE_CHECKING

from rag.errors import ModelError
from rag.models import Say, resolve, without_progress_bars

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder


def open_cross_encoder(name: str, say: Say | None = None) -> "CrossEncoder":
    """Load it; it gives logits, float32 [pairs] of one label or [pairs, labels] of several.

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
