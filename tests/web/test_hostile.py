"""A generator and a service in hostile hands: nothing they say is run or sent anywhere."""

from typing import Any

import pytest
from playwright.sync_api import expect

from rag.body import passage_body
from tests.api.scripted import passage
from tests.web.conftest import Open
from tests.web.payloads import PAYLOADS
from tests.web.site import ANSWERED, CHOICES, FULL, SILENT, Script

BATCH = 200
"""Payloads shown on one page."""

BATCHES = [PAYLOADS[at : at + BATCH] for at in range(0, len(PAYLOADS), BATCH)]


def answered(payloads: tuple[str, ...]) -> list[tuple[str, Any]]:
    """An answer with a sentence and a source for each payload, which stands in all of both."""
    passages, cited, said = [], [], []
    for number, payload in enumerate(payloads, 1):
        place = {"title": payload, "source": payload, "document_id": payload, "kind": payload}
        text = f"Before. {payload} After."
        end = 8 + len(payload)
        passages.append({**passage_body(passage(1)), **place, "text": text, "start": 0})
        quote = {"number": number, "quote": payload, "start": 8, "end": end, "page": None}
        cited.append({**FULL[1][1], **place, **quote, "url": payload, "heading": [payload]})
        said.append({"text": payload, "citations": [number], "verdict": "supported"})
    whole = ANSWERED | {"answer": payloads[0], "conflicts": list(payloads)}
    whole |= {"statements": said, "citations": cited, "generation": payloads[0]}
    return [
        ("passages", {"passages": passages, "generation": payloads[0]}),
        *(("citation", body) for body in cited),
        *(("statement", body) for body in said),
        ("answer", whole),
        ("done", {}),
    ]


def silent(payloads: tuple[str, ...]) -> list[tuple[str, Any]]:
    return [("answer", SILENT | {"answer": "\n".join(payloads)}), ("done", {})]


def choosing(payloads: tuple[str, ...]) -> list[tuple[str, Any]]:
    choices = [{"product_id": payload, "name": payload} for payload in payloads]
    return [("answer", CHOICES | {"answer": payloads[0], "choices": choices}), ("done", {})]


def test_there_are_enough_of_them() -> None:
    assert len(PAYLOADS) >= 500
    assert len(set(PAYLOADS)) == len(PAYLOADS)


def test_the_payloads_work_where_text_becomes_markup(shop: Open) -> None:
    """Else the next test would prove nothing."""
    here = shop(policy=False)
    here.page.evaluate(
        """(payloads) => { for (const payload of payloads) {
        const frame = document.createElement("iframe"); document.body.append(frame);
        frame.contentDocument.write(`<body>${payload}`); frame.contentDocument.close(); } }""",
        [payload for payload in PAYLOADS if "<" in payload and "refresh" not in payload][:60],
    )
    ran = "[...document.querySelectorAll('iframe')].filter(one => one.contentWindow?.pwned).length"
    here.page.wait_for_function(f"{ran} > 8")
    assert len(set(here.visit.away(here.here, here.service))) > 8


@pytest.mark.parametrize("payloads", BATCHES, ids=lambda some: f"{len(some)}")
def test_nothing_runs_and_nothing_is_sent(
    shop: Open, script: Script, payloads: tuple[str, ...]
) -> None:
    """Without a policy on the page: the box alone must be enough."""
    script.events, script.suggestions = answered(payloads), list(payloads)
    here = shop(policy=False, box="<shelf-talk></shelf-talk>")
    expect(here.part("suggestion").first).to_have_text(payloads[0].strip(), use_inner_text=False)
    here.ask()
    expect(here.part("feedback")).to_be_visible()
    shown = here.part("answer").first.locator("span").all_text_contents()
    assert shown == list(payloads)
    here.box.evaluate(
        "box => box.shadowRoot.querySelectorAll('.mark, .source, [part=thumb]')"
        ".forEach(button => button.click())"
    )
    quotes = here.part("quote").locator("mark").all_text_contents()
    assert quotes == list(payloads)
    script.events = choosing(payloads)
    here.ask()
    choices = here.part("choices").get_by_role("button")
    expect(choices).to_have_count(len(payloads))
    assert choices.all_text_contents() == list(payloads)
    choices.last.click()
    expect(here.part("choices")).to_have_count(2)  # the service asks again
    script.events = silent(payloads)
    here.ask()
    expect(here.part("silence")).to_contain_text(payloads[-1].strip()[-8:])
    script.status, script.problem = 500, {"detail": payloads[0], "type": payloads[0]}
    here.ask()
    expect(here.part("error")).to_be_visible()

    links = here.box.evaluate(
        "box => [...box.shadowRoot.querySelectorAll('*')].flatMap(node => [...node.attributes])"
        ".filter(({ name }) => /^(href|src|action|style|on.*)$/.test(name))"
        ".map(({ name, value }) => [name, value])"
    )
    assert {name for name, _ in links} <= {"href"}
    assert all(value.startswith(("http://", "https://")) for _, value in links)
    here.page.mouse.move(200, 200)
    here.page.wait_for_load_state("networkidle")
    assert here.page.evaluate("window.pwned") is None
    assert here.visit.away(here.here, here.service) == []
    assert [line for line in here.visit.said if line.startswith(("dialog", "uncaught"))] == []
    assert here.page.url.rstrip("/") == here.here
    assert here.page.frames == [here.page.main_frame]


@pytest.mark.parametrize(
    "events",
    [
        [("passages", {"passages": "x"}), ("answer", {"status": "answered"})],
        [("passages", {"passages": [None, 1]}), *FULL[1:]],
        [("citation", {"number": "1", "title": {}}), ("statement", {"text": 1}), *FULL],
        [("citation", {"number": 1}), *FULL[2:]],
        [("statement", {"text": "Unverified.", "citations": [1], "verdict": "contradicted"})],
        [("answer", {"status": "answered", "statements": [None], "citations": [None]})],
        [("answer", None), ("answer", []), ("done", None)],
        [("constructor", {}), ("__proto__", {}), *FULL],
        [("statement", {"text": "x" * 300_000, "citations": [], "verdict": "supported"}), *FULL],
    ],
)
def test_shapes_nobody_promised_break_nothing(
    shop: Open, script: Script, events: list[tuple[str, Any]]
) -> None:
    """It shows what there is, or that there is nothing; and it can be asked again."""
    script.events = events
    here = shop()
    here.ask()
    expect(here.part("feedback").or_(here.part("error")).or_(here.part("silence"))).to_be_visible()
    expect(here.box).not_to_contain_text("Unverified")
    script.events = list(FULL)
    here.ask()
    expect(here.part("answer").last).to_contain_text("It weighs 1.1 kg")
    assert [line for line in here.visit.said if line.startswith("uncaught")] == []


def test_under_the_strictest_policy_with_a_checked_script(shop: Open) -> None:
    here = shop()
    here.ask()
    here.part("mark").click()
    expect(here.part("quote")).to_be_visible()
    expect(here.part("mark")).to_have_css("border-radius", "6px")  # its styles are there
    assert here.visit.said == []  # a violation would be reported in the console


def test_a_script_that_is_not_the_published_one_does_not_run(shop: Open) -> None:
    here = shop(integrity="sha384-" + "A" * 64)
    assert here.page.evaluate("customElements.get('shelf-talk')") is None
    assert any("integrity" in line for line in here.visit.said)
