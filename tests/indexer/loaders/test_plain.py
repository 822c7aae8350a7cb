from pathlib import Path

import pytest

from rag.errors import EmptyDocumentError
from rag.types import Block, BlockKind
from tests.indexer.reading import pieces, read, refusal


def test_blocks_and_offsets(tmp_path: Path) -> None:
    text = "Descaling\n\nDescale every\ntwo months.\n \n1. Fill\n2) Boil\n- Rinse\n"
    document = read(tmp_path, "care.txt", text)
    assert document.text == ("Descaling\n\nDescale every two months.\n\n1. Fill\n2) Boil\n- Rinse")
    assert document.blocks[:3] == (
        Block(BlockKind.PARAGRAPH, 0, 9),
        Block(BlockKind.PARAGRAPH, 11, 36),
        Block(BlockKind.ITEM, 38, 45),
    )
    assert [kind for kind, _ in pieces(document)[2:]] == ["item"] * 3


def test_an_item_further_in_stands_below_the_one_before(tmp_path: Path) -> None:
    document = read(
        tmp_path, "a.txt", "Terms:\n 1. Covered:\n   - seams\n 2. Not covered:\n   - fire"
    )
    assert [kind for kind, _ in pieces(document)] == [
        "paragraph", "item", "item1", "item", "item1",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "hidden",
    ["\0", "\x1b", "\u200b", "\u202e", "\u2066", "\ufeff", "\u00ad", "\U000e0041", "\x7f"],
)
def test_characters_nobody_sees_are_dropped(tmp_path: Path, hidden: str) -> None:
    assert read(tmp_path, "a.txt", f"re{hidden}d\n\n{hidden}\n\nblue").text == "red\n\nblue"


def test_joiners_that_shape_letters_and_emoji_stay(tmp_path: Path) -> None:
    text = "می\u200cخواهم 👩\u200d🍳"
    assert read(tmp_path, "a.txt", text).text == text


@pytest.mark.parametrize("data", [b"", b" \n\t\r\n", "\u200b\u202e".encode()])
def test_a_file_without_text_is_reported(tmp_path: Path, data: bytes) -> None:
    assert isinstance(refusal(tmp_path, "a.txt", data), EmptyDocumentError)


@pytest.mark.parametrize("end", ["\r\n", "\r", "\n", "\x0b", "\u2028"])
def test_line_ends_of_all_kinds(tmp_path: Path, end: str) -> None:
    assert read(tmp_path, "a.txt", f"one{end}two").text == "one two"


def test_a_list_with_its_lead_in_and_what_follows(tmp_path: Path) -> None:
    text = (
        "In the box\nyou will find:\n- the kettle, with\n  its base\n- a limescale\nfilter\n"
        "Keep the box.\nIt is needed for returns.\n"
    )
    assert pieces(read(tmp_path, "a.txt", text)) == [
        ("paragraph", "In the box you will find:"),
        ("item", "- the kettle, with its base"),
        ("item", "- a limescale filter"),
        ("paragraph", "Keep the box. It is needed for returns."),
    ]


def test_numbered_attributes_stay_steps(tmp_path: Path) -> None:
    found = pieces(read(tmp_path, "a.txt", "1. Fill: up to the mark\n2. Boil: until it clicks"))
    assert [kind for kind, _ in found] == ["item", "item"]
