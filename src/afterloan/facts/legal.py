"""Facts of pursuing a claim by law: steps proposed, approved, started and ended, evidence kept, costs paid."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from afterloan.facts.events import Event, Fen, Name, hidden
from afterloan.loan.terms import RATE_SCALE

StepName = Annotated[str, Field(pattern=r"^[a-z][a-z_]{2,40}$")]
Text = Annotated[str, Field(min_length=1, max_length=4_000)]
Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Ended = Literal[
    "delivered", "not_delivered", "agreed", "confirmed", "failed", "issued", "refused", "objected", "unanswered",
    "granted", "partly_granted", "dismissed", "appealed", "final", "upheld", "changed", "settled",
    "paid", "part_paid", "nothing_found", "listed", "removed", "withdrawn", "closed",
]  # fmt: skip
"""How a step ended; the pack says which of them a step can have."""
NEEDS_A_SUM = ("confirmed", "unanswered", "granted", "partly_granted", "final", "upheld", "changed",
               "settled")  # fmt: skip
"""Outcomes of a step taken over that say, or make enforceable, a sum."""


class LegalStepProposed(Event):
    """A step that a rule or a person thinks is due. It has no effect whatever until it is approved."""

    KIND: ClassVar[str] = "legal.proposed"
    PERSONAL: ClassVar[Mapping[str, Any]] = hidden(reason="-")
    loan: Name
    step: StepName
    by: Name
    reason: Text


class LegalStepApproved(Event):
    """A named person with a role agrees to a proposal (`of`: its reference)."""

    KIND: ClassVar[str] = "legal.approved"
    PERSONAL: ClassVar[Mapping[str, Any]] = hidden(note="")
    loan: Name
    of: Name
    step: StepName
    by: Name
    role: Name
    note: str = ""


class LegalStepRefused(Event):
    """A named person turned a proposal down, for good: a new one must be made."""

    KIND: ClassVar[str] = "legal.refused"
    PERSONAL: ClassVar[Mapping[str, Any]] = hidden(reason="-")
    loan: Name
    of: Name
    step: StepName
    by: Name
    reason: Text


class LegalStepStarted(Event):
    """The step was taken: `of` the proposal, `approvals` those it rests on, `claim_fen` what is claimed."""

    KIND: ClassVar[str] = "legal.started"
    PERSONAL: ClassVar[Mapping[str, Any]] = hidden(court="", case_number="")
    loan: Name
    of: Name
    step: StepName
    by: Name
    approvals: Annotated[tuple[Name, ...], Field(min_length=1, max_length=10)]
    claim_fen: Fen
    principal_fen: Fen = 0
    costs_fen: Fen = 0
    """Fees of earlier steps that this claim asks for beside `claim_fen`."""
    fee_fen: Fen = 0
    """The court's fee of this step, paid by the lender; the debtor owes it once a court says so."""
    court: str = ""
    case_number: str = ""


class CourtInstalment(BaseModel):
    """So much of a judgment may be paid until the end of a day, in minor units."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    due_on: date
    amount_fen: Annotated[int, Field(gt=0, le=10**12)]


class LegalStepEnded(Event):
    """What came of a step (`of`: the proposal): a judgment has its sums and the day by which it is to be performed.

    `amount_fen` is the whole of a judgment: principal, interest, penalty and costs; `rate`: the interest on its
    principal from then on, on RATE_SCALE for the product's unit of time.
    """

    KIND: ClassVar[str] = "legal.ended"
    PERSONAL: ClassVar[Mapping[str, Any]] = hidden(case_number="", note="")
    loan: Name
    of: Name
    step: StepName
    outcome: Ended
    amount_fen: Fen = 0
    principal_fen: Fen = 0
    interest_fen: Fen = 0
    penalty_fen: Fen = 0
    costs_fen: Fen = 0
    rate: Annotated[int, Field(ge=0, le=RATE_SCALE)] = 0
    perform_by: date | None = None
    instalments: Annotated[tuple[CourtInstalment, ...], Field(max_length=120)] = ()
    """The parts in which a court lets the debtor pay, in order of their days; they come to `amount_fen`."""
    whole_if_missed: bool = True
    """Whether the court says that all the rest may be enforced once one of them is not paid."""
    case_number: str = ""
    note: str = ""

    @model_validator(mode="after")
    def _performed_after(self) -> "LegalStepEnded":
        if self.perform_by is not None and self.perform_by < self.on:
            raise ValueError(f"perform_by {self.perform_by} is before {self.on}, the day of the outcome; correct one")
        return self


class LegalTakenOver(Event):
    """A legal step that was taken before the loan was in this book, and how far it is; `on`: the day it was taken.

    It starts nothing here: what comes next is proposed and approved like every step.
    """

    KIND: ClassVar[str] = "legal.taken_over"
    PERSONAL: ClassVar[Mapping[str, Any]] = hidden(court="", case_number="")
    loan: Name
    step: StepName
    court: str = ""
    case_number: str = ""
    claim_fen: Fen = 0
    ended_on: date | None = None
    outcome: Ended | Literal[""] = ""

    @model_validator(mode="after")
    def _ended(self) -> "LegalTakenOver":
        if self.ended_on is not None and self.ended_on < self.on:
            raise ValueError(f"ended_on {self.ended_on} is before {self.on}, the day of the step; correct one")
        if self.outcome in NEEDS_A_SUM and not self.claim_fen:
            raise ValueError(f"outcome {self.outcome} without a claim; say the sum that was granted as the claim")
        return self


class EvidenceKept(Event):
    """A document that proves something is in our keeping: named by its SHA-256, never changed."""

    KIND: ClassVar[str] = "legal.evidence"
    PERSONAL: ClassVar[Mapping[str, Any]] = hidden(name="-")
    loan: Name
    what: Literal["contract", "identity", "disbursement", "notice", "receipt", "agreement", "court", "other"]
    name: Text
    sha256: Hash


class LimitationInterrupted(Event):
    """The period of limitation began anew for a reason that no other fact tells: `cause` is a word of the pack."""

    KIND: ClassVar[str] = "legal.interrupted"
    PERSONAL: ClassVar[Mapping[str, Any]] = hidden(note="")
    loan: Name
    cause: Annotated[str, Field(pattern=r"^[a-z][a-z_]{2,40}$")]
    by: Name
    note: str = ""


class LossProposed(Event):
    """A charge-off or a write-off that a rule thinks is due: no effect until a person approves it."""

    KIND: ClassVar[str] = "loss.proposed"
    PERSONAL: ClassVar[Mapping[str, Any]] = hidden(reason="-")
    loan: Name
    what: Literal["charge_off", "write_off", "sale"]
    by: Name
    reason: Text
    price_fen: Fen = 0
    evidence: tuple[Hash, ...] = ()
    """What was kept when it was proposed, by its digests."""


class LossRefused(Event):
    """A named person turned a proposed loss down, for good: a new one must be made."""

    KIND: ClassVar[str] = "loss.refused"
    PERSONAL: ClassVar[Mapping[str, Any]] = hidden(reason="-")
    loan: Name
    of: Name
    what: Literal["charge_off", "write_off", "sale"]
    by: Name
    reason: Text


class LossApproved(Event):
    """A named person with a role agrees to a charge-off, write-off or sale (`of`: the proposal)."""

    KIND: ClassVar[str] = "loss.approved"
    loan: Name
    of: Name
    what: Literal["charge_off", "write_off", "sale"]
    by: Name
    role: Name
