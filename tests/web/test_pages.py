"""The box, the demo shop and the lookup page on the real service, over the small shop."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from playwright.sync_api import Error, Page, Route, expect

from api.app import create_app
from api.keys import KeyFile, Role
from indexer.build import build
from rag.config import Serving, Settings
from rag.engine import Engine
from rag.extractive import ExtractiveChat
from rag.index import Index
from rag.retrieval import Retriever
from tests.api.conftest import opener
from tests.doubles import HashingEmbedder, Silent
from tests.web.browser import Visit
from tests.web.payloads import PAYLOADS, RUN
from tests.web.site import Stage, running, shop_page
from tests.web.test_access import PHONE, SCHEMES, violations

Start = Callable[..., str]
PAGES = {
    "/demo": ".card",
    "/demo/KT17": "[part~=suggestion]",
    "/lookup?q=cord&act=ask": "#results button",
}
"""What of each page comes last."""


def engine_on(index: Path, embedder: HashingEmbedder) -> Engine:
    retriever = Retriever(Index.open(index), embedder)
    return Engine(retriever, ExtractiveChat(), Settings(index=index, generator="extractive"))


@pytest.fixture
def start(tmp_path: Path, small_index: Path, hashing_embedder: HashingEmbedder) -> Iterator[Start]:
    """Run the real service; gives its origin. `serving` goes to its settings."""
    with ExitStack() as stack:

        def started(index: Path = small_index, **serving: object) -> str:
            database = f"sqlite:///{tmp_path / 'said.sqlite'}"
            kept = {"keys": tmp_path / "keys.json", "database": database, **serving}
            settings = Settings(index=index, serving=Serving.model_validate(kept))
            engine = engine_on(index, hashing_embedder)
            return stack.enter_context(running(create_app(settings, opener(engine))))

        yield started


def look_up(page: Page, query: str, button: str = "Search") -> None:
    page.get_by_label("What do you look for?").fill(query)
    page.get_by_role("button", name=button, exact=True).click()


def test_a_shopper_on_the_demo_page(visit: Callable[..., Visit], start: Start) -> None:
    here, origin = visit(), start()
    page = here.page
    page.goto(f"{origin}/demo")
    page.get_by_role("link", name="Brook Kettle 1.7 L").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Brook Kettle 1.7 L")
    expect(page.locator(".facts .price")).to_have_text("59.00 GBP")
    expect(page.get_by_role("row", name="Power")).to_contain_text("2200 W")
    expect(page.get_by_role("link", name="Brook Kettle 1.2 L")).to_be_visible()
    page.get_by_role("button", name="How long is the cord?").click()
    box = page.locator("shelf-talk")
    expect(box.locator("[part~=answer]")).to_contain_text("90 cm")
    box.locator("[part~=mark]").click()
    expect(box.locator("[part~=quote] mark")).to_contain_text("90 cm")
    box.locator("[part~=feedback]").get_by_role("button", name="Yes").click()
    expect(box.locator("[part~=feedback]")).to_have_text("Thank you. This helps us.")
    field = box.locator("[part~=input]")
    field.fill("Zzyzx qwerty?")
    field.press("Enter")
    expect(box.locator("[part~=silence]")).to_contain_text("The documents don't say.")
    page.wait_for_load_state("networkidle")
    assert here.said == []
    assert here.away(origin) == []


def test_a_listed_site_s_box_gets_by_without_a_key(
    visit: Callable[..., Visit], start: Start, stage: Stage, shop_origin: str, tmp_path: Path
) -> None:
    KeyFile(tmp_path / "keys.json").create(Role.ADMIN, "shop")
    origin = start(origins=[shop_origin])
    stage.page = lambda: shop_page(origin, box="<shelf-talk product-id=KT17></shelf-talk>")
    here = visit()
    here.page.goto(shop_origin)
    box = here.page.locator("shelf-talk")
    box.get_by_role("button", name="How long is the cord?").click()
    expect(box.locator("[part~=answer]")).to_contain_text("90 cm")
    assert here.said == []


def test_axe_finds_nothing_on_the_pages(visit: Callable[..., Visit], start: Start) -> None:
    page, origin = visit(bypass_csp=True).page, start()
    for path, last in PAGES.items():
        page.goto(f"{origin}{path}")
        expect(page.locator(last).first).to_be_visible()
        if path.startswith("/lookup"):
            page.locator(last).first.click()
            expect(page.locator("#document mark")).to_be_visible()
        for scheme in SCHEMES if path != "/demo" else SCHEMES[:1]:
            page.emulate_media(color_scheme=scheme)
            assert violations(page) == [], path


def test_the_pages_fit_a_phone(visit: Callable[..., Visit], start: Start) -> None:
    page, origin = visit(**PHONE).page, start()
    for path, last in PAGES.items():
        page.goto(f"{origin}{path}")
        expect(page.locator(last).first).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path


def test_staff_look_something_up(visit: Callable[..., Visit], start: Start) -> None:
    here, origin = visit(), start()
    page = here.page
    page.goto(f"{origin}/lookup")
    expect(page.locator("#generation")).to_contain_text("2 products")
    look_up(page, "How long does the warranty last?")
    first = page.locator("#results > li").first
    expect(first.get_by_label("Why it ranks here")).to_contain_text("dense")
    expect(first.get_by_label("Why it ranks here")).to_contain_text("lexical")
    manual = page.locator("#results > li", has_text="The warranty of the Brook 1.7")
    manual.get_by_role("button").click()
    document = page.locator("#document")
    expect(document.get_by_role("heading")).to_have_text("Brook Kettle 1.7 manual")
    expect(document.locator("mark")).to_contain_text("lasts 3 years")
    expect(document.locator(".page")).to_have_text(["Page 1", "Page 2"])
    expect(document.locator(".page.now")).to_have_text("Page 2")
    expect(document).to_contain_text("Never put the base in water.")  # the whole of it
    page.get_by_label("policy").check()
    look_up(page, "warranty")
    expect(page.locator(".kind").first).to_have_text("policy")
    expect(page.locator(".kind", has_text="manual")).to_have_count(0)
    assert "kind=policy" in page.url
    page.reload()  # as a colleague who was sent the address
    expect(page.locator(".kind").first).to_have_text("policy")
    assert here.said == []
    assert here.away(origin) == []


def held(page: Page, pattern: str) -> list[Route]:
    """What the page asks for there, and does not get."""
    routes: list[Route] = []
    page.route(pattern, lambda route: routes.append(route))
    return routes


def until_asked(page: Page, routes: list[Route], times: int) -> None:
    while len(routes) < times:
        page.wait_for_timeout(10)


def test_the_answer_to_an_earlier_search_does_not_replace_the_later_one_s(
    visit: Callable[..., Visit], start: Start
) -> None:
    here, origin = visit(), start()
    page = here.page
    page.goto(f"{origin}/lookup")
    expect(page.locator("#generation")).to_contain_text("2 products")
    searches = held(page, "**/v1/search")
    look_up(page, "warranty")
    look_up(page, "descale")
    until_asked(page, searches, 2)
    answers = [search.fetch() for search in searches]
    searches[1].fulfill(response=answers[1])
    results = page.locator("#results")
    expect(results).to_contain_text("Descale")
    shown = results.inner_text()
    with suppress(Error):  # it was given up
        searches[0].fulfill(response=answers[0])
    documents = held(page, "**/v1/documents/**")
    buttons = results.get_by_role("button")
    titles = [buttons.nth(place).inner_text() for place in (0, 1)]
    assert titles[0] != titles[1]
    for place in (0, 1):
        buttons.nth(place).click()
    until_asked(page, documents, 2)
    for document in reversed(documents):
        with suppress(Error):
            document.continue_()
    expect(page.get_by_role("status")).to_have_text(f"{titles[1]}: the passage is marked.")
    page.wait_for_load_state("networkidle")
    expect(page.locator("#document h2")).to_have_text(titles[1])
    assert results.inner_text() == shown
    assert here.said == []


def test_staff_ask_and_see_what_was_not_answered(visit: Callable[..., Visit], start: Start) -> None:
    page, origin = visit().page, start()
    page.goto(f"{origin}/lookup")
    page.get_by_label("Product").fill("KT12")
    look_up(page, "How long is the cord?", "Ask")
    expect(page.locator("#answer")).to_contain_text("75 cm")
    expect(page.locator("#answer")).to_contain_text("answered")
    page.get_by_role("button", name="Source 1").click()
    expect(page.locator("#document mark")).to_contain_text("75 cm")
    look_up(page, "Zzyzx qwerty?", "Ask")
    expect(page.locator("#answer")).to_contain_text("abstained")
    page.goto(f"{origin}/lookup")
    page.locator("#unanswered").get_by_role("button", name="Zzyzx qwerty?").click()
    expect(page.get_by_label("Product")).to_have_value("KT12")
    page.get_by_label("Product").fill("KT99")
    look_up(page, "cord")
    expect(page.get_by_role("status")).to_contain_text("No document belongs to product 'KT99'")


def test_staff_show_their_key(visit: Callable[..., Visit], start: Start, tmp_path: Path) -> None:
    key, _ = KeyFile(tmp_path / "keys.json").create(Role.SERVER, "shop")
    page, origin = visit().page, start()
    page.goto(f"{origin}/lookup?q=cord")
    expect(page.get_by_role("alert").first).to_contain_text("A key is needed")
    page.get_by_label("Access key").fill(key)
    page.get_by_role("button", name="Use it").click()
    expect(page.locator("#results > li").first).to_be_visible()
    expect(page.get_by_label("Access key")).to_be_hidden()


def test_hostile_documents_stay_text_on_the_pages(
    visit: Callable[..., Visit],
    start: Start,
    hashing_embedder: HashingEmbedder,
    tmp_path: Path,
) -> None:
    """Without the pages' policy, so that it cannot be what helps."""
    folder = tmp_path / "corpus" / "products" / "EVIL"
    folder.mkdir(parents=True)
    rows = [payload.replace("\n", " ") for payload in PAYLOADS if "\x00" not in payload]
    text = "\n\n".join(f"Cord: {row}" for row in rows)
    (folder / "manual.txt").write_text(f"{rows[0]} cord\n\n{text}", encoding="utf-8")
    image = f"<img src=x onerror={RUN}>"
    (folder / "faq.md").write_text(f"# FAQ\n\n## Cord \\{image}?\n\nLong.\n", encoding="utf-8")
    product = {"id": "EVIL-1", "item_group_id": "EVIL", "title": f"Cord {image}", "price": image}
    product |= {"description": f"Cord {image}", "link": f"javascript:{RUN}"}
    (folder / "feed.jsonl").write_text(json.dumps(product), encoding="utf-8")
    build([tmp_path / "corpus"], Settings(index=tmp_path / "index"), hashing_embedder, Silent())
    here, origin = visit(bypass_csp=True), start(tmp_path / "index")
    page = here.page
    for path, last in PAGES.items():
        page.goto(f"{origin}{path.replace('KT17', 'EVIL')}")
        expect(page.locator(last).first).to_be_visible()
        for button in page.locator("#results button, .mark").all()[:6]:
            button.click()
        assert page.evaluate("window.pwned") is None
        assert image in page.locator("body").inner_text() + page.locator(last).first.inner_text()
    expect(page.locator("#document")).to_contain_text("pwned")
    page.wait_for_load_state("networkidle")
    assert page.evaluate("window.pwned") is None
    assert here.away(origin) == []
    assert here.said == []
