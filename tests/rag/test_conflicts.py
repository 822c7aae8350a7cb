"""Sources that differ."""

from collections.abc import Sequence
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.conflicts import conflicts, settled
from rag.types import Evidence, Kind
from tests.rag.generations import a_document


def said(
    text: str,
    id: str,
    kind: Kind = Kind.SPEC,
    products: Sequence[str] = ("P",),
    variants: Sequence[str] = (),
    since: date | None = None,
) -> Evidence:
    document = a_document(
        id,
        text=text,
        kind=kind,
        product_ids=tuple(products),
        variant_ids=tuple(variants),
        effective_from=since,
    )
    return Evidence(document, 0, len(text), 0.5)


def test_another_number_of_the_same_is_a_conflict_and_the_spec_wins() -> None:
    manual = said("It weighs 1.3 kg.", "m", Kind.MANUAL)
    spec = said("Weighs: 1.2 kg", "s")
    assert list(conflicts([manual, spec])) == [(spec, manual)]


def test_the_policy_that_came_later_wins() -> None:
    old = said("Returns are accepted within 14 days.", "o", Kind.POLICY, (), since=date(2025, 1, 1))
    new = said("Returns are accepted within 30 days.", "n", Kind.POLICY, (), since=date(2026, 1, 1))
    assert list(conflicts([old, new])) == [(new, old)]
    assert settled([old, new]) == ([new], [(new, old)])


def test_a_denial_of_the_same_words_is_a_conflict() -> None:
    pair = [said("The lid is dishwasher-safe.", "a"), said("The lid is not dishwasher-safe.", "b")]
    assert len(list(conflicts(pair))) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (said("Weight: 1.2 kg", "a"), said("Weight: 1200 g", "b")),
        (said("Weight: 1.2 kg", "a"), said("Cable length: 90 cm", "b")),
        (said("Weight: 1.2 kg", "a"), said("Weight: 1.3 kg", "b", products=("Q",))),
        (
            said("Weight: 1.2 kg", "a", variants=("V1",)),
            said("Weight: 1.3 kg", "b", variants=("V2",)),
        ),
        (said("Weight: 1.2 kg", "a"), said("Weight: 1.3 kg", "b", Kind.REVIEW)),
        (said("Weight: 1.2 kg", "a"), said("Weight: 1.2 kg with the 3 m cable", "b")),
        (said("Limit temperature: 0 °C", "a"), said("Extreme temperature: −14 °C", "b")),
        (said("Fill weight: 460 g", "a"), said("Weight | 0.94 kg | 1.02 kg", "b")),
        (
            said("Comfort temperature: −6 °C", "a"),
            said(
                "Choose your bag by its comfort temperature. The figures assume a hat and a mat "
                "with an R-value of 4.5. On a thinner mat reckon with 5 °C less.",
                "b",
            ),
        ),
        (
            said("Charging time: 3 h", "a"),
            said("Charging time of the Cell 20: 5 h", "b", products=("P", "Q")),
        ),
    ],
)
def test_no_conflict(one: Evidence, other: Evidence) -> None:
    assert list(conflicts([one, other])) == []


texts = st.sampled_from(
    ["Weight: 1.2 kg", "Weight: 1.3 kg", "It weighs 1.3 kg", "Not safe", "Safe", "Cable: 90 cm"]
)
pieces = st.lists(
    st.builds(said, texts, st.sampled_from("abcdef"), st.sampled_from(list(Kind))), max_size=6
)


@given(pieces)
def test_settling_leaves_out_what_loses_and_puts_the_winner_in_its_place(
    evidence: list[Evidence],
) -> None:
    unique = list({piece.document.id: piece for piece in evidence}.values())
    standing, pairs = settled(unique)
    lost = [loser for _, loser in pairs]
    assert sorted(map(id, unique)) == sorted({*map(id, standing), *map(id, lost)})
    assert not {*map(id, standing)} & {*map(id, lost)}
    assert bool(standing) == bool(unique)
    if len(pairs) == 1:
        ((winner, loser),) = pairs
        assert winner.kind.precedence <= loser.kind.precedence
        assert standing.index(winner) <= unique.index(loser)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            said("The 1.7 L kettle boils in 3 minutes.", "a"),
            said("The 1.7 L kettle boils in 5 minutes.", "b"),
        ),
        (said("It weighs 1.3 kg.", "a"), said("Weighs: 1.2 kg", "b", products=("P", "Q"))),
    ],
)
def test_what_agrees_beside_it_and_other_owners_hide_no_conflict(
    one: Evidence, other: Evidence
) -> None:
    assert len(list(conflicts([one, other]))) == 1
