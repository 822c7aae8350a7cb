"""What a draft sentence may say over its evidence."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from rag.bounds import bounds
from rag.quantities import numbers
from rag.text import content_terms
from rag.types import Block, BlockKind, Citation, Evidence, Kind, Verdict
from rag.verification import resolves, verify, without_markers
from tests.rag.generations import a_document

SUPPORTED, CONTRADICTED, UNSUPPORTED = Verdict.SUPPORTED, Verdict.CONTRADICTED, Verdict.UNSUPPORTED

WORDS = (
    "kettle cord base lid filter holds weighs boils steel water steam quiet loud milk warranty "
    "not never no yes without IPX4 USB-C3 BR-KT17"
).split()
UNITS = ["L", "cm", "kg", "W", "minutes", "days", ""]
literals = st.one_of(st.integers(0, 9999).map(str), st.decimals(0, 99, places=1).map(str))
quantities = st.tuples(literals, st.sampled_from(UNITS)).map(lambda pair: " ".join(pair).strip())
quotes = (
    st.lists(st.one_of(st.sampled_from(WORDS), quantities), min_size=1, max_size=9)
    .map(" ".join)
    .filter(content_terms)
)


def fact(quote: str, title: str = "Brook kettle", heading: str = "") -> Evidence:
    text = f"{heading}\n{quote}" if heading else quote
    blocks = (Block(BlockKind.HEADING, 0, len(heading), 1),) if heading else ()
    document = a_document(text=text, title=title, blocks=blocks)
    return Evidence(document, len(text) - len(quote), len(text), 0.9)


def verdict(sentence: str, quote: str, title: str = "Brook kettle", heading: str = "") -> Verdict:
    return verify("", sentence, [fact(quote, title, heading)]).verdict


@pytest.mark.parametrize(
    ("sentence", "quote", "expected"),
    [
        ("The kettle holds 1.7 L.", "Holds 1.7 L", SUPPORTED),
        ("The kettle holds 2.2 L.", "Holds 1.7 L", CONTRADICTED),
        ("The power is 1.25 W.", "The power is 1,250 W.", CONTRADICTED),
        ("The power is 1.25 W.", "Power: 1,250 W", CONTRADICTED),
        ("The power is 1250 W.", "Power: 1,250 W", SUPPORTED),
        ("Das Gewicht ist 1,25 kg.", "Gewicht: 1,250 kg", SUPPORTED),
        ("It was made 9,000 years ago.", "It was made 9,000 years ago in what is Peru.", SUPPORTED),
        ("It holds 17 L of fresh water.", "Holds 1,7 L of fresh water", CONTRADICTED),
        ("It holds 1,7 L of fresh water.", "Holds 1.7 L of fresh water", SUPPORTED),
        ("It makes seven mugs.", "Makes 7 mugs", SUPPORTED),
        ("It makes eight mugs.", "Makes 7 mugs", CONTRADICTED),
        ("The cord is 90 cm long.", "The cord is 90 mm long.", CONTRADICTED),
        ("It lasts 2 years.", "It lasts 2 months.", CONTRADICTED),
        ("It boils in 2 min.", "It boils in 2 minutes.", SUPPORTED),
        ("The cord is 90 cm long.", "Cord length (cm): 90 long", SUPPORTED),
        ("Its comfort limit is -5 °C.", "Comfort limit: -5 °C", SUPPORTED),
        ("Its comfort limit is 5 °C.", "Comfort limit: -5 °C", CONTRADICTED),
        ("Its comfort limit is −5 °C.", "Comfort limit: 5 °C", CONTRADICTED),
        ("Delivery takes 5 days.", "Delivery takes 3-5 days.", SUPPORTED),
        ("The offer ends on 31.12.2026.", "The offer ends on 31.12.2026.", SUPPORTED),
        ("The offer ends on 31.12.2027.", "The offer ends on 31.12.2026.", CONTRADICTED),
        ("The kettle is rated IPX4.", "Rated IPX4", SUPPORTED),
        ("Rated IPX7 against splashing water.", "Rated IPX4 against splashing water", CONTRADICTED),
    ],
)
def test_numbers_units_and_codes_must_stand_there(
    sentence: str, quote: str, expected: Verdict
) -> None:
    assert verdict(sentence, quote) is expected


@pytest.mark.parametrize(
    ("sentence", "quote", "expected"),
    [
        ("It is not dishwasher-safe.", "The kettle is dishwasher-safe.", CONTRADICTED),
        ("The kettle is dishwasher-safe.", "It is not dishwasher-safe.", CONTRADICTED),
        ("It doesn't whistle.", "It does not whistle.", SUPPORTED),
        ("Yes, it is dishwasher-safe.", "Dishwasher-safe: No", CONTRADICTED),
        ("No, it is not dishwasher-safe.", "Dishwasher-safe: Yes", CONTRADICTED),
        ("Yes, it is dishwasher-safe.", "Dishwasher-safe: Yes", SUPPORTED),
        ("Yes, the lid is not dishwasher-safe.", "The lid is not dishwasher-safe.", CONTRADICTED),
        ("Yes, but not the lid.", "Yes, but not the lid.", SUPPORTED),
        ("Der Deckel ist spülmaschinenfest.", "Deckel nicht spülmaschinenfest", CONTRADICTED),
    ],
)
def test_polarity_must_be_the_same(sentence: str, quote: str, expected: Verdict) -> None:
    assert verdict(sentence, quote) is expected


def test_most_words_must_stand_there() -> None:
    quote = "The cord of the kettle is 90 cm long."
    assert verdict("The kettle plays music and tells jokes.", quote) is UNSUPPORTED
    assert verdict("The cord is long and beautifully golden braided silk.", quote) is UNSUPPORTED
    assert verdict("The cord is 90 cm.", quote) is SUPPORTED


@pytest.mark.parametrize("sentence", ["", " ", "It is.", "…", "[1]"])
def test_a_sentence_without_content_is_unsupported(sentence: str) -> None:
    assert verify("", sentence, [fact("The cord is 90 cm long.")]) == (UNSUPPORTED, None)


def test_the_title_and_headings_lend_words_but_not_the_fact() -> None:
    assert verdict("The Brook kettle weighs 1 kg.", "Weight: weighs 1 kg") is SUPPORTED
    assert verdict("The Brook kettle warranty.", "Boils fast", heading="Warranty") is UNSUPPORTED


def test_what_only_repeats_the_question_or_the_name_says_nothing() -> None:
    question, pieces = "Is the cord of the kettle long?", [fact("The cord is 90 cm long.")]
    assert verify(question, "The cord of the Brook kettle is long.", pieces).verdict is UNSUPPORTED
    assert verify(question, "The Brook kettle.", pieces).verdict is UNSUPPORTED
    assert verify(question, "The cord is 90 cm.", pieces).verdict is SUPPORTED


def test_each_sentence_of_a_longer_quote_has_its_own_polarity() -> None:
    quote = "Rinse the filter with warm water. Do not use soap on the mesh."
    assert verdict("Rinse the filter with warm water.", quote) is SUPPORTED
    assert verdict("Do not use soap on the mesh.", quote) is SUPPORTED
    assert verdict("Use soap on the mesh.", quote) is CONTRADICTED
    assert verdict("Do not rinse the filter with warm water.", quote) is CONTRADICTED


def test_a_number_of_the_title_makes_no_other_fact_true() -> None:
    quote, title = "Capacity: 288 Wh", "Depot 300 power station"
    assert verdict("The Depot 300 has a capacity of 288 Wh.", quote, title) is SUPPORTED
    assert verdict("It has a capacity of 300 Wh.", quote, title) is CONTRADICTED
    assert verdict("The Depot 500 has a capacity of 288 Wh.", quote, title) is CONTRADICTED


def test_the_evidence_that_agrees_is_chosen_over_one_that_does_not() -> None:
    pieces = [fact("The cord is 75 cm long."), fact("The cord is 90 cm long."), fact("Red")]
    assert verify("", "The cord is 90 cm long.", pieces) == (SUPPORTED, 1)
    assert verify("", "The cord is 75 cm long.", pieces) == (SUPPORTED, 0)
    assert verify("", "The cord is 80 cm long.", pieces).verdict is CONTRADICTED


@pytest.mark.parametrize("stray", ["4.", "1.7", "–"])
def test_a_sentence_without_a_word_says_nothing(stray: str) -> None:
    assert verify("", stray, [fact(f"Step {stray}")]) == (UNSUPPORTED, None)


def test_no_evidence_supports_nothing() -> None:
    assert verify("", "The cord is 90 cm long.", []) == (UNSUPPORTED, None)


@given(quotes)
def test_a_quote_supports_itself(quote: str) -> None:
    assume(content_terms(quote.replace("yes", "").replace("no", "")))
    assume(any(character.isalpha() for character in quote))
    assert verify("", quote, [fact(quote)]) == (SUPPORTED, 0)


@given(quotes, literals, st.data())
def test_a_changed_number_is_never_supported(quote: str, other: str, data: st.DataObject) -> None:
    words = quote.split()
    places = [at for at, word in enumerate(words) if word[0].isdigit()]
    assume(places)
    known = frozenset().union(*numbers(quote))
    assume(not known & frozenset().union(*numbers(other)))
    words[data.draw(st.sampled_from(places))] = other
    assert verdict(" ".join(words), quote) is not SUPPORTED


@given(st.text(max_size=80), st.lists(st.text(min_size=1, max_size=80), max_size=4))
def test_supported_always_comes_with_its_evidence(sentence: str, found: list[str]) -> None:
    check = verify("", sentence, [fact(quote) for quote in found])
    assert (check.evidence is None) == (check.verdict is UNSUPPORTED)
    assert check.evidence is None or 0 <= check.evidence < len(found)


@pytest.mark.parametrize(
    "mark", ["[0]", "[99]", "[1-9999]", "[1, 2]", "[1][2]", "[ 1 ]", "[1–3]", "[1;2]", "[1] [2]"]
)
def test_citation_marks_are_removed(mark: str) -> None:
    assert without_markers(f"The cord {mark} is 90 cm long {mark}.") == "The cord is 90 cm long."
    assert without_markers(mark) == ""


def test_other_brackets_stay() -> None:
    assert without_markers("Press [Start] (1 s).") == "Press [Start] (1 s)."


@given(st.text(max_size=30), st.integers(-5, 40), st.integers(-5, 40), st.text(max_size=5))
def test_a_citation_resolves_only_to_its_own_words(
    text: str, start: int, end: int, other: str
) -> None:
    def cite(quote: str) -> Citation:
        return Citation(1, "a", "A", "a", None, Kind.PAGE, None, (), quote, start, end)

    assert resolves(cite(text[start:end]), text) == bool(text[start:end])
    assert resolves(cite(other), text) == (other != "" and other == text[start:end])


@pytest.mark.parametrize(
    ("sentence", "quote"),
    [
        ("No. We deliver on Saturdays.", "We do not deliver on Saturdays."),
        ("No, we deliver on Saturdays.", "We do not deliver on Saturdays."),
        ("The battery lasts 2 hours.", "Battery saver: 2 levels for the battery"),
        ("Delivery is £4.95.", "Delivery is €4.95."),
        ("The carrier pays the duty and sends the bill to the shop.", "The carrier collects duty."),
    ],
)
def test_what_a_small_model_gets_wrong_is_not_supported(sentence: str, quote: str) -> None:
    assert verify("", sentence, [fact(quote)]).verdict is not SUPPORTED


@pytest.mark.parametrize(
    ("sentence", "quote", "expected"),
    [
        ("The battery lasts at least 8 hours.", "The battery lasts up to 8 hours.", UNSUPPORTED),
        ("The battery lasts 8 hours.", "The battery lasts up to 8 hours.", CONTRADICTED),
        ("The battery lasts up to 8 hours.", "The battery lasts up to 8 hours.", SUPPORTED),
        ("Only the lid may be washed.", "The lid may be washed.", CONTRADICTED),
        ("The lid is lighter than the base.", "The lid and the base are light.", UNSUPPORTED),
        ("The cord is 0.9 m long.", "The cord is 90 cm long.", SUPPORTED),
        ("The cord is 9 m long.", "The cord is 90 cm long.", CONTRADICTED),
        ("The cord of the Forest kettle is long.", "The cord of the kettle is long.", UNSUPPORTED),
        ("The cord of the Brook kettle is long.", "The cord of the kettle is long.", SUPPORTED),
    ],
)
def test_bounds_units_and_names_are_those_of_the_source(
    sentence: str, quote: str, expected: Verdict
) -> None:
    assert verdict(sentence, quote) is expected


TWO = "The small kettle holds 1.0 l and the large kettle holds 1.7 l."
LAMP = "The lamp lasts 10 hours at low power and 3 hours at full power."
TAKES = "Delivery takes 2 days to London, 5 days to Lisbon."


@pytest.mark.parametrize(
    ("sentence", "quote", "expected"),
    [
        ("The small kettle holds 1.7 l.", TWO, CONTRADICTED),
        ("The large kettle holds 1.0 l.", TWO, CONTRADICTED),
        ("The large kettle holds 1.7 l.", TWO, SUPPORTED),
        ("The large kettle holds 1.7 l and the small kettle holds 1.0 l.", TWO, SUPPORTED),
        ("The small kettle holds 1.7 l and the large kettle holds 1.0 l.", TWO, CONTRADICTED),
        ("The lamp lasts 10 hours at full power.", LAMP, CONTRADICTED),
        ("The lamp lasts 3 hours at full power.", LAMP, SUPPORTED),
        ("The lamp lasts 600 minutes at low power.", LAMP, SUPPORTED),
        ("Delivery takes 5 days to London.", TAKES, CONTRADICTED),
        ("Delivery takes 5 days to Lisbon.", TAKES, SUPPORTED),
        ("Delivery takes 2 days to London.", TAKES, SUPPORTED),
        ("It weighs 2 kg and is 5 cm long.", "It is 5 cm long, 2 kg it weighs.", SUPPORTED),
        ("It comes in 5 cm.", "It comes in 3 cm, 5 cm and 7 cm.", SUPPORTED),
        ("小号容量为 3 升。", "小号容量为 1 升，大号容量为 3 升。", CONTRADICTED),
        ("Der kleine Topf fasst 3 l.", "Der kleine Topf fasst 1 l, der große 3 l.", CONTRADICTED),
    ],
)
def test_a_number_goes_with_the_words_beside_it(
    sentence: str, quote: str, expected: Verdict
) -> None:
    assert verdict(sentence, quote) is expected


clauses = st.lists(
    st.tuples(
        st.sampled_from("red blue green steel glass wooden".split()),
        st.integers(1, 99),
        st.sampled_from(["holds", "takes"]),
    ),
    min_size=2,
    max_size=4,
    unique_by=(lambda clause: clause[0], lambda clause: clause[1]),
)


@given(clauses, st.sampled_from([" and ", ", ", "; ", ". ", ", while "]), st.data())
def test_every_part_of_a_quote_stands_and_none_with_another_s_number(
    told: list[tuple[str, int, str]], between: str, data: st.DataObject
) -> None:
    quote = between.join(f"The {one} pot {verb} {number} cups" for one, number, verb in told) + "."
    part, other = data.draw(st.permutations(told))[:2]
    assert verdict(quote, quote) is SUPPORTED
    assert verdict(f"The {part[0]} pot {part[2]} {part[1]} cups.", quote) is SUPPORTED
    assert verdict(f"The {part[0]} pot {part[2]} {other[1]} cups.", quote) is not SUPPORTED


TIMES = [
    ("Charge the battery before use.", "Charge the battery after use."),
    ("You can return goods before 30 days.", "You can return goods after 30 days."),
    ("The shop is open from 9:00.", "The shop is open until 9:00."),
    ("Den Akku vor dem Gebrauch laden.", "Den Akku nach dem Gebrauch laden."),
    ("Der Laden ist ab 9 Uhr offen.", "Der Laden ist bis 9 Uhr offen."),
    ("Cargar la batería antes de usarla.", "Cargar la batería después de usarla."),
    ("La tienda abre desde las 9.", "La tienda abre hasta las 9."),
    ("Charger la batterie avant usage.", "Charger la batterie après usage."),
    ("请在使用前给电池充电。", "请在使用后给电池充电。"),
    ("到货30天之前可以退货。", "到货30天之后可以退货。"),
]


@pytest.mark.parametrize(("one", "other"), TIMES)
def test_before_is_not_after(one: str, other: str) -> None:
    assert bounds(one) and bounds(other) and not bounds(one) & bounds(other)
    assert SUPPORTED not in (verdict(one, other), verdict(other, one))
    assert verdict(one, one) is verdict(other, other) is SUPPORTED


@pytest.mark.parametrize(
    ("sentence", "quote", "expected"),
    [
        ("The lamp turns off.", "The lamp turns off after 30 minutes.", SUPPORTED),
        ("The lamp turns off in 30 minutes.", "The lamp turns off after 30 minutes.", CONTRADICTED),
        ("The kettle costs £20.", "The kettle costs from £20.", CONTRADICTED),
        ("The lamp lasts 9 hours.", "After a full charge the lamp lasts 9 hours.", SUPPORTED),
        ("Delivery takes 3 to 5 days.", "Delivery takes from 3 to 5 days.", SUPPORTED),
    ],
)
def test_a_number_keeps_the_word_before_it(sentence: str, quote: str, expected: Verdict) -> None:
    assert verdict(sentence, quote) is expected


def test_a_no_before_a_denial_is_supported() -> None:
    quote = "We do not deliver on Saturdays."
    for sentence in ("No, we do not deliver on Saturdays.", "We do not deliver on Saturdays."):
        assert verify("on saturday?", sentence, [fact(quote)]) == (SUPPORTED, 0)


def test_repeating_the_question_adds_nothing() -> None:
    quote = "The cord is 90 cm long."
    assert verify("Is the cord long?", "The cord is long.", [fact(quote)]).verdict is UNSUPPORTED


SPONGE = "Clean it with a soft sponge; a steam cleaner ruins the bearings."


@pytest.mark.parametrize(
    ("sentence", "quote", "expected"),
    [
        ("Use a floor pump.", "Use a shock pump. A floor pump damages the valve.", CONTRADICTED),
        ("Clean it with a steam cleaner.", SPONGE, CONTRADICTED),
        ("Clean it with a soft sponge.", SPONGE, SUPPORTED),
        ("A steam cleaner ruins the bearings.", SPONGE, SUPPORTED),
        ("Use brake fluid.", "Use mineral oil, brake fluid swells the seals.", CONTRADICTED),
        ("In den Trockner.", "Von Hand waschen. Der Trockner beschädigt den Bezug.", CONTRADICTED),
    ],
)
def test_what_is_named_for_its_harm_is_not_recommended(
    sentence: str, quote: str, expected: Verdict
) -> None:
    assert verdict(sentence, quote) is expected
