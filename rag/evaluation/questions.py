"""The nouns of a QA set: what is asked, and what a right answer says and cites."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import orjson

from rag.errors import QaSetError
from rag.types import Question, Scope


@dataclass(frozen=True, slots=True)
class Source:
    """Where a right answer stands: a document, a page of it, or words of it."""

    document: str | None = None
    """Id of the document, or path of its file; None where only words are given."""
    page: int | None = None
    quote: str | None = None
    grade: int = 1
    """How relevant it is; the more, the better."""

    @classmethod
    def of(cls, text: str) -> "Source":
        """Read `id`, `path` or either with `#page=N`.

        Raises:
            ValueError: it is empty, or the page is no number.
        """
        name, marked, page = text.strip().partition("#page=")
        if not name:
            raise ValueError(f"the source {text!r} names no document")
        if marked and not (page.isdecimal() and int(page)):
            raise ValueError(f"the source {text!r} must end in a page number, as #page=3 does")
        return cls(name, int(page) if marked else None)

    def __str__(self) -> str:
        where = (self.document or "") + (f"#page={self.page}" if self.page else "")
        return f"{where} “{self.quote}”".strip() if self.quote else where


@dataclass(frozen=True, slots=True)
class Item:
    """One question of a QA set with its gold."""

    id: str
    text: str
    place: str
    """Where it stands in its file, such as "line 3"."""
    product_id: str | None = None
    variant_id: str | None = None
    history: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()
    """Accepted short answers; any of them will do."""
    sources: tuple[Source, ...] = ()
    answerable: bool | None = None
    """Whether the documents answer it; None where nobody has said, as in a log."""
    kind: str | None = None
    lang: str | None = None

    @property
    def question(self) -> Question:
        """As the engine is asked."""
        return Question(self.text, Scope(self.product_id, self.variant_id), self.history)

    def gold(self) -> dict[str, Any]:
        """What `answers.jsonl` says of the right answer."""
        return {
            "answerable": self.answerable,
            "answers": list(self.answers),
            "sources": [str(source) for source in self.sources],
        }


@dataclass(frozen=True, slots=True)
class QaSet:
    """The questions of one file or folder, in its order."""

    name: str
    items: tuple[Item, ...]

    @property
    def sha256(self) -> str:
        """Changes with any question or gold, not with the order of keys or spaces."""
        return digest(self.items)

    def every(self, most: int) -> "QaSet":
        """At most so many, evenly taken."""
        step = max(1, -(-len(self.items) // most))
        return QaSet(self.name, self.items[::step])


def digest(values: Iterable[object]) -> str:
    """SHA-256 of values that JSON can hold, dataclasses among them.

    Raises:
        QaSetError: a text is not Unicode, or a number is beyond what JSON's readers agree on.
    """
    hashed = hashlib.sha256()
    for value in values:
        try:
            hashed.update(orjson.dumps(value, option=orjson.OPT_SORT_KEYS))
        except TypeError as error:
            raise QaSetError(
                f"something in it cannot be kept as JSON ({error}); mend or remove it"
            ) from error
    return hashed.hexdigest()
