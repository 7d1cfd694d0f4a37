"""Complaints as they were raised and answered."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import psycopg

from afterloan.facts import FactRefused
from afterloan.store.events import BODY, body_of


@dataclass(frozen=True, slots=True)
class Complaint:
    """A complaint: whose, about what, in their words; until when it is answered, and how it was (None: not yet)."""

    reference: str
    borrower: str
    about: str
    text: str
    raised_on: date
    answer_by: date
    answered_on: date | None
    outcome: str
    answer: str


WITH_ANSWER = (
    f"select e.reference, b.reference, e.body->>'about', {BODY}, e.on_day, (e.body->>'answer_by')::date, "
    f"a.on_day, coalesce(a.body->>'outcome', ''), {body_of('a')} from event e "
    "join borrower b using (borrower) left join event a on a.borrower = e.borrower and a.kind = 'complaint.answered' "
    "and a.body->>'of' = e.reference"
)
COMPLAINTS = (
    f"{WITH_ANSWER} and a.on_day <= %(on)s where e.kind = 'complaint.raised' and e.on_day <= %(on)s "
    "and (%(borrower)s = '' or b.reference = %(borrower)s) and (%(answered)s or a.event is null) "
    "order by a.event is not null, e.body->>'answer_by', e.event limit %(most)s"
)
ONE = f"{WITH_ANSWER} where e.kind = 'complaint.raised' and e.reference = %s"


def _read(row: tuple[Any, ...]) -> Complaint:
    """A complaint; its words, and those of the answer, are "-" and "" once they are purged."""
    reference, borrower, about, told, raised_on, answer_by, answered_on, outcome, answer = row
    text, said = told.get("text", "-"), answer.get("text", "")
    return Complaint(reference, borrower, about, text, raised_on, answer_by, answered_on, outcome, said)


def complaint_of(connection: psycopg.Connection[Any], reference: str) -> Complaint:
    """A complaint by its reference. Raises FactRefused (unknown)."""
    row = connection.execute(ONE, (reference,)).fetchone()
    if row is None:
        raise FactRefused("of", reference, "no complaint of that reference", "GET /v1/complaints lists them", "unknown")
    return _read(row)


def complaints_on(
    connection: psycopg.Connection[Any], on: date, borrower: str = "", answered: bool = True, most: int = 200
) -> list[Complaint]:
    """Complaints raised by a day, the one to be answered first on top; with `answered` False only those that wait."""
    told = {"on": on, "borrower": borrower, "answered": answered, "most": most}
    return [_read(row) for row in connection.execute(COMPLAINTS, told).fetchall()]
