"""Messages as files in a folder, with a ledger: where a channel goes that nobody has set up yet."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from afterloan.papers.documents import render
from afterloan.sending.drain import ChannelPlace, Item, Outcome, Promise, Retry, Sent
from afterloan.sending.messages import Message, Messages, token
from afterloan.sending.mime import mime
from afterloan.sending.templates import Text, date_text, letterhead
from afterloan.store.server import home


class Spool(Messages):
    """A file for each message under `folder`/CHANNEL (.eml, .txt, .pdf), named by its key, and a line in ledger.jsonl.

    The file is written beside and linked into place, so the same key makes one file, and whether it is there can be
    asked. A borrower without an address gets nothing here either: what is addressed to nobody was not sent.
    """

    promise = Promise.KEYED

    def __init__(self, channel: str, place: ChannelPlace, contact: str = "") -> None:
        """`folder` of the configuration, else AFTERLOAN_HOME/sent."""
        self.contact = contact
        super().__init__(channel, place)
        self.folder = Path(place.config.get("folder") or place.home / "sent")
        self.ending = {"email": "eml", "letter": "pdf"}.get(self.contact, "txt")

    def file(self, key: str) -> Path:
        """Where the message of a key is."""
        return self.folder / self.channel / f"{token(key)}.{self.ending}"

    def deliver(self, messages: Sequence[Message], now: datetime) -> Sequence[Outcome]:
        """Write the files, then the ledger."""
        (self.folder / self.channel).mkdir(parents=True, exist_ok=True)
        outcomes = [self._put(m, now) for m in messages]
        lines = [self._line(m, now) for m in messages]
        with (self.folder / "ledger.jsonl").open("a", encoding="utf-8") as ledger:
            ledger.write("".join(lines))
        return outcomes

    def _put(self, message: Message, now: datetime) -> Sent:
        file = self.file(message.item.key)
        beside = file.with_suffix(f".{os.getpid()}.part")
        beside.write_bytes(self._bytes(message, now))
        try:
            os.link(beside, file)
        except FileExistsError:
            pass
        finally:
            beside.unlink()
        return Sent(file.name)

    def _bytes(self, message: Message, now: datetime) -> bytes:
        if self.ending == "pdf":
            return letter_pdf(message, self.place, now)
        if self.ending == "eml":
            return mime(message, self.place, now)
        return f"{message.to}\n{message.text.subject}\n\n{message.text.whole()}\n".encode()

    def _line(self, message: Message, now: datetime) -> str:
        told = {
            "at": now.isoformat(),
            "channel": self.channel,
            "key": message.item.key,
            "to": message.to,
            "template": message.text.template,
            "file": f"{self.channel}/{self.file(message.item.key).name}",
        }
        return json.dumps(told, ensure_ascii=False) + "\n"

    def ask(self, item: Item) -> Outcome:
        """The file is there or it is not."""
        file = self.file(item.key)
        return Sent(file.name) if file.exists() else Retry("no such file in the folder")


@dataclass(frozen=True, slots=True)
class Spooled:
    """A message as it lies in the folder: the `channel`, to whom, and its text."""

    channel: str
    to: str
    text: str


def spooled(channel: str, key: str, folder: Path | None = None) -> Spooled | None:
    """The text or e-mail of a key in AFTERLOAN_HOME/sent (or `folder`'s), where a channel without a setting goes; None:
    not there."""
    file = Spool(channel, ChannelPlace({}, folder or home())).file(key)
    if not file.exists():
        return None
    if channel == "email":
        mail = message_from_bytes(file.read_bytes(), policy=policy.default)
        body = mail.get_body()
        return Spooled(channel, str(mail["to"]), body.get_content() if body else "")
    to, _, _, text = file.read_text(encoding="utf-8").split("\n", 3)
    return Spooled(channel, to, text)


def letter_pdf(message: Message, place: ChannelPlace, now: datetime) -> bytes:
    """The letter of a message as PDF."""
    to = {"name": message.item.name, "address": message.to}
    day = now.astimezone(ZoneInfo(message.zone)).date()
    told = letter_values(message.text, place.config["lender"], to, message.item.key, day)
    return render("letter", message.text.language, told)


def letter_values(
    text: Text, lender: Mapping[str, Any], to: Mapping[str, str], reference: str, on: date
) -> dict[str, Any]:
    """What the document `letter` is filled with."""
    return {
        "sender": letterhead(lender, text.language),
        "to": dict(to),
        "reference": reference,
        "on": date_text(on, text.language),
        "subject": text.heading,
        "paragraphs": [p.strip() for p in text.body.split("\n\n") if p.strip()],
        "lines": list(text.lines),
    }
