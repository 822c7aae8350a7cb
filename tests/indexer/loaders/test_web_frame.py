from pathlib import Path

import pytest

from tests.indexer.reading import pieces, read

FILLER = "<p>A kettle for two, with a handle that stays cool and a lid that opens wide.</p>"


def _has(folder: Path, page: str, word: str = "FRAME") -> bool:
    return word in read(folder, "a.html", FILLER + page + FILLER).text


@pytest.mark.parametrize(
    "name",
    [
        "cookie-banner",
        "cookie-consent",
        "cookie-notice",
        "cookie_notice__inner",
        "cookieBanner",
        "js-cookie-banner",
        "cookie-banner--open",
        "cookies-popup",
        "gdpr",
        "newsletter",
        "newsletter-signup",
        "footer__newsletter newsletter-form",
        "breadcrumb",
        "breadcrumbs",
        "breadcrumb-list",
        "woocommerce-breadcrumb",
        "sr-only",
        "visually-hidden",
        "screen-reader-text",
    ],
)
def test_banners_and_labels_are_left_out(tmp_path: Path, name: str) -> None:
    assert not _has(tmp_path, f'<div class="{name}">FRAME</div>')
    assert not _has(tmp_path, f'<div id="{name.split()[-1]}">FRAME</div>')


@pytest.mark.parametrize(
    "name",
    [
        "product-cookie-jar",
        "cookie-cutter",
        "cookie",
        "cookies",
        "cookie-recipe",
        "consent-form",
        "breadcrumb-coating",
        "newsletter-archive",
        "banner",
        "popup-tent",
        "sr-only-not",
    ],
)
def test_products_that_only_sound_like_banners_stay(tmp_path: Path, name: str) -> None:
    assert _has(tmp_path, f'<div class="{name}">FRAME</div>')


@pytest.mark.parametrize(
    "frame",
    [
        '<div role="dialog">FRAME</div>',
        "<template>FRAME</template>",
        "<noscript>FRAME</noscript>",
        "<aside>FRAME</aside>",
        "<svg><title>FRAME</title></svg>",
        "<button>FRAME</button>",
        "<form>FRAME</form>",
        "<nav>FRAME</nav>",
        "<header>FRAME</header>",
        "<select><option>FRAME</option></select>",
        '<ul class="menu"><li><a href="/a">FRAME</a></li><li><a href="/b">B</a></li></ul>',
        '<div class="site-nav"><a href="/a">FRAME</a> <a href="/b">B</a></div>',
    ],
)
def test_what_stands_around_the_content_is_left_out(tmp_path: Path, frame: str) -> None:
    assert not _has(tmp_path, frame)


def test_a_menu_of_dishes_is_content(tmp_path: Path) -> None:
    dishes = '<ul class="menu"><li>Onion soup with bread, <a href="/a">FRAME</a></li></ul>'
    assert _has(tmp_path, dishes)


def test_links_in_a_list_without_the_name_of_a_menu_stay(tmp_path: Path) -> None:
    assert _has(tmp_path, '<ul><li><a href="/manual.pdf">FRAME</a></li></ul>')


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ('<form id="aspnetForm"><h1>T</h1><p>x</p></form>', "T\n\nx"),
        ('<div class="newsletter"><h1>T</h1></div><p>x</p>', "T\n\nx"),
        ('<div class="cookie-notice"><p>All about our cookies.</p></div><p>x</p>',
         "All about our cookies.\n\nx"),
        ('<div id="consent-banner"><main><p>x</p></main></div>', "x"),
        ("<article><header><h1>T</h1><p>Lead</p></header><p>x</p><footer>By Jo</footer></article>",
         "T\n\nLead\n\nx"),
        ("<main><header><h2>T</h2></header><p>x</p></main>", "T\n\nx"),
        ("<header><h1>T</h1><nav>Home</nav></header><p>x</p>", "T\n\nx"),
        ("<nav><h1>Shop</h1></nav><h1>T</h1><p>x</p>", "T\n\nx"),
    ],
)  # fmt: skip
def test_what_holds_the_content_stays(tmp_path: Path, page: str, text: str) -> None:
    assert read(tmp_path, "a.html", f"<body>{page}</body>").text == text


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("<p>Out</p><main><p>In</p></main>", "In"),
        ('<p>Out</p><div role="main"><p>In</p></div>', "In"),
        ("<p>Out</p><article><p>In</p></article>", "In"),
        ("<article><p>One</p></article><article><p>Two</p></article>", "One\n\nTwo"),
        ("<h1>T</h1><p>In</p><article><p>See also</p></article>", "T\n\nIn\n\nSee also"),
    ],
)
def test_the_main_content(tmp_path: Path, page: str, text: str) -> None:
    assert read(tmp_path, "a.html", f"<body>{page}</body>").text == text


def test_the_text_after_what_is_left_out_stays(tmp_path: Path) -> None:
    page = f"{FILLER}one <nav>x</nav> two <!-- c --> three <b style='display:none'>x</b> four"
    assert pieces(read(tmp_path, "a.html", page))[-1] == ("paragraph", "one two three four")
