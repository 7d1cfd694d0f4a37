"""Verbs of the law: legal steps, evidence, losses, who may approve them, and the rest of a loan called due."""

from datetime import date
from typing import Any, Literal

import psycopg
from pydantic import Field

from afterloan.dates import number_of
from afterloan.facts import Accelerated, AccelerationWithdrawn, FactRefused
from afterloan.facts.events import read_event
from afterloan.facts.legal import CourtInstalment, EvidenceKept, LegalStepProposed, LegalTakenOver, LossProposed
from afterloan.servicing import legal, losses
from afterloan.servicing.acceleration import accelerate, withdraw_acceleration
from afterloan.servicing.asked import Asked
from afterloan.servicing.booking import FactTaken
from afterloan.servicing.desk import Desk
from afterloan.servicing.judgment import Said
from afterloan.servicing.legal_watch import watch
from afterloan.store.events import tell
from afterloan.store.legal import appoint as appoint_to


class ProposeStep(Asked):
    """`step` is proposed for `loan`; `reason` says why."""

    loan: str
    step: str
    reason: str = Field(default="unpaid", min_length=1, max_length=2_000)


def propose_step(desk: Desk, asked: ProposeStep, on: date) -> dict[str, Any]:
    """Propose a legal step when its preconditions are met; nothing happens by it. `proposal`: its reference."""
    made = legal.propose(desk.connection, asked.loan, asked.step, on, desk.who.name, asked.reason)
    return {"loan": asked.loan, "step": asked.step, "proposal": made}


class _OfProposal(Asked):
    """A proposal by its reference."""

    proposal: str

    def borrowers(self, connection: psycopg.Connection[Any]) -> list[str]:
        """Whose loan it is about. Raises FactRefused (unknown)."""
        row = connection.execute(
            "select b.reference from event e join borrower b using (borrower) where e.reference = %s "
            "and e.kind = any(%s)",
            (self.proposal, [LegalStepProposed.KIND, LossProposed.KIND, LegalTakenOver.KIND]),
        ).fetchone()
        if row is None:
            remedy = "`afterloan legal show LOAN` lists them"
            raise FactRefused("proposal", self.proposal, "no such proposal", remedy, "unknown")
        return [str(row[0])]


class ApproveStep(_OfProposal):
    """The person at the door agrees to `proposal` in a `role` that they were appointed to."""

    role: str
    note: str = Field(default="", max_length=2_000)


def approve_step(desk: Desk, asked: ApproveStep, on: date) -> dict[str, Any]:
    """Approve a step: by somebody appointed to the role, who did not propose it."""
    who = desk.who.name
    legal.approve(desk.connection, asked.proposal, on, who, asked.role, asked.note)
    return {"proposal": asked.proposal, "approved_by": who, "role": asked.role}


class RefuseStep(_OfProposal):
    """`proposal` is turned down; `reason` says why."""

    reason: str = Field(min_length=1, max_length=2_000)


def refuse_step(desk: Desk, asked: RefuseStep, on: date) -> dict[str, Any]:
    """Turn a proposed step down."""
    legal.refuse(desk.connection, asked.proposal, on, desk.who.name, asked.reason)
    return {"proposal": asked.proposal, "refused_by": desk.who.name}


class StartStep(_OfProposal):
    """The approved step of `proposal` is taken, at a `court` under a `case_number` where there is one."""

    court: str = Field(default="", max_length=200)
    case_number: str = Field(default="", max_length=100)


def start_step(desk: Desk, asked: StartStep, on: date) -> dict[str, Any]:
    """Take a step that has every approval: the fact, its letter or paper; `claim_fen`, costs in it, the court's fee."""
    event = legal.start(desk.connection, asked.proposal, on, desk.who.name, asked.court, asked.case_number)
    sums = {"claim_fen": event.claim_fen, "costs_fen": event.costs_fen, "fee_fen": event.fee_fen}
    return {"proposal": asked.proposal, "step": event.step, **sums}


class EndStep(_OfProposal):
    """What came of the step of `proposal`; a judgment has its `amount_fen` or its parts, and the day to `perform_by`.

    The parts may be left out where all was granted. `rate_percent`: interest on the principal from then on, for the
    product's unit of time; the contract's own unless it is told. `instalments`: the parts in which the court lets the
    debtor pay; with `whole_if_missed` all the rest may be enforced once one of them fails.
    """

    outcome: str
    amount_fen: int = Field(default=0, ge=0)
    principal_fen: int | None = Field(default=None, ge=0)
    interest_fen: int | None = Field(default=None, ge=0)
    penalty_fen: int | None = Field(default=None, ge=0)
    costs_fen: int | None = Field(default=None, ge=0)
    rate_percent: str | None = Field(default=None, pattern=r"^[0-9]{1,3}([.][0-9]{1,5})?$")
    perform_by: date | None = None
    instalments: tuple[CourtInstalment, ...] = Field(default=(), max_length=120)
    whole_if_missed: bool = True
    case_number: str = Field(default="", max_length=100)
    note: str = Field(default="", max_length=2_000)


def end_step(desk: Desk, asked: EndStep, on: date) -> dict[str, Any]:
    """Tell what came of a step: delivered, objected, granted, final … A judgment in force fixes the debt (`parts`)."""
    said = Said(
        asked.amount_fen, asked.perform_by, asked.principal_fen, asked.interest_fen, asked.penalty_fen, asked.costs_fen,
        asked.rate_percent, asked.instalments, asked.whole_if_missed,
    )  # fmt: skip
    done = legal.end(desk.connection, asked.proposal, on, asked.outcome, said, asked.case_number, asked.note)
    parts = {"principal_fen": done.principal_fen, "interest_fen": done.interest_fen}
    parts |= {"penalty_fen": done.penalty_fen, "costs_fen": done.costs_fen}
    return {"proposal": asked.proposal, "outcome": asked.outcome, "amount_fen": done.amount_fen, "parts": parts}


class KeepEvidence(Asked):
    """A document of ours that proves something about `loan`: `what` it is, its `name`, its SHA-256."""

    loan: str
    what: Literal["contract", "identity", "disbursement", "notice", "receipt", "agreement", "court", "other"]
    name: str
    sha256: str


def keep_evidence(desk: Desk, asked: KeepEvidence, on: date) -> dict[str, Any]:
    """Name a document as evidence by its digest; the document itself stays where it is kept."""
    (borrower,) = desk.touched.values()
    told = {"borrower": borrower, "on": on, "known_on": on, "reference": desk.reference, **asked.model_dump()}
    tell(desk.connection, read_event(EvidenceKept, told))
    return {"loan": asked.loan, "what": asked.what, "name": asked.name, "sha256": asked.sha256}


class ProposeLoss(Asked):
    """A charge-off, write-off or sale (`price_fen`) of `loan` is proposed."""

    loan: str
    what: Literal["charge_off", "write_off", "sale"]
    price_fen: int = Field(default=0, ge=0)


def propose_loss(desk: Desk, asked: ProposeLoss, on: date) -> dict[str, Any]:
    """Propose a loss once the pack's count of days is reached; nothing is booked. `proposal`: its reference."""
    who = desk.who.name
    made = losses.propose_loss(desk.connection, asked.loan, asked.what, on, who, asked.price_fen)
    return {"loan": asked.loan, "what": asked.what, "proposal": made}


class ApproveLoss(_OfProposal):
    """The person at the door agrees to a loss in a `role` that they were appointed to."""

    role: str


def approve_loss(desk: Desk, asked: ApproveLoss, on: date) -> dict[str, Any]:
    """Approve a charge-off, write-off or sale; the last approval that the pack asks for books it (`booked`)."""
    who = desk.who.name
    booked = losses.approve_loss(desk.connection, asked.proposal, on, who, asked.role)
    return {"proposal": asked.proposal, "approved_by": who, "role": asked.role, "booked": booked}


class RefuseLoss(_OfProposal):
    """The loss of `proposal` is not to be booked; `reason` says why."""

    reason: str = Field(min_length=1, max_length=2_000)


def refuse_loss(desk: Desk, asked: RefuseLoss, on: date) -> dict[str, Any]:
    """Turn a proposed charge-off, write-off or sale down."""
    losses.refuse_loss(desk.connection, asked.proposal, on, desk.who.name, asked.reason)
    return {"proposal": asked.proposal, "refused_by": desk.who.name}


class Appoint(Asked):
    """The roles in which `person` may approve legal steps and losses; none: they may approve nothing any more."""

    person: str = Field(min_length=1, max_length=200)
    roles: tuple[str, ...] = ()


def appoint(desk: Desk, asked: Appoint, on: date) -> dict[str, Any]:
    """Appoint a person to roles of approval."""
    appoint_to(desk.connection, asked.person, asked.roles, on)
    return {"person": asked.person, "roles": list(asked.roles)}


class LegalDay(Asked):
    """The legal work of the act's day, after the day was decided."""


def legal_day(desk: Desk, asked: LegalDay, on: date) -> dict[str, Any]:
    """The ladder's wishes of a day become proposals, and what is due by law becomes tasks. Nothing starts by it."""
    connection = desk.connection
    made = legal.propose_from_ladder(connection, on) + losses.propose_losses_from_ladder(connection, on)
    return {"proposals": made, "tasks": watch(connection, desk.reader, on)}


class CallDue(Asked):
    """The rest of `loan` is called due at once, on the day that the notice names (`due_on`; today unless given)."""

    loan: str
    due_on: date | None = None


def call_due(desk: Desk, asked: CallDue, on: date) -> dict[str, Any]:
    """Call a loan due when the pack's preconditions are met; reminders of its later instalments are withdrawn."""
    due, known = number_of(asked.due_on or on), number_of(on)
    done = accelerate(desk.connection, Accelerated(asked.loan, desk.reference, due, known))
    return _standing(asked.loan, done)


class WithdrawCall(Asked):
    """The calling due of `loan` is withdrawn: from the act's day it stands as if never called due."""

    loan: str


def withdraw_call(desk: Desk, asked: WithdrawCall, on: date) -> dict[str, Any]:
    """Withdraw an acceleration: its arrears are met and no suit has begun."""
    known = number_of(on)
    fact = AccelerationWithdrawn(asked.loan, desk.reference, known, known)
    return _standing(asked.loan, withdraw_acceleration(desk.connection, fact))


def _standing(loan: str, done: FactTaken) -> dict[str, Any]:
    position = done.reckoned.position
    arrears = int(position["arrears_fen"].sum())
    return {"loan": loan, "entries": done.entries, "arrears_fen": arrears, "payoff_fen": int(position["payoff_fen"])}
