"""Answers' bodies and gold → one number a question and column; None where it does not apply."""

from collections.abc import Mapping, Sequence
from typing import Any

from rag.evaluation import citing, words
from rag.evaluation.questions import Item
from rag.evaluation.ranking import DEPTH, measure
from rag.evaluation.sources import Gold, GoldSources

Scores = dict[str, float | None]
Bodies = Mapping[str, Mapping[str, Any]]


def score(
    items: Sequence[Item], bodies: Bodies, gold: GoldSources, products_of: citing.ProductsOf
) -> dict[str, Scores]:
    """Every column of every question, by its id."""
    found = {item.id: bodies[item.id]["passages"] for item in items}
    ranked = measure(found, gold.of)
    scores: dict[str, Scores] = {}
    for item in items:
        body, sources = bodies[item.id], gold.of[item.id]
        columns: Scores = {**ranked.get(item.id, {})}
        if sources:
            reciprocal = ranked[item.id]["mrr@10"]
            columns["gold_rank"] = float(round(1 / reciprocal) if reciprocal else DEPTH + 1)
        columns["retrieve_ms"] = body["timings_ms"].get("retrieve")
        if "status" in body:
            columns |= _answered(item, body, sources, products_of)
        scores[item.id] = columns
    return scores


def _answered(
    item: Item, body: Mapping[str, Any], sources: Sequence[Gold], products_of: citing.ProductsOf
) -> Scores:
    answered = body["status"] == "answered"
    columns: Scores = {
        "answered": float(answered),
        "abstained": float(not answered),
        "confidence": body["confidence"],
        "total_ms": body["timings_ms"].get("total"),
        **{name: body.get(name) for name in ("prompt_tokens", "draft_tokens", "answer_tokens")},
    }
    if item.answerable is not None:
        columns["answerable"] = float(item.answerable)
        columns["unanswerable"] = float(not item.answerable)
    precision = citing.source_precision(body, sources) if answered else None
    if item.answerable:
        columns |= _right(item, body, bool(sources), precision)
    if item.answerable is False or "correct" in columns:
        # Silence is right where the documents say nothing.
        columns["accurate"] = columns.get("correct", float(not answered))
    if answered:
        columns |= {
            "wrong": None if "accurate" not in columns else 1 - (columns["accurate"] or 0.0),
            "citation_precision": precision,
            "citation_recall": citing.source_recall(body, sources),
            "entailment_precision": citing.entailed_precision(body),
            "entailment_recall": citing.entailed_recall(body),
            "wrong_product": citing.wrong_product(body, item.product_id, sources, products_of),
        }
    return columns


def _right(item: Item, body: Mapping[str, Any], sourced: bool, precision: float | None) -> Scores:
    """How an answerable question was answered; silence scores nothing."""
    answered = body["status"] == "answered"
    text = body["answer"] if answered else ""
    quoted = " ".join(citation["quote"] for citation in body["citations"]) if answered else ""
    cites = float(bool(precision)) if sourced else 1.0
    columns: Scores = {}
    if item.answers:
        columns |= {
            "exact_match": words.exact_match(text, item.answers),
            "token_f1": words.token_f1(text, item.answers) if answered else 0.0,
            "contains": words.says(text, item.answers),
        }
    if item.answers or sourced:
        said = columns.get("contains", float(answered)) or 0.0
        shown = words.says(quoted, item.answers) if item.answers else float(answered)
        columns["correct"] = said * cites
        columns["quote_correct"] = shown * cites
    return columns
