"""Legal steps read out of facts: which stand where, which may be proposed, and which may start. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from afterloan.facts.events import Event
from afterloan.facts.legal import (
    EvidenceKept,
    LegalStepApproved,
    LegalStepEnded,
    LegalStepProposed,
    LegalStepRefused,
    LegalStepStarted,
)
from afterloan.rules.packs import Finding, Rule, in_force, rules_of
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


@dataclass(frozen=True, slots=True)
class LegalStep:
    """One proposal and what became of it. `outcomes`: in order of their days."""

    proposal: LegalStepProposed
    approvals: tuple[LegalStepApproved, ...] = ()
    refusal: LegalStepRefused | None = None
    started: LegalStepStarted | None = None
    outcomes: tuple[LegalStepEnded, ...] = ()

    @property
    def name(self) -> str:
        """The step."""
        return self.proposal.step

    @property
    def state(self) -> str:
        """proposed, approved in part or whole, refused, started, or the last outcome."""
        if self.outcomes:
            return self.outcomes[-1].outcome
        if self.started:
            return "started"
        if self.refusal:
            return "refused by a person"
        return "approved" if self.approvals else "proposed"


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


def step_rules(jurisdiction: str, on: date) -> dict[str, Rule]:
    """The steps that a place knows on a day, by name, in the order of the pack."""
    rules = in_force(rules_of("legal"), jurisdiction, on)
    order = {r.id: k for k, r in enumerate(rules_of("legal"))}
    return {r.parameters["step"]: r for r in sorted(rules, key=lambda r: order[r.id]) if "step" in r.parameters}


def steps_of(events: Iterable[Event]) -> list[LegalStep]:
    """The steps of one loan out of its legal facts, in the order in which they were proposed."""
    found: dict[str, LegalStep] = {}
    for event in events:
        if isinstance(event, LegalStepProposed):
            found[event.reference] = LegalStep(event)
        elif isinstance(event, LegalStepApproved) and event.of in found:
            found[event.of] = replace(found[event.of], approvals=(*found[event.of].approvals, event))
        elif isinstance(event, LegalStepRefused) and event.of in found:
            found[event.of] = replace(found[event.of], refusal=event)
        elif isinstance(event, LegalStepStarted) and event.of in found:
            found[event.of] = replace(found[event.of], started=event)
        elif isinstance(event, LegalStepEnded) and event.of in found:
            found[event.of] = replace(found[event.of], outcomes=(*found[event.of].outcomes, event))
    return list(found.values())


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
    yield f"a hold stops legal steps: {claim.held}" if claim.held and told["step"] != "discontinuance" else ""
    if claim.days_past_due < told["least_days_past_due"]:
        yield f"{claim.days_past_due} days past due, at least {told['least_days_past_due']} are needed"
    if claim.payoff_fen < told["least_payoff_fen"]:
        yield f"{claim.payoff_fen} fen owed, at least {told['least_payoff_fen']} are needed"
    for what in told["evidence"]:
        yield f"no evidence of {what} is kept" if what not in claim.evidence else ""
    ended = {s.name: {o.outcome for o in s.outcomes} for s in steps if s.started}
    for before in told.get("after", ()):
        yield f"{before} has not been taken and answered" if not ended.get(before) else ""
    for before, outcomes in told.get("not_after", {}).items():
        yield f"{before} has been {' or '.join(outcomes)} already" if ended.get(before, set()) & set(outcomes) else ""
    titles = told.get("after_any", {})
    if titles and not any(ended.get(s, set()) & set(outcomes) for s, outcomes in titles.items()):
        yield "none of these has ended so: " + ", ".join(f"{s} {' or '.join(o)}" for s, o in titles.items())
    if any(s.name == told["step"] and s.started and not s.outcomes for s in steps):
        yield f"{told['step']} is under way already"
    if told.get("within_enforcement_limit"):
        if claim.enforceable_until is None or claim.on > claim.enforceable_until:
            yield f"enforcement could be applied for until {claim.enforceable_until}"
    elif told["step"] not in ("discontinuance", "defaulter_listing") and claim.period and claim.period.lapsed(claim.on):
        yield f"the period of limitation ended on {claim.period.ends_on}"
    if told.get("within_small_claims"):
        most = small_claims_most(claim.province, claim.jurisdiction, claim.on)
        yield f"{claim.payoff_fen} fen is above the {most} fen of a small claim" if claim.payoff_fen > most else ""


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

    A deadline falls away once a later outcome of the same step is there.
    """
    found = []
    rules = step_rules(jurisdiction, on)
    for step in steps:
        if step.started is None or step.name not in rules:
            continue
        since: dict[str, date] = {"started": step.started.on}
        since.update((o.outcome, o.on) for o in step.outcomes)
        last = step.outcomes[-1].outcome if step.outcomes else "started"
        for name, told in rules[step.name].parameters["deadlines"].items():
            if told["from"] == last:
                begun = since[last]
                found.append(Deadline(step.name, name, _later(begun, told), begun))
    return sorted(found, key=lambda d: (d.on, d.name))


def _later(since: date, told: dict[str, Any]) -> date:
    if "days" in told:
        return since + timedelta(int(told["days"]))
    months = since.month - 1 + int(told["months"])
    year, month = since.year + months // 12, months % 12 + 1
    last = (date(year + month // 12, month % 12 + 1, 1) - timedelta(1)).day
    return date(year, month, min(since.day, last))


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
