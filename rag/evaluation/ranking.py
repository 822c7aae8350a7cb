"""Passages and gold sources → measures of retrieval, by ir-measures."""

from collections.abc import Mapping, Sequence
from typing import Any

import ir_measures
from ir_measures import RR, R, Success, nDCG

from rag.evaluation.sources import Gold

DEPTH = 10
"""How many passages are looked at."""

MEASURES = {
    "hit@1": Success @ 1,
    "hit@3": Success @ 3,
    "hit@5": Success @ 5,
    "hit@10": Success @ 10,
    "recall@5": R @ 5,
    "recall@10": R @ 10,
    "mrr@10": RR,  # of what is cut off there
    "ndcg@10": nDCG @ 10,
}

Found = Sequence[Mapping[str, Any]]
"""Passages as in an answer's body, best first."""


def measure(
    found: Mapping[str, Found], gold: Mapping[str, Sequence[Gold]]
) -> dict[str, dict[str, float]]:
    """Every measure of every question that has gold, by question and name.

    A gold source is found at its first passage; a further passage of it is of no use, and keeps its
    rank. Sources that name no document of the index are never found.
    """
    judged = {id: sources for id, sources in gold.items() if sources}
    qrels = {
        id: {f"gold {place}": source.source.grade for place, source in enumerate(sources)}
        for id, sources in judged.items()
    }
    run = {
        id: {unit: -float(rank) for rank, unit in enumerate(_units(found[id], sources))}
        for id, sources in judged.items()
    }
    scores: dict[str, dict[str, float]] = {id: dict.fromkeys(MEASURES, 0.0) for id in judged}
    names = {measure: name for name, measure in MEASURES.items()}
    if judged:
        for one in ir_measures.iter_calc(list(MEASURES.values()), qrels, run):
            scores[one.query_id][names[one.measure]] = float(one.value)
    return scores


def _units(found: Found, sources: Sequence[Gold]) -> list[str]:
    """For each passage the gold source it is the first of, or a name of its own."""
    left = dict(enumerate(sources))
    units: list[str] = []
    for rank, passage in enumerate(found[:DEPTH]):
        mine = next((place for place, gold in left.items() if holds(gold, passage)), None)
        units.append(f"passage {rank}" if mine is None else f"gold {mine}")
        left.pop(-1 if mine is None else mine, None)
    return units


def holds(gold: Gold, piece: Mapping[str, Any]) -> bool:
    """Whether a passage or citation, as in an answer's body, is of a gold source."""
    return gold.holds(piece["document_id"], piece["page"], piece["start"], piece["end"])
