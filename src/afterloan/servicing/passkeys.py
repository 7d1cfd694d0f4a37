"""Passkeys made, given up and taken away: each an act, and each told to the borrower on every other channel."""

from datetime import date
from typing import Any, Literal

from pydantic import Field

from afterloan.facts import FactRefused
from afterloan.facts.act import WhoKind
from afterloan.servicing.asked import Asked
from afterloan.servicing.desk import Desk
from afterloan.servicing.news import answer_on
from afterloan.servicing.signing_in import ways_of
from afterloan.store.events import borrower_number
from afterloan.store.passkeys import end_passkey, end_passkeys_of, keep_passkey
from afterloan.store.sittings import end_sittings_of

CHANGED = "passkey-changed"
ProvedBy = Literal["", "sms", "email", "totp"]
"""The channel of the code that proved who asks; "" where it was no code."""
HEX = r"^([0-9a-f]{2})+$"


class _OfOnesOwn(Asked):
    """The base of what a person, or the `borrower` of that reference, does with a passkey of their own."""

    borrower: str = ""
    proved_by: ProvedBy = ""


class MakePasskey(_OfOnesOwn):
    """Whoever asks signs in by a key of their device from now on: its `credential` and `public_key` in hexadecimal
    digits, how often the device says it was used (`sign_count`), and what they call the device (`name`)."""

    credential: str = Field(pattern=HEX, max_length=4_000)
    public_key: str = Field(pattern=HEX, max_length=8_000)
    sign_count: int = Field(ge=0, lt=2**32)
    name: str = Field(min_length=1, max_length=60)


def make(desk: Desk, asked: MakePasskey, on: date) -> dict[str, Any]:
    """Keep a passkey. Raises FactRefused: not in one's own browser, or the device's key is kept, or there are ten."""
    kind, name = _own(desk)
    kept = keep_passkey(desk.connection, kind, name, bytes.fromhex(asked.credential), bytes.fromhex(asked.public_key),
                        asked.sign_count, asked.name, desk.now)  # fmt: skip
    if not kept:
        raise FactRefused(
            "credential", asked.name, "is kept already, or there are ten", "give one up first", "conflict"
        )
    return {"name": asked.name} | _told(desk, asked.borrower, "passkey.make", asked.proved_by, on)


class EndPasskey(_OfOnesOwn):
    """Whoever asks gives up the passkey of that number."""

    passkey: int = Field(ge=1, lt=2**62)


def end(desk: Desk, asked: EndPasskey, on: date) -> dict[str, Any]:
    """End a passkey of one's own. Raises FactRefused (unknown) for one that is not theirs."""
    if not end_passkey(desk.connection, asked.passkey, *_own(desk), desk.now):
        raise FactRefused("passkey", asked.passkey, "is none of yours", "look at your list of passkeys", "unknown")
    return {"passkey": asked.passkey} | _told(desk, asked.borrower, "passkey.end", asked.proved_by, on)


class TakeAwayPasskeys(Asked):
    """All passkeys of a `person` of the lender's, or of a `borrower`, are good no more, and whoever is signed in under
    that name is signed out: a phone was stolen. `reason` says how we know."""

    person: str = Field(default="", max_length=200)
    borrower: str = Field(default="", max_length=200)
    reason: str = Field(min_length=1, max_length=2_000)


def take_away(desk: Desk, asked: TakeAwayPasskeys, on: date) -> dict[str, Any]:
    """End them; `passkeys` and `sittings` say how many. Raises FactRefused where not exactly one is named."""
    if bool(asked.person) == bool(asked.borrower):
        raise FactRefused("person", asked.person, "name a person or a borrower, one of them", "leave the other out")
    whose: tuple[WhoKind, str] = ("borrower", asked.borrower) if asked.borrower else ("person", asked.person)
    if asked.borrower:
        borrower_number(desk.connection, asked.borrower)
    ended = end_passkeys_of(desk.connection, *whose, desk.now)
    sittings = end_sittings_of(desk.connection, *whose, desk.now, "passkeys taken away")
    told = _told(desk, asked.borrower, "passkey.take_away", "", on) if ended else {}
    return {"passkeys": ended, "sittings": sittings} | told


def _own(desk: Desk) -> tuple[WhoKind, str]:
    """Whose passkey it is: that of who asks, in a browser. Raises FactRefused at any other door."""
    who = desk.who
    if who.door not in ("desk", "portal") or who.kind not in ("person", "borrower"):
        raise FactRefused("who", who.name, "a passkey is made and given up in one's own browser", "sign in at the desk")
    return who.kind, who.name


def _told(desk: Desk, borrower: str, verb: str, proved_by: str, on: date) -> dict[str, Any]:
    """Write to a borrower on every channel on file but that of the code, and into the inbox. Returns the channels."""
    if not borrower:
        return {}
    number, _ = borrower_number(desk.connection, borrower)
    channels = [*(one for one in ways_of(desk, borrower) if one != proved_by), "push"]
    answer_on(desk, number, f"{CHANGED}:{desk.reference}", CHANGED, {"change": verb}, channels, on)
    return {"channels": channels}
