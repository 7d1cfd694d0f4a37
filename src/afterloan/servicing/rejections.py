"""Take a bureau's answer: every row that it did not take becomes a fact and a task, row by row."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from hashlib import sha256
from typing import Any

import psycopg

from afterloan.bureau.responses import Rejection, read_response
from afterloan.facts import FactRefused
from afterloan.facts.bureau import BureauRejected
from afterloan.facts.outbox import Action, RejectedTask
from afterloan.store.events import tell
from afterloan.store.outbox import put


@dataclass(slots=True)
class RejectionsTaken:
    """What an answer came to: rows recorded, known before, and refused with the reason."""

    recorded: int = 0
    known: int = 0
    refused: list[tuple[int, str, str]] = field(default_factory=list)


def take_response(
    connection: psycopg.Connection[Any], raw: bytes, bureau: str, month_end: date, on: date
) -> RejectionsTaken:
    """Record the rejections of a bureau's file in the caller's transaction.

    A file of another period, another bureau's, or cut is refused whole (RecordRefused). A row about an account of which
    nothing was furnished for the month is refused by itself, the others are taken. The same bytes again are known.
    """
    taken = RejectionsTaken()
    file = sha256(raw).hexdigest()[:16]
    for row in read_response(raw, bureau, month_end):
        try:
            known = _take(connection, row, f"rejected:{file}:{row.line}", bureau, month_end, on)
        except FactRefused as refusal:
            taken.refused.append((row.line, row.loan, str(refusal)))
            continue
        taken.known += known
        taken.recorded += not known
    return taken


def _take(
    connection: psycopg.Connection[Any], row: Rejection, name: str, bureau: str, month_end: date, on: date
) -> bool:
    if connection.execute("select 1 from event where reference = %s", (name,)).fetchone():
        return True
    found = connection.execute(
        "select f.turn, c.loan, b.borrower, b.reference from furnished f join contract c using (loan) "
        "join borrower b on b.borrower = c.borrower where f.bureau = %s and f.month_end = %s and c.reference = %s "
        "order by f.turn desc limit 1",
        (bureau, month_end, row.loan),
    ).fetchone()
    if found is None:
        raise FactRefused(
            "loan", row.loan, f"nothing was furnished to {bureau} for {month_end}", "ask the bureau which file it means"
        )
    turn, loan, borrower, person = found
    event = BureauRejected(
        borrower=person, loan=row.loan, on=on, known_on=on, reference=name, bureau=bureau,  # type: ignore[arg-type]
        month_end=month_end, turn=turn, field=row.field, code=row.code, reason=row.reason,
    )  # fmt: skip
    told = tell(connection, event)
    body = RejectedTask(queue="bureau-rejected", loans=(row.loan,), bureau=bureau, month_end=month_end,
                        field=row.field, code=row.code, reason=row.reason)  # fmt: skip
    put(connection, [Action(f"task:{name}", borrower, "task", datetime.combine(on, time(8), UTC), on, loan, body)])
    return told.known
