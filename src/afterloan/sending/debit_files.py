"""Attempts that wait for a file become one, once; debits that a scheme answers only by silence are presumed paid."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from afterloan.banks.files import SUFFIX, WRITERS
from afterloan.banks.words import Collection, Creditor, Result, Results
from afterloan.facts import FactRefused
from afterloan.facts.debit import DebitFiled
from afterloan.servicing.debits import order_under
from afterloan.servicing.money import TakenIn, take_results
from afterloan.store.debits import to_file, unanswered
from afterloan.store.events import tell
from afterloan.store.server import Store

LOCK = 727471
CREDITOR = "creditor"


@dataclass(frozen=True, slots=True)
class Filed:
    """A file for the bank: its name, how many debits of how much are in it."""

    message: str
    path: Path | None
    debits: int
    total_fen: int


def set_creditor(connection: psycopg.Connection[Any], creditor: Creditor) -> None:
    """Say who collects (setting `creditor`)."""
    told = {"name": creditor.name, "account": creditor.account, "bank": creditor.bank, "scheme_id": creditor.scheme_id}
    connection.execute(
        "insert into setting (name, value) values (%s, %s) on conflict (name) do update set value = excluded.value",
        (CREDITOR, Jsonb(told)),
    )


def creditor_of(connection: psycopg.Connection[Any]) -> Creditor:
    """Who collects. Raises FactRefused when nobody was named."""
    row = connection.execute("select value from setting where name = %s", (CREDITOR,)).fetchone()
    if row is None:
        raise FactRefused("creditor", "", "nobody is named", "say who collects: afterloan debit creditor --name …")
    return Creditor(**row[0])


def file_out(store: Store, folder: Path, rail: str, on: date, currency: str = "CNY", again: str | None = None) -> Filed:
    """Write the attempts of a rail that stand in no file yet into one, for collection on a day.

    They are on record as filed before the file has its name: killed in between, `again=MESSAGE` writes that very file
    once more, and no debit stands in two. Raises FactRefused (no creditor, an unknown message), FileRefused.
    """
    with store.connect() as connection:
        connection.execute("select pg_advisory_xact_lock(%s)", (LOCK,))
        message = again or _next_name(connection, rail, on)
        waiting = to_file(connection, rail, again)
        if not waiting:
            if again:
                raise FactRefused("again", again, "no file of that name", "see the `debit.filed` events")
            return Filed("", None, 0, 0)
        orders = tuple(order_under(w.attempt, w.mandate, w.name) for w in waiting)
        if again:
            on = _filed_on(connection, again)
        made_at = datetime.combine(on, datetime.min.time())
        collection = Collection(message, made_at, creditor_of(connection), on, currency, orders)
        data = WRITERS[rail](collection)
        for w in waiting if not again else ():
            tell(
                connection,
                DebitFiled(
                    borrower=w.attempt.borrower,
                    on=max(on, w.attempt.on),
                    known_on=max(on, w.attempt.on),
                    reference=f"{w.attempt.reference}:filed",
                    of=w.attempt.reference,
                    file=message,
                ),
            )
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{message}.{SUFFIX[rail]}"
    partly = path.with_suffix(".part")
    partly.write_bytes(data)
    partly.replace(path)
    return Filed(message, path, len(orders), collection.total_fen)


def _next_name(connection: psycopg.Connection[Any], rail: str, on: date) -> str:
    start = f"{rail.upper().replace('_', '')}-{on:%Y%m%d}-"
    row = connection.execute(
        "select count(distinct body->>'file') from event where kind = 'debit.filed' and starts_with(body->>'file', %s)",
        (start,),
    ).fetchone()
    assert row is not None
    return f"{start}{row[0] + 1:03d}"


def _filed_on(connection: psycopg.Connection[Any], message: str) -> date:
    row = connection.execute(
        "select min(on_day) from event where kind = 'debit.filed' and body->>'file' = %s", (message,)
    ).fetchone()
    assert row is not None
    filed_on: date = row[0]
    return filed_on


def presume_paid(store: Store, rail: str, days: int, on: date) -> TakenIn:
    """Debits of a rail that were attempted `days` or more before `on` and never answered count as paid.

    For schemes that tell only what comes back (NACHA). A return that comes later takes the money back again.
    """
    before = datetime.combine(on - timedelta(days=days) + timedelta(days=1), datetime.min.time()).astimezone()
    with store.connect() as connection:
        waiting = [a for a in unanswered(connection, before, rail) if a.on <= on - timedelta(days=days)]
        results = tuple(
            Result(a.reference, "succeeded", a.on, a.amount_fen, scheme=rail, note="presumed") for a in waiting
        )
        made_at = datetime.combine(on, datetime.min.time())
        return take_results(connection, Results("presumed", "", made_at, results), on)
