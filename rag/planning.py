"""Question → plan: which product is meant, where its passages are, and what words are sought."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial

import numpy as np

from rag.conversation import context, points, relates
from rag.embedding import Embedder
from rag.fusion import lexical_weight
from rag.index import Index
from rag.passages import Rows
from rag.recognition import Recogniser, Recognition
from rag.spelling import corrected
from rag.text import STOPWORDS, terms, words
from rag.types import Passage, Question, Scope
from rag.vocabulary import SHOPPERS, expanded


@dataclass(frozen=True, slots=True)
class Plan:
    """What a question comes to before anything is ranked."""

    question: Question
    """With the one product it names, or its variant is of, as its scope."""
    recognised: Recognition
    """The products it names."""
    about: tuple[str, ...]
    """Products it names, or may mean, where its scope has none."""
    sought: tuple[str, ...]
    """Its search terms: its own, spelt right, and those of the attributes they ask for."""
    lexical_weight: float
    rows: Rows
    """Those its scope admits."""


class Planner:
    """Plans what is asked of one generation. Safe to share between threads."""

    def __init__(self, index: Index, embedder: Embedder) -> None:
        self._passages = index.passages
        no_tokens = embedder.count_tokens([""])[0]

        def pieces(word: str) -> int:  # no method: it would hold the generation beyond its time
            return embedder.count_tokens([word])[0] - no_tokens

        self._pieces_of = lru_cache(maxsize=16384)(pieces)
        self._recogniser = lru_cache(maxsize=None)(partial(Recogniser, index=index))
        self._recogniser(index.passages.catalogue())  # the first question need not wait for it

    def plan(self, question: Question) -> Plan:
        """What is looked for, and where.

        Raises:
            ScopeError: the question names a product no document belongs to.
        """
        question, found = self.understand(question)
        about = () if question.scope.product_id else found.named or found.choices
        said = f"{question.text} {context(question.text, question.history)}"
        return Plan(
            question,
            found,
            about,
            tuple(expanded(self._of_shop(question.scope).dictionary.understood(terms(said)))),
            lexical_weight(self._pieces(question)),
            self._rows(question.scope, about),
        )

    def understand(self, question: Question) -> tuple[Question, Recognition]:
        """The question with what was left unsaid, and the products it names.

        Asked on no product's page, it gets the one product it names as its scope. On a page, the
        page tells which product is meant; "the larger one", and another product that is named, but
        neither with "it" nor as what goes with it, are then choices that lead to another page.

        Raises:
            ScopeError: its scope names something unknown.
        """
        scope = self._passages.catalogue(question.scope.shop).settled(question.scope)
        recogniser = self._of_shop(scope)
        if product := scope.product_id:
            beside = recogniser.beside(question.text, product)
            together = points(question.text) or relates(question.text)
            elsewhere = () if together else recogniser.elsewhere(question.text, product)
            others = tuple(sorted({*beside.named, *beside.choices, *elsewhere} - {product}))
            found = Recognition(choices=others, absent=beside.absent)
        else:
            found = recogniser.recognise(question.text, question.history)
            if len(found.named) == 1:
                scope = replace(scope, product_id=found.named[0])
        return replace(question, scope=scope), found

    def names(self, text: str, scope: Scope) -> tuple[str, ...]:
        """The products of a shop that a text names."""
        return self._of_shop(scope).recognise(text).named

    def spelt(self, question: Question, passages: Sequence[Passage]) -> Question:
        """The question with its typing errors mended, where what was found tells the word.

        Words that the shop's documents have, or shoppers say of attributes, are none, nor are those
        that the embedder has whole.
        """
        dictionary = self._of_shop(question.scope).dictionary

        def is_known(word: str) -> bool:
            common = word in STOPWORDS or word in SHOPPERS or self._pieces_of(word) == 1
            return common or dictionary.has(word)

        def said() -> Iterator[str]:
            yield from SHOPPERS
            for passage in passages:
                about = (passage.document.title, *passage.chunk.headings, passage.chunk.text)
                yield from words(" ".join(about))

        return replace(question, text=corrected(question.text, is_known, said))

    def subject(self, question: Question) -> str | None:
        """The name of the product the question is asked on."""
        names = self._passages.catalogue(question.scope.shop).names
        return names.get(question.scope.product_id or "")

    def _of_shop(self, scope: Scope) -> Recogniser:
        return self._recogniser(self._passages.catalogue(scope.shop))

    def _pieces(self, question: Question) -> list[int]:
        """How many tokens each word has, but model numbers and the product's name."""
        named = set(words(self.subject(question) or ""))
        said = [
            word
            for word in words(question.text)
            if word not in named and (word.isalpha() or not word.isascii())
        ]
        return [self._pieces_of(word) for word in said]

    def _rows(self, scope: Scope, products: Sequence[str]) -> Rows:
        if not products:
            return self._passages.rows(scope)
        each = (self._passages.rows(replace(scope, product_id=id)) for id in products)
        return np.unique(np.concatenate(list(each)))
