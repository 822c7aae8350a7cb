"""Measures of retrieval against figures worked out by hand."""

from math import log2

import pytest

from rag.evaluation.ranking import measure
from rag.evaluation.sources import Gold
from rag.types import Span
from tests.rag.evaluation.bodies import gold, passage

A, B, C = "d1", "d2", "d3"


def measured(found: list[str], *sources: str) -> dict[str, float]:
    return measure({"q": [passage(id) for id in found]}, {"q": [gold(s) for s in sources]})["q"]


def test_one_source_at_rank_two() -> None:
    scores = measured([B, A, C], A)
    assert (scores["hit@1"], scores["hit@3"], scores["recall@5"]) == (0, 1, 1)
    assert scores["mrr@10"] == pytest.approx(1 / 2)
    assert scores["ndcg@10"] == pytest.approx(1 / log2(3))


def test_two_sources_and_one_found_twice() -> None:
    scores = measured([A, A, C, B], A, B)
    assert (scores["hit@1"], scores["recall@5"], scores["mrr@10"]) == (1, 1, 1)
    ideal = 1 + 1 / log2(3)
    assert scores["ndcg@10"] == pytest.approx((1 + 1 / log2(5)) / ideal)


def test_half_of_the_sources() -> None:
    scores = measured([A, C], A, B)
    assert (scores["recall@10"], scores["hit@10"]) == (0.5, 1)


def test_the_sixth_is_beyond_five() -> None:
    scores = measured([C] * 5 + [A], A)
    assert (scores["hit@5"], scores["hit@10"], scores["recall@5"]) == (0, 1, 0)


def test_grades_weigh() -> None:
    found = {"q": [passage(A), passage(B)]}
    scores = measure(found, {"q": [gold(A), gold(B, grade=3)]})["q"]
    assert scores["ndcg@10"] == pytest.approx((1 + 3 / log2(3)) / (3 + 1 / log2(3)))


def test_what_is_not_in_the_index_is_never_found() -> None:
    nowhere = gold(A)
    nowhere = type(nowhere)(nowhere.source, {})
    scores = measure({"q": [passage(A)]}, {"q": [nowhere]})["q"]
    assert set(scores.values()) == {0.0}


def test_no_gold_no_measure() -> None:
    assert measure({"q": [passage(A)]}, {"q": []}) == {}
    assert measure({"q": []}, {"q": [gold(A)]})["q"]["hit@10"] == 0


@pytest.mark.parametrize(
    ("source", "rank"),
    [
        (gold(A), 1),
        (gold(A, page=2), 2),
        (gold(A, page=3), None),
        (gold(A, span=Span(29, 40)), 2),
        (gold(A, span=Span(10, 20)), None),
    ],
)
def test_page_and_quote_must_fit(source: Gold, rank: int | None) -> None:
    found = [passage(A, page=1), passage(A, page=2, start=20, end=30)]
    scores = measure({"q": found}, {"q": [source]})["q"]
    assert scores["mrr@10"] == (1 / rank if rank else 0)
