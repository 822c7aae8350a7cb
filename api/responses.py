"""What clients receive, as `rag.body` makes it. These models document the bodies, nothing more."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from rag.types import Kind, Status, Verdict

_CITATION: dict[str, Any] = {
    "number": 1,
    "document_id": "specs/kettles-coffee.csv#BR-KT17-SLATE",
    "title": "Brisa Rill Kettle 1.7 L – Slate",
    "source": "specs/kettles-coffee.csv",
    "url": None,
    "kind": "spec",
    "page": None,
    "heading": [],
    "quote": "Weight: 1.15 kg",
    "start": 131,
    "end": 146,
}
_PASSAGE: dict[str, Any] = {
    "rank": 1,
    "score": 0.97,
    "scores": {"dense": 0.61, "lexical": 7.4},
    "id": "5f0c1d2e9a7b4c38",
    "document_id": "specs/kettles-coffee.csv#BR-KT17-SLATE",
    "title": "Brisa Rill Kettle 1.7 L – Slate",
    "source": "specs/kettles-coffee.csv",
    "url": None,
    "kind": "spec",
    "product_ids": ["BR-KT17"],
    "page": None,
    "heading": [],
    "text": "Weight: 1.15 kg",
    "start": 131,
    "end": 146,
}
_STATEMENT: dict[str, Any] = {
    "text": "It weighs 1.15 kg.",
    "citations": [1],
    "verdict": "supported",
}
_ANSWER: dict[str, Any] = {
    "status": "answered",
    "answer": "It weighs 1.15 kg.",
    "confidence": 0.87,
    "statements": [_STATEMENT],
    "citations": [_CITATION],
    "passages": [_PASSAGE],
    "conflicts": [],
    "choices": [],
    "generation": "20261122T202241500991-fd041aa4",
    "model": "smollm2",
    "timings_ms": {"retrieve": 14.2, "select": 9.8, "generate": 820.5, "total": 844.5},
    "degraded": False,
    "cached": False,
}


def _with_example(example: dict[str, Any]) -> ConfigDict:
    return ConfigDict(extra="forbid", json_schema_extra={"examples": [example]})


class StatementBody(BaseModel):
    """One verified sentence, with the numbers of its citations."""

    model_config = _with_example(_STATEMENT)

    text: str
    citations: list[int]
    verdict: Verdict


class CitationBody(BaseModel):
    """What a citation number stands for; characters `start` to `end` of the text are `quote`."""

    model_config = _with_example(_CITATION)

    number: int
    document_id: str
    title: str
    source: str
    url: str | None
    kind: Kind
    page: int | None
    heading: list[str]
    quote: str
    start: int
    end: int


class PassageBody(BaseModel):
    """A passage found for the question; rank 1 is the best."""

    model_config = _with_example(_PASSAGE)

    rank: int
    score: float
    scores: dict[str, float]
    id: str
    document_id: str
    title: str
    source: str
    url: str | None
    kind: Kind
    product_ids: list[str]
    page: int | None
    heading: list[str]
    text: str
    start: int
    end: int


class ChoiceBody(BaseModel):
    """A product the question may mean."""

    model_config = _with_example({"product_id": "BR-KT17", "name": "Brisa Rill Kettle 1.7 L"})

    product_id: str
    name: str


class AnswerBody(BaseModel):
    """The whole answer, as `shelftalk ask --json` prints it."""

    model_config = _with_example(_ANSWER)

    status: Status
    answer: str
    confidence: float = Field(
        ge=0, le=1, description="Probability that the best evidence answers the question."
    )
    statements: list[StatementBody]
    citations: list[CitationBody]
    passages: list[PassageBody]
    conflicts: list[str]
    choices: list[ChoiceBody] = Field(
        description="Products of which the question may mean any; ask again with one."
    )
    generation: str = Field(description="Id of the index generation everything comes from.")
    model: str
    timings_ms: dict[str, float]
    degraded: bool = Field(
        description="The language model failed: only what was verified before that, or a quotation."
    )
    cached: bool = Field(description="The same was asked before; `timings_ms` are of then.")


class SearchBody(BaseModel):
    """The best passages."""

    model_config = _with_example({"passages": [_PASSAGE], "generation": _ANSWER["generation"]})

    passages: list[PassageBody]
    generation: str


class HealthBody(BaseModel):
    """The process runs."""

    model_config = _with_example({"status": "ok"})

    status: str


class ReadyBody(BaseModel):
    """The engine is loaded."""

    model_config = _with_example({"status": "ready", "generation": _ANSWER["generation"]})

    status: str
    generation: str
