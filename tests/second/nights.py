"""Days, rates and rows as the second reckoner counts them: nights, months, shares of a year, business days."""

import calendar
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

PENALTY, FEE, INTEREST, PRINCIPAL = range(4)
PARTS = {"penalty": PENALTY, "fee": FEE, "interest": INTEREST, "principal": PRINCIPAL}
NEVER = date.max.toordinal()
SHIFTS = {"following": 1, "modified_following": 1, "preceding": -1, "modified_preceding": -1}


def cents(text: str) -> int:
    """12.34 is 1234."""
    return int(Fraction(text) * 100)


def number(on: date) -> int:
    """A day as a whole number."""
    return on.toordinal()


def dom_of(day: int) -> int:
    """Its day of the month."""
    return date.fromordinal(day).day


def length_of_month(day: int) -> int:
    """How many days its month has."""
    on = date.fromordinal(day)
    return calendar.monthrange(on.year, on.month)[1]


def later(anchor: int, unit: str, count: int, dom: int) -> int:
    """The day `count` units after an anchor, in months on day `dom` or the month's last day."""
    if unit in ("days", "weeks"):
        return anchor + count * (7 if unit == "weeks" else 1)
    start = date.fromordinal(anchor)
    year, month = divmod(start.year * 12 + start.month - 1 + count * (12 if unit == "years" else 1), 12)
    return date(year, month + 1, min(dom, calendar.monthrange(year, month + 1)[1])).toordinal()


def business_day(day: int, shift: str, holidays: frozenset[int], start: int = 0) -> int:
    """The business day that stands for a day; `modified`: looked for the other way where it would leave the month.

    One before `start` is looked for after the day.
    """
    found = _business_day(day, shift, holidays)
    return found if found >= start else _business_day(day, "following", holidays)


def _business_day(day: int, shift: str, holidays: frozenset[int]) -> int:
    step = SHIFTS.get(shift, 0)
    if not step or day not in holidays:
        return day
    for way in (step, -step):
        moved = day
        while moved in holidays:
            moved += way
        if not shift.startswith("modified") or date.fromordinal(moved).month == date.fromordinal(day).month:
            return moved
    return moved


def thirty(day: int) -> int:
    """A day on a calendar of months of 30 days."""
    on = date.fromordinal(day)
    return on.year * 360 + on.month * 30 + min(on.day, 30)


def down(rate: Fraction) -> Fraction:
    """Rounded down to the fifth decimal of a percent."""
    return Fraction(int(rate * 10**7), 10**7)


@dataclass(eq=False)
class Row:
    """One instalment: its days, what it asks for, got and was let off, by component."""

    start: int
    due: int
    placed: int  # due date before any holiday
    share: Fraction  # of a year, for each night of it: its months over its nights, or 1/360
    kind: str = "instalment"  # or down_payment, charges
    asked: list[int] = field(default_factory=lambda: [0] * 4)
    got: list[int] = field(default_factory=lambda: [0] * 4)
    let_off: list[int] = field(default_factory=lambda: [0] * 4)
    amount: int | None = None  # of an equal instalment; None where the part of principal is fixed
    part: int = 0  # of principal, where it is fixed
    bare: bool = False  # asks for interest alone
    put_off: bool = False  # its interest passes to the next
    free: bool = False  # bears no interest
    becomes: int = 0  # interest that will become principal
    prepaid: int = 0  # principal repaid at once, beside the instalment
    moved: int = 0  # interest that a plan put here
    promised: int = 0  # fee that comes only with the instalment
    earned: Fraction = Fraction(0)
    added: int = 0  # interest beside `earned` that the row took when it fell due
    overdue: Fraction = Fraction(0)  # penalty interest, exact
    graced: Fraction = Fraction(0)  # what one cent would have borne in the nights of grace
    charged: int = 0  # penalties charged by the desk
    charges_due: int = 0  # the latest day a charge on it is due
    fallen: bool = False
    called: bool = False  # due by notice, not by its date
    done_on: int = NEVER  # nothing but penalties was open any more
    night: tuple[Fraction, Fraction] = (Fraction(-1), Fraction(0))  # a rate, and what one cent bears for a night at it

    def owed(self, c: int) -> int:
        """What it still asks for; a row ahead also for the fee that it promises."""
        promised = self.promised if c == FEE and not self.fallen else 0
        return self.asked[c] + promised - self.got[c] - self.let_off[c]

    def open(self) -> int:
        return sum(self.owed(c) for c in range(4))

    def promised_met(self) -> int:
        """What of its promised fee has been met: charges come first."""
        return max(self.got[FEE] + self.let_off[FEE] - self.asked[FEE], 0)
