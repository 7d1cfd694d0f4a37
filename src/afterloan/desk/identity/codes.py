"""One-time codes as the portal asks for and proves them: limited, alike for numbers we do not know, sent at once."""

import logging
import secrets
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import psycopg

from afterloan.enquiry.clock import clock_of
from afterloan.facts.act import Refused, Who
from afterloan.sending.channels import read_setting, setting
from afterloan.sending.drain_work import load_also, send_at_once
from afterloan.servicing.desk import desk_of
from afterloan.servicing.door import do
from afterloan.store.codes import (
    SignInCode,
    Why,
    borrower_reached_by,
    code_is_of,
    keep_code,
    plain_number,
    prove_code,
)
from afterloan.store.rates import MostOften, hidden, take
from afterloan.store.server import Store

LOG = logging.getLogger("afterloan.desk")
ASKS = (MostOften("code", 1, timedelta(minutes=1)), MostOften("code", 5, timedelta(days=1)))
"""Codes asked for by one number or address."""
TRIES = (MostOften("code-try", 10, timedelta(minutes=15)),)
"""Tries of one browser; the eleventh waits."""
PLACES = (MostOften("code-place", 20, timedelta(hours=1)),)
"""Codes asked for from one network address."""


@dataclass(frozen=True, slots=True)
class CodeAsked:
    """What somebody typed to be sent a code: by which channel to which address (digits of a phone, an e-mail)."""

    channel: str
    address: str


@dataclass(frozen=True, slots=True)
class MustWait:
    """It was done too often: `seconds` until it may be done again."""

    seconds: int


def address_told(text: str) -> CodeAsked | None:
    """A number or address out of what people type: `138 0013 8000`, `+86…`, `Li@Example.com`; None: neither."""
    plain = unicodedata.normalize("NFKC", text).strip()
    if "@" in plain:
        local, _, domain = plain.partition("@")
        good = local and "." in domain and len(plain) <= 254 and plain.isprintable() and " " not in plain
        return CodeAsked("email", plain.lower()) if good else None
    if any(c not in "0123456789+-(). " for c in plain):
        return None
    digits = plain_number(plain)
    return CodeAsked("sms", digits) if 7 <= len(digits) <= 15 else None


def ask_code(
    connection: psycopg.Connection[Any], asked: CodeAsked, why: Why, browser: bytes, now: datetime,
    borrower: str = "", place: str = "",
) -> str | MustWait:  # fmt: skip
    """Keep that a code is asked for; returns its reference, or how long to wait. Nobody is looked up here.

    `borrower`: whose channel it is, where somebody who is signed in proves themself anew; `place`: the network address.
    """
    whose = hidden(connection, f"{asked.channel}:{asked.address}")
    wait = take(connection, PLACES, hidden(connection, f"place:{place}"), now) if place else None
    wait = wait or take(connection, ASKS, whose, now)
    if wait:
        return MustWait(-(-wait // timedelta(seconds=1)))
    reference = secrets.token_urlsafe(16)
    keep_code(connection, reference, why, whose, browser, asked.channel, borrower, now)
    return reference


def send_code(store: Store, host: str, machine: datetime, reference: str, asked: CodeAsked, borrower: str = "") -> bool:
    """Look up whose number it is and send the code, after the page was answered: whether there is such a number can
    be read neither in the words nor in the time of the answer. Returns whether it was put on its way.

    `host`: of the page on which it is typed; `machine`: the machine's moment.
    """
    try:
        return _sent(store, host, machine, reference, asked, borrower)
    except Exception:
        LOG.exception("a code could not be sent")  # the page is out already; the borrower asks once more
        return False


def _sent(store: Store, host: str, machine: datetime, reference: str, asked: CodeAsked, borrower: str) -> bool:
    load_also("afterloan.servicing.money")
    with desk_of(store) as desk:
        clock = clock_of(desk.connection, machine)
        desk.now = clock.now
        name = borrower or borrower_reached_by(desk.connection, asked.channel, asked.address)
        if not name:
            return False
        code_is_of(desk.connection, reference, name)
        told = {"borrower": name, "channel": asked.channel, "code": reference, "host": host}
        answer = do(desk, Who("borrower", name, (), "portal"), "sign_in.send_code", told, f"code:{reference}", clock.on)
        if isinstance(answer, Refused):
            LOG.warning("a code was refused: %s", answer.why)
            return False
    at = clock.now if clock.test else None
    return send_at_once(store, str(answer.body["key"]), at, read_setting({}) if clock.test else setting())


def try_code(
    connection: psycopg.Connection[Any], browser: bytes, why: Why, digits: str, now: datetime
) -> SignInCode | MustWait | None:
    """The code that was proved; None: wrong, used or over; or how long to wait: ten tries in a quarter of an hour."""
    wait = take(connection, TRIES, browser, now)
    if wait:
        return MustWait(-(-wait // timedelta(seconds=1)))
    plain = "".join(unicodedata.normalize("NFKC", digits).split())
    return prove_code(connection, browser, why, plain, now)
