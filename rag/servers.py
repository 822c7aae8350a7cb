"""Chat models that answer elsewhere: OpenAI-compatible servers, and LangChain's integrations."""

import os
from typing import Any

from langchain_core.language_models import BaseChatModel

from rag.config import Answering
from rag.errors import ConfigError

OPENAI, LANGCHAIN = "openai:", "langchain:"


def is_elsewhere(name: str) -> bool:
    """Whether a generator of this name needs no model on this machine."""
    return name.startswith((OPENAI, LANGCHAIN))


def open_openai(name: str, answering: Answering) -> BaseChatModel:
    """A client of `openai:<model>@<base url>`; without an address, of OpenAI itself.

    The key is taken from OPENAI_API_KEY; servers of one's own rarely ask for one.

    Raises:
        ConfigError: the name is malformed, or the package is missing.
    """
    model, _, url = name.removeprefix(OPENAI).partition("@")
    if not model:
        raise ConfigError(f"{name!r} names no model; write openai:<model>@<base url>.")
    try:
        from rag.openai_chat import OpenAIChat
    except ImportError as error:
        raise ConfigError(f"{name!r} needs the extra: pip install 'shelftalk[openai]'.") from error

    options: dict[str, Any] = {
        "model": model,
        "max_completion_tokens": answering.answer_tokens,
        "temperature": answering.temperature,
        "seed": answering.seed,
        "max_retries": answering.retries,  # with growing pauses, and as the server asks for
        # Whether to count tokens is left to other servers: some refuse to be asked for it.
        "stream_usage": not url,
    }
    if url:
        options["base_url"] = url
        options["api_key"] = os.environ.get("OPENAI_API_KEY") or "none"
        # What OpenAI calls max_completion_tokens now, most servers know by its older name.
        options["extra_body"] = {"max_tokens": answering.answer_tokens}
    try:
        return OpenAIChat.within(answering.seconds, **options)
    except Exception as error:  # the client's own, for a missing key or a malformed address
        raise ConfigError(f"{name!r} cannot be used: {error}") from error


def open_langchain(name: str, answering: Answering) -> BaseChatModel:
    """The chat model LangChain knows by `<provider>:<model>`, such as `anthropic:…`.

    Raises:
        ConfigError: the name is malformed, or a package is missing.
    """
    provider, _, model = name.removeprefix(LANGCHAIN).partition(":")
    if not provider or not model:
        raise ConfigError(f"{name!r} is incomplete; write langchain:<provider>:<model>.")
    try:
        from langchain.chat_models import init_chat_model
    except ImportError as error:
        raise ConfigError(
            f"{name!r} needs the extra, and the provider's package: "
            f"pip install 'shelftalk[langchain]' langchain-{provider.replace('_', '-')}."
        ) from error
    try:
        chat: BaseChatModel = init_chat_model(
            model,
            model_provider=provider,
            max_tokens=answering.answer_tokens,
            temperature=answering.temperature,
            max_retries=answering.retries,
            timeout=answering.seconds,
        )
    except Exception as error:  # unknown provider, missing package or key: its own words tell
        raise ConfigError(f"{name!r} cannot be used: {error}") from error
    return chat
