import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.draft import Outline, clean
from rag.types import BlockKind, Page

BLOCKS = st.lists(st.tuples(st.sampled_from(BlockKind), st.text(max_size=30)), max_size=12)


@given(BLOCKS)
def test_blocks_are_the_cleaned_texts_in_order(blocks: list[tuple[BlockKind, str]]) -> None:
    outline = Outline()
    for kind, text in blocks:
        outline.add(kind, text)
    draft = outline.finish()
    found = [(block.kind, draft.text[block.start : block.end]) for block in draft.blocks]
    assert found == [(kind, clean(text)) for kind, text in blocks if clean(text)]


@given(st.lists(st.lists(st.text(max_size=10), max_size=3), max_size=5))
def test_pages_cover_the_text_without_gaps(pages: list[list[str]]) -> None:
    outline = Outline()
    for number, texts in enumerate(pages, 1):
        outline.begin_page(number)
        for text in texts:
            outline.add(BlockKind.PARAGRAPH, text)
    draft = outline.finish()
    assert [page.number for page in draft.pages] == list(range(1, len(pages) + 1))
    ends = [0, *(page.end for page in draft.pages)]
    assert [page.start for page in draft.pages] == ends[:-1]
    assert ends[-1] == len(draft.text)


@given(st.text())
def test_cleaning_twice_changes_nothing(text: str) -> None:
    assert clean(clean(text)) == clean(text)


@given(st.text(alphabet="a \n\t\r\u00a0\u2003\u200b\ud800\x00b"))
def test_cleaned_lines_are_trimmed_and_single_spaced(text: str) -> None:
    cleaned = clean(text)
    assert set(cleaned) <= set("ab \n")
    assert "  " not in cleaned
    assert all(line and line == line.strip() for line in cleaned.split("\n") if cleaned)


def test_a_page_without_text_is_empty() -> None:
    outline = Outline()
    outline.begin_page(1)
    outline.begin_page(2)
    outline.add(BlockKind.PARAGRAPH, "x")
    assert outline.finish().pages == (Page(1, 0, 0), Page(2, 0, 1))


HAZARDS = "".join(
    [
        "a b\n1*ؠیकक्ക你❤👩🏽🔥\u3000",
        "\0\x1b\x7f\x85\x0b\x0c\x1f\u00ad\u034f\u061c\u115f\u180e\u200b\u200c\u200d\u200e\u200f",
        "\u2028\u2029\u202a\u202e\u2060\u2066\u2069\u3164\ufe00\ufe0e\ufe0f\ufeff\uffa0\ufff9\uffff",
        "\ud800\udfff\U000e0001\U000e0041\U000e007f\U000e0100\U000e01ef",
    ]
)
JOINERS = {"\u200c", "\u200d", "\ufe0e", "\ufe0f"}


@given(st.text(alphabet=HAZARDS, max_size=40))
def test_nothing_unseen_is_left_but_joiners_between_what_they_join(text: str) -> None:
    cleaned = clean(text)
    assert clean(cleaned) == cleaned
    for at, character in enumerate(cleaned):
        if character in JOINERS:
            before = cleaned[at - 1] if at else " "
            assert not before.isascii() or before in "1*"
            assert before not in "\u200c\u200d"
            assert character in "\ufe0e\ufe0f" or not cleaned[at + 1].isspace()
        elif character != "\n":
            assert unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Cn"), ascii(character)
            assert not unicodedata.name(character).startswith("VARIATION SELECTOR")


@given(st.text(alphabet=HAZARDS, max_size=40))
def test_what_is_seen_is_kept(text: str) -> None:
    seen = {character for character in text if unicodedata.category(character)[0] in "LNPS"}
    assert seen - set("\u115f\u3164\uffa0") <= set(clean(text))


@pytest.mark.parametrize(
    "word",
    [
        "می\u200cخواهم",  # Persian
        "क्\u200dष",  # Devanagari
        "ന്\u200dറെ",  # Malayalam
        "👩\u200d🍳",
        "👨\u200d👩\u200d👧",
        "👩🏽\u200d🚒",
        "❤\ufe0f\u200d🔥",
        "1\ufe0f\u20e3",
        "™\ufe0f",
    ],
)
def test_what_shapes_a_word_stays(word: str) -> None:
    assert clean(f"a {word} b") == f"a {word} b"


@pytest.mark.parametrize(
    ("smuggled", "left"),
    [
        ("ig\u200dno\u200cre", "ignore"),
        ("x\ufe0f\ufe01\ufe02y", "xy"),
        ("❤\ufe0f\ufe0f\ufe0f", "❤\ufe0f"),
        ("👍" + "".join(chr(0xE0100 + byte) for byte in b"obey"), "👍"),
        ("".join(chr(0xE0000 + byte) for byte in b"obey"), ""),
        ("می\u200c\u200d\u200cخ", "میخ"),
        ("\u202egnirts\u202c", "gnirts"),
        ("sof\u00adt", "soft"),
        ("one\x0btwo\x0cthree", "one two three"),
    ],
)
def test_what_only_hides_is_dropped(smuggled: str, left: str) -> None:
    assert clean(smuggled) == left
