"""The portal in a real browser at 360 pixels: paying by debit told truly at each state, and no fault that axe finds."""

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from afterloan.banks.words import Result
from afterloan.desk.serve import app_of
from afterloan.desk.web.house import House
from afterloan.servicing.debits import take_result
from afterloan.store.debits import standing_of
from afterloan.store.server import Store
from tests.desk.portal.house import book
from tests.desk.web.served import ON

__all__ = ["book"]
CHROMIUM = Path("/usr/bin/chromium")
ARGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
LOOKED_AT = ["/", "/why", "/pay", "/pay/check?what=all", "/cannot", "/plan", "/hardship", "/way-back/L1", "/bureau",
             "/contact", "/documents", "/help", "/looked",
             "/step-up", "/step-up/code", "/sign-in", "/phone"]  # fmt: skip
pytestmark = pytest.mark.skipif(
    not CHROMIUM.exists(), reason="NO CHROMIUM AT /usr/bin/chromium: the portal is not seen"
)


@pytest.fixture(scope="module")
def page(book: Store) -> Iterator[Any]:
    """A phone in which B1 sat down, the address in `page.home`; nothing may be written to its console."""
    playwright = pytest.importorskip("playwright.sync_api", reason="NO PLAYWRIGHT: the portal is not seen")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    served = uvicorn.Server(uvicorn.Config(app_of(House(book, True)), port=port, log_level="error"))
    thread = threading.Thread(target=served.run, daemon=True)
    thread.start()
    while not served.started:
        time.sleep(0.02)
    with playwright.sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=str(CHROMIUM), args=ARGS)
        seen = chromium.new_page(viewport={"width": 360, "height": 780}, locale="en-GB")
        said: list[str] = []
        seen.on("console", lambda message: said.append(message.text) if "favicon" not in message.location["url"] else 0)
        seen.home = f"http://my.localhost:{port}"
        seen.goto(f"{seen.home}/sign-in")
        seen.click("button[value=B1]")
        yield seen
        chromium.close()
        assert said == []
    served.should_exit = True
    thread.join(10)


@pytest.mark.parametrize("path", LOOKED_AT)
def test_no_page_is_wider_than_a_phone_or_shuts_anybody_out(page: Any, path: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="NO AXE: accessibility is not seen")
    page.goto(page.home + path)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "it scrolls sideways"
    found = axe.Axe().run(page).response["violations"]
    assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found] == []


def test_a_debit_is_told_truly_on_its_way_arrived_and_returned(page: Any, book: Store) -> None:
    page.goto(page.home + "/")
    due = page.inner_text(".big")
    page.click("a[href='/pay']")
    page.check("input[value='loan:L1']")
    page.click("main form button")
    page.click("text=Debit my card ··8841 now")
    assert page.inner_text("h1") == "On its way"
    where = page.url
    says(book, "succeeded")
    page.goto(where)
    assert page.inner_text("h1") == "Arrived"
    page.goto(page.home + "/")
    assert page.inner_text(".big") != due
    says(book, "returned")
    page.goto(where)
    assert page.inner_text("h1") == "It went back" and "due again" in page.inner_text("main")
    page.goto(page.home + "/")
    assert page.inner_text(".big") == due


def says(book: Store, status: Any) -> None:
    """The bank says of the debit what it says."""
    with book.connect() as connection:
        (tried,) = standing_of(connection, "B1").tried
        code = "" if status == "succeeded" else "insufficient_funds"
        fen = tried.amount_fen if status == "succeeded" else 0
        take_result(connection, Result(tried.reference, status, ON, fen, code, "own" if code else ""), ON)
