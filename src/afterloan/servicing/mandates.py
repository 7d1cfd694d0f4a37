"""Verbs of mandates: signed with numbers that their rail can carry, revoked by name."""

from datetime import date
from typing import Any

import psycopg
from pydantic import Field

from afterloan.facts import FactRefused
from afterloan.facts.debit import MandateResumed, MandateRevoked, MandateSigned
from afterloan.facts.events import read_event
from afterloan.servicing.asked import Asked
from afterloan.servicing.desk import Desk
from afterloan.servicing.telling import event_verb
from afterloan.store.events import tell
from afterloan.strategy.mandates import checked_mandate

SignMandate, _ = event_verb("debit", "MandateSigned")


def sign_mandate(desk: Desk, asked: Any, on: date) -> dict[str, Any]:
    """Record a mandate under the act's reference, after the checks of its rail: digits, lengths, letters.

    `happened_on`: the day of the signature, today unless given. An IBAN is kept without blanks, in capitals.
    """
    values = asked.model_dump(exclude={"happened_on"})
    values |= {"on": asked.happened_on or on, "known_on": on, "reference": desk.reference}
    event = read_event(MandateSigned, values)
    assert isinstance(event, MandateSigned)
    tell(desk.connection, checked_mandate(event))
    return {"mandate": event.reference, "borrower": event.borrower, "signed_on": event.on.isoformat()}


class RevokeMandate(Asked):
    """The mandate `of` ends on the act's day; `reason` says why."""

    of: str
    reason: str = Field(default="", max_length=200)

    def borrowers(self, connection: psycopg.Connection[Any]) -> list[str]:
        """Whose mandate it is. Raises FactRefused (unknown)."""
        row = connection.execute(
            "select b.reference from event e join borrower b using (borrower) where e.reference = %s and e.kind = %s",
            (self.of, MandateSigned.KIND),
        ).fetchone()
        if row is None:
            raise FactRefused(
                "mandate", self.of, "no mandate of that reference", "see `afterloan mandate list`", "unknown"
            )
        return [str(row[0])]


class ResumeMandate(RevokeMandate):
    """A person looked at the mandate `of` that rested after failures: it is tried again; `reason` says why."""

    reason: str = Field(min_length=1, max_length=200)


def resume_mandate(desk: Desk, asked: ResumeMandate, on: date) -> dict[str, Any]:
    """From now on debits under the mandate are tried again: what failed before does not count."""
    (borrower,) = desk.touched.values()
    told: dict[str, Any] = {"borrower": borrower, "on": on, "known_on": on, "reference": desk.reference}
    tell(desk.connection, MandateResumed(**told, of=asked.of, at=desk.now, by=desk.who.name, reason=asked.reason))
    return {"mandate": asked.of, "borrower": borrower}


def revoke_mandate(desk: Desk, asked: RevokeMandate, on: date) -> dict[str, Any]:
    """End a mandate: no debit under it from that day on. `by` on record is who sits at the door."""
    (borrower,) = desk.touched.values()
    told: dict[str, Any] = {"borrower": borrower, "on": on, "known_on": on, "reference": desk.reference}
    tell(desk.connection, MandateRevoked(**told, of=asked.of, by=desk.who.name, reason=asked.reason))
    return {"mandate": asked.of, "borrower": borrower, "revoked_on": on.isoformat()}
