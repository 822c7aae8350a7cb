"""Which variants are named."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.types import Document, Kind
from rag.variants import not_meant
from tests.rag.generations import a_document

TITLES = {
    "moss-m": "Trail 500 Bike – Moss, M",
    "moss-l": "Trail 500 Bike – Moss, L",
    "ochre-l": "Trail 500 Bike – Ochre, L",
}


def documents(titles: dict[str, str] = TITLES) -> list[Document]:
    own = [
        a_document(id, title=title, kind=Kind.SPEC, variant_ids=(id,))
        for id, title in titles.items()
    ]
    review = a_document("review", title="Heavy", kind=Kind.REVIEW, variant_ids=("moss-l",))
    return [*own, review, a_document("manual", title="Trail 500 Bike – Moss manual")]


@pytest.mark.parametrize(
    ("question", "meant"),
    [
        ("Is size L in stock?", {"moss-l", "ochre-l"}),
        ("is the ochre one heavier?", {"ochre-l"}),
        ("What does the moss bike in M weigh?", {"moss-m"}),
        ("How heavy is it?", set(TITLES)),
        ("How heavy is the Trail 500?", set(TITLES)),
        ("I'm 180 cm tall, what's the weight?", set(TITLES)),
        ("l or m?", set(TITLES)),
    ],
)
def test_the_variants_that_are_named(question: str, meant: set[str]) -> None:
    left_out = not_meant(question, documents())
    assert set(TITLES) - left_out == meant
    assert ("review" in left_out) == ("moss-l" not in meant)


@given(st.text("LM ochrems?", max_size=20), st.sets(st.sampled_from(sorted(TITLES))))
def test_something_is_always_left_and_never_what_is_of_no_variant(
    question: str, ids: set[str]
) -> None:
    found = documents({id: TITLES[id] for id in ids})
    left = {one.id for one in found} - not_meant(question, found)
    assert "manual" in left
    assert bool(left & ids) == bool(ids)
