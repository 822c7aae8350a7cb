"""The way of a question: retrieve → select evidence → prompt → generate → verify → answer."""

import time
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from langchain_core.language_models import BaseChatModel

from rag import wording
from rag.answer_cache import AnswerCache, KeptAnswer, Key
from rag.calibration import calibrated
from rag.comparison import side_by_side
from rag.config import Answering, Settings
from rag.conflicts import settled
from rag.drafting import Draft, Drafter
from rag.embedding import open_embedder
from rag.entailment import Entails, open_entailment
from rag.evidence import Selector
from rag.generation import open_generator, require_generator
from rag.index import Index
from rag.models import Say
from rag.planning import Plan
from rag.question import checked
from rag.rerank import open_reranker
from rag.retrieval import Retriever
from rag.statements import Said, statements
from rag.types import (
    Answer,
    Citation,
    Event,
    Evidence,
    Passage,
    Question,
    Scope,
    Statement,
    Status,
    Verdict,
)
from rag.verification import resolves

NEAR = 0.5
"""Share of the threshold from which on a silence tells what comes nearest."""


class Engine:
    """Answers questions from one opened index."""

    def __init__(
        self,
        retriever: Retriever,
        generator: BaseChatModel,
        settings: Settings | None = None,
        entails: Entails | None = None,
    ) -> None:
        self._configured = settings or Settings()
        self.settings = calibrated(self._configured, retriever)
        self.retriever = retriever
        self._generator = generator
        self._entails = entails
        self._selector = Selector(retriever)
        self._drafter = Drafter(generator, self._answering)
        self._answers = AnswerCache(self.settings.answering.cache)

    @classmethod
    def open(cls, settings: Settings, say: Say | None = None) -> "Engine":
        """Open the published index and load the models the settings name.

        Raises:
            IndexFolderError: no usable index.
            ModelError: a model cannot be found or loaded.
        """
        index = Index.open(settings.index)
        rerank = open_reranker(settings.reranker, say) if settings.reranker else None
        retriever = Retriever(index, open_embedder(settings.embedder, say), rerank)
        generator = open_generator(settings.generator, settings.answering, say)
        entails = open_entailment(settings.entailment, say) if settings.entailment else None
        return cls(retriever, generator, settings, entails)

    def reopened(self, settings: Settings | None = None) -> "Engine":
        """An engine with the same models on what is published now, here or in another folder.

        This one goes on with what it has; its files are closed when nobody holds it any more.

        Raises:
            IndexFolderError: no usable index, or it was made with another embedder.
        """
        settings = settings or self._configured
        index = Index.open(settings.index)
        retriever = Retriever(index, self.retriever.embedder, self.retriever.rerank)
        return Engine(retriever, self._generator, settings, self._entails)

    @property
    def generation(self) -> str:
        """Id of the index generation in use."""
        return self.retriever.index.manifest.id

    @property
    def model(self) -> str:
        """The generator's name, as everyone may know it."""
        return _public_name(self.settings.generator)

    @property
    def _answering(self) -> Answering:
        return self.settings.answering

    def search(self, question: Question, k: int) -> list[Passage]:
        """The best min(k, existing) passages.

        Raises:
            QuestionError: it is empty or too long.
            ScopeError: its scope names something unknown.
        """
        return self.planned(question, k)[1]

    def planned(self, question: Question, k: int) -> tuple[Plan, list[Passage]]:
        """What `search` looks for, and what it finds. Raises as it does.

        Where what is found tells of typing errors, it is looked for again without them.
        """
        planner = self.retriever.planner
        plan = planner.plan(checked(question))
        found = self.retriever.ranked(plan, k)
        spelt = planner.spelt(plan.question, found)
        if spelt != plan.question:
            plan = planner.plan(spelt)
            found = self.retriever.ranked(plan, k)
        return plan, found

    def ask(self, question: Question) -> Answer:
        """The whole answer. Raises as `search` does, and GeneratorError never: it quotes then."""
        return self._answers.answer(self._key(question), lambda: self._fresh(question))

    def remembered(self, question: Question) -> KeptAnswer | None:
        """The answer, if the same was asked of this engine before. Takes no time.

        Raises as `search` does, but for the scope.
        """
        return self._answers.get(self._key(question))

    def stream(self, question: Question) -> Generator[Event, None, None]:
        """Passages, then each verified statement as it is ready, then the answer."""
        key = self._key(question)
        if kept := self._answers.get(key):
            yield from kept.events
            return
        events: list[Event] = []
        with closing(self._fresh(question)) as fresh:  # who stops listening stops the model
            for event in fresh:
                events.append(event)
                yield event
        self._answers.put(key, events)

    def _key(self, question: Question) -> Key:
        return Key.of(checked(question))

    def _fresh(self, question: Question) -> Generator[Event, None, None]:
        clock = _Clock()
        plan, found = self.planned(question, self._answering.passages)
        question, recognised, passages = plan.question, plan.recognised, tuple(found)
        clock.lap("retrieve")
        yield passages
        evidence = self._selector.select(question, passages, self._answering.evidence)
        if recognised.absent:
            evidence = []  # it is all about another product
        clock.lap("select")
        answer = Answer(
            status=Status.ABSTAINED,
            text="",
            statements=(),
            citations=(),
            passages=passages,
            generation=self.generation,
            model=self.model,
            confidence=evidence[0].score if evidence else 0.0,
        )
        compared = self._compared(question, recognised.named)
        if compared:
            least = min(one.evidence.score for one in compared)
            answer = replace(answer, confidence=max(answer.confidence, least))
            yield from self._told(answer, compared, (), clock)
        elif not evidence or answer.confidence < self._answering.threshold:
            yield from self._silence(question, answer, evidence, clock)
        elif choices := self._choices(question.scope, recognised.choices, evidence[0]):
            text = wording.which(question.text, list(choices.values()))
            yield replace(answer, text=text, choices=choices, timings_ms=clock.laps())
        else:
            standing, differing = settled(evidence)
            draft = self._drafter.draft(question.text, standing)
            said = self._said(question, standing, draft, differing)
            conflicts = tuple(wording.conflict(question.text, *pair) for pair in differing)
            for event in self._told(answer, said, conflicts, clock):
                yield replace(event, degraded=draft.failed) if isinstance(event, Answer) else event

    def _told(
        self, answer: Answer, said: Iterable[Said], conflicts: tuple[str, ...], clock: "_Clock"
    ) -> Iterator[Event]:
        """The sentences as they come, each after the citations that are new; then all of them."""
        citations: list[Citation] = []
        told: list[Statement] = []
        for text, piece in said:
            citation = _cite(piece, citations)
            if citation.number > len(citations):
                citations.append(citation)
                yield citation
            told.append(Statement(text, (citation.number,), Verdict.SUPPORTED))
            yield told[-1]
        clock.lap("generate")
        yield replace(
            answer,
            status=Status.ANSWERED,
            text=" ".join(statement.text for statement in told),
            statements=tuple(told),
            citations=tuple(citations),
            conflicts=conflicts,
            timings_ms=clock.laps(),
        )

    def _choices(self, scope: Scope, products: Sequence[str], best: Evidence) -> Mapping[str, str]:
        """What to call the products that may be meant; none where a page's quote speaks of them."""
        if not products or not best.document.product_ids:
            return {}
        if scope.product_id and {*products} & {*self.retriever.planner.names(best.quote, scope)}:
            return {}
        return self.retriever.index.passages.catalogue(scope.shop).called(products)

    def _compared(self, question: Question, products: Sequence[str]) -> list[Said]:
        passages, least = self._answering.passages, self._answering.threshold
        return side_by_side(question, products, self.retriever, self._selector, passages, least)

    def _silence(
        self, question: Question, answer: Answer, evidence: Sequence[Evidence], clock: "_Clock"
    ) -> Iterator[Event]:
        """Say that nothing answers, and, where something comes near, what does."""
        looked_at = sorted(
            (passage.document for passage in answer.passages), key=lambda one: one.kind.precedence
        )
        near = evidence and answer.confidence >= self._answering.threshold * NEAR
        if near:
            looked_at.insert(0, evidence[0].document)
        text = wording.silence(question.text, looked_at, self.settings.contact)
        citations: tuple[Citation, ...] = ()
        if near:
            text += wording.nearest(question.text, evidence[0])
            citations = (_cite(evidence[0], ()),)
            yield citations[0]
        yield replace(answer, text=text, citations=citations, timings_ms=clock.laps())

    def _said(
        self,
        question: Question,
        evidence: Sequence[Evidence],
        draft: Draft,
        differing: Sequence[tuple[Evidence, Evidence]],
    ) -> Iterator[Said]:
        """The sentences of an answer; of sources that differ, both are quoted."""

        def reviews(of: Evidence) -> int:
            return self.retriever.index.passages.reviews(question.scope, of.document)

        def nearness(text: str) -> float:
            return self._selector.nearness(question.text, text)

        said = []
        for one in statements(question.text, evidence, draft, nearness, reviews, self._entails):
            said.append(one.evidence)
            yield one
        for pair in differing:
            for piece in pair:
                if piece not in said:
                    said.append(piece)
                    yield Said(wording.quotation(question.text, piece), piece)


def require_usable(settings: Settings) -> None:
    """Check what `Engine.open` needs, without loading the language model.

    Raises:
        IndexFolderError: no usable index, or it was made with another embedder.
        ModelError: a model cannot be found.
    """
    index = Index.open(settings.index)
    try:
        embedder = open_embedder(settings.embedder)
        index.require_model(embedder.name, embedder.sha256)
    finally:
        index.close()
    require_generator(settings.generator)


def _public_name(generator: str) -> str:
    """A generator's name without the address of its server or the path of its folder."""
    kind, colon, name = generator.partition("@")[0].rpartition(":")
    is_path = name.startswith("~") or Path(name).is_absolute() or Path(name).exists()
    return f"{kind}{colon}{Path(name).name if is_path else name}"


def _cite(piece: Evidence, cited: Sequence[Citation]) -> Citation:
    """The citation of a piece: the one already given, or the next number."""
    for citation in cited:
        span = (citation.document_id, citation.start, citation.end)
        if span == (piece.document.id, piece.start, piece.end):
            return citation
    document = piece.document
    citation = Citation(
        number=len(cited) + 1,
        document_id=document.id,
        title=document.title,
        source=document.source,
        url=document.url,
        kind=piece.kind,
        page=document.page_at(piece.start),
        heading=document.headings_at(piece.start),
        quote=piece.quote,
        start=piece.start,
        end=piece.end,
    )
    assert resolves(citation, document.text)
    return citation


class _Clock:
    """Milliseconds of each stage and of the whole."""

    def __init__(self) -> None:
        self._started = self._last = time.perf_counter()
        self._laps: dict[str, float] = {}

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self._laps[name] = round((now - self._last) * 1000, 1)
        self._last = now

    def laps(self) -> dict[str, float]:
        return {**self._laps, "total": round((time.perf_counter() - self._started) * 1000, 1)}
