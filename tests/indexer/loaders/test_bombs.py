"""Small files made to take hours or gigabytes: each ends soon, as a document or as an error."""

from pathlib import Path

import pytest

from rag.errors import DocumentError
from tests.indexer.reading import read_all, refusal

pytestmark = pytest.mark.timeout(30)

LAUGHS = "a: &a [x]\n" + "".join(
    f"{name}: &{name} [{', '.join(f'*{before}' for _ in range(9))}]\n"
    for before, name in zip("abcdefghi", "bcdefghij", strict=True)
)


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.html", "<!--" * 50_000, "cannot be read as HTML"),
        ("a.html", "<a b=" * 10_000, "holds no text"),
        ("a.html", "<div>" * 100_000 + "x", "nested more than 2,000"),
        ("a.html", "<p>x</p>" + "<table><tr><td>" * 50_000, "nested more than 2,000"),
        ("a.html", "<style>" + "{" * 50_000 + "</style>", "holds no text"),
        ("a.html", "<style>" + ".a,.b " * 50_000 + "{opacity:0}</style>", "holds no text"),
        ("a.html", "\0" * 100, "cannot be read as HTML"),
        ("a.json", "[" * 200_000, "nested too deeply"),
        ("a.json", "[" * 200_000 + "]" * 200_000, "nested too deeply"),
        ("a.json", '{"a":' * 200_000 + "1" + "}" * 200_000, "nested too deeply"),
        ("a.jsonl", "[" * 200_000, "nested too deeply"),
        ("a.md", f"---\n{LAUGHS}---\nText", "aliases are not read"),
        ("a.md", "---\na: " + "[" * 50_000 + "\n---\nText", "front matter that is not YAML"),
        ("a.md", "> " * 50_000 + "x", "nested too deeply"),
        ("a.csv", "a\n" + '"' + "x" * 11_000_000, "a cell is longer"),
    ],
)
def test_refused_at_once(tmp_path: Path, name: str, data: str, message: str) -> None:
    assert message in str(refusal(tmp_path, name, data))


@pytest.mark.parametrize(
    ("name", "data", "length"),
    [
        ("a.html", "<p>" + "x<b>" * 2_000 + "</b>" * 2_000, 2_000),
        ("a.html", "<p>x" * 20_000, 20_000 * 3 - 2),
        ("a.html", "<ul><li>x" * 900, 900 * 2 - 1),
        ("a.html", f"<p style='{'color:red;' * 20_000}'>x</p>", 1),
        ("a.html", f"<p class='{'a ' * 50_000}'>x</p>", 1),
        ("a.html", "<style>b b b b b b b b p{opacity:0}</style>" + "<b>" * 1_500 + "x", 1),
        ("a.csv", "id,Note\nA," + "x" * 1_000_000, 1_000_006),
        ("a.csv", ",".join(f"c{number}" for number in range(5_000)) + "\nx", 5),
        ("a.json", '{"text": "' + "x" * 1_000_000 + '"}', 1_000_000),
        ("a.md", "[" * 20_000, 20_000),
        ("a.md", "x" + "`" * 20_000, 20_001),
        ("a.txt", "- \n" * 50_000 + "x", None),
        ("a.txt", "x: " * 100_000, None),
    ],
)
def test_read_at_once(tmp_path: Path, name: str, data: str, length: int | None) -> None:
    (found,) = read_all(tmp_path, name, data)
    assert not isinstance(found, DocumentError), found
    assert length is None or len(found.text) == length


def test_a_span_over_all_rows_in_each_row(tmp_path: Path) -> None:
    (found,) = read_all(tmp_path, "a.html", "<table>" + "<tr><td rowspan=60000>x" * 3_000)
    assert not isinstance(found, DocumentError)
    assert len(found.text) < 500_000


def test_rules_for_each_of_many_elements(tmp_path: Path) -> None:
    page = "<style>" + "p{opacity:1}" * 20_000 + "</style>" + "<p>x</p>" * 20_000
    assert "too many style rules" in str(refusal(tmp_path, "a.html", page))
