"""Debian's Chromium under Playwright, and what of it every test wants to know."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = (
    "--no-sandbox --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split() + ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]  # it cannot leave either
PATIENCE = 10_000
"""Milliseconds a test waits for what it expects to see."""


@contextmanager
def launched() -> Iterator[Browser]:
    """The browser; where there is none the tests are skipped, but not in CI."""
    if not CHROMIUM.exists():
        reason = f"these tests need a browser at {CHROMIUM}: apt-get install chromium"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


class Visit:
    """A page in a context of its own, and everything it asked for, said and refused to do."""

    def __init__(self, context: BrowserContext) -> None:
        self.requests: list[str] = []
        self.said: list[str] = []
        """The console, uncaught errors, and every violation of a policy."""
        context.set_default_timeout(PATIENCE)
        context.on("request", lambda request: self.requests.append(request.url))
        self.page: Page = context.new_page()
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(f"uncaught: {error}"))
        self.page.on("dialog", lambda dialog: self._opened(dialog.message, dialog.dismiss))

    def away(self, *origins: str) -> list[str]:
        """The requests that went elsewhere than to these origins."""
        return [url for url in self.requests if _origin(url) not in origins]

    def _opened(self, message: str, dismiss: object) -> None:
        self.said.append(f"dialog: {message}")
        assert callable(dismiss)
        dismiss()


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
