"""A QA set's file or folder → its items: JSON Lines, CSV, SQuAD JSON, or a BEIR folder."""

import csv
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from rag.errors import QaSetError
from rag.evaluation.questions import Item, QaSet, Source, digest
from rag.evaluation.rows import item_of
from rag.question import MAX_QUESTION

_MOST_SHOWN = 10
_WHOLE = re.compile(r"\s*-?[0-9]{1,9}\s*")


def read(path: Path, split: str | None = None) -> QaSet:
    """Read and check a whole QA set.

    Args:
        path: `.jsonl`, `.csv`, SQuAD's `.json`, or a folder with BEIR's `queries.jsonl`.
        split: only rows whose `split` is this; in a BEIR folder, that file of `qrels/`.
            SQuAD has none.

    Raises:
        QaSetError: with every line that is wrong, up to ten of them.
    """
    problems: list[str] = []
    items: list[Item] = []
    seen: dict[str, str] = {}
    for found in _found(path, split):
        if isinstance(found, QaSetError):
            problems.append(str(found))
        elif problem := _problem(found, seen):
            problems.append(f"{found.place}: {problem}.")
        else:
            seen[found.id] = found.place
            items.append(found)
    if problems:
        raise QaSetError(f"{path} cannot be used. " + shortened(problems))
    if not items:
        which = f" of split {split!r}" if split else ""
        raise QaSetError(f"{path} holds no question{which}.")
    return QaSet(path.name, tuple(items))


def _problem(item: Item, seen: Mapping[str, str]) -> str | None:
    """What is wrong with an item besides its row, if anything."""
    if item.id in seen:
        return f"the id {item.id!r} is taken by {seen[item.id]}"
    if len(item.text) > MAX_QUESTION:
        return f"the question has more than {MAX_QUESTION} characters"
    try:
        digest([item])
    except QaSetError as error:
        return str(error)
    return None


def shortened(lines: list[str]) -> str:
    """The first few, and how many more there are."""
    more = len(lines) - _MOST_SHOWN
    return " ".join(lines[:_MOST_SHOWN]) + (f" And {more} more." if more > 0 else "")


def _found(path: Path, split: str | None) -> Iterator[Item | QaSetError]:
    try:
        if path.is_dir():
            yield from _beir(path, split)
        elif path.suffix.lower() == ".csv":
            yield from _checked(_csv_rows(path), split)
        elif path.suffix.lower() == ".json":
            yield from _squad(path, split)
        else:
            yield from _checked(_json_lines(path), split)
    except OSError as error:
        raise QaSetError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise QaSetError(f"{path} is not UTF-8 text: {error}. Save it as UTF-8.") from error


Row = tuple[str, Mapping[str, object] | QaSetError]


def _checked(rows: Iterable[Row], split: str | None) -> Iterator[Item | QaSetError]:
    for number, (place, row) in enumerate(rows, 1):
        if isinstance(row, QaSetError):
            yield row
        elif split is None or row.get("split") == split:
            try:
                yield item_of(row, place, number)
            except QaSetError as error:
                yield error


def _json_lines(path: Path) -> Iterator[Row]:
    with path.open(encoding="utf-8-sig") as file:
        for number, line in enumerate(file, 1):
            place = f"line {number}"
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                yield place, QaSetError(f"{place}: not JSON ({error}).")
                continue
            if isinstance(row, dict):
                yield place, row
            else:
                yield place, QaSetError(f"{place}: {type(row).__name__}, not an object {{…}}.")


def _csv_rows(path: Path) -> Iterator[Row]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, strict=True)
        try:
            for row in reader:
                place = f"line {reader.line_num}"
                if None in row:
                    columns = len(reader.fieldnames or ())
                    yield place, QaSetError(f"{place}: more cells than the {columns} columns.")
                else:
                    yield place, row
        except csv.Error as error:
            raise QaSetError(f"{path}, line {reader.line_num}: not CSV ({error}).") from error


def _squad(path: Path, split: str | None) -> Iterator[Item | QaSetError]:
    """SQuAD 1 and 2: the context is the source, by its words."""
    text = path.read_text(encoding="utf-8-sig")
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise QaSetError(f"{path} is not JSON: {error}.") from error
    if not isinstance(whole, dict) or not isinstance(whole.get("data"), list):
        raise QaSetError(f"{path} is not SQuAD: there is no list 'data'. Others: .jsonl, .csv.")
    if split:
        raise QaSetError(f"{path} is SQuAD, which has a file for each split: leave out --split.")
    try:
        yield from _checked(_squad_rows(whole["data"]), None)
    except (KeyError, TypeError, AttributeError) as error:
        raise QaSetError(
            f"{path} is not SQuAD: every entry of 'data' has 'paragraphs', each of those "
            f"'context' and 'qas', each of those 'question' and 'answers' ({error!r})."
        ) from error


def _squad_rows(data: Iterable[Mapping[str, Any]]) -> Iterator[Row]:
    for i, article in enumerate(data):
        for j, paragraph in enumerate(article["paragraphs"]):
            for k, asked in enumerate(paragraph["qas"]):
                texts = [answer["text"] for answer in asked.get("answers", ())]
                answerable = not asked.get("is_impossible", False)
                yield (
                    f"data[{i}].paragraphs[{j}].qas[{k}]",
                    {
                        "id": asked.get("id"),
                        "question": asked["question"],
                        "answers": list(dict.fromkeys(texts)) if answerable else [],
                        "sources": [{"quote": paragraph["context"]}] if answerable else [],
                        "answerable": answerable,
                    },
                )


def _beir(folder: Path, split: str | None) -> Iterator[Item | QaSetError]:
    """`queries.jsonl` and `qrels/SPLIT.tsv`: what is relevant, without answers."""
    relevant = _qrels(folder, split)
    for place, row in _json_lines(folder / "queries.jsonl"):
        if isinstance(row, QaSetError):
            yield QaSetError(f"queries.jsonl, {row}")
            continue
        id, text = row.get("_id"), row.get("text")
        if not isinstance(id, str) or not isinstance(text, str) or not text.strip():
            yield QaSetError(f"queries.jsonl, {place}: needs '_id' and 'text'.")
        elif id in relevant:
            where = f"queries.jsonl, {place}"
            yield Item(id, text.strip(), where, sources=tuple(relevant[id]), answerable=True)


def _qrels(folder: Path, split: str | None) -> dict[str, list[Source]]:
    known = sorted(path.stem for path in (folder / "qrels").glob("*.tsv"))
    chosen = split or ("test" if "test" in known else known[0] if len(known) == 1 else None)
    if chosen not in known:
        raise QaSetError(
            f"{folder} is no BEIR folder with judgements of split {chosen!r}: qrels/ has "
            f"{', '.join(known) or 'no .tsv file'}. Choose with --split."
        )
    found: dict[str, list[Source]] = {}
    with (folder / "qrels" / f"{chosen}.tsv").open(encoding="utf-8-sig") as file:
        for number, line in enumerate(file, 1):
            cells = line.rstrip("\n").split("\t")
            if number == 1 and not _WHOLE.fullmatch(cells[-1]):
                continue  # the header
            if len(cells) != 3 or not _WHOLE.fullmatch(cells[2]):
                raise QaSetError(
                    f"qrels/{chosen}.tsv, line {number}: needs query-id, corpus-id and a whole "
                    f"number, with tabs between; not {line.strip()!r}."
                )
            if (grade := int(cells[2])) > 0:
                found.setdefault(cells[0], []).append(Source(cells[1], grade=grade))
    return found
