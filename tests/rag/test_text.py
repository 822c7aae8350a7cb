import time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.language import is_negated, language
from rag.quantities import codes, numbers
from rag.text import content_terms, matches, sentences, terms

PROSE = st.text(alphabet="ab Z.!?\n\t\"')]1e,。！中文½\u00a0", max_size=80) | st.text(max_size=80)


def _said(text: str) -> list[str]:
    return [text[span.start : span.end] for span in sentences(text)]


@given(PROSE)
def test_sentences_are_ordered_apart_trimmed_and_not_empty(text: str) -> None:
    end = 0
    for span in sentences(text):
        assert end <= span.start < span.end <= len(text)
        sentence = text[span.start : span.end]
        assert sentence == sentence.strip()
        end = span.end


@given(PROSE)
def test_no_visible_character_is_outside_every_sentence(text: str) -> None:
    inside = "".join(_said(text))
    assert "".join(inside.split()) == "".join(text.split())


@given(PROSE, st.data())
def test_sentences_of_a_stretch_stay_inside_it(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    found = [(span.start - start, span.end - start) for span in sentences(text, start, end)]
    for first, last in found:
        assert 0 <= first < last <= end - start


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It is red. It is big.", ["It is red.", "It is big."]),
        ("Really?! Yes.", ["Really?!", "Yes."]),
        ('He said "Stop." Then it boiled.', ['He said "Stop."', "Then it boiled."]),
        ("It holds 1.7 L. Fill it.", ["It holds 1.7 L. Fill it."]),
        ("It weighs 1.5 kg and is small.", ["It weighs 1.5 kg and is small."]),
        ("Use approx. Two cups, e.g. Assam.", ["Use approx. Two cups, e.g. Assam."]),
        ("1. Fill the tank. Then wait.", ["1. Fill the tank.", "Then wait."]),
        ("b. Fill the tank. Then wait.", ["b. Fill the tank.", "Then wait."]),
        ("First line\nsecond line", ["First line", "second line"]),
        ("可以退货。三十天内！", ["可以退货。", "三十天内！"]),
        ("See v2.0 beta. 5 days later.", ["See v2.0 beta.", "5 days later."]),
        ("  \n ", []),
    ],
)
def test_where_sentences_end(text: str, expected: list[str]) -> None:
    assert _said(text) == expected


@pytest.mark.parametrize(
    "text", ["." * 100_000, "Dr. A " * 20_000, "1" * 100_000, "½" * 50_000, "!\"'" * 30_000]
)
def test_hostile_runs_take_linear_time(text: str) -> None:
    started = time.perf_counter()
    list(sentences(text))
    numbers(text)
    assert time.perf_counter() - started < 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("XPS-13", ["xps13", "xps", "13"]),
        ("USB-C", ["usbc", "usb", "c"]),
        ("12V", ["12v", "12", "v"]),
        ("Batteries last", ["batteri", "last"]),
        ("the kettle's lid", ["the", "kettl", "lid"]),
        ("kettle’s", ["kettl"]),
        ("ＵＳＢ", ["usb"]),
        ("充电器", ["充电", "电器"]),
        ("水", ["水"]),
        ("65W充电器", ["65", "w", "充电", "电器"]),
        ("_ - !", []),
    ],
)
def test_search_terms(text: str, expected: list[str]) -> None:
    assert terms(text) == expected


@given(st.text(max_size=60))
def test_any_text_has_only_terms_with_something_in_them(text: str) -> None:
    assert all(term.strip() for term in terms(text))


def test_different_forms_of_a_word_share_a_term() -> None:
    assert terms("boiling") == terms("boils") == terms("Boiled")


def test_content_terms_leave_out_function_words() -> None:
    assert content_terms("What is the weight of the kettle?") == ["weight", "kettl"]
    assert content_terms("Wie lang ist das Kabel?") == ["lang", "kabel"]


def _values(*literals: str) -> frozenset[Decimal]:
    return frozenset(Decimal(literal) for literal in literals)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12V", [_values("12")]),
        ("2½ in", [_values("2.5")]),
        ("½ litre", [_values("0.5")]),
        ("2 ½ cups", [_values("2.5")]),
        ("9876543½", [_values("9876543.5")]),
        ("1,250", [_values("1250", "1.25")]),
        ("1.250,50", [_values("1250.5")]),
        ("1 250", [_values("1"), _values("250")]),
        ("1\u00a0250", [_values("1250")]),
        ("3-5 days", [_values("3"), _values("5")]),
        ("220–240 V", [_values("220"), _values("240")]),
        ("XPS-13", []),
        ("IPX4", []),
        ("BR-KT17", []),
        ("version 1.2.3", []),
        ("two years", [_values("2")]),
        ("30.0 cm", [_values("30")]),
    ],
)
def test_numbers(text: str, expected: list[frozenset[Decimal]]) -> None:
    assert numbers(text) == expected


@given(st.integers(0, 10**9), st.sampled_from(["{}", "{} kg", "about {}.", "({})", "{}W"]))
def test_a_written_integer_is_found(value: int, form: str) -> None:
    assert [Decimal(value)] == [v for values in numbers(form.format(value)) for v in values]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the XPS-13 laptop", {"xps-13"}),
        ("BR-KT17-SAGE", {"br-kt17-sage"}),
        ("IPX4 and IP67", {"ipx4", "ip67"}),
        ("USB-C3", {"usb-c3"}),
        ("USB-C", set()),
        ("12V", set()),
    ],
)
def test_codes(text: str, expected: set[str]) -> None:
    assert codes(text) == expected


@pytest.mark.parametrize(
    "text",
    ["It is not waterproof.", "It can’t.", "Never wash it.", "Nicht waschbar.", "不可退货", "No."],
)
def test_denials(text: str) -> None:
    assert is_negated(text)


@pytest.mark.parametrize("text", ["It is waterproof.", "A notebook.", "Knot", "可以退货"])
def test_what_is_no_denial(text: str) -> None:
    assert not is_negated(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("How long is the cord?", "en"),
        ("Wie lang ist das Kabel?", "de"),
        ("Größe?", "de"),
        ("电源线多长？", "zh"),
        ("KT12", "en"),
    ],
)
def test_language_of_a_question(text: str, expected: str) -> None:
    assert language(text) == expected


@pytest.mark.parametrize(
    ("text", "sought", "expected"),
    [
        ("The cord's length: 75 cm.", "cord long 75", ["cord's", "75"]),
        ("Boiling boils the kettle", "boiled the", ["Boiling", "boils"]),
        ("XPS-13 and USB-C", "xps13", ["XPS-13"]),
        ("水壶的电源线长75厘米", "电源线", ["电源", "源线"]),
        ("ＵＳＢ", "usb", ["ＵＳＢ"]),
        ("", "x", []),
    ],
)
def test_where_a_text_matches(text: str, sought: str, expected: list[str]) -> None:
    found = [text[span.start : span.end] for span in matches(text, set(terms(sought)))]
    assert found == expected
