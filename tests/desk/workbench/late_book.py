"""A served book of three borrowers who are four days late, in the queue early; the clock is at 14 May 2025, 10:00."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from httpx import Response

from afterloan.store.server import Store, open_store
from afterloan.store.settings import Setting, set_parts
from tests.desk.web.served import Served
from tests.enquiry.test_worklist import three_late_borrowers

COPIES = itertools.count()
ROOMS = (
    "/",
    "/worklist",
    "/cases/B1",
    "/tasks",
    "/approvals",
    "/money",
    "/strategy",
    "/search",
    "/cases/B1/why?about=due",
)
"""A page of each room."""


def _database(server: Store, name: str, template: str = "book_as_new") -> Store:
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(f"drop database if exists {name} with (force)")
        connection.execute(f"create database {name} template {template}")
    return open_store(server.url.replace("/postgres?", f"/{name}?"))


@pytest.fixture(scope="session")
def late_book(server: Store) -> str:
    """The name of a database with the book, made once; nobody stays connected to what is copied."""
    store = _database(server, "late_book")
    three_late_borrowers(store)
    with store.connect() as connection:
        pinned = [{"borrower": "B1", "kind": "late", "title": {"en": "The late one", "zh": "逾期的人"}}]
        set_parts(connection, Setting.CLOCK, {"on": "2025-05-14", "pinned": pinned})
    store.close()
    return "late_book"


@contextmanager
def copied(server: Store, late_book: str) -> Iterator[Store]:
    """A copy of the book, which goes away."""
    name = f"late{next(COPIES)}"
    with psycopg.connect(server.url, autocommit=True) as connection:  # a closed pool may be a moment late
        connection.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", (late_book,))
    fresh = _database(server, name, late_book)
    yield fresh
    fresh.close()
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(f"drop database if exists {name} with (force)")


@pytest.fixture
def store(server: Store, late_book: str) -> Iterator[Store]:
    """A copy of the book for one test."""
    with copied(server, late_book) as fresh:
        yield fresh


@pytest.fixture
def late(store: Store) -> Served:
    return Served(store)


class Desk:
    """Somebody who sat down at the desk, and what a page of theirs shows."""

    def __init__(self, served: Served, seat: str) -> None:
        self.served, self.browser = served, served.sat("desk", seat)

    def page(self, path: str, language: str = "en") -> str:
        answer = self.browser.get(path, headers={"accept-language": language})
        assert answer.status_code == 200, answer.text[:2_000]
        return answer.text

    def token(self, path: str, action: str) -> dict[str, str]:
        """The hidden fields of the form with an action on a page."""
        form = self.page(path).split(f'action="{action}')[1].split("</form>")[0]
        return {
            name: form.split(f'name="{name}" value="')[1].split('"')[0]
            for name in ("token", "seen")
            if f'name="{name}" value="' in form
        }

    def post(self, path: str, part: bool = True, **fields: str) -> Response:
        headers = {"accept-language": "en"} | ({"hx-request": "true"} if part else {})
        answer: Response = self.browser.post(path, data=fields, headers=headers)
        return answer


@pytest.fixture
def desk(late: Served) -> Desk:
    return Desk(late, "agent")
