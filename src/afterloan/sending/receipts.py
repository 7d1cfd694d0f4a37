"""Receipts of messages at their doors: a file that a person brings, a gateway's signed callback."""

from base64 import b64encode
from collections.abc import Mapping
from datetime import date
from hashlib import sha256
from typing import Any

from afterloan.facts.act import Answer, Refused, Who
from afterloan.sending.webhook import verified
from afterloan.servicing.desk import Desk
from afterloan.servicing.door import do

GATEWAY = Who("rule", "message gateway", ("rule",), "callback")


def take_file(desk: Desk, who: Who, name: str, content: bytes, on: date) -> Answer | Refused:
    """Take a file of receipts in (verb `receipt.take`), one act for the file; the same file the same day is known."""
    digest = sha256(content).hexdigest()
    asked = {"name": name, "sha256": digest, "content": b64encode(content)}
    return do(desk, who, "receipt.take", asked, f"receipts:{digest}:{on}", on)


def take_callback(desk: Desk, secret: str, headers: Mapping[str, str], body: bytes, on: date) -> Answer | Refused:
    """A signed callback of a gateway: one receipt or a list of them. Raises CallbackRefused before anything is read."""
    verified(secret, headers, body)
    return take_file(desk, GATEWAY, "callback.json", body, on)


def told_in(answer: Answer | Refused) -> dict[str, Any]:
    """What receipts came to, or the refusal as one value."""
    return answer.told()
