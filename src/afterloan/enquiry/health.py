"""Whether a book is well: what runs behind, what waits too long, what nobody does; each with its remedy."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import psycopg

from afterloan.counting import agreeing
from afterloan.enquiry.clock import BookClock, clock_of
from afterloan.store.data_keys import any_data_key, keys_wrong, wrapped_by
from afterloan.store.keyring import open_to_others, read_ring, ring_file
from afterloan.store.role import ROLE, works_as_owner
from afterloan.store.settings import Setting, setting
from afterloan.store.statements import unmatched_lines

State = Literal["well", "look", "wrong"]
LATE = timedelta(hours=1)
"""How long what was due to leave may wait before somebody should look at the drain."""
LONG = timedelta(minutes=10)
"""How long a job may wait for a worker."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at: `well`, worth a `look`, or `wrong`; what was seen, how much of it, and what to do."""

    name: str
    state: State
    says: str
    count: int = 0
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class BookNow:
    """A book, its clock, and the moment as the machine has it."""

    connection: psycopg.Connection[Any]
    clock: BookClock
    machine: datetime


def health(connection: psycopg.Connection[Any], machine: datetime) -> list[Check]:
    """All checks of a book on its business day; `machine`: the moment as the machine has it, by which jobs wait.

    A book whose last day closed is 28 December is, on 31 December, two days behind: `look`, `afterloan close`.
    """
    book = BookNow(connection, clock_of(connection, machine), machine)
    return [check(book) for check in CHECKS]


def _number(book: BookNow, sql: str, *told: Any) -> int:
    row = book.connection.execute(sql, told).fetchone()
    return int(row[0]) if row and row[0] is not None else 0


def _found(name: str, count: int, well: str, found: str, remedy: str, state: State = "look") -> Check:
    """A check that counts what should not be there: `well` where there is none."""
    return Check(name, state, agreeing(found.format(count)), count, remedy) if count else Check(name, "well", well)


def _closed(book: BookNow) -> Check:
    closed, yesterday = book.clock.closed_through, book.clock.on - timedelta(days=1)
    remedy = f"afterloan close --through {yesterday}"
    if closed is None:
        loans = _number(book, "select count(*) from (select from contract limit 1) c")
        return _found("days", loans, "no day is closed yet", "no day is closed yet", remedy)
    behind = max(0, (yesterday - closed).days)
    days = "day is" if behind == 1 else "days are"
    found = f"closed through {closed}: {{}} {days} behind"
    return _found("days", behind, f"closed and proved through {closed}", found, remedy)


def _excepted(book: BookNow) -> Check:
    count = _number(book, "select count(*) from exception where closed_on = (select max(closed_on) from proof)")
    found = "{} not reckoned at the last close"
    return _found("loans reckoned", count, "every loan was reckoned", found, "afterloan list exceptions", "wrong")


def _sealed(book: BookNow) -> Check:
    sql = "select count(*) from proof where closed_on > (select max(closed_on) from seal_day)"
    remedy = "close once more: it seals them"
    return _found("seals", _number(book, sql), "every closed day is sealed", "{} closed days have no seal", remedy)


def _waiting(book: BookNow) -> Check:
    sql = "select count(*) from waiting where not_before < %s and job is null"
    count, well = _number(book, sql, book.clock.now - LATE), "nothing that is due has waited for more than an hour"
    return _found("outbox", count, well, "{} actions due for more than an hour", "afterloan drain")


def _in_doubt(book: BookNow) -> Check:
    sql = (
        "select count(*) from sending d where step = 'doubt' and not exists (select from sending f "
        "where f.action = d.action and f.step in ('sent', 'refused', 'dropped'))"
    )
    found = "of {} that left it is unknown whether they arrived"
    return _found("in doubt", _number(book, sql), "all that left is known to", found, "afterloan task list")


def _jobs(book: BookNow) -> Check:
    sql = "select count(*) from job where state = 'queued' and asked_at < %s"
    count, found = _number(book, sql, book.machine - LONG), "{} wait for more than ten minutes"
    return _found("jobs", count, "no job waits for a worker", found, "is `afterloan serve` running?", "wrong")


def _unmatched(book: BookNow) -> Check:
    count, found = len(unmatched_lines(book.connection)), "{} lines of statements without a loan"
    return _found("money", count, "no money waits for a loan", found, "afterloan unmatched")


def _settings(book: BookNow) -> Check:
    remedies = {Setting.PLACE: "afterloan place", Setting.CREDITOR: "afterloan debit creditor"}
    lacking = [name for name in remedies if not setting(book.connection, name)]
    found = f"not set: {', '.join(lacking)}; what comes with afterloan holds instead"
    remedy = ", ".join(remedies[name] for name in lacking)
    return _found("settings", len(lacking), "the lender's place and its account for debits are set", found, remedy)


def _role(book: BookNow) -> Check:
    if not works_as_owner(book.connection):
        return Check("role", "well", f"works as {ROLE}, which owns no table and changes nothing that is kept for ever")
    found = "works as the owner of its tables, who could take the guards of what is kept for ever away"
    return Check("role", "look", found, 1, "docs/operating.md, what the database refuses")


def _keys(book: BookNow) -> Check:
    """Whether what is enciphered can be opened here, and the file of keys is for nobody else to read."""
    wrong = keys_wrong(book.connection)
    if wrong:
        state: State = "wrong" if any_data_key(book.connection) else "look"
        return Check("keys", state, wrong, 1, "docs/operating.md, the keys of personal data")
    under = wrapped_by(book.connection)
    if not under:
        return Check("keys", "well", "nothing is enciphered yet")
    ring = read_ring(ring_file(book.connection))
    if open_to_others(ring):
        return Check("keys", "look", f"{ring.file} can be read by others than its owner", 1, f"chmod 600 {ring.file}")
    older = sum(count for name, count in under.items() if name != ring.current)
    well, found = f"{sum(under.values())} data keys open with {ring.file}", "{} data keys stand under an older key"
    return _found("keys", older, well, found, "afterloan keys rotate")


CHECKS = (_closed, _excepted, _sealed, _waiting, _in_doubt, _jobs, _unmatched, _settings, _role, _keys)
"""What is looked at, in the order in which it is told."""
