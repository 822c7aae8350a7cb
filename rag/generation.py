"""Messages → a draft. The seam is LangChain's `BaseChatModel`, so that any chat model plugs in."""

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from pydantic import PrivateAttr

from rag.errors import ConfigError, GeneratorError, ModelError
from rag.models import LocalModel, Say, resolve, without_progress_bars


class ExtractiveChat(BaseChatModel):
    """Needs no language model: quotes the first fact it is given, word for word."""

    @property
    def _llm_type(self) -> str:
        return "extractive"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,  # noqa: ANN401  (LangChain's signature)
    ) -> ChatResult:
        facts = messages[-1].additional_kwargs.get("facts", [])
        message = AIMessage(str(facts[0]) if facts else "")
        return ChatResult(generations=[ChatGeneration(message=message)])


class TransformersChat(BaseChatModel):
    """A causal language model of `transformers`, run in this process through its chat template.

    Decoding is greedy: the same messages give the same draft. Calls take turns.
    """

    max_tokens: int = 48

    _model: Any = PrivateAttr()
    _tokenizer: Any = PrivateAttr()
    _turn: threading.Lock = PrivateAttr(default_factory=threading.Lock)

    @classmethod
    def open(cls, model: LocalModel, max_tokens: int) -> "TransformersChat":
        """Load the model of a local folder onto the GPU when there is one.

        Raises:
            ModelError: the folder holds no causal language model with a chat template.
        """
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer

        without_progress_bars()
        chat = cls(max_tokens=max_tokens)
        safe = {"local_files_only": True, "trust_remote_code": False}
        try:
            chat._tokenizer = AutoTokenizer.from_pretrained(model.folder, **safe)
            chat._model = AutoModelForCausalLM.from_pretrained(
                model.folder, use_safetensors=True, **safe
            )
        except Exception as error:  # the loaders below raise whatever they meet
            raise ModelError(
                f"{model.folder} does not load as a causal language model: {error}"
            ) from error
        if not chat._tokenizer.chat_template:
            raise ModelError(f"{model.folder} has no chat template; choose an instruct model.")
        chat._model.eval().to("cuda" if torch.cuda.is_available() else "cpu")
        return chat

    @property
    def _llm_type(self) -> str:
        return "transformers"

    def count_tokens(self, text: str) -> int:
        """Number of the model's tokens in a text."""
        return len(self._tokenizer(text)["input_ids"])

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,  # noqa: ANN401  (LangChain's signature)
    ) -> ChatResult:
        text = "".join(str(chunk.message.content) for chunk in self._stream(messages, stop))
        return ChatResult(generations=[ChatGeneration(message=AIMessage(text))])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,  # noqa: ANN401  (LangChain's signature)
    ) -> Iterator[ChatGenerationChunk]:
        import torch

        with self._turn:
            inputs = self._tokenizer.apply_chat_template(
                [{"role": _role(message), "content": str(message.content)} for message in messages],
                add_generation_prompt=True,
                return_tensors="pt",
                return_dict=True,
            ).to(self._model.device)
            end = self._end_tokens()
            produced: list[int] = []
            shown = ""
            past = None
            ids = inputs["input_ids"]
            for _ in range(self.max_tokens):
                with torch.inference_mode():  # belongs to a thread: never held over a yield
                    out = self._model(
                        input_ids=ids, past_key_values=past, use_cache=True, logits_to_keep=1
                    )
                past, token = out.past_key_values, int(out.logits[0, -1].argmax())
                if token in end:
                    break
                produced.append(token)
                ids = inputs["input_ids"].new_tensor([[token]])
                text = self._tokenizer.decode(produced, skip_special_tokens=True)
                if stop and any(mark in text for mark in stop):
                    break
                if not text.endswith("\ufffd"):  # else in the middle of a character
                    yield ChatGenerationChunk(message=AIMessageChunk(content=text[len(shown) :]))
                    shown = text

    def _end_tokens(self) -> set[int]:
        configured = self._model.generation_config.eos_token_id
        ends = configured if isinstance(configured, Sequence) else [configured]
        return {int(end) for end in (*ends, self._tokenizer.eos_token_id) if end is not None}


def _role(message: BaseMessage) -> str:
    return {"human": "user", "ai": "assistant"}.get(message.type, message.type)


def open_generator(name: str, max_tokens: int, say: Say | None = None) -> BaseChatModel:
    """Load the generator of this name; see `Settings.generator` for the names.

    Raises:
        ModelError: it cannot be found or loaded.
        ConfigError: the name is malformed.
    """
    if name == "extractive":
        return ExtractiveChat()
    if name.startswith("openai:"):
        return _openai(name, max_tokens)
    return TransformersChat.open(resolve(name, say), max_tokens)


def _openai(name: str, max_tokens: int) -> BaseChatModel:
    model, _, url = name.removeprefix("openai:").partition("@")
    if not model:
        raise ConfigError(f"{name!r} names no model; write openai:<model>@<base url>.")
    try:
        from langchain_openai import ChatOpenAI
    except ImportError as error:
        raise ConfigError(f"{name!r} needs the extra: pip install 'shelftalk[openai]'.") from error
    try:
        chat: BaseChatModel = ChatOpenAI(
            model=model, base_url=url or None, max_completion_tokens=max_tokens, temperature=0
        )
    except Exception as error:  # the client's own, for a missing key or a malformed address
        raise ConfigError(f"{name!r} cannot be used: {error}") from error
    return chat


def streamed(generator: BaseChatModel, messages: Sequence[BaseMessage]) -> Iterator[str]:
    """The pieces of a draft as they come.

    Raises:
        GeneratorError: the model failed, whatever it raised.
    """
    try:
        for chunk in generator.stream(list(messages)):
            yield str(chunk.text)
    except GeneratorError:
        raise
    except Exception as error:  # each chat model raises its own
        raise GeneratorError(f"The language model failed: {error}") from error


def token_counter(generator: BaseChatModel) -> Callable[[str], int]:
    """How this generator counts tokens; about four characters each where it cannot say."""
    if isinstance(generator, TransformersChat):
        return generator.count_tokens
    return lambda text: len(text) // 4 + 1
