"""A message as an e-mail: headers by which it is known again, the text in the body."""

import base64
from datetime import datetime
from email.header import Header
from email.utils import format_datetime
from functools import lru_cache

from afterloan.sending.drain import ChannelPlace
from afterloan.sending.messages import Message, token
from afterloan.sending.templates import lender_text

DOMAIN = "afterloan.invalid"
"""The domain of message names where the configuration gives none."""


def message_id(key: str, place: ChannelPlace) -> str:
    """The Message-ID of a key: the same for every try, so that a mail log can be asked."""
    return f"<{token(key)}@{place.config.get('domain') or DOMAIN}>"


def mime(message: Message, place: ChannelPlace, now: datetime) -> bytes:
    """The e-mail of a message as bytes."""
    text, config = message.text, place.config
    lender, tongue = config["lender"], text.language
    sender = str(config.get("from") or f"noreply@{config.get('domain') or DOMAIN}")
    lines = [
        "MIME-Version: 1.0",
        'Content-Type: text/plain; charset="utf-8"',
        "Content-Transfer-Encoding: base64",
        f"From: {encoded(lender_text(lender, 'name', tongue))} <{one_line(sender)}>",
        f"To: {one_line(message.to)}",
        f"Subject: {encoded(text.subject)}",
        f"Date: {format_datetime(now)}",
        f"Message-ID: {message_id(message.item.key, place)}",
        "Auto-Submitted: auto-generated",
        f"Content-Language: {tongue}",
    ]
    if lender.get("opt_out"):
        lines.append(f"List-Unsubscribe: <{one_line(lender_text(lender, 'opt_out', tongue))}>")
    body = _lines(base64.b64encode(text.whole("\n\n").encode()))
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def _lines(data: bytes) -> bytes:
    return b"\r\n".join(data[k : k + 76] for k in range(0, len(data), 76)) + b"\r\n"


@lru_cache(maxsize=4096)
def encoded(text: str) -> str:
    """A header's words in the form that travels (RFC 2047), folded; the same words come often."""
    return Header(one_line(text), "utf-8").encode(linesep="\r\n")


def one_line(text: str) -> str:
    """Text that cannot open a header of its own. Raises ValueError for a line break or another control sign."""
    if not text.isprintable():
        raise ValueError(f"{text!r}: a line break or control sign; write it in one line")
    return text
