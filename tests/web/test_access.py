"""Everyone can use it: axe, keyboard alone, dark, right to left, other languages, a phone."""

from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.web.conftest import Open, Shop
from tests.web.site import CHOICES, SILENT, Script, streamed

LAUNCHER = '<shelf-talk mode="launcher"></shelf-talk>'
PHONE = {"viewport": {"width": 360, "height": 740}, "is_mobile": True, "has_touch": True}
SCHEMES: tuple[Literal["light"], Literal["dark"]] = ("light", "dark")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def violations(page: Page) -> list[tuple[str, Any]]:
    """What axe finds wrong, with where."""
    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": RULES}})
    assert len(found.response["passes"]) > 10  # it did look
    return [
        (rule["id"], [node["html"] for node in rule["nodes"]])
        for rule in found.response["violations"]
    ]


def show_all_states(here: Shop, script: Script) -> None:
    """Ask until every state is on the page."""
    for events in (streamed(("answer", CHOICES)), streamed(("answer", SILENT))):
        script.events = events
        here.ask()
        expect(here.part("progress")).to_have_count(0)
    script.events = Script().events
    here.ask()
    here.part("feedback").last.get_by_role("button", name="No").click()
    here.ask()
    expect(here.part("feedback")).to_have_count(1)
    here.part("mark").last.click()
    script.status = 500
    here.ask()
    expect(here.part("error")).to_be_visible()


@pytest.mark.parametrize("box", ["<shelf-talk product-id=KETTLE></shelf-talk>", LAUNCHER])
def test_axe_finds_nothing(shop: Open, script: Script, box: str) -> None:
    here = shop(view={"bypass_csp": True}, box=box)  # a policy would keep axe itself out
    if box == LAUNCHER:
        assert violations(here.page) == []
        here.part("launcher").click()
    expect(here.part("suggestion").first).to_be_visible()
    assert violations(here.page) == []
    show_all_states(here, script)
    for scheme in SCHEMES:
        here.page.emulate_media(color_scheme=scheme)
        assert violations(here.page) == []


def test_the_box_is_dark_where_the_page_is(shop: Open) -> None:
    here = shop()
    light, dark = "rgb(255, 255, 255)", "rgb(27, 30, 34)"
    expect(here.part("panel")).to_have_css("background-color", light)
    here.page.emulate_media(color_scheme="dark")
    expect(here.part("panel")).to_have_css("background-color", dark)
    here.box.evaluate("box => box.setAttribute('theme', 'light')")
    expect(here.part("panel")).to_have_css("background-color", light)


def focused(here: Shop) -> str:
    """The text or the label of what has the keyboard in the box."""
    label = here.box.evaluate(
        "box => { const at = box.shadowRoot.activeElement;"
        " return at ? at.getAttribute('aria-label') ?? at.textContent : '' }"
    )
    return str(label).strip()


def test_with_the_keyboard_alone(shop: Open, script: Script) -> None:
    here = shop()
    press = here.page.keyboard.press
    expect(here.part("suggestion").first).to_be_visible()
    press("Tab")
    assert focused(here) == "How heavy is it?"
    press("Enter")
    expect(here.part("feedback")).to_be_visible()
    assert here.box.evaluate("box => box.shadowRoot.activeElement.part.value") == "exchange"
    press("Tab")
    assert focused(here) == "Source 1: Kettle"
    press("Enter")
    expect(here.part("quote")).to_be_visible()
    press("Tab")  # the source below the answer
    press("Tab")
    assert focused(here) == "Yes"
    press("Tab")
    press("Space")
    expect(here.part("reason")).to_be_visible()
    press("ArrowDown")  # its first reason has the focus
    press("Tab")
    press("Tab")
    assert focused(here) == "Send"
    press("Enter")
    expect(here.part("feedback")).to_have_text("Thank you. This helps us.")
    press("Tab")
    assert focused(here) == "Your question"
    here.page.keyboard.type("And the cord?")
    press("Enter")
    expect(here.part("question")).to_have_count(2)
    assert focused(here) == "Your question"
    assert script.feedback[0]["reason"] == "incomplete"


def test_a_screen_reader_hears_what_happens(shop: Open, script: Script) -> None:
    here = shop()
    status = here.box.get_by_role("status")
    here.ask()
    expect(status).to_have_text("It weighs 1.1 kg – “light”. Really.")
    script.events = streamed(("answer", SILENT))
    here.ask()
    expect(status).to_have_text("The documents don't say. I looked at: Kettle.")
    script.status = 500
    here.ask()
    expect(status).to_have_text("Something went wrong on our side.")


def test_the_launcher_opens_and_closes(shop: Open) -> None:
    here = shop(box=LAUNCHER)
    launcher = here.part("launcher")
    expect(here.part("panel")).to_be_hidden()
    launcher.click()
    expect(here.part("panel")).to_be_visible()
    expect(launcher).to_have_attribute("aria-expanded", "true")
    assert focused(here) == "Your question"
    here.ask()
    expect(here.part("feedback")).to_be_visible()
    here.page.keyboard.press("Escape")
    expect(here.part("panel")).to_be_hidden()
    assert focused(here) == "Ask a question"
    here.page.keyboard.press("Enter")
    expect(here.part("feedback")).to_be_visible()  # the conversation stayed
    here.box.get_by_role("button", name="Close").click()
    expect(launcher).to_have_attribute("aria-expanded", "false")


def test_right_to_left(shop: Open) -> None:
    here = shop(direction="rtl", language="ar")
    here.ask("كم وزنه؟")
    expect(here.part("feedback")).to_be_visible()
    field, button = (here.part(name).bounding_box() for name in ("input", "button"))
    panel, question = (here.part(name).bounding_box() for name in ("panel", "question"))
    assert field and button and panel and question
    assert button["x"] < field["x"]
    assert question["x"] - panel["x"] < 30  # the shopper's side is the end of the line
    assert here.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize(
    ("language", "heading", "button"),
    [("de-AT", "Fragen zu diesem Produkt?", "Fragen"), ("zh-CN", "关于这件商品的问题", "提问")],
)
def test_it_speaks_the_page_s_language(
    shop: Open, language: str, heading: str, button: str
) -> None:
    here = shop(language=language)
    expect(here.part("heading")).to_have_text(heading)
    expect(here.part("button")).to_have_text(button)
    assert here.part("panel").get_attribute("lang") == language[:2]


def test_a_page_can_add_a_language(shop: Open) -> None:
    here = shop(policy=False)
    here.page.evaluate(
        """() => { customElements.get("shelf-talk").strings.fr = { ask: "Demander" };
        document.querySelector("shelf-talk").lang = "fr"; }"""
    )
    expect(here.part("button")).to_have_text("Demander")
    expect(here.part("heading")).to_have_text("Ask about this product")  # what it does not say


@pytest.mark.parametrize("box", ["<shelf-talk product-id=KETTLE></shelf-talk>", LAUNCHER])
def test_on_a_phone(shop: Open, box: str) -> None:
    here = shop(view=PHONE, box=box)
    if box == LAUNCHER:
        here.part("launcher").tap()
        panel = here.part("panel").bounding_box()
        assert panel and (panel["width"], panel["height"]) == (360, 740)
    here.part("input").tap()
    here.ask("How heavy is it, and does it fit below a very low tap in a small kitchen?")
    here.part("mark").tap()
    expect(here.part("quote")).to_be_visible()
    assert here.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    # Smaller letters make a phone zoom in as soon as one types.
    size = here.part("input").evaluate("field => parseFloat(getComputedStyle(field).fontSize)")
    assert size >= 16


def test_a_page_can_style_it(shop: Open) -> None:
    variable, part = "--shelf-talk-accent: #123456", "shelf-talk::part(heading) { color: #654321 }"
    here = shop(policy=False, head=f"<style>shelf-talk {{ {variable} }} {part}</style>")
    expect(here.part("button")).to_have_css("background-color", "rgb(18, 52, 86)")
    expect(here.part("heading")).to_have_css("color", "rgb(101, 67, 33)")
