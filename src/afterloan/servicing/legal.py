"""Legal steps with their effects: proposed, approved by people, started, ended; costs and losses reach the book."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import adbc_driver_postgresql.dbapi as adbc
import psycopg

from afterloan.dates import NEVER, date_of, number_of
from afterloan.facts import Charge, Charged, ChargedOff, FactRefused, Sold, WrittenOff
from afterloan.facts.legal import (
    LegalStepApproved,
    LegalStepEnded,
    LegalStepProposed,
    LegalStepRefused,
    LegalStepStarted,
    LossApproved,
    LossProposed,
)
from afterloan.facts.outbox import Action, LegalBody, LegalPaperBody, LegalTask, LossBody, MessageBody, MessageValue
from afterloan.loan.terms import Component
from afterloan.rules.packs import Finding
from afterloan.servicing.booking import take
from afterloan.store.contacts import defaults_of
from afterloan.store.events import Told, borrower_number, events_of, tell
from afterloan.store.legal import LegalCase, case_of, check_role
from afterloan.store.locks import lock_borrowers
from afterloan.store.outbox import put, put_findings, readable
from afterloan.strategy.legal import (
    Deadline,
    LegalStep,
    StepAnswer,
    court_fee,
    deadlines,
    may_propose,
    may_start,
    step_rules,
)
from afterloan.strategy.limitation import rule_of, warning
from afterloan.strategy.places import place_of

Connection = psycopg.Connection[Any]


def _keep(connection: Connection, case: LegalCase, findings: Sequence[Finding]) -> None:
    put_findings(connection, [(case.number, case.loan_number, "legal", f) for f in findings])


def _refuse(answer: StepAnswer, step: str) -> None:
    if not answer.allowed:
        raise FactRefused("step", step, "; ".join(answer.why), "see `afterloan legal show LOAN`")


def propose(
    connection: Connection, reader: adbc.Connection, loan: str, step: str, on: date, by: str, reason: str
) -> str:
    """Propose a step when its preconditions are met; nothing happens by it. Returns its reference.

    Proposed before and still open: that one's reference. Raises FactRefused naming what is missing.
    """
    case = case_of(connection, reader, loan, on)
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


def propose_from_ladder(connection: Connection, reader: adbc.Connection, on: date) -> list[str]:
    """Turn the ladder's `legal.propose` of a day into proposals, loan by loan; what is not met is a finding.

    Returns the references. Nothing starts by it.
    """
    made = []
    for key, borrower, told in connection.execute(LADDER, (on,)).fetchall():
        body = readable(connection, LegalBody, key, borrower, "legal.propose", told, on)
        step = body.words.first if body else ""
        for about in body.loans if body else ():
            try:
                with connection.transaction():
                    reason = f"{about.days_past_due} days past due"
                    made.append(propose(connection, reader, about.loan, step, on, "ladder", reason))
            except FactRefused:
                case = case_of(connection, reader, about.loan, on)
                _keep(connection, case, may_propose(case.claim, case.steps, step).findings)
    return made


def _step(case: LegalCase, proposal: str) -> LegalStep:
    for step in case.steps:
        if step.proposal.reference == proposal:
            return step
    raise FactRefused(
        "proposal", proposal, f"no such proposal for {case.loan}", "`afterloan legal show LOAN` lists them", "unknown"
    )


def _case(connection: Connection, reader: adbc.Connection, proposal: str, on: date) -> LegalCase:
    row = connection.execute(
        "select c.reference from event e join contract c using (loan) where e.reference = %s and e.kind = %s",
        (proposal, LegalStepProposed.KIND),
    ).fetchone()
    if row is None:
        raise FactRefused("proposal", proposal, "no such proposal", "`afterloan legal show LOAN` lists them", "unknown")
    return case_of(connection, reader, row[0], on)


def approve(
    connection: Connection, reader: adbc.Connection, proposal: str, on: date, by: str, role: str, note: str = ""
) -> Told:
    """A person appointed to a role agrees to a proposal. Raises FactRefused: not appointed, own proposal, unknown."""
    case = _case(connection, reader, proposal, on)
    step = _step(case, proposal)
    check_role(connection, by, role)
    if by == step.proposal.by:
        raise FactRefused("by", by, "proposed this step", "somebody else must approve it")
    told: dict[str, Any] = {"borrower": case.borrower, "loan": case.loan, "on": on, "known_on": on}
    told |= {"of": proposal, "step": step.name, "by": by, "role": role, "note": note}
    return tell(connection, LegalStepApproved(**told, reference=f"approved:{proposal}:{role}:{by}"))


def refuse(connection: Connection, reader: adbc.Connection, proposal: str, on: date, by: str, reason: str) -> Told:
    """A named person turns a proposal down."""
    case = _case(connection, reader, proposal, on)
    told: dict[str, Any] = {"borrower": case.borrower, "loan": case.loan, "on": on, "known_on": on, "of": proposal}
    told |= {"step": _step(case, proposal).name, "by": by, "reason": reason, "reference": f"refused:{proposal}"}
    return tell(connection, LegalStepRefused(**told))


def start(
    connection: Connection, reader: adbc.Connection, proposal: str, on: date, by: str, court: str = "",
    case_number: str = "",
) -> LegalStepStarted:  # fmt: skip
    """Take a step that has every approval the pack demands: the fact, its action in the outbox, the court's fee.

    The only place that makes a LegalStepStarted. Locked per borrower, so that a refusal told at the same moment is
    seen. Raises FactRefused naming what is missing; the finding stays.
    """
    case = _case(connection, reader, proposal, on)
    lock_borrowers(connection, [case.number])
    case = _case(connection, reader, proposal, on)
    step = _step(case, proposal)
    if step.started is not None:
        return step.started
    answer = may_start(case.claim, case.steps, proposal)
    _refuse(answer, step.name)
    _keep(connection, case, answer.findings)
    event = _started(case, step, on, by, court, case_number)
    tell(connection, event)
    put(connection, [_action(connection, case, step, on)])
    rule = step_rules(case.claim.jurisdiction, on)[step.name]
    if "fee" in rule.parameters:
        fee = court_fee(rule.parameters["fee"], case.claim.payoff_fen, case.claim.jurisdiction, on)
        charge_cost(connection, case, f"fee:{proposal}", fee, on)
    return event


def _started(case: LegalCase, step: LegalStep, on: date, by: str, court: str, case_number: str) -> LegalStepStarted:
    told: dict[str, Any] = {"borrower": case.borrower, "loan": case.loan, "on": on, "known_on": on}
    told |= {"of": step.proposal.reference, "step": step.name, "by": by, "court": court, "case_number": case_number}
    principal = int(case.reckoned.position["outstanding_fen"][Component.PRINCIPAL])
    return LegalStepStarted(
        **told,
        reference=f"started:{step.proposal.reference}",
        approvals=tuple(a.reference for a in step.approvals),
        claim_fen=case.claim.payoff_fen,
        principal_fen=principal,
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


def charge_cost(connection: Connection, case: LegalCase, reference: str, amount_fen: int, on: date) -> None:
    """A cost of pursuit that the debtor bears: a fee of the loan, due at once, paid by the waterfall.

    A loan that is off the books takes no charge; its costs stay with the lender until a court awards them.
    """
    if amount_fen <= 0 or int(case.reckoned.position["written_off_on"]) != NEVER:
        return
    day = number_of(on)
    take(connection, Charged(case.loan, reference, day, day, amount_fen, Charge.FEE, day))


def end(
    connection: Connection, reader: adbc.Connection, proposal: str, on: date, outcome: str, amount_fen: int = 0,
    perform_by: date | None = None, case_number: str = "", note: str = "",
) -> Told:  # fmt: skip
    """Tell what came of a step. Raises FactRefused: not started, or an outcome that the step cannot have."""
    case = _case(connection, reader, proposal, on)
    step = _step(case, proposal)
    if step.started is None:
        raise FactRefused("proposal", proposal, "has not started", "start it first, with its approvals")
    rule = step_rules(case.claim.jurisdiction, on)[step.name]
    if outcome not in rule.parameters["outcomes"]:
        there = ", ".join(rule.parameters["outcomes"])
        raise FactRefused("outcome", outcome, f"is none of {step.name}", f"write one of: {there}")
    told: dict[str, Any] = {"borrower": case.borrower, "loan": case.loan, "on": on, "known_on": on, "of": proposal}
    told |= {"step": step.name, "outcome": outcome, "amount_fen": amount_fen, "perform_by": perform_by}
    told |= {"case_number": case_number, "note": note, "reference": f"ended:{proposal}:{outcome}:{on}"}
    done = tell(connection, LegalStepEnded(**told))
    if "fee_at_end" in rule.parameters and amount_fen and not done.known:
        fee = court_fee(rule.parameters["fee_at_end"], amount_fen, case.claim.jurisdiction, on)
        charge_cost(connection, case, f"fee-end:{proposal}:{outcome}", fee, on)
    return done


def watch(connection: Connection, reader: adbc.Connection, loans: Sequence[str], on: date) -> int:
    """Tasks for people on a day: periods that end soon, deadlines that fall today, approvals that wait.

    Each is a `task` of the queue `legal`, once under its key. Returns how many are new.
    """
    actions = []
    for loan in loans:
        case = case_of(connection, reader, loan, on)
        for task in _tasks(case, on):
            key = f"watch:{loan}:{task.task}:{on}"
            moment = datetime.combine(on, time(1), UTC)
            actions.append(Action(key, case.number, "task", moment, on, case.loan_number, task))
    return put(connection, actions)


def _tasks(case: LegalCase, on: date) -> list[LegalTask]:
    found: list[LegalTask] = []
    about: dict[str, Any] = {"queue": "legal", "loan": case.loan}
    rule = rule_of(case.claim.jurisdiction, "limitation.warning", on)
    if rule and case.claim.period and case.claim.payoff_fen:
        soon = warning(case.claim.period, rule, on)
        if soon:
            found.append(LegalTask.model_validate({**about, "task": "limitation", **soon.inputs}))
    for one in deadlines(case.steps, case.claim.jurisdiction, on):
        if one.on == on:
            found.append(LegalTask(**about, task=f"{one.step}.{one.name}", since=one.since))
    waits = rule_of("ANY", "approval", on)
    assert waits is not None
    for step in case.steps:
        idle = step.started is None and step.refusal is None
        if idle and (on - step.proposal.on).days == int(waits.parameters["remind_after_days"]):
            found.append(LegalTask(**about, task=f"{step.name}.approval", proposal=step.proposal.reference))
    return found


def watched(connection: Connection) -> list[str]:
    """The loans that have a legal step or a proposal of one."""
    rows = connection.execute(
        "select distinct c.reference from event e join contract c using (loan) where e.kind = %s order by 1",
        (LegalStepProposed.KIND,),
    ).fetchall()
    return [row[0] for row in rows]


def due_of(case: LegalCase) -> list[Deadline]:
    """The deadlines of a case that are still open."""
    return deadlines(case.steps, case.claim.jurisdiction, case.claim.on)


# -- charge-off, write-off, sale ------------------------------------------------------------------------------------


def propose_loss(
    connection: Connection, reader: adbc.Connection, loan: str, what: str, on: date, by: str, price_fen: int = 0
) -> str:
    """Propose a charge-off, write-off or sale; by a rule only once the pack's day-count is reached.

    Returns the proposal's reference. Raises FactRefused: too early, already off the books.
    """
    case = case_of(connection, reader, loan, on)
    rule = rule_of(case.claim.jurisdiction, "loss", on) or rule_of("ANY", "loss", on)
    assert rule is not None
    if int(case.reckoned.position["written_off_on"]) != NEVER:
        raise FactRefused("loan", loan, "is off the books already", "nothing is left to propose")
    least = _least_days(rule.parameters, what)
    outcome = "met" if case.claim.days_past_due >= least else "blocked"
    _keep(connection, case, [rule.finding(on, outcome, what=what, days_past_due=case.claim.days_past_due, least=least)])
    if outcome == "blocked" and what != "sale":
        why = f"{case.claim.days_past_due} days past due, the pack asks for {least}"
        raise FactRefused("loan", loan, why, "wait, or change the lender's pack")
    reference = f"loss:{loan}:{what}:{on}"
    told: dict[str, Any] = {"borrower": case.borrower, "loan": loan, "on": on, "known_on": on, "reference": reference}
    told |= {"what": what, "by": by, "reason": f"{case.claim.days_past_due} days past due", "price_fen": price_fen}
    tell(connection, LossProposed(**told))
    return reference


LOSSES = LADDER.replace("legal.propose", "charge_off.propose")


def propose_losses_from_ladder(connection: Connection, reader: adbc.Connection, on: date) -> list[str]:
    """Turn the ladder's `charge_off.propose` of a day into proposals of what the place's pack knows of.

    A pack with `charge_off_after_days` charges off first; the others write off. Returns the references; what is too
    early is a finding and no proposal.
    """
    made = []
    for key, borrower, told in connection.execute(LOSSES, (on,)).fetchall():
        body = readable(connection, LossBody, key, borrower, "charge_off.propose", told, on)
        for loan in [about.loan for about in body.loans] if body else []:
            place = case_of(connection, reader, loan, on).claim.jurisdiction
            rule = rule_of(place, "loss", on)
            what = "charge_off" if rule and "charge_off_after_days" in rule.parameters else "write_off"
            try:
                made.append(propose_loss(connection, reader, loan, what, on, "ladder"))
            except FactRefused:
                continue  # its finding says why
    return made


def _least_days(told: dict[str, Any], what: str) -> int:
    if what == "charge_off" and "charge_off_after_days" in told:
        return int(told["charge_off_after_days"]["closed_end"])
    return int(told.get("write_off_after_days", 0))


def approve_loss(connection: Connection, proposal: str, on: date, by: str, role: str) -> bool:
    """A person agrees; with the last approval that the pack demands the fact is recorded. Returns whether it was.

    Raises FactRefused: unknown proposal, not appointed, own proposal, the same person in two roles.
    """
    row = connection.execute(
        "select b.reference from event e join borrower b using (borrower) where e.reference = %s and e.kind = %s",
        (proposal, LossProposed.KIND),
    ).fetchone()
    if row is None:
        raise FactRefused("proposal", proposal, "no such proposal of a loss", "`afterloan story` shows them", "unknown")
    number, _ = borrower_number(connection, row[0])
    lock_borrowers(connection, [number])
    events = events_of(connection, row[0], [LossProposed.KIND, LossApproved.KIND])
    told = next(e for e in events if isinstance(e, LossProposed) and e.reference == proposal)
    check_role(connection, by, role)
    if by == told.by:
        raise FactRefused("by", by, "proposed this", "somebody else must approve it")
    said = {e.role: e.by for e in events if isinstance(e, LossApproved) and e.of == proposal}
    if by in said.values() and said.get(role) != by:
        raise FactRefused(
            "by", by, "has approved in another role", "a second person must approve", "needs_second_person"
        )
    same: dict[str, Any] = {"borrower": told.borrower, "loan": told.loan, "on": on, "known_on": on, "of": proposal}
    tell(connection, LossApproved(**same, what=told.what, by=by, role=role, reference=f"approved:{proposal}:{role}"))
    said[role] = by
    attributes = connection.execute("select attributes from borrower where reference = %s", (row[0],)).fetchone()
    place = place_of(attributes[0] if attributes else {}, defaults_of(connection))
    rule = rule_of(place.jurisdiction, "loss", on) or rule_of("ANY", "loss", on)
    assert rule is not None
    if not set(rule.parameters["approvals"]) <= set(said):
        return False
    _take_loss(connection, told, on)
    return True


def _take_loss(connection: Connection, told: LossProposed, on: date) -> None:
    day = number_of(on)
    name = (told.loan, f"fact:{told.reference}", day, day)
    if told.what == "sale":
        take(connection, Sold(*name, told.price_fen))
    else:
        take(connection, WrittenOff(*name) if told.what == "write_off" else ChargedOff(*name))
