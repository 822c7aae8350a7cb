"""Asking every question of a QA set: several at once, and what was asked before not again."""

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from functools import cache
from itertools import islice
from pathlib import Path
from time import perf_counter
from typing import Any

from langchain_core.callbacks import get_usage_metadata_callback

import rag
from rag.body import Body, answer_body, as_json, passage_body
from rag.engine import Engine
from rag.errors import ReportError
from rag.evaluation.questions import Item, digest
from rag.evaluation.ranking import DEPTH

ANSWERS = "answers.jsonl"
OF_THE_QUESTION = ("fingerprint", "id", "question", "product_id", "tags", "gold", "scores")
"""What a row of it says besides the answer's body."""
Progress = Callable[[int, int], None]
"""Called with how many of how many questions are done."""


def ask_all(
    engine: Engine, items: Sequence[Item], out: Path, retrieval_only: bool, progress: Progress
) -> dict[str, Body]:
    """The body of every question's answer, by its id.

    Each is appended to `out/answers.jsonl` when it comes, so that a run that was cut off goes on
    where it was. What stands there is taken when question, index, models, settings and code are
    the same.
    """
    about = _about(engine, retrieval_only)
    prints = {item.id: _fingerprint(item, about) for item in items}
    file = out / ANSWERS
    wanted = set(prints.values())
    bodies = {one: body for one, body in _asked_before(file) if one in wanted}
    open_items = {prints[item.id]: item for item in items if prints[item.id] not in bodies}
    asked = len(items) - len(open_items)
    progress(asked, len(items))
    write(file, ({"fingerprint": one, **body} for one, body in bodies.items()))
    for one, body in _answers(engine, open_items, retrieval_only):
        bodies[one] = body
        _append(file, {"fingerprint": one, **body})
        asked += 1
        progress(asked, len(items))
    return {item.id: {"fingerprint": prints[item.id], **bodies[prints[item.id]]} for item in items}


def write(file: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Put JSON lines in place of a file, all or none.

    Raises:
        ReportError: it cannot be written.
    """
    aside = file.with_suffix(".part")
    with using(file):
        with aside.open("wb") as lines:
            lines.writelines(_line(row) for row in rows)
        aside.replace(file)


def _append(file: Path, row: Mapping[str, Any]) -> None:
    with using(file), file.open("ab") as lines:
        lines.write(_line(row))


@contextmanager
def using(file: Path) -> Iterator[None]:
    """Read or write a file of the report.

    Raises:
        ReportError: it cannot be.
    """
    try:
        yield
    except OSError as error:
        raise ReportError(f"{file} cannot be read or written: {error.strerror}.") from error


def at_once() -> int:
    """How many questions are asked at the same time: one a core."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _answers(
    engine: Engine, items: Mapping[str, Item], retrieval_only: bool
) -> Iterator[tuple[str, Body]]:
    ask = _searched if retrieval_only else _answered
    left = iter(items.items())
    with ThreadPoolExecutor(at_once()) as pool:
        # Only a few wait at a time: an interrupt is not kept waiting for all.
        running = {pool.submit(ask, engine, item): one for one, item in islice(left, at_once())}
        while running:
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                one = running.pop(future)
                for following, item in islice(left, 1):
                    running[pool.submit(ask, engine, item)] = following
                yield one, future.result()


def _answered(engine: Engine, item: Item) -> Body:
    with get_usage_metadata_callback() as usage:
        answer = engine.ask(item.question)
    body = answer_body(answer)
    if len(answer.passages) < DEPTH:
        body["passages"] = _passages(engine, item)
    used = list(usage.usage_metadata.values())
    if used:
        body["prompt_tokens"] = sum(one["input_tokens"] for one in used)
        body["draft_tokens"] = sum(one["output_tokens"] for one in used)
    if answer.statements:
        (body["answer_tokens"],) = engine.retriever.embedder.count_tokens([answer.text])
    return body


def _searched(engine: Engine, item: Item) -> Body:
    started = perf_counter()
    passages = _passages(engine, item)
    took = round((perf_counter() - started) * 1000, 1)
    return {
        "passages": passages,
        "generation": engine.generation,
        "timings_ms": {"retrieve": took},
    }


def _passages(engine: Engine, item: Item) -> list[Body]:
    return [passage_body(passage) for passage in engine.search(item.question, DEPTH)]


def _asked_before(file: Path) -> Iterator[tuple[str, Body]]:
    """What an earlier run wrote; what is no such row, as a last line cut off, is left out."""
    if not file.exists():
        return
    with using(file), file.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            with suppress(ValueError, RecursionError):
                row = json.loads(line)
                if isinstance(row, dict) and isinstance(row.get("fingerprint"), str):
                    yield (
                        row["fingerprint"],
                        {key: value for key, value in row.items() if key not in OF_THE_QUESTION},
                    )


def _about(engine: Engine, retrieval_only: bool) -> list[object]:
    """All that an answer depends on, but for the question."""
    settings = engine.settings
    return [
        engine.generation,
        engine.retriever.embedder.sha256,
        settings.reranker,
        None if retrieval_only else [settings.generator, settings.entailment, settings.contact],
        settings.answering.model_dump(mode="json"),
        _code(),
    ]


def _fingerprint(item: Item, about: Sequence[object]) -> str:
    return digest([item.text, item.product_id, item.variant_id, list(item.history), *about])


@cache
def _code() -> str:
    """SHA-256 of the modules that answer: what other code said is not taken for what this says."""
    folder = Path(rag.__file__).parent
    hashed = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        if Path(__file__).parent not in path.parents:
            hashed.update(path.read_bytes())
    return hashed.hexdigest()


def _line(row: Mapping[str, Any]) -> bytes:
    return as_json(row) + b"\n"
