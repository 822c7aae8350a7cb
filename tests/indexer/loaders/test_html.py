from pathlib import Path

import pytest

from rag.errors import DocumentError
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
        ("item", "twice"),
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
        ("", "<p>x</p>", "Page"),
    ],
)
def test_title(tmp_path: Path, head: str, body: str, title: str) -> None:
    page = f"<html><head>{head}</head><body>{body}</body></html>"
    assert read(tmp_path, "page.html", page).title == title


@pytest.mark.parametrize(
    "hidden",
    [
        '<p style="display:none">HIDDEN</p>',
        '<p style="color:red; visibility : hidden">HIDDEN</p>',
        '<p style="FONT-SIZE:0">HIDDEN</p>',
        '<p style="opacity: 0;">HIDDEN</p>',
        "<p hidden>HIDDEN</p>",
        '<p aria-hidden="true">HIDDEN</p>',
        '<div class="sr-only">HIDDEN</div>',
        '<div id="newsletter">HIDDEN</div>',
        '<div role="dialog">HIDDEN</div>',
        "<template>HIDDEN</template>",
        "<noscript>HIDDEN</noscript>",
        "<aside>HIDDEN</aside>",
        "<!-- HIDDEN -->",
        "<?php HIDDEN ?>",
        "<div hidden><div><p>HIDDEN</p></div></div>",
        "<svg><title>HIDDEN</title></svg>",
        "<textarea hidden>HIDDEN</textarea>",
    ],
)
def test_what_a_reader_does_not_see_is_left_out(tmp_path: Path, hidden: str) -> None:
    assert read(tmp_path, "a.html", f"<p>Before</p>{hidden}<p>After</p>").text == "Before\n\nAfter"


@pytest.mark.parametrize(
    "shown",
    ['<p style="opacity: 0.9">SHOWN</p>', '<p style="font-size:0.8em">SHOWN</p>', "<p>SHOWN</p>"],
)
def test_what_only_looks_like_hidden_stays(tmp_path: Path, shown: str) -> None:
    assert read(tmp_path, "a.html", shown).text == "SHOWN"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("<ul><li><p>Use 1 l.</p><p>2 times</p></li></ul>", "Use 1 l. 2 times"),
        ("<table><tr><td><div>4</div><div>6 h</div></td></tr></table>", "4 6 h"),
        ("<p>1<b>2</b>3</p>", "123"),
        ("<p>a<br>b</p>", "a\nb"),
        ("<div>loose <p>inner</p> tail</div>", "loose\n\ninner\n\ntail"),
        ("<x-tabs><table><tr><td>a</td><td>b</td></tr></table></x-tabs>", "a | b"),
        ("<ul><div><li>a</li></div><ul><li>b</li></ul></ul>", "a\n\nb"),
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
        ('<meta charset="iso-8859-1"><p>Größe</p>'.encode("latin-1"), "Größe"),
    ],
)
def test_encodings(tmp_path: Path, data: bytes, expected: str) -> None:
    assert read(tmp_path, "a.html", data).text == expected


@pytest.mark.parametrize(
    "bomb", ["", "<!--" * 50_000, "<a b=" * 10_000, "<div>" * 20_000 + "x", "\0" * 100]
)
def test_a_hostile_page_is_refused_at_once(tmp_path: Path, bomb: str) -> None:
    assert isinstance(refusal(tmp_path, "a.html", bomb), DocumentError)


def test_nothing_is_fetched_or_included(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("SECRET")
    source = (
        f'<!DOCTYPE html [<!ENTITY e SYSTEM "file://{tmp_path}/secret">]>'
        "<html><body><p>Text &e;</p></body></html>"
    )
    assert "SECRET" not in read(tmp_path, "a.html", source).text
