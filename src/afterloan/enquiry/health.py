"""Whether a book is well: what runs behind, what waits too long, what nobody does; each with its remedy."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal

import psycopg

from afterloan.store.posted import last_closed
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


def health(connection: psycopg.Connection[Any], on: date, now: datetime) -> list[Check]:
    """All checks of a book as of its business day and a moment.

    A book whose last day closed is 28 December is, on 31 December, two days behind: `look`, `afterloan close`.
    """
    return [check(connection, on, now) for check in CHECKS]


def _number(connection: psycopg.Connection[Any], sql: str, told: tuple[Any, ...] = ()) -> int:
    row = connection.execute(sql, told).fetchone()
    return int(row[0]) if row and row[0] is not None else 0


def _closed(connection: psycopg.Connection[Any], on: date, now: datetime) -> Check:
    closed = last_closed(connection)
    yesterday = on - timedelta(days=1)
    if closed is None:
        state: State = "look" if _number(connection, "select count(*) from (select from contract limit 1) c") else "well"
        return Check("days", state, "no day is closed yet", 0, f"afterloan close --through {yesterday}" * (state != "well"))
    behind = max(0, (yesterday - closed).days)
    if not behind:
        return Check("days", "well", f"closed and proved through {closed}")
    says = f"closed through {closed}: {behind} {'day is' if behind == 1 else 'days are'} behind"
    return Check("days", "look", says, behind, f"afterloan close --through {yesterday}")


def _excepted(connection: psycopg.Connection[Any], on: date, now: datetime) -> Check:
    found = _number(
        connection, "select count(*) from exception where closed_on = (select max(closed_on) from proof)"
    )
    if not found:
        return Check("loans reckoned", "well", "every loan was reckoned at the last close")
    return Check("loans reckoned", "wrong", f"{found} not reckoned at the last close", found, "afterloan list exceptions")


def _sealed(connection: psycopg.Connection[Any], on: date, now: datetime) -> Check:
    missing = _number(
        connection,
        "select count(*) from proof p where closed_on >= (select min(closed_on) from seal_day) "
        "and not exists (select from seal_day s where s.closed_on >= p.closed_on)",
    )
    if not missing:
        return Check("seals", "well", "every closed day is sealed")
    return Check("seals", "look", f"{missing} closed days are not sealed yet", missing, "close once more: it seals them")


def _waiting(connection: psycopg.Connection[Any], on: date, now: datetime) -> Check:
    late = _number(connection, "select count(*) from waiting where not_before < %s and job is null", (now - LATE,))
    if not late:
        return Check("outbox", "well", "nothing that is due has waited for more than an hour")
    return Check("outbox", "look", f"{late} actions have been due for more than an hour", late, "afterloan drain")


def _in_doubt(connection: psycopg.Connection[Any], on: date, now: datetime) -> Check:
    found = _number(
        connection,
        "select count(*) from sending d where step = 'doubt' and not exists (select from sending f "
        "where f.action = d.action and f.step in ('sent', 'refused', 'dropped'))",
    )
    if not found:
        return Check("in doubt", "well", "of nothing that left it is unknown whether it arrived")
    return Check("in doubt", "look", f"{found} sent, without a word whether they arrived", found, "afterloan task list")


def _jobs(connection: psycopg.Connection[Any], on: date, now: datetime) -> Check:
    waiting = _number(connection, "select count(*) from job where state = 'queued' and asked_at < %s", (now - LONG,))
    if not waiting:
        return Check("jobs", "well", "no job waits for a worker")
    return Check("jobs", "wrong", f"{waiting} wait for more than ten minutes", waiting, "is `afterloan serve` running?")


def _unmatched(connection: psycopg.Connection[Any], on: date, now: datetime) -> Check:
    lines = len(unmatched_lines(connection))
    if not lines:
        return Check("money", "well", "no money waits for a loan")
    return Check("money", "look", f"{lines} lines of statements wait for a loan", lines, "afterloan unmatched")


def _place(connection: psycopg.Connection[Any], on: date, now: datetime) -> Check:
    lacking = [s.value for s in (Setting.PLACE, Setting.CREDITOR) if not setting(connection, s)]
    if not lacking:
        return Check("settings", "well", "the lender's place and its account for debits are set")
    remedies = {"place": "afterloan place", "creditor": "afterloan debit creditor"}
    says = f"not set: {', '.join(lacking)}; what comes with afterloan holds instead"
    return Check("settings", "look", says, len(lacking), ", ".join(remedies[name] for name in lacking))


CHECKS: tuple[Callable[[psycopg.Connection[Any], date, datetime], Check], ...] = (
    _closed, _excepted, _sealed, _waiting, _in_doubt, _jobs, _unmatched, _place,
)  # fmt: skip
"""What is looked at, in the order in which it is told."""
