"""Journeys of the desk in real Chromium on one served book: keys, drawer, conflict, double click."""

from collections.abc import Iterator

import pytest

from afterloan.store.server import Store
from tests.desk.workbench.browsed import Open, browser_before, needs_chromium, served_at
from tests.desk.workbench.late_book import copied
from tests.strategy.books import repaid


@pytest.fixture(scope="module")
def book(server: Store, late_book: str) -> Iterator[Store]:
    """One copy of the book for all journeys: each has a borrower of its own."""
    with copied(server, late_book) as store:
        yield store


@pytest.fixture(scope="module")
def opens(book: Store) -> Iterator[Open]:
    needs_chromium()
    with served_at(book) as base, browser_before(base) as open_page:
        yield open_page


def kinds(store: Store, borrower: str) -> list[str]:
    with store.connect() as connection:
        rows = connection.execute(
            "select e.kind from event e join borrower b using (borrower) where b.reference = %s order by e.event",
            (borrower,),
        ).fetchall()
    return [row[0] for row in rows]


def test_a_stranger_sits_down_and_sees_the_day_and_the_reason_of_its_figures(opens: Open) -> None:
    at = opens().sit("lead")
    at.sees("Decided today")
    at.page.click(".tile a.fig >> nth=0")
    at.sees("actions were asked for by the ladders")
    at.keys("Escape")
    assert at.page.locator("#why .why-in").count() == 0
    assert at.page.evaluate("document.activeElement.classList.contains('fig')"), "the focus goes back"
    assert at.complaints == []


def test_an_agent_works_by_keys_alone_and_promises_in_few(opens: Open, book: Store) -> None:
    at = opens().sit("agent")
    at.keys("g", "w")
    at.page.wait_for_url("**/worklist")
    at.keys("j", "Enter")
    at.page.wait_for_url("**/cases/B1*")
    at.keys("w")
    at.sees("Due by 2025-05-14 and unpaid")
    at.keys("Escape", "c", "1", "Control+Shift+Enter")  # four keys from the case to the next one
    at.page.wait_for_url("**/cases/B2*")
    assert kinds(book, "B1")[:3] == ["contact.attempted", "contact.ended", "promise.made"]
    at.keys("?")
    at.page.locator("dialog#keys[open]").wait_for()
    at.keys("Escape", "Control+k")
    at.page.locator("dialog#palette[open]").wait_for()
    at.page.keyboard.type("today")
    at.keys("Enter")
    at.page.wait_for_url("**/")
    assert at.complaints == []


def test_on_a_slow_machine_a_key_pressed_at_once_opens_the_drawer_and_not_another_page(opens: Open) -> None:
    at = opens().sit("agent")
    slow = at.page.context.new_cdp_session(at.page)
    slow.send("Emulation.setCPUThrottlingRate", {"rate": 10})
    at.page.goto(at.base + "/cases/B1", wait_until="domcontentloaded")
    at.keys("w")
    at.page.locator("#why .why-in").wait_for()
    assert at.page.url.endswith("/cases/B1")


def test_money_that_comes_while_one_types_is_shown_and_saving_asks_once_more(opens: Open, book: Store) -> None:
    at = opens().sit("agent")
    at.go("/cases/B2")
    at.keys("p")
    at.page.fill("#promise-amount", "300.00")
    with book.connect() as connection:
        repaid(connection, "L2", "2025-05-14", 10_000)
    at.keys("Control+Enter")
    at.sees("Told since you looked")
    assert at.page.input_value("#promise-amount") == "300.00"
    assert "promise.made" not in kinds(book, "B2")
    at.complaints.clear()  # the browser tells of the 409 itself
    at.page.focus("#promise-amount")
    at.keys("Control+Enter")
    at.sees("The promise is on record")
    assert kinds(book, "B2").count("promise.made") == 1 and at.complaints == []


def test_a_double_click_on_save_is_one_promise(opens: Open, book: Store) -> None:
    at = opens().sit("agent")
    at.go("/cases/B3")
    at.keys("p")
    at.page.dblclick("[data-panel=promise] button[data-save]")
    at.sees("The promise is on record")
    assert kinds(book, "B3").count("promise.made") == 1


def test_the_day_slider_plays_a_day_and_says_how_far_it_is(opens: Open, book: Store) -> None:
    """Last of all: the book's clock moves."""
    at = opens().sit("lead")
    at.sees("Wed 14 May 2025")
    at.page.click('button[name=days][value="1"]')
    at.page.locator("[data-stream]").wait_for()
    at.page.set_default_timeout(120_000)
    at.sees("Thu 15 May 2025")
    assert "job=" not in at.page.url and at.complaints == []
    with book.connect() as connection:
        row = connection.execute("select max(closed_on)::text, max(decided_on)::text from proof, decided").fetchone()
    assert row == ("2025-05-14", "2025-05-15")
