"""How often something was done of late by somebody: codes asked for, tries to sign in. By whom: a keyed hash."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from hmac import digest
from typing import Any

import psycopg

from afterloan.store.locks import lock_use
from afterloan.store.settings import secret_kept

FORGOTTEN = timedelta(days=1)
"""After so long a use is deleted."""


@dataclass(frozen=True, slots=True)
class MostOften:
    """So many uses within so long: `MostOften("code-minute", 1, timedelta(minutes=1))`."""

    what: str
    most: int
    within: timedelta


def hidden(connection: psycopg.Connection[Any], what: str) -> bytes:
    """A keyed hash of a number, an address, a name: the same for the same, of no use to who reads it."""
    return digest(secret_kept(connection, "hidden").encode(), what.encode(), sha256)


def wait_for(
    connection: psycopg.Connection[Any], limits: tuple[MostOften, ...], whose: bytes, now: datetime
) -> timedelta | None:
    """How long whoever it is has to wait; None: now. A use is not counted here (`use`).

    One a minute, used 20 seconds ago: 40 seconds. Five a day, used five times since ten hours: 14 hours.
    """
    waits = [_wait(connection, limit, whose, now) for limit in limits]
    return max((wait for wait in waits if wait), default=None)


def _wait(connection: psycopg.Connection[Any], limit: MostOften, whose: bytes, now: datetime) -> timedelta | None:
    row = connection.execute(
        "select at from rate_use where what = %s and whose = %s and at > %s order by at desc offset %s limit 1",
        (limit.what, whose, now - limit.within, limit.most - 1),
    ).fetchone()
    return row[0] + limit.within - now if row else None


def use(connection: psycopg.Connection[Any], limits: tuple[MostOften, ...], whose: bytes, now: datetime) -> None:
    """Count a use; uses of long ago of the same are forgotten."""
    for what in dict.fromkeys(limit.what for limit in limits):
        connection.execute(
            "delete from rate_use where what = %s and whose = %s and at < %s", (what, whose, now - FORGOTTEN)
        )
        connection.execute("insert into rate_use (what, whose, at) values (%s, %s, %s)", (what, whose, now))


def take(
    connection: psycopg.Connection[Any], limits: tuple[MostOften, ...], whose: bytes, now: datetime
) -> timedelta | None:
    """Use it if it may be used now: None; else how long to wait. Two who come at once are taken one after the other."""
    with connection.transaction():
        lock_use(connection, whose)
        wait = wait_for(connection, limits, whose, now)
        if wait is None:
            use(connection, limits, whose, now)
        return wait


def give_back(connection: psycopg.Connection[Any], limits: tuple[MostOften, ...], whose: bytes, at: datetime) -> None:
    """Take back one use of a moment: it turned out to be none that counts."""
    for what in dict.fromkeys(limit.what for limit in limits):
        connection.execute(
            "delete from rate_use where ctid = (select ctid from rate_use where what = %s and whose = %s and at = %s "
            "limit 1)",
            (what, whose, at),
        )
