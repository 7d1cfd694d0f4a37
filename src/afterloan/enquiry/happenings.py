"""The log of what was done, for programs that follow it: in one order, with no gap, up to what is surely whole."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import psycopg

from afterloan.facts.act import shown
from afterloan.store.acts import answer_at, asked_at

AFTER = (
    "select a.told::text, a.act, a.reference, a.verb, a.who_kind, a.on_day, a.at, "
    f"{asked_at('a')}, {answer_at('a')}, "
    # one borrower is the subject of an act that concerns one
    "coalesce(a.asked->>'borrower', (select b.reference from contract c join borrower b using (borrower) "
    "where c.reference = a.asked->>'loan'), '') from act a "
    "where (a.told, a.act) > (%(told)s::xid8, %(act)s) and a.told < pg_snapshot_xmin(pg_current_snapshot()) "
    "order by a.told, a.act limit %(most)s"
)
"""What transactions told that are older than the oldest still open: no later one can come before them any more."""


@dataclass(frozen=True, slots=True)
class Happening:
    """An act as the log tells it. `place`: where in the log it stands, to go on after."""

    place: str
    act: int
    reference: str
    verb: str
    who_kind: str
    on: date
    at: datetime
    asked: dict[str, Any]
    answer: dict[str, Any]
    subject: str

    def told(self, thin: bool = False) -> dict[str, Any]:
        """A CloudEvent; `thin`: without what was asked and answered, for receivers outside."""
        data: dict[str, Any] = {"act": self.act, "reference": self.reference}
        if not thin:
            data |= {"asked": self.asked, "answer": self.answer}
        return {
            "specversion": "1.0", "id": self.place, "source": "/v1/events", "type": f"afterloan.{self.verb}.v1",
            "subject": self.subject, "time": self.at.isoformat(), "datacontenttype": "application/json",
            "on": self.on.isoformat(), "by": self.who_kind, "data": data,
        }  # fmt: skip


def last_place(connection: psycopg.Connection[Any]) -> str:
    """The place of the newest that stands in the log for sure; empty where nothing does."""
    row = connection.execute(
        "select told::text, act from act where told < pg_snapshot_xmin(pg_current_snapshot()) "
        "order by told desc, act desc limit 1"
    ).fetchone()
    return f"{row[0]}-{row[1]}" if row else ""


def happened_after(connection: psycopg.Connection[Any], place: str, most: int) -> list[Happening]:
    """What stands in the log after a place (`""`: from the beginning), at most so many. The places only grow.

    `place` is `TRANSACTION-ACT`, `"812-44"`.
    """
    told, _, act = place.partition("-")
    numbers = {"told": told if told.isdecimal() else "0", "act": int(act) if act.isdecimal() else 0, "most": most}
    return [
        Happening(f"{told}-{act}", act, reference, verb, kind, on, at, shown(verb, asked), answer, subject)
        for told, act, reference, verb, kind, on, at, asked, answer, subject in connection.execute(
            AFTER, numbers
        ).fetchall()
    ]
