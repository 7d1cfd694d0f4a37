"""Verbs of a borrower in difficulty: hardship, breathing space, flags of vulnerability."""

from datetime import date, timedelta
from typing import Any

import psycopg
from pydantic import Field

from afterloan.dates import number_of
from afterloan.facts.events import read_event
from afterloan.facts.hold import HoldPlaced
from afterloan.facts.relief import Evidence, HardshipApplied, Means, VulnerabilityFlagged
from afterloan.servicing import difficulty, protection
from afterloan.servicing.asked import Asked
from afterloan.servicing.desk import Desk
from afterloan.servicing.may import ALL_ROLES
from afterloan.store.events import tell
from afterloan.store.relief import event_named
from afterloan.strategy.eligibility import relief_rule
from afterloan.strategy.hardship import application

Connection = psycopg.Connection[Any]


class ApplyForHardship(Asked):
    """`borrower` tells of a difficulty: its `cause`, in their words (`told`), `means` of a month, documents."""

    borrower: str
    cause: str
    told: str
    means: Means
    evidence: tuple[Evidence, ...] = ()
    loan: str | None = None


def apply_for_hardship(desk: Desk, asked: ApplyForHardship, on: date) -> dict[str, Any]:
    """Take the application: collection and penalty interest are held while it is under review."""
    applied = application(
        asked.borrower, asked.loan, on, desk.reference, asked.cause, asked.told, asked.means, asked.evidence
    )
    difficulty.apply_for_hardship(desk.connection, applied)
    return {
        "borrower": asked.borrower,
        "reference": desk.reference,
        "decide_by": applied.decide_by.isoformat(),
        "review_on": applied.review_on.isoformat(),
    }


class DecideHardship(Asked):
    """The application `of` is decided; `granted` and `reasons` where otherwise than the rule says."""

    of: str
    granted: bool | None = None
    reasons: tuple[str, ...] = ()

    def borrowers(self, connection: Connection) -> list[str]:
        """Who applied."""
        return [event_named(connection, self.of, HardshipApplied).borrower]


def decide_hardship(desk: Desk, asked: DecideHardship, on: date) -> dict[str, Any]:
    """Grant or refuse; the holds of the review end. Granted, the borrower is protected until the review day, and plans
    within their means are offered at once (`offers`; `fits` is false where none fits, and a person has a task).

    Otherwise than the rule says it takes a second person: whoever decides proposes it with the reasons.
    """
    by, today = desk.who.name, number_of(on)
    alone = desk.who.kind == "person" and not desk.proposed_by and ALL_ROLES not in desk.who.roles
    decided = difficulty.decide_hardship(
        desk.connection, asked.of, today, by, desk.reference, asked.granted, asked.reasons, by_one=alone
    )
    told = decided.model_dump(mode="json")
    if not decided.granted:
        return told
    applied: HardshipApplied = event_named(desk.connection, asked.of, HardshipApplied)
    return told | protection.told_of(protection.protect(desk.connection, applied, decided, on))


class StartBreathingSpace(Asked):
    """`borrower` gets a breathing space by the law of `jurisdiction`."""

    borrower: str
    jurisdiction: str


def start_breathing_space(desk: Desk, asked: StartBreathingSpace, on: date) -> dict[str, Any]:
    """No interest, no penalty, no contact about the debt until `ends_on`."""
    hold = difficulty.start_breathing_space(
        desk.connection, asked.borrower, asked.jurisdiction, number_of(on), desk.reference
    )
    return {"borrower": asked.borrower, "ends_on": hold.ends_on.isoformat() if hold.ends_on else None}


class EndBreathingSpace(Asked):
    """The breathing space `of` ends: its last day is over, or it is ended early."""

    of: str

    def borrowers(self, connection: Connection) -> list[str]:
        """Whose it is."""
        return [event_named(connection, self.of, HoldPlaced).borrower]


def end_breathing_space(desk: Desk, asked: EndBreathingSpace, on: date) -> dict[str, Any]:
    """The contract's rate and penalties return."""
    difficulty.end_breathing_space(desk.connection, asked.of, number_of(on))
    return {"ended": asked.of}


class FlagVulnerable(Asked):
    """`borrower` is vulnerable: what kind (`flag`) and what whoever meets them should know (`note`)."""

    borrower: str
    flag: str
    note: str = Field(min_length=1, max_length=4_000)


def flag_vulnerable(desk: Desk, asked: FlagVulnerable, on: date) -> dict[str, Any]:
    """Keep the flag; it is looked at again after the days that the pack names."""
    days = relief_rule("vulnerability.access").parameters["review_days"]
    told = {
        **asked.model_dump(), "on": on, "known_on": on, "reference": desk.reference, "by": desk.who.name,
        "review_on": on + timedelta(days=days),
    }  # fmt: skip
    done = tell(desk.connection, read_event(VulnerabilityFlagged, told))
    return {"borrower": asked.borrower, "event": done.event, "review_on": str(told["review_on"])}


class ReadFlags(Asked):
    """The flags of `borrower` are read; `why` says what they are needed for."""

    borrower: str
    why: str = Field(min_length=1, max_length=2_000)


def read_flags(desk: Desk, asked: ReadFlags, on: date) -> dict[str, Any]:
    """Keep the reading, in the role in which the door knows who reads; `flags`: the references of those that stand.

    What they say is not in the answer: acts are kept for ever and shown to more people (`enquiry.flags` tells it).
    """
    role = ", ".join(desk.who.roles)
    found = difficulty.read_flags(
        desk.connection, asked.borrower, desk.who.name, role, asked.why, number_of(on), desk.reference
    )
    return {"borrower": asked.borrower, "flags": found}
