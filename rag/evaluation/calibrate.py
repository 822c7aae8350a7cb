"""A run at threshold 0 → the threshold that keeps the error, written where the engine reads it."""

import numpy as np

from rag.calibration import Calibration, evidence_digest, write
from rag.config import Settings
from rag.engine import Engine
from rag.errors import CalibrationError
from rag.evaluation.questions import QaSet
from rag.evaluation.selective import curve, fit
from rag.evaluation.table import Table
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
    columns = table.columns
    if not {"confidence", "wrong", "accurate"} <= columns.keys():
        raise CalibrationError("No answer can be judged: the QA set needs answers or sources.")
    judged = int((~np.isnan(columns["accurate"])).sum())
    points = curve(columns["confidence"], columns["wrong"], judged)
    point = fit(points, target)
    if point is None:
        least = min(points, key=lambda one: (one.risk, -one.coverage))
        raise CalibrationError(
            f"No threshold keeps the error at {target:g}: the least is {least.risk:.3f}, where "
            f"{least.coverage:.0%} of the questions are answered. Nothing was written."
        )
    calibration = Calibration(
        threshold=round(point.threshold, 4),
        target_error=target,
        error=round(point.risk, 4),
        coverage=round(point.coverage, 4),
        questions=judged,
        qa_sha256=qa.sha256,
        generator=engine.settings.generator.partition("@")[0],
        embedder_sha256=engine.retriever.embedder.sha256,
        evidence_sha256=evidence_digest(),
    )
    write(Layout(engine.settings.index), calibration)
    return calibration
