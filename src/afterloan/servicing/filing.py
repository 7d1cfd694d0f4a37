"""Verbs of debits that leave by file: who collects, and what waits put into one file, once."""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any, Literal

import adbc_driver_postgresql.dbapi as adbc
import psycopg
from pydantic import Field

from afterloan.banks.files import WRITERS, refuse_order
from afterloan.banks.numbers import is_creditor_id, is_iban, is_routing, looks_like_iban, plain_account
from afterloan.banks.words import Collection, Creditor, Order, Result
from afterloan.facts import FactRefused
from afterloan.facts.debit import DebitAttempted, DebitFiled
from afterloan.servicing.asked import Asked
from afterloan.servicing.debits import KIND, OWN, order_under, take_result, why_not_now
from afterloan.servicing.desk import Desk
from afterloan.store.debits import ToFile, files_before, owed_today, to_file
from afterloan.store.events import borrower_number, tell
from afterloan.store.locks import Space
from afterloan.store.outbox import put_findings
from afterloan.store.settings import Setting, set_parts, setting
from afterloan.store.statements import BankRefusal, put_refusals


class NameCreditor(Asked):
    """Who collects: name, the account on which money is collected, its bank, the scheme's creditor identifier."""

    name: str = Field(min_length=1, max_length=200)
    account: str = Field(min_length=1, max_length=40)
    bank: str = Field(default="", max_length=40)
    scheme_id: str = Field(default="", max_length=40)


def name_creditor(desk: Desk, asked: NameCreditor, on: date) -> dict[str, Any]:
    """Say who collects; it stands in every file. Numbers whose check digits are wrong are refused."""
    creditor = Creditor(asked.name, asked.account, asked.bank, asked.scheme_id)
    check_creditor(creditor)
    set_parts(desk.connection, Setting.CREDITOR, asdict(creditor))
    return asdict(creditor)


def check_creditor(creditor: Creditor) -> None:
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
    told = setting(connection, Setting.CREDITOR)
    if not told:
        raise FactRefused("creditor", "", "nobody is named", "say who collects: afterloan debit creditor --name …")
    return Creditor(**told)


class FileDebits(Asked):
    """The debits of a `form` that wait are put into one file, for collection on the act's day."""

    form: Literal["pain008", "nacha", "batch_csv"]
    currency: str = Field(default="CNY", pattern="[A-Z]{3}")


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A debit that waited for a file and must not leave any more: why, in words."""

    attempt: str
    borrower: str
    why: str


def file_debits(desk: Desk, asked: FileDebits, on: date) -> dict[str, Any]:
    """Tell the attempts of a form that stand in no file yet as filed, in one file, for collection on a day.

    Each is looked at again first: a revoked mandate, a hold, or money that came meanwhile leaves it out, and so does a
    number or name that cannot stand in the file. What is left out is told as not sent and holds no other up.

    `message`: the file's name, empty where nothing waits; `sha256`: of its bytes, which `file_again` gives as often as
    they are wanted. Raises FactRefused (no creditor).
    """
    connection, rail = desk.connection, asked.form
    connection.execute("select pg_advisory_xact_lock(%s)", (int(Space.DEBIT_FILE),))
    creditor = creditor_of(connection)
    desk.lock(*sorted({w.attempt.borrower for w in to_file(connection, rail)}))
    waiting = [w for w in to_file(connection, rail) if w.attempt.borrower in desk.touched.values()]
    message = _next_name(connection, rail, on)
    left_out = _leave_out(connection, desk.reader, waiting, message, rail, on, asked.currency)
    gone = {one.attempt for one in left_out}
    leaving = [w for w in waiting if w.attempt.reference not in gone]
    told: dict[str, Any] = {"form": rail, "left_out": [asdict(one) for one in left_out]}
    if not leaving:
        return {"message": "", "debits": 0, "total_fen": 0, **told}
    collection = _collection(connection, rail, message, None, creditor, on, asked.currency, _orders(leaving))
    data = WRITERS[rail](collection)
    for w in leaving:
        tell(connection, _filed(w, message, on))
    figures = {"debits": len(leaving), "total_fen": collection.total_fen}
    return {"message": message, **figures, "sha256": sha256(data).hexdigest(), **told}


@dataclass(frozen=True, slots=True)
class FileMade:
    """A file for the bank: its bytes, how many debits of how much are in it."""

    data: bytes
    debits: int
    total_fen: int


def file_again(connection: psycopg.Connection[Any], rail: str, message: str, currency: str) -> FileMade:
    """The file of a name as it was filed, to the byte. Raises FactRefused (unknown)."""
    waiting = to_file(connection, rail, message)
    if not waiting:
        raise FactRefused("again", message, "no file of that name", "see the `debit.filed` events", "unknown")
    creditor, on = creditor_of(connection), _filed_on(connection, message)
    collection = _collection(connection, rail, message, message, creditor, on, currency, _orders(waiting))
    return FileMade(WRITERS[rail](collection), len(waiting), collection.total_fen)


def _orders(waiting: Sequence[ToFile]) -> tuple[Order, ...]:
    return tuple(order_under(w.attempt, w.mandate, w.name) for w in waiting)


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
            put_refusals(connection, [BankRefusal("order", *told, w.attempt.borrower, message, known_on=on)])
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
