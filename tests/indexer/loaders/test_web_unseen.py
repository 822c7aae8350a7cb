from pathlib import Path

import pytest

from tests.indexer.reading import read, refusal


def _text(folder: Path, page: str) -> str:
    return read(folder, "a.html", f"<p>Before</p>{page}<p>After</p>").text


@pytest.mark.parametrize(
    "hidden",
    [
        '<p style="display:none">HIDDEN</p>',
        '<p style="display: block; display: NONE !important">HIDDEN</p>',
        '<p style="color:red; visibility : hidden">HIDDEN</p>',
        '<p style="FONT-SIZE:0">HIDDEN</p>',
        '<p style="font-size:0.0em">HIDDEN</p>',
        '<p style="font: 0/0 a">HIDDEN</p>',
        '<p style="opacity: 0;">HIDDEN</p>',
        '<p style="position:absolute; left:-9999px">HIDDEN</p>',
        '<p style="position:absolute; top:-999em">HIDDEN</p>',
        '<p style="text-indent:-9999px">HIDDEN</p>',
        '<p style="clip: rect(0 0 0 0)">HIDDEN</p>',
        '<p style="clip: rect(1px, 1px, 1px, 1px)">HIDDEN</p>',
        '<p style="clip-path: inset(50%)">HIDDEN</p>',
        "<p hidden>HIDDEN</p>",
        '<p aria-hidden="true">HIDDEN</p>',
        "<!-- HIDDEN -->",
        "<?php HIDDEN ?>",
        "<div hidden><div><p>HIDDEN</p></div></div>",
        "<textarea hidden>HIDDEN</textarea>",
        '<p style="color:#fff">HIDDEN</p>',
        '<p style="color:#FFFFFF">HIDDEN</p>',
        '<p style="color: white">HIDDEN</p>',
        '<p style="color:rgb(255, 255, 255)">HIDDEN</p>',
        '<p style="color:rgb(255 255 255)">HIDDEN</p>',
        '<p style="color:#fefefe">HIDDEN</p>',
        '<p style="color:hsl(0, 0%, 100%)">HIDDEN</p>',
        '<p style="background:black">HIDDEN</p>',
        '<div style="background-color:#123456"><p style="color:#123457">HIDDEN</p></div>',
        '<div style="visibility:hidden">HIDDEN <b>HIDDEN</b> HIDDEN</div>',
        '<p style="color:transparent">HIDDEN</p>',
        '<p style="color:rgba(0,0,0,0)">HIDDEN</p>',
        '<p style="color:#0000">HIDDEN <b>HIDDEN</b></p>',
        '<div style="background:url(a.jpg)"><p style="color:transparent">HIDDEN</p></div>',
        '<p><font color="#ffffff">HIDDEN</font></p>',
        "<p><font color=FFFFFF>HIDDEN</font></p>",
        "<p><font color=White>HIDDEN</font></p>",
        "<table bgcolor=black><tr><td>HIDDEN</td></tr></table>",
        "<table bgcolor=black><tr><td bgcolor=#fff><font color=white>HIDDEN</table>",
    ],
)
def test_what_a_reader_does_not_see_is_left_out(tmp_path: Path, hidden: str) -> None:
    assert _text(tmp_path, hidden) == "Before\n\nAfter"


@pytest.mark.parametrize(
    "shown",
    [
        '<p style="opacity: 0.9">SHOWN</p>',
        '<p style="font-size:0.8em">SHOWN</p>',
        '<p style="left:-20px">SHOWN</p>',
        '<p style="text-indent:-2em">SHOWN</p>',
        '<p style="clip: rect(0, 100px, 100px, 0)">SHOWN</p>',
        '<p hidden="until-found">SHOWN</p>',
        '<p style="color:#eee">SHOWN</p>',
        '<div style="background:#000"><p style="color:#fff">SHOWN</p></div>',
        '<div style="background:url(dark.jpg)"><p style="color:#fff">SHOWN</p></div>',
        '<div style="background:linear-gradient(red, blue)"><p style="color:#fff">SHOWN</p></div>',
        '<div style="background:var(--dark)"><p style="color:#fff">SHOWN</p></div>',
        '<p style="color:var(--text)">SHOWN</p>',
        '<p style="color:transparent; background-clip:text">SHOWN</p>',
        '<p style="background-clip:text">SHOWN</p>',
        '<p style="color:#0000; -webkit-background-clip:text">SHOWN</p>',
        '<p style="color:transparent; background:linear-gradient(red, blue) text">SHOWN</p>',
        '<p style="background-clip:text"><b style="color:transparent">SHOWN</b></p>',
        '<div style="color:transparent"><p style="color:red">SHOWN</p></div>',
        '<p><font color="red">SHOWN</font></p>',
        '<p><font color="#ffffffff0">SHOWN</font></p>',
        '<p><font color="white;display:none" style="color:red">SHOWN</font></p>',
        "<table bgcolor=black><tr><td><font color=white>SHOWN</font></td></tr></table>",
        "<table background=a.jpg><tr><td><font color=white>SHOWN</font></td></tr></table>",
        "<p color=white bgcolor=black>SHOWN</p>",
        '<p style="color:oklch(40% 0.2 0)">SHOWN</p>',
        '<p style="color:rgba(255,255,255,0.5)">SHOWN</p>',
        '<div style="color:white"><p style="color:black">SHOWN</p></div>',
        '<div style="visibility:hidden"><p style="visibility:visible">SHOWN</p></div>',
        '<ul style="font-size:0"><div style="font-size:16px">SHOWN</div></ul>',
        '<p style="}}{{;:display:none">SHOWN</p>',
        "<details><summary>SHOWN</summary></details>",
    ],
)
def test_what_only_looks_like_hidden_stays(tmp_path: Path, shown: str) -> None:
    assert _text(tmp_path, shown) == "Before\n\nSHOWN\n\nAfter"


@pytest.mark.parametrize(
    ("sheet", "element", "seen"),
    [
        (".x{display:none}", "<p class=x>T</p>", False),
        (".X{display:none}", "<p class=x>T</p>", True),
        ("#x{visibility:hidden}", "<p id=x>T</p>", False),
        ("p.x{display:none}", "<p class='a x b'>T</p>", False),
        ("P.x{display:none}", "<p class=x>T</p>", False),
        ("div.x{display:none}", "<p class=x>T</p>", True),
        (".x.y{display:none}", "<p class=x>T</p>", True),
        (".a,.x , .b{display:none}", "<p class=x>T</p>", False),
        (".a .x{display:none}", "<div class=a><div><p class=x>T</p></div></div>", False),
        (".a .x{display:none}", "<p class=x>T</p>", True),
        (".a .b .x{display:none}", "<i class=b><i class=a><p class=x>T</p></i></i>", True),
        (".a > .x{display:none}", "<div class=a><p class=x>T</p></div>", False),
        (".a>.x{display:none}", "<div class=a><p class=x>T</p></div>", False),
        (".a > .x{display:none}", "<div class=a><div><p class=x>T</p></div></div>", True),
        (".a /**/ .x{display:none}", "<div class=a><p class=x>T</p></div>", False),
        ("> .x{display:none}", "<div class=a><p class=x>T</p></div>", True),
        # a comma in brackets parts no list
        (":is(.a,.x,.b) .c{display:none}", "<p class=x>T</p>", True),
        (".c:not(.a,.x,.b){display:none}", "<p class=x>T</p>", True),
        ('[title="a,.x,b"]{display:none}', "<p class=x>T</p>", True),
        (":is(.a,.b), .x{display:none}", "<p class=x>T</p>", False),
        (".w{color:#fff}", "<p class=w>T</p>", False),
        (".w{color:#fff} .d{background:#222}", "<div class=d><p class=w>T</p></div>", True),
        ("body{background:#222;color:#fff}", "<p>T</p>", True),
        # the stronger, then the later rule wins
        (".x{display:none} .x.open{display:block}", "<p class='x open'>T</p>", True),
        (".x.open{display:block} .x{display:none}", "<p class='x open'>T</p>", True),
        (".x{display:none} .x{display:block}", "<p class=x>T</p>", True),
        (".x{display:none!important} .x.y{display:block}", "<p class='x y'>T</p>", False),
        (".x{display:none}", "<p class=x style='display:block'>T</p>", True),
        (".x{display:none!important}", "<p class=x style='display:block'>T</p>", False),
        ("#x{display:block} .x{display:none}", "<p id=x class=x>T</p>", True),
        (".w{color:red}", "<font class=w color=white>T</font>", True),
        ("*{color:red}", "<font color=white>T</font>", True),
        # what is not for this reader, or not for this element
        ("@media print{.x{display:none}}", "<p class=x>T</p>", True),
        ("@media (max-width:600px){.x{display:none}}", "<p class=x>T</p>", True),
        (".x::before{display:none}", "<p class=x>T</p>", True),
        (".x:hover{display:none}", "<p class=x>T</p>", True),
        ("/* .x{display:none} */", "<p class=x>T</p>", True),
        (".x{dis/**/play:none", "<p class=x>T</p>", True),
        (".x{display:none", "<p class=x>T</p>", False),
    ],
)
def test_style_sheets(tmp_path: Path, sheet: str, element: str, seen: bool) -> None:
    page = (
        f"<html><head><style>{sheet}</style></head><body>{element}<p id=end>end</p></body></html>"
    )
    assert read(tmp_path, "a.html", page).text == ("T\n\nend" if seen else "end")


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ('<style media="print">', "</style>"),
        ("<noscript><style>", "</style></noscript>"),
        ("<template><style>", "</style></template>"),
    ],
)
def test_sheets_for_others(tmp_path: Path, start: str, end: str) -> None:
    assert _text(tmp_path, f"{start}p{{display:none}}{end}<p>T</p>") == "Before\n\nT\n\nAfter"


def test_a_page_hidden_until_it_has_loaded_is_read(tmp_path: Path) -> None:
    page = (
        "<html><head><style>body{opacity:0;visibility:hidden} .app{display:none}</style></head>"
        "<body><div class=app><main><p>Text</p></main></div></body></html>"
    )
    assert read(tmp_path, "a.html", page).text == "Text"


def test_hidden_within_markdown_and_feeds(tmp_path: Path) -> None:
    text = 'A <span style="display:none">HIDDEN</span>b\n\n<p hidden>HIDDEN</p>\n\nEnd'
    assert read(tmp_path, "a.md", text).text == "A b\n\nEnd"
    row = '{"id": "K", "description": "<p>A</p><p style=\'opacity:0\'>HIDDEN</p>"}'
    assert read(tmp_path, "a.jsonl", row).text == "A"


def test_colours_of_a_body_from_before_style_sheets(tmp_path: Path) -> None:
    page = "<body bgcolor=000 text=#fff><p>T</p><p><font color=black>HIDDEN</font></p></body>"
    assert read(tmp_path, "a.html", page).text == "T"


def test_more_rules_than_can_be_applied_are_reported(tmp_path: Path) -> None:
    page = f"<style>{'p{opacity:1}' * 2_000}</style>" + "<p>T</p>" * 2_000
    assert "too many style rules" in str(refusal(tmp_path, "a.html", page))
