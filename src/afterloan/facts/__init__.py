"""What happened and when we learnt it: facts, and nothing computed from them."""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Literal

from afterloan.dates import iso
from afterloan.expected import ExpectedFailure
from afterloan.loan.terms import (
    MAX_CHARGES,
    MAX_PRINCIPAL_FEN,
    RATE_SCALE,
    AfterChargeOff,
    ArrearsInterest,
    Component,
    FactKind,
    JudgedPart,
    Unit,
)

FIRST_DAY = 0  # 1970-01-01
LAST_DAY = 47_481  # 2099-12-31
REVERSED = 90


def word_of_kind(kind: int) -> str:
    """What a kind of fact, as the store numbers it, is called: `repaid`; `reversed` for one that takes another back."""
    return "reversed" if kind == REVERSED else FactKind(kind).name.lower()


RefusedKind = Literal["unknown", "forbidden", "conflict", "invalid", "too_early", "needs_second_person"]
"""What kind of refusal it is: nothing of that name; not allowed; says otherwise than before; cannot be; not yet;
a second person has to agree."""


def refusal_line(where: str, value: object, why: str, remedy: str) -> str:
    """A refusal in one line: `amount '1,20': could be 1.20 or 120.00; write it with a point`; no value, no quotes."""
    told = value if isinstance(value, int | float) else repr(str(value))
    return f"{where}{f' {told}' if value not in ('', None) else ''}: {why}; {remedy}"


class FactRefused(ExpectedFailure, ValueError):
    """A fact that cannot be taken: `column`, `value`, `reason`, the `remedy`, and the `kind` of refusal.

    `rule`: of a pack, where one refuses; `next_at`: from which moment it does no longer (None: waiting does not help).
    """

    def __init__(
        self, column: str, value: object, reason: str, remedy: str, kind: RefusedKind = "invalid", rule: str = "",
        next_at: datetime | None = None,
    ) -> None:  # fmt: skip
        """What is wrong (`column`, `value`, `reason`) and what to do (`remedy`)."""
        super().__init__(refusal_line(column, value, reason, remedy))
        self.column, self.value, self.reason, self.remedy = column, value, reason, remedy
        self.kind: RefusedKind = kind
        self.rule, self.next_at = rule, next_at


class Charge(IntEnum):
    """What can be charged."""

    FEE = Component.FEE
    PENALTY = Component.PENALTY


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that happened to a loan: took effect `on`, learnt `known_on` (days), told once under `reference`."""

    loan: str
    reference: str
    on: int
    known_on: int

    def __post_init__(self) -> None:
        """Refuse what can never be right, before anything is written."""
        for name in ("loan", "reference"):
            value = getattr(self, name)
            if not value or len(value) > 200 or value != value.strip():
                raise FactRefused(name, value, "empty, longer than 200 or with blanks around it", "give a plain name")
        for name in ("on", "known_on"):
            value = getattr(self, name)
            if not FIRST_DAY <= value <= LAST_DAY:
                raise FactRefused(name, value, "outside 1970 to 2099", "give the day as YYYY-MM-DD")
        if self.known_on < self.on:
            raise FactRefused(
                "known_on", iso(self.known_on), f"before {iso(self.on)}, the day it took effect", "correct one of them"
            )


def _amount(value: int, most: int = MAX_PRINCIPAL_FEN) -> None:
    if not 0 < value <= most:
        raise FactRefused("amount_fen", value, f"not between 1 and {most}", "give the amount in minor units")


@dataclass(frozen=True, slots=True)
class Disbursed(Fact):
    """Money was paid out."""

    amount_fen: int
    kind = FactKind.DISBURSED

    def __post_init__(self) -> None:
        """Bounds of the amount."""
        Fact.__post_init__(self)
        _amount(self.amount_fen)


@dataclass(frozen=True, slots=True)
class Repaid(Fact):
    """Money was received for the borrower."""

    amount_fen: int
    kind = FactKind.REPAID

    def __post_init__(self) -> None:
        """Bounds of the amount."""
        Fact.__post_init__(self)
        _amount(self.amount_fen)


@dataclass(frozen=True, slots=True)
class Refunded(Fact):
    """Money that waited unapplied was given back to the borrower."""

    amount_fen: int
    kind = FactKind.REFUNDED

    def __post_init__(self) -> None:
        """Bounds of the amount."""
        Fact.__post_init__(self)
        _amount(self.amount_fen)


@dataclass(frozen=True, slots=True)
class RefundReturned(Fact):
    """A refund came back on this day, not taken or charged back: the money is the borrower's and waits again."""

    amount_fen: int
    kind = FactKind.REFUND_RETURNED

    def __post_init__(self) -> None:
        """Bounds of the amount."""
        Fact.__post_init__(self)
        _amount(self.amount_fen)


@dataclass(frozen=True, slots=True)
class TransferredOut(Fact):
    """Money that waited on this loan was passed on to another loan of the borrower, which has a `TransferredIn`."""

    amount_fen: int
    kind = FactKind.TRANSFERRED_OUT

    def __post_init__(self) -> None:
        """Bounds of the amount."""
        Fact.__post_init__(self)
        _amount(self.amount_fen)


@dataclass(frozen=True, slots=True)
class TransferredIn(Fact):
    """Money of the borrower came from another loan, which has a `TransferredOut`: it meets debt as a repayment does."""

    amount_fen: int
    kind = FactKind.TRANSFERRED_IN

    def __post_init__(self) -> None:
        """Bounds of the amount."""
        Fact.__post_init__(self)
        _amount(self.amount_fen)


@dataclass(frozen=True, slots=True)
class Charged(Fact):
    """A fee or a penalty was charged; it falls due on `due_on`."""

    amount_fen: int
    component: Charge
    due_on: int
    kind = FactKind.CHARGED

    def __post_init__(self) -> None:
        """Bounds of the amount; due no earlier than charged."""
        Fact.__post_init__(self)
        _amount(self.amount_fen)
        if not self.on <= self.due_on <= self.on + 3_700:
            raise FactRefused("due_on", iso(self.due_on), "before the charge or ten years after it", "correct it")


@dataclass(frozen=True, slots=True)
class ChargeEnded(Fact):
    """A charge of the product, by its place in the terms (1, 2 …), is made no more from this day on."""

    number: int
    kind = FactKind.CHARGE_ENDED

    def __post_init__(self) -> None:
        """Within the charges that a product can have."""
        Fact.__post_init__(self)
        if not 1 <= self.number <= MAX_CHARGES:
            raise FactRefused("number", self.number, f"not between 1 and {MAX_CHARGES}", "count the product's charges")


@dataclass(frozen=True, slots=True)
class Waived(Fact):
    """Part of a debt was given up."""

    amount_fen: int
    component: Component
    kind = FactKind.WAIVED

    def __post_init__(self) -> None:
        """Bounds of the amount."""
        Fact.__post_init__(self)
        _amount(self.amount_fen)


@dataclass(frozen=True, slots=True)
class RateChanged(Fact):
    """The contract rate changed to `rate` on RATE_SCALE per the product's unit of time.

    `while_kept`: a plan or a moratorium gives this rate; the contract's own, which other changes may move meanwhile,
    returns when the plan is broken.
    """

    rate: int
    while_kept: bool = False
    kind = FactKind.RATE_CHANGED

    def __post_init__(self) -> None:
        """Bounds of the rate."""
        Fact.__post_init__(self)
        if not 0 <= self.rate <= 2 * RATE_SCALE:
            raise FactRefused("rate", self.rate, "not between 0 and 200 %", "give the rate per the product's unit")


MAX_PLAN_INSTALMENTS = 120


def _count(value: int, least: int = 1) -> None:
    if not least <= value <= MAX_PLAN_INSTALMENTS:
        raise FactRefused("count", value, f"not between {least} and {MAX_PLAN_INSTALMENTS}", "give whole instalments")


def _day_after(name: str, value: int, on: int) -> None:
    if not on <= value <= min(on + 3_700, LAST_DAY):
        raise FactRefused(name, iso(value), "before the day it is agreed, or ten years after it", "correct it")


@dataclass(frozen=True, slots=True)
class Deferred(Fact):
    """Due dates move: by `count` intervals, or so that the first falls on `due_on`; rows due from `from_on` on."""

    count: int = 0
    due_on: int = 0
    from_on: int = 0
    kind = FactKind.DEFERRED

    def __post_init__(self) -> None:
        """Either a number of intervals or a day."""
        Fact.__post_init__(self)
        if self.due_on:
            _day_after("due_on", self.due_on, self.on)
        else:
            _count(self.count)


@dataclass(frozen=True, slots=True)
class InstalmentAgreed(Fact):
    """Instalments are `amount_fen` from now on, the last takes the rest; equal principal: the principal of each."""

    amount_fen: int
    kind = FactKind.INSTALMENT_AGREED

    def __post_init__(self) -> None:
        """Bounds of the amount."""
        Fact.__post_init__(self)
        _amount(self.amount_fen)


@dataclass(frozen=True, slots=True)
class InterestOnly(Fact):
    """The next `count` instalments ask for interest alone; `add_rows`: as many are added at the end."""

    count: int
    add_rows: bool = False
    from_on: int = 0
    kind = FactKind.INTEREST_ONLY

    def __post_init__(self) -> None:
        """Bounds of the count."""
        Fact.__post_init__(self)
        _count(self.count)


@dataclass(frozen=True, slots=True)
class Extended(Fact):
    """`count` instalments more; those due from `from_on` on are set anew."""

    count: int
    from_on: int = 0
    kind = FactKind.EXTENDED

    def __post_init__(self) -> None:
        """Bounds of the count."""
        Fact.__post_init__(self)
        _count(self.count)


@dataclass(frozen=True, slots=True)
class CapitalisedUntil(Fact):
    """Interest of instalments due up to `due_on` becomes principal; they ask for nothing."""

    due_on: int
    kind = FactKind.CAPITALISED_UNTIL

    def __post_init__(self) -> None:
        """A day after the agreement."""
        Fact.__post_init__(self)
        _day_after("due_on", self.due_on, self.on)


@dataclass(frozen=True, slots=True)
class CyclesAgreed(Fact):
    """Of the rows due from `from_on` on every `count`-th asks for interest, every `every`-th for principal."""

    count: int = 1
    every: int = 1
    from_on: int = 0
    kind = FactKind.CYCLES_AGREED

    def __post_init__(self) -> None:
        """Bounds of both."""
        Fact.__post_init__(self)
        _count(self.count)
        _count(self.every)


@dataclass(frozen=True, slots=True)
class Reinstalled(Fact):
    """Arrears and balance anew over `count` instalments from `due_on` on; `count` 0: over those that are left.

    A re-age by another name: the loan counts as current while it is kept, and the position's
    `oldest_due_on` stays where it was until the arrears moved are collected.
    """

    count: int = 0
    due_on: int = 0
    every: int = 0
    unit: Unit | None = None
    interest: ArrearsInterest = ArrearsInterest.SPREAD
    kind = FactKind.REINSTALLED

    def __post_init__(self) -> None:
        """New instalments need a first due date."""
        Fact.__post_init__(self)
        _count(self.count, 0)
        if self.count:
            _day_after("due_on", self.due_on, self.on + 1)
        elif self.interest in (ArrearsInterest.ALONE, ArrearsInterest.WHOLE):
            name = self.interest.name.lower()
            raise FactRefused(
                "interest", name, "needs new instalments", "give a count and the first due day, or spread"
            )
        if not 0 <= self.every <= 366:
            raise FactRefused("every", self.every, "not between 0 and 366", "give the interval in units")


@dataclass(frozen=True, slots=True)
class PenaltyHeld(Fact):
    """No penalty interest from this day on: a hardship under review, a plan kept."""

    kind = FactKind.PENALTY_HELD


@dataclass(frozen=True, slots=True)
class PenaltyResumed(Fact):
    """Penalty interest accrues again from this day on."""

    kind = FactKind.PENALTY_RESUMED


@dataclass(frozen=True, slots=True)
class SettlementAgreed(Fact):
    """`amount_fen` received by the end of `due_on` ends the loan; the rest is then given up. Else nothing changes."""

    amount_fen: int
    due_on: int
    kind = FactKind.SETTLEMENT_AGREED

    def __post_init__(self) -> None:
        """Bounds of the amount; an expiry."""
        Fact.__post_init__(self)
        _amount(self.amount_fen)
        _day_after("due_on", self.due_on, self.on)


@dataclass(frozen=True, slots=True)
class PenaltyForgiven(Fact):
    """Penalties of `amount_fen` are given up in `count` parts, one as each of the next instalments is kept."""

    amount_fen: int
    count: int
    kind = FactKind.PENALTY_FORGIVEN

    def __post_init__(self) -> None:
        """Bounds of amount and count."""
        Fact.__post_init__(self)
        _amount(self.amount_fen)
        _count(self.count)


@dataclass(frozen=True, slots=True)
class PlanBroken(Fact):
    """A plan was not kept: what it gave on condition returns from this day on.

    `moratorium`: a breathing space stands on the loan: no interest and no penalty until its end, plan or no plan.
    """

    moratorium: bool = False
    kind = FactKind.PLAN_BROKEN


@dataclass(frozen=True, slots=True)
class ChargedOff(Fact):
    """The day-count trigger was reached; what interest does then is `then`."""

    then: AfterChargeOff = AfterChargeOff.STOPS
    kind = FactKind.CHARGED_OFF


@dataclass(frozen=True, slots=True)
class Accelerated(Fact):
    """By notice, the rest of the principal falls due at once, with the interest earned: on the day the notice names."""

    kind = FactKind.ACCELERATED


@dataclass(frozen=True, slots=True)
class AccelerationWithdrawn(Fact):
    """Arrears were met before suit: from this day on the loan stands as though it had never been accelerated."""

    kind = FactKind.ACCELERATION_WITHDRAWN


@dataclass(frozen=True, slots=True)
class Adjudged(Fact):
    """A court fixed one `part` of the debt: its sum (or a rate on RATE_SCALE), to be performed by the end of `due_on`.

    A judgment is told by one fact for each part, all of one day: what is owed of the part is `amount_fen` from then on.
    """

    part: JudgedPart
    amount_fen: int
    due_on: int
    kind = FactKind.JUDGED

    def __post_init__(self) -> None:
        """Bounds of the sum, or of the rate; performance not before the judgment."""
        Fact.__post_init__(self)
        most = RATE_SCALE if self.part in (JudgedPart.RATE, JudgedPart.EXTRA_RATE) else MAX_PRINCIPAL_FEN
        if not 0 <= self.amount_fen <= most:
            raise FactRefused("amount_fen", self.amount_fen, f"not between 0 and {most}", "give what the court says")
        if not self.on <= self.due_on <= LAST_DAY:
            raise FactRefused(
                "due_on", self.due_on, f"before {iso(self.on)}, the day of the judgment", "correct one of them"
            )


@dataclass(frozen=True, slots=True)
class WrittenOff(Fact):
    """All that is owed leaves the books at the end of this day. The claim stays: later money is a recovery."""

    kind = FactKind.WRITTEN_OFF


@dataclass(frozen=True, slots=True)
class Sold(Fact):
    """The claim was sold for `amount_fen` (0: for nothing) at the end of this day; what was owed leaves the books."""

    amount_fen: int
    kind = FactKind.SOLD

    def __post_init__(self) -> None:
        """Bounds of the price; a claim may pass on for nothing."""
        Fact.__post_init__(self)
        if self.amount_fen != 0:
            _amount(self.amount_fen)


@dataclass(frozen=True, slots=True)
class Reversed(Fact):
    """An earlier fact was taken back: we learnt on `known_on` that it does not stand. `loan` may be left '-'."""

    of: str
    kind = REVERSED
