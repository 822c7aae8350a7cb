"""Question sets for retrieval: what to index, what to ask, and what should be found."""

import csv
import json
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.questions import FILE, gold_names, questions, scope_of
from rag.types import Passage, Question, Scope


@dataclass(frozen=True)
class Asked:
    """A question and the documents that answer it."""

    id: str
    question: Question
    gold: tuple[str, ...]
    """Ids or paths of documents, with `#page=N` where one page answers."""
    any: bool
    """Whether they say the same, so that one of them is enough."""

    @property
    def wanted(self) -> tuple[str, ...]:
        """What is to be found, by the names of `name_of`."""
        return ("gold",) if self.any else self.gold

    def name_of(self, passage: Passage) -> str:
        """The gold a passage stands for, else its own id."""
        chunk, document = passage.chunk, passage.document
        pages = document.page_at(chunk.start), document.page_at(chunk.end - 1)
        for name, page in gold_names(self.gold):
            on_page = page is None or (pages[0] or 0) <= page <= (pages[1] or 0)
            if name in (document.id, document.source) and on_page:
                return "gold" if self.any else name
        return chunk.id


@dataclass(frozen=True)
class Task:
    """A folder to index and what to ask of it."""

    corpus: Path
    asked: tuple[Asked, ...]


@contextmanager
def opened(path: Path | None, split: str) -> Iterator[Task]:
    """The task of a path; None is the sample shop, of which `split` is asked."""
    if path is None:
        yield Task(FILE.parent, tuple(_shop(split)))
        return
    with tempfile.TemporaryDirectory() as folder:
        yield _candidates(path, Path(folder)) if path.is_file() else _passages(path, Path(folder))


def _shop(split: str) -> Iterator[Asked]:
    for row in questions(split):
        if row["answerable"]:
            question = Question(row["question"], scope_of(row), tuple(row.get("history", ())))
            yield Asked(row["id"], question, tuple(row["sources"]), True)


def _passages(path: Path, folder: Path) -> Task:
    rows = (json.loads(line) for line in (path / "corpus.jsonl").open(encoding="utf-8"))
    locale = {"locale": path.name} if len(path.name) == 2 else {}  # as XQuAD's folders are named
    _write(
        folder,
        ({"id": r["doc_id"], "title": r["title"], "text": r["text"], **locale} for r in rows),
    )
    asked = (json.loads(line) for line in (path / "qa.jsonl").open(encoding="utf-8"))
    return Task(
        folder,
        tuple(
            Asked(row["qid"], Question(row["question"]), tuple(row["gold_doc_ids"]), True)
            for row in asked
            if row["answerable"]
        ),
    )


def _candidates(path: Path, folder: Path) -> Task:
    """Each question is a product of its own, so that its candidates are what is in scope."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    found: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        found.setdefault(row["qid"], []).append(row)
    kinds = {"review": "review", "CQA": "faq", "attribute": "spec"}
    _write(
        folder,
        (
            {
                "id": f"{row['qid']}-{row['qa_pair_id']}",
                "title": row["source"],
                "text": row["candidate"],
                "kind": kinds.get(row["source"], "page"),
                "product_id": row["qid"],
            }
            for row in rows
        ),
    )
    asked = []
    for qid, candidates in found.items():
        gold = tuple(f"{qid}-{row['qa_pair_id']}" for row in candidates if row["label"] != "0")
        if gold:
            question = Question(candidates[0]["question"], Scope(product_id=qid))
            asked.append(Asked(qid, question, gold, False))
    return Task(folder, tuple(asked))


def _write(folder: Path, rows: Iterable[dict[str, str]]) -> None:
    with (folder / "documents.jsonl").open("w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps({"kind": "page", **row}) + "\n")
