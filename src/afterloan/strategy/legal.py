"""Legal steps read out of facts: which stand where, which may be proposed, and which may start. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import numpy as np

from afterloan.counting import counted
from afterloan.facts.events import Event
from afterloan.facts.legal import EvidenceKept, LegalStepApproved
from afterloan.loan.terms import Component
from afterloan.rules.packs import Finding, Rule, rules_of
from afterloan.strategy.course import (
    LegalStep,
    Title,
    closed_by,
    deadline,
    later,
    runs,
    starts_of,
    step_rules,
    title_of,
)
from afterloan.strategy.limitation import Limitation, rule_of


@dataclass(frozen=True, slots=True)
class LegalClaim:
    """What a step is measured by: the loan on a day. `held`: the hold that stops legal steps, or empty."""

    on: date
    jurisdiction: str
    days_past_due: int
    payoff_fen: int
    evidence: frozenset[str] = frozenset()
    period: Limitation | None = None
    enforceable_until: date | None = None
    province: str = "any"
    held: str = ""
    ahead_fen: int = 0
    """Principal that is not due yet: no court grants it before it is called due."""
    unnoticed: bool = False
    """Called due by a letter of ours that nothing proves to have been delivered."""
    off_books_fen: int = 0
    """Written off and not recovered: the ledger has no parts of it."""


@dataclass(frozen=True, slots=True)
class LegalSum:
    """What is owed before the law on a day, in minor units: the one sum of papers, steps, explain and ledger."""

    principal_fen: int
    interest_fen: int
    penalty_fen: int
    costs_fen: int
    extra_fen: int
    """Extra interest for late performance of a judgment."""
    off_books_fen: int
    """Written off and not recovered."""
    waiting_fen: int
    """Money that waits and counts against it; below 0: given back without cover, owed too."""

    @property
    def total_fen(self) -> int:
        """All of it, never less than nothing."""
        owed = self.principal_fen + self.interest_fen + self.penalty_fen + self.costs_fen + self.extra_fen
        return max(owed - self.waiting_fen, 0) + self.off_books_fen


def owed_by_law(position: np.void) -> LegalSum:
    """What a POSITION comes to before the law. 628.00 of principal, 2.51 of interest and 2.85 extra: 633.36.

    Interest is what is left of the payoff: what fell due and what was earned since, or all that was signed for where a
    product says so.
    """
    owed, waiting = position["outstanding_fen"], int(position["unapplied_fen"])
    extra, payoff = int(position["extra_interest_fen"]), int(position["payoff_fen"])
    principal, penalty, costs = (int(owed[c]) for c in (Component.PRINCIPAL, Component.PENALTY, Component.FEE))
    interest = payoff + waiting - principal - penalty - costs
    if payoff == 0:
        interest = int(owed[Component.INTEREST]) + int(position["accrued_interest_fen"])
    return LegalSum(principal, interest, penalty - extra, costs, extra, int(position["claim_fen"]), waiting)


@dataclass(frozen=True, slots=True)
class Deadline:
    """Something that is to have happened by the end of a day."""

    step: str
    name: str
    on: date
    since: date


@dataclass(frozen=True, slots=True)
class StepAnswer:
    """Whether a step may be proposed or started: the findings, of which those with outcome `blocked` say why not."""

    findings: tuple[Finding, ...] = field(default=())

    @property
    def allowed(self) -> bool:
        """Nothing blocks it."""
        return not self.why

    @property
    def why(self) -> tuple[str, ...]:
        """What blocks it, in words."""
        return tuple(str(f.inputs["why"]) for f in self.findings if f.outcome == "blocked")


def roles_known() -> set[str]:
    """Every role in which the packs ask for an approval: by it legal steps and losses are decided."""
    return {role for rule in rules_of("legal") for role in rule.parameters.get("approvals", ())}


def evidence_of(events: Iterable[Event], on: date) -> frozenset[str]:
    """The kinds of evidence in our keeping on a day."""
    return frozenset(e.what for e in events if isinstance(e, EvidenceKept) and e.on <= on)


def may_propose(claim: LegalClaim, steps: Sequence[LegalStep], name: str) -> StepAnswer:
    """Whether the preconditions of a step are met on a day; each unmet one is a finding that says what is missing."""
    rule = step_rules(claim.jurisdiction, claim.on).get(name)
    if rule is None:
        return StepAnswer((_no_rule(claim, name),))
    blocked = [why for why in _unmet(claim, steps, rule.parameters) if why]
    if not blocked:
        return StepAnswer((rule.finding(claim.on, "met", step=name, days_past_due=claim.days_past_due),))
    return StepAnswer(tuple(rule.finding(claim.on, "blocked", step=name, why=why) for why in blocked))


def _no_rule(claim: LegalClaim, name: str) -> Finding:
    why = f"the packs know no step {name!r} in {claim.jurisdiction}; a lawyer of the place writes it first"
    clause = "no rule"
    return Finding(rule="legal.none", clause=clause, on=claim.on, outcome="blocked", inputs={"step": name, "why": why})


def _unmet(claim: LegalClaim, steps: Sequence[LegalStep], told: dict[str, Any]) -> Iterable[str]:
    """Each precondition in turn: empty when it is met, else what is missing."""
    rules = step_rules(claim.jurisdiction, claim.on)
    yield f"a hold stops legal steps: {claim.held}" if claim.held and told["step"] != "discontinuance" else ""
    if told["step"] == "discontinuance" and not steps:
        yield "no legal step has begun that could be discontinued"
    if claim.days_past_due < told["least_days_past_due"]:
        yield f"{counted(claim.days_past_due, 'day')} past due, at least {told['least_days_past_due']} are needed"
    if claim.payoff_fen < told["least_payoff_fen"]:
        yield f"{claim.payoff_fen} minor units owed, at least {told['least_payoff_fen']} minor units are needed"
    for what in told["evidence"]:
        yield f"no evidence of {what} is kept" if what not in claim.evidence else ""
    for before, outcomes in told.get("after", {}).items():
        yield _not_after(claim, steps, rules, before, outcomes)
    yield from _excluded(steps, rules, told)
    if told.get("whole_debt") and claim.ahead_fen > 0:
        yield f"{claim.ahead_fen} minor units of it are not due yet: call the rest of the loan due by notice first"
    if told.get("whole_debt") and claim.unnoticed:
        yield "the notice that called it due has not been delivered: await its receipt, or keep evidence of `notice`"
    if told.get("within_enforcement_limit"):
        yield from _not_enforceable(claim, steps, rules)
    elif told["step"] not in ("discontinuance", "defaulter_listing") and claim.period and claim.period.lapsed(claim.on):
        yield f"the period of limitation ended on {claim.period.ends_on}"
    if told.get("within_small_claims"):
        most = small_claims_most(claim.province, claim.jurisdiction, claim.on)
        above = f"{claim.payoff_fen} minor units is above the {most} minor units of a small claim"
        yield above if claim.payoff_fen > most else ""


def over_for_good(claim: LegalClaim, steps: Sequence[LegalStep], step: LegalStep) -> str:
    """Why a step that waits for people can never be taken any more, in words; empty while it may still be.

    Paid, decided already, or given up: what only has to wait (a hold, a deadline, evidence) is no reason.
    """
    if claim.payoff_fen == 0:
        return "nothing is owed any more"
    rules = step_rules(claim.jurisdiction, claim.on)
    title = title_of(steps, rules)
    if title and step.name in rules and rules[step.name].parameters.get("before_title"):
        return f"decided already ({title.step.name}: {title.told.outcome} on {title.told.on}); it can only be enforced"
    ended = closed_by(steps, rules)
    return f"the claim is not pursued any further ({ended})" if ended else ""


def _not_after(
    claim: LegalClaim, steps: Sequence[LegalStep], rules: Mapping[str, Rule], before: str, outcomes: Sequence[str]
) -> str:
    """Why a step after another cannot be taken yet: that has not ended so, or the time to answer it still runs."""
    found = [s for s in steps if s.name == before and any(o.outcome in outcomes for o in s.outcomes)]
    if not found:
        return f"no {before} has been {' or '.join(outcomes)}"
    ends = [
        deadline(step, rules[before], name)
        for step in found
        for name, told in rules[before].parameters["deadlines"].items()
        if set(starts_of(told)) & set(outcomes)
    ]
    until = min((day for day in ends if day), default=None)
    return f"the debtor has until {until} to answer the {before}" if until and claim.on <= until else ""


def _excluded(steps: Sequence[LegalStep], rules: Mapping[str, Rule], told: dict[str, Any]) -> Iterable[str]:
    """What of the course so far leaves no room for a step: one like it, another before a court, a title, an end."""
    name = told["step"]
    for step in steps:
        if step.name not in rules or not runs(step, rules):
            continue
        if step.name == name:
            yield f"{name} is under way already"
        elif told.get("before_court") and rules[step.name].parameters.get("before_court"):
            yield f"{step.name} is under way; only one of them can be before a court"
    title = title_of(steps, rules)
    if told.get("before_title") and title:
        yield f"decided already ({title.step.name}: {title.told.outcome} on {title.told.on}); it can only be enforced"
    ended = closed_by(steps, rules)
    yield f"the claim is not pursued any further ({ended})" if ended else ""
    needed = told.get("after_any", {})
    if needed and not any(s.outcomes and s.state in needed.get(s.name, ()) for s in steps):
        yield "none of these has ended so: " + ", ".join(f"{s} {' or '.join(o)}" for s, o in needed.items())


def _not_enforceable(claim: LegalClaim, steps: Sequence[LegalStep], rules: Mapping[str, Rule]) -> Iterable[str]:
    title = title_of(steps, rules)
    if title is None:
        yield "nothing can be enforced: no order, judgment or confirmed agreement is in force"
    elif claim.on <= title.perform_by:
        yield f"the debtor has until {title.perform_by} to perform it"
    elif title.told.instalments and not _part_failed(claim, title):
        yield "the court lets the debtor pay in parts, and none of them is overdue"
    elif claim.enforceable_until is None or claim.on > claim.enforceable_until:
        yield f"enforcement could be applied for until {claim.enforceable_until}"


def _part_failed(claim: LegalClaim, title: Title) -> bool:
    """Whether one of the parts in which a debt may be paid is overdue: by the ledger, off the books by what came in."""
    if claim.off_books_fen:
        return title.part_failed(claim.off_books_fen, claim.on)
    return claim.days_past_due > 0


def small_claims_most(province: str, jurisdiction: str, on: date) -> int:
    """The most of a small claim without agreement: wage × 500 ‰. A wage of 130,000.00: 65,000.00 (rounded down)."""
    rule, wages = rule_of(jurisdiction, "small-claims", on), rule_of(jurisdiction, "wages", on)
    if rule is None or wages is None:
        return 0
    told = wages.parameters["wage_fen"]
    return int(told.get(province, told["any"])) * int(rule.parameters["one_instance_permille"]) // 1_000


def may_start(claim: LegalClaim, steps: Sequence[LegalStep], proposal: str) -> StepAnswer:
    """Whether a proposed step may start: every role that the pack demands has said yes, each in another person.

    Approvals of the proposer, twice of one person, of before or long after the proposal, or beside a refusal count
    for nothing; the preconditions must still be met on the day.
    """
    step = next((s for s in steps if s.proposal.reference == proposal), None)
    if step is None:
        return StepAnswer((_missing(claim, proposal),))
    rule = step_rules(claim.jurisdiction, claim.on).get(step.name)
    if rule is None:
        return StepAnswer((_no_rule(claim, step.name),))
    blocked = list(_not_agreed(claim, step, rule.parameters["approvals"]))
    others = [s for s in steps if s is not step]
    blocked += may_propose(claim, others, step.name).why
    if blocked:
        return StepAnswer(tuple(rule.finding(claim.on, "blocked", step=step.name, why=why) for why in blocked))
    return StepAnswer((rule.finding(claim.on, "agreed", step=step.name, by=[a.by for a in step.approvals]),))


def _missing(claim: LegalClaim, proposal: str) -> Finding:
    told = {"why": f"there is no proposal {proposal!r}; propose the step first"}
    return Finding(rule="legal.none", clause="no proposal", on=claim.on, outcome="blocked", inputs=told)


def _not_agreed(claim: LegalClaim, step: LegalStep, roles: Sequence[str]) -> Iterable[str]:
    if step.refusal:
        yield f"{step.refusal.by} refused it on {step.refusal.on}; a new proposal is needed"
    if step.started:
        yield f"it started on {step.started.on} already"
    good = counting(step, claim.on)
    taken: set[str] = set()
    for role in roles:
        by = next((a.by for a in good if a.role == role and a.by not in taken), None)
        if by is None:
            yield f"no approval by a {role}"
        else:
            taken.add(by)


def counting(step: LegalStep, on: date) -> list[LegalStepApproved]:
    """The approvals of a step that count on a day (rule `any.approval`)."""
    rule = rule_of("ANY", "approval", on)
    assert rule is not None
    longest = timedelta(int(rule.parameters["good_for_days"]))
    return [
        a
        for a in step.approvals
        if a.by != step.proposal.by and step.proposal.on <= a.on <= on <= a.on + longest and a.step == step.name
    ]


def deadlines(steps: Sequence[LegalStep], jurisdiction: str, on: date) -> list[Deadline]:
    """What is still to happen in steps that run, the earliest first. An order issued on 2 March: objection by the 17th.

    A deadline falls away once a later outcome of the same step is there; all of them once a title is in force or the
    claim is not pursued any further, but for those of the steps that come after a title.
    """
    found = []
    rules = step_rules(jurisdiction, on)
    over = bool(closed_by(steps, rules))
    decided = title_of(steps, rules) is not None or any(s.name != "demand_letter" and s.started for s in steps)
    for step in steps:
        if step.started is None or step.name not in rules or over:
            continue
        told = rules[step.name].parameters
        if told.get("before_title") and decided and not runs(step, rules):
            continue
        for name, one in told["deadlines"].items():
            if step.state in starts_of(one):
                found.append(Deadline(step.name, name, later(step.since, one), step.since))
    return sorted(found, key=lambda d: (d.on, d.name))


def court_fee(step: str, claim_fen: int, jurisdiction: str, on: date) -> int:
    """The court's fee for a claim in fen, by bands, each rounded half up; 0 where the step has none.

    A claim of 12,000.00 by suit: 50.00 + 2,000.00 × 2.5 % = 100.00; by payment order a third of it: 33.33.
    """
    rule = rule_of(jurisdiction, "court-fees", on)
    if rule is None or step not in rule.parameters:
        return 0
    told = rule.parameters[step]
    low, ppm_fen = int(told["to_fen"]), int(told["base_fen"]) * 1_000_000
    for high, ppm in told["steps"]:
        ppm_fen += max(min(claim_fen, int(high)) - low, 0) * int(ppm)
        low = int(high)
    divisor = 1_000_000 * int(told["divide"])
    return (ppm_fen + divisor // 2) // divisor


def extra_interest(debt_fen: int, days: int, rule: Rule) -> int:
    """The extra interest of a judgment, rounded half up: 10,000.00 × 0.0175 % × 100 days = 175.00 (RULES 6.6)."""
    return (debt_fen * days * int(rule.parameters["extra_ppm_day"]) + 500_000) // 1_000_000
