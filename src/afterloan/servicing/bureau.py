"""Verbs about bureaus: disputes opened, evidenced, answered, told; a bureau's answer taken."""

from datetime import date
from typing import Any, Literal

import psycopg
from pydantic import Field

from afterloan.facts.bureau import DisputeOpened
from afterloan.facts.events import read_event
from afterloan.facts.relief import Evidence
from afterloan.servicing import disputes, rejections
from afterloan.servicing.asked import Asked, AskedFile
from afterloan.servicing.desk import Desk


class OpenDispute(Asked):
    """What was furnished of `loan` for some `months` (their last days) is wrong, says `party`."""

    borrower: str
    loan: str
    bureau: str
    months: tuple[date, ...]
    claims: tuple[str, ...] = ("status",)
    statement: str
    party: Literal["borrower", "bureau", "staff"] = "borrower"


def open_dispute(desk: Desk, asked: OpenDispute, on: date) -> dict[str, Any]:
    """Flag the record, hold treatment until the answer, and start the clock of the law (`answer_by`)."""
    told = asked.model_dump(exclude={"party"}) | {"by": asked.party}
    told |= {"on": on, "known_on": on, "reference": desk.reference}
    event = read_event(DisputeOpened, told)
    assert isinstance(event, DisputeOpened)
    disputes.open_dispute(desk.connection, event)
    dispute = disputes.dispute_of(desk.connection, desk.reference)
    return {"dispute": desk.reference, "loan": asked.loan, "answer_by": dispute.answer_by.isoformat()}


class _OfDispute(Asked):
    """A dispute by its reference `of`."""

    of: str

    def borrowers(self, connection: psycopg.Connection[Any]) -> list[str]:
        """Whose it is."""
        return [disputes.dispute_of(connection, self.of).borrower]


class TakeEvidence(_OfDispute):
    """A document to the dispute `of`: `what` it shows; `lengthens`: the law gives more days for it."""

    paper: Evidence
    what: str
    lengthens: bool = False


def take_evidence(desk: Desk, asked: TakeEvidence, on: date) -> dict[str, Any]:
    """Keep the document's digest with the dispute."""
    disputes.take_evidence(desk.connection, asked.of, asked.paper, asked.what, on, asked.lengthens)
    return {"dispute": asked.of, "answer_by": disputes.dispute_of(desk.connection, asked.of).answer_by.isoformat()}


class DecideDispute(_OfDispute):
    """The dispute `of` is answered: as the book reckons, for a `reason`."""

    outcome: Literal["corrected", "accurate"]
    reason: str = Field(min_length=1, max_length=4_000)


def decide_dispute(desk: Desk, asked: DecideDispute, on: date) -> dict[str, Any]:
    """Answer it, lift the hold, and ask for word to the borrower and the bureau."""
    by = desk.who.name
    dispute = disputes.decide(desk.connection, desk.reader, asked.of, asked.outcome, asked.reason, by, on)
    return {"dispute": asked.of, "outcome": str(dispute.outcome), "late_days": dispute.late_days(on)}


class Disagree(_OfDispute):
    """The borrower does not agree with the answer to the dispute `of`; `statement` says why."""

    statement: str = Field(min_length=1, max_length=4_000)


def disagree(desk: Desk, asked: Disagree, on: date) -> dict[str, Any]:
    """Keep the statement: the record carries it from the next furnishing on."""
    disputes.disagree(desk.connection, asked.of, asked.statement, on)
    return {"dispute": asked.of}


class Notified(_OfDispute):
    """A `party` was told of the answer to the dispute `of`."""

    party: Literal["borrower", "bureau"]


def notified(desk: Desk, asked: Notified, on: date) -> dict[str, Any]:
    """Keep that the party was told."""
    disputes.notified(desk.connection, asked.of, asked.party, on)
    return {"dispute": asked.of, "party": asked.party}


class TakeRejections(AskedFile):
    """A bureau's answer for a month (its last day)."""

    bureau: str
    month_end: date


def take_rejections(desk: Desk, asked: TakeRejections, on: date) -> dict[str, Any]:
    """One act for the file: each row that was not taken becomes a fact and a task; refused rows leave the others."""
    raw = asked.content
    taken = rejections.take_response(desk.connection, raw, asked.bureau, asked.month_end, on)
    return {"recorded": taken.recorded, "known": taken.known, "refused": [list(row) for row in taken.refused]}
