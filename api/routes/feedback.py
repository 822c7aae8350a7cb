"""What shoppers think of answers, and what the documents did not answer."""

import csv
import io
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Self

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field, model_validator
from starlette.responses import JSONResponse, Response

from api.callers import ByAdmin, ByWidget
from api.documented import BODY, CREDENTIAL, problems
from api.limits import MAX_BODY
from api.service import Shared
from api.store import Feedback
from rag.question import MAX_QUESTION

router = APIRouter(max_body_size=MAX_BODY)

_STORE = "The database cannot be used"
_EXAMPLE: dict[str, Any] = {
    "question": "How heavy is it?",
    "answer": "It weighs 1.15 kg.",
    "product_id": "BR-KT17",
    "generation": "20261122T202241500991-fd041aa4",
    "helpful": False,
    "reason": "outdated",
    "text": "The new one is lighter.",
}
_KEPT: dict[str, Any] = {"at": "2026-11-22T20:31:07+00:00", **_EXAMPLE, "answer_id": None}
_UNANSWERED: dict[str, Any] = {
    "question": "Does it fit a 12 V socket?",
    "product_id": "BR-KT17",
    "at": "2026-11-22T20:31:07+00:00",
    "times": 3,
}

Limit = Annotated[int, Query(ge=1, le=1000, description="How many at most.")]


class Reason(StrEnum):
    """What was wrong, or good."""

    WRONG = "wrong"
    WRONG_PRODUCT = "wrong_product"
    OUTDATED = "outdated"
    INCOMPLETE = "incomplete"
    UNCLEAR = "unclear"
    NOT_ANSWERED = "not_answered"
    OTHER = "other"


class FeedbackRequest(BaseModel):
    """A thumb, and what it is about: the question, or the id of the answer."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, json_schema_extra={"examples": [_EXAMPLE]}
    )

    helpful: bool = Field(strict=True, description="Thumb up or down.")
    question: str | None = Field(None, min_length=1, max_length=MAX_QUESTION)
    answer_id: str | None = Field(
        None,
        min_length=1,
        max_length=64,
        description="The `X-Request-ID` the answer came with.",
    )
    answer: str | None = Field(None, max_length=8000, description="What was answered.")
    product_id: str | None = Field(None, min_length=1, max_length=256)
    generation: str | None = Field(None, min_length=1, max_length=64)
    reason: Reason | None = Field(None, description="What was wrong.")
    text: str | None = Field(None, max_length=2000, description="In the shopper's own words.")

    @model_validator(mode="after")
    def _about_something(self) -> Self:
        if self.question is None and self.answer_id is None:
            raise ValueError("give the question, or the answer_id")
        return self


class KeptFeedback(BaseModel):
    """Feedback as it is kept."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_KEPT]})

    at: datetime
    helpful: bool
    reason: str | None
    text: str | None
    question: str | None
    answer: str | None
    answer_id: str | None
    product_id: str | None
    generation: str | None


class FeedbackList(BaseModel):
    """The latest feedback, newest first."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"feedback": [_KEPT]}]}
    )

    feedback: list[KeptFeedback]


class UnansweredQuestion(BaseModel):
    """A question the documents did not answer, when it was asked last, and how often."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_UNANSWERED]})

    question: str
    product_id: str | None
    at: datetime
    times: int


class UnansweredList(BaseModel):
    """The latest of them, newest first."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"questions": [_UNANSWERED]}]}
    )

    questions: list[UnansweredQuestion]


@router.post(
    "/v1/feedback",
    status_code=204,
    responses=problems(**CREDENTIAL, **BODY, s503=_STORE),
)
async def give_feedback(body: FeedbackRequest, caller: ByWidget, service: Shared) -> Response:
    """Keep what a shopper thinks of an answer."""
    feedback = Feedback(**body.model_dump())
    await service.store_gate.run(lambda: service.store.add_feedback(caller.shop.id, feedback))
    return Response(status_code=204)


@router.get(
    "/v1/feedback",
    response_model=FeedbackList,
    responses={
        200: {
            "description": "As CSV where Accept names text/csv.",
            "content": {"text/csv": {"schema": {"type": "string"}, "example": "at,helpful,…\r\n"}},
        },
        **problems(**CREDENTIAL, s422="The request is not valid", s503=_STORE),
    },
)
async def read_feedback(
    caller: ByAdmin, service: Shared, request: Request, limit: Limit = 100
) -> Response:
    """The shop's latest feedback."""
    found = await service.store_gate.run(lambda: service.store.feedback(caller.shop.id, limit))
    if "text/csv" in request.headers.get("accept", ""):
        return Response(_as_csv(found), media_type="text/csv")
    return JSONResponse({"feedback": found})


@router.get(
    "/v1/unanswered",
    response_model=UnansweredList,
    responses=problems(**CREDENTIAL, s422="The request is not valid", s503=_STORE),
)
async def read_unanswered(caller: ByAdmin, service: Shared, limit: Limit = 100) -> Response:
    """The shop's latest questions that its documents did not answer."""
    found = await service.store_gate.run(lambda: service.store.unanswered(caller.shop.id, limit))
    return JSONResponse({"questions": found})


def _as_csv(rows: list[dict[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(KeptFeedback.model_fields))
    writer.writeheader()
    writer.writerows({name: _harmless(value) for name, value in row.items()} for row in rows)
    return text.getvalue()


def _harmless(value: object) -> object:
    """A cell no spreadsheet takes for a formula."""
    formula = isinstance(value, str) and value.lstrip(" ").startswith(
        ("=", "+", "-", "@", "\t", "\r", "\n")
    )
    return f"'{value}" if formula else value
