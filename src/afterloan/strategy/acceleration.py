"""Whether the rest of a loan may be called due at once, and whether that may be withdrawn. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from afterloan.counting import counted
from afterloan.dates import NEVER, date_of
from afterloan.loan.reckon import Reckoned
from afterloan.loan.suppose import owed_by_row
from afterloan.loan.terms import Component
from afterloan.rules.packs import Finding, Rule, in_force, rules_of
from afterloan.strategy.course import LegalStep
from afterloan.strategy.legal import LegalClaim, StepAnswer

PRINCIPAL = int(Component.PRINCIPAL)


@dataclass(frozen=True, slots=True)
class Debt:
    """What a loan owes on a day, as an acceleration is measured: minor units, instalments past due and unpaid."""

    lent_fen: int
    overdue_principal_fen: int
    ahead_fen: int
    """Principal that is not due yet."""
    instalments_unpaid: int
    accelerated_on: date | None = None


def debt_of(reckoned: Reckoned, on: int) -> Debt:
    """The debt of a loan reckoned to the end of day `on`."""
    p, rows = reckoned.position, reckoned.instalments
    unpaid = int(((rows["due_on"] < on) & (owed_by_row(rows) > 0)).sum())
    due = int(p["arrears_fen"][PRINCIPAL] + p["due_today_fen"][PRINCIPAL])
    called = None if p["accelerated_on"] == NEVER else date_of(int(p["accelerated_on"]))
    lent, ahead = int(p["disbursed_fen"]), int(p["outstanding_fen"][PRINCIPAL]) - due
    return Debt(lent, int(p["arrears_fen"][PRINCIPAL]), ahead, unpaid, called)


def _rule(claim: LegalClaim, act: str) -> Rule | None:
    return next(
        (r for r in in_force(rules_of("legal"), claim.jurisdiction, claim.on) if r.parameters.get("act") == act), None
    )


def _answer(claim: LegalClaim, act: str, unmet: Iterable[str] | None, rule: Rule | None) -> StepAnswer:
    if rule is None or unmet is None:
        why = f"the packs know no rule of {act} in {claim.jurisdiction}; a lawyer of the place writes it first"
        told = {"act": act, "why": why}
        return StepAnswer((Finding(rule="legal.none", clause="no rule", on=claim.on, outcome="blocked", inputs=told),))
    blocked = [why for why in unmet if why]
    if not blocked:
        return StepAnswer((rule.finding(claim.on, "met", act=act, days_past_due=claim.days_past_due),))
    return StepAnswer(tuple(rule.finding(claim.on, "blocked", act=act, why=why) for why in blocked))


def may_accelerate(claim: LegalClaim, steps: Sequence[LegalStep], debt: Debt) -> StepAnswer:
    """Whether the preconditions of the pack are met on the day; each unmet one is a finding that says what is missing.

    1,000.00 lent, 180.00 of it and two instalments past due for 70 days: neither a fifth nor three, so not yet.
    """
    rule = _rule(claim, "accelerate")
    return _answer(claim, "acceleration", _unmet(claim, steps, debt, rule) if rule else None, rule)


def _unmet(claim: LegalClaim, steps: Sequence[LegalStep], debt: Debt, rule: Rule) -> Iterable[str]:
    told = rule.parameters
    yield f"a hold stops legal steps: {claim.held}" if claim.held else ""
    yield f"it was called due on {debt.accelerated_on} already" if debt.accelerated_on else ""
    yield "" if debt.ahead_fen > 0 else "nothing is left to call due: all that was lent has fallen due"
    if claim.days_past_due < told["least_days_past_due"]:
        yield f"{counted(claim.days_past_due, 'day')} past due, at least {told['least_days_past_due']} are needed"
    share, count = int(told["either"]["overdue_permille"]), int(told["either"]["instalments_unpaid"])
    if debt.overdue_principal_fen * 1000 < share * debt.lent_fen and debt.instalments_unpaid < count:
        unpaid = counted(debt.instalments_unpaid, "instalment")
        now = f"{unpaid} and {debt.overdue_principal_fen} of {debt.lent_fen} minor units"
        yield f"{now} are past due; {counted(count, 'instalment')}, or {share} in a thousand, are needed"
    for what in told["evidence"]:
        yield f"no evidence of {what} is kept" if what not in claim.evidence else ""
    yield _demanded(claim, steps, int(told["demand_unanswered_days"]))


def _demanded(claim: LegalClaim, steps: Sequence[LegalStep], days: int) -> str:
    delivered = [o.on for s in steps if s.name == "demand_letter" for o in s.outcomes if o.outcome == "delivered"]
    if not delivered:
        return "no demand letter has been delivered"
    until = min(delivered) + timedelta(days)
    return f"the borrower has until {until} to answer the demand" if claim.on <= until else ""


def may_withdraw(claim: LegalClaim, steps: Sequence[LegalStep], debt: Debt, arrears_fen: int) -> StepAnswer:
    """Whether an acceleration may be withdrawn: arrears met, and no suit begun.

    `arrears_fen`: what would be past due without the acceleration, in minor units.
    """
    rule = _rule(claim, "withdraw_acceleration")
    return _answer(claim, "withdrawal", _unmet_withdrawal(steps, debt, arrears_fen, rule) if rule else None, rule)


def _unmet_withdrawal(steps: Sequence[LegalStep], debt: Debt, arrears_fen: int, rule: Rule) -> Iterable[str]:
    yield "" if debt.accelerated_on else "it is not called due"
    yield f"{arrears_fen} minor units of arrears are not met" if arrears_fen > 0 else ""
    for step in steps:
        if step.name in rule.parameters["not_after"] and step.started:
            yield f"{step.name} started on {step.started.on}"
