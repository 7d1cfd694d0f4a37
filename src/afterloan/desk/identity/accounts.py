"""Staff accounts: a password of fifteen characters, a one-time code beside it, recovery codes for a lost phone."""

import secrets
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import psycopg
import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from afterloan.expected import BadInput, ExpectedFailure
from afterloan.store.accounts import (
    WITHIN,
    account_of,
    keep_account,
    note_try,
    set_hash,
    tried_too_often,
    use_recovery,
    use_step,
)
from afterloan.store.rates import MostOften, give_back, hidden, take

SHORTEST, LONGEST = 15, 200
"""Characters of a password."""
CODES = 10
"""Recovery codes of an account."""
COMMON = ("password", "passwort", "qwerty", "123456", "letmein", "iloveyou", "welcome", "afterloan", "111111", "abcdef")
"""Words that everybody tries first: a password made of one of them and little else is refused."""


PLACES = (MostOften("sign-in-place", 20, timedelta(hours=1)),)
"""Wrong tries from one network address, whatever the names."""
FLOOD = (MostOften("passkey-place", 300, timedelta(hours=1)),)
"""What devices are asked to sign before anybody is signed in, from one network address: a whole office's mornings."""


class TriedTooOften(ExpectedFailure):
    """A name, or from an address, was tried wrongly too often just now; `seconds` until it may be tried again."""

    def __init__(self, words: str, seconds: int) -> None:
        """`words`: as people read them."""
        super().__init__(words)
        self.seconds = seconds


@cache
def hasher() -> PasswordHasher:
    """The library's default profile (RFC 9106)."""
    return PasswordHasher()


@cache
def _nobodys() -> str:
    """A hash against which a password is measured where there is no account: the answer takes as long."""
    return hasher().hash(secrets.token_hex(16))


def what_is_weak(password: str, person: str) -> str:
    """Why a password is not taken, "" for one that is: of `("short", "li")` it is "shorter than 15 characters"."""
    if len(password) < SHORTEST:
        return f"shorter than {SHORTEST} characters"
    if len(password) > LONGEST:
        return f"longer than {LONGEST} characters"
    if len(set(password)) < 5:
        return "made of fewer than 5 different characters"
    left = password.lower()
    for word in (*COMMON, person.lower()):
        left = left.replace(word, "")
    return "made of what everybody tries first" if len(left) < 6 else ""


def open_account(
    connection: psycopg.Connection[Any], person: str, password: str, at: datetime
) -> tuple[str, list[str]]:
    """Make a person's account; the address of the code's secret (for an app that scans it) and the recovery codes.

    Both are shown once. Raises BadInput for a weak password.
    """
    weak = what_is_weak(password, person)
    if weak:
        raise BadInput(f"password: {weak}; choose a longer, unusual one")
    totp, codes = pyotp.random_base32(), [secrets.token_hex(5) for _ in range(CODES)]
    with connection.transaction():
        keep_account(connection, person, hasher().hash(password), totp, codes, at)
    return pyotp.TOTP(totp).provisioning_uri(name=person, issuer_name="afterloan"), codes


def proved(
    connection: psycopg.Connection[Any], person: str, password: str, code: str, at: datetime, place: str = ""
) -> bool:
    """Whether somebody is who they say: password, and a code not used before. Each try is noted.

    A name that there is not is answered like a wrong password, and takes as long. Raises TriedTooOften where the
    name, or from the network address `place`, was tried too often: the try waits, whoever makes it.
    """
    refuse_guessing(connection, person, at)
    _refuse_place(connection, PLACES, place, at)
    good = _proved(connection, person, password, code, at)
    if good and place:  # a whole office signs in from one address: only wrong tries count
        give_back(connection, PLACES, _of_place(connection, place), at)
    return good


def refuse_flood(connection: psycopg.Connection[Any], place: str, at: datetime) -> None:
    """Raises TriedTooOften where an address asks for more to sign than people who sign in would; counts it else."""
    _refuse_place(connection, FLOOD, place, at)


def _refuse_place(connection: psycopg.Connection[Any], most: tuple[MostOften, ...], place: str, at: datetime) -> None:
    """Count a try from an address; "": none is told. Raises TriedTooOften beyond `most`."""
    wait = take(connection, most, _of_place(connection, place), at) if place else None
    if wait:
        raise TriedTooOften("too many tries from this address: wait", -(-wait // timedelta(seconds=1)))


def _of_place(connection: psycopg.Connection[Any], place: str) -> bytes:
    return hidden(connection, f"place:{place}")


def refuse_guessing(connection: psycopg.Connection[Any], person: str, at: datetime) -> None:
    """Raises TriedTooOften where a name was tried wrongly too often just now."""
    if tried_too_often(connection, person, at):
        raise TriedTooOften("too many tries: wait a quarter of an hour", int(WITHIN.total_seconds()))


def proved_anew(connection: psycopg.Connection[Any], person: str, code: str, at: datetime) -> bool:
    """Whether somebody who is signed in has their one-time code at hand just now: one not used before. Each try is
    noted. Raises TriedTooOften where the name was tried wrongly too often.
    """
    refuse_guessing(connection, person, at)
    account = account_of(connection, person)
    good = bool(account and account.totp and not account.disabled and _is_code(
        connection, person, account.totp, code, at
    ))  # fmt: skip
    note_try(connection, person, at, good)
    return good


def _proved(connection: psycopg.Connection[Any], person: str, password: str, code: str, at: datetime) -> bool:
    account = account_of(connection, person)
    right = _is_password((account.hash if account else "") or _nobodys(), password)
    good = bool(right and account and not account.disabled and _is_code(connection, person, account.totp, code, at))
    note_try(connection, person, at, good)
    if good and account and hasher().check_needs_rehash(account.hash):
        set_hash(connection, person, hasher().hash(password))
    return good


def _is_password(kept: str, password: str) -> bool:
    try:
        return hasher().verify(kept, password[:LONGEST])
    except (Argon2Error, InvalidHashError):
        return False


def _is_code(connection: psycopg.Connection[Any], person: str, totp: str, code: str, at: datetime) -> bool:
    """A code of now, of half a minute before or after, each once; else a recovery code, once."""
    code = code.replace(" ", "")
    maker = pyotp.TOTP(totp)
    for step in (-1, 0, 1):
        moment = int(at.timestamp()) + step * maker.interval
        if secrets.compare_digest(maker.at(moment).encode(), code.encode()):
            return use_step(connection, person, moment // maker.interval)
    return use_recovery(connection, person, code, at)
