"""A small book served in this process: a browser for each host, a demonstration with its clock at 10 February 2026."""

import weakref
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from typing import Any

import pytest
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

from afterloan.desk.keyboard.serve import server_for
from afterloan.desk.serve import ByHost, app_of
from afterloan.desk.web.house import House
from afterloan.rehearsal.serving import at_free_port
from afterloan.store.server import Store
from afterloan.store.settings import Setting, set_parts
from tests.strategy.books import borrower, loan

ON = date(2026, 2, 10)
"""The day of the served book."""
PINNED = [{"borrower": "B1", "kind": "late", "title": {"en": "The late one", "zh": "逾期的人"}}]


class MachineClock:
    """The machine's clock in the test's hand."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 26, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at


@dataclass(frozen=True)
class Kept:
    """An app that was made, and the house that it serves."""

    house: House
    app: ByHost


class Door:
    """The way into a kept app for whoever serves one book by it; when nobody has it any more, the app is free again."""

    def __init__(self, kept: Kept) -> None:
        self.kept, self.house = kept, kept.house

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.kept.app(scope, receive, send)


FREE: dict[bool, list[Kept]] = defaultdict(list)
"""Apps that nobody uses, by whether they are a demonstration's (which has more addresses)."""


def app_before(house: House) -> Door:
    """The app of a house, as `app_of` makes it: one made before and moved to this house, where one is free.

    To make one takes a second (500 addresses on three hosts), longer than most tests of what it answers. All that an
    app knows of the book it asks its house for, each time; only its measures run on: who counts answers makes an app
    anew.
    `Door.house` is the house that is served, with all that `house` says.
    """
    free = FREE[house.demo]
    kept = free.pop() if free else Kept(house, app_of(house))
    for one in fields(House):
        object.__setattr__(kept.house, one.name, getattr(house, one.name))
    door = Door(kept)
    weakref.finalize(door, free.append, kept).atexit = False
    return door


class Served:
    """A served book: `browser("desk")` has the cookies of one browser, `key("lead")` a key of the API.

    `anew`: by an app that has never answered anybody.
    """

    def __init__(self, store: Store, demo: bool = True, anew: bool = False) -> None:
        self.store, self.clock = store, MachineClock()
        house = House(store, demo, now=self.clock)
        self.app = Door(Kept(house, app_of(house))) if anew else app_before(house)
        self.house = self.app.house

    def browser(self, host: str) -> TestClient:
        client = TestClient(
            self.app,
            base_url=f"https://{host}.localhost",
            follow_redirects=False,
            raise_server_exceptions=False,
            client=("127.0.0.1", 50_000),
        )
        # it refers to itself by this method: without a cycle it goes, and the app is free, when the test ends
        begins = weakref.WeakMethod(client._portal_factory)
        client._transport.portal_factory = lambda: begins()()
        return client

    def sat(self, host: str, seat: str) -> TestClient:
        """A browser in which somebody sat down."""
        browser = self.browser(host)
        answer = browser.post("/sign-in", data={"seat": seat, "token": ""})
        assert answer.status_code == 303, answer.text
        return browser

    def api(self, seat: str) -> TestClient:
        """A client of the API with the key of a seat: a role, or `borrower:B1`."""
        client = self.browser("api")
        told = client.post("/v1/sandbox/seats", json={"seat": seat})
        assert told.status_code == 201, told.text
        client.headers["authorization"] = f"Bearer {told.json()['key']}"
        return client


@contextmanager
def listening(served: Served, proxies: tuple[str, ...] = ()) -> Iterator[int]:
    """The book served at a port of this machine, for clients that are no part of this process; the port."""
    with at_free_port(server_for(app_before(served.house), "127.0.0.1", 0, list(proxies))) as port:
        yield port


def small_book(store: Store) -> None:
    """Two borrowers with a loan each, both first due on 10 February 2026, and the test clock on that day."""
    with store.connect() as connection:
        for number in ("1", "2"):
            borrower(connection, f"B{number}")
            loan(connection, f"L{number}", f"B{number}", "2026-01-10")
        set_parts(connection, Setting.CLOCK, {"on": ON.isoformat(), "pinned": PINNED})


@pytest.fixture
def served(store: Store) -> Iterator[Served]:
    small_book(store)
    yield Served(store)


Rows = list[dict[str, Any]]
Browser = Callable[[str], TestClient]
