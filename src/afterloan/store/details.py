"""A borrower's name and attributes through time: as they were on a day, as we knew them on another, and changed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import psycopg

from afterloan.facts import FactRefused
from afterloan.facts.events import event_of
from afterloan.facts.person import DetailsCorrected, PersonPurged
from afterloan.store.events import COLUMNS, borrower_number, tell
from afterloan.store.persons import rewrite_person

NAME = "name"
"""The word under which a change tells the borrower's name. An attribute of this word (a bureau's spelling) is kept as
it is until the name is changed."""


@dataclass(frozen=True, slots=True)
class BorrowerDetails:
    """A borrower on a day: name, attributes, and the changes that made them so, by the day from which they hold."""

    borrower: str
    name: str
    attributes: dict[str, Any]
    changes: tuple[DetailsCorrected, ...]


def _row(connection: psycopg.Connection[Any], borrower: str) -> tuple[str, dict[str, Any], date]:
    borrower_number(connection, borrower)
    row = connection.execute(
        "select name, attributes, known_on from borrower where reference = %s", (borrower,)
    ).fetchone()
    assert row is not None
    return str(row[0]), dict(row[1]), row[2]


def _told(connection: psycopg.Connection[Any], borrower: str) -> list[DetailsCorrected]:
    """Every change of a borrower, in the order of telling; what was told before a purge is not told again."""
    rows = connection.execute(
        f"select {COLUMNS} where b.reference = %s and e.kind = %s and not exists (select from event p "
        "where p.borrower = e.borrower and p.kind = %s and p.event > e.event) order by e.event",
        (borrower, DetailsCorrected.KIND, PersonPurged.KIND),
    ).fetchall()
    return [event for row in rows if isinstance(event := event_of(*row[1:]), DetailsCorrected)]


def first_told(now: Mapping[str, Any], changes: Iterable[DetailsCorrected]) -> dict[str, Any]:
    """What was told of a borrower first: of each field what stood before the first change that was told of it."""
    first: dict[str, Any] = {}
    for change in changes:
        for name, value in change.before.items():
            first.setdefault(name, value)
    return {**now, **first}


def as_of(first: Mapping[str, Any], changes: Iterable[DetailsCorrected], on: date, known_on: date) -> dict[str, Any]:
    """The fields on a day as known on another. Of two changes of a field the one that holds from the later day counts.

    `changes` in the order of telling: of two from the same day the one told later counts. A field that was taken away
    is left out.
    """
    known = [change for change in changes if change.on <= on and change.known_on <= known_on]
    fields = dict(first)
    for change in sorted(known, key=lambda change: change.on):  # stable: one day's changes stay as they were told
        fields.update(change.after)
    return {name: value for name, value in fields.items() if value is not None}


def details_of(
    connection: psycopg.Connection[Any], borrower: str, on: date | None = None, known_on: date | None = None
) -> BorrowerDetails:
    """A borrower's details on a day as known on another; without days: now, as known now. Raises FactRefused."""
    name, attributes, _ = _row(connection, borrower)
    changes = _told(connection, borrower)
    own = {NAME: attributes[NAME]} if NAME in attributes else {}
    fields = as_of(first_told({**attributes, NAME: name}, changes), changes, on or date.max, known_on or date.max)
    shown = [c for c in changes if c.on <= (on or date.max) and c.known_on <= (known_on or date.max)]
    called = str(fields.pop(NAME, ""))
    return BorrowerDetails(borrower, called, {**fields, **own}, tuple(sorted(shown, key=lambda change: change.on)))


def latest(changes: Iterable[DetailsCorrected], fields: Iterable[str]) -> date:
    """The last day on which something was told of one of these fields; long ago where nothing was."""
    wanted = set(fields)
    return max((change.known_on for change in changes if wanted & set(change.after)), default=date.min)


def change_details(
    connection: psycopg.Connection[Any],
    borrower: str,
    wanted: Mapping[str, Any],
    since: date,
    known_on: date,
    by: str,
    reason: str,
    reference: str,
) -> list[str]:
    """Tell that fields of a borrower are other from a day on (None takes one away); the fields that are other now.

    In the caller's act, with the borrower locked. The row of the borrower shows what holds today: a change from an
    earlier day than one told before leaves the later one standing. Raises FactRefused: nothing is changed by it, or
    the day is ahead.
    """
    if since > known_on:
        raise FactRefused("since", since, "is a day ahead", "tell it on the day from which it holds")
    name, attributes, _ = _row(connection, borrower)
    now = {**attributes, NAME: name}
    changes = _told(connection, borrower)
    stood = as_of(first_told(now, changes), changes, since, known_on)
    changed = {field: value for field, value in wanted.items() if stood.get(field) != value}
    if not changed:
        raise FactRefused("attributes", ", ".join(wanted) or "nothing", "is so already", "name what is to be otherwise")
    event = DetailsCorrected(
        borrower=borrower, on=since, known_on=known_on, reference=reference, by=by, reason=reason,
        before={field: _before(field, now, stood, changes) for field in changed}, after=changed,
    )  # fmt: skip
    tell(connection, event)
    fields = as_of(first_told(now, [*changes, event]), [*changes, event], date.max, date.max)
    called = str(fields.pop(NAME, ""))
    if NAME in attributes and NAME not in changed:
        fields[NAME] = attributes[NAME]
    rewrite_person(connection, borrower, called, fields)
    return sorted(changed)


def _before(field: str, now: Mapping[str, Any], stood: Mapping[str, Any], changes: Iterable[DetailsCorrected]) -> Any:
    """What stood of a field: before its first change what was told at first, later what held on the day."""
    return stood.get(field) if any(field in change.after for change in changes) else now.get(field)
