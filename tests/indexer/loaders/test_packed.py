import gzip
import zipfile
from pathlib import Path

import docx
import pytest
from openpyxl import Workbook

import indexer.loaders.packed
from rag.types import Kind
from tests.indexer.reading import read, read_all, refusal

LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE w:document [<!ENTITY a "ha">'
    + "".join(
        f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    + ']><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
    "<w:body><w:p><w:r><w:t>&i;</w:t></w:r></w:p></w:body></w:document>"
)


def rewritten(path: Path, member: str, text: str) -> bytes:
    """The zip with another text in one of its members."""
    out = path.with_name("rewritten" + path.suffix)
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, text if name == member else old.read(name))
    return out.read_bytes()


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.md.gz", b"# Title\n\nWords."),
        ("a.txt.GZ", b"Words."),
        ("a.html.gz", b"<main><p>Words.</p></main>"),
    ],
)
def test_any_format_may_be_packed(tmp_path: Path, name: str, data: bytes) -> None:
    document = read(tmp_path, name, gzip.compress(data))
    assert document.text.endswith("Words.")
    assert (document.id, document.source) == (name, name)


def test_a_packed_feed_is_a_feed(tmp_path: Path) -> None:
    rows = b'{"id": "KT-1", "title": "Kettle", "price": "30 GBP"}\n' * 1
    document = read(tmp_path, "all.jsonl.gz", gzip.compress(rows))
    assert (document.kind, document.product_ids) == (Kind.SPEC, ("KT-1",))
    assert document.id == "all.jsonl.gz#KT-1"


def test_the_name_without_the_packing_tells(tmp_path: Path) -> None:
    document = read(tmp_path, "size-guide.txt.gz", gzip.compress(b"Words."))
    assert (document.title, document.kind) == ("Size guide", Kind.MANUAL)


@pytest.mark.parametrize("data", [b"", b"rubbish", gzip.compress(b"Words." * 999)[:-9]])
def test_what_is_not_packed_right_says_so(tmp_path: Path, data: bytes) -> None:
    error = str(refusal(tmp_path, "a.txt.gz", data))
    assert "cannot be unpacked" in error or "holds no text" in error


def test_what_unpacks_to_too_much_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexer.loaders.packed, "LIMIT", 1 << 20)
    error = refusal(tmp_path, "a.txt.gz", gzip.compress(b"x" * (2 << 20)))
    assert "unpacks to more than 1 MB" in str(error)
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr("word/document.xml", b"x" * (2 << 20))
    data = (tmp_path / "bomb.zip").read_bytes()
    for name in ("a.docx", "a.xlsx"):
        assert "unpacks to more than 1 MB" in str(refusal(tmp_path, name, data))


def test_nothing_unpacked_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    read_all(tmp_path, "a.md.gz", gzip.compress(b"Words."))
    read_all(tmp_path, "b.md.gz", b"rubbish")
    assert list((tmp_path / "temporary").iterdir()) == []


@pytest.mark.timeout(30)
def test_a_billion_laughs_are_not_heard(tmp_path: Path) -> None:
    document = docx.Document()
    document.add_paragraph("x")
    document.save(str(tmp_path / "a.docx"))
    data = rewritten(tmp_path / "a.docx", "word/document.xml", LAUGHS)
    assert "ha" * 50 not in str(read_all(tmp_path, "laughs.docx", data))
    book = Workbook()
    assert book.active is not None
    book.active.append(["sku", "Lid"])
    book.save(tmp_path / "a.xlsx")
    sheet = LAUGHS.replace("w:document", "worksheet")
    data = rewritten(tmp_path / "a.xlsx", "xl/worksheets/sheet1.xml", sheet)
    assert "ha" * 50 not in str(read_all(tmp_path, "laughs.xlsx", data))
