"""Events in the store: told once under their reference, read back as they were known on a day."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl
import psycopg
from psycopg.types.json import Jsonb

from afterloan.facts import FactRefused
from afterloan.facts.events import Event, event_of

COLUMNS = (
    "e.event, e.kind, b.reference, c.reference, e.on_day, e.at, e.known_on, e.reference, e.body "
    "from event e join borrower b on b.borrower = e.borrower left join contract c on c.loan = e.loan"
)


@dataclass(frozen=True, slots=True)
class Told:
    """What telling came to: the event's number, and whether it was known before."""

    event: int
    known: bool


def borrower_number(connection: psycopg.Connection[Any], reference: str) -> tuple[int, int]:
    """The number and shard of a borrower. Raises FactRefused."""
    row = connection.execute("select borrower, shard from borrower where reference = %s", (reference,)).fetchone()
    if row is None:
        raise FactRefused(
            "borrower", reference, "no borrower of that reference", "import the borrower first", "unknown"
        )
    return int(row[0]), int(row[1])


def _loan_of(connection: psycopg.Connection[Any], event: Event, borrower: int) -> int | None:
    if event.loan is None:
        return None
    row = connection.execute("select loan, borrower from contract where reference = %s", (event.loan,)).fetchone()
    if row is None:
        raise FactRefused("loan", event.loan, "no contract of that reference", "import the contract first", "unknown")
    if row[1] != borrower:
        raise FactRefused("loan", event.loan, f"is not a loan of borrower {event.borrower}", "correct one of them")
    return int(row[0])


def tell(connection: psycopg.Connection[Any], event: Event) -> Told:
    """Record an event in the caller's transaction; the same again is `known` and writes nothing.

    Raises FactRefused: unknown borrower or loan, or a reference that stands for something else.
    """
    borrower, shard = borrower_number(connection, event.borrower)
    loan = _loan_of(connection, event, borrower)
    values = (shard, borrower, loan, event.KIND, event.on, event.at, event.known_on, event.reference)
    made = connection.execute(
        "insert into event (shard, borrower, loan, kind, on_day, at, known_on, reference, body) "
        "values (%s, %s, %s, %s, %s, %s, %s, %s, %s) on conflict (reference) do nothing returning event",
        (*values, Jsonb(event.body())),
    ).fetchone()
    if made is not None:
        return Told(int(made[0]), False)
    first = connection.execute(f"select {COLUMNS} where e.reference = %s", (event.reference,)).fetchone()
    assert first is not None
    if event_of(*first[1:]) != event:
        raise FactRefused(
            "reference",
            event.reference,
            f"stands already for something else ({first[1]} of {first[2]}, {first[4]})",
            "give each message a reference of its own",
            "conflict",
        )
    return Told(int(first[0]), True)


def tell_many(connection: psycopg.Connection[Any], events: Iterable[Event]) -> list[Told | FactRefused]:
    """Record events one by one in the caller's transaction; a refusal stands in the place of its row."""
    told: list[Told | FactRefused] = []
    for event in events:
        try:
            told.append(tell(connection, event))
        except FactRefused as refusal:
            told.append(refusal)
    return told


def events_of(
    connection: psycopg.Connection[Any],
    borrower: str,
    kinds: Sequence[str] | None = None,
    as_of: date | None = None,
    known_on: date | None = None,
) -> list[Event]:
    """A borrower's events in order of day, moment and telling; `known_on`: only what was known by that day."""
    rows = connection.execute(
        f"select {COLUMNS} where b.reference = %s and (%s::text[] is null or e.kind = any(%s)) "
        "and (%s::date is null or e.on_day <= %s) and (%s::date is null or e.known_on <= %s) "
        "order by e.on_day, e.at nulls first, e.event",
        (borrower, *[list(kinds) if kinds else None] * 2, *[as_of] * 2, *[known_on] * 2),
    ).fetchall()
    return [event_of(*row[1:]) for row in rows]


FRAME: dict[str, pl.DataType | type[pl.DataType]] = {
    "event": pl.Int64,
    "kind": pl.String,
    "borrower": pl.Int64,
    "loan": pl.Int64,
    "on": pl.Date,
    "at": pl.Datetime("us", "UTC"),
    "known_on": pl.Date,
    "reference": pl.String,
    "body": pl.String,
}


def events_frame(
    connection: psycopg.Connection[Any],
    kinds: Sequence[str],
    as_of: date,
    known_on: date,
    shard: int | None = None,
) -> pl.DataFrame:
    """Events of some kinds as known on a day, a row each (FRAME: store numbers, `body` as JSON text), by event."""
    rows = connection.execute(
        "select event, kind, borrower, loan, on_day, at, known_on, reference, body::text from event "
        "where kind = any(%s) and on_day <= %s and known_on <= %s and (%s::int is null or shard = %s) order by event",
        (list(kinds), as_of, known_on, shard, shard),
    ).fetchall()
    return pl.DataFrame(rows, schema=FRAME, orient="row")
