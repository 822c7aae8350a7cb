"""What a follow-up leans on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.conversation import context, leans

ALONE = "How many litres of water does the large kettle hold?"


@pytest.mark.parametrize(
    "question",
    [
        "and in blue?",
        "What about the larger model of the kettle without the base?",
        "Is the case just as waterproof?",
        "ok so how many minutes until the kettle boils a litre of water again",
        "does that hold for kettles bought abroad by somebody else?",
        "Und wie lange dauert der Versand nach Österreich mit Express?",
        "那保修期呢？",
        "sundays as well?",
    ],
)
def test_a_follow_up_leans_on_the_question_before(question: str) -> None:
    assert leans(question) and context(question, [ALONE]) == ALONE


@pytest.mark.parametrize(
    "question",
    [ALONE, "Which warranty covers headphones bought in Germany for business?"],
)
def test_a_whole_question_stands_alone(question: str) -> None:
    assert context(question, ["Is the tent waterproof?"]) == ""


def test_a_chain_is_followed_back_to_what_stands_alone() -> None:
    history = ["Do you ship glass lamps to private addresses in Norway?", ALONE, "how long is it?"]
    assert context("and then?", history) == f"{ALONE} how long is it?"


def test_it_does_not_go_back_for_ever() -> None:
    assert context("and?", [f"and {at}?" for at in range(9)]) == "and 6? and 7? and 8?"


@given(st.text(), st.lists(st.text(), max_size=5))
def test_the_context_is_an_end_of_the_history(question: str, history: list[str]) -> None:
    found = context(question, history)
    assert found in {" ".join(history[at:]) for at in range(len(history) + 1)}
    assert leans(question) or found == ""
