"""Measures of retrieval against figures worked out by hand."""

from math import log2

import ir_measures
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.evaluation.ranking import MEASURES, measure
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


def quoted(at: int, grade: int = 1) -> Gold:
    """A source whose words stand at one character of the document."""
    return gold(A, grade=grade, span=Span(at, at + 1))


def test_a_passage_finds_all_the_sources_it_holds() -> None:
    whole, other = passage(A, start=0, end=10), passage(B)
    sources = [quoted(1), quoted(5)]
    assert set(measure({"q": [whole, other]}, {"q": sources})["q"].values()) == {1.0}
    late = measure({"q": [other] * 4 + [whole]}, {"q": sources})["q"]
    assert (late["recall@5"], late["hit@5"], late["mrr@10"]) == (1, 1, 1 / 5)
    one_each = [other] * 4 + [passage(A, start=1, end=2), passage(A, start=5, end=6)]
    assert late["ndcg@10"] == measure({"q": one_each}, {"q": sources})["q"]["ndcg@10"]


def test_what_a_passage_finds_besides_takes_nothing_from_the_next() -> None:
    found = [passage(A, start=0, end=10), passage(B), passage(C)]
    scores = measure({"q": found}, {"q": [quoted(1), quoted(5), gold(C)]})["q"]
    assert scores["recall@5"] == 1
    assert scores["ndcg@10"] == pytest.approx(1)


held = st.lists(st.integers(0, 5), min_size=1, max_size=6)
"""The characters at which sources are quoted."""
stretches = st.lists(st.tuples(st.integers(0, 6), st.integers(1, 6)), max_size=12)
"""Passages by start and length; those from 6 on hold nothing."""


@given(held, st.data(), stretches)
def test_every_measure_lies_between_none_and_all(
    at: list[int], data: st.DataObject, where: list[tuple[int, int]]
) -> None:
    grades = data.draw(st.lists(st.integers(1, 3), min_size=len(at), max_size=len(at)))
    sources = [quoted(*one) for one in zip(at, grades, strict=True)]
    found = [passage(A, start=start, end=start + length) for start, length in where]
    scores = measure({"q": found}, {"q": sources})["q"]
    assert scores.keys() == set(MEASURES)
    assert all(0 <= score <= 1 + 1e-9 for score in scores.values())
    for k in (5, 10):
        within = [any(p["start"] <= one < p["end"] for p in found[:k]) for one in at]
        assert scores[f"recall@{k}"] == pytest.approx(sum(within) / len(at))
        assert scores[f"hit@{k}"] == any(within)


@given(held, stretches)
def test_all_found_first_is_all(at: list[int], then: list[tuple[int, int]]) -> None:
    """However many passages it takes, as long as each finds something new."""
    left, found = set(at), []
    for start, length in [*then, *((one, 1) for one in sorted(set(at)))]:
        new = left & set(range(start, start + length))
        if new:
            left -= new
            found.append(passage(A, start=start, end=start + length))
    scores = measure({"q": found}, {"q": [quoted(one) for one in at]})["q"]
    deep_enough = {name for name in MEASURES if name != "recall@5" or len(found) <= 5}
    assert all(scores[name] == pytest.approx(1) for name in deep_enough)


@given(
    st.lists(st.sampled_from("abcdefg"), max_size=12), st.sets(st.sampled_from("abcxy"), min_size=1)
)
def test_recall_is_that_of_ir_measures_where_a_passage_holds_one_source(
    found: list[str], sources: set[str]
) -> None:
    once = list(dict.fromkeys(found))
    scores = measured(once, *sorted(sources))
    qrels = {"q": dict.fromkeys(sources, 1)}
    run = {"q": {id: -float(rank) for rank, id in enumerate(once)}}
    for k in (5, 10):
        theirs = ir_measures.calc_aggregate([ir_measures.R @ k], qrels, run)
        assert scores[f"recall@{k}"] == pytest.approx(theirs[ir_measures.R @ k])
