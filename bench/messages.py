"""Messages a second to a local SMTP sink with every receipt recorded, beside a bare smtplib loop in the same run.

    python -m bench.messages [MESSAGES] [WORKERS]

The sink is aiosmtpd in a process of its own. The bare loop sends the same texts on one connection and records nothing.
"""

import asyncio
import multiprocessing
import smtplib
import socket
import sys
import tempfile
import time
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

NOON = datetime(2026, 3, 13, 4, 0, tzinfo=UTC)
VALUES = {"arrears_fen": 51234, "loans": ["L1"], "days_past_due": 3}
SENDER = "noreply@lender.example"
NUMBER, WORKERS = 10_000, 1


class Sink:
    """Takes every message and keeps a count."""

    def __init__(self, count: Any) -> None:
        self.count = count

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.count.value += 1
        return "250 taken"


def sink(port: int, count: Any) -> None:
    from aiosmtpd.smtp import SMTP

    async def serve() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: SMTP(Sink(count), hostname="sink"), "127.0.0.1", port)
        await server.serve_forever()

    with suppress(KeyboardInterrupt):
        asyncio.run(serve())


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int) -> None:
    for _ in range(200):
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.1):
            return
        time.sleep(0.05)
    raise RuntimeError("the sink did not start")


def bare(port: int, number: int) -> float:
    """Seconds that a plain loop takes: one connection, the texts made beforehand."""
    from email.mime.text import MIMEText

    mail = MIMEText("您好！" * 60, "plain", "utf-8")
    mail["From"], mail["Subject"], mail["Message-ID"] = SENDER, "about your account", "<1@sink>"
    data = mail.as_bytes()
    began = time.perf_counter()
    with smtplib.SMTP("127.0.0.1", port) as line:
        for k in range(number):
            line.sendmail(SENDER, [f"b{k}@example.com"], data)
    return time.perf_counter() - began


def plan(store: Any, number: int) -> None:
    from afterloan.store.contracts import add_borrower
    from afterloan.store.outbox import Action, put

    body = {"template": "overdue-friendly", "language": "zh-CN", "to": None, "purpose": "collection", "values": VALUES}
    with store.connect() as connection:
        for n in range(1, number + 1):
            add_borrower(connection, f"B{n}", "张伟", {"email": f"b{n}@example.com"}, date(2026, 1, 1))
        put(
            connection,
            [Action(f"m/{k}", k, "message.email", NOON, date(2026, 3, 13), None, body) for k in range(1, number + 1)],
        )


def measure(number: int, workers: int) -> dict[str, float]:
    """Send `number` messages bare and through the drain; messages a second of both."""
    from afterloan.sending.channels import read_setting
    from afterloan.sending.drain_work import drain
    from afterloan.store.server import open_store

    context = multiprocessing.get_context("spawn")
    port, count = free_port(), context.Value("i", 0)
    process = context.Process(target=sink, args=(port, count), daemon=True)
    process.start()
    wait_for(port)
    try:
        bare(port, min(200, number))
        plain = bare(port, number)
        store = open_store()
        plan(store, number)
        count.value = 0
        told = {"email": {"use": "smtp", "host": "127.0.0.1", "port": port, "from": SENDER, "batch": 100}}
        done = drain(store, ["email"], NOON, workers, read_setting(told))
        with store.connect() as connection:
            row = connection.execute(
                "select (select count(*) from event where kind = 'message.sent'), "
                "(select count(*) from sending where step = 'sent')"
            ).fetchone()
        assert count.value == number and row == (number, number) and done.total("sent") == number, (count.value, row)
    finally:
        process.terminate()
    return {"bare": number / plain, "drain": number / done.seconds}


def figures() -> list[dict[str, object]]:
    """For `python -m bench messages`: messages a second, beside the bare loop."""
    import os

    from afterloan.store.embedded import stop

    with tempfile.TemporaryDirectory(prefix="afterloan-bench-") as home:
        Path(home).chmod(0o755)
        before = {name: os.environ.pop(name, None) for name in ("AFTERLOAN_HOME", "AFTERLOAN_DATABASE_URL")}
        os.environ.update(AFTERLOAN_HOME=home, AFTERLOAN_IDLE_MINUTES="0")
        try:
            told = measure(NUMBER, WORKERS)
        finally:
            stop(Path(home) / "pg")
            os.environ.pop("AFTERLOAN_HOME")
            os.environ.update({name: value for name, value in before.items() if value is not None})
    return [
        {
            "figure": "messages by SMTP with receipts",
            "value": told["drain"],
            "unit": "messages/s",
            "baseline": told["bare"],
            "ratio": told["drain"] / told["bare"],
        }
    ]


if __name__ == "__main__":
    NUMBER = int(sys.argv[1]) if len(sys.argv) > 1 else NUMBER
    WORKERS = int(sys.argv[2]) if len(sys.argv) > 2 else WORKERS
    for figure in figures():
        print(figure)
