"""Complaints: raised by whoever hears one, a task with its clock until it is answered in writing to who raised it."""

from datetime import date, timedelta
from typing import Any, Literal

import psycopg
from pydantic import Field

from afterloan.facts import FactRefused
from afterloan.facts.outbox import Action, ComplaintTask
from afterloan.facts.person import ComplaintAnswered, ComplaintRaised
from afterloan.rules.packs import in_force, rules_of
from afterloan.servicing.asked import Asked
from afterloan.servicing.debits import place_of_borrower
from afterloan.servicing.desk import Desk
from afterloan.servicing.news import Values, answer_on
from afterloan.store.complaints import complaint_of
from afterloan.store.details import details_of
from afterloan.store.events import borrower_number, tell
from afterloan.store.outbox import put

LONGEST = 4_000


class RaiseComplaint(Asked):
    """`borrower` complains `about` contact, an amount, a decision, the bureau, privacy, staff or something else."""

    borrower: str
    about: Literal["contact", "amount", "decision", "bureau", "privacy", "staff", "other"]
    text: str = Field(min_length=1, max_length=LONGEST)


def raise_complaint(desk: Desk, asked: RaiseComplaint, on: date) -> dict[str, Any]:
    """Keep it in the borrower's words; the clock of their place starts: 10 February and 15 days: by the 25th."""
    number, _ = borrower_number(desk.connection, asked.borrower)
    place, rules, reference = place_of_borrower(desk.connection, number)[1], rules_of("complaints"), desk.reference
    bind = [*in_force(rules, place, on), *in_force(rules, "ANY", on)]
    clock = next(rule for rule in bind if "days" in rule.parameters)
    answer_by = on + timedelta(int(clock.parameters["days"]))
    tell(desk.connection, ComplaintRaised(
        borrower=asked.borrower, on=on, known_on=on, reference=reference, about=asked.about, text=asked.text,
        answer_by=answer_by, by=desk.who.name or desk.who.kind,
    ))  # fmt: skip
    body = ComplaintTask(queue="complaint", complaint=reference, about=asked.about, answer_by=answer_by)
    put(desk.connection, [Action(f"complaint:{reference}", number, "task", desk.now, on, None, body)])
    return {"complaint": reference, "answer_by": answer_by.isoformat()}


class AnswerComplaint(Asked):
    """The complaint `of` is answered: the borrower was right (`upheld`), partly, or not; `text`: what they are told."""

    of: str
    outcome: Literal["upheld", "partly", "not_upheld"]
    text: str = Field(min_length=1, max_length=LONGEST)

    def borrowers(self, connection: psycopg.Connection[Any]) -> list[str]:
        """Whose it is."""
        return [complaint_of(connection, self.of).borrower]


def answer_complaint(desk: Desk, asked: AnswerComplaint, on: date) -> dict[str, Any]:
    """Keep the answer and write it to the borrower; the task ends. `late_days`: how long after its day.

    Raises FactRefused: answered already.
    """
    complaint = complaint_of(desk.connection, asked.of)
    if complaint.answered_on is not None:
        raise FactRefused("of", asked.of, f"was answered on {complaint.answered_on}", "raise a new one with its text")
    tell(desk.connection, ComplaintAnswered(
        borrower=complaint.borrower, on=on, known_on=on, reference=desk.reference, of=asked.of, outcome=asked.outcome,
        text=asked.text, by=desk.who.name or desk.who.kind,
    ))  # fmt: skip
    _write(desk, complaint.borrower, asked, on)
    return {"complaint": asked.of, "outcome": asked.outcome, "late_days": max((on - complaint.answer_by).days, 0)}


def _write(desk: Desk, borrower: str, asked: AnswerComplaint, on: date) -> None:
    """Put the answer: by e-mail, or as a letter where no such address is on file, and into the portal's inbox.

    It answers them (`response`). A letter without an address does not leave: people see that it could not.
    """
    number, _ = borrower_number(desk.connection, borrower)
    by_email = details_of(desk.connection, borrower, on).attributes.get("email")
    values: Values = {"reference": asked.of, "outcome": asked.outcome, "answer": asked.text}
    channels = ("email" if by_email else "letter", "push")
    answer_on(desk, number, f"complaint-answer:{asked.of}", "complaint-answered", values, channels, on)
