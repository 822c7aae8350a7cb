"""Question + evidence → the sentences a generator drafts. Nothing of them is verified yet."""

import logging
from collections.abc import Callable, Iterator, Sequence

from langchain_core.language_models import BaseChatModel

from rag import prompt
from rag.errors import GeneratorError
from rag.generation import streamed, token_counter
from rag.text import sentences
from rag.types import Evidence
from rag.verification import without_markers

_log = logging.getLogger(__name__)


class Drafter:
    """Asks a generator."""

    def __init__(self, generator: BaseChatModel, prompt_tokens: int) -> None:
        self._generator = generator
        self._count = token_counter(generator)
        self._prompt_tokens = prompt_tokens

    def draft(self, question: str, evidence: Sequence[Evidence]) -> "Draft":
        """Begin a draft; the generator is asked when its sentences are."""

        def pieces() -> Iterator[str]:
            messages = prompt.build(question, evidence, self._count, self._prompt_tokens)
            return streamed(self._generator, messages)

        return Draft(pieces)


class Draft:
    """The sentences of one draft as they are finished, without the generator's citation marks."""

    def __init__(self, pieces: Callable[[], Iterator[str]]) -> None:
        self._pieces = pieces
        self.failed = False
        """Whether the generator failed on the way; its last, unfinished sentence is lost then."""

    def __iter__(self) -> Iterator[str]:
        """Ask the generator; a failure of it ends the draft."""
        draft, done = "", 0
        try:
            for piece in self._pieces():
                draft += piece
                for span in list(sentences(draft, done))[:-1]:  # the last one may still grow
                    yield without_markers(draft[span.start : span.end])
                    done = span.end
        except GeneratorError as error:
            self.failed = True
            _log.warning("%s The answer is a quotation.", error)
            return
        for span in sentences(draft, done):
            yield without_markers(draft[span.start : span.end])
