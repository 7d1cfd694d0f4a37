"""Acts in the store: what was done through a door, kept for ever with who asked it and what was answered."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from afterloan.facts.act import Who
from afterloan.store.locks import lock_reference

BEFORE = 0
"""The act of rows that are older than acts: `before acts were kept`."""


@dataclass(frozen=True, slots=True)
class KeptAct:
    """An act on record. `asked` and `answer` are JSON values; `at` is when it was done, `on` the business day."""

    act: int
    reference: str
    verb: str
    who_kind: str
    who: str
    roles: tuple[str, ...]
    door: str
    on: date
    at: datetime
    asked: dict[str, Any]
    answer: dict[str, Any]


COLUMNS = "act, reference, verb, who_kind, who, roles, door, on_day, at, asked, answer"


def _kept(row: tuple[Any, ...]) -> KeptAct:
    return KeptAct(row[0], row[1], row[2], row[3], row[4], tuple(row[5]), *row[6:])


def act_known(connection: psycopg.Connection[Any], reference: str) -> KeptAct | None:
    """The act that was done under a reference, or None."""
    row = connection.execute(f"select {COLUMNS} from act where reference = %s", (reference,)).fetchone()
    return _kept(row) if row else None


def act_numbered(connection: psycopg.Connection[Any], act: int) -> KeptAct | None:
    """The act of a number, or None."""
    row = connection.execute(f"select {COLUMNS} from act where act = %s", (act,)).fetchone()
    return _kept(row) if row else None


def begin_act(connection: psycopg.Connection[Any]) -> int:
    """Number the act of this transaction: facts, events, outbox rows and findings written from now on carry it.

    The number is a default of those tables' column `act` (setting `afterloan.act` of the transaction), so that no
    function that writes has to hand it on.
    """
    row = connection.execute(
        "select a, set_config('afterloan.act', a::text, true) from nextval('act_number') a"
    ).fetchone()
    assert row is not None
    return int(row[0])


def keep_act(
    connection: psycopg.Connection[Any],
    act: int,
    reference: str,
    verb: str,
    who: Who,
    on: date,
    asked: dict[str, Any],
    answer: dict[str, Any],
) -> None:
    """Write the act in the caller's transaction, with what it told."""
    connection.execute(
        f"insert into act ({COLUMNS}) values (%s, %s, %s, %s, %s, %s, %s, %s, clock_timestamp(), %s, %s)",
        (act, reference, verb, who.kind, who.name, list(who.roles), who.door, on, Jsonb(asked), Jsonb(answer)),
    )


def resume_act(connection: psycopg.Connection[Any], act: int) -> None:
    """What is written from now on in this transaction belongs to an act that is on record already."""
    connection.execute("select set_config('afterloan.act', %s, true)", (str(act),))


@contextmanager
def act_of_rule(
    connection: psycopg.Connection[Any], who: Who, verb: str, reference: str, on: date, asked: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    """What a rule of ours does inside, in the caller's transaction, as one act; what is put into the dict is answered.

    Under a reference that is known (a shard redone, a step run again) what is new belongs to the act that is there.
    `act_of_rule(connection, Who.rule("night"), "day.decide", "decide:2026-01-01:7", date(2026, 1, 1), {"shard": 7})`
    """
    lock_reference(connection, reference)
    before = act_known(connection, reference)
    told: dict[str, Any] = {}
    if before is not None:
        resume_act(connection, before.act)
        yield told
        return
    act = begin_act(connection)
    yield told
    keep_act(connection, act, reference, verb, who, on, asked, told)


@contextmanager
def acts_of_job(
    connection: psycopg.Connection[Any], who: Who, verb: str, reference: str, on: date, asked: dict[str, Any]
) -> Iterator[None]:
    """All transactions inside belong to one act: for a connection that commits by itself and a job of many steps.

    The act is kept before the first step, so that a job that is killed leaves no row without it; done again, it goes
    on under the same act.
    """
    before = act_known(connection, reference)
    if before is None:
        with connection.transaction():
            number = begin_act(connection)
            keep_act(connection, number, reference, verb, who, on, asked, {})
    else:
        number = before.act
    connection.execute("select set_config('afterloan.act', %s, false)", (str(number),))
    try:
        yield
    finally:
        if not connection.closed and not connection.broken:
            connection.execute("select set_config('afterloan.act', '', false)")


@contextmanager
def act_within(connection: psycopg.Connection[Any]) -> Iterator[None]:
    """An act may be done inside; what the transaction writes afterwards belongs to what it belonged to before."""
    row = connection.execute("select coalesce(current_setting('afterloan.act', true), '')").fetchone()
    assert row is not None
    yield
    connection.execute("select set_config('afterloan.act', %s, true)", (row[0],))
