"""Measures of texts against figures worked out by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.evaluation.words import entails, exact_match, says, token_f1, tokens


@pytest.mark.parametrize(
    ("text", "accepted", "expected"),
    [
        ("The Portugal.", ["portugal"], 1),
        ("In Portugal", ["Portugal"], 0),
        ("45 days", ["30 days", "45 DAYS"], 1),
        ("", ["x"], 0),
    ],
)
def test_exact_match(text: str, accepted: list[str], expected: float) -> None:
    assert exact_match(text, accepted) == expected


@pytest.mark.parametrize(
    ("text", "accepted", "expected"),
    [
        ("a red kettle", ["the red kettle"], 1),
        ("red kettle", ["red"], 2 * 1 / (2 + 1)),
        ("red red kettle", ["red kettle kettle"], 2 * 2 / (3 + 3)),
        ("blue", ["red"], 0),
        ("红色水壶", ["红色"], 2 * 2 / (4 + 2)),
        ("", ["red"], 0),
        ("x", [], 0),
    ],
)
def test_token_f1(text: str, accepted: list[str], expected: float) -> None:
    assert token_f1(text, accepted) == pytest.approx(expected)


@given(st.text(max_size=30), st.text(max_size=30))
def test_f1_is_a_share_and_does_not_mind_the_order(one: str, other: str) -> None:
    assert 0 <= token_f1(one, [other]) <= 1
    assert token_f1(one, [other]) == token_f1(other, [one])
    assert token_f1(one, [one]) == 1


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("It weighs 1.15 kg.", "1.15 kg"),
        ("It weighs 1,15 kg.", "1.15 kg"),
        ("It runs for 32 hours.", "32 h"),
        ("Up to seven mugs.", "7 mugs"),
        ("Between 10 and 30 °C.", "10–30 °C"),
        ("It is made of polypropylenes.", "polypropylene"),
        ("Yes, it is.", "yes"),
        ("Ja.", "ja"),
        ("颜色是红色。", "红色"),
        ("The price is £29.00 flat.", "£29"),
    ],
)
def test_an_answer_is_held(text: str, answer: str) -> None:
    assert says(text, ["something else", answer])


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("It weighs 1.5 kg.", "1.15 kg"),
        ("It runs for 32 minutes.", "32 h"),
        ("Fourteen cups", "4 cups"),
        ("14 cups", "4 cups"),
        ("2–3 working days; later 4–6 weeks.", "3–6 working days"),
        ("It is rendered.", "red"),
        ("It says yes.", "yes"),
        ("Nothing", "no"),
        ("IPX4", "IPX7"),
        ("", "x"),
    ],
)
def test_an_answer_is_not_held(text: str, answer: str) -> None:
    assert not says(text, [answer])


@pytest.mark.parametrize(
    ("sentence", "sources"),
    [
        ("The cord is 90 cm long.", ["Cord", "The cord is 90 cm long."]),
        ("The FAQ says: “The cord is\n90 cm long.”", ["The cord is 90 cm long."]),
        ("The Brook kettle is 1.15 kg.", ["Brook Kettle 1.7 L\nWeight: 1.15 kg"]),
        ("It weighs 1.15 kg and has a cord of 90 cm.", ["weighs: 1.15 kg", "Cord: 90 cm"]),
        ("It cannot boil milk.", ["You can boil water. You cannot boil milk in it."]),
    ],
)
def test_what_is_entailed(sentence: str, sources: list[str]) -> None:
    assert entails(sentence, tuple(sources))


@pytest.mark.parametrize(
    ("sentence", "sources"),
    [
        ("The cord is 95 cm long.", ["The cord is 90 cm long."]),
        ("The cord is not 90 cm long.", ["The cord is 90 cm long."]),
        ("The FAQ says: “Everything is free.”", ["The cord is 90 cm long."]),
        ("It is rated IPX7.", ["It is rated IPX4."]),
        ("The handle is made of polished walnut.", ["The cord is 90 cm long."]),
        ("The cord is 90 cm long.", []),
    ],
)
def test_what_is_not_entailed(sentence: str, sources: list[str]) -> None:
    assert not entails(sentence, tuple(sources))


@given(st.text(max_size=60))
def test_a_text_says_itself(text: str) -> None:
    if tokens(text):
        assert says(text, [text])
    if text.strip():
        assert entails(text, (text,))
