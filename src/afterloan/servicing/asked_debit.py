"""A debit that borrowers ask for themselves: planned at once by the same rules as the ladder's, and left in peace."""

from datetime import date, timedelta
from typing import Any

import psycopg
from pydantic import Field, field_validator

from afterloan.facts import FactRefused
from afterloan.facts.debit import DebitAttempted
from afterloan.facts.hold import HoldPlaced
from afterloan.facts.outbox import Action, DebitBody, LoanOwed
from afterloan.rules.packs import Finding
from afterloan.servicing.asked import Asked
from afterloan.servicing.debits import ASKED, KIND, place_of_borrower, plan_attempt
from afterloan.servicing.desk import Desk
from afterloan.servicing.verbs import borrower_of_loan
from afterloan.servicing.withdrawal import withdraw_held
from afterloan.store.debits import owed_today
from afterloan.store.events import tell
from afterloan.store.outbox import put
from afterloan.strategy.debit import Owed
from afterloan.strategy.holds import hold_rules

MOST_LOANS = 50


class LoanPart(Asked):
    """What of a debit is for one loan, in minor units."""

    loan: str
    amount_fen: int = Field(gt=0)


class AskDebit(Asked):
    """`borrower` asks that what is due be debited now under a mandate that stands: `parts`, each loan once."""

    borrower: str
    parts: tuple[LoanPart, ...] = Field(min_length=1, max_length=MOST_LOANS)

    @field_validator("parts")
    @classmethod
    def _once(cls, parts: tuple[LoanPart, ...]) -> tuple[LoanPart, ...]:
        if len({part.loan for part in parts}) != len(parts):
            raise ValueError("a loan stands twice; name each once")
        return parts

    def borrowers(self, connection: psycopg.Connection[Any]) -> list[str]:
        """Who asks, and whose the loans are: the same person, or it is refused."""
        return list(dict.fromkeys([self.borrower, *(borrower_of_loan(connection, part.loan) for part in self.parts)]))


def ask_debit(desk: Desk, asked: AskDebit, on: date) -> dict[str, Any]:
    """Plan the debit now, tell it as attempted, and put it where the drain or the next bank file finds it.

    `state`: `asked` (on its way to the bank) or `waits` until `goes_at`, the hour from which debits may run. Of each
    loan at most what is due today: 1,284.50 due, 500.00 asked for: 500.00. Refused with the planner's reason: no
    mandate, a hold, the same money on its way already.
    """
    strange = [name for name in desk.touched.values() if name != asked.borrower]
    if strange:
        raise FactRefused("parts", strange[0], f"not all are loans of {asked.borrower}", "ask for each borrower's own")
    (number,) = desk.touched
    parts = {part.loan: part.amount_fen for part in asked.parts}
    owed = {o.loan: o for o in owed_today(desk.connection, desk.reader, [number], on).get(number, [])}
    loans = tuple(_of_loan(loan, fen, owed.get(loan)) for loan, fen in parts.items())
    key = f"{ASKED}{desk.reference}"
    planned = plan_attempt(desk.connection, desk.reader, asked.borrower, key, desk.now, desk.now, parts)
    goes_at = planned.answer.again_at
    if planned.attempt is None and goes_at is None:
        raise _refused(planned.answer.findings)
    total = planned.attempt.amount_fen if planned.attempt else sum(parts.values())
    body = DebitBody(loans=loans, amount_fen=total, by_borrower=True)
    put(desk.connection, [Action(key, number, KIND, goes_at or desk.now, on, None, body)])
    until = _left_in_peace(desk, asked.borrower, number, on)
    told = {"borrower": asked.borrower, "amount_fen": total, "key": key, "in_peace_until": until.isoformat()}
    if planned.attempt is None:
        assert goes_at is not None
        return told | {"state": "waits", "goes_at": goes_at.isoformat(), "attempt": None}
    return told | {"state": "asked", "goes_at": None, **_attempt(planned.attempt)}


def _attempt(attempt: DebitAttempted) -> dict[str, Any]:
    parts = [{"loan": part.loan, "amount_fen": part.amount_fen} for part in attempt.parts]
    return {"attempt": attempt.reference, "mandate": attempt.mandate, "parts": parts}


def _of_loan(loan: str, fen: int, owed: Owed | None) -> LoanOwed:
    """A part checked: no more than its loan owes today."""
    due = owed.amount_fen if owed else 0
    if fen > due:
        raise FactRefused(
            "amount_fen", fen, f"only {due} of {loan} is due today", "ask for that; to repay more, ask for a quote"
        )
    return LoanOwed(loan=loan, amount_fen=fen, days_past_due=owed.days_past_due if owed else 0)


def _refused(findings: tuple[Finding, ...]) -> FactRefused:
    why = "; ".join(finding.outcome for finding in findings) or "nothing to collect"
    return FactRefused("debit", "", why, "pay by transfer, or sign a mandate", "too_early")


def _left_in_peace(desk: Desk, borrower: str, number: int, on: date) -> date:
    """The hold until the bank has answered; its last day."""
    _, jurisdiction = place_of_borrower(desk.connection, number)
    rule = hold_rules(jurisdiction, on)["payment_on_its_way"]
    until = on + timedelta(days=int(rule.parameters["most_days"]))
    told: dict[str, Any] = {"borrower": borrower, "on": on, "known_on": on, "reference": f"{desk.reference}/hold"}
    told |= {"hold": "payment_on_its_way", "reason": "a debit was asked for", "ends_on": until}
    tell(desk.connection, HoldPlaced(**told, by=desk.who.name or desk.who.kind))
    withdraw_held(desk.connection, borrower, on)
    return until
