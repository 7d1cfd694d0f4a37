"""Attempts that wait for a file become one, once; debits that a scheme answers only by silence are presumed paid."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import adbc_driver_postgresql.dbapi as adbc
import psycopg
from psycopg.types.json import Jsonb

from afterloan.banks.files import SUFFIX, WRITERS, refuse_order
from afterloan.banks.numbers import is_creditor_id, is_iban, is_routing, looks_like_iban, plain_account
from afterloan.banks.words import Collection, Creditor, Order, Result, Results
from afterloan.facts import FactRefused
from afterloan.facts.debit import DebitAttempted, DebitFiled
from afterloan.servicing.debits import KIND, OWN, order_under, take_result, why_not_now
from afterloan.servicing.money import TakenIn, take_results
from afterloan.store.connect import reader_to
from afterloan.store.debits import ToFile, filed_unanswered, files_before, lock_borrower, owed_today, to_file
from afterloan.store.events import borrower_number, tell
from afterloan.store.locks import Space
from afterloan.store.outbox import put_findings
from afterloan.store.server import Store
from afterloan.store.statements import BankRefusal, put_refusal

CREDITOR = "creditor"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A debit that waited for a file and must not leave any more: why, in words."""

    attempt: str
    borrower: str
    why: str


@dataclass(frozen=True, slots=True)
class Filed:
    """A file for the bank: its name, how many debits of how much are in it, what was left out of it."""

    message: str
    path: Path | None
    debits: int
    total_fen: int
    left_out: tuple[LeftOut, ...] = ()


def set_creditor(connection: psycopg.Connection[Any], creditor: Creditor) -> None:
    """Say who collects (setting `creditor`). Raises FactRefused for numbers whose check digits are wrong."""
    _check_creditor(creditor)
    told = {"name": creditor.name, "account": creditor.account, "bank": creditor.bank, "scheme_id": creditor.scheme_id}
    connection.execute(
        "insert into setting (name, value) values (%s, %s) on conflict (name) do update set value = excluded.value",
        (CREDITOR, Jsonb(told)),
    )


def _check_creditor(creditor: Creditor) -> None:
    """Refuse at the desk what would be refused in every file: numbers that look like an IBAN, a routing number, …"""
    if looks_like_iban(plain_account(creditor.account)) and not is_iban(plain_account(creditor.account)):
        raise FactRefused("account", creditor.account, "is an IBAN with wrong check digits", "copy it again")
    if re.fullmatch(r"[0-9]{9}", creditor.bank) and not is_routing(creditor.bank):
        raise FactRefused("bank", creditor.bank, "is a routing number with a wrong check digit", "copy it again")
    named = plain_account(creditor.scheme_id)
    if re.fullmatch(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{8,31}", named) and not is_creditor_id(named):
        reason = "is a creditor identifier with wrong check digits"
        raise FactRefused("scheme_id", creditor.scheme_id, reason, "copy it again")


def creditor_of(connection: psycopg.Connection[Any]) -> Creditor:
    """Who collects. Raises FactRefused when nobody was named."""
    row = connection.execute("select value from setting where name = %s", (CREDITOR,)).fetchone()
    if row is None:
        raise FactRefused("creditor", "", "nobody is named", "say who collects: afterloan debit creditor --name …")
    return Creditor(**row[0])


def file_out(store: Store, folder: Path, rail: str, on: date, currency: str = "CNY", again: str | None = None) -> Filed:
    """Write the attempts of a rail that stand in no file yet into one, for collection on a day.

    Each is looked at again first: a revoked mandate, a hold, or money that came meanwhile leaves it out, and so does a
    number or name that cannot stand in the file. What is left out is told as not sent and holds no other up.

    They are on record as filed before the file has its name: killed in between, `again=MESSAGE` writes that very file
    once more, and no debit stands in two. Raises FactRefused (no creditor, an unknown message), FileRefused.
    """
    with store.connect() as connection, reader_to(store.url) as reader:
        connection.execute("select pg_advisory_xact_lock(%s)", (int(Space.DEBIT_FILE),))
        creditor = creditor_of(connection)
        waiting = to_file(connection, rail, again)
        if again and not waiting:
            raise FactRefused("again", again, "no file of that name", "see the `debit.filed` events")
        message = again or _next_name(connection, rail, on)
        on = _filed_on(connection, again) if again else on
        left_out = [] if again else _leave_out(connection, reader, waiting, message, rail, on, currency)
        gone = {one.attempt for one in left_out}
        orders = tuple(order_under(w.attempt, w.mandate, w.name) for w in waiting if w.attempt.reference not in gone)
        if not orders:
            return Filed("", None, 0, 0, tuple(left_out))
        collection = _collection(connection, rail, message, again, creditor, on, currency, orders)
        data = WRITERS[rail](collection)
        for w in waiting if not again else ():
            if w.attempt.reference not in gone:
                tell(connection, _filed(w, message, on))
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{message}.{SUFFIX[rail]}"
    partly = path.with_suffix(".part")
    partly.write_bytes(data)
    partly.replace(path)
    return Filed(message, path, len(orders), collection.total_fen, tuple(left_out))


def _collection(
    connection: psycopg.Connection[Any],
    rail: str,
    message: str,
    again: str | None,
    creditor: Creditor,
    on: date,
    currency: str,
    orders: tuple[Order, ...],
) -> Collection:
    """The file as values. Its number in its day is also its minute: written again, it is the same to the byte."""
    number = int(message.rsplit("-", 1)[1])
    made_at = datetime.combine(on, datetime.min.time()) + timedelta(minutes=number - 1)
    first = files_before(connection, rail, again) + 1
    return Collection(message, made_at, creditor, on, currency, orders, number, first)


def _filed(w: ToFile, message: str, on: date) -> DebitFiled:
    day = max(on, w.attempt.on)
    name = f"{w.attempt.reference}:filed"
    return DebitFiled(
        borrower=w.attempt.borrower, on=day, known_on=day, reference=name, of=w.attempt.reference, file=message
    )


def _leave_out(
    connection: psycopg.Connection[Any],
    reader: adbc.Connection,
    waiting: Sequence[ToFile],
    message: str,
    rail: str,
    on: date,
    currency: str,
) -> list[LeftOut]:
    """Look at each waiting debit again; tell those that must not leave as not sent, with the finding or the refusal."""
    numbers = {w.attempt.borrower: borrower_number(connection, w.attempt.borrower)[0] for w in waiting}
    for number in sorted(set(numbers.values())):
        lock_borrower(connection, number)
    owed = owed_today(connection, reader, sorted(set(numbers.values())), on)
    found: list[LeftOut] = []
    for w in waiting:
        number = numbers[w.attempt.borrower]
        finding = why_not_now(connection, number, w.attempt, owed.get(number, []), max(on, w.attempt.on))
        bad = None if finding else refuse_order(rail, order_under(w.attempt, w.mandate, w.name), currency)
        if finding is not None:
            put_findings(connection, [(number, None, KIND, finding)])
            found.append(_not_sent(connection, w.attempt, on, "not_sent", finding.outcome))
        elif bad is not None:
            told = (bad.place, bad.column, bad.value, bad.reason, bad.remedy)
            put_refusal(connection, BankRefusal("order", *told, w.attempt.borrower, message, known_on=on))
            code = "wrong_account" if bad.column in ("account", "bank") else "not_sent"
            found.append(_not_sent(connection, w.attempt, on, code, f"{bad.column} {bad.value!r} {bad.reason}"))
    return found


def _not_sent(connection: psycopg.Connection[Any], attempt: DebitAttempted, on: date, code: str, why: str) -> LeftOut:
    day = max(on, attempt.on)
    take_result(connection, Result(attempt.reference, "failed", day, 0, code, OWN, note=why[:140]), day)
    return LeftOut(attempt.reference, attempt.borrower, why)


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


TELLS_RETURNS_ONLY = ("nacha", "pain008")
"""Forms whose schemes tell what comes back; the others answer every debit, so their silence says nothing."""


def presume_paid(store: Store, rail: str, days: int, on: date) -> TakenIn:
    """Debits that stood in a file for collection `days` or more before `on` and were never answered count as paid.

    Silence means something only for what was sent: an attempt that stands in no file is not touched. The money counts
    from the day of collection. A return that comes later takes it back again. Raises FactRefused for a form whose
    scheme answers every debit.
    """
    if rail not in TELLS_RETURNS_ONLY:
        remedy = f"take its answers in; silence counts only for {', '.join(TELLS_RETURNS_ONLY)}"
        raise FactRefused("form", rail, "answers every debit, so silence says nothing", remedy)
    with store.connect() as connection:
        waiting = filed_unanswered(connection, rail, on - timedelta(days=days))
        results = tuple(
            Result(a.reference, "succeeded", collected, a.amount_fen, scheme=rail, note="presumed")
            for a, collected in waiting
        )
        made_at = datetime.combine(on, datetime.min.time())
        return take_results(connection, Results("presumed", "", made_at, results), on)
