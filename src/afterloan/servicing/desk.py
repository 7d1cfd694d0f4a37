"""Where acts are done: a book, a connection to it, the moment, and what is being done just now."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import psycopg

from afterloan.facts.act import Who
from afterloan.store.connect import reader_lent
from afterloan.store.events import borrower_number
from afterloan.store.locks import lock_borrowers

if TYPE_CHECKING:
    import adbc_driver_postgresql.dbapi as adbc

    from afterloan.servicing.booking import FactTaken
    from afterloan.store.server import Store


@dataclass(slots=True)
class Desk:
    """Where acts are done: a book, a connection to it, the moment. Made by `desk_of`, one for a command or request.

    While a verb runs, `who`, `reference` and `act` say what is being done; `proposed_by` who asked for it, where a
    second person agrees (else empty); `touched` are the borrowers it locked, and
    `taken` the loans (store numbers) that it reckoned with its facts in, so that nobody reckons them once more.
    """

    store: "Store"
    connection: psycopg.Connection[Any]
    now: datetime
    who: Who = field(default_factory=lambda: Who.rule("nobody"))
    reference: str = ""
    act: int = 0
    proposed_by: str = ""
    touched: dict[int, str] = field(default_factory=dict)
    taken: dict[int, "FactTaken"] = field(default_factory=dict)
    _stack: ExitStack = field(default_factory=ExitStack)
    _reader: Any = None

    @property
    def reader(self) -> "adbc.Connection":
        """A connection that gives rows as Arrow, had when first asked for. It sees what is committed."""
        if self._reader is None:
            self._reader = self._stack.enter_context(reader_lent(self.store.url))
        return self._reader

    def took(self, *taken: "FactTaken") -> None:
        """Loans as facts of this act left them: a later one counts for its loan."""
        self.taken |= {one.recorded.loan: one for one in taken}

    def lock(self, *borrowers: str) -> list[int]:
        """Lock borrowers by reference for this act; their store numbers. What follows an act is asked for each.

        Raises FactRefused (unknown) for a borrower who is not there.
        """
        numbers = {name: borrower_number(self.connection, name)[0] for name in borrowers}
        lock_borrowers(self.connection, numbers.values())
        self.touched.update({number: name for name, number in numbers.items()})
        return [numbers[name] for name in borrowers]


@contextmanager
def desk_of(store: "Store", now: datetime | None = None) -> Iterator[Desk]:
    """A desk over a book, with a connection of its own; `now` is the moment as the door tells it."""
    with store.connect(autocommit=True) as connection, ExitStack() as stack:
        yield Desk(store, connection, now or datetime.now(UTC), _stack=stack)
