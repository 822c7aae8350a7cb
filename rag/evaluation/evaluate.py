"""The way of a run: resolve the gold → ask → score → figures, gates, gaps → a report's files."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout

from rag.body import Body
from rag.engine import Engine
from rag.errors import QaSetError, ReportError
from rag.evaluation import asking, gaps
from rag.evaluation.asking import Progress
from rag.evaluation.gate import Gate, Outcome
from rag.evaluation.judge import Judge
from rag.evaluation.questions import Item, QaSet
from rag.evaluation.ranking import DEPTH
from rag.evaluation.read import shortened
from rag.evaluation.scores import score
from rag.evaluation.selective import Point, curve
from rag.evaluation.sources import GoldSources, changed, resolve
from rag.evaluation.table import SLICES, Figures, Table

FORMAT = 1
METRICS_FILE = "metrics.json"


@dataclass(frozen=True, slots=True)
class Options:
    """What to do besides asking."""

    retrieval_only: bool = False
    allow_missing: bool = False
    """Score sources that are not in the index as never found, instead of refusing the QA set."""
    gates: Sequence[Gate] = ()
    baseline: Table | None = None
    judge: Judge | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What came of a run."""

    body: Mapping[str, Any]
    """What `metrics.json` holds."""
    rows: Sequence[Body]
    """What `answers.jsonl` holds."""
    table: Table
    outcomes: Sequence[Outcome] = ()
    warnings: Sequence[str] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Whether every gate held."""
        return all(outcome.passed for outcome in self.outcomes)


def evaluate(
    engine: Engine,
    qa: QaSet,
    path: Path,
    out: Path,
    options: Options,
    progress: Progress = lambda done, total: None,
) -> Report:
    """Ask every question, and write `answers.jsonl` and `metrics.json` into `out`.

    Args:
        engine: an opened one.
        qa: the questions, read from `path`.
        path: where the QA set, and its pin, lie.
        out: the report's folder.
        options: what to do besides.
        progress: is told how many are done.

    Raises:
        QaSetError: the QA set does not fit the index.
        ReportError: the folder cannot be written, or another run writes into it.
    """
    with _reserved(out):
        return _evaluated(engine, qa, path, out, options, progress)


def _reserved(out: Path) -> AbstractContextManager[object]:
    """Hold a report's folder until the context is left: two runs in one would mix their answers."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        return FileLock(out / ".lock", timeout=0).acquire()
    except Timeout as error:
        raise ReportError(
            f"Another run writes into {out}. Wait for it, or choose another --report."
        ) from error
    except OSError as error:
        raise ReportError(f"{out} cannot be written: {error.strerror}.") from error


def _evaluated(
    engine: Engine, qa: QaSet, path: Path, out: Path, options: Options, progress: Progress
) -> Report:
    index = engine.retriever.index
    gold = resolve(qa, index)
    warnings = _fitting(qa, path, gold, options.allow_missing)
    bodies = asking.ask_all(engine, qa.items, out, options.retrieval_only, progress)

    found = gaps.find(gaps.unanswered(qa.items, bodies), engine.retriever.encode)

    def products_of(document_id: str) -> Sequence[str]:
        return index.passages.document(document_id).product_ids

    scores = score(qa.items, bodies, gold, products_of)
    if options.judge and not options.retrieval_only:
        warnings += options.judge.differ(qa.items, bodies, scores)
    kinds = {
        id: index.passages.document(id).kind.value
        for item in qa.items
        for id in gold.documents(item)
    }
    tags = {item.id: _tags(item, [kinds[id] for id in gold.documents(item)]) for item in qa.items}
    rows = [
        {
            "id": item.id,
            "question": item.text,
            "product_id": item.product_id,
            "tags": tags[item.id],
            "gold": {**item.gold(), "documents": list(gold.documents(item))},
            "scores": scores[item.id],
            **bodies[item.id],
        }
        for item in qa.items
    ]
    asking.write(out / asking.ANSWERS, rows)
    table = Table.of(scores, {by: [tags[item.id][by] for item in qa.items] for by in SLICES})
    outcomes = [gate.hold(table, options.baseline) for gate in options.gates]
    body = {
        "format": FORMAT,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "qa": {"name": qa.name, "questions": len(qa.items), "sha256": qa.sha256},
        "engine": _about(engine, options.retrieval_only),
        "metrics": _figures(table.figures()),
        "slices": {
            by: {
                value: {"questions": len(part.ids), "metrics": _figures(part.figures())}
                for value, part in table.slices(by).items()
            }
            for by in SLICES
        },
        "curves": {
            "hit_by_k": hit_by_k(table),
            "risk_coverage": [asdict(point) for point in risk_coverage(table)],
        },
        "baseline": _compared(table, options.baseline),
        "gates": [asdict(outcome) for outcome in outcomes],
        "gaps": [asdict(gap) for gap in found],
        "warnings": warnings,
        "scores": table.body(),
    }
    asking.write(out / METRICS_FILE, [body])
    return Report(body, rows, table, outcomes, warnings)


def _fitting(qa: QaSet, path: Path, gold: GoldSources, allow_missing: bool) -> list[str]:
    """Warnings of a QA set that may no longer fit the corpus."""
    warnings = []
    lines = shortened([*gold.unknown, *gold.missing])
    if lines:
        if gold.unknown or not allow_missing:
            raise QaSetError(
                f"{path} does not fit the index. {lines} Mend the QA set, index the documents it "
                "was made for, or count missing documents as never found with --allow-missing."
            )
        warnings.append(f"Not in the index, and counted as never found: {lines}")
    if stale := changed(path, qa.items, gold):
        warnings.append(
            f"{len(stale)} questions rest on documents that are not as they were pinned: "
            f"{', '.join(stale[:10])}{', …' if len(stale) > 10 else ''}. Look their gold over, "
            "then pin anew with --pin."
        )
    return warnings


def _tags(item: Item, kinds: Sequence[str]) -> dict[str, str | None]:
    return {
        "kind": item.kind,
        "lang": item.lang,
        "product_id": item.product_id,
        "document_kind": min(kinds, key=lambda kind: (-kinds.count(kind), kind), default=None),
    }


def _about(engine: Engine, retrieval_only: bool) -> dict[str, Any]:
    manifest = engine.retriever.index.manifest
    settings = engine.settings
    return {
        "generation": manifest.id,
        "corpus_digest": manifest.corpus_digest,
        "documents": manifest.documents,
        "chunks": manifest.chunks,
        "chunk_tokens": manifest.chunk_tokens,
        "embedder": engine.retriever.embedder.name,
        "reranker": settings.reranker or None,
        "generator": None if retrieval_only else settings.generator.partition("@")[0],
        "entailment": None if retrieval_only else settings.entailment or None,
        "answering": settings.answering.model_dump(mode="json"),
        "asked_at_once": asking.at_once(),
    }


def _figures(figures: Figures) -> dict[str, Any]:
    return {
        name: {
            "value": round(figure.value, 6),
            "low": round(figure.low, 6),
            "high": round(figure.high, 6),
            "n": figure.n,
        }
        for name, figure in figures.items()
    }


def hit_by_k(table: Table) -> list[float]:
    """The hit rate among the first k passages, k from 1; [] without gold sources."""
    ranks = table.columns.get("gold_rank", np.array([]))
    ranks = ranks[~np.isnan(ranks)]
    return [round(float((ranks <= k).mean()), 6) for k in range(1, DEPTH + 1)] if len(ranks) else []


def risk_coverage(table: Table) -> list[Point]:
    """The curve of the answers that can be judged; [] where there are none."""
    if not {"confidence", "wrong", "accurate"} <= table.columns.keys():
        return []
    judged = int((~np.isnan(table.columns["accurate"])).sum())
    return curve(table.columns["confidence"], table.columns["wrong"], judged)


def _compared(table: Table, baseline: Table | None) -> dict[str, Any] | None:
    if baseline is None:
        return None
    after, before = table.shared(baseline)
    old = _figures(before.figures())
    return {
        "questions": len(after.ids),
        "metrics": {
            name: {"before": old[name]["value"], **figures}
            for name, figures in _figures(after.changes(before)).items()
        },
    }
