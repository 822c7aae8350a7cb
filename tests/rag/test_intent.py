"""What questions want."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.intent import asks_yes_or_no, wanted
from rag.units import MONEY


@pytest.mark.parametrize(
    "question",
    [
        "Is it dishwasher-safe?",
        "My father forgets to fill it. Does it cut out by itself?",
        "flat is small, can it stand in a corner",
        "Kann man es in die Spülmaschine geben?",
        "Gibt es das auch in Rot?",
        "可以给手机充电吗？",
    ],
)
def test_yes_or_no(question: str) -> None:
    assert asks_yes_or_no(question)


@pytest.mark.parametrize(
    "question",
    [
        "How heavy is it?",
        "is it loud? how many decibels",
        "Can you tell me the weight",
        "What do I do when it is full?",
        "Wie schwer ist es?",
        "重量是多少？",
        "weight",
    ],
)
def test_not_yes_or_no(question: str) -> None:
    assert not asks_yes_or_no(question)


@pytest.mark.parametrize(
    ("question", "measures"),
    [
        ("How heavy is it?", {"mass"}),
        ("how many watts does it pull", {"power"}),
        ("How long is the cable?", {"time", "calendar", "length"}),
        ("How many days until it is here?", {"time", "calendar"}),
        ("How much is delivery?", MONEY),
        ("fan noise in decibels?", {"sound"}),
        ("Wie laut ist es?", {"sound"}),
        ("这个多重？", {"mass"}),
        ("I use it every day. What colour is it?", set()),
        ("Will a 15 inch laptop fit?", set()),
    ],
)
def test_what_is_to_be_measured(question: str, measures: set[str]) -> None:
    assert wanted(question).measures == measures


def test_an_amount_of_something_counted() -> None:
    assert wanted("How many cups?").number
    assert not wanted("Which cup?").number


@given(st.text(max_size=200))
def test_any_text_can_be_read(text: str) -> None:
    assert wanted(text) == wanted(text)


@pytest.mark.parametrize(
    ("question", "steps"),
    [
        ("How do I clean it?", True),
        ("how to descale", True),
        ("What do I have to do before the first cup?", True),
        ("Wie reinige ich den Filter?", True),
        ("怎么清洗？", True),
        ("How heavy is it?", False),
        ("How long do I have to send it back?", False),
        ("Wie viel wiegt es?", False),
        ("What do reviewers say?", False),
    ],
)
def test_who_wants_to_know_what_to_do(question: str, steps: bool) -> None:
    assert wanted(question).steps is steps
