"""Take one fact in during the day: the fact and what it means for the books, in one transaction."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import psycopg

from afterloan.dates import iso
from afterloan.facts import Fact, FactRefused
from afterloan.journal.difference import Totals, entries_to_reach
from afterloan.journal.totals import totals_of
from afterloan.loan.book import Book
from afterloan.loan.reckon import Reckoned, reckon_loan
from afterloan.loan.terms import Refusal
from afterloan.store.loans import EPOCH, ONE_LOAN, ask, loans_now
from afterloan.store.locks import Space
from afterloan.store.posted import POSTED, posted_sums
from afterloan.store.record import Recorded, record
from afterloan.tracing import span


@dataclass(frozen=True, slots=True)
class FactTaken:
    """What taking a fact in came to: how it was recorded, the loan afterwards, and how many entries it made."""

    recorded: Recorded
    reckoned: Reckoned
    entries: int
    day: int
    """As of which the loan is reckoned: the first open day, or that of the news where it is later."""


def take(connection: psycopg.Connection[Any], fact: Fact) -> FactTaken:
    """Record a fact, reckon its loan and post the difference, in the caller's transaction.

    The entries belong to the first open day of the loan's shard: its close finds them posted. While that day
    is before the day of the news (days are still to be closed, or none ever was) nothing is posted: the close
    of that day will. The same fact again posts nothing. Raises FactRefused, also for a fact that leaves the loan
    unreckonable; the caller's transaction then ends without it.
    """
    done = record(connection, fact)
    read = _read(connection, done.loan)
    day = max(read.open_day, fact.known_on)
    with span("reckoning", loans=1):
        reckoned = reckon_loan(read.book, 0, day, day)
    if reckoned.position["error"]:
        reason = Refusal(int(reckoned.position["error"])).name.lower().replace("_", " ")
        raise FactRefused("reference", fact.reference, f"leaves the loan unreckonable: {reason}", "correct it first")
    if day != read.open_day:
        return FactTaken(done, reckoned, 0, day)
    loans, of_product = read.book.contracts["loan"], read.book.contracts["product"]
    entries = entries_to_reach(totals_of(np.array([reckoned.position])), read.posted, loans, of_product)
    if len(entries):
        with connection.cursor() as cursor:
            cursor.executemany(ENTRY, [(iso(day), read.shard, *entry.tolist()) for entry in entries])
    return FactTaken(done, reckoned, len(entries), day)


def book_of(connection: psycopg.Connection[Any], loan: str) -> Book:
    """A loan, by its reference, as a book of one as this transaction sees it. Raises FactRefused: unknown loan."""
    row = connection.execute("select loan from contract where reference = %s", (loan,)).fetchone()
    if row is None:
        raise FactRefused("loan", loan, "no contract of that reference", "import the contract first")
    return loans_now(connection, ONE_LOAN, {"of": int(row[0])})


@dataclass(frozen=True, slots=True)
class _Read:
    book: Book
    posted: Totals
    shard: int
    open_day: int


ENTRY = (
    "insert into entry (closed_on, shard, loan, product, cause, component, debit, credit, amount_fen) "
    "values (%s, %s, %s, %s, %s, %s, %s, %s, %s)"
)
# the shard's day must not be closed between reading what is posted and posting the rest
HOLD_SHARD = f"select pg_advisory_xact_lock_shared({int(Space.CLOSE_SHARD)}, shard::int) from contract where loan = %s"
SHARD_ROW = (
    f"select shard, (select coalesce(max(closed_on) - {EPOCH} + 1, 0) from closing k where k.shard = contract.shard) "
    "from contract where loan = %s"
)


def _read(connection: psycopg.Connection[Any], loan: int) -> _Read:
    """What this transaction sees of a loan, asked for in one go: its own new fact included."""
    with connection.pipeline():
        connection.execute(HOLD_SHARD, (loan,))
        shard = connection.execute(SHARD_ROW, (loan,))
        asked = ask(connection, ONE_LOAN, {"of": loan})
        entries = connection.execute(POSTED, (loan,))
    (number, open_day), loans = shard.fetchall()[0], np.array([loan], np.int64)
    return _Read(asked.book(), posted_sums(loans, entries.fetchall()), number, open_day)
