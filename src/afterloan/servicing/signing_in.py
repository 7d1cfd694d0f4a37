"""Codes that borrowers ask for themselves: put where the drain sends them at once; what was agreed by one is told."""

from datetime import date
from typing import Any, Literal

from pydantic import Field

from afterloan.facts import FactRefused
from afterloan.facts.outbox import Action, MessageBody
from afterloan.servicing.asked import Asked
from afterloan.servicing.desk import Desk
from afterloan.servicing.news import answer_on
from afterloan.store.codes import GOOD_FOR, code_named
from afterloan.store.details import details_of
from afterloan.store.events import borrower_number
from afterloan.store.outbox import put

TEMPLATE = "sign-in-code"
CONFIRMED = "confirmed-by-code"
ADDRESSES = {"sms": "mobile", "email": "email"}
"""The attribute that holds the address of each channel by which a code goes."""


class SendCode(Asked):
    """`borrower` asks for the code of that reference by a channel on file; `host`: the page on which it is typed."""

    borrower: str
    channel: Literal["sms", "email"]
    code: str = Field(min_length=1, max_length=100)
    host: str = Field(pattern=r"^[a-z0-9.-]{1,100}$")


def send_code(desk: Desk, asked: SendCode, on: date) -> dict[str, Any]:
    """Put the message where it leaves at once; too late, it does not leave. The digits are made when it does."""
    if not _address(desk, asked.borrower, asked.channel):
        raise FactRefused("channel", asked.channel, "no such address is on file", "choose another way", "unknown")
    found = code_named(desk.connection, asked.code)
    if found is None or found.borrower != asked.borrower:
        raise FactRefused("code", asked.code, "was not asked for", "ask for a code on the page", "unknown")
    number, _ = borrower_number(desk.connection, asked.borrower)
    body = MessageBody(
        template=TEMPLATE, purpose="access", response=True, until=desk.now + GOOD_FOR,
        values={"reference": asked.code, "host": asked.host},
    )  # fmt: skip
    key = key_of_code(asked.code)
    put(desk.connection, [Action(key, number, f"message.{asked.channel}", desk.now, on, None, body)])
    return {"key": key, "channel": asked.channel}


def key_of_code(reference: str) -> str:
    """The outbox key under which a code leaves."""
    return f"sign-in-code:{reference}"


def _address(desk: Desk, borrower: str, channel: str) -> str:
    return str(details_of(desk.connection, borrower, desk.now.date()).attributes.get(ADDRESSES[channel]) or "")


def ways_of(desk: Desk, borrower: str) -> dict[str, str]:
    """The channels on file by which a borrower can be sent a code, each with its address."""
    found = {channel: _address(desk, borrower, channel) for channel in ADDRESSES}
    return {channel: address for channel, address in found.items() if address}


class ConfirmAgreed(Asked):
    """What `borrower` did by the act of that reference, proved by a code on one channel, is told on the others."""

    borrower: str
    verb: str
    of: str = Field(min_length=1, max_length=200)
    proved_by: Literal["sms", "email"]


def confirm_agreed(desk: Desk, asked: ConfirmAgreed, on: date) -> dict[str, Any]:
    """Write on every other channel on file, and into the portal's inbox, how to object. Returns the channels."""
    number, _ = borrower_number(desk.connection, asked.borrower)
    channels = [*(one for one in ways_of(desk, asked.borrower) if one != asked.proved_by), "push"]
    answer_on(desk, number, f"{CONFIRMED}:{asked.of}", CONFIRMED, {"change": asked.verb}, channels, on)
    return {"channels": channels}
