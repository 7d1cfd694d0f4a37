"""Take one fact in during the day: the fact and what it means for the books, in one transaction."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import psycopg

from afterloan.dates import NEVER, iso
from afterloan.facts import Fact, FactRefused
from afterloan.journal.difference import Totals, entries_to_reach, totals_of
from afterloan.loan.book import Book
from afterloan.loan.reckon import Reckoned, reckon_loan
from afterloan.loan.terms import CONTRACT, FACT, PROMISED, Refusal
from afterloan.store.locks import Space
from afterloan.store.posted import POSTED, posted_sums
from afterloan.store.read import CONTRACT_COLUMNS, REVERSED, product_table, products
from afterloan.store.record import Recorded, record

EPOCH = "date '1970-01-01'"
_TABLES: dict[Any, Any] = {}


@dataclass(frozen=True, slots=True)
class Taken:
    """What taking a fact in came to: how it was recorded, the loan afterwards, and how many entries it made."""

    recorded: Recorded
    reckoned: Reckoned
    entries: int


def take(connection: psycopg.Connection[Any], fact: Fact) -> Taken:
    """Record a fact, reckon its loan and post the difference, in the caller's transaction.

    The entries belong to the first open day of the loan's shard: its close finds them posted. While that day
    is before the day of the news (days are still to be closed, or none ever was) nothing is posted: the close
    of that day will. The same fact again posts nothing. Raises FactRefused, also for a fact that leaves the loan
    unreckonable; the caller's transaction then ends without it.
    """
    done = record(connection, fact)
    read = _read(connection, done.loan)
    day = max(read.open_day, fact.known_on)
    reckoned = reckon_loan(read.book, 0, day, day)
    if reckoned.position["error"]:
        reason = Refusal(int(reckoned.position["error"])).name.lower().replace("_", " ")
        raise FactRefused("reference", fact.reference, f"leaves the loan unreckonable: {reason}", "correct it first")
    if day != read.open_day:
        return Taken(done, reckoned, 0)
    loans, of_product = read.book.contracts["loan"], read.book.contracts["product"]
    entries = entries_to_reach(totals_of(np.array([reckoned.position])), read.posted, loans, of_product)
    if len(entries):
        with connection.cursor() as cursor:
            cursor.executemany(ENTRY, [(iso(day), read.shard, *entry.tolist()) for entry in entries])
    return Taken(done, reckoned, len(entries))


def book_of(connection: psycopg.Connection[Any], loan: str) -> Book:
    """A loan, by its reference, as a book of one as this transaction sees it. Raises FactRefused: unknown loan."""
    row = connection.execute("select loan from contract where reference = %s", (loan,)).fetchone()
    if row is None:
        raise FactRefused("loan", loan, "no contract of that reference", "import the contract first")
    return _read(connection, int(row[0])).book


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
CONTRACT_ROW = (
    "select {columns}, shard, (select max(number) from product), "
    f"(select coalesce(max(closed_on) - {EPOCH} + 1, 0) from closing k where k.shard = contract.shard) "
    "from contract where loan = %s"
).format(
    columns=CONTRACT_COLUMNS.replace("first_due_on", "FIRST")
    .replace("signed_on", f"signed_on - {EPOCH}")
    .replace("FIRST", f"coalesce(first_due_on - {EPOCH}, 0)")
)
FACT_ROWS = (
    f"select f.kind, f.on_day - {EPOCH}, f.known_on - {EPOCH}, coalesce(r.known_on - {EPOCH}, {NEVER}), f.amount_fen, "
    f"f.component, coalesce(f.due_on - {EPOCH}, 0), f.fact, f.count, f.every, f.unit, coalesce(f.from_on - {EPOCH}, 0) "
    f"from fact f left join fact r on r.of_fact = f.fact "
    f'where f.loan = %s and f.kind <> {REVERSED} order by f.on_day, f.kind, f.reference collate "C"'
)
PROMISED_ROWS = (
    f"select due_on - {EPOCH}, principal_fen, interest_fen, fee_fen from promised where loan = %s order by number"
)


def _read(connection: psycopg.Connection[Any], loan: int) -> _Read:
    """What this transaction sees of a loan, asked for in one go: its own new fact included."""
    with connection.pipeline():
        connection.execute(HOLD_SHARD, (loan,))
        asked = [connection.execute(sql, (loan,)) for sql in (CONTRACT_ROW, FACT_ROWS, PROMISED_ROWS, POSTED)]
        row, told, rows, entries = (cursor.fetchall() for cursor in asked)
    *values, shard, newest, open_day = row[0]
    contract = np.zeros(1, CONTRACT)
    contract[0] = _contract(values)
    table, calendars = _products(connection, newest)
    facts = np.array(told, FACT) if told else np.zeros(0, FACT)
    promised = np.array(rows, PROMISED) if rows else np.zeros(0, PROMISED)
    at = np.array([0, len(promised)]), np.array([0, len(facts)])
    book = Book(table, contract, promised, at[0], facts, at[1], calendars)
    return _Read(book, posted_sums(np.array([loan]), entries), shard, open_day)


def _contract(values: list[int]) -> tuple[int, ...]:
    told = dict(zip(CONTRACT_COLUMNS.split(", "), values, strict=True))
    return tuple(told[name] for name in CONTRACT.names or ())


def _products(connection: psycopg.Connection[Any], newest: int) -> Any:
    """The product table, read again only when products were added."""
    key = (connection.info.host, connection.info.port, connection.info.dbname, newest)
    if key not in _TABLES:
        _TABLES[key] = product_table(products(connection))
    return _TABLES[key]
