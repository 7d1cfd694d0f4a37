"""What the tests of messages share: borrowers, actions, and a real SMTP server that logs as mail servers do."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller

from afterloan.facts.outbox import Action, read_body
from afterloan.store.contracts import add_borrower
from afterloan.store.outbox import put
from afterloan.store.server import Store

NOON = datetime(2026, 3, 13, 4, 0, tzinfo=UTC)
"""Noon in Shanghai on 13 March 2026: an hour at which every channel may be used."""
VALUES = {"arrears_fen": 51234, "loans": ["L1"], "days_past_due": 3, "penalty_fen": 12}


def borrowers(store: Store, number: int, **attributes: Any) -> None:
    """B1 … Bn, each with an e-mail address and a mobile number of its own."""
    with store.connect() as connection:
        for n in range(1, number + 1):
            told = {
                "email": f"b{n}@example.com",
                "mobile": f"1390000{n}",
                "address": f"北京市示例路{n}号",
            }
            add_borrower(connection, f"B{n}", "张伟", told | attributes, date(2026, 1, 1))


def action(key: str, borrower: int, channel: str, **body: Any) -> Action:
    """A message of the template `overdue-friendly`."""
    told = {"template": "overdue-friendly", "language": "zh-CN", "to": None, "purpose": "collection", "values": VALUES}
    return Action(
        key, borrower, f"message.{channel}", NOON, date(2026, 3, 13), None, read_body(f"message.{channel}", told | body)
    )


def plan(store: Store, actions: list[Action]) -> None:
    with store.connect() as connection:
        put(connection, actions)


def steps(store: Store, key: str) -> list[str]:
    """The record of an action: `number:step` in order."""
    with store.connect() as connection:
        rows = connection.execute(
            "select number, step from sending join outbox using (action) where key = %s order by entry", (key,)
        ).fetchall()
    return [f"{n}:{step}" for n, step in rows]


def kinds(store: Store) -> dict[str, int]:
    """How many events of each kind are told."""
    with store.connect() as connection:
        return dict(connection.execute("select kind, count(*) from event group by 1").fetchall())


class Mailbox:
    """A receiving server's handler: keeps each message and logs its name, as a mail server does.

    `replies`: answers to RCPT by address part; `pause`: seconds that each message takes.
    """

    def __init__(self, log: Path, pause: float = 0.0) -> None:
        self.log, self.pause = log, pause
        self.mails: list[Any] = []
        self.replies: dict[str, list[str]] = {}
        log.touch()

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        for part, answers in self.replies.items():
            if part in address and answers:
                return answers.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        name = re.search(rb"Message-ID: (<[^>]+>)", envelope.content)
        assert name
        with self.log.open("ab") as log:
            log.write(b"cleanup: message-id=" + name[1] + b"\n")
        self.mails.append(envelope)
        if self.pause:
            time.sleep(self.pause)
        return "250 taken"


@contextmanager
def mail_server(folder: Path, pause: float = 0.0) -> Iterator[tuple[Mailbox, int]]:
    """A real SMTP server on a free port of this machine."""
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    box = Mailbox(folder / "mail.log", pause)
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield box, port
    finally:
        controller.stop()


def smtp(port: int, folder: Path, **more: Any) -> dict[str, Any]:
    """The configuration of a mail channel to that server, asking its log."""
    told = {"use": "smtp", "host": "127.0.0.1", "port": port, "from": "noreply@lender.example"}
    return {"email": told | {"ask": {"log": str(folder / "mail.log")}} | more}


def put_raw(store: Store, key: str, borrower: int, kind: str, body: str) -> None:
    """A row as another version, or a hand, may have written it: body as JSON text, unchecked."""
    with store.connect() as connection:
        connection.execute(
            "insert into outbox (key, borrower, kind, not_before, body, decided_on) values (%s, %s, %s, %s, %s, %s)",
            (key, borrower, kind, NOON, body, NOON.date()),
        )
