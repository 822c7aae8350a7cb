"""The questions about a shop not of our making can be used where its documents are not."""

from collections import Counter
from pathlib import Path

from rag.evaluation.questions import Item
from rag.evaluation.read import read

QUESTIONS = Path(__file__).parent.parent / "benchmarks" / "contoso.jsonl"
OF_A_PRODUCT = {"spec", "sibling", "yesno", "howto", "care", "warranty"}
KINDS = OF_A_PRODUCT | {"policy", "followup", "unanswerable"}


def test_every_row_is_of_the_test_split_and_has_an_id_of_its_own() -> None:
    items = read(QUESTIONS, "test").items
    assert len(items) == len(read(QUESTIONS).items) == 120
    assert len({item.id for item in items}) == len({_asked(item) for item in items}) == 120


def test_answerable_and_not() -> None:
    items = read(QUESTIONS).items
    assert Counter(item.answerable for item in items) == {True: 90, False: 30}
    for item in items:
        assert item.answerable == bool(item.answers) == bool(item.sources), item.id
        assert item.answerable == (item.kind != "unanswerable"), item.id


def test_kinds_and_pages() -> None:
    items = read(QUESTIONS).items
    assert {item.kind for item in items} == KINDS
    assert {item.product_id for item in items} == {None, *map(str, range(1, 21))}
    for item in items:
        assert item.product_id or item.kind not in OF_A_PRODUCT, item.id
        assert bool(item.history) == (item.kind == "followup"), item.id
        assert item.kind != "yesno" or item.answers[0] in ("yes", "no"), item.id


def test_a_product_s_answers_stand_in_its_own_documents_or_the_shop_s() -> None:
    for item in read(QUESTIONS).items:
        for source in item.sources:
            name = source.document or ""
            if item.product_id and ("products.csv" in name or "manuals/" in name):
                own = (
                    f"products.csv#{item.product_id}",
                    f"manuals/product_info_{item.product_id}.md",
                )
                assert name in own, item.id


def _asked(item: Item) -> tuple[str | None, str]:
    return item.product_id, item.text
