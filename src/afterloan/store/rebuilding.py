"""Read what a way back is worked out from: a borrower's loans as a book, and what happened to the borrower."""

from dataclasses import dataclass
from typing import Any

import psycopg

from afterloan.dates import date_of, day
from afterloan.facts import FactRefused
from afterloan.facts.events import Event
from afterloan.loan.book import Book
from afterloan.store.contacts import place_in
from afterloan.store.events import events_of
from afterloan.store.loans import ALL_OF_BORROWER, loans_now
from afterloan.store.server import Store
from afterloan.strategy.governor import Place


@dataclass(frozen=True, slots=True)
class Person:
    """A borrower with all loans: number, reference, attributes, place; `names` are the loans' references by number."""

    number: int
    reference: str
    attributes: dict[str, Any]
    place: Place
    book: Book
    names: dict[int, str]

    @property
    def jurisdiction(self) -> str:
        """The place whose rules bind; the lender's own where nobody said otherwise."""
        return self.place.jurisdiction

    @property
    def language(self) -> str:
        """The language of words on a screen: zh or en, as the borrower or the lender's place has it."""
        return "zh" if self.place.language.startswith("zh") else "en"

    def row(self, loan: str) -> int:
        """The place of a loan in the book. Raises FactRefused."""
        for k, number in enumerate(self.book.contracts["loan"].tolist()):
            if self.names[number] == loan:
                return k
        raise FactRefused("loan", loan, f"no loan of borrower {self.reference}", "see `afterloan standing`", "unknown")


def person_of(store: Store, borrower: str) -> Person:
    """A borrower with all loans. Raises FactRefused for an unknown reference."""
    with store.connect() as connection:
        return person_in(connection, borrower)


def person_in(connection: psycopg.Connection[Any], borrower: str) -> Person:
    """A borrower with all loans, as this transaction sees them. Raises FactRefused for an unknown reference."""
    row = connection.execute("select borrower, attributes from borrower where reference = %s", (borrower,)).fetchone()
    if row is None:
        raise FactRefused("borrower", borrower, "no borrower of that reference", "import the borrower first", "unknown")
    names = connection.execute("select loan, reference from contract where borrower = %s", (row[0],)).fetchall()
    book = loans_now(connection, ALL_OF_BORROWER, {"of": borrower})
    told, place = dict(row[1] or {}), place_in(connection, row[1])
    return Person(int(row[0]), borrower, told, place, book, {int(n): str(r) for n, r in names})


def person_of_loan(store: Store, loan: str) -> Person:
    """The borrower of a loan, with all loans. Raises FactRefused for an unknown reference."""
    with store.connect() as connection:
        row = connection.execute(
            "select b.reference from contract c join borrower b using (borrower) where c.reference = %s", (loan,)
        ).fetchone()
        if row is None:
            raise FactRefused("loan", loan, "no contract of that reference", "import the contract first", "unknown")
        return person_in(connection, str(row[0]))


def told_of(connection: psycopg.Connection[Any], person: Person, on: int) -> list[Event]:
    """All that happened to a borrower up to a day, as known that day."""
    then = date_of(on)
    return events_of(connection, person.reference, as_of=then, known_on=then)


def last_day(connection: psycopg.Connection[Any]) -> int:
    """The last day closed, else the last day of which anything is known."""
    row = connection.execute(
        "select coalesce((select max(closed_on) from proof), (select max(known_on) from fact))::text"
    ).fetchone()
    if row is None or row[0] is None:
        raise FactRefused("on", "", "the book is empty", "import a book first")
    return day(row[0])
