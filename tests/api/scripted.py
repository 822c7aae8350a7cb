"""A stand-in engine that says what a test tells it to, and the nouns it says it with."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace

from rag.errors import QuestionError, ScopeError
from rag.types import (
    Answer,
    Chunk,
    Citation,
    Document,
    Event,
    Kind,
    Passage,
    Question,
    Statement,
    Status,
    Verdict,
)
from tests.doubles import HashingEmbedder

DOCUMENT = Document(
    id="specs/kettle.md",
    kind=Kind.SPEC,
    title="Kettle",
    text="Weight: 1.1 kg\nCapacity: 1.7 L",
    source="specs/kettle.md",
    product_ids=("KETTLE",),
)
CITATION = Citation(
    number=1,
    document_id=DOCUMENT.id,
    title=DOCUMENT.title,
    source=DOCUMENT.source,
    url=None,
    kind=Kind.SPEC,
    page=None,
    heading=("Kettle",),
    quote="Weight: 1.1 kg",
    start=0,
    end=14,
)
STATEMENT = Statement("It weighs 1.1 kg – “light”.\nReally.", (1,), Verdict.SUPPORTED)


def passage(rank: int) -> Passage:
    text = DOCUMENT.text[:14]
    chunk = Chunk(f"c{rank}", DOCUMENT.id, 0, 14, text, text, headings=("Kettle",))
    return Passage(chunk, DOCUMENT, rank, 1 / rank, {"dense": 0.5, "lexical": 2.0})


ANSWER = Answer(
    status=Status.ANSWERED,
    text=STATEMENT.text,
    statements=(STATEMENT,),
    citations=(CITATION,),
    passages=(passage(1), passage(2)),
    generation="g1",
    model="scripted",
    conflicts=("Two sheets disagree.",),
    choices={"KETTLE-2": "Kettle 2"},
    timings_ms={"total": 1.5},
)


class ScriptedEngine:
    """Knows one product, KETTLE, and one answer; can be held, and can fail midway."""

    generation = "g1"

    def __init__(self, failure: Exception | None = None) -> None:
        self.failure = failure
        self.retriever = SimpleNamespace(embedder=HashingEmbedder())
        self.unheld = threading.Event()
        self.unheld.set()
        self.went_on = threading.Event()
        self.closed = threading.Event()
        self.asked: list[Question] = []
        self.entered = threading.Semaphore(0)

    def search(self, question: Question, k: int) -> list[Passage]:
        self.asked.append(question)
        if not question.text.strip():
            raise QuestionError("The question is empty.")
        if question.scope.product_id not in (None, "KETTLE"):
            raise ScopeError(f"No document belongs to product {question.scope.product_id!r}.")
        return [passage(rank) for rank in range(1, k + 1)]

    def planned(self, question: Question, k: int) -> tuple[None, list[Passage]]:
        return None, self.search(question, k)

    def remembered(self, question: Question) -> None:
        """Nothing, so that each question is asked."""

    def ask(self, question: Question) -> Answer:
        *_, answer = self.stream(question)
        assert isinstance(answer, Answer)
        return answer

    def stream(self, question: Question) -> Iterator[Event]:
        try:
            yield tuple(self.search(question, 2))
            self.entered.release()
            self.unheld.wait(20)
            yield CITATION
            self.went_on.set()
            yield STATEMENT
            if self.failure:
                raise self.failure
            yield replace(ANSWER)
        finally:
            self.closed.set()
