import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.spelling import corrected, nearest, parts

KNOWN = {
    "versand": 1,
    "kosten": 1,
    "arbeit": 1,
    "zeit": 1,
    "water": 1,
    "proof": 1,
    "netz": 1,
    "teil": 1,
}


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("versandkosten", ("versand", "kosten")),
        ("arbeitszeit", ("arbeit", "zeit")),
        ("netzteil", ("netz", "teil")),
        ("waterproof", ("water", "proof")),
        ("versand", None),
        ("zeitx", None),
        ("kostenlos", None),
        ("12versand34", None),
        ("", None),
    ],
)
def test_compounds(word: str, expected: tuple[str, str] | None) -> None:
    assert parts(word, KNOWN) == expected


@given(st.text(max_size=20))
def test_parts_are_known_words_that_begin_and_end_it(word: str) -> None:
    found = parts(word, KNOWN)
    if found is not None:
        assert word.startswith(found[0]) and word.endswith(found[1])
        assert set(found) <= KNOWN.keys()


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("arbiet", "arbeit"),
        ("versant", "versand"),
        ("vresannd", "versand"),
        ("verssanndt", None),
        ("versandkostn", None),
        ("zeiz", None),
        ("ziet", "zeit"),
        ("ezit", None),
        ("prof", "proof"),
        ("zei", None),
        ("k0sten", None),
    ],
)
def test_typing_errors(word: str, expected: str | None) -> None:
    assert nearest(word, list(KNOWN)) == expected


def test_a_short_word_that_may_be_either_of_two_is_neither() -> None:
    assert nearest("trat", ["treat"]) == "treat"
    assert nearest("trat", ["treat", "tract"]) is None


def test_two_errors_are_forgiven_in_a_long_word() -> None:
    assert nearest("dishwsaherr", ["dishwasher", "dish"]) == "dishwasher"
    assert nearest("dishwsaher", []) is None


SAID = ["weight", "carry", "dimmed", "ladezeit", "grösse", "2.45", "kg"]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("total weght to carry", "total weight to carry"),
        ("Total WEGHT, please", "Total weight, please"),
        ("wie lang ist die ladzeit?", "wie lang ist die ladezeit?"),
        ("wie groß", "wie groß"),
        ("what's the carrying weight-class of IPX4?", "what's the carrying weight-class of IPX4?"),
        ("isn't it dimed-out", "isn't it dimed-out"),
        ("这款灯有多重，weght？", "这款灯有多重，weight？"),
        ("", ""),
    ],
)
def test_typing_errors_are_mended_with_what_is_said(typed: str, meant: str) -> None:
    assert corrected(typed, "total to carrying please".split().__contains__, lambda: SAID) == meant


@given(st.text("abcdefg äß'-1 .?水", max_size=30), st.sets(st.text("abcdefgä", min_size=1)))
def test_what_is_known_stays_and_nothing_else_comes_in(text: str, said: set[str]) -> None:
    asked = []

    def words() -> set[str]:
        asked.append(True)
        return said

    assert corrected(text, lambda _: True, words) == text and not asked
    found = corrected(text, lambda _: False, words)
    kept = [word for word in found.split() if word not in text.split()]
    assert all(any(word in piece for word in said) for piece in kept)
    assert corrected(text, lambda _: False, lambda: []) == text
