"""How a claim stands before the law: the one sum owed, its steps and their words, deadlines, what may come next."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import psycopg

from afterloan.counting import counted
from afterloan.enquiry.proposals import ToApprove, waiting
from afterloan.enquiry.tasks import Task, kinds_sent, tasks
from afterloan.facts.legal import EvidenceKept
from afterloan.money import show_amount
from afterloan.rules.packs import Rule
from afterloan.store.legal import LegalCase, LoanSteps, all_steps, case_of
from afterloan.strategy.course import LegalStep, runs, step_rules, title_of, why_not_follow
from afterloan.strategy.legal import deadlines, may_propose, owed_by_law
from afterloan.strategy.limitation import rule_of


def legal_case_told(connection: psycopg.Connection[Any], loan: str, on: date) -> dict[str, Any]:
    """A claim on a day as JSON values: `owed` by part and in all, `steps`, `deadlines`, `next` (what each step lacks).

    The sum is that of `explain`, of the papers and of the ledger. Raises FactRefused for an unknown loan.
    """
    case = case_of(connection, loan, on)
    claim, owed = case.claim, owed_by_law(case.reckoned.position)
    rules = step_rules(claim.jurisdiction, on)
    title = title_of(case.steps, rules)
    told: dict[str, Any] = {"loan": loan, "borrower": case.borrower, "on": on.isoformat(), "held": claim.held}
    told |= {"days_past_due": claim.days_past_due, "owed": {**asdict(owed), "total_fen": owed.total_fen}}
    told["limitation"] = _limitation(case)
    told["interrupting"] = _to_tell(claim.jurisdiction, on, rules) if claim.period else []
    told["title"] = title and {
        "step": title.step.name, "in_force_on": title.in_force_on.isoformat(), "debt_fen": title.debt_fen,
        "perform_by": title.perform_by.isoformat(),
        "instalments": [part.model_dump(mode="json") for part in title.told.instalments],
        "enforceable_until": claim.enforceable_until and claim.enforceable_until.isoformat(),
    }  # fmt: skip
    told["steps"] = [_step(step, rules, on) for step in case.steps]
    told["deadlines"] = [
        {"step": d.step, "name": d.name, "on": d.on.isoformat()}
        for d in (deadlines(case.steps, claim.jurisdiction, on) if claim.payoff_fen else [])
    ]
    told["evidence"] = [
        {"what": e.what, "name": e.name, "sha256": e.sha256, "on": e.on.isoformat()}
        for e in case.events if isinstance(e, EvidenceKept)
    ]  # fmt: skip
    told["next"] = {name: list(may_propose(claim, case.steps, name).why) for name in rules}
    return told


BY_FACTS = ("debit_taken", "part_payment", "instalment_plan", "request_for_delay")
"""What interrupts a period and is read off money, plans and promises."""


def _to_tell(jurisdiction: str, on: date, rules: Mapping[str, Rule]) -> list[str]:
    """The causes that begin a period anew and that no other fact and no step tells: a person tells them."""
    period = rule_of(jurisdiction, "limitation", on)
    counted = {*BY_FACTS, *(rule.parameters["interrupts"] for rule in rules.values())}
    return [cause for cause in (period.parameters["interrupting"] if period else ()) if cause not in counted]


def _limitation(case: LegalCase) -> dict[str, Any] | None:
    period = case.claim.period
    if period is None:
        return None
    left = period.days_left(case.claim.on)
    return {"ends_on": period.ends_on.isoformat(), "days_left": left, "began_by": period.cause}


def _step(step: LegalStep, rules: Mapping[str, Any], on: date) -> dict[str, Any]:
    words = rules[step.name].parameters["outcomes"].get(step.state, {}).get("words", {}) if step.name in rules else {}
    started = step.started
    return {
        "step": step.name, "proposal": step.proposal.reference, "proposed_on": step.proposal.on.isoformat(),
        "state": step.state, "since": step.since.isoformat(), "words": dict(words),
        "claim_fen": started.claim_fen if started else 0, "costs_fen": started.costs_fen if started else 0,
        "fee_fen": started.fee_fen if started else 0, "approved_in": [a.role for a in step.approvals],
        "approvals": list(rules[step.name].parameters["approvals"]) if step.name in rules else [],
        "waits": step.waits, "may_follow": _may_follow(step, rules, on),
    }  # fmt: skip


def _may_follow(step: LegalStep, rules: Mapping[str, Any], on: date) -> list[str]:
    """The outcomes that may be told of a step on a day, in the order of the pack."""
    if step.started is None or step.name not in rules:
        return []
    rule = rules[step.name]
    return [name for name in rule.parameters["outcomes"] if not why_not_follow(step, rule, name, on)]


@dataclass(frozen=True, slots=True)
class ClaimAtLaw:
    """A claim that is under way, or whose title is in force: the step that says how it stands, its sums in minor units.

    `under`: running, title (it may be enforced) or proposed (it waits for people).
    """

    borrower: str
    name: str
    loan: str
    step: str
    state: str
    under: str
    since: date
    claim_fen: int
    costs_fen: int
    fee_fen: int


def legal_clocks(connection: psycopg.Connection[Any], on: date) -> list[Task]:
    """Deadlines and periods of law that people must keep, the one that runs out first on top."""
    return [task for task in tasks(connection, kinds_sent(), on) if task.queue == "legal"]


def legal_waits(connection: psycopg.Connection[Any], on: date) -> list[ToApprove]:
    """Steps of law and losses that wait for approval, the newest first."""
    return [one for one in waiting(connection, on) if one.kind in ("step", "loss")]


UNDER = ("running", "title", "proposed")


def claims_at_law(connection: psycopg.Connection[Any], on: date) -> list[ClaimAtLaw]:
    """Every claim under way on a day: running before those with a title and those proposed, the longest waiting first.

    A demand of 12,962.99 sent on 1 July and unanswered is `demand_letter`, `started`, running since that day.
    """
    found = (_claim_of(loan, on) for loan in all_steps(connection, on))
    return sorted((one for one in found if one), key=lambda c: (UNDER.index(c.under), c.since, c.loan))


def _claim_of(told: LoanSteps, on: date) -> ClaimAtLaw | None:
    rules = step_rules(told.jurisdiction, on)
    known = [step for step in told.steps if step.name in rules]
    title = title_of(known, rules)
    by_state = {
        "running": [step for step in known if runs(step, rules)],
        "title": [title.step] if title else [],
        "proposed": [step for step in known if step.waits],
    }
    under = next((name for name in UNDER if by_state[name]), "")
    if not under:
        return None
    step = by_state[under][-1]
    begun = step.started
    sums = (begun.claim_fen, begun.costs_fen, begun.fee_fen) if begun else (0, 0, 0)
    return ClaimAtLaw(told.borrower, told.name, told.loan, step.name, step.state, under, step.since, *sums)


PARTS = {
    "principal_fen": "principal", "interest_fen": "interest", "penalty_fen": "penalty", "costs_fen": "costs",
    "extra_fen": "extra interest", "off_books_fen": "written off",
}  # fmt: skip


def words_of_case(told: Mapping[str, Any]) -> list[str]:
    """The same in lines for a person."""
    owed = told["owed"]
    parts = ", ".join(f"{word} {show_amount(owed[name])}" for name, word in PARTS.items() if owed[name])
    lines = [f"{told['loan']} of {told['borrower']}: {counted(told['days_past_due'], 'day')} past due, "
             f"{show_amount(owed['total_fen'])} owed" + (f" ({parts})" if parts else "")]  # fmt: skip
    title, period = told["title"], told["limitation"]
    if title:
        lines.append(
            f"in force since {title['in_force_on']}: {title['step']}, {show_amount(title['debt_fen'])}, to be "
            f"performed by {title['perform_by']}; enforcement may be applied for until {title['enforceable_until']}"
        )
        if title["instalments"]:
            parts = ", ".join(f"{show_amount(p['amount_fen'])} by {p['due_on']}" for p in title["instalments"])
            lines.append(f"the court lets the debtor pay in parts: {parts}")
    elif period:
        lines.append(
            f"limitation: until {period['ends_on']}, {counted(period['days_left'], 'day')} ({period['began_by']})"
        )
    for step in told["steps"]:
        words = step["words"].get("en")
        lines.append(
            f"{step['since']}  {step['step']}: {step['state']}"
            + (f" ({words})" if words and words != step["state"] else "")
            + (f", {show_amount(step['claim_fen'])} claimed" if step["claim_fen"] else "")
            + (f", costs {show_amount(step['costs_fen'])}" if step["costs_fen"] else "")
            + (f", fee paid {show_amount(step['fee_fen'])}" if step["fee_fen"] else "")
            + f"  [{step['proposal']}]"
        )
    lines += [f"by {d['on']}: {d['step']}, {d['name'].replace('_', ' ')}" for d in told["deadlines"]]
    return lines + [f"{name}: " + ("; ".join(why) or "may be proposed") for name, why in told["next"].items()]
