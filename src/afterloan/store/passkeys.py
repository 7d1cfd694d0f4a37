"""Passkeys: the public half of a key that a person's device keeps, and what a device was asked to sign."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import psycopg

from afterloan.facts.act import WhoKind

GOOD_FOR = timedelta(minutes=5)
"""How long a device may take to sign what it was asked to."""
MOST = 10
"""Passkeys of one person or borrower."""


@dataclass(frozen=True, slots=True)
class Passkey:
    """A passkey: whose it is, its public key as the device gave it, how often the device says it was used."""

    passkey: int
    credential: bytes
    who_kind: WhoKind
    who: str
    public_key: bytes
    sign_count: int
    name: str
    made_at: datetime
    used_at: datetime | None


COLUMNS = "passkey, credential, who_kind, who, public_key, sign_count, name, made_at, used_at"


def keep_passkey(
    connection: psycopg.Connection[Any], who_kind: WhoKind, who: str, credential: bytes, public_key: bytes,
    sign_count: int, name: str, at: datetime,
) -> bool:  # fmt: skip
    """Keep a passkey; False where the device's key is kept already, by whomever, or there are `MOST`."""
    done = connection.execute(
        "insert into passkey (credential, who_kind, who, public_key, sign_count, name, made_at) "
        "select %(c)s, %(k)s, %(w)s, %(p)s, %(n)s, %(name)s, %(at)s where (select count(*) from passkey "
        "where who_kind = %(k)s and who = %(w)s and ended_at is null) < %(most)s on conflict (credential) do nothing",
        {"c": credential, "k": who_kind, "w": who, "p": public_key, "n": sign_count, "name": name, "at": at,
         "most": MOST},
    )  # fmt: skip
    return done.rowcount == 1


def passkey_of(connection: psycopg.Connection[Any], credential: bytes) -> Passkey | None:
    """The passkey of a device's key; None: none, or given up."""
    row = connection.execute(
        f"select {COLUMNS} from passkey where credential = %s and ended_at is null", (credential,)
    ).fetchone()
    return Passkey(*row) if row else None


def passkeys_of(connection: psycopg.Connection[Any], who_kind: WhoKind, who: str) -> list[Passkey]:
    """The passkeys of a person or borrower, the oldest first."""
    rows = connection.execute(
        f"select {COLUMNS} from passkey where who_kind = %s and who = %s and ended_at is null order by passkey",
        (who_kind, who),
    ).fetchall()
    return [Passkey(*row) for row in rows]


def used_passkey(connection: psycopg.Connection[Any], passkey: int, sign_count: int, at: datetime) -> None:
    """A passkey was used: the device counts on, so that a copy of it is known by its count."""
    connection.execute("update passkey set sign_count = %s, used_at = %s where passkey = %s", (sign_count, at, passkey))


def end_passkey(connection: psycopg.Connection[Any], passkey: int, who_kind: WhoKind, who: str, at: datetime) -> bool:
    """Somebody's own passkey is good no more; False for one that is not theirs."""
    done = connection.execute(
        "update passkey set ended_at = %s where passkey = %s and who_kind = %s and who = %s and ended_at is null",
        (at, passkey, who_kind, who),
    )
    return done.rowcount == 1


def end_passkeys_of(connection: psycopg.Connection[Any], who_kind: WhoKind, who: str, at: datetime) -> int:
    """All passkeys of a person or borrower are good no more. Returns how many there were."""
    done = connection.execute(
        "update passkey set ended_at = %s where who_kind = %s and who = %s and ended_at is null", (at, who_kind, who)
    )
    return done.rowcount


def ask_passkey(connection: psycopg.Connection[Any], challenge: bytes, why: str, browser: bytes, at: datetime) -> None:
    """Keep what a device is asked to sign, for what and in which browser; what is over is forgotten."""
    connection.execute("delete from passkey_asked where asked_at < %s", (at - GOOD_FOR,))
    connection.execute(
        "insert into passkey_asked (challenge, why, browser, asked_at) values (%s, %s, %s, %s)",
        (sha256(challenge).digest(), why, browser, at),
    )


def use_asked(connection: psycopg.Connection[Any], challenge: bytes, why: str, browser: bytes, at: datetime) -> bool:
    """Use up what a device was asked to sign; False for what was never asked here for this, is over, or was used."""
    done = connection.execute(
        "delete from passkey_asked where challenge = %s and why = %s and browser = %s and asked_at > %s",
        (sha256(challenge).digest(), why, browser, at - GOOD_FOR),
    )
    return done.rowcount == 1
