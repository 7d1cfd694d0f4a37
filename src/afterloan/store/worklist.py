"""The worklist of an evening in the store: written with the day's decisions, read back whole or for one borrower."""

from collections.abc import Iterable, Sequence
from dataclasses import fields
from datetime import date, timedelta
from operator import attrgetter
from typing import Any

import adbc_driver_postgresql.dbapi as adbc
import polars as pl
import psycopg

from afterloan.store.ids import as_array
from afterloan.store.read import fetch
from afterloan.strategy.worklist import KEPT_DAYS, TASK_QUEUES, EveningCase, Queued

QUEUED = (
    "select borrower, queue, max(ladder), max(step) from ("
    "select o.borrower, o.body->>'queue' as queue, coalesce(o.body->>'ladder', '') as ladder, "
    "coalesce(o.body->>'step', '') as step, "
    "rank() over (partition by o.borrower order by o.decided_on desc) as turn from outbox o "
    "where o.borrower = any(%(borrowers)s::bigint[]) "
    "and o.kind = 'worklist' and o.decided_on between %(first)s and %(on)s "
    "and not (o.body->>'queue' = any(%(tasks)s)) "
    "and not exists (select from event e where e.reference = 'withdrawn:' || o.key and e.known_on <= %(on)s)"
    ") q where turn = 1 group by borrower, queue order by borrower, queue"
)
"""The queues into which the last day that had a word on it put each of some borrowers (`store/cases.py`)."""
COLUMNS = ("decided_on", "shard", *(field.name for field in fields(EveningCase)))
_VALUES = attrgetter(*COLUMNS[2:])


def queued(connection: psycopg.Connection[Any], borrowers: Sequence[int], on: date) -> list[Queued]:
    """In which queues borrowers (store numbers) stand on a day, and by which step."""
    first = on - timedelta(days=KEPT_DAYS)
    told = {"borrowers": as_array(borrowers), "first": first, "on": on, "tasks": list(TASK_QUEUES)}
    return [Queued(*row) for row in connection.execute(QUEUED, told).fetchall()]


def write_evening(connection: psycopg.Connection[Any], shard: int, on: date, cases: Iterable[EveningCase]) -> None:
    """Write the open cases of a shard's day in the caller's transaction."""
    with connection.cursor() as cursor, cursor.copy(f"copy worklist ({', '.join(COLUMNS)}) from stdin") as copy:
        for case in cases:
            copy.write_row((on, shard, *_VALUES(case)))


def evening_before(connection: psycopg.Connection[Any], on: date, known_on: date) -> date | None:
    """The last day with a worklist up to a day, of those decided by another; None before the first."""
    row = connection.execute(
        "select max(decided_on) from decided where decided_on <= %s", (min(on, known_on),)
    ).fetchone()
    return row[0] if row else None


def evening(reader: adbc.Connection, decided_on: date) -> pl.DataFrame:
    """All cases of an evening: the fields of EveningCase with the borrower's `reference`, most worth first.

    Some 57,000 rows of a book of a million loans.
    """
    columns = ", ".join(f"w.{field.name}" for field in fields(EveningCase))
    sql = f"select {columns}, b.reference from worklist w join borrower b using (borrower) "
    table = fetch(reader, sql + f"where w.decided_on = '{decided_on.isoformat()}'")
    return pl.DataFrame(table).sort("worth_fen", "reference", "queue", descending=[True, False, False])


ASSIGNED = (
    "select distinct on (b.borrower, e.body->>'queue') b.borrower, e.body->>'queue', e.body->>'to' "
    "from event e join borrower b using (borrower) where e.kind = 'case.assigned' and e.on_day <= %(on)s "
    "and e.borrower in (select borrower from worklist where decided_on = %(decided)s) "
    "order by b.borrower, e.body->>'queue', e.event desc"
)


def hands_of_evening(connection: psycopg.Connection[Any], decided_on: date, on: date) -> dict[tuple[int, str], str]:
    """In whose hands each case of an evening is on a day, by borrower (store number) and queue; not there: nobody's."""
    rows = connection.execute(ASSIGNED, {"on": on, "decided": decided_on}).fetchall()
    return {(number, queue): to for number, queue, to in rows if to}
