"""Answering only when sure enough: risk and coverage (Geifman & El-Yaniv 2017, arXiv:1705.08500).

Coverage is the share of all judged questions that is answered, risk the share of these answers
that is wrong.
"""

from dataclasses import dataclass

import numpy as np

from rag.evaluation.metrics import Array, by_confidence


@dataclass(frozen=True, slots=True)
class Point:
    """What comes of answering from a confidence on."""

    threshold: float
    coverage: float
    risk: float
    answers: int


def curve(confidence: Array, wrong: Array, questions: int) -> list[Point]:
    """A point for each confidence that occurs, from the most sure on.

    Args:
        confidence: of each answer, [n].
        wrong: 1 for a wrong one, NaN where it cannot be judged, [n].
        questions: how many were asked, answered or not.
    """
    order = by_confidence(confidence, wrong)
    sure, errors = confidence[order], np.cumsum(wrong[order])
    last_of_tie = [i for i in range(len(order)) if i + 1 == len(order) or sure[i + 1] < sure[i]]
    return [
        Point(float(sure[i]), (i + 1) / questions, float(errors[i] / (i + 1)), i + 1)
        for i in last_of_tie
    ]


def fit(points: list[Point], target: float) -> Point | None:
    """The point of the largest coverage whose risk is at most the target; None where none is.

    Its threshold lies midway to the next answer, which it keeps out.
    """
    kept = [i for i, point in enumerate(points) if point.risk <= target]
    if not kept:
        return None
    at = points[kept[-1]]
    below = points[kept[-1] + 1].threshold if kept[-1] + 1 < len(points) else 0.0
    return Point((at.threshold + below) / 2, at.coverage, at.risk, at.answers)
