"""One browser for all tests; for each a shop's site, a scripted service, and a page to look at."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page

from tests.web.browser import Visit, launched
from tests.web.site import Script, Stage, running, service, shop_page, site


class Shop:
    """A shop's page with the box on it, opened in a browser."""

    def __init__(self, visit: Visit, script: Script, here: str, service: str) -> None:
        self.visit = visit
        self.script = script
        self.here = here
        self.service = service

    @property
    def page(self) -> Page:
        return self.visit.page

    @property
    def box(self) -> Locator:
        return self.page.locator("shelf-talk")

    def part(self, name: str) -> Locator:
        """A part of the box, as a page's style sheet would name it."""
        return self.box.locator(f"[part~={name}]")

    def ask(self, question: str = "How heavy is it?") -> None:
        """Type a question and send it."""
        field = self.part("input").first
        field.fill(question)
        field.press("Enter")


Open = Callable[..., Shop]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with launched() as browser:
        yield browser


@pytest.fixture(scope="session")
def stage() -> Stage:
    return Stage()


@pytest.fixture(scope="session")
def service_origin(stage: Stage) -> Iterator[str]:
    with running(service(stage)) as origin:
        yield origin


@pytest.fixture(scope="session")
def shop_origin(stage: Stage) -> Iterator[str]:
    with running(site(stage)) as origin:
        yield origin


@pytest.fixture
def script(stage: Stage) -> Script:
    stage.script = Script()
    return stage.script


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[..., Visit]]:
    """Open a context; keywords go to Playwright."""
    with ExitStack() as stack:

        def opened(**options: Any) -> Visit:
            context = browser.new_context(**options)
            stack.callback(context.close)
            return Visit(context)

        yield opened


@pytest.fixture
def shop(
    visit: Callable[..., Visit],
    stage: Stage,
    script: Script,
    service_origin: str,
    shop_origin: str,
) -> Open:
    """Open the shop's page: `view` goes to the browser's context, the rest to `shop_page`."""

    def opened(view: dict[str, Any] | None = None, **page: Any) -> Shop:
        stage.page = lambda: shop_page(service_origin, **page)
        shop = Shop(visit(**(view or {})), script, shop_origin, service_origin)
        shop.page.goto(shop_origin)
        return shop

    return opened
