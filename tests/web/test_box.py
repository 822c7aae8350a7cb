"""The box in each of its states, in a real browser, on another origin than its service."""

import re
import threading
import time
from collections.abc import Callable

from playwright.sync_api import expect

from tests.api.scripted import CITATION, STATEMENT
from tests.web.conftest import Open, Shop
from tests.web.site import CHOICES, FULL, SILENT, Script, streamed


def test_idle_it_suggests_what_others_ask(shop: Open) -> None:
    here = shop()
    expect(here.part("heading")).to_have_text("Ask about this product")
    expect(here.part("suggestion")).to_have_text(["How heavy is it?", "How long is the cord?"])
    assert any("locale=en&product_id=KETTLE" in url for url in here.visit.requests)
    assert here.visit.said == []


def test_a_suggestion_is_asked_with_a_click(shop: Open, script: Script) -> None:
    here = shop()
    here.part("suggestion").first.click()
    expect(here.part("question")).to_have_text("How heavy is it?")
    expect(here.part("answer")).to_contain_text(STATEMENT.text.splitlines()[0])
    assert script.asked == [{"question": "How heavy is it?", "product_id": "KETTLE", "history": []}]


def test_it_shows_sentences_as_they_come(shop: Open, script: Script) -> None:
    """Before the citation, before the statement and before the answer the stream waits."""
    script.go = {0: threading.Event(), 1: threading.Event(), 3: threading.Event()}
    here = shop()
    here.ask()
    expect(here.part("progress")).to_have_text("Looking in the documents…")
    expect(here.part("button")).to_have_text("Stop")
    script.go[0].set()
    expect(here.part("progress")).to_have_text("Reading what is written there…")
    script.go[1].set()
    expect(here.part("answer")).to_contain_text("It weighs 1.1 kg")
    expect(here.part("feedback")).to_have_count(0)  # it is not complete
    script.go[3].set()
    expect(here.part("feedback")).to_be_visible()
    expect(here.part("progress")).to_have_count(0)
    expect(here.part("button")).to_have_text("Ask")


def test_a_citation_opens_the_quote_where_it_stands(shop: Open) -> None:
    here = shop()
    here.ask()
    mark = here.part("mark")
    expect(here.part("quote")).to_be_hidden()
    mark.click()
    expect(mark).to_have_attribute("aria-expanded", "true")
    expect(here.part("quote").locator("mark")).to_have_text(CITATION.quote)
    expect(here.part("quote")).to_contain_text("Product data")
    expect(here.part("quote").get_by_role("link")).to_have_count(0)  # it has no address
    mark.click()
    expect(here.part("quote")).to_be_hidden()


def test_a_citation_links_to_the_page_of_its_document(shop: Open, script: Script) -> None:
    cited = FULL[1][1] | {"url": "https://shop.example/manual.pdf", "page": 4}
    script.events = [FULL[0], ("citation", cited), *FULL[2:]]
    here = shop()
    here.ask()
    expect(here.part("source")).to_contain_text("page 4")
    here.part("source").click()
    link = here.part("quote").get_by_role("link")
    expect(link).to_have_attribute("href", "https://shop.example/manual.pdf#page=4")
    expect(link).to_have_attribute("rel", "noopener noreferrer")
    expect(link).to_have_attribute("target", "_blank")


def test_a_quote_is_shown_in_its_passage_beyond_the_basic_plane(shop: Open, script: Script) -> None:
    """Offsets count characters; in the browser an emoji is two."""
    text = "🫖🫖 Weight: 1.1 kg, with lid"
    passages = FULL[0][1]["passages"][0] | {"text": text, "start": 10, "end": 10 + len(text)}
    cited = FULL[1][1] | {"quote": "Weight: 1.1 kg", "start": 13, "end": 27}
    script.events = [("passages", {"passages": [passages]}), ("citation", cited), *FULL[2:]]
    here = shop()
    here.ask()
    here.part("mark").click()
    expect(here.part("quote").locator("blockquote")).to_have_text(text)
    expect(here.part("quote").locator("mark")).to_have_text("Weight: 1.1 kg")


def test_what_the_documents_do_not_say_is_said_with_what_to_do(shop: Open, script: Script) -> None:
    script.events = streamed(("answer", SILENT))
    here = shop(box='<shelf-talk product-id="KETTLE" contact="/contact"></shelf-talk>')
    expect(here.part("suggestion")).to_have_count(2)
    here.ask("How long is the cord?")
    expect(here.part("silence")).to_contain_text("The documents don't say. I looked at: Kettle.")
    link = here.part("silence").get_by_role("link")
    expect(link).to_have_attribute("href", here.here + "/contact")
    expect(here.part("silence").locator("[part=suggestion]")).to_have_text(["How heavy is it?"])
    expect(here.part("sources")).to_be_hidden()
    expect(here.part("feedback")).to_have_count(0)


def test_without_a_contact_none_is_offered(shop: Open, script: Script) -> None:
    script.events = streamed(("answer", SILENT))
    here = shop()
    here.ask()
    expect(here.part("silence")).to_be_visible()
    expect(here.part("silence").get_by_role("link")).to_have_count(0)


def test_an_error_can_be_tried_again(shop: Open, script: Script) -> None:
    script.status = 503
    here = shop()
    here.ask()
    expect(here.part("error")).to_contain_text("Many people are asking right now")
    script.status = 200
    here.part("error").get_by_role("button").click()
    expect(here.part("answer")).to_contain_text("It weighs 1.1 kg")
    expect(here.part("error")).to_have_count(0)
    expect(here.part("question")).to_have_count(1)
    assert script.asked[0] == script.asked[1]


def test_an_unknown_product_is_said_in_the_shopper_s_words(shop: Open, script: Script) -> None:
    script.status, script.problem = 404, {"type": "urn:shelftalk:problem:scope"}
    here = shop()
    here.ask()
    expect(here.part("error")).to_have_text("There are no documents about this product yet.")


def test_an_error_in_the_stream_is_no_answer(shop: Open, script: Script) -> None:
    script.events = [*FULL[:3], ("error", {"detail": "It failed."})]
    here = shop()
    here.ask()
    expect(here.part("error")).to_contain_text("Something went wrong")
    expect(here.part("feedback")).to_have_count(0)


def test_a_cut_stream_is_not_shown_as_complete(shop: Open, script: Script) -> None:
    script.events, script.cut, script.go = FULL[:3], True, {3: threading.Event()}
    here = shop()
    here.ask()
    expect(here.part("answer")).to_contain_text("It weighs 1.1 kg")
    script.go[3].set()
    expect(here.part("error")).to_contain_text("The answer was cut off.")
    expect(here.part("answer")).to_contain_text("It weighs 1.1 kg")
    expect(here.part("feedback")).to_have_count(0)


def test_a_stream_that_ends_early_without_breaking_is_cut_too(shop: Open, script: Script) -> None:
    script.events = FULL[:3]
    here = shop()
    here.ask()
    expect(here.part("error")).to_contain_text("The answer was cut off.")


def test_without_a_connection_it_says_so(shop: Open) -> None:
    here = shop()
    expect(here.part("suggestion").first).to_be_visible()
    here.page.context.set_offline(True)
    here.ask()
    expect(here.part("error")).to_contain_text("There is no connection")


def test_the_box_recovers_from_a_network_that_failed_as_it_was_shown(
    shop: Open, script: Script
) -> None:
    """When the page is opened, the box cannot even get its token."""
    script.token = "widget_1"
    here = shop(box='<shelf-talk mode="launcher"></shelf-talk>')
    here.page.context.set_offline(True)
    here.part("launcher").click()
    here.ask()
    expect(here.part("error")).to_contain_text("There is no connection")
    here.page.context.set_offline(False)
    here.part("error").get_by_role("button").click()
    expect(here.part("answer")).to_contain_text("It weighs 1.1 kg")


def test_a_slow_answer_can_be_stopped(shop: Open, script: Script) -> None:
    script.go = {1: threading.Event()}
    here = shop()
    here.ask()
    expect(here.part("progress")).to_have_text("Reading what is written there…")
    here.part("button").click()
    expect(here.part("error")).to_contain_text("Stopped.")
    assert script.left.wait(10)  # the service need not go on


def test_leaving_the_page_stops_the_answer(shop: Open, script: Script) -> None:
    script.go = {1: threading.Event()}
    here = shop()
    here.ask()
    expect(here.part("progress")).to_have_text("Reading what is written there…")
    here.page.evaluate("document.querySelector('shelf-talk').remove()")
    assert script.left.wait(10)


def test_it_asks_which_product_is_meant(shop: Open, script: Script) -> None:
    script.events = streamed(("answer", CHOICES))
    here = shop(box="<shelf-talk></shelf-talk>")
    here.ask()
    expect(here.part("choices").get_by_role("button")).to_have_text(["Kettle", "Kettle 2"])
    script.events = FULL
    here.part("choices").get_by_role("button", name="Kettle 2").click()
    expect(here.part("answer").last).to_contain_text("It weighs 1.1 kg")
    here.ask("How long is the cord?")
    expect(here.part("question")).to_have_count(3)
    expect(here.part("feedback")).to_have_count(2)
    assert [body.get("product_id") for body in script.asked] == [None, "KETTLE-2", "KETTLE-2"]
    here.box.get_by_role("button", name="Ask about the whole shop again").click()
    here.ask("Do you ship to Norway?")
    expect(here.part("feedback")).to_have_count(3)
    assert "product_id" not in script.asked[-1]


def test_a_follow_up_carries_what_was_asked_before(shop: Open, script: Script) -> None:
    here = shop()
    here.ask("How heavy is it?")
    expect(here.part("feedback")).to_have_count(1)
    here.ask("And the larger one?")
    expect(here.part("feedback")).to_have_count(2)
    assert script.asked[1]["history"] == ["How heavy is it?"]


def test_a_thumb_up_is_sent(shop: Open, script: Script) -> None:
    here = shop()
    here.ask()
    here.part("feedback").get_by_role("button", name="Yes").click()
    expect(here.part("feedback")).to_have_text("Thank you. This helps us.")
    _until(here, lambda: script.feedback != [])
    assert script.feedback[0] == {
        "question": "How heavy is it?",
        "answer": STATEMENT.text,
        "generation": "g1",
        "product_id": "KETTLE",
        "helpful": True,
    }


def test_a_thumb_down_says_why(shop: Open, script: Script) -> None:
    here = shop()
    here.ask()
    here.part("feedback").get_by_role("button", name="No").click()
    here.part("reason").get_by_label("Something is missing").check()
    here.part("reason").get_by_role("textbox").fill("with the lid?")
    here.part("reason").get_by_role("button", name="Send").click()
    expect(here.part("feedback")).to_have_text("Thank you. This helps us.")
    _until(here, lambda: script.feedback != [])
    sent = script.feedback[0]
    assert (sent["helpful"], sent["reason"], sent["text"]) == (False, "incomplete", "with the lid?")


def test_a_question_too_long_is_not_cut(shop: Open, script: Script) -> None:
    here = shop()
    here.ask("x" * 2001)
    assert here.part("input").evaluate("node => node.validationMessage").startswith("Please ask in")
    assert script.asked == []
    here.ask("🫖" * 2000)  # characters, not what a browser counts
    expect(here.part("question")).to_have_count(1)


def test_it_shows_a_token_where_one_is_needed(shop: Open, script: Script) -> None:
    script.token = "widget_1"
    here = shop()
    here.ask()
    expect(here.part("feedback")).to_be_visible()
    script.token = "widget_2"  # the old one is good no longer
    here.ask("And now?")
    expect(here.part("feedback")).to_have_count(2)
    assert script.credentials == ["Bearer widget_1", "Bearer widget_1", "Bearer widget_2"]


def test_two_boxes_on_a_page_do_not_mix(shop: Open, script: Script) -> None:
    here = shop(
        box='<shelf-talk id="a" product-id="KETTLE"></shelf-talk>'
        '<shelf-talk id="b" product-id="KETTLE-2"></shelf-talk>'
    )
    for name in ("a", "b"):
        field = here.page.locator(f"#{name} [part=input]")
        field.fill(f"From {name}?")
        field.press("Enter")
    for name in ("a", "b"):
        expect(here.page.locator(f"#{name} [part=question]")).to_have_text(f"From {name}?")
        expect(here.page.locator(f"#{name} [part=feedback]")).to_be_visible()
    products = {body["question"]: body["product_id"] for body in script.asked}
    assert products == {"From a?": "KETTLE", "From b?": "KETTLE-2"}


def test_the_page_hears_of_it(shop: Open) -> None:
    here = shop()
    here.page.evaluate(
        """() => { window.heard = []; for (const name of ["asked", "answered", "feedback"])
        document.addEventListener(`shelf-talk:${name}`, ({ detail }) =>
        heard.push([name, detail])); }"""
    )
    here.ask()
    here.part("feedback").get_by_role("button", name="Yes").click()
    expect(here.part("feedback")).to_have_text(re.compile("Thank you"))
    heard = here.page.evaluate("heard")
    assert [name for name, _ in heard] == ["asked", "answered", "feedback"]
    assert heard[1][1] == {"question": "How heavy is it?", "status": "answered", "generation": "g1"}


def test_another_product_begins_a_new_conversation(shop: Open, script: Script) -> None:
    """As on a page that changes without being loaded anew."""
    here = shop()
    here.ask()
    expect(here.part("feedback")).to_be_visible()
    here.box.evaluate("box => box.setAttribute('product-id', 'KETTLE-2')")
    expect(here.part("question")).to_have_count(0)
    here.ask("And this one?")
    expect(here.part("feedback")).to_be_visible()
    assert (script.asked[-1]["product_id"], script.asked[-1]["history"]) == ("KETTLE-2", [])


def _until(here: Shop, true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not true():
        assert time.monotonic() < deadline
        here.page.wait_for_timeout(10)  # a plain sleep would hold the page's requests back
