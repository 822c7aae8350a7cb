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


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "latin-1", "cp1252"]
)
def test_encodings(tmp_path: Path, encoding: str) -> None:
    text = "The café in Zürich déjà vu: größer, schöner, für über fünf Gäste."
    data = text.encode(encoding)
    if encoding == "utf-16-le":
        data = b"\xff\xfe" + data
    assert read(tmp_path, "a.txt", data).text == text


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Price £45 – 10 €", "cp1252"),
        ("Größe", "latin-1"),
        ("Zażółć gęślą jaźń, gwarancja dwa lata, półtora litra", "cp1250"),
        ("这个水壶的容量是一点七升，保修两年。", "gbk"),
        ("Гарантия на чайник два года. Не погружайте в воду.", "cp1251"),
    ],
)
def test_other_encodings_are_told_by_their_text(tmp_path: Path, text: str, encoding: str) -> None:
    assert read(tmp_path, "a.txt", text.encode(encoding)).text == text


@pytest.mark.parametrize(
    "hidden",
    ["\0", "\x1b", "\u200b", "\u202e", "\u2066", "\ufeff", "\u00ad", "\U000e0041", "\x7f"],
)
def test_characters_nobody_sees_are_dropped(tmp_path: Path, hidden: str) -> None:
    assert read(tmp_path, "a.txt", f"re{hidden}d\n\n{hidden}\n\nblue").text == "red\n\nblue"


def test_joiners_that_shape_letters_and_emoji_stay(tmp_path: Path) -> None:
    text = "می\u200cخواهم 👩\u200d🍳"
    assert read(tmp_path, "a.txt", text).text == text


@pytest.mark.parametrize("data", [b"", b" \n\t\r\n", b"\0\0\0", "\u200b\u202e".encode()])
def test_a_file_without_text_is_reported(tmp_path: Path, data: bytes) -> None:
    assert isinstance(refusal(tmp_path, "a.txt", data), EmptyDocumentError)


@pytest.mark.parametrize("end", ["\r\n", "\r", "\n", "\x0b", "\u2028"])
def test_line_ends_of_all_kinds(tmp_path: Path, end: str) -> None:
    assert read(tmp_path, "a.txt", f"one{end}two").text == "one two"
