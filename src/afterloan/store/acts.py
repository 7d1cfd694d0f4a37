"""Acts in the store: what was done through a door, kept for ever with who asked it and what was answered."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from afterloan.facts.act import Who

BEFORE = 0
"""The act of rows that are older than acts: `before acts were kept`."""


@dataclass(frozen=True, slots=True)
class Kept:
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


def _kept(row: tuple[Any, ...]) -> Kept:
    return Kept(row[0], row[1], row[2], row[3], row[4], tuple(row[5]), *row[6:])


def act_known(connection: psycopg.Connection[Any], reference: str) -> Kept | None:
    """The act that was done under a reference, or None."""
    row = connection.execute(f"select {COLUMNS} from act where reference = %s", (reference,)).fetchone()
    return _kept(row) if row else None


def act_numbered(connection: psycopg.Connection[Any], act: int) -> Kept | None:
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
