"""Question + evidence → the sentences a generator drafts. Nothing of them is verified yet."""

import logging
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing

from langchain_core.language_models import BaseChatModel

from rag import prompt
from rag.config import Answering
from rag.disclosure import may_be_said
from rag.errors import GeneratorError
from rag.generation import Pieces, streamed, token_counter
from rag.text import sentences
from rag.types import Evidence
from rag.verification import without_markers

_log = logging.getLogger(__name__)


class Drafter:
    """Asks a generator."""

    def __init__(self, generator: BaseChatModel, answering: Answering) -> None:
        self._generator = generator
        self._count = token_counter(generator)
        self._answering = answering

    def draft(self, question: str, evidence: Sequence[Evidence]) -> "Draft":
        """Begin a draft; the generator is asked when its sentences are."""
        titles = (piece.document.title for piece in evidence)
        sources = [question, *titles, *(piece.quote for piece in evidence)]
        return Draft(lambda: self._pieces(question, evidence), sources)

    def _pieces(self, question: str, evidence: Sequence[Evidence]) -> Pieces:
        budget = self._answering.prompt_tokens
        messages = prompt.build(question, evidence, self._count, budget)
        if messages is None:
            raise GeneratorError(f"The question does not fit into {budget} tokens of prompt.")
        return (yield from streamed(self._generator, messages, self._answering.seconds))


class Draft:
    """The sentences of one draft as they are finished, without the generator's citation marks.

    What would give instructions away, or lead somewhere no source does, is passed over.
    """

    def __init__(self, pieces: Callable[[], Pieces], sources: Sequence[str]) -> None:
        self._pieces = pieces
        self._sources = sources
        self._whole = False
        self.failed = False
        """Whether the generator failed on the way; its last, unfinished sentence is lost then."""

    def __iter__(self) -> Iterator[str]:
        """Ask the generator; a failure of it ends the draft."""
        for sentence in self._sentences():
            if may_be_said(sentence, self._sources):
                yield without_markers(sentence)

    def _sentences(self) -> Iterator[str]:
        draft, done = "", 0
        try:
            with closing(self._read()) as pieces:
                for piece in pieces:
                    draft += piece
                    for span in list(sentences(draft, done))[:-1]:  # the last one may still grow
                        yield draft[span.start : span.end]
                        done = span.end
        except GeneratorError as error:
            self.failed = True
            _log.warning("%s The answer is a quotation.", error)
            return
        if self._whole:  # else a last sentence was cut off, even in the middle of a number
            for span in sentences(draft, done):
                yield draft[span.start : span.end]

    def _read(self) -> Generator[str, None, None]:
        self._whole = yield from self._pieces()
