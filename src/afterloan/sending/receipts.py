"""What receivers tell later of messages: delivered, bounced, opened, opted out; row by row, each once."""

import csv
import email
import email.utils
import io
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.message import Message as Mail
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

import psycopg
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from afterloan.facts.act import Who
from afterloan.facts.contact import ContactEnded, ContactOptedOut
from afterloan.facts.message import MessageBounced, MessageDelivered, MessageOpened
from afterloan.facts.outbox import OutboxBody
from afterloan.sending.drain import Item
from afterloan.sending.inbox import notice_rows
from afterloan.sending.webhook import verified
from afterloan.store.acts import act_of_rule
from afterloan.store.sending import KnownSends, SendStep, TellRow, finish, named, tell_rows, write

LARGEST = 64 * 1024 * 1024
MESSAGE_ID = re.compile(r"<([0-9a-f]{32})@")


class Receipt(BaseModel):
    """One row: which message (`key`, or the `token` that receivers know it by), what became of it, when."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    key: str | None = Field(default=None, max_length=200)
    token: str | None = Field(default=None, max_length=64)
    status: Literal["delivered", "bounced", "soft_bounced", "opened", "opted_out"]
    at: AwareDatetime
    reason: str = Field(default="", max_length=500)
    receipt: str = Field(default="", max_length=200)


@dataclass(slots=True)
class ReceiptsTaken:
    """What came of a file or callback: rows new, rows known before, and those refused with their row and reason."""

    new: int = 0
    known: int = 0
    refused: list[tuple[int, str]] = field(default_factory=list)

    def told(self) -> dict[str, Any]:
        """For machines."""
        return {"new": self.new, "known": self.known, "refused": [{"row": n, "why": w} for n, w in self.refused]}


def take(connection: psycopg.Connection[Any], rows: Iterable[Mapping[str, Any]], now: datetime) -> ReceiptsTaken:
    """Record receipts in the caller's transaction. A row that says nothing we can use is refused, the others stay.

    The same receipt again is known. A receipt for an action that was never begun is refused. A delivery settles an
    action that was in doubt: it was sent.
    """
    taken, read = ReceiptsTaken(), []
    for number, row in enumerate(rows, 1):
        receipt = _read(row)
        if isinstance(receipt, str):
            taken.refused.append((number, receipt))
        else:
            read.append((number, receipt))
    actions = named(connection, [str(r.key or r.token) for _, r in read])
    for number, receipt in read:
        _take_one(connection, taken, number, receipt, actions.get(str(receipt.key or receipt.token)), now)
    taken.refused.sort()
    return taken


def _read(row: Mapping[str, Any]) -> Receipt | str:
    try:
        receipt = Receipt.model_validate({k: v for k, v in row.items() if v not in (None, "")})
    except ValidationError as error:
        first = error.errors()[0]
        return f"{'.'.join(str(p) for p in first['loc']) or 'row'}: {first['msg']}"
    if bool(receipt.key) == bool(receipt.token):
        return "key: name the message by one of key and token"
    return receipt


def _take_one(
    connection: psycopg.Connection[Any],
    taken: ReceiptsTaken,
    number: int,
    receipt: Receipt,
    action: KnownSends | None,
    now: datetime,
) -> None:
    name = receipt.key or receipt.token
    if action is None:
        taken.refused.append((number, f"key: {name}: no action of that key; nothing was sent under it"))
        return
    if not action.number:
        taken.refused.append((number, f"key: {name}: this action was never begun; correct the key"))
        return
    if receipt.at > now:
        taken.refused.append((number, f"at: {receipt.at.isoformat()} has not come yet; correct it"))
        return
    rows = _rows(receipt, action)
    if rows[0].reference in tell_rows(connection, rows):
        taken.new += 1
    else:
        taken.known += 1
    if action.step in ("unknown", "doubt") and not action.busy and receipt.status in ("delivered", "opened"):
        told = {"why": f"receipt: {receipt.status}"}
        write(connection, [SendStep(action.action, action.number, "sent", action.channel, now, None, "", told)])
        finish(connection, [action.action])


def _rows(receipt: Receipt, action: KnownSends) -> list[TellRow]:
    """The fact of a receipt first, then what follows from it for the governor and the bureau."""
    channel = action.kind.removeprefix("message.") if action.kind.startswith("message.") else "push"
    body: dict[str, Any] = {"key": action.key, "channel": channel}

    def row(kind: str, name: str, told: dict[str, Any]) -> TellRow:
        return TellRow(action.borrower_number, kind, receipt.at.date(), receipt.at, name, told, action.loan)

    def ended(outcome: str) -> TellRow:
        of = action.key if action.number == 1 else f"{action.key}~{action.number}"
        return row(ContactEnded.KIND, f"ended:{of}", {"of": of, "outcome": outcome, "note": receipt.reason})

    if receipt.status == "delivered":
        first = row(MessageDelivered.KIND, f"delivered:{action.key}", body | {"receipt": receipt.receipt})
        return [first, ended("delivered"), *_notice(receipt, action, channel)]
    if receipt.status == "opened":
        return [row(MessageOpened.KIND, f"opened:{action.key}", body)]
    if receipt.status == "opted_out":
        return [row(ContactOptedOut.KIND, f"opted_out:{action.key}", {"channel": channel})]
    hard = receipt.status == "bounced"
    name = f"{'bounced' if hard else 'soft_bounced'}:{action.key}"
    return [row(MessageBounced.KIND, name, body | {"hard": hard, "reason": receipt.reason}), ended("bounced")]


def _notice(receipt: Receipt, action: KnownSends, channel: str) -> list[TellRow]:
    if not isinstance(action.body, OutboxBody):
        return []
    item = Item(action.action, action.key, action.number, action.kind, "", action.borrower_number, action.loan, "", {},
                action.body, receipt.at)  # fmt: skip
    return notice_rows(item, channel, receipt.at)


def take_file(connection: psycopg.Connection[Any], who: Who, path: Path, now: datetime) -> tuple[int, ReceiptsTaken]:
    """Take a file of receipts in the caller's transaction, one act for the file; (rows, what they came to).

    The same file again is the same act: its rows are known.
    """
    rows, digest = read_file(path), sha256(path.read_bytes()).hexdigest()
    asked = {"file": path.name, "sha256": digest}
    with act_of_rule(connection, who, "receipt.take", f"receipts:{digest}", now.date(), asked) as answered:
        taken = take(connection, rows, now)
        answered |= taken.told()
    return len(rows), taken


def take_callback(
    connection: psycopg.Connection[Any], secret: str, headers: Mapping[str, str], body: bytes, now: datetime
) -> ReceiptsTaken:
    """A signed callback of a gateway: one receipt or a list of them. Raises CallbackRefused before anything is read."""
    told = verified(secret, headers, body)
    return take(connection, told if isinstance(told, list) else [told], now)


# -- files ------------------------------------------------------------------------------------------------------


def read_file(path: Path) -> list[Mapping[str, Any]]:
    """The rows of a file: .jsonl, .csv with a header, or .eml (a bounce as mail servers return it).

    Raises ValueError for a file that is none of these, is cut short, or is over 64 MB.
    """
    if path.stat().st_size > LARGEST:
        raise ValueError(f"{path}: over {LARGEST // 2**20} MB; cut it into several files")
    if path.suffix == ".eml":
        return bounces(path.read_bytes(), str(path))
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".csv":
        return list(csv.DictReader(io.StringIO(text)))
    if path.suffix in (".jsonl", ".ndjson"):
        return [_line(line, f"{path}: line {n}") for n, line in enumerate(text.splitlines(), 1) if line.strip()]
    raise ValueError(f"{path}: receipts are .jsonl, .csv or .eml; name the file so")


def _line(line: str, where: str) -> Mapping[str, Any]:
    """A line that is no JSON becomes a row that is refused by itself."""
    try:
        told = json.loads(line)
    except json.JSONDecodeError as error:
        return {"status": f"not JSON: {error.msg}"}
    return told if isinstance(told, dict) else {"status": f"{where}: no object"}


def bounces(data: bytes, where: str = "mail") -> list[Mapping[str, Any]]:
    """The receipts in a delivery status notification (RFC 3464): one for each message whose name it returns.

    A status 5.x.x is a bounce, 4.x.x a soft one, an action `delivered` a delivery. Raises ValueError.
    """
    mail = email.message_from_bytes(data)
    statuses = [p for part in mail.walk() if part.get_content_type() == "message/delivery-status" for p in _parts(part)]
    names = [name for part in mail.walk() for name in MESSAGE_ID.findall(str(part.get("Message-ID", "")))]
    names += MESSAGE_ID.findall(_returned_headers(mail))
    told = next((p for p in statuses if p.get("Action")), None)
    if told is None or not names:
        raise ValueError(f"{where}: no delivery status of a message of ours; it needs message/delivery-status and the "
                         "returned Message-ID")  # fmt: skip
    action, code = str(told["Action"]).strip().lower(), str(told.get("Status", "")).strip()
    status = "delivered" if action == "delivered" else "bounced" if code.startswith("5") else "soft_bounced"
    at = email.utils.parsedate_to_datetime(str(mail["Date"]))
    reason = f"{code} {told.get('Diagnostic-Code', '')}".strip()[:500]
    return [{"token": name, "status": status, "at": at.isoformat(), "reason": reason} for name in dict.fromkeys(names)]


def _parts(part: Mail) -> Sequence[Mail]:
    inner = part.get_payload()
    return [p for p in inner if isinstance(p, Mail)] if isinstance(inner, list) else []


def _returned_headers(mail: Mail) -> str:
    found = [p for p in mail.walk() if p.get_content_type() == "text/rfc822-headers"]
    return "\n".join(str(p.get_payload()) for p in found)
