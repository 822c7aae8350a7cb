"""Token ids → the next token, one step at a time. For causal models and for encoder–decoders.

Own loop rather than `model.generate`: whoever stops listening stops the model at the next token,
and what is the same in front of every prompt is computed once.
"""

import copy
import inspect
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

PREFIXES = 2
"""Beginnings of prompts whose keys and values are kept, about 50 KB a token for the default."""
_SHORTEST = 16
"""Tokens of a beginning that is worth keeping."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the next token is chosen. Temperature 0 takes the likeliest, always the same."""

    max_tokens: int
    temperature: float = 0.0
    seed: int = 0


class Decoder:
    """Runs a language model of `transformers`; one call at a time."""

    def __init__(self, model: Any, end_tokens: Sequence[int]) -> None:  # noqa: ANN401
        self._model = model
        self._ends = frozenset(end_tokens)
        self._seq2seq = bool(model.config.is_encoder_decoder)
        parameters = inspect.signature(model.forward).parameters
        self._only_last = {"logits_to_keep": 1} if "logits_to_keep" in parameters else {}
        self._prefixes: OrderedDict[tuple[int, ...], Any] = OrderedDict()
        self.turn = threading.Lock()
        """Held by the call whose tokens are being made."""

    def tokens(self, ids: Sequence[int], fixed: int, sampling: Sampling) -> Iterator[int]:
        """The tokens that follow, without the one that ends them.

        Args:
            ids: the prompt.
            fixed: how many of its first tokens other prompts are likely to begin with.
            sampling: how they are chosen, and how many there are at most.
        """
        import torch

        random = torch.Generator(self._model.device).manual_seed(sampling.seed)
        feed, state = self._begin(ids, fixed)
        for _ in range(sampling.max_tokens):
            with torch.inference_mode():  # belongs to a thread: never held over a yield
                out = self._model(**feed, **state, use_cache=True, **self._only_last)
                scores = out.logits[0, -1].float()
                if sampling.temperature > 0:
                    likely = torch.softmax(scores / sampling.temperature, dim=-1)
                    token = int(torch.multinomial(likely, 1, generator=random))
                else:
                    token = int(scores.argmax())
            if token in self._ends:
                return
            yield token
            state["past_key_values"] = out.past_key_values
            feed = {self._input: self._tensor([token])}

    @property
    def _input(self) -> str:
        return "decoder_input_ids" if self._seq2seq else "input_ids"

    def _tensor(self, ids: Sequence[int]) -> Any:  # noqa: ANN401
        import torch

        return torch.tensor([list(ids)], device=self._model.device)

    def _begin(self, ids: Sequence[int], fixed: int) -> tuple[dict[str, Any], dict[str, Any]]:
        """What the first step is fed, and what every step is given beside that."""
        import torch

        if self._seq2seq:
            with torch.inference_mode():
                encoded = self._model.get_encoder()(input_ids=self._tensor(ids))
            config = self._model.generation_config
            start = config.decoder_start_token_id
            start = config.bos_token_id if start is None else start
            return {self._input: self._tensor([start])}, {"encoder_outputs": encoded}
        fixed = min(fixed, len(ids) - 1)
        if fixed < _SHORTEST:
            return {self._input: self._tensor(ids)}, {}
        past = self._prefix(tuple(ids[:fixed]))
        return {self._input: self._tensor(ids[fixed:])}, {"past_key_values": past}

    def _prefix(self, ids: tuple[int, ...]) -> Any:  # noqa: ANN401
        """A copy of the keys and values of these tokens, computed now or kept from before."""
        import torch

        if ids not in self._prefixes:
            with torch.inference_mode():
                out = self._model(input_ids=self._tensor(ids), use_cache=True, **self._only_last)
            self._prefixes[ids] = out.past_key_values
            if len(self._prefixes) > PREFIXES:
                self._prefixes.popitem(last=False)
        self._prefixes.move_to_end(ids)
        return copy.deepcopy(self._prefixes[ids])
