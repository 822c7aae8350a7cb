from datetime import date
from pathlib import Path

import pytest

from rag.errors import EmptyDocumentError
from rag.types import Block, BlockKind, Kind
from tests.indexer.reading import Piece, pieces, read, refusal

SAMPLE = """---
title: Kettle care
kind: manual
product_ids: [KT12, KT17]
locale: en_GB
effective_from: 2024-01-01
version: 1.10
url: https://shop.example/care
author: Jo
---

# Care

Descale **every two**
months, with `citric` [acid](https://x.example).

1. Fill
2. Boil

- Rinse
  - twice

| Part | Life |
|------|------|
| Lid  | 2 y  |

## More

> Keep dry.
"""


def test_questions_in_bold_are_headings_side_by_side(tmp_path: Path) -> None:
    text = "## Help\n\n**How long?**\n\nTwo days.\n\n**And abroad?**\n\nTen.\n\n**Why?** Far.\n"
    assert pieces(read(tmp_path, "a.md", text)) == [
        ("heading2", "Help"),
        ("heading3", "How long?"),
        ("paragraph", "Two days."),
        ("heading3", "And abroad?"),
        ("paragraph", "Ten."),
        ("paragraph", "Why? Far."),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "## FAQ\n1) Can it swim?\n   Yes, it\n   can.\n\n2) Is it loud?\n   No.\n",
        "## FAQ\n- **Can it swim?**\n\n  Yes, it can.\n- Is it loud?\n\n  No.\n",
    ],
)
def test_a_list_of_questions_with_their_answers(tmp_path: Path, text: str) -> None:
    assert pieces(read(tmp_path, "a.md", text + "\n## More\n\nDry it.\n")) == [
        ("heading2", "FAQ"),
        ("heading3", "Can it swim?"),
        ("paragraph", "Yes, it can."),
        ("heading3", "Is it loud?"),
        ("paragraph", "No."),
        ("heading2", "More"),
        ("paragraph", "Dry it."),
    ]


@pytest.mark.parametrize(
    "text", ["- Wet?\n  Dry it.\n- Loud\n", "- Wet?\n- Loud?\n", "1. Wet? Dry it.\n"]
)
def test_a_list_with_anything_else_stays_a_list(tmp_path: Path, text: str) -> None:
    assert {kind for kind, _ in pieces(read(tmp_path, "a.md", text))} == {"item"}


def test_blocks_and_offsets(tmp_path: Path) -> None:
    document = read(tmp_path, "care.md", SAMPLE)
    assert document.text == (
        "Care\n\nDescale every two months, with citric acid.\n\n1. Fill\n2. Boil\nRinse\ntwice\n"
        "Part | Life\nLid | 2 y\n\nMore\n\nKeep dry."
    )
    assert document.blocks[:3] == (
        Block(BlockKind.HEADING, 0, 4, 1),
        Block(BlockKind.PARAGRAPH, 6, 49),
        Block(BlockKind.ITEM, 51, 58),
    )
    assert pieces(document)[2:] == [
        ("item", "1. Fill"),
        ("item", "2. Boil"),
        ("item", "Rinse"),
        ("item1", "twice"),
        ("header", "Part | Life"),
        ("row", "Lid | 2 y"),
        ("heading2", "More"),
        ("paragraph", "Keep dry."),
    ]


def test_front_matter(tmp_path: Path) -> None:
    document = read(tmp_path, "care.md", SAMPLE)
    assert document.title == "Kettle care"
    assert document.kind is Kind.MANUAL
    assert document.product_ids == ("KT12", "KT17")
    assert document.locale == "en"
    assert document.effective_from == date(2024, 1, 1)
    assert document.version == "1.10"
    assert document.url == "https://shop.example/care"
    assert document.metadata == {"author": "Jo"}


@pytest.mark.parametrize("written", ["0123", "1_000", "12:30", "1e3", "no", "0x1F", "2024-01-01"])
def test_an_id_is_read_as_it_is_written(tmp_path: Path, written: str) -> None:
    document = read(tmp_path, "a.md", f"---\nproduct_id: {written}\n---\nText")
    assert document.product_ids == (written,)


@pytest.mark.parametrize("tag", ["bool", "int", "float", "timestamp", "str"])
@pytest.mark.parametrize("written", ["soon", "0123", "1:x"])
def test_so_is_a_value_with_a_tag(tmp_path: Path, tag: str, written: str) -> None:
    document = read(tmp_path, "a.md", f"---\nproduct_id: !!{tag} {written}\n---\nText")
    assert document.product_ids == (written,)


def test_empty_values_are_no_values(tmp_path: Path) -> None:
    front = "title:\nkind: ''\nproduct_id: null\nlocale: ~\neffective_from:\nurl: ' '\n"
    document = read(tmp_path, "a.md", f"---\n{front}---\nText")
    assert (document.title, document.kind, document.product_ids) == ("A", Kind.PAGE, ())
    assert (document.locale, document.effective_from, document.url) == (None, None, None)


def test_the_first_heading_is_the_title(tmp_path: Path) -> None:
    assert read(tmp_path, "a.md", "Intro\n\n## The *title*\n\n# Later").title == "The title"


def test_without_heading_the_name_is_the_title(tmp_path: Path) -> None:
    assert read(tmp_path, "how_to-descale.md", "Text").title == "How to descale"


@pytest.mark.parametrize(
    ("front", "message"),
    [
        ("a: b: c", "front matter that is not YAML in line 2"),
        ("x: 1\na: [1", "front matter that is not YAML in line 4"),
        ("- a\n- b", "not a list of `key: value` lines"),
        ("just text", "not a list of `key: value` lines"),
        ("a: &x [1]\nb: [*x, *x]", "line 3 .aliases are not read"),
        ("a: " + "[" * 5000, "not YAML"),
        ("a: !!python/object:os.system x", "not YAML in line 2"),
        ("effective_from: 2026-02-30", "has effective_from: '2026-02-30'; write a date like"),
        ("kind: novel", "has kind 'novel'; allowed are spec, policy"),
    ],
)
def test_front_matter_that_cannot_be_used_says_why(
    tmp_path: Path, front: str, message: str
) -> None:
    assert message in str(refusal(tmp_path, "a.md", f"---\n{front}\n---\nText")).replace("(", ".")


def test_a_rule_at_the_top_is_no_front_matter(tmp_path: Path) -> None:
    assert read(tmp_path, "a.md", "---\n\nText").text == "Text"


def test_front_matter_with_windows_line_ends(tmp_path: Path) -> None:
    document = read(tmp_path, "a.md", "---\r\ntitle: T\r\n---\r\nText\r\n")
    assert (document.title, document.text) == ("T", "Text")


def test_only_front_matter_is_an_empty_document(tmp_path: Path) -> None:
    assert isinstance(refusal(tmp_path, "a.md", "---\ntitle: T\n---\n"), EmptyDocumentError)


def test_markup_inside_is_read_as_a_browser_shows_it(tmp_path: Path) -> None:
    text = (
        "| Dry | Wet |\n|---|---|\n| 4 h<br>6 h | 2 h |\n\n"
        "<!-- a note > for us -->\n\n<script>track()</script>\n\n"
        "<div style='display: none'>hidden</div>\n\n<p>Fish &amp; chips</p>\n\n</div>\n\nEnd"
    )
    assert pieces(read(tmp_path, "a.md", text)) == [
        ("header", "Dry | Wet"),
        ("row", "4 h 6 h | 2 h"),
        ("paragraph", "Fish & chips"),
        ("paragraph", "End"),
    ]


def test_an_empty_item_lends_its_number_to_nobody(tmp_path: Path) -> None:
    assert pieces(read(tmp_path, "a.md", "1.\n\nAfter")) == [("paragraph", "After")]


def test_lines_of_attributes_are_rows(tmp_path: Path) -> None:
    text = "Weight: 1 kg  \nColour: red\n\nNote: one line is prose."
    assert pieces(read(tmp_path, "a.md", text)) == [
        ("row", "Weight: 1 kg"),
        ("row", "Colour: red"),
        ("paragraph", "Note: one line is prose."),
    ]


def test_attributes_in_bold_lists(tmp_path: Path) -> None:
    text = (
        "Size:\n\n- **Height:** 5 cm\n- **Width**: 3 cm\n\n"
        "1. Fill: up\n2. Boil: it\n\n- Outer:\n  - a: 1\n  - b: 2\n"
    )
    assert pieces(read(tmp_path, "a.md", text)) == [
        ("paragraph", "Size:"),
        ("row", "Height: 5 cm"),
        ("row", "Width: 3 cm"),
        ("item", "1. Fill: up"),
        ("item", "2. Boil: it"),
        ("item", "Outer:"),
        ("row", "a: 1"),
        ("row", "b: 2"),
    ]


def test_lines_that_only_the_source_breaks_are_one_paragraph(tmp_path: Path) -> None:
    text = "Note: keep it\ndry. Also: keep\nit warm."
    assert read(tmp_path, "a.md", text).text == "Note: keep it dry. Also: keep it warm."


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ("| Feature | Value |\n|-|-|\n| Weight | 1 kg |", [("row", "Weight: 1 kg")]),
        ("| | |\n|-|-|\n| **Weight:** | 1 kg |", [("row", "Weight: 1 kg")]),
        ("| **Weight** | 1 kg |\n|-|-|\n| **Colour** | red |",
         [("row", "Weight: 1 kg"), ("row", "Colour: red")]),
        ("| **Part** | **Life** |\n|-|-|\n| **Lid** | 2 y |",
         [("header", "Part | Life"), ("row", "Lid | 2 y")]),
        ("| Country | Delivery time |\n|-|-|\n| UK | 2 days |",
         [("header", "Country | Delivery time"), ("row", "UK | 2 days")]),
        ("| Feature | Rill | Tarn |\n|-|-|-|\n| Weight | 1 kg | 2 kg |",
         [("header", "Feature | Rill | Tarn"), ("row", "Weight | 1 kg | 2 kg")]),
    ],
)  # fmt: skip
def test_tables(tmp_path: Path, table: str, expected: list[Piece]) -> None:
    assert pieces(read(tmp_path, "a.md", table)) == expected


def test_markup_within_a_paragraph(tmp_path: Path) -> None:
    text = "Up to 3 m<sup>2</sup> <!-- us --> &amp; <b>more</b>\nof **it**.  \nEnd"
    assert read(tmp_path, "a.md", text).text == "Up to 3 m² & more of it.\nEnd"


def test_what_nests_deep_is_read_and_deeper_is_refused(tmp_path: Path) -> None:
    assert read(tmp_path, "a.md", "- " * 40 + "x").text == "x"
    assert "nested too deeply" in str(refusal(tmp_path, "a.md", "- " * 60 + "x"))
    assert "nested too deeply" in str(refusal(tmp_path, "a.md", "Kept?\n\n" + "> " * 5_000 + "x"))


@pytest.mark.parametrize(
    "text",
    [
        '<div style="display:none">\n\nHIDDEN *HIDDEN*\n\n</div>\n\nSeen.',
        "<div hidden>\n\n# HIDDEN\n\n- HIDDEN\n\n1. HIDDEN\n\n```\nHIDDEN\n```\n\n</div>\n\nSeen.",
        "<div hidden>\n\n| HIDDEN | a |\n|--|--|\n| HIDDEN | b |\n\n</div>\n\nSeen.",
        "<div hidden>\n\n<p>HIDDEN</p>\n</div>\n\nSeen.",
        "<div hidden>\n\nHIDDEN\n\n</div>\n<p>Seen.</p>",
        "<div hidden>\n<div>\n\nHIDDEN\n\n</div>\n\nHIDDEN\n</div>\n\nSeen.",
        '<div style="color:white">\n\nHIDDEN\n\n</div>\n\nSeen.',
        '<div style="visibility:hidden">\n\nHIDDEN <span>HIDDEN</span>\n\n</div>\n\nSeen.',
        '<style>.x{display:none}</style>\n<div class="x">\n\nHIDDEN\n\n</div>\n\nSeen.',
        "<div hidden>\n\nHIDDEN\n\n\ue0004\ue001<b>HIDDEN</b>\n\n</div>\n\nSeen.",
        "Seen.\n\n<div hidden>\n\nHIDDEN",
    ],
)
def test_what_stands_in_hidden_html_is_left_out(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, "a.md", text).text == "Seen."


@pytest.mark.parametrize(
    "text",
    [
        '<div align="center">\n\nSeen.\n\n</div>\n\nToo.',
        "<details><summary>Seen.</summary>\n\nToo.\n\n</details>",
        "</div>\n\nSeen.\n\n<span hidden></span>Too.",
        '<div title="never closed\n\nSeen. <b></b>\n\nToo.',
        "Seen.\n\n" + "<div>\n\n" * 3_000 + "Too.",
    ],
)
def test_what_stands_in_other_html_stays(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, "a.md", text).text == "Seen.\n\nToo."
