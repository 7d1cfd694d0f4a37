"""The course of a claim as the pack draws it: which outcome may follow which, what ends a step, what makes a title."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, cast

from afterloan.facts.events import Event, read_event
from afterloan.facts.legal import (
    LegalStepApproved,
    LegalStepEnded,
    LegalStepProposed,
    LegalStepRefused,
    LegalStepStarted,
    LegalTakenOver,
)
from afterloan.rules.packs import Rule, in_force, rules_of


@dataclass(frozen=True, slots=True)
class LegalStep:
    """One proposal and what became of it. `outcomes`: in order of their days."""

    proposal: LegalStepProposed
    approvals: tuple[LegalStepApproved, ...] = ()
    refusal: LegalStepRefused | None = None
    started: LegalStepStarted | None = None
    outcomes: tuple[LegalStepEnded, ...] = ()
    taken: LegalTakenOver | None = None
    """The row of a former system that says the step, where it was not taken here."""

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

    @property
    def since(self) -> date:
        """The day on which it came to its state."""
        if self.outcomes:
            return self.outcomes[-1].on
        told = self.started or self.refusal or self.proposal
        return told.on

    @property
    def waits(self) -> bool:
        """Whether it still waits for people to approve or start it."""
        return self.started is None and self.refusal is None


@dataclass(frozen=True, slots=True)
class Title:
    """What can be enforced: the step, the outcome that says the sums, and until when they are to be paid."""

    step: LegalStep
    told: LegalStepEnded
    in_force_on: date
    perform_by: date

    def part_failed(self, owed_fen: int, on: date) -> bool:
        """Whether a part that was to be paid before a day is missing, of a judgment in parts with so much still owed.

        1,120.00 in parts of 300.00, 300.00 and 520.00, and 820.00 still owed: not before the second was due.
        """
        asked = sum(part.amount_fen for part in self.told.instalments if part.due_on < on)
        return self.debt_fen - owed_fen < asked

    @property
    def debt_fen(self) -> int:
        """All that was granted, in minor units."""
        return self.told.amount_fen


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
        elif isinstance(event, LegalTakenOver):
            found[event.reference] = taken_over(event)
        elif isinstance(event, LegalStepApproved) and event.of in found:
            found[event.of] = replace(found[event.of], approvals=(*found[event.of].approvals, event))
        elif isinstance(event, LegalStepRefused) and event.of in found:
            found[event.of] = replace(found[event.of], refusal=event)
        elif isinstance(event, LegalStepStarted) and event.of in found:
            found[event.of] = replace(found[event.of], started=event)
        elif isinstance(event, LegalStepEnded) and event.of in found:
            found[event.of] = replace(found[event.of], outcomes=(*found[event.of].outcomes, event))
    return list(found.values())


FORMER = "the former system"
"""Who proposed and approved a step that was taken before the loan was in this book."""


def taken_over(event: LegalTakenOver) -> LegalStep:
    """A step that was begun elsewhere, as the course reads it: started, and ended where the row says so.

    A suit taken over as running leaves no room for a payment order beside it; what comes of it is told under the row's
    own reference (`afterloan legal end`). What was granted is what was claimed, unless its outcome is told here.
    """
    same: dict[str, Any] = {"borrower": event.borrower, "loan": event.loan, "step": event.step}
    begun = same | {"on": event.on, "known_on": event.known_on}
    proposal = LegalStepProposed(**begun, reference=event.reference, by=FORMER, reason=f"taken by {FORMER}")
    started = LegalStepStarted(
        **begun, reference=f"{event.reference}:started", of=event.reference, by=FORMER, approvals=(FORMER,),
        claim_fen=event.claim_fen, court=event.court, case_number=event.case_number,
    )  # fmt: skip
    over_on = event.ended_on or event.on
    over = same | {"on": over_on, "known_on": max(event.known_on, over_on)}
    said = [SAID_BY[event.outcome], event.outcome] if event.outcome in SAID_BY else [event.outcome]
    outcomes = tuple(
        read_event(
            LegalStepEnded,
            over
            | {"reference": _of_row(event, outcome), "of": event.reference, "outcome": outcome}
            | {"amount_fen": event.claim_fen, "principal_fen": event.claim_fen, "case_number": event.case_number},
        )
        for outcome in said
        if outcome
    )
    return LegalStep(proposal, started=started, outcomes=cast(tuple[LegalStepEnded, ...], outcomes), taken=event)


SAID_BY = {"final": "granted", "upheld": "granted"}
"""Of outcomes that make a decision enforceable: the one before them that said the sum."""


def _told(rule: Rule, outcome: str) -> Mapping[str, Any]:
    """What the pack says of an outcome; nothing of a word that it does not know (any more)."""
    found: Mapping[str, Any] = rule.parameters["outcomes"].get(outcome) or {}
    return found


def runs(step: LegalStep, rules: Mapping[str, Rule]) -> bool:
    """Whether a step was started and is not over: an order issued waits for the debtor, one objected to has ended."""
    if step.started is None:
        return False
    return not step.outcomes or bool(_told(rules[step.name], step.state).get("runs"))


def later(since: date, told: Mapping[str, Any]) -> date:
    """A day so many `days` or `months` after another, the last of a shorter month: 31 January and one: the 28th."""
    if "days" in told:
        return since + timedelta(int(told["days"]))
    months = since.month - 1 + int(told["months"])
    year, month = since.year + months // 12, months % 12 + 1
    last = (date(year + month // 12, month % 12 + 1, 1) - timedelta(1)).day
    return date(year, month, min(since.day, last))


def starts_of(told: Mapping[str, Any]) -> tuple[str, ...]:
    """The states from which a deadline of the pack runs."""
    return (told["from"],) if isinstance(told["from"], str) else tuple(told["from"])


def deadline(step: LegalStep, rule: Rule, name: str) -> date | None:
    """The last day of a deadline of a step; None while what begins it has not happened."""
    told = rule.parameters["deadlines"][name]
    since = {"started": step.started.on} if step.started else {}
    since |= {o.outcome: o.on for o in step.outcomes}
    found = [since[s] for s in starts_of(told) if s in since]
    return later(max(found), told) if found else None


def why_not_follow(step: LegalStep, rule: Rule, outcome: str, on: date) -> str:
    """Why an outcome cannot follow on a day, in words; empty where it can.

    An order issued on 14 July is not unanswered before the 30th: the debtor has fifteen days.
    """
    outcomes = rule.parameters["outcomes"]
    if outcome not in outcomes:
        return f"is none of {step.name}; there are: {', '.join(outcomes)}"
    told = outcomes[outcome]
    if step.state not in told["after"]:
        return f"cannot follow {step.state}; it follows {' or '.join(told['after'])}"
    if on < step.since:
        return f"cannot be on {on}: it was {step.state} on {step.since}"
    until = deadline(step, rule, told["not_before"]) if "not_before" in told else None
    if until is not None and on <= until:
        return f"cannot be before {until} has passed ({told['not_before'].replace('_', ' ')})"
    return ""


def judgment_in(step: LegalStep, rule: Rule) -> LegalStepEnded | None:
    """The last outcome of a step that says the sums of a debt.

    A row of a former system says no more than a claim: its judgment has the sums that are told with what puts it in
    force here, as of the row's day; where the row has no day, as of the day on which they are told.
    """
    told = next((o for o in reversed(step.outcomes) if _told(rule, o.outcome).get("sums")), None)
    if told is None or not of_row(step, told):
        return told
    later = next((o for o in step.outcomes if o.amount_fen and not of_row(step, o)), None)
    if later is None:
        return told
    dated = {"on": told.on} if step.taken and step.taken.ended_on else {}
    return later.model_copy(update={"outcome": told.outcome, **dated})


def of_row(step: LegalStep, outcome: LegalStepEnded) -> bool:
    """Whether an outcome is what the row of a former system said, not told by a person here."""
    return step.taken is not None and outcome.reference == _of_row(step.taken, outcome.outcome)


def _of_row(event: LegalTakenOver, outcome: str) -> str:
    return f"{event.reference}:{outcome}"


def lacks_sums(step: LegalStep, rule: Rule, outcome: str) -> LegalStepEnded | None:
    """The judgment, told by a row as a mere claim, that an outcome would make enforceable; None where none would be.

    `granted` in a row, `final` told here: what the court granted has to be told with it.
    """
    said = _told(rule, outcome)
    told = judgment_in(step, rule)
    return told if told and said.get("title") and not said.get("sums") and of_row(step, told) else None


def without_sums(step: LegalStep, rule: Rule) -> LegalStepEnded | None:
    """The judgment that the row of a former system says is in force, while nobody has told its sums; else None."""
    return lacks_sums(step, rule, step.state) if step.taken and step.outcomes else None


def title_of(steps: Sequence[LegalStep], rules: Mapping[str, Rule]) -> Title | None:
    """What can be enforced, the latest; None where no court has decided finally, or has granted nothing."""
    for step in reversed(steps):
        if step.name not in rules or not step.outcomes:
            continue
        told = judgment_in(step, rules[step.name])
        ended = step.outcomes[-1]
        since = next(o.on for o in step.outcomes if o.outcome == ended.outcome)  # its sums may be told later
        if told and told.amount_fen and _told(rules[step.name], ended.outcome).get("title"):
            until = ended.perform_by or told.perform_by or ended.on
            return Title(step, told, since, until)
    return None


def closed_by(steps: Sequence[LegalStep], rules: Mapping[str, Rule]) -> str:
    """Why the claim is not pursued any further, in words; empty while it may be: dismissed for good, or given up."""
    for step in steps:
        if step.name not in rules or not step.outcomes:
            continue
        rule, ended = rules[step.name], step.outcomes[-1]
        if _told(rule, ended.outcome).get("bars"):
            return f"{step.name}: {ended.outcome} on {ended.on}"
        last = judgment_in(step, rule)
        if _told(rule, ended.outcome).get("title") and (last is None or not last.amount_fen):
            return f"{step.name}: nothing was granted, {ended.outcome} on {ended.on}"
    return ""


def costs_to_claim(steps: Sequence[LegalStep], rules: Mapping[str, Rule]) -> int:
    """Fees paid for steps that ended so that the next claim may ask for them: an order to which the debtor objected.

    They are costs of that claim, in its own line; no fee of the court is worked out on them.
    """
    total = 0
    for step in steps:
        if step.started and step.outcomes and _told(rules[step.name], step.state).get("cost_passes"):
            total += step.started.fee_fen
    return total
