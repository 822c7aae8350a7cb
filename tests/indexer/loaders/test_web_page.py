from pathlib import Path

import pytest

from rag.types import Block, BlockKind
from tests.indexer.reading import pieces, read, refusal

SAMPLE = """<!doctype html>
<html lang="en-GB"><head><title>Kettle care | Shop</title>
<link rel="canonical" href="https://shop.example/care"><style>p {color: red}</style></head>
<body><header>Shop</header><nav><a href="/">Home</a></nav>
<div class="cookie-banner">We use cookies</div>
<main>
  <h1>Kettle <em>care</em></h1>
  <p>Descale every
     two months.<br>Then rinse.</p>
  <table><caption>Life in years</caption>
    <tr><th>Part</th><th>Life</th></tr><tr><td>Lid</td><td>2</td></tr></table>
  <ul><li>Rinse<ul><li>twice</li></ul></li></ul>
  <ol><li>Fill</li><li>Boil</li></ol>
  <dl><dt>Weight</dt><dd>1 kg</dd></dl>
  <script>track()</script>
</main>
<footer>© Shop</footer></body></html>
"""


def test_a_question_in_bold_is_the_heading_of_its_answer(tmp_path: Path) -> None:
    page = (
        "<h1>Help</h1><p><strong>How long does it <b>take</b>?</strong></p><p>Two days.</p>"
        "<p><b>And</b> abroad?</p><p><b>Never in water</b></p>"
    )
    assert pieces(read(tmp_path, "a.html", page)) == [
        ("heading1", "Help"),
        ("heading2", "How long does it take?"),
        ("paragraph", "Two days."),
        ("paragraph", "And abroad?"),
        ("paragraph", "Never in water"),
    ]


def test_the_summary_of_an_accordion_is_the_heading_of_its_answer(tmp_path: Path) -> None:
    page = (
        "<h2>Help</h2><details><summary>How <i>heavy</i>?</summary><p>1 kg</p></details>"
        "<details><summary>Care</summary>Wipe it.</details>"
        "<details><summary><h3>And the lid?</h3></summary>100 g</details>"
    )
    assert pieces(read(tmp_path, "a.html", page)) == [
        ("heading2", "Help"),
        ("heading3", "How heavy?"),
        ("paragraph", "1 kg"),
        ("heading3", "Care"),
        ("paragraph", "Wipe it."),
        ("heading3", "And the lid?"),
        ("paragraph", "100 g"),
    ]


def test_blocks_and_offsets(tmp_path: Path) -> None:
    document = read(tmp_path, "care.html", SAMPLE)
    assert document.text.startswith("Kettle care\n\nDescale every two months.\nThen rinse.\n\n")
    assert document.blocks[:2] == (
        Block(BlockKind.HEADING, 0, 11, 1),
        Block(BlockKind.PARAGRAPH, 13, 50),
    )
    assert pieces(document)[2:] == [
        ("paragraph", "Life in years"),
        ("header", "Part | Life"),
        ("row", "Lid | 2"),
        ("item", "Rinse"),
        ("item1", "twice"),
        ("item", "1. Fill"),
        ("item", "2. Boil"),
        ("row", "Weight: 1 kg"),
    ]


def test_what_the_page_says_about_itself(tmp_path: Path) -> None:
    document = read(tmp_path, "care.html", SAMPLE)
    assert document.title == "Kettle care"
    assert document.locale == "en"
    assert document.url == "https://shop.example/care"


@pytest.mark.parametrize(
    ("head", "body", "title"),
    [
        ("<title>Care – Shop</title>", "<p>x</p>", "Care"),
        ("<title>Two-tone kettle</title>", "<p>x</p>", "Two-tone kettle"),
        ("<title>Care – Shop</title>", "<h1><img src=logo.svg></h1><p>x</p>", "Care"),
        ("<title>Care – Shop</title>", "<h1>&#8203;<a href=/> </a></h1><p>x</p>", "Care"),
        ("<title>Care – Shop</title>", "<h1><img></h1><h1>Kettle</h1><p>x</p>", "Kettle"),
        ("", "<p>x</p>", "Page"),
    ],
)
def test_title(tmp_path: Path, head: str, body: str, title: str) -> None:
    page = f"<html><head>{head}</head><body>{body}</body></html>"
    assert read(tmp_path, "page.html", page).title == title


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("<ul><li><p>Use 1 l.</p><p>2 times</p></li></ul>", "Use 1 l. 2 times"),
        ("<table><tr><td><div>4</div><div>6 h</div></td></tr></table>", "4 6 h"),
        ("<p>1<b>2</b>3</p>", "123"),
        ("<p>a<br>b</p>", "a\nb"),
        ("<div>loose <p>inner</p> tail</div>", "loose\n\ninner\n\ntail"),
        ("<x-tabs><table><tr><td>a</td><td>b</td></tr></table></x-tabs>", "a: b"),
        ("<ul><div><li>a</li></div><ul><li>b</li></ul></ul>", "a\nb"),
        ("<ul><li>a<div><ul><li>b</li></ul></div> rest</li></ul>", "a rest\nb"),
        ("<li>a</li><li>b</li>", "a\nb"),
        ("<details><summary>How heavy?</summary><p>1 kg</p></details>", "How heavy?\n\n1 kg"),
        ("<h3><button>How heavy?</button></h3><p>1 kg</p>", "How heavy?\n\n1 kg"),
        ("<pre>one\n  two</pre> three", "one\ntwo\n\nthree"),
        ("<p>10<sup>3</sup> m<sup>2</sup>, 1.5<sup>1</sup></p>", "10³ m², 1.5¹"),
        ("<ul><li>a<ul><li>b</li></ul> rest</li></ul>", "a rest\nb"),
        ("<p>x &amp; y &nbsp; z &#8209;</p>", "x & y z ‑"),
    ],
)
def test_words_neither_run_together_nor_get_lost(
    tmp_path: Path, source: str, expected: str
) -> None:
    assert read(tmp_path, "a.html", source).text == expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("<p>Größe</p>".encode(), "Größe"),
        ("<p>Größe</p>".encode("utf-16"), "Größe"),
        ("<p>Size</p>".encode("utf-16-le"), "Size"),
        ("<p>Größe</p>".encode("utf-16-le"), "Größe"),
        ('<meta charset="iso-8859-1"><p>Größe</p>'.encode("latin-1"), "Größe"),
        ('<meta charset="iso-8859-2"><p>półtora</p>'.encode("iso-8859-2"), "półtora"),
        ("<p>£45 – 10 €</p>".encode("cp1252"), "£45 – 10 €"),
        ("<p>Гарантия на чайник два года</p>".encode("cp1251"), "Гарантия на чайник два года"),
    ],
)
def test_encodings(tmp_path: Path, data: bytes, expected: str) -> None:
    assert read(tmp_path, "a.html", data).text == expected


def test_a_list_of_cards_is_a_list_of_sections(tmp_path: Path) -> None:
    page = "<ul><li><h3>Weight?</h3><p>1 kg</p></li><li><h3>Colour?</h3><p>Red</p></li></ul>"
    assert pieces(read(tmp_path, "a.html", page)) == [
        ("heading3", "Weight?"),
        ("paragraph", "1 kg"),
        ("heading3", "Colour?"),
        ("paragraph", "Red"),
    ]


def test_numbers_go_on_after_a_nested_list(tmp_path: Path) -> None:
    page = "<ol start=3><li>Fill<ol><li>a</li></ol></li><li></li><li>Boil</li></ol>"
    assert read(tmp_path, "a.html", page).text == "3. Fill\n1. a\n5. Boil"


def test_items_that_are_attributes_are_rows(tmp_path: Path) -> None:
    page = "<ul><li><b>Weight:</b> 1 kg</li><li><b>Colour:</b> red</li></ul><p>A: 1<br>B: 2</p>"
    assert pieces(read(tmp_path, "a.html", page)) == [
        ("row", "Weight: 1 kg"),
        ("row", "Colour: red"),
        ("row", "A: 1"),
        ("row", "B: 2"),
    ]


@pytest.mark.parametrize("depth", [300, 1_900])
def test_a_template_that_never_closes_its_tags_is_read_to_the_end(
    tmp_path: Path, depth: int
) -> None:
    page = "".join(f"<div>{number} " for number in range(depth)) + "<p>end</p>"
    found = pieces(read(tmp_path, "a.html", page))
    assert found == [("paragraph", str(number)) for number in range(depth)] + [("paragraph", "end")]


def test_a_page_the_parser_gives_up_on_is_not_read_in_half(tmp_path: Path) -> None:
    page = "<p>Before</p>" + "<div>" * 5_000 + "deep" + "</div>" * 5_000 + "<p>After</p>"
    assert "is nested more than 2,000 elements deep" in str(refusal(tmp_path, "a.html", page))


def test_nothing_is_fetched_or_included(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("SECRET")
    source = (
        f'<!DOCTYPE html [<!ENTITY e SYSTEM "file://{tmp_path}/secret">]>'
        "<html><body><p>Text &e;</p></body></html>"
    )
    assert "SECRET" not in read(tmp_path, "a.html", source).text
