"""A real browser before a book that is really served: Debian's Chromium, where the machine has it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from afterloan.desk.web.house import House
from afterloan.desk.work import JobWorker
from afterloan.rehearsal.serving import at_free_port, quiet_server
from afterloan.store.server import Store
from afterloan.store.sittings import begin_sitting
from tests.desk.web.served import app_before

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


def needs_chromium() -> None:
    """Skip, loudly, where there is no browser."""
    if not CHROMIUM.exists():
        pytest.skip(
            f"NO BROWSER: {CHROMIUM} is not there, so the pages were not tried in one; apt-get install chromium"
        )


@contextmanager
def served_at(store: Store, works: bool = True) -> Iterator[str]:
    """The desk of a book served on a free port of this machine; its address. `works`: jobs are done beside it."""
    worker = JobWorker(store)
    house = House(store, demo=True, rings=worker.ring)
    if works:
        worker.start()
    try:
        with at_free_port(quiet_server(app_before(house))) as port:
            yield f"http://desk.localhost:{port}"
    finally:
        worker.stop()


class Browsing:
    """A page of somebody who sat down; what the browser complained of is kept and must be nothing."""

    def __init__(self, page: Any, base: str) -> None:
        self.page, self.base, self.complaints = page, base, []
        page.on("console", lambda told: self.complaints.append(told.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.set_default_timeout(60_000)  # a machine that does much else besides

    def sit(self, seat: str, language: str = "en") -> "Browsing":
        self.page.goto(f"{self.base}/sign-in")
        self.page.click(f'button[value="{seat}"]')
        self.page.goto(f"{self.base}/language/{language}?to=/")
        self.complaints.clear()  # a sign-in page without an icon of its own
        return self

    def as_agent(self, store: Store, name: str, roles: tuple[str, ...] = ("agent",)) -> "Browsing":
        """Somebody who is signed in already, by a cookie of their own."""
        now = datetime.now(UTC)
        with store.connect(autocommit=True) as connection:
            lasts = (timedelta(minutes=30), timedelta(hours=10))
            secret = begin_sitting(connection, "desk", "person", name, "demo", now, *lasts, roles)
        cookie = {"name": "__Host-afterloan-desk", "value": secret, "url": self.base.replace("http:", "https:"),
                  "secure": True, "httpOnly": True}  # fmt: skip
        self.page.context.add_cookies([cookie])
        self.page.goto(f"{self.base}/language/en?to=/")
        return self

    def go(self, path: str) -> None:
        self.page.goto(self.base + path)

    def keys(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def sees(self, text: str) -> None:
        self.page.get_by_text(text, exact=False).first.wait_for(state="visible")

    def overflow(self) -> int:
        found: int = self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        return found


Open = Callable[..., Browsing]


@contextmanager
def browser_before(base: str) -> Iterator[Open]:
    """Opens pages in one browser: `open(width=360, dark=True)`."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)

        def open_page(width: int = 1440, dark: bool = False) -> Browsing:
            context = browser.new_context(
                viewport={"width": width, "height": 900}, color_scheme="dark" if dark else "light"
            )
            return Browsing(context.new_page(), base)

        yield open_page
        browser.close()
