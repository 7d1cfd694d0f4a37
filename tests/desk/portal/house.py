"""Borrowers who are late, each with a card that may be debited, and their portal: one book a file of tests."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from starlette.testclient import TestClient

from afterloan.facts.act import Answer, Who
from afterloan.servicing.desk import desk_of
from afterloan.servicing.door import do
from afterloan.store.codes import digits_of
from afterloan.store.server import Store
from afterloan.store.settings import Setting, set_parts
from tests.bureau.books import identity
from tests.databases import dropped, made
from tests.desk.web.served import ON, Served
from tests.desk.workbench.browsed import Browsing, Open, browser_before, needs_chromium, served_at
from tests.strategy.books import borrower, loan

LEAD = Who("person", "Wang", ("lead",), "desk")
NAMES = tuple(f"B{n}" for n in range(1, 13))
TITLES = [{"borrower": name, "kind": "late", "title": {"en": name, "zh": name}} for name in NAMES]
NOW = datetime(2026, 2, 10, 2, tzinfo=UTC)


def late_book(store: Store) -> None:
    """Ln and Kn of Bn due on 17 and 25 January and unpaid, a card for each; L3 of B3 due today; on 10 February 2026."""
    with store.connect() as connection:
        for name in NAMES:
            n = name[1:]
            told = {"id_type": "10", "id_number": identity(int(n)), "name": "测试"}  # what a bureau asks for
            borrower(connection, name, zone="Asia/Shanghai", mobile=f"138001380{n:0>2}", **told)
            loan(connection, f"L{n}", name, "2025-12-17" if n != "3" else "2026-01-10")
            if n != "3":
                loan(connection, f"K{n}", name, "2025-12-25", 600_000)
        set_parts(connection, Setting.CLOCK, {"on": ON.isoformat(), "pinned": TITLES})
        set_parts(connection, Setting.CREDITOR, {"name": "Lender", "account": "11001042700059000123", "bank": "Bank"})
    with desk_of(store, NOW) as desk:
        for name in NAMES:
            signed = {"borrower": name, "source": "card", "account": "6222000000008841", "rail": "gateway"}
            assert isinstance(do(desk, LEAD, "mandate.sign", signed, f"M{name[1:]}", ON), Answer)


@pytest.fixture(scope="module")
def book(server: Store, request: pytest.FixtureRequest) -> Iterator[Store]:
    """The book of a file of tests; who changes something does so for a borrower of their own."""
    name = "seen_" + request.module.__name__.rsplit(".", 1)[1]
    fresh = made(server, name)
    late_book(fresh)
    yield fresh
    fresh.close()
    dropped(server, name)


@pytest.fixture(scope="module")
def portal(book: Store) -> Served:
    """The portal over that book."""
    return Served(book)


def prove(portal: Served, browser: TestClient) -> None:
    """Whoever sits there proves with a fresh code on their phone that it is them."""
    page = browser.get("/step-up").text
    to = browser.post("/step-up", data={"token": token(page), "channel": "sms"}).headers["location"]
    with portal.store.connect() as connection:
        row = connection.execute("select reference from sign_in_code order by code desc limit 1").fetchone()
        assert row is not None
        code = digits_of(connection, row[0])
    done = browser.post("/step-up/code", data={"token": token(browser.get(to).text), "code": code})
    assert done.status_code == 303, done.text


def token(page: str) -> str:
    """The last form token of a page."""
    return page.rsplit('name="token" value="', 1)[1].split('"')[0]


def sent(browser: TestClient, path: str, to: str = "", **fields: str) -> str:
    """Fill the form of a page and send it; returns where it leads, or the page that says what is wrong."""
    first = browser.get(path).text
    answer = browser.post(to or path, data={"token": token(first), **fields})
    return str(answer.headers.get("location", answer.text))


@pytest.fixture(scope="module")
def opens(book: Store) -> Iterator[Open]:
    """Pages of the portal in a real browser."""
    needs_chromium()
    with served_at(book) as base, browser_before(base.replace("desk.", "my.")) as open_page:
        yield open_page


@pytest.fixture(scope="module")
def seen(opens: Open) -> Browsing:
    """B1, signed in on a phone, in English."""
    return opens(360).sit("B1", "en")
