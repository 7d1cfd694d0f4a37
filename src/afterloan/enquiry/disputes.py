"""Disputes of all borrowers with their clocks: which are open, until when, and which answers are not told yet."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import psycopg

from afterloan.bureau.disputes import Dispute, disputes_of
from afterloan.counting import counted
from afterloan.facts.events import event_of
from afterloan.store.events import COLUMNS

TO_BE_TOLD = ("borrower", "bureau")


@dataclass(frozen=True, slots=True)
class DisputeLine:
    """A dispute on a day: `days_left` to answer it (negative: so many days late; None: answered), who is not told."""

    dispute: Dispute
    days_left: int | None
    not_told: tuple[str, ...]

    @property
    def clock(self) -> str:
        """`12 days left`, `5 days late`, or `answered`."""
        if self.days_left is None:
            return "answered"
        return (
            f"{counted(self.days_left, 'day')} left"
            if self.days_left >= 0
            else f"{counted(-self.days_left, 'day')} late"
        )

    @property
    def what(self) -> str:
        """What is disputed; answered: the answer, and who was not told of it."""
        d = self.dispute
        if d.decided_on is None:
            return f"{', '.join(f'{month:%Y-%m}' for month in d.months)}: {', '.join(d.claims)}"
        return f"{d.outcome} on {d.decided_on}" + (f", not told: {', '.join(self.not_told)}" if self.not_told else "")

    def told(self) -> dict[str, Any]:
        """JSON values."""
        d = self.dispute
        return {
            "dispute": d.reference, "borrower": d.borrower, "loan": d.loan, "bureau": d.bureau,
            "months": [f"{month:%Y-%m}" for month in d.months], "claims": list(d.claims),
            "opened_on": d.opened_on.isoformat(), "answer_by": d.answer_by.isoformat(), "days_left": self.days_left,
            "decided_on": d.decided_on.isoformat() if d.decided_on else None, "outcome": d.outcome,
            "not_told": list(self.not_told),
        }  # fmt: skip


def disputes_on(
    connection: psycopg.Connection[Any], on: date, answered_too: bool = False, borrower: str = ""
) -> list[DisputeLine]:
    """The disputes that stand on a day, as known that day, the nearest clock first.

    Open ones, and answered ones that the borrower or the bureau was not told of; `answered_too`: all; of one `borrower`
    where named. Opened on 5 December under 20 days, looked at on 30 December: answer by the 25th, 5 days late.
    """
    rows = connection.execute(
        f"select {COLUMNS} where e.kind like 'bureau.%%' and e.on_day <= %(on)s and e.known_on <= %(on)s "
        "and (%(of)s = '' or b.reference = %(of)s) order by e.on_day, e.at nulls first, e.event",
        {"on": on, "of": borrower},
    ).fetchall()
    found = list(_lines(disputes_of(event_of(*row[1:]) for row in rows), on))
    kept = [line for line in found if answered_too or line.days_left is not None or line.not_told]
    return sorted(kept, key=lambda line: (line.days_left is None, line.dispute.answer_by, line.dispute.reference))


def _lines(disputes: dict[str, Dispute], on: date) -> Iterator[DisputeLine]:
    for dispute in disputes.values():
        left = None if dispute.decided_on else (dispute.answer_by - on).days
        waiting = tuple(p for p in TO_BE_TOLD if p not in dispute.told) if dispute.decided_on else ()
        yield DisputeLine(dispute, left, waiting)
