"""What clients send. Unknown members are refused: a misspelt filter must not widen the scope."""

from datetime import date
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from rag.filters import parse
from rag.question import MAX_QUESTION
from rag.types import Kind, Question, Scope

_Text = Annotated[str, Field(min_length=1, max_length=MAX_QUESTION)]
_Id = Annotated[str, Field(min_length=1, max_length=256)]

_EXAMPLE: dict[str, Any] = {"question": "How heavy is it?", "product_id": "BR-KT17"}


class ScopeRequest(BaseModel):
    """Where it is asked: which documents may answer."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, json_schema_extra={"examples": [{"product_id": "BR-KT17"}]}
    )

    product_id: _Id | None = Field(
        None, description="Answer from this product's and the shop's documents only."
    )
    variant_id: _Id | None = Field(None, description="Leave other variants' documents out.")
    kinds: list[Kind] = Field([], description="Only documents of these kinds; empty means all.")
    locale: _Id | None = Field(
        None, description="Only documents in this language, and those without one."
    )
    as_of: date | None = Field(
        None, description="Documents in force on this day; null means today."
    )
    shop: _Id | None = Field(
        None, description="Where one index serves several shops: only this one's documents."
    )
    filters: dict[str, Any] | None = Field(
        None,
        description="What must hold of the documents: `{type: eq|ne|in|gt|gte|lt|lte, key, value}` "
        "or `{type: and|or, filters}`.",
        examples=[{"type": "gte", "key": "rating", "value": 4}],
    )

    def scope(self) -> Scope:
        """The scope as the engine takes it."""
        return Scope(
            product_id=self.product_id,
            variant_id=self.variant_id,
            kinds=frozenset(self.kinds),
            locale=self.locale,
            as_of=self.as_of,
            shop=self.shop,
            where=None if self.filters is None else parse(self.filters),
        )


class AskRequest(ScopeRequest):
    """A question and where it is asked."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    question: _Text = Field(description="What a shopper asks. Too long is refused, never cut.")
    history: list[_Text] = Field(
        [], description="Earlier questions of the same conversation, oldest first."
    )

    def asked(self) -> Question:
        """The question as the engine takes it."""
        return Question(self.question, self.scope(), tuple(self.history))


class SearchRequest(AskRequest):
    """What to look for, where, and how many passages of it."""

    model_config = ConfigDict(json_schema_extra={"examples": [{**_EXAMPLE, "k": 3}]})

    k: int = Field(5, ge=1, le=100, strict=True, description="How many passages.")
    explain: bool = Field(
        False,
        strict=True,
        description="Also say what was looked for, in what scope, and which words match.",
    )
