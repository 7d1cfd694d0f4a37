"""Accounts of people and keys of programs: what proves them is kept as a hash or digest, never as it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import psycopg

from afterloan.store.passkeys import end_passkeys_of
from afterloan.store.sittings import digest_of, end_sittings_of

TRIES, WITHIN = 5, timedelta(minutes=15)
"""So many wrong tries of one account within so long, and further ones wait."""


@dataclass(frozen=True, slots=True)
class StaffAccount:
    """A person's account: the password's `hash`, the secret of the one-time codes, the last code's step used."""

    person: str
    hash: str
    totp: str
    totp_used: int
    disabled: bool


def keep_account(
    connection: psycopg.Connection[Any], person: str, password_hash: str, totp: str, codes: list[str], at: datetime
) -> None:
    """Make a person's account, or give it a new password, secret and recovery codes.

    Whatever let in under that name before lets in no more: passkeys are ended, and open sittings.
    """
    connection.execute(
        "insert into account (person, hash, totp, made_at) values (%s, %s, %s, %s) on conflict (person) do update "
        "set hash = excluded.hash, totp = excluded.totp, totp_used = 0, disabled_at = null",
        (person, password_hash, totp, at),
    )
    end_passkeys_of(connection, "person", person, at)
    end_sittings_of(connection, "person", person, at, "account made anew")
    connection.execute("delete from recovery_code where person = %s", (person,))
    for code in codes:
        connection.execute("insert into recovery_code (person, digest) values (%s, %s)", (person, digest_of(code)))


def account_of(connection: psycopg.Connection[Any], person: str) -> StaffAccount | None:
    """A person's account, or None."""
    row = connection.execute(
        "select person, hash, totp, totp_used, disabled_at is not null from account where person = %s", (person,)
    ).fetchone()
    return StaffAccount(*row) if row else None


def let_in(connection: psycopg.Connection[Any], person: str, at: datetime) -> bool:
    """Whether somebody whom the lender's directory knows may come in: not where an administrator disabled them.

    Who comes for the first time gets an account without a password, so that they can be listed and disabled.
    """
    connection.execute(
        "insert into account (person, hash, totp, made_at) values (%s, '', '', %s) on conflict (person) do nothing",
        (person, at),
    )
    found = account_of(connection, person)
    return found is not None and not found.disabled


def any_account(connection: psycopg.Connection[Any]) -> bool:
    """Whether anybody has an account."""
    row = connection.execute("select exists (select from account)").fetchone()
    return bool(row and row[0])


def set_hash(connection: psycopg.Connection[Any], person: str, password_hash: str) -> None:
    """A password's hash made anew with today's strength."""
    connection.execute("update account set hash = %s where person = %s", (password_hash, person))


def use_step(connection: psycopg.Connection[Any], person: str, step: int) -> bool:
    """Use up the code of a step of time; False where it, or a later one, was used before."""
    done = connection.execute(
        "update account set totp_used = %s where person = %s and totp_used < %s", (step, person, step)
    )
    return done.rowcount == 1


def use_recovery(connection: psycopg.Connection[Any], person: str, code: str, at: datetime) -> bool:
    """Use up a recovery code; False for one that is none, or was used."""
    done = connection.execute(
        "update recovery_code set used_at = %s where person = %s and digest = %s and used_at is null",
        (at, person, digest_of(code)),
    )
    return done.rowcount == 1


def note_try(connection: psycopg.Connection[Any], person: str, at: datetime, good: bool) -> None:
    """Note that somebody tried to sign in under a name."""
    connection.execute("insert into sign_in_try (person, at, good) values (%s, %s, %s)", (person, at, good))


def tried_too_often(connection: psycopg.Connection[Any], person: str, at: datetime) -> bool:
    """Whether a name was tried wrongly too often just now, since its last good try; there or not, the same."""
    row = connection.execute(
        "select count(*) from sign_in_try t where person = %(p)s and not good and at > %(since)s and at > coalesce("
        "(select max(at) from sign_in_try g where g.person = %(p)s and g.good), '-infinity')",
        {"p": person, "since": at - WITHIN},
    ).fetchone()
    return bool(row and row[0] >= TRIES)


def accounts_told(connection: psycopg.Connection[Any]) -> list[tuple[str, bool]]:
    """Everybody who has an account, by name, and whether it is disabled."""
    rows = connection.execute("select person, disabled_at is not null from account order by person").fetchall()
    return [(str(row[0]), bool(row[1])) for row in rows]


def disable_account(connection: psycopg.Connection[Any], person: str, at: datetime) -> bool:
    """A person signs in no more; False where there is no such account."""
    return connection.execute("update account set disabled_at = %s where person = %s", (at, person)).rowcount == 1


@dataclass(frozen=True, slots=True)
class ProgramKey:
    """A program's key: its `name`, and the `scopes` (verbs, families `hold.*`, permissions) for which it is good."""

    name: str
    scopes: tuple[str, ...]
    made_by: str
    made_at: datetime
    ends_at: datetime
    revoked_at: datetime | None

    def good_for(self, what: str) -> bool:
        """Whether a verb or a permission is within the scopes."""
        return what in self.scopes or f"{what.split('.', maxsplit=1)[0]}.*" in self.scopes


KEY_COLUMNS = "name, scopes, made_by, made_at, ends_at, revoked_at"


def keep_key(
    connection: psycopg.Connection[Any], secret: str, name: str, scopes: list[str], by: str, at: datetime,
    ends_at: datetime,
) -> bool:  # fmt: skip
    """Keep a new key by the digest of its secret; False where one of that name is there."""
    return keep_key_of(connection, digest_of(secret), name, scopes, by, at, ends_at)


def keep_key_of(
    connection: psycopg.Connection[Any], digest: bytes, name: str, scopes: Sequence[str], by: str, at: datetime,
    ends_at: datetime,
) -> bool:  # fmt: skip
    """Keep a new key of which the digest is told; False where one of that name is there."""
    done = connection.execute(
        "insert into api_key (digest, name, scopes, made_by, made_at, ends_at) values (%s, %s, %s, %s, %s, %s) "
        "on conflict (name) do nothing",
        (digest, name, list(scopes), by, at, ends_at),
    )
    return done.rowcount == 1


def key_of(connection: psycopg.Connection[Any], secret: str, at: datetime) -> ProgramKey | None:
    """The key of a secret, its use noted once a day; None: none, ended, taken back."""
    row = connection.execute(
        f"select {KEY_COLUMNS}, used_on from api_key where digest = %s and revoked_at is null and ends_at > %s",
        (digest_of(secret), at),
    ).fetchone()
    if row is None:
        return None
    if row[6] != at.date():
        connection.execute("update api_key set used_on = %s where digest = %s", (at.date(), digest_of(secret)))
    return ProgramKey(row[0], tuple(row[1]), *row[2:6])


def keys_told(connection: psycopg.Connection[Any]) -> list[ProgramKey]:
    """All keys, the newest first; no secret is among what is told."""
    rows = connection.execute(f"select {KEY_COLUMNS} from api_key order by key desc").fetchall()
    return [ProgramKey(row[0], tuple(row[1]), *row[2:]) for row in rows]


def revoke_key(connection: psycopg.Connection[Any], name: str, at: datetime) -> bool:
    """A key is good no more; False where none of that name was."""
    done = connection.execute("update api_key set revoked_at = %s where name = %s and revoked_at is null", (at, name))
    return done.rowcount == 1
