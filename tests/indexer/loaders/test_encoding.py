import random
from pathlib import Path

import pytest

from indexer.loaders.encoding import decode, read_lines
from rag.errors import DocumentError
from tests.indexer.reading import read, refusal

EUROPEAN = "The café in Zürich déjà vu: größer, schöner, für über fünf Gäste."
JAPANESE = "このケトルの容量は1.7リットルです。\n保証期間は2年間です。水に浸けないでください。"
CHINESE = "这个水壶的容量是一点七升，保修两年。"
RUSSIAN = "Гарантия на чайник два года. Не погружайте в воду."


@pytest.mark.parametrize("text", [EUROPEAN, JAPANESE, CHINESE, RUSSIAN, "👩\u200d🍳"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_unicode(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding)) == text


@pytest.mark.parametrize("mark", [b"\xfe\xff", b"\0\0\xfe\xff"])
def test_big_endian(mark: bytes) -> None:
    assert decode(mark + EUROPEAN.encode(f"utf-{len(mark) * 8}-be")) == EUROPEAN


@pytest.mark.parametrize("text", [EUROPEAN, RUSSIAN, "Weight: 1 kg", '{"id": 1}\n' * 50_000])
@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding)) == text


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (EUROPEAN, "cp1252"),
        (EUROPEAN, "latin-1"),
        ("Price £45 – 10 €", "cp1252"),
        ("Größe", "latin-1"),
        ("Zażółć gęślą jaźń, gwarancja dwa lata, półtora litra", "cp1250"),
        (CHINESE, "gb18030"),
        (JAPANESE, "shift_jis"),
        (RUSSIAN, "cp1251"),
        ("plain text\n" * 100_000 + JAPANESE, "shift_jis"),
    ],
)
def test_older_encodings_are_told_by_their_text(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding)) == text


@pytest.mark.parametrize(
    "data",
    [
        b"\0\0\0",
        bytes(range(256)),
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + random.Random(1).randbytes(2_000),
        b"PK\x03\x04" + random.Random(2).randbytes(2_000),
        b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n" + random.Random(3).randbytes(2_000),
        CHINESE.encode("utf-16-le"),
    ],
)
@pytest.mark.parametrize("name", ["a.txt", "a.md", "a.csv", "a.json", "a.jsonl"])
def test_what_is_no_text_is_refused(tmp_path: Path, name: str, data: bytes) -> None:
    message = str(refusal(tmp_path, name, data + b"\n"))
    assert message.startswith("is no text but binary data")


def test_bytes_of_no_encoding_are_refused(tmp_path: Path) -> None:
    data = bytes(byte | 0x80 for byte in random.Random(4).randbytes(2_000))
    assert "is not text in any known encoding" in str(refusal(tmp_path, "a.txt", data))


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "utf-16-le", "cp1252"]
)
def test_lines_are_those_of_the_whole(tmp_path: Path, encoding: str) -> None:
    text = "eins\n\nGröße\u00a0für zwei\r\ndrei"
    path = tmp_path / "a"
    path.write_bytes(text.encode(encoding))
    assert list(read_lines(path)) == ["eins\n", "\n", "Größe\u00a0für zwei\r\n", "drei"]


def test_a_line_that_is_no_text_leaves_the_others(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes("größer\n".encode() * 40_000 + b"\xfc\xff\x00\n" + b"end")
    *lines, broken, last = read_lines(path)
    assert set(lines) == {"größer\n"}
    assert isinstance(broken, DocumentError) and "line 40001 is not text" in str(broken)
    assert last == "end"


def test_text_that_stops_short(tmp_path: Path) -> None:
    data = b"\xff\xfe" + "Weight".encode("utf-16-le") + b"\0"
    assert isinstance(refusal(tmp_path, "a.jsonl", data), DocumentError)
    assert isinstance(refusal(tmp_path, "a.txt", data), DocumentError)


def test_zeros_here_and_there_are_dropped(tmp_path: Path) -> None:
    assert read(tmp_path, "a.txt", "Weight:\0 1 kg, " * 20).text.startswith("Weight: 1 kg, ")
