"""Verbs of who gets in: a person who leaves, a program's key made and taken back."""

from datetime import date
from typing import Any

from pydantic import AwareDatetime, Field

from afterloan.facts import FactRefused
from afterloan.servicing.asked import Asked
from afterloan.servicing.desk import Desk
from afterloan.store.accounts import accounts_told, disable_account, keep_key_of, revoke_key
from afterloan.store.locks import lock_setting
from afterloan.store.settings import Setting, setting
from afterloan.store.sittings import end_sittings_of

ADMINISTRATOR = "administrator"


class Disable(Asked):
    """`person` leaves: no sign-in any more, and signed out everywhere at once."""

    person: str = Field(min_length=1, max_length=200)


def disable(desk: Desk, asked: Disable, on: date) -> dict[str, Any]:
    """Disable the account; `ended`: how many sittings that were open ended with it.

    Raises FactRefused: no such account (unknown), the last administrator (conflict).
    """
    lock_setting(desk.connection, Setting.ROLES)  # of two who leave at once, one is the last
    given = setting(desk.connection, Setting.ROLES)
    there = [name for name, disabled in accounts_told(desk.connection) if not disabled]
    others = [name for name in there if name != asked.person and ADMINISTRATOR in given.get(name, ())]
    if ADMINISTRATOR in given.get(asked.person, ()) and not others:
        raise FactRefused(
            "person", asked.person, "the last administrator cannot leave", "make another one first", "conflict"
        )
    if not disable_account(desk.connection, asked.person, desk.now):
        raise FactRefused("person", asked.person, "has no account", "GET /v1/people lists them", "unknown")
    ended = end_sittings_of(desk.connection, "person", asked.person, desk.now, "disabled")
    return {"person": asked.person, "disabled": True, "ended": ended}


class MakeKey(Asked):
    """A program's key `name` is good for `scopes` until `ends_at`; of its secret only the digest (sha256) is told."""

    name: str = Field(pattern=r"^[A-Za-z0-9._-]{1,100}$")
    scopes: tuple[str, ...] = Field(min_length=1, max_length=100)
    digest: str = Field(pattern=r"^[0-9a-f]{64}$")
    made_at: AwareDatetime
    ends_at: AwareDatetime


def make_key(desk: Desk, asked: MakeKey, on: date) -> dict[str, Any]:
    """Keep the key. Raises FactRefused: one of that name is there (conflict), a scope that is nothing's."""
    from afterloan.servicing.may import permission_of  # it reads the list of verbs, which names this module
    from afterloan.servicing.verbs import VERBS

    families = {f"{verb.name.split('.')[0]}.*" for verb in VERBS}
    for scope in asked.scopes:
        if scope not in families and permission_of(scope, on) is None:
            raise FactRefused("scopes", scope, "is no verb or permission", "GET /v1/verbs lists them")
    if not keep_key_of(
        desk.connection,
        bytes.fromhex(asked.digest),
        asked.name,
        asked.scopes,
        desk.who.name,
        asked.made_at,
        asked.ends_at,
    ):
        raise FactRefused("name", asked.name, "a key of that name is there", "name it otherwise", "conflict")
    return {"name": asked.name, "scopes": list(asked.scopes), "ends_at": asked.ends_at.isoformat()}


class EndKey(Asked):
    """The key `name` is good no more."""

    name: str = Field(min_length=1, max_length=100)


def end_key(desk: Desk, asked: EndKey, on: date) -> dict[str, Any]:
    """Take the key back, from now on. Raises FactRefused (unknown)."""
    if not revoke_key(desk.connection, asked.name, desk.now):
        raise FactRefused("name", asked.name, "no key of that name is good", "GET /v1/keys lists them", "unknown")
    return {"name": asked.name, "revoked": True}
