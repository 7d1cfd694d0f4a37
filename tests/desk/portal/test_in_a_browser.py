"""The portal in a real browser at 360 pixels: paying by debit told truly at each state, plans, photos, a code."""

import re
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from afterloan.banks.words import Result
from afterloan.desk.web.house import House
from afterloan.enquiry.holds import holds_of
from afterloan.rehearsal.serving import at_free_port, quiet_server
from afterloan.servicing.debits import take_result
from afterloan.store.debits import standing_of
from afterloan.store.server import Store
from afterloan.store.settings import Setting, set_parts
from tests.desk.portal.house import TITLES, book
from tests.desk.web.served import ON, app_before

__all__ = ["book"]
PHOTOS = [b"\x89PNG\r\n\x1a\n" + digit * 2_000 for digit in (b"1", b"2", b"3")]
CHROMIUM = Path("/usr/bin/chromium")
ARGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
pytestmark = pytest.mark.skipif(
    not CHROMIUM.exists(), reason="NO CHROMIUM AT /usr/bin/chromium: the portal is not seen"
)


@pytest.fixture(scope="module")
def page(book: Store) -> Iterator[Any]:
    """A phone in which B1 sat down, the address in `page.home`; nothing may be written to its console."""
    playwright = pytest.importorskip("playwright.sync_api", reason="NO PLAYWRIGHT: the portal is not seen")
    server = quiet_server(app_before(House(book, True)))
    with at_free_port(server) as port, playwright.sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=str(CHROMIUM), args=ARGS)
        seen = chromium.new_page(viewport={"width": 360, "height": 780}, locale="en-GB")
        said: list[str] = []
        seen.on("console", lambda message: said.append(message.text) if "favicon" not in message.location["url"] else 0)
        seen.said = said
        seen.home = f"http://my.localhost:{port}"
        seen.goto(f"{seen.home}/sign-in")
        seen.click("button[value=B1]")
        yield seen
        chromium.close()
        assert said == []


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


def test_the_plan_finder_is_left_come_back_to_next_day_and_finished(page: Any, book: Store) -> None:
    """Journey 11. 6,000 − (1,200 + 1,500) − 400 − a tenth kept = 2,300 a month; agreed with a fresh code."""
    page.goto(page.home + "/plan")
    page.select_option("#loan", "L1")
    for name, value in (("household", "2"), ("pay", "6000"), ("home", "1,200.00")):
        page.fill(f"#{name}", value)
    page.click("button[value=save]")
    assert "Saved" in page.inner_text("[role=status]")
    page.goto(page.home + "/")
    with book.connect() as connection:
        set_parts(connection, Setting.CLOCK, {"on": (ON + timedelta(days=1)).isoformat(), "pinned": TITLES})
    page.goto(page.home + "/plan")
    assert page.input_value("#home") == "1,200.00" and page.input_value("#household") == "2"
    page.fill("#food", "1500")
    page.fill("#debts", "400")
    page.click("button[value=find]")
    assert "2,300.00" in page.inner_text("main")
    page.click("a[href^='/plans/'] >> nth=0")
    where = page.url
    page.check("input[name=agree]")
    page.click("button[value=accept]")
    assert "/step-up?" in page.url
    prove_by_phone(page)
    page.goto(where)
    page.check("input[name=agree]")
    page.click("button[value=accept]")
    with book.connect() as connection:
        set_parts(connection, Setting.CLOCK, {"on": ON.isoformat(), "pinned": TITLES})
        sql = "select count(*) from event where kind = 'plan.accepted' and borrower = 1"
        assert connection.execute(sql).fetchall() == [(1,)]


def code_on_phone(page: Any) -> str:
    """The newest code that the demonstration's phone shows, once it is there; the page asked from is open again."""
    at = page.url
    page.click("a[href^='/phone']")
    for _ in range(100):
        code = re.search(r"#(\d{6})", page.inner_text("main"))
        if code is not None:
            page.goto(at)
            return code.group(1)
        time.sleep(0.1)
        page.reload()
    raise AssertionError("no code came")


def prove_by_phone(page: Any) -> None:
    """Ask for a fresh code, read it on the demonstration's phone, type it."""
    page.click("main form button >> nth=0")
    assert "/step-up/code" in page.url
    page.fill("#code", code_on_phone(page))
    page.click("main form button >> nth=0")


def test_of_three_photos_one_fails_and_is_sent_again(page: Any, book: Store) -> None:
    """Journey 12. What is no photo is refused with the words kept; sent again it is taken, and collection rests."""
    page.goto(page.home + "/hardship")
    page.check("input[value=illness]")
    page.fill("#told", "Operated in January")
    page.fill("#income", "3000")
    page.fill("#spending", "2500")
    one, two, three = (
        {"name": f"{n}.png", "mimeType": "image/png", "buffer": photo}
        for n, photo in zip(("one", "two", "three"), PHOTOS, strict=True)
    )
    page.set_input_files("input[name=paper1]", one)
    page.set_input_files("input[name=paper2]", two | {"buffer": b"MZ" + b"0" * 2_000})
    page.set_input_files("input[name=paper3]", three)
    page.click("main form button.main")
    assert page.locator("[role=alert]").count() and page.input_value("#told") == "Operated in January"
    page.said.clear()  # the browser tells of the 422 itself
    for k, photo in enumerate((one, two, three), 1):
        page.set_input_files(f"input[name=paper{k}]", photo)
    page.click("main form button.main")
    assert "two.png" in page.inner_text("main") and "three.png" in page.inner_text("main")
    with book.connect() as connection:
        assert "hardship_review" in [h.hold for h in holds_of(connection, "B1", ON)]


def test_a_code_that_the_phone_shows_lets_in(page: Any) -> None:
    """A browser in which nobody sat down: the number, the code read on the demonstration's phone, in."""
    fresh = page.context.browser.new_page(viewport={"width": 360, "height": 780}, locale="en-GB")
    fresh.goto(f"{page.home}/sign-in")
    fresh.fill("#to", "13800138002")
    fresh.click("text=Send me a code")
    assert "/sign-in/code" in fresh.url
    code = code_on_phone(fresh)
    fresh.fill("#code", "000000" if code != "000000" else "111111")
    fresh.click("main form button.main")
    assert fresh.locator("[role=alert]").count() == 1
    fresh.fill("#code", code)
    fresh.click("main form button.main")
    assert "B2" in fresh.inner_text("body") and "Due now" in fresh.inner_text("main")
    fresh.close()
