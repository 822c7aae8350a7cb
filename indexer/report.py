"""What an indexing run did, for people and for machines."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import NamedTuple

from rag.errors import DocumentError


class Problem(NamedTuple):
    """A file or row that was left out, and why."""

    source: str
    problem: str


class Guess(NamedTuple):
    """What no source said of a file's documents, and what it was told by."""

    source: str
    key: str
    """What was guessed, such as `kind`."""
    value: str
    told_by: str
    """Such as "file name"."""


@dataclass(slots=True)
class Report:
    """Filled while a build goes on."""

    generation: str = ""
    unchanged: bool = False
    files: int = 0
    files_read: int = 0
    """The others had not changed."""
    documents: int = 0
    chunks: int = 0
    embedded: int = 0
    reused: int = 0
    seconds: float = 0.0
    documents_by_kind: dict[str, int] = field(default_factory=dict)
    guessed: list[Guess] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    instructing: dict[str, int] = field(default_factory=dict)
    """Passages by file that are spoken to whoever answers: they are never quoted."""

    def problem(self, source: str, error: DocumentError) -> None:
        """Note what was left out."""
        self.problems.append(Problem(source, str(error)))

    def body(self) -> Mapping[str, object]:
        """The report as a JSON object."""
        return {
            **asdict(self),
            "guessed": [guess._asdict() for guess in self.guessed],
            "problems": [problem._asdict() for problem in self.problems],
        }
