"""Stages of a lender's days in which a process may die, and what of the book none of them may lose or double."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from afterloan.close import close_through
from afterloan.close.decide import decide
from afterloan.close.furnish import furnish
from afterloan.dates import number_of
from afterloan.desk.work import JobWorker
from afterloan.facts.act import Answer, Who
from afterloan.intake.book import bring_in
from afterloan.sending.channels import ChannelSetting
from afterloan.sending.drain_work import drain
from afterloan.servicing.desk import desk_of
from afterloan.servicing.door import do
from afterloan.store.jobs import ask_job, put_back_jobs
from afterloan.store.server import Store

FINANCE = Who("person", "Wang", ("finance",), "keyboard")


@dataclass(frozen=True)
class Scene:
    """Where and when: the folder of the book's files and of what is sent, the last day of the world."""

    folder: Path
    last: date

    @property
    def noon(self) -> datetime:
        """Noon in Shanghai of the day after the last: every channel may be used."""
        return datetime(self.last.year, self.last.month, self.last.day, 4, tzinfo=UTC) + timedelta(1)


@dataclass(frozen=True)
class Stage:
    """One stage: what is done, and how it is asked for once more after a death."""

    does: Callable[[Store, Scene], None]
    again: Callable[[Store, Scene], None] | None = None


def _import(store: Store, scene: Scene) -> None:
    reports = bring_in(store, scene.folder / "in", threads=1)
    assert not any(report.refused for report in reports), reports


def _close(store: Store, scene: Scene) -> None:
    closed = close_through(store, number_of(scene.last))
    assert not closed.failed, closed.failed


def _decide(store: Store, scene: Scene) -> None:
    decide(store, number_of(scene.last) + 1)


def _drain(store: Store, scene: Scene) -> None:
    drain(store, told=ChannelSetting(scene.folder / "out"), moment=scene.noon)


def _drain_later(store: Store, scene: Scene) -> None:
    """A job that began less than a second ago, by the server's clock, may still run: it is looked at later."""
    time.sleep(1.1)
    for minutes in (2, 4):
        drain(store, told=ChannelSetting(scene.folder / "out"), moment=scene.noon + timedelta(minutes=minutes))


def _furnish(store: Store, scene: Scene) -> None:
    end = scene.last.replace(day=1) - timedelta(1)
    furnish(store, end, "pboc", scene.folder / "out", scene.last)


def _repay(store: Store, scene: Scene) -> None:
    """Ten repayments by the one door, each in a transaction of its own."""
    with desk_of(store, scene.noon) as desk:
        for k in range(10):
            asked = {"loan": f"S{k % 4:03d}", "amount_fen": 1_000 + k, "received_on": scene.last.isoformat()}
            answer = do(desk, FINANCE, "repayment.take", asked, f"desk-{k}", scene.last + timedelta(1))
            assert isinstance(answer, Answer), answer


def _serve(store: Store, scene: Scene) -> None:
    """The same through HTTP: each request with its key, sent again by a caller who heard no answer."""
    from starlette.testclient import TestClient

    from afterloan.desk.serve import app_of
    from afterloan.desk.web.house import House

    app = app_of(House(store, True))
    client = TestClient(app, base_url="https://api.localhost", client=("127.0.0.1", 50_000))
    told = client.post("/v1/sandbox/seats", json={"seat": "finance"})
    client.headers["authorization"] = f"Bearer {told.json()['key']}"
    for k in range(4):
        answer = client.post(
            f"/v1/loans/S{k:03d}/repayments",
            json={"amount_fen": 2_000 + k, "received_on": scene.last.isoformat()},
            headers={"idempotency-key": f"http-{k}"},
        )
        assert answer.status_code in (200, 201), answer.text


def _work(store: Store, scene: Scene) -> None:
    """A job of the queue: the next day is closed by a worker."""
    with store.connect() as connection:
        put_back_jobs(connection)
        through = (scene.last + timedelta(1)).isoformat()
        ask_job(connection, "close-next", "close", {"through": through}, FINANCE, scene.noon)
    JobWorker(store).do_next()


STAGES = {
    "import": Stage(_import),
    "close": Stage(_close),
    "decide": Stage(_decide),
    "drain": Stage(_drain, _drain_later),
    "furnish": Stage(_furnish),
    "repay": Stage(_repay),
    "serve": Stage(_serve),
    "work": Stage(_work),
}
ORDER = tuple(STAGES)


COUNTED = {
    "facts": "select c.reference, kind, on_day, f.known_on, amount_fen, f.reference from fact f "
    "join contract c using (loan)",
    "entries": "select c.reference, e.closed_on, debit, credit, sum(amount_fen) from entry e "
    "left join contract c using (loan) group by 1, 2, 3, 4 having sum(amount_fen) <> 0",
    "days": "select closed_on from proof",
    "actions": "select key, kind, decided_on from outbox",
    "events": "select kind, reference, coalesce(body->>'outcome', '') from event",
    "sent": "select o.key from sending s join outbox o using (action) where step = 'sent'",
    "inbox": "select key from inbox",
    "furnished": "select c.reference, bureau, month_end, turn from furnished join contract c using (loan)",
    # a job that died and the one that goes on with its actions are two acts: what they did is counted above
    "acts": "select verb, reference from act where verb not in ('book.import', 'message.drain')",
    "jobs": "select job, state from job",
}  # fmt: skip
"""What of a book is compared, row by row and as often as it is there; numbers and moments of the store left out."""


def told(store: Store, scene: Scene) -> dict[str, Counter[Any]]:
    """All that a book says, to be compared with the same book that nobody killed."""
    found: dict[str, Counter[Any]] = {}
    with store.connect() as connection:
        for name, sql in COUNTED.items():
            found[name] = Counter(connection.execute(sql).fetchall())
    found["events"] = without_begun_again(found["events"])
    out = scene.folder / "out"
    found["files"] = Counter(
        (str(f.relative_to(out)), f.suffix) for f in sorted(out.rglob("*")) if f.is_file() and f.suffix != ".jsonl"
    )
    return found


def without_begun_again(events: Counter[Any]) -> Counter[Any]:
    """The events (kind, reference, outcome) as if no message had been begun twice.

    Who died after an attempt was told and before the message left is asked about by the next drain, which learns that
    it never arrived: the attempt ends as not connected and a second follows (`KEY~2`). Both are true and the borrower
    got one message; that it is one is told by `sent`, `inbox` and `files`.
    """
    tried = Counter(reference for kind, reference, _ in events.elements() if kind == "contact.attempted")
    kept: Counter[Any] = Counter()
    for (kind, reference, outcome), count in events.items():
        key, _, turn = reference.removeprefix("ended:").partition("~")
        again = f"{key}~{int(turn or 1) + 1}" in tried
        ended = ("contact.ended", f"ended:{key}{'~' * bool(turn)}{turn}", "not_connected") in events
        if kind in ("contact.attempted", "contact.ended"):
            if again and ended:
                continue
            reference = reference.partition("~")[0]
        kept[kind, reference, outcome] += count
    return kept


def differences(one: dict[str, Counter[Any]], other: dict[str, Counter[Any]]) -> list[str]:
    """What is lost or doubled: `entries lost …`."""
    return [
        f"{name} {word} {sorted(map(str, (a - b)))[:3]}"
        for name in one
        for word, a, b in (("lost", one[name], other[name]), ("too many", other[name], one[name]))
        if a - b
    ]
