"""A chat model as a second opinion. It warns; no figure and no gate rests on it."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import HumanMessage, SystemMessage

from rag.evaluation.questions import Item

_TASK = SystemMessage(
    "You check answers of a shop. You get a question, passages quoted from the shop's documents, "
    "and an answer. Say whether the passages support everything the answer says and the answer "
    "is one to the question. Reply with one word: yes or no."
)
_WORD = re.compile(r"\b(yes|no)\b", re.IGNORECASE)


class Judge:
    """Asks a chat model about every answer."""

    def __init__(self, model: BaseChatModel) -> None:
        self._model = model

    def differ(
        self,
        items: Sequence[Item],
        bodies: Mapping[str, Mapping[str, Any]],
        scores: Mapping[str, Mapping[str, float | None]],
    ) -> list[str]:
        """Warnings: where the model finds unsupported what the rules let pass, and its failures."""
        doubted, unclear, asked = [], 0, 0
        for item in items:
            body = bodies[item.id]
            if body["status"] != "answered":
                continue
            asked += 1
            verdict = self._supported(item.text, body)
            unclear += verdict is None
            if verdict is False and scores[item.id].get("entailment_recall") == 1:
                doubted.append(item.id)
        warnings = []
        if doubted:
            warnings.append(
                f"The judge finds {len(doubted)} of {asked} answers unsupported that the rules let "
                f"pass: {', '.join(doubted[:20])}{', …' if len(doubted) > 20 else ''}."
            )
        if unclear:
            warnings.append(f"The judge gave no clear word on {unclear} of {asked} answers.")
        return warnings

    def _supported(self, question: str, body: Mapping[str, Any]) -> bool | None:
        """None where it fails or says neither yes nor no."""
        quotes = "\n".join(f"- {c['title']}: {c['quote']}" for c in body["citations"])
        text = f"Question: {question}\n\nPassages:\n{quotes}\n\nAnswer: {body['answer']}"
        try:
            reply = self._model.invoke([_TASK, HumanMessage(text)])
        except Exception:  # each chat model raises its own; a judge only warns
            return None
        word = _WORD.search(str(reply.text))
        return None if word is None else word[1].casefold() == "yes"
