"""A cross-encoder for natural language inference reads a quote and a drafted sentence together.

None by default. It only takes away: of what `rag.verification` rejects it is not asked. The
three-way decision is that of SNLI (Bowman et al. 2015, arXiv:1508.05326).
"""

from collections.abc import Callable

import numpy as np

from rag.cross_encoder import logits, open_cross_encoder
from rag.errors import ModelError
from rag.models import Say

Entails = Callable[[str, str], bool]
"""(premise, hypothesis) → whether the first says that the second is so. Raises ModelError."""

ENTAILMENT = "entailment"


def open_entailment(name: str, say: Say | None = None) -> Entails:
    """Load the model of this name: a folder, or a Hugging Face id.

    Raises:
        ModelError: it cannot be found, or none of its labels is "entailment".
    """
    encoder = open_cross_encoder(name, say)
    named = getattr(encoder.config, "id2label", None) or {}
    labels = [str(named[at]).casefold() for at in sorted(named)]
    if len(labels) < 2 or ENTAILMENT not in labels:
        raise ModelError(
            f"{name} tells {', '.join(labels)} apart; a model of inference has the label "
            f"{ENTAILMENT!r} among several."
        )
    wanted = labels.index(ENTAILMENT)

    def entails(premise: str, hypothesis: str) -> bool:
        return int(np.argmax(logits(encoder, [(premise, hypothesis)]))) == wanted

    return entails
