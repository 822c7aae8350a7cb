"""How evidence becomes the sentences of an answer."""

from collections.abc import Iterable, Iterator
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.comparison import compared
from rag.entailment import Entails
from rag.statements import MOST, Said, statements
from rag.types import Block, BlockKind, Evidence, Kind
from tests.rag.generations import a_document


def piece(
    text: str,
    id: str = "d",
    kind: Kind = Kind.SPEC,
    heading: str = "",
    block: BlockKind = BlockKind.PARAGRAPH,
    score: float = 0.8,
    since: date | None = None,
) -> Evidence:
    whole = f"{heading}\n{text}" if heading else text
    begin = len(whole) - len(text)
    head = (Block(BlockKind.HEADING, 0, len(heading), 1),) if heading else ()
    blocks = (*head, Block(block, begin, len(whole)))
    document = a_document(
        id, text=whole, kind=kind, blocks=blocks, product_ids=("P",), effective_from=since
    )
    return Evidence(document, begin, len(whole), score)


def row(text: str, id: str = "d", score: float = 0.8) -> Evidence:
    return piece(text, id, block=BlockKind.ROW, score=score)


def never() -> Iterator[str]:
    yield from (pytest.fail("no draft was needed") for _ in range(1))


def told(
    question: str,
    evidence: list[Evidence],
    draft: Iterable[str] = (),
    near: float = 0.9,
    entails: Entails | None = None,
) -> list[Said]:
    return list(statements(question, evidence, draft, lambda text: near, lambda of: 7, entails))


def texts(*arguments: object, **options: object) -> list[str]:
    return [one.text for one in told(*arguments, **options)]  # type: ignore[arg-type]


def test_what_a_model_of_inference_denies_is_not_said() -> None:
    manual = piece("Rinse the filter with warm water.", kind=Kind.MANUAL)
    draft = ["Rinse the filter with warm water!", "Rinse the filter."]
    asked = []

    def entails(premise: str, hypothesis: str) -> bool:
        asked.append((premise, hypothesis))
        return "!" not in hypothesis

    said = told("How do I clean the filter?", [manual], draft, entails=entails)
    assert [one.text for one in said] == draft[1:]
    assert asked == [(f"{manual.document.title}: {manual.quote}", one) for one in draft]
    assert told("Weight?", [row("Weight: 1 kg")], entails=lambda *_: pytest.fail("a quotation"))


def test_the_value_of_a_row_comes_first_and_no_model_is_asked() -> None:
    assert texts("How heavy is it?", [row("Weight: 1.15 kg")], never()) == ["1.15 kg (Weight)"]


def test_a_policy_is_quoted_with_the_day_it_came_into_force() -> None:
    policy = piece("Returns within 45 days.", kind=Kind.POLICY, since=date(2026, 3, 1))
    assert texts("How long do I have?", [policy], never()) == [
        "The policy in force since 1 March 2026 says: “Returns within 45 days.”"
    ]


def test_prose_is_reworded_as_far_as_it_is_verified() -> None:
    manual = piece("Rinse the filter with warm water.", kind=Kind.MANUAL)
    draft = ["Rinse the filter with warm water!", "It was made on the moon."]
    assert texts("How do I clean the filter?", [manual], draft)[0] == draft[0]
    assert texts("How do I clean the filter?", [manual], draft[1:]) == [
        "The manual says: “Rinse the filter with warm water.”"
    ]


@pytest.mark.parametrize(
    ("evidence", "first"),
    [
        (row("Dishwasher-safe: No"), "No – Dishwasher-safe: No"),
        (row("Noise when dishwasher-safe: no"), "No – Noise when dishwasher-safe: no"),
        (
            piece("No. Only the lid is.", kind=Kind.FAQ, heading="Is it dishwasher-safe?"),
            "No. Only the lid is.",
        ),
        (
            piece("Wash it by hand.", kind=Kind.MANUAL),
            "The documents don't say yes or no; the manual says: “Wash it by hand.”",
        ),
    ],
)
def test_a_yes_or_no_only_where_a_source_says_it(evidence: Evidence, first: str) -> None:
    assert texts("Is it dishwasher-safe?", [evidence], never())[0] == first


def test_a_yes_to_something_else_is_not_taken() -> None:
    found = [row("BPA-free: Yes")]
    assert texts("Is it dishwasher-safe?", found, near=0.2)[0].startswith("The documents don't say")


def test_a_question_in_the_negative_gets_no_yes() -> None:
    found = [row("Dishwasher-safe: Yes")]
    assert not texts("Isn't it dishwasher-safe?", found)[0].startswith(("Yes", "No"))


def test_opinions_are_counted_and_quoted() -> None:
    found = [
        piece("Loud as a jet.", "r1", Kind.REVIEW),
        piece("So quiet!", "r2", Kind.REVIEW, score=0.7),
    ]
    assert texts("Is it loud, say buyers?", found, never()) == [
        "2 of 7 reviews speak of it. One says: “Loud as a jet.”",
        "Another says: “So quiet!”",
    ]


def test_what_adds_nothing_is_left_out() -> None:
    found = [row("Weight: 1.15 kg", "a"), row("Weight: 1150 g", "b"), row("Height: 20 cm", "c")]
    assert texts("How heavy?", found) == ["1.15 kg (Weight)", "20 cm (Height)"]


kinds = st.sampled_from(list(Kind))
lines = st.sampled_from(["Weight: 1 kg", "It is red.", "No. Never.", "Press it.", "Wi-Fi: Yes"])
found = st.lists(
    st.builds(piece, lines, st.sampled_from("abcdefg"), kinds, st.sampled_from(["", "Red?"])),
    min_size=1,
    max_size=6,
    unique_by=lambda one: one.document.id,
)
questions = st.sampled_from(["Is it red?", "How heavy is it?", "What do buyers say?", "颜色？"])


@given(questions, found, st.lists(st.text(max_size=40), max_size=3), st.floats(0, 1))
def test_every_sentence_rests_on_evidence_and_opinions_are_marked(
    question: str, evidence: list[Evidence], draft: list[str], near: float
) -> None:
    answer = told(question, evidence, draft, near)
    assert 1 <= len(answer) <= MOST + len(draft)
    assert all(one.evidence in evidence and one.text.strip() for one in answer)
    kinds = {one.evidence.kind for one in answer}
    assert Kind.REVIEW not in kinds or kinds == {Kind.REVIEW}


def test_products_are_compared_by_the_row_they_share() -> None:
    found = {
        "Small": [row("Height: 20 cm", "a", 0.9), row("Weight: 1 kg", "b", 0.8)],
        "Large": [row("Weight: 2 kg", "c", 0.7), row("Colour: red", "d", 0.6)],
    }
    assert [one.text for one in compared(found, 0.5)] == [
        "Small: 1 kg (Weight)",
        "Large: 2 kg (Weight)",
    ]
    assert compared({"A": [row("Height: 1 cm")], "B": [row("Weight: 1 kg")]}, 0.5) == []
    assert compared(found, 0.9) == []
