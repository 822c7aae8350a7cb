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
_FOUND = _PASSAGE | {"matched": ["Weight"]}
_EXPLANATION: dict[str, Any] = {
    "sought": ["how", "heavi", "is", "it", "weight"],
    "lexical_weight": 0.6,
    "filters": {"product_id": "BR-KT17", "as_of": "2026-11-25"},
    "about": [],
    "admitted": 146,
    "passages": 4769,
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


class FoundBody(PassageBody):
    """A passage found, and why."""

    model_config = _with_example(_FOUND)

    matched: list[str] = Field(
        default=[], description="Where `explain` is asked for, its words among those looked for."
    )


class ExplanationBody(BaseModel):
    """What was looked for, and where."""

    model_config = _with_example(_EXPLANATION)

    sought: list[str] = Field(description="The search terms a passage may match.")
    lexical_weight: float = Field(description="Share of the words in the score, from 0 to 1.")
    filters: dict[str, Any] = Field(description="What the scope came to.")
    about: list[ChoiceBody] = Field(description="Products the question names, or may mean.")
    admitted: int = Field(description="How many passages the scope admits, ...")
    passages: int = Field(description="... of how many.")


class SearchBody(BaseModel):
    """The best passages."""

    model_config = _with_example(
        {
            "passages": [_FOUND],
            "generation": _ANSWER["generation"],
            "explanation": _EXPLANATION,
        }
    )

    passages: list[FoundBody]
    generation: str
    explanation: ExplanationBody | None = Field(
        default=None, description="Only where `explain` is asked for."
    )


class HealthBody(BaseModel):
    """The process runs."""

    model_config = _with_example({"status": "ok"})

    status: str


class ReadyBody(BaseModel):
    """The engine is loaded."""

    model_config = _with_example({"status": "ready", "generation": _ANSWER["generation"]})

    status: str
    generation: str
