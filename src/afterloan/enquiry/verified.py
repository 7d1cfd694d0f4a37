"""Whether a message is ours, asked by whoever has it and signed in nowhere: by its code, or not at all."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg

from afterloan.enquiry.masking import last_four
from afterloan.store.message_codes import message_with, plain_code


@dataclass(frozen=True, slots=True)
class Ours:
    """What is told of a message of ours: when it was sent, by which channel, the end of the address."""

    at: datetime
    channel: str
    to: str


def ours(connection: psycopg.Connection[Any], typed: str) -> Ours | None:
    """The message of a code as people type it; None: we sent none with it."""
    found = message_with(connection, plain_code(typed))
    if found is None:
        return None
    where = found.address.partition("@")[0][:1] + "…@" + found.address.rpartition("@")[2] if "@" in found.address else (
        last_four(found.address) if found.channel in ("sms", "chat") else "")  # fmt: skip
    return Ours(found.at, found.channel, where)
