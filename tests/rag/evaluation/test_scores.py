"""Citations, silence and the columns of a question, by hand."""

from collections.abc import Sequence
from typing import Any

import pytest

from rag.evaluation import citing
from rag.evaluation.questions import Item, Source
from rag.evaluation.scores import Scores, score
from rag.evaluation.sources import Gold, GoldSources
from tests.rag.evaluation.bodies import body, citation, gold

SAYS = "The cord is 90 cm long."
CORD = citation(1, "d1", SAYS, page=2)
OTHER = citation(2, "d9", "Milk burns.")


def scored(item: Item, answer: dict[str, Any], *sources: Gold) -> Scores:
    known = GoldSources({item.id: sources}, (), (), {})
    products = {"d1": ("P",), "d9": ("Q",)}

    def products_of(id: str) -> Sequence[str]:
        return products.get(id, ())

    return score([item], {item.id: answer}, known, products_of)[item.id]


def item(**changes: Any) -> Item:
    values: dict[str, Any] = {"id": "q", "text": "How long?", "place": "line 1", "answerable": True}
    return Item(**{**values, **changes})


ANSWERED = body((SAYS, [1]), cited=(CORD,))


def test_citations_by_gold_source() -> None:
    two = body((SAYS, [1]), ("Milk burns.", [2]), cited=(CORD, OTHER))
    assert citing.source_precision(two, [gold("d1"), gold("d2")]) == 1 / 2
    assert citing.source_recall(two, [gold("d1"), gold("d2"), gold("d3")]) == pytest.approx(1 / 3)
    assert citing.source_precision(two, [gold("d1", page=2)]) == 1 / 2
    assert citing.source_precision(two, [gold("d1", page=3)]) == 0
    assert citing.source_precision(two, []) is None
    assert citing.source_recall(body(), [gold("d1")]) is None


def test_citations_by_entailment() -> None:
    good_and_bad = body((SAYS, [1]), ("It is red.", [2]), cited=(CORD, OTHER))
    assert citing.entailed_recall(good_and_bad) == 1 / 2
    assert citing.entailed_precision(good_and_bad) == 1 / 2
    needless = body((SAYS, [1, 2]), cited=(CORD, OTHER))
    assert citing.entailed_recall(needless) == 1
    assert citing.entailed_precision(needless) == 1 / 2
    halves = citation(1, "d1", "Cord: 90 cm"), citation(2, "d2", "Weight: 1 kg")
    together = body(("The cord is 90 cm, the weight 1 kg.", [1, 2]), cited=halves)
    assert (citing.entailed_precision(together), citing.entailed_recall(together)) == (1, 1)
    assert citing.entailed_recall(body()) is None


def test_a_right_answer() -> None:
    found = scored(item(answers=("90 cm",), sources=(Source("d1"),)), ANSWERED, gold("d1"))
    expected = {
        "hit@1": 1, "gold_rank": 1, "answered": 1, "abstained": 0, "answerable": 1,
        "unanswerable": 0, "contains": 1, "exact_match": 0, "correct": 1, "quote_correct": 1,
        "accurate": 1, "wrong": 0, "citation_precision": 1, "citation_recall": 1,
        "entailment_recall": 1, "wrong_product": 0, "retrieve_ms": 1, "total_ms": 2,
    }  # fmt: skip
    assert {name: found[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("changes", "sources", "correct"),
    [
        ({"answers": ("95 cm",)}, (), 0),
        ({"answers": ("90 cm",)}, ("d2",), 0),  # says it, and cites another document
        ({"answers": ("90 cm",)}, (), 1),
        ({}, ("d1",), 1),
        ({}, ("d2",), 0),
    ],
)
def test_what_is_correct(changes: dict[str, Any], sources: tuple[str, ...], correct: float) -> None:
    known = item(sources=tuple(Source(s) for s in sources), **changes)
    found = scored(known, ANSWERED, *(gold(s) for s in sources))
    assert (found["correct"], found["accurate"], found["wrong"]) == (correct, correct, 1 - correct)


def test_silence() -> None:
    missed = scored(item(answers=("yes",)), body())
    assert (missed["contains"], missed["token_f1"], missed["correct"]) == (0, 0, 0)
    assert (missed["abstained"], missed["accurate"]) == (1, 0)
    assert "wrong" not in missed and "citation_precision" not in missed
    right = scored(item(answerable=False), body())
    assert (right["unanswerable"], right["abstained"], right["accurate"]) == (1, 1, 1)
    assert "correct" not in right
    said_too_much = scored(item(answerable=False), ANSWERED)
    assert (said_too_much["accurate"], said_too_much["wrong"]) == (0, 1)


def test_without_gold_only_what_needs_none() -> None:
    found = scored(item(answerable=None), ANSWERED)
    assert found.keys().isdisjoint({"correct", "accurate", "contains", "answerable", "hit@1"})
    assert (found["wrong"], found["entailment_recall"]) == (None, 1)


@pytest.mark.parametrize(
    ("product", "sources", "expected"),
    [("P", (), 0), ("Q", (), 1), (None, ("d1",), 0), (None, ("d9",), 1), (None, (), None)],
)
def test_the_wrong_product(
    product: str | None, sources: tuple[str, ...], expected: float | None
) -> None:
    found = scored(item(product_id=product), ANSWERED, *(gold(s) for s in sources))
    assert found["wrong_product"] == expected


def test_a_shop_wide_document_is_of_no_wrong_product() -> None:
    policy = body((SAYS, [1]), cited=(citation(1, "returns", SAYS),))
    assert scored(item(product_id="P"), policy)["wrong_product"] == 0


def test_retrieval_alone() -> None:
    found = {"passages": ANSWERED["passages"], "timings_ms": {"retrieve": 3.0}, "generation": "g"}
    scores = scored(item(sources=(Source("d2"),)), found, gold("d2"))
    assert (scores["hit@1"], scores["hit@3"], scores["retrieve_ms"]) == (0, 1, 3)
    assert scores.keys().isdisjoint({"answered", "correct", "confidence"})
