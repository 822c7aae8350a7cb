"""Quantities across units."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.quantities import Quantity, quantities
from rag.units import NAMED, UNITS, same


def states(claim: str, source: str) -> bool:
    stated = quantities(source)
    return all(any(one.agrees(other) for other in stated) for one in quantities(claim))


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("1.15 kg", "1150 g"),
        ("12 lbs", "5.44 kg"),
        ("1 inch", "25.4 mm"),
        ("½ in.", "12.7 mm"),
        ("105 minutes", "1 h 45 min"),
        ("68 °F", "20 °C"),
        ("20 degrees", "20 °C"),
        ("£5", "5 pounds"),
        ("CHF 14.90", "14.90 Franken"),
        ("EUR 5", "5 €"),
        ("kr 129", "129 SEK"),
        ("12 zł", "PLN 12"),
        ("12 pounds", "12 lb"),
        ("2 years", "24 months"),
        ("2 weeks", "14 days"),
        ("1.5 kW", "1500 watts"),
        ("0.3 L", "300 ml"),
        ("两 2 公斤", "2 kg"),
    ],
)
def test_the_same_in_another_unit(claim: str, source: str) -> None:
    assert states(claim, source)


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("12 lb", "5.3 kg"),
        ("2 hours", "1 h 45 min"),
        ("90 cm", "90 mm"),
        ("£5", "€5"),
        ("CHF 5", "5 €"),
        ("1.2 kg", "1150 g"),
        ("2 months", "2 weeks"),
        ("20 °F", "20 °C"),
        ("5 Wh", "5 W"),
    ],
)
def test_not_the_same(claim: str, source: str) -> None:
    assert not states(claim, source)


@pytest.mark.parametrize(
    ("text", "beside", "values"),
    [
        ("The power is 1,250 W.", "", ["1250"]),
        ("The weight is 1.250 kg.", "", ["1.25"]),
        ("Die Leistung ist 1.250 W.", "", ["1250"]),
        ("Das Gewicht ist 1,250 kg.", "", ["1.25"]),
        ("功率为 1,250 瓦。", "", ["1250"]),
        ("Power: 1,250 W", "", ["1.25", "1250"]),
        ("Power: 1,250 W", "The power is it.", ["1250"]),
        ("Gewicht: 1,250 kg", "Das Gewicht ist es.", ["1.25"]),
        ("1,250.5 W", "", ["1250.5"]),
        ("1.250,5 W", "", ["1250.5"]),
        ("1,250,000 W", "", ["1250000"]),
        ("1,7 L", "", ["1.7"]),
        ("0,250 L", "", ["0.25"]),
        ("1.2.3", "", []),
        ("Sizes 3,5,7", "", []),
    ],
)
def test_a_number_is_read_as_its_language_writes_it(
    text: str, beside: str, values: list[str]
) -> None:
    found = frozenset[Decimal]().union(*(one.values for one in quantities(text, beside)))
    assert found == set(map(Decimal, values))


@given(
    st.decimals(0, 10**6, places=3), st.sampled_from(sorted(NAMED)), st.sampled_from(sorted(NAMED))
)
def test_conversion_is_symmetric_and_stays_in_its_dimension(
    value: Decimal, name: str, other: str
) -> None:
    one, another = NAMED[name], NAMED[other]
    assert same(value, one, value, one)
    for its in (value, value * 2, value / 3):
        assert same(value, one, its, another) == same(its, another, value, one)
        assert one.measures == another.measures or not same(value, one, its, another)


def test_every_spelling_is_read_as_its_unit() -> None:
    for spelling, unit in UNITS.items():
        if spelling not in "£€$":
            assert quantities(f"3 {spelling}") == [Quantity(frozenset({Decimal(3)}), unit.name)], (
                spelling
            )


def test_in_is_an_inch_only_where_nothing_follows() -> None:
    assert [one.unit for one in quantities("6 in the box, 4 x 5 in.")] == [None, None, "in"]
