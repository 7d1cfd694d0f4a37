"""Legal steps with their effects: proposed, approved by people, started, ended; costs and losses reach the book."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time
from typing import Any, cast
from zoneinfo import ZoneInfo

import psycopg

from afterloan.counting import counted
from afterloan.dates import NEVER, date_of
from afterloan.facts import FactRefused
from afterloan.facts.act import Who
from afterloan.facts.events import read_event
from afterloan.facts.legal import (
    LegalStepApproved,
    LegalStepEnded,
    LegalStepProposed,
    LegalStepRefused,
    LegalStepStarted,
    LegalTakenOver,
)
from afterloan.facts.outbox import Action, LegalBody, LegalPaperBody, MessageBody, MessageValue
from afterloan.loan.terms import Component
from afterloan.rules.packs import Finding
from afterloan.servicing.judgment import Said, call_the_rest, fix_debt, sums_of, sums_of_row
from afterloan.servicing.legal_watch import settle
from afterloan.store.contacts import defaults_of
from afterloan.store.events import Told, tell
from afterloan.store.legal import LegalCase, case_of, check_role
from afterloan.store.locks import lock_borrowers
from afterloan.store.outbox import put, put_findings, readable
from afterloan.strategy.course import LegalStep, costs_to_claim, lacks_sums, step_rules, title_of, why_not_follow
from afterloan.strategy.legal import StepAnswer, court_fee, may_propose, may_start, owed_by_law
from afterloan.strategy.places import place_of

Connection = psycopg.Connection[Any]


def _keep(connection: Connection, case: LegalCase, findings: Sequence[Finding]) -> None:
    put_findings(connection, [(case.number, case.loan_number, "legal", f) for f in findings])


def _refuse(answer: StepAnswer, step: str) -> None:
    if not answer.allowed:
        raise FactRefused("step", step, "; ".join(answer.why), "see `afterloan legal show LOAN`")


def propose(connection: Connection, loan: str, step: str, on: date, by: str, reason: str) -> str:
    """Propose a step when its preconditions are met; nothing happens by it. Returns its reference.

    Proposed before and still open: that one's reference. Raises FactRefused naming what is missing.
    """
    case = case_of(connection, loan, on)
    for old in case.steps:
        if old.name == step and old.started is None and old.refusal is None:
            return old.proposal.reference
    answer = may_propose(case.claim, case.steps, step)
    _keep(connection, case, answer.findings)
    _refuse(answer, step)
    reference = f"legal:{loan}:{step}:{on}"
    told: dict[str, Any] = {"borrower": case.borrower, "loan": loan, "on": on, "known_on": on, "reference": reference}
    tell(connection, LegalStepProposed(**told, step=step, by=by, reason=reason))
    return reference


LADDER = (
    "select o.key, o.borrower, o.body from outbox o where o.kind = 'legal.propose' and o.decided_on = %s "
    "and not exists (select from event e where e.reference = 'withdrawn:' || o.key) order by o.action"
)


def propose_from_ladder(connection: Connection, on: date) -> list[str]:
    """Turn the ladder's `legal.propose` of a day into proposals, loan by loan; what is not met is a finding.

    Returns the references. Nothing starts by it.
    """
    made = []
    for key, borrower, told in connection.execute(LADDER, (on,)).fetchall():
        body = readable(connection, LegalBody, key, borrower, "legal.propose", told, on)
        if body is None:
            continue
        step = body.words.first
        for about in body.loans:
            try:
                with connection.transaction():
                    reason, by = (
                        f"{counted(about.days_past_due, 'day')} past due",
                        Who.rule(body.ladder or "ladder").name,
                    )
                    made.append(propose(connection, about.loan, step, on, by, reason))
            except FactRefused:
                case = case_of(connection, about.loan, on)
                _keep(connection, case, may_propose(case.claim, case.steps, step).findings)
    return made


def _step(case: LegalCase, proposal: str) -> LegalStep:
    for step in case.steps:
        if step.proposal.reference == proposal:
            return step
    raise FactRefused(
        "proposal", proposal, f"no such proposal for {case.loan}", "`afterloan legal show LOAN` lists them", "unknown"
    )


def _case(connection: Connection, proposal: str, on: date) -> LegalCase:
    row = connection.execute(
        "select c.reference from event e join contract c using (loan) where e.reference = %s and e.kind = any(%s)",
        (proposal, [LegalStepProposed.KIND, LegalTakenOver.KIND]),
    ).fetchone()
    if row is None:
        raise FactRefused("proposal", proposal, "no such proposal", "`afterloan legal show LOAN` lists them", "unknown")
    return case_of(connection, row[0], on)


def approve(connection: Connection, proposal: str, on: date, by: str, role: str, note: str = "") -> Told:
    """A person appointed to a role agrees to a proposal. Raises FactRefused: not appointed, own proposal, unknown."""
    case = _case(connection, proposal, on)
    step = _step(case, proposal)
    if step.refusal is not None:
        why = f"was refused by {step.refusal.by} on {step.refusal.on}: {step.refusal.reason}"
        raise FactRefused("proposal", proposal, why, "propose it anew if it is right", "conflict")
    check_role(connection, by, role, on)
    if by == step.proposal.by:
        raise FactRefused("by", by, "proposed this step", "somebody else must approve it")
    told: dict[str, Any] = {"borrower": case.borrower, "loan": case.loan, "on": on, "known_on": on}
    told |= {"of": proposal, "step": step.name, "by": by, "role": role, "note": note}
    return tell(connection, LegalStepApproved(**told, reference=f"approved:{proposal}:{role}:{by}"))


def refuse(connection: Connection, proposal: str, on: date, by: str, reason: str) -> Told:
    """A named person turns a proposal down."""
    case = _case(connection, proposal, on)
    told: dict[str, Any] = {"borrower": case.borrower, "loan": case.loan, "on": on, "known_on": on, "of": proposal}
    told |= {"step": _step(case, proposal).name, "by": by, "reason": reason, "reference": f"refused:{proposal}"}
    return tell(connection, LegalStepRefused(**told))


def start(
    connection: Connection, proposal: str, on: date, by: str, court: str = "",
    case_number: str = "",
) -> LegalStepStarted:  # fmt: skip
    """Take a step that has every approval the pack demands: the fact with claim, costs and fee, its action.

    The only place that makes a LegalStepStarted. Locked per borrower, so that a refusal told at the same moment is
    seen. The court's fee is the lender's until a court says that the debtor bears it: nothing is charged to the loan.
    Raises FactRefused naming what is missing; the finding stays.
    """
    case = _case(connection, proposal, on)
    lock_borrowers(connection, [case.number])
    case = _case(connection, proposal, on)
    step = _step(case, proposal)
    if step.started is not None:
        return step.started
    answer = may_start(case.claim, case.steps, proposal)
    _refuse(answer, step.name)
    _keep(connection, case, answer.findings)
    event = _started(case, step, on, by, court, case_number)
    tell(connection, event)
    if step_rules(case.claim.jurisdiction, on)[step.name].parameters.get("within_enforcement_limit"):
        call_the_rest(connection, case, on)
    put(connection, [_action(connection, case, step, on)])
    settle(connection, case_of(connection, case.loan, on), on)
    return event


def _started(case: LegalCase, step: LegalStep, on: date, by: str, court: str, case_number: str) -> LegalStepStarted:
    told: dict[str, Any] = {"borrower": case.borrower, "loan": case.loan, "on": on, "known_on": on}
    told |= {"of": step.proposal.reference, "step": step.name, "by": by, "court": court, "case_number": case_number}
    rules = step_rules(case.claim.jurisdiction, on)
    before_court = rules[step.name].parameters.get("before_court")
    named = rules[step.name].parameters.get("fee")
    fee = court_fee(named, case.claim.payoff_fen, case.claim.jurisdiction, on) if named else 0
    return LegalStepStarted(
        **told,
        reference=f"started:{step.proposal.reference}",
        approvals=tuple(a.reference for a in step.approvals),
        claim_fen=case.claim.payoff_fen,
        principal_fen=owed_by_law(case.reckoned.position).principal_fen,
        costs_fen=costs_to_claim(case.steps, rules) if before_court else 0,
        fee_fen=fee,
    )


def _action(connection: Connection, case: LegalCase, step: LegalStep, on: date) -> Action:
    """The demand is a letter; all else is a paper that a person files."""
    proposal = step.proposal.reference
    place = place_of(dict(case.attributes), defaults_of(connection))
    moment = datetime.combine(on, time(10), ZoneInfo(place.zones[0])).astimezone(UTC)
    if step.name != "demand_letter":
        paper = LegalPaperBody(proposal=proposal, step=step.name, loan=case.loan, claim_fen=case.claim.payoff_fen)
        return Action(f"file:{proposal}", case.number, "legal.file", moment, on, case.loan_number, paper)
    position = case.reckoned.position
    oldest = int(position["oldest_unpaid_on"])
    values: dict[str, MessageValue] = {
        "payoff_fen": case.claim.payoff_fen,
        "arrears_fen": int(position["arrears_fen"].sum()),
        "amount_fen": int(position["arrears_fen"].sum()),
        "penalty_fen": int(position["outstanding_fen"][Component.PENALTY]),
        "days_past_due": case.claim.days_past_due,
        "due_on": date_of(oldest).isoformat() if oldest != NEVER else None,
        "loans": [case.loan],
    }
    body = MessageBody(
        template="demand-letter", language=place.language, to=None, purpose="legal_notice", values=values,
        zone=place.zones[0], proposal=proposal,
    )  # fmt: skip
    return Action(f"letter:{proposal}", case.number, "message.letter", moment, on, case.loan_number, body)


def end(
    connection: Connection, proposal: str, on: date, outcome: str,
    said: Said | None = None, case_number: str = "", note: str = "",
) -> LegalStepEnded:  # fmt: skip
    """Tell what came of a step; a judgment in force fixes the debt in the ledger, deadlines end with their case.

    Raises FactRefused: not started, an outcome that cannot follow (yet), a judgment without its sums or its day;
    also one that the row of a former system said, for the row says no more than a claim. A row that says `final` is
    told `final` once more, with its sums.
    """
    case = _case(connection, proposal, on)
    lock_borrowers(connection, [case.number])
    case = _case(connection, proposal, on)
    step, said = _step(case, proposal), said or Said()
    reference = f"ended:{proposal}:{outcome}:{on}"
    known = next((o for o in step.outcomes if o.reference == reference), None)
    if known is not None:
        return known
    if step.started is None:
        raise FactRefused("proposal", proposal, "has not started", "start it first, with its approvals")
    rules = step_rules(case.claim.jurisdiction, on)
    row = lacks_sums(step, rules[step.name], outcome)
    again = row is not None and outcome == step.state  # in force by its row: now its sums are told
    why = "" if again else why_not_follow(step, rules[step.name], outcome, on)
    if why:
        raise FactRefused("outcome", outcome, why, "`afterloan legal show LOAN` tells where it stands")
    told: dict[str, Any] = {"borrower": case.borrower, "loan": case.loan, "on": on, "known_on": on, "of": proposal}
    told |= {"step": step.name, "outcome": outcome, "amount_fen": said.amount_fen, "perform_by": said.perform_by}
    told |= {"case_number": case_number, "note": note, "reference": reference}
    if rules[step.name].parameters["outcomes"][outcome].get("sums"):
        told |= sums_of(connection, case, step, outcome, said)
    elif row is not None:
        told |= sums_of_row(connection, case, step, row, outcome, said)
    event = cast(LegalStepEnded, read_event(LegalStepEnded, told))
    after = [replace(s, outcomes=(*s.outcomes, event)) if s is step else s for s in case.steps]
    title = title_of(after, rules)
    if title and title.step.proposal.reference == proposal and (again or not title_of(case.steps, rules)):
        fix_debt(connection, case, title, on)
    tell(connection, event)
    settle(connection, case_of(connection, case.loan, on), on)
    return event
