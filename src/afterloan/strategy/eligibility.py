"""Which plan a pack allows for a loan on a day, with a finding for each rule that was asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache

from afterloan.counting import counted
from afterloan.rules.packs import Finding, PackRefused, Rule, in_force, rules_of

ANY = "ANY"


@cache
def relief_rule(name: str, jurisdiction: str = ANY, on: date = date(2026, 1, 1)) -> Rule:
    """A rule of the packs `relief` by its id. Raises PackRefused."""
    for rule in rules_of("relief"):
        if rule.id == name:
            return rule
    raise PackRefused(f"relief: no rule {name!r}; add it to a file of that folder")


@cache
def plan_rule(kind: str, jurisdiction: str, on: date) -> Rule | None:
    """The rule for a kind of plan that binds on a day: that of the place before the general one; None: not offered."""
    rules = rules_of("relief")
    for rule in [*in_force(rules, jurisdiction, on), *in_force(rules, ANY, on)]:
        if rule.parameters.get("plan") == kind:
            return rule
    return None


@dataclass(frozen=True, slots=True)
class PlanCase:
    """What eligibility asks about: the loan on its day, the borrower's hardship, plans agreed before."""

    on: date
    jurisdiction: str
    days_past_due: int
    hardship_granted: bool
    plans: tuple[tuple[str, date], ...] = ()
    payments_in_time: int = 0
    months_on_book: int = 0


@dataclass(frozen=True, slots=True)
class PlanAsked:
    """What of a plan a rule asks about: periods, share that is paid or kept, days until it expires."""

    kind: str
    periods: int = 0
    rate_permille: int = 1_000
    share_permille: int = 1_000
    days: int = 0
    capitalise: bool = False


@dataclass(frozen=True, slots=True)
class EligibilityAnswer:
    """Whether a plan is allowed: all reasons why not, each with its remedy, and the findings."""

    allowed: bool
    reasons: tuple[str, ...]
    findings: tuple[Finding, ...]


def eligible(asked: PlanAsked, case: PlanCase) -> EligibilityAnswer:
    """Whether the pack of the place allows a plan for this loan now.

    A settlement at 60 days past due: no, from 91 days on; re-instalment over 72 periods: no, at most 60.
    """
    reasons = against(asked, case)
    rule = plan_rule(asked.kind, case.jurisdiction, case.on)
    if rule is None:
        return EligibilityAnswer(False, tuple(reasons), ())
    outcome = "allowed" if not reasons else "; ".join(reasons)
    told = {
        "plan": asked.kind, "periods": asked.periods, "days_past_due": case.days_past_due,
        "hardship": case.hardship_granted, "plans_before": len(case.plans),
    }  # fmt: skip
    return EligibilityAnswer(not reasons, tuple(reasons), (rule.finding(case.on, outcome, **told),))


def against(asked: PlanAsked, case: PlanCase) -> list[str]:
    """What speaks against a plan: every reason; none: it is allowed."""
    rule = plan_rule(asked.kind, case.jurisdiction, case.on)
    if rule is None:
        return [f"{asked.kind.replace('_', ' ')} is not offered in {case.jurisdiction}"]
    return [*_about_loan(rule, case), *_about_plan(rule, asked), *_about_past(rule, asked, case)]


def _about_loan(rule: Rule, case: PlanCase) -> list[str]:
    p, found = rule.parameters, []
    if case.days_past_due < p.get("least_days_past_due", 0):
        found.append(
            f"{counted(case.days_past_due, 'day')} past due; offered from {counted(p['least_days_past_due'], 'day')} on"
        )
    if case.days_past_due > p.get("most_days_past_due", case.days_past_due):
        found.append(
            f"{counted(case.days_past_due, 'day')} past due; offered up to {counted(p['most_days_past_due'], 'day')}"
        )
    if p.get("hardship") and not case.hardship_granted:
        found.append("no hardship has been granted; apply for it first")
    if case.payments_in_time < p.get("payments_before", 0):
        found.append(f"{counted(case.payments_in_time, 'payment')} on time; {p['payments_before']} are asked for first")
    if case.months_on_book < p.get("months_on_book", 0):
        found.append(f"{counted(case.months_on_book, 'month')} on book; offered from {p['months_on_book']} on")
    return found


def _about_plan(rule: Rule, asked: PlanAsked) -> list[str]:
    p, found = rule.parameters, []
    if asked.periods > p.get("most_periods", asked.periods):
        found.append(f"{asked.periods} periods; at most {p['most_periods']}")
    if asked.rate_permille < p.get("least_rate_permille", 0):
        found.append(f"{asked.rate_permille} per mille of the rate; not less than {p['least_rate_permille']}")
    if asked.share_permille < p.get("least_permille", 0):
        found.append(f"{asked.share_permille} per mille of what is owed; not less than {p['least_permille']}")
    if asked.days > p.get("most_days", asked.days):
        found.append(f"open for {counted(asked.days, 'day')}; at most {p['most_days']}")
    if asked.capitalise and not p.get("capitalise", False):
        found.append("interest may not become principal here; spread it beside the instalments")
    return found


def _about_past(rule: Rule, asked: PlanAsked, case: PlanCase) -> list[str]:
    p, found = rule.parameters, []
    same = [on for kind, on in case.plans if kind == asked.kind]
    for name, days in (("most_in_a_year", 365), ("most_in_five_years", 1_826)):
        recent = [on for on in same if (case.on - on).days < days]
        if name in p and len(recent) >= p[name]:
            free = date.fromordinal(min(recent).toordinal() + days)
            found.append(f"{len(recent)} such plans in {counted(days, 'day')}; again from {free}")
    return found


def all_findings(answers: Sequence[EligibilityAnswer]) -> list[Finding]:
    """The findings of several answers in order."""
    return [f for answer in answers for f in answer.findings]
