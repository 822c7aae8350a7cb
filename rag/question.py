"""What may be asked."""

from rag.errors import QuestionError
from rag.filters import LONE
from rag.types import Question

MAX_QUESTION = 2000
"""Longest question in characters. A longer one is refused, never cut."""


def checked(question: Question) -> Question:
    """The question.

    Raises:
        QuestionError: it is empty or too long, or no text.
    """
    length = len(question.text)
    if not question.text.strip():
        raise QuestionError("The question is empty. Ask something, for example: How heavy is it?")
    scope = question.scope
    named = (scope.product_id, scope.variant_id, scope.locale, scope.shop)
    if any(LONE.search(text) for text in (question.text, *question.history, *named) if text):
        raise QuestionError(
            "The question, or what it is about, is not valid Unicode text. Send it as UTF-8."
        )
    if length > MAX_QUESTION:
        raise QuestionError(
            f"The question has {length:,} characters; at most {MAX_QUESTION:,} are allowed. "
            "Shorten it."
        )
    return question
