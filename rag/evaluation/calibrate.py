"""A run at threshold 0 → the threshold that keeps the error, written where the engine reads it."""

from rag.calibration import Calibration, evidence_digest, write
from rag.config import Settings
from rag.engine import Engine
from rag.errors import CalibrationError
from rag.evaluation.evaluate import risk_coverage
from rag.evaluation.metrics import METRICS
from rag.evaluation.questions import QaSet
from rag.evaluation.selective import fit
from rag.evaluation.table import Table
from rag.evaluation.uncertainty import count
from rag.manifest import Layout


def answering_all(settings: Settings) -> Settings:
    """The settings under which every question is answered, however unsure."""
    answering = settings.answering.model_copy(update={"threshold": 0.0})
    return settings.model_copy(update={"answering": answering})


def calibrate(engine: Engine, qa: QaSet, table: Table, target: float) -> Calibration:
    """Fit the threshold to a run of `answering_all`, and write it into the index folder.

    Of all thresholds whose answers are wrong at most as often as the target allows, it is the one
    that answers most.

    Raises:
        CalibrationError: no answer can be judged, or no threshold keeps the target; nothing is
            written then.
    """
    points = risk_coverage(table)
    if not points:
        raise CalibrationError(
            "No answer can be judged: none was given, or the QA set has no answers and no sources. "
            "Add these, or index the documents it was made for."
        )
    point = fit(points, target)
    if point is None:
        least = min(points, key=lambda one: (one.risk, -one.coverage))
        raise CalibrationError(
            f"No threshold keeps the error at {target:g}: the least is {least.risk:.3f}, where "
            f"{least.coverage:.0%} of the questions are answered. Nothing was written."
        )
    calibration = Calibration(
        threshold=point.threshold,  # rounded, it could let in what it keeps out
        target_error=target,
        error=round(point.risk, 4),
        coverage=round(point.coverage, 4),
        questions=count(METRICS["accuracy"], table.columns),
        qa_sha256=qa.sha256,
        generator=engine.settings.generator.partition("@")[0],
        embedder_sha256=engine.retriever.embedder.sha256,
        evidence_sha256=evidence_digest(),
        reranker=engine.settings.reranker,
        entailment=engine.settings.entailment,
    )
    write(Layout(engine.settings.index), calibration)
    return calibration
