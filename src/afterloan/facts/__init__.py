"""What happened and when we learnt it: facts, and nothing computed from them."""

from dataclasses import dataclass
from enum import IntEnum

from afterloan.dates import iso
from afterloan.loan.terms import MAX_PRINCIPAL_FEN, RATE_SCALE, Component, FactKind

FIRST_DAY = 0  # 1970-01-01
LAST_DAY = 47_481  # 2099-12-31
REVERSED = 90


class FactRefused(ValueError):
    """A fact that cannot be taken: `column`, `value`, `reason`, and the `remedy`."""

    def __init__(self, column: str, value: object, reason: str, remedy: str) -> None:
        super().__init__(f"{column} {value!r}: {reason}; {remedy}")
        self.column, self.value, self.reason, self.remedy = column, value, reason, remedy


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
    """The contract rate changed to `rate` on RATE_SCALE per the product's unit of time."""

    rate: int
    kind = FactKind.RATE_CHANGED

    def __post_init__(self) -> None:
        """Bounds of the rate."""
        Fact.__post_init__(self)
        if not 0 <= self.rate <= 2 * RATE_SCALE:
            raise FactRefused("rate", self.rate, "not between 0 and 200 %", "give the rate per the product's unit")


@dataclass(frozen=True, slots=True)
class Reversed(Fact):
    """An earlier fact was taken back: we learnt on `known_on` that it does not stand. `loan` may be left '-'."""

    of: str
    kind = REVERSED
