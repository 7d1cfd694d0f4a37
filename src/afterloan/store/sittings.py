"""Sittings: who is signed in. The browser has the secret; the book keeps its digest, so that a copy lets nobody in."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import psycopg

from afterloan.facts.act import WhoKind

SECONDS = timedelta(seconds=1)
SEEN_EVERY = timedelta(minutes=1)
"""How often at most a request writes down that a sitting was used."""


@dataclass(frozen=True, slots=True)
class Sitting:
    """A person or borrower signed in at a host. `way`: demo, password, code, ticket, passkey, directory.

    `roles`: those of a demonstration's seat or told by the lender's directory; empty: those the book gives. They proved
    themselves once more at `stepped_up_at`, by the channel `stepped_up_by`.
    """

    sitting: int
    host: str
    who_kind: WhoKind
    who: str
    roles: tuple[str, ...]
    way: str
    begun_at: datetime
    seen_at: datetime
    ends_at: datetime
    idle_seconds: int
    stepped_up_at: datetime | None
    stepped_up_by: str


COLUMNS = (
    "sitting, host, who_kind, who, roles, way, begun_at, seen_at, ends_at, idle_seconds, stepped_up_at, "
    "coalesce(stepped_up_by, '')"
)
PROVED = ("password", "code", "passkey")
"""Ways of signing in that prove who it is at that moment; a demonstration's seat and an app's ticket do not."""
MOST = 2
"""Sittings of one person at one host; the oldest ends when a third begins."""


def digest_of(secret: str) -> bytes:
    """What the book keeps of a secret of 256 bits: enough to know it again, of no use to whoever reads it."""
    return sha256(secret.encode()).digest()


def begin_sitting(
    connection: psycopg.Connection[Any],
    host: str,
    who_kind: WhoKind,
    who: str,
    way: str,
    now: datetime,
    idle: timedelta,
    most: timedelta,
    roles: tuple[str, ...] = (),
    proved_by: str = "",
) -> str:
    """Sign somebody in; returns the secret, which is told once. Older sittings beyond `MOST` of a person end."""
    secret = secrets.token_urlsafe(32)
    connection.execute(
        "insert into sitting (digest, host, who_kind, who, roles, way, begun_at, seen_at, ends_at, idle_seconds, "
        "stepped_up_at, stepped_up_by) values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, nullif(%s, ''))",
        (
            digest_of(secret),
            host,
            who_kind,
            who,
            list(roles),
            way,
            now,
            now,
            now + most,
            int(idle / SECONDS),
            now if way in PROVED else None,
            proved_by,
        ),
    )
    if way != "demo":
        connection.execute(
            "update sitting set ended_at = %s, ended_why = 'another sitting' where sitting in (select sitting from "
            "sitting where host = %s and who_kind = %s and who = %s and ended_at is null order by sitting desc "
            "offset %s)",
            (now, host, who_kind, who, MOST),
        )
    return secret


def sitting_of(connection: psycopg.Connection[Any], secret: str, host: str, now: datetime) -> Sitting | None:
    """The sitting of a secret at a host, noted as used; None: none, ended, idle for too long, or over."""
    row = connection.execute(
        f"select {COLUMNS} from sitting where digest = %s and host = %s and ended_at is null and ends_at > %s "
        "and seen_at + idle_seconds * interval '1 second' > %s",
        (digest_of(secret), host, now, now),
    ).fetchone()
    if row is None:
        return None
    found = Sitting(row[0], row[1], row[2], row[3], tuple(row[4]), *row[5:])
    if now - found.seen_at >= SEEN_EVERY:
        connection.execute("update sitting set seen_at = %s where sitting = %s", (now, found.sitting))
    return found


def step_up(connection: psycopg.Connection[Any], sitting: int, by: str, now: datetime) -> str:
    """Somebody proved themself once more (`by`: the channel of the code): the sitting goes on under a new secret."""
    secret = secrets.token_urlsafe(32)
    connection.execute(
        "update sitting set digest = %s, stepped_up_at = %s, stepped_up_by = %s, seen_at = %s where sitting = %s "
        "and ended_at is null",
        (digest_of(secret), now, by, now, sitting),
    )
    return secret


def end_sitting(connection: psycopg.Connection[Any], sitting: int, now: datetime, why: str = "signed out") -> None:
    """A sitting is over."""
    connection.execute(
        "update sitting set ended_at = %s, ended_why = %s where sitting = %s and ended_at is null", (now, why, sitting)
    )


def was_ended(connection: psycopg.Connection[Any], sitting: int) -> bool:
    """Whether somebody ended a sitting: signed out, or disabled. One that is idle or past its hours is not."""
    row = connection.execute("select ended_at is not null from sitting where sitting = %s", (sitting,)).fetchone()
    return row is None or bool(row[0])


def sittings_of(connection: psycopg.Connection[Any], who_kind: WhoKind, who: str, now: datetime) -> list[Sitting]:
    """Where somebody is signed in at a moment, the newest first."""
    rows = connection.execute(
        f"select {COLUMNS} from sitting where who_kind = %s and who = %s and ended_at is null and ends_at > %s "
        "and seen_at + idle_seconds * interval '1 second' > %s order by sitting desc limit 100",
        (who_kind, who, now, now),
    ).fetchall()
    return [Sitting(row[0], row[1], row[2], row[3], tuple(row[4]), *row[5:]) for row in rows]


def end_sitting_of(
    connection: psycopg.Connection[Any], sitting: int, who_kind: WhoKind, who: str, now: datetime
) -> bool:
    """Somebody's own sitting is over; False for one that is not theirs, or over already."""
    done = connection.execute(
        "update sitting set ended_at = %s, ended_why = 'signed out elsewhere' where sitting = %s and who_kind = %s "
        "and who = %s and ended_at is null",
        (now, sitting, who_kind, who),
    )
    return done.rowcount == 1


def end_sittings_of(connection: psycopg.Connection[Any], who_kind: WhoKind, who: str, now: datetime, why: str) -> int:
    """All sittings of a person are over: disabled, or signed out everywhere. Returns how many were open."""
    done = connection.execute(
        "update sitting set ended_at = %s, ended_why = %s where who_kind = %s and who = %s and ended_at is null",
        (now, why, who_kind, who),
    )
    return done.rowcount
