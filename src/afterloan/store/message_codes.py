"""Codes by which whoever has a message finds out whether it is ours: eight signs, kept with the message as it was sent.

A code is a keyed hash of the action's key, so that nobody makes one that we did not send: HMAC-SHA-256, its first five
bytes in the 32 signs of Crockford, which know no I, L, O and U. Of a million million codes one is ours.
"""

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from hmac import digest
from typing import Any

import psycopg

from afterloan.store.events import BODY

SIGNS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 8
READ_AS = str.maketrans("OIL", "011")
"""Letters that people read for figures."""


@dataclass(frozen=True, slots=True)
class MessageFound:
    """A message of ours: when it was sent, by which channel, to which address, by which template."""

    at: datetime
    channel: str
    address: str
    template: str


def code_of(secret: str, key: str) -> str:
    """The code of a message by the key of its action: `7K3F92QX`."""
    made = int.from_bytes(digest(secret.encode(), f"message:{key}".encode(), sha256)[:5])
    return "".join(SIGNS[made >> 5 * k & 31] for k in reversed(range(LENGTH)))


def shown_code(code: str) -> str:
    """A code as people read it: `7K3F-92QX`."""
    return f"{code[:4]}-{code[4:]}" if code else ""


def plain_code(text: str) -> str:
    """A code out of what people type, `7k3f 92qx` or `7K3F-92QX`, O read as 0, I and L as 1; "" for what is none."""
    told = "".join(c for c in unicodedata.normalize("NFKC", text).upper() if c not in " -–—\t").translate(READ_AS)
    return told if len(told) == LENGTH and set(told) <= set(SIGNS) else ""


FOUND = (
    f"select e.at, {BODY} from event e join borrower b using (borrower) "
    "where e.kind = 'message.sent' and e.body->>'code' = %s order by e.event desc limit 1"
)


def message_with(connection: psycopg.Connection[Any], code: str) -> MessageFound | None:
    """The message that was sent with a code; None: none of ours. Of who was purged the address is ""."""
    row = connection.execute(FOUND, (code,)).fetchone() if code else None
    if row is None:
        return None
    at, told = row
    return MessageFound(at, *(str(told.get(name) or "") for name in ("channel", "address", "template")))
