"""A chat model that needs no language model: it quotes."""

from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult


class ExtractiveChat(BaseChatModel):
    """Quotes the first fact it is given, word for word."""

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
