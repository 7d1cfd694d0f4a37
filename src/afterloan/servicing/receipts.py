"""Verb of what receivers tell later of messages: delivered, bounced, opened, opted out; row by row, each once."""

import email
import email.utils
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from email.message import Message as Mail
from pathlib import PurePath
from typing import Any, Literal, Protocol

import psycopg
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from afterloan.expected import BadInput
from afterloan.facts import FactRefused
from afterloan.facts.bureau import AdverseNoticeDelivered
from afterloan.facts.contact import ContactEnded, ContactOptedOut
from afterloan.facts.message import MessageBounced, MessageDelivered, MessageOpened
from afterloan.facts.outbox import BodyRefused, MessageBody, OutboxBody
from afterloan.servicing.asked import AskedFile
from afterloan.servicing.desk import Desk
from afterloan.store.sending import KnownSends, SendStep, TellRow, finish, named, tell_rows, write
from afterloan.texts import TextRefused, csv_rows, json_told, utf8

LARGEST = 64 * 1024 * 1024
MESSAGE_ID = re.compile(r"<([0-9a-f]{32})@")


class NoticeSent(Protocol):
    """What an action says of itself, to whoever sends it or hears of it later."""

    @property
    def key(self) -> str: ...  # noqa: D102
    @property
    def kind(self) -> str: ...  # noqa: D102
    @property
    def borrower_number(self) -> int: ...  # noqa: D102
    @property
    def loan(self) -> str | None: ...  # noqa: D102
    @property
    def body(self) -> OutboxBody | BodyRefused: ...  # noqa: D102


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
        place = ".".join(str(p) for p in first["loc"]) or "row"
        return f"{place}: {first['msg']} (stands: {str(first['input'])[:80]})"
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
        return [first, ended("delivered"), *notice_told(action, channel, receipt.at)]
    if receipt.status == "opened":
        return [row(MessageOpened.KIND, f"opened:{action.key}", body)]
    if receipt.status == "opted_out":
        return [row(ContactOptedOut.KIND, f"opted_out:{action.key}", {"channel": channel})]
    hard = receipt.status == "bounced"
    name = f"{'bounced' if hard else 'soft_bounced'}:{action.key}"
    return [row(MessageBounced.KIND, name, body | {"hard": hard, "reason": receipt.reason}), ended("bounced")]


def notice_told(action: NoticeSent, channel: str, at: datetime) -> list[TellRow]:
    """`bureau.notice_delivered` where the action is the notice of a loan before its first adverse report."""
    if action.kind != "notice.adverse" or not isinstance(action.body, MessageBody) or action.loan is None:
        return []
    told = {"bureau": action.body.values.get("bureau"), "key": action.key, "channel": channel}
    name, kind = f"noticed:{action.key}", AdverseNoticeDelivered.KIND
    return [TellRow(action.borrower_number, kind, at.date(), at, name, told, action.loan)] if told["bureau"] else []


class TakeReceipts(AskedFile):
    """Receipts as a receiver sent them: a file, or the body of a callback; the ending of `name` says how to read it.

    `.jsonl`, `.csv` with a header, `.json` (one receipt or a list), `.eml` (a bounce as mail servers return it).
    """

    name: str = Field(min_length=1, max_length=300)

    def borrowers(self, connection: psycopg.Connection[Any]) -> list[str]:
        """Nobody's treatment changes: what became of messages is told of each."""
        return []


def take_receipts(desk: Desk, asked: TakeReceipts, on: date) -> dict[str, Any]:
    """One act for the file: each row told once; refused rows leave the others. `rows`: how many there were."""
    try:
        rows = rows_of(asked.name, asked.content)
    except ValueError as error:
        raise FactRefused("content", asked.name, str(error), "send it as .jsonl, .csv, .json or .eml") from error
    return {"rows": len(rows), **take(desk.connection, rows, desk.now).told()}


# -- files ------------------------------------------------------------------------------------------------------


def rows_of(name: str, content: bytes) -> list[Mapping[str, Any]]:
    """The rows of a file, read as the ending of its name says.

    Raises ValueError for a file that is none of these, is cut short, or is over 64 MB.
    """
    if len(content) > LARGEST:
        raise BadInput(f"over {LARGEST // 2**20} MB; cut it into several files")
    ending = PurePath(name).suffix
    if ending == ".eml":
        return bounces(content, name)
    text = utf8(content, name)
    if ending == ".csv":
        return _table(text, name)
    if ending in (".jsonl", ".ndjson"):
        return [_line(line, f"line {n}") for n, line in enumerate(text.splitlines(), 1) if line.strip()]
    if ending == ".json":
        told = json_told(text, name)
        return [_row(row, f"receipt {n}") for n, row in enumerate(told if isinstance(told, list) else [told], 1)]
    raise BadInput("receipts are .jsonl, .csv, .json or .eml; name the file so")


def _line(line: str, where: str) -> Mapping[str, Any]:
    """A line that is no JSON becomes a row that is refused by itself."""
    try:
        return _row(json_told(line, where), where)
    except TextRefused as bad:
        return {"status": f"not JSON: {bad.reason}"}


def _row(told: Any, where: str) -> Mapping[str, Any]:
    """A receipt that is no object becomes a row that is refused by itself."""
    return told if isinstance(told, dict) else {"status": f"{where}: no object"}


def _table(text: str, name: str) -> list[Mapping[str, Any]]:
    """The rows of a CSV by the names in its first line; one of another length is refused by itself."""
    rows = csv_rows(text, name)
    _, header = next(rows, (0, []))
    odd = {"status": f"has another number of columns than the first line ({len(header)})"}
    return [dict(zip(header, row, strict=True)) if len(row) == len(header) else odd for _, row in rows]


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
        raise BadInput(f"{where}: no delivery status of a message of ours; it needs message/delivery-status and the "
                         "returned Message-ID")  # fmt: skip
    action, code = str(told["Action"]).strip().lower(), str(told.get("Status", "")).strip()
    status = "delivered" if action == "delivered" else "bounced" if code.startswith("5") else "soft_bounced"
    at = _sent_at(mail, where)
    reason = f"{code} {told.get('Diagnostic-Code', '')}".strip()[:500]
    return [{"token": name, "status": status, "at": at.isoformat(), "reason": reason} for name in dict.fromkeys(names)]


def _sent_at(mail: Mail, where: str) -> datetime:
    """When a mail was sent; without a zone it is meant in UTC, as mail servers write `-0000`. Raises BadInput."""
    try:
        at = email.utils.parsedate_to_datetime(str(mail["Date"]))
        return at.replace(tzinfo=at.tzinfo or UTC)
    except (ValueError, TypeError, OverflowError) as error:
        raise BadInput(f"{where}: its Date is no moment; have the mail server send it again") from error


def _parts(part: Mail) -> Sequence[Mail]:
    inner = part.get_payload()
    return [p for p in inner if isinstance(p, Mail)] if isinstance(inner, list) else []


def _returned_headers(mail: Mail) -> str:
    found = [p for p in mail.walk() if p.get_content_type() == "text/rfc822-headers"]
    return "\n".join(str(p.get_payload()) for p in found)
