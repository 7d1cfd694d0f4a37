"""Whether a book is well: what runs behind, what waits too long, what nobody does; each with its remedy."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import psycopg

from afterloan.enquiry.clock import BookClock, clock_of
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
class Looked:
    """A book, its clock, and the moment as the machine has it."""

    connection: psycopg.Connection[Any]
    clock: BookClock
    machine: datetime


def health(connection: psycopg.Connection[Any], machine: datetime) -> list[Check]:
    """All checks of a book on its business day; `machine`: the moment as the machine has it, by which jobs wait.

    A book whose last day closed is 28 December is, on 31 December, two days behind: `look`, `afterloan close`.
    """
    looked = Looked(connection, clock_of(connection, machine), machine)
    return [check(looked) for check in CHECKS]


def _number(looked: Looked, sql: str, *told: Any) -> int:
    row = looked.connection.execute(sql, told).fetchone()
    return int(row[0]) if row and row[0] is not None else 0


def _found(name: str, count: int, well: str, found: str, remedy: str, state: State = "look") -> Check:
    """A check that counts what should not be there: `well` where there is none."""
    return Check(name, state, found.format(count), count, remedy) if count else Check(name, "well", well)


def _closed(looked: Looked) -> Check:
    closed, yesterday = looked.clock.closed_through, looked.clock.on - timedelta(days=1)
    remedy = f"afterloan close --through {yesterday}"
    if closed is None:
        loans = _number(looked, "select count(*) from (select from contract limit 1) c")
        return _found("days", loans, "no day is closed yet", "no day is closed yet", remedy)
    behind = max(0, (yesterday - closed).days)
    days = "day is" if behind == 1 else "days are"
    found = f"closed through {closed}: {{}} {days} behind"
    return _found("days", behind, f"closed and proved through {closed}", found, remedy)


def _excepted(looked: Looked) -> Check:
    count = _number(looked, "select count(*) from exception where closed_on = (select max(closed_on) from proof)")
    found = "{} not reckoned at the last close"
    return _found("loans reckoned", count, "every loan was reckoned", found, "afterloan list exceptions", "wrong")


def _sealed(looked: Looked) -> Check:
    sql = "select count(*) from proof where closed_on > (select max(closed_on) from seal_day)"
    remedy = "close once more: it seals them"
    return _found("seals", _number(looked, sql), "every closed day is sealed", "{} closed days have no seal", remedy)


def _waiting(looked: Looked) -> Check:
    sql = "select count(*) from waiting where not_before < %s and job is null"
    count, well = _number(looked, sql, looked.clock.now - LATE), "nothing that is due has waited for more than an hour"
    return _found("outbox", count, well, "{} actions have been due for more than an hour", "afterloan drain")


def _in_doubt(looked: Looked) -> Check:
    sql = (
        "select count(*) from sending d where step = 'doubt' and not exists (select from sending f "
        "where f.action = d.action and f.step in ('sent', 'refused', 'dropped'))"
    )
    found = "of {} that left it is unknown whether they arrived"
    return _found("in doubt", _number(looked, sql), "all that left is known to", found, "afterloan task list")


def _jobs(looked: Looked) -> Check:
    sql = "select count(*) from job where state = 'queued' and asked_at < %s"
    count, found = _number(looked, sql, looked.machine - LONG), "{} wait for more than ten minutes"
    return _found("jobs", count, "no job waits for a worker", found, "is `afterloan serve` running?", "wrong")


def _unmatched(looked: Looked) -> Check:
    count, found = len(unmatched_lines(looked.connection)), "{} lines of statements wait for a loan"
    return _found("money", count, "no money waits for a loan", found, "afterloan unmatched")


def _settings(looked: Looked) -> Check:
    remedies = {Setting.PLACE: "afterloan place", Setting.CREDITOR: "afterloan debit creditor"}
    lacking = [name for name in remedies if not setting(looked.connection, name)]
    found = f"not set: {', '.join(lacking)}; what comes with afterloan holds instead"
    remedy = ", ".join(remedies[name] for name in lacking)
    return _found("settings", len(lacking), "the lender's place and its account for debits are set", found, remedy)


CHECKS = (_closed, _excepted, _sealed, _waiting, _in_doubt, _jobs, _unmatched, _settings)
"""What is looked at, in the order in which it is told."""
