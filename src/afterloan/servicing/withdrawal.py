"""What was planned for a borrower and is no longer wanted is withdrawn: once cured, or held."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import psycopg

from afterloan.dates import iso, number_of
from afterloan.facts.action import ActionWithdrawn
from afterloan.store.contacts import STANDING_KINDS, defaults_of, standing_of
from afterloan.store.events import borrower_number, events_of
from afterloan.store.held import HELD_KINDS, held_by
from afterloan.store.ids import as_array
from afterloan.store.limits import owed_now
from afterloan.strategy.governor import Request, contact_rules, refusals
from afterloan.strategy.holds import stopped
from afterloan.strategy.places import place_of

WAITING = ("legal.propose", "charge_off.propose", "agency.place", "worklist")
"""Actions that wait for a person and are withdrawn by a cure long after they were planned."""


@dataclass(frozen=True, slots=True)
class Gone:
    """An action that is no longer wanted."""

    key: str
    borrower: int
    why: str


def unwanted(
    connection: psycopg.Connection[Any],
    borrowers: list[int],
    day: int,
    why: str,
    kinds: Iterable[str] | None = None,
    loans: list[int] | None = None,
) -> list[Gone]:
    """Actions of borrowers that have not come to their day yet, or wait for a person; not those withdrawn before.

    `kinds`: only these (`message.*`, `debit.attempt` …); `loans`: only what is about one of these loans alone.
    Reminders of instalments still to come stay, and so do legal notices and messages of service: they do not depend
    on what is owed.
    """
    if not borrowers:
        return []
    found = connection.execute(
        UNWANTED, (as_array(borrowers), iso(day), list(WAITING), *[list(kinds) if kinds else None] * 2, loans, loans)
    ).fetchall()
    return [Gone(key, borrower, why) for key, borrower in found]


UNWANTED = (
    "select o.key, o.borrower from (select distinct unnest(%s::bigint[]) as number) as asked "
    "cross join lateral (select p.action, p.key, p.borrower from outbox p where p.borrower = asked.number "
    "and (p.not_before >= %s::date or p.kind = any(%s)) and (%s::text[] is null or p.kind = any(%s)) "
    "and (%s::bigint[] is null or p.loan = any(%s)) "
    "and coalesce(p.body->>'purpose', '') not in ('reminder', 'legal_notice', 'service') "
    "and not exists (select from event e where e.reference = 'withdrawn:' || p.key) offset 0) o order by o.action"
)
"""Each borrower is looked up by number, and what was withdrawn by key (`offset 0`: this is not planned otherwise): a
few rows each, never all of a kind nor all events."""


def _told(gone: Gone) -> str:
    return json.dumps({"key": gone.key, "reason": gone.why})


def withdraw(connection: psycopg.Connection[Any], gone: Iterable[Gone], on: date) -> int:
    """Write withdrawals in the caller's transaction; returns how many are new."""
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into event (shard, borrower, kind, on_day, known_on, reference, body) "
            "select shard, borrower, %s, %s, %s, %s, %s::jsonb from borrower where borrower = %s "
            "on conflict (reference) do nothing",
            [(ActionWithdrawn.KIND, on, on, f"withdrawn:{g.key}", _told(g), g.borrower) for g in gone],
        )
        return cursor.rowcount


STOPPED_KINDS = {
    "collection": ("message.sms", "message.email", "message.push", "message.chat", "message.letter", "message.webhook"),
    "debit": ("debit.attempt",),
    "worklist": ("worklist",),
    "agency": ("agency.place",),
    "legal": ("legal.propose",),
    "charge_off": ("charge_off.propose",),
}


TREATMENTS = tuple(kind for kinds in STOPPED_KINDS.values() for kind in kinds)
"""Kinds of action by which a borrower in arrears is treated; tasks of people are none."""


def withdraw_held(connection: psycopg.Connection[Any], borrower: str, on: date) -> int:
    """Withdraw what is planned for a borrower and stopped by the holds of a day; returns how many.

    For the moment at which a hold is placed or a promise taken; the decisions of later days see it themselves. A case
    on a person's list stays with who took the promise. Where nothing is planned no hold is asked for.
    """
    number, _ = borrower_number(connection, borrower)
    if not unwanted(connection, [number], number_of(on), "", TREATMENTS):
        return 0
    row = connection.execute("select clear from borrower where borrower = %s", (number,)).fetchone()
    place = place_of(row[0] if row else {}, defaults_of(connection))
    events = events_of(connection, borrower, HELD_KINDS, on)
    held = held_by(connection, {number: events}, on, {number: place.jurisdiction})[number]
    count = 0
    for what, hold in stopped(held).items():
        if what in STOPPED_KINDS and (what, hold.hold) != ("worklist", "promise_pending"):
            day = number_of(on)
            gone = unwanted(connection, [number], day, f"hold: {hold.hold}", STOPPED_KINDS[what])
            count += withdraw(connection, gone, on)
    return count


PLANNED = (
    "select o.key, o.kind, o.not_before, o.body from outbox o where o.borrower = %s and o.kind like 'message.%%' "
    "and o.not_before >= %s::date and not exists (select from event e where e.reference = 'withdrawn:' || o.key) "
    "and not exists (select from event e where e.reference in ('sent:' || o.key, 'failed:' || o.key)) order by o.action"
)


def withdraw_unwanted(connection: psycopg.Connection[Any], borrower: str, on: date) -> int:
    """Withdraw messages to a borrower that the governor will refuse however long they wait; returns how many.

    For the moment at which a channel is no longer wanted, a consent is gone or another language is wished: what is
    decided later sees it itself, and what only has to wait is asked again when it leaves.
    """
    number, _ = borrower_number(connection, borrower)
    planned = connection.execute(PLANNED, (number, on)).fetchall()
    if not planned:
        return 0
    row = connection.execute("select clear from borrower where borrower = %s", (number,)).fetchone()
    place = place_of(row[0] if row else {}, defaults_of(connection))
    standing = standing_of(events_of(connection, borrower, STANDING_KINDS), on, place)
    rules = contact_rules(place.jurisdiction, on, place.lender_type)
    gone = []
    for key, kind, at, body in planned:
        if body.get("person", "borrower") != "borrower":
            continue
        request = Request(
            at, kind.removeprefix("message."), body.get("purpose") or "collection", place.zones,
            language=body.get("language") or place.language, response=bool(body.get("response", False)),
            by_ladder=bool(body.get("step")),
        )  # fmt: skip
        refused = [x for _, x in refusals(request, (), standing, rules) if x.next_at is None]
        if refused:
            gone.append(Gone(key, number, refused[0].why))
    return withdraw(connection, gone, on)


def withdraw_cured(
    connection: psycopg.Connection[Any],
    borrower: str,
    on: date,
    reckoned: Mapping[int, int] | None = None,
    why: Callable[[], str] | None = None,
) -> int:
    """Withdraw what is planned for a borrower who owes nothing now, in the caller's transaction; returns how many.

    `reckoned`: loans (store numbers) that were reckoned for the day already, with what is due and unpaid on them: a
    repayment reckons its loan, and only the borrower's other loans are read here, and those only where something was
    planned and the loan itself owes nothing. None are withdrawn while anything is overdue or due. `why`: asked where
    something is withdrawn: by what nothing is owed any more; else it was cured.
    """
    number, _ = borrower_number(connection, borrower)
    gone = unwanted(connection, [number], number_of(on), "cured", TREATMENTS)
    if not gone or owed_now(connection, borrower, on, reckoned or {}):
        return 0
    reason = why() if why else "cured"
    return withdraw(connection, [replace(one, why=reason) for one in gone], on)
