"""Language models of `transformers`, run in this process, as LangChain chat models."""

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Self

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, message_chunk_to_message
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from pydantic import Field, PrivateAttr

from rag.decoding import Decoder, Sampling
from rag.errors import GeneratorError, ModelError
from rag.models import LocalModel, without_progress_bars
from rag.stopping import LOOK, stop_if_left

_UNFINISHED = "\ufffd"
"""What a tokenizer shows where a character's last bytes are still to come."""


class TransformersChat(BaseChatModel):
    """A causal language model through its chat template, or an encoder–decoder such as flan-t5.

    Calls take turns. `temperature`, `seed`, `max_tokens` and `timeout` may also be given per call.
    """

    model_name: str = "transformers"
    max_tokens: int = Field(default=256, ge=1)
    temperature: float = Field(default=0.0, ge=0)
    seed: int = 0
    timeout: float | None = None
    """Seconds a call may take, its wait for a turn included; None sets no limit."""

    _tokenizer: Any = PrivateAttr()
    _decoder: Decoder = PrivateAttr()

    @classmethod
    def open(cls, model: LocalModel, **options: Any) -> Self:  # noqa: ANN401  (the fields above)
        """Load the model of a local folder onto the GPU when there is one.

        Raises:
            ModelError: the folder holds no language model that can be talked to.
        """
        import torch
        from transformers import (
            AutoConfig,
            AutoModelForCausalLM,
            AutoModelForSeq2SeqLM,
            AutoTokenizer,
        )

        without_progress_bars()
        safe = {"local_files_only": True, "trust_remote_code": False}
        gpu = torch.cuda.is_available()
        # On a processor without bfloat16 units it takes many times as long as float32.
        dtype = torch.float32 if not gpu else torch.bfloat16
        try:
            config = AutoConfig.from_pretrained(model.folder, **safe)
            kind = AutoModelForSeq2SeqLM if config.is_encoder_decoder else AutoModelForCausalLM
            tokenizer = AutoTokenizer.from_pretrained(model.folder, **safe)
            loaded = kind.from_pretrained(model.folder, use_safetensors=True, dtype=dtype, **safe)
        except Exception as error:  # the loaders above raise whatever they meet
            raise ModelError(
                f"{model.folder} does not load as a language model: {error}"
            ) from error
        if not tokenizer.chat_template and not config.is_encoder_decoder:
            raise ModelError(f"{model.folder} has no chat template; choose an instruct model.")
        loaded.eval().to("cuda" if gpu else "cpu")
        return cls.over(loaded, tokenizer, model_name=model.name, **options)

    @classmethod
    def over(cls, model: Any, tokenizer: Any, **options: Any) -> Self:  # noqa: ANN401
        """Talk to a model that is loaded already."""
        configured = model.generation_config.eos_token_id
        ends = configured if isinstance(configured, Sequence) else [configured]
        ends = [int(end) for end in (*ends, tokenizer.eos_token_id) if end is not None]
        chat = cls(**options)
        chat._tokenizer = tokenizer
        chat._decoder = Decoder(model, ends)
        return chat

    @property
    def _llm_type(self) -> str:
        return "transformers"

    @property
    def _identifying_params(self) -> Mapping[str, Any]:
        return self.model_dump(
            include={"model_name", "max_tokens", "temperature", "seed", "timeout"}
        )

    def count_tokens(self, messages: Sequence[BaseMessage]) -> int:
        """Number of tokens the model reads when it is given these messages."""
        return len(self._ids(messages))

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,  # noqa: ANN401  (LangChain's signature)
    ) -> ChatResult:
        chunks = [chunk.message for chunk in self._stream(messages, stop, run_manager, **kwargs)]
        message = message_chunk_to_message(sum(chunks[1:], start=chunks[0]))
        assert isinstance(message, AIMessage)
        return ChatResult(generations=[ChatGeneration(message=message)])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,  # noqa: ANN401  (LangChain's signature)
    ) -> Iterator[ChatGenerationChunk]:
        settled = {**self._identifying_params, **kwargs}
        sampling = Sampling(settled["max_tokens"], settled["temperature"], settled["seed"])
        deadline = _Deadline(settled["timeout"])
        ids = self._ids(messages)
        while not self._decoder.turn.acquire(timeout=min(deadline.left, LOOK)):
            stop_if_left()
            if deadline.is_past:
                raise deadline.missed("waiting for its turn")
        try:
            tokens = self._decoder.tokens(ids, self._fixed(ids, messages), sampling)
            produced: list[int] = []
            text, shown, reason = "", 0, "length"
            for token in tokens:
                produced.append(token)
                text = self._tokenizer.decode(produced, skip_special_tokens=True)
                sure, ended = until(text, stop or ())
                if len(sure) > shown:
                    yield _chunk(sure[shown:])
                    shown = len(sure)
                if ended:
                    text, reason = sure, "stop"
                    break
                if deadline.is_past:
                    raise deadline.missed(f"it had written {len(produced)} tokens")
            if len(produced) < sampling.max_tokens:
                reason = "stop"
            yield _chunk(text[shown:], self._about(len(ids), len(produced), reason))
        finally:
            self._decoder.turn.release()

    def _ids(self, messages: Sequence[BaseMessage], prompt: bool = True) -> list[int]:
        """The tokens the model reads; without `prompt`, no answer is begun behind them."""
        said = [{"role": _role(message), "content": self._plain(message)} for message in messages]
        if not self._tokenizer.chat_template:
            return list(self._tokenizer("\n\n".join(each["content"] for each in said))["input_ids"])
        given = self._tokenizer.apply_chat_template(said, add_generation_prompt=prompt)
        return list(given["input_ids"])

    def _fixed(self, ids: Sequence[int], messages: Sequence[BaseMessage]) -> int:
        """How many of the first tokens come from all messages but the last."""
        try:
            before = self._ids(messages[:-1], prompt=False)
        except Exception:  # a template may insist on what comes last, and raises what it likes
            return 0
        return len(before) if list(ids[: len(before)]) == before else 0

    def _plain(self, message: BaseMessage) -> str:
        """The text of a message, in which no special token of the model is one."""
        text = str(message.text)
        for mark in self._tokenizer.all_special_tokens:
            text = text.replace(mark, " ".join(mark))
        return text

    def _about(self, read: int, written: int, reason: str) -> dict[str, Any]:
        usage = UsageMetadata(input_tokens=read, output_tokens=written, total_tokens=read + written)
        about = {"finish_reason": reason, "model_name": self.model_name}
        return {"usage_metadata": usage, "response_metadata": about}


class _Deadline:
    """When a call must be done."""

    def __init__(self, seconds: float | None) -> None:
        self._seconds = seconds
        self._at = math.inf if seconds is None else time.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds; endless without a limit."""
        return max(0.0, self._at - time.monotonic())

    @property
    def is_past(self) -> bool:
        return not self.left

    def missed(self, where: str) -> GeneratorError:
        return GeneratorError(
            f"The language model was not done after {self._seconds:g} s ({where})."
        )


def until(text: str, stop: Sequence[str]) -> tuple[str, bool]:
    """The text before the first stop mark, and whether there is one.

    What may still become a mark, or is half a character, is held back.
    """
    found = [at for mark in stop if (at := text.find(mark)) >= 0]
    if found:
        return text[: min(found)], True
    held = (
        length
        for mark in stop
        for length in range(len(mark) - 1, 0, -1)
        if text.endswith(mark[:length])
    )
    text = text[: len(text) - max(held, default=0)]
    return text.rstrip(_UNFINISHED), False


def _role(message: BaseMessage) -> str:
    return {"human": "user", "ai": "assistant"}.get(message.type, message.type)


def _chunk(text: str, about: Mapping[str, Any] | None = None) -> ChatGenerationChunk:
    return ChatGenerationChunk(message=AIMessageChunk(content=text, **(about or {})))
