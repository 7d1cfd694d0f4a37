"""A borrower's own complaints with their clock, and where they go next who is not answered or does not agree."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import psycopg

from afterloan.enquiry.furnished import borrower_told
from afterloan.enquiry.rules import RuleTold, rule_told
from afterloan.facts import FactRefused
from afterloan.rules.packs import in_force, rules_of
from afterloan.store.complaints import Complaint, complaints_on
from afterloan.store.contacts import place_in


@dataclass(frozen=True, slots=True)
class OwnComplaint:
    """A complaint on a day. `days_left` until it is to be answered (negative: so many days late; None: answered)."""

    complaint: Complaint
    days_left: int | None


@dataclass(frozen=True, slots=True)
class GoesNext:
    """Whom to turn to next, in words of a language, and the rule that says so."""

    words: str
    rule: RuleTold


def own_complaints(connection: psycopg.Connection[Any], borrower: str, on: date) -> list[OwnComplaint]:
    """All complaints of a borrower up to a day, those that wait on top.

    Raised on 10 February under 15 days, looked at on 12 February: to be answered by the 25th, 13 days left.
    """
    return [
        OwnComplaint(c, None if c.answered_on else (c.answer_by - on).days)
        for c in complaints_on(connection, on, borrower)
    ]


def own_complaint(connection: psycopg.Connection[Any], borrower: str, reference: str, on: date) -> OwnComplaint:
    """One of them. Raises FactRefused (unknown), in the same words for what is not there."""
    for one in own_complaints(connection, borrower, on):
        if one.complaint.reference == reference:
            return one
    raise FactRefused("complaint", "", "there is nothing of yours under that name", "look at your own", "unknown")


def goes_next(
    connection: psycopg.Connection[Any], borrower: str, on: date, language: str, about: str = ""
) -> Sequence[GoesNext]:
    """Whom a borrower turns to next at their place, by what it is `about`; the general rule where none binds."""
    place, rules = place_in(connection, borrower_told(connection, borrower)[1]).jurisdiction, rules_of("complaints")
    bind = [
        [r for r in in_force(rules, of, on) if "next" in r.parameters and about in r.parameters.get("about", (about,))]
        for of in (place, "ANY")
    ]
    named = bind[0] or bind[1]
    return [GoesNext(r.parameters["next"][language], told) for r in named if (told := rule_told(r.id))]
