"""A loan held for one decision about it: its book as known on a day, and what was told of its borrower."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import psycopg

from afterloan.dates import date_of
from afterloan.facts.events import Event
from afterloan.facts.relief import (
    PLAN_EVENTS,
    HardshipApplied,
    HardshipDecided,
    PlanAccepted,
    PlanOffered,
    QuoteExecuted,
)
from afterloan.loan.book import Book
from afterloan.loan.reckon import reckon_loan
from afterloan.loan.suppose import alone
from afterloan.rules.packs import Finding
from afterloan.store.events import events_of
from afterloan.store.loans import ONE_LOAN, loans_now
from afterloan.store.outbox import put_findings
from afterloan.store.relief import HeldLoan, hold_loan
from afterloan.strategy.eligibility import PlanCase
from afterloan.strategy.hardship import (
    hardships_of,
)
from afterloan.strategy.planner import case_of
from afterloan.tracing import span

Connection = psycopg.Connection[Any]


LOOKED_AT = (*PLAN_EVENTS, HardshipApplied.KIND, HardshipDecided.KIND, QuoteExecuted.KIND)
"""Kinds of events that a decision about a loan looks at; nothing else that was ever told of the borrower is read."""


@dataclass(frozen=True, slots=True)
class Open:
    """A loan held in an open transaction, with its book as known on a day and what was told of its borrower.

    `events`: those of LOOKED_AT.
    """

    connection: psycopg.Connection[Any]
    loan: HeldLoan
    book: Book
    events: list[Event]
    on: int

    def keep(self, findings: Sequence[Finding], about: str) -> None:
        """Keep findings about this loan."""
        put_findings(self.connection, [(self.loan.borrower, self.loan.loan, about, f) for f in findings])

    def case(self) -> PlanCase:
        """What eligibility asks about."""
        with span("reckoning", loans=1):
            now = reckon_loan(self.book, 0, self.on)
        hardship = hardships_of(self.events, date_of(self.on)).granted is not None
        return case_of(
            now, date_of(self.on), self.loan.jurisdiction, hardship, plans_before(self.events, self.loan.reference)
        )


def opened(connection: Connection, loan: str, on: int) -> Open:
    """A loan held for one decision in the caller's transaction; all of it commits, or none of it."""
    held = hold_loan(connection, loan)
    book = alone(loans_now(connection, ONE_LOAN, {"of": held.loan}), 0, on)
    events = events_of(connection, held.borrower_reference, LOOKED_AT, date_of(on), date_of(on))
    return Open(connection, held, book, events, on)


def plans_before(events: Sequence[Event], loan: str) -> list[tuple[str, date]]:
    """The plans that were accepted for a loan, each with its day."""
    offered = {e.reference: e for e in events if isinstance(e, PlanOffered) and e.loan == loan}
    return [(offered[e.of].plan, e.on) for e in events if isinstance(e, PlanAccepted) and e.of in offered]
