"""Facts of relief: a quote given, a hardship told and decided, a plan offered, accepted, kept, broken, ended."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, ClassVar, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from afterloan.facts.events import Event, Fen, Name, hidden

Text = Annotated[str, Field(min_length=1, max_length=2_000)]
PlanKind = Literal[
    "deferral", "reinstalment", "extension", "interest_only", "rate_cut", "penalty_waiver", "settlement", "re_age"
]
PLAN_KINDS: tuple[str, ...] = get_args(PlanKind)
Cause = Literal["illness", "job_loss", "income_drop", "bereavement", "disaster", "family", "business", "other"]


class QuoteGiven(Event):
    """An early repayment was quoted for the day `for_on`; `seal` stands for position, facts and schedule behind it."""

    KIND: ClassVar[str] = "quote.given"
    want: Literal["full", "amount", "instalment", "month"]
    for_on: date
    amount_fen: Fen
    fee_fen: Fen = 0
    saves_fen: int = 0
    valid_until: date
    seal: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    asked: int = 0
    """The amount or instalment asked for in minor units, or the month as its last day (days since 1970-01-01)."""


class QuoteExecuted(Event):
    """A quote (`of`: its reference) was executed exactly as given."""

    KIND: ClassVar[str] = "quote.executed"
    of: Name
    amount_fen: Fen


class Evidence(BaseModel):
    """A document that was handed in: its name, type, size and digest; the document itself is kept elsewhere."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: Name
    type: Name
    bytes: Annotated[int, Field(ge=0)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Means(BaseModel):
    """What the borrower states of a month: income, necessary spending, what other debts take; household size."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    income_fen: Fen
    spending_fen: Fen
    other_debts_fen: Fen = 0
    household: Annotated[int, Field(ge=1, le=30)] = 1


class HardshipApplied(Event):
    """The borrower told of a difficulty; `review_on` is when it is looked at again at the latest."""

    KIND: ClassVar[str] = "hardship.applied"
    PERSONAL: ClassVar[Mapping[str, Any]] = hidden(told="-")
    cause: Cause
    told: Text
    means: Means
    evidence: tuple[Evidence, ...] = ()
    review_on: date
    decide_by: date

    @model_validator(mode="after")
    def _days_follow(self) -> "HardshipApplied":
        for name in ("review_on", "decide_by"):
            if getattr(self, name) < self.on:
                raise ValueError(f"{name} {getattr(self, name)} is before the application of {self.on}; correct one")
        return self


class HardshipDecided(Event):
    """An application (`of`) was granted or refused, with reasons; refused: when it may be told again."""

    KIND: ClassVar[str] = "hardship.decided"
    PERSONAL: ClassVar[Mapping[str, Any]] = hidden(reasons=("-",))
    of: Name
    granted: bool
    reasons: Annotated[tuple[Text, ...], Field(min_length=1)]
    by: Name
    again_from: date | None = None


class VulnerabilityFlagged(Event):
    """A borrower was flagged as vulnerable. What is in here is read by few: see `VulnerabilityRead`."""

    KIND: ClassVar[str] = "vulnerability.flagged"
    PERSONAL: ClassVar[Mapping[str, Any]] = hidden(note="-")
    flag: Literal["health", "mental_health", "bereavement", "age", "language", "abuse", "low_literacy", "other"]
    note: Text
    by: Name
    review_on: date


class VulnerabilityCleared(Event):
    """A flag (`of`) no longer holds."""

    KIND: ClassVar[str] = "vulnerability.cleared"
    PERSONAL: ClassVar[Mapping[str, Any]] = hidden(reason="-")
    of: Name
    by: Name
    reason: Text


class VulnerabilityRead(Event):
    """Somebody read a borrower's flags: who, in which role, why."""

    KIND: ClassVar[str] = "vulnerability.read"
    PERSONAL: ClassVar[Mapping[str, Any]] = hidden(why="-")
    by: Name
    role: Name
    why: Text


class ReliefStep(BaseModel):
    """One fact of a plan or a quote before it is agreed: its class and the fields that were said, no others.

    `count` of periods or parts; `due_on` and `from_on` as days; `amount_fen` in minor units; `rate` on RATE_SCALE;
    `interest`: where arrears of interest go, by the name of an `ArrearsInterest`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    fact: Literal[
        "Deferred", "Extended", "InterestOnly", "PenaltyForgiven", "RateChanged", "Reinstalled", "SettlementAgreed"
    ]
    count: int = 0
    due_on: date | None = None
    from_on: date | None = None
    every: int = 0
    amount_fen: int = 0
    rate: int = 0
    interest: Literal["carried", "spread", "capitalised", "alone", "whole"] = "spread"
    while_kept: bool = False
    add_rows: bool = False

    @model_serializer(mode="wrap")
    def _said(self, whole: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: value for name, value in whole(self).items() if name in self.model_fields_set}

    def said(self) -> dict[str, Any]:
        """The fields that were said, but for the class."""
        return {name: getattr(self, name) for name in self.model_fields_set - {"fact"}}


class PlanOffered(Event):
    """A plan was offered with its simulation: what it changes (`does`: facts to come) and what that comes to."""

    KIND: ClassVar[str] = "plan.offered"
    plan: PlanKind
    does: Annotated[tuple[ReliefStep, ...], Field(min_length=1)]
    simulation: dict[str, Any]
    valid_until: date
    seal: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    hardship: Name | None = None


class PlanStep(Event):
    """What all later steps of a plan say: `of` is the reference of the offer."""

    PERSONAL: ClassVar[Mapping[str, Any]] = hidden(reason="")
    of: Name
    by: str = ""
    reason: Annotated[str, Field(max_length=2_000)] = ""


class PlanAccepted(PlanStep):
    """The borrower accepted; the facts of the contract were told with it. The plan runs."""

    KIND: ClassVar[str] = "plan.accepted"


class PlanDeclined(PlanStep):
    """The borrower declined."""

    KIND: ClassVar[str] = "plan.declined"


class PlanFailed(PlanStep):
    """The plan was not kept: what it gave on condition returned."""

    KIND: ClassVar[str] = "plan.broken"
    missed_on: date
    missed_fen: Fen


class PlanCompleted(PlanStep):
    """All that the plan asked for was paid."""

    KIND: ClassVar[str] = "plan.completed"


class PlanCancelled(PlanStep):
    """The plan was taken back, by the borrower or because it should not have been: its facts were reversed."""

    KIND: ClassVar[str] = "plan.cancelled"


PLAN_EVENTS = tuple(c.KIND for c in (PlanOffered, PlanAccepted, PlanDeclined, PlanFailed, PlanCompleted, PlanCancelled))
