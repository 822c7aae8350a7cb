"""Passages and gold sources → measures of retrieval, by ir-measures; recall is counted."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import ir_measures
from ir_measures import RR, Success, nDCG

from rag.evaluation.sources import Gold

DEPTH = 10
"""How many passages are looked at."""

MEASURES = ("hit@1", "hit@3", "hit@5", "hit@10", "recall@5", "recall@10", "mrr@10", "ndcg@10")
_BY_PLACE = {
    Success @ 1: "hit@1",
    Success @ 3: "hit@3",
    Success @ 5: "hit@5",
    Success @ 10: "hit@10",
    RR: "mrr@10",  # of what is cut off there
    nDCG @ 10: "ndcg@10",
}
_RECALL = {"recall@5": 5, "recall@10": 10}

Found = Sequence[Mapping[str, Any]]
"""Passages as in an answer's body, best first."""


def measure(
    found: Mapping[str, Found], gold: Mapping[str, Sequence[Gold]]
) -> dict[str, dict[str, float]]:
    """Every measure of every question that has gold, by question and name.

    A gold source is found at its first passage, and a passage finds all sources it holds; a further
    passage of a source is of no use, and keeps its rank. Sources that name no document of the index
    are never found.
    """
    judged = {id: sources for id, sources in gold.items() if sources}
    scores: dict[str, dict[str, float]] = {id: dict.fromkeys(MEASURES, 0.0) for id in judged}
    qrels: dict[str, dict[str, int]] = {}
    run: dict[str, dict[str, float]] = {}
    for id, sources in judged.items():
        grades = [one.source.grade for one in sources]
        ranks = _ranks(found[id][:DEPTH], sources)
        qrels[id] = {f"gold {source}": grade for source, grade in enumerate(grades)}
        run[id] = {unit: -float(place) for place, unit in enumerate(_places(ranks, grades))}
        for name, k in _RECALL.items():
            scores[id][name] = sum(rank < k for rank in ranks.values()) / len(sources)
    if judged:
        for one in ir_measures.iter_calc(list(_BY_PLACE), qrels, run):
            scores[one.query_id][_BY_PLACE[one.measure]] = float(one.value)
    return scores


def _ranks(found: Found, sources: Sequence[Gold]) -> dict[int, int]:
    """The rank from 0 of the first passage of each source that is found."""
    ranks: dict[int, int] = {}
    for rank, passage in enumerate(found):
        for source, gold in enumerate(sources):
            if source not in ranks and holds(gold, passage):
                ranks[source] = rank
    return ranks


def _places(ranks: Mapping[int, int], grades: Sequence[int]) -> Iterator[str]:
    """What counts at each of `DEPTH` places: a gold source, or nothing.

    One place has one source, as in the ideal ranking that nDCG is held against. What a passage
    finds besides takes the next places that find nothing: it is worth as much as a source a
    passage, one after the other, and never more than the ideal.
    """
    waiting: list[int] = []
    for place in range(DEPTH):
        waiting += [source for source, rank in ranks.items() if rank == place]
        waiting.sort(key=lambda source: -grades[source])
        yield f"gold {waiting.pop(0)}" if waiting else f"nothing {place}"


def holds(gold: Gold, piece: Mapping[str, Any]) -> bool:
    """Whether a passage or citation, as in an answer's body, is of a gold source."""
    return gold.holds(piece["document_id"], piece["page"], piece["start"], piece["end"])
