"""The auditor: keeps the same loans from the words of the product alone, day after day, with exact fractions.

Nothing of `afterloan` is imported here. The words, of `jiebei-equal` and `jiebei-interest-first`:

* Interest of a day is the daily rate of the principal that has not been asked for yet; it is added up exactly
  and rounded once, half up, when the instalment falls due. What was asked for and is unpaid bears none.
* Equal instalments are the annuity of the periods' own days, to the cent; interest first, the rest principal.
  Principal repaid in advance counts towards its instalment. Interest that an instalment cannot hold beside it
  goes into the next one. The last instalment asks for all that is left.
* Interest first: each instalment asks for its interest, the last one for the principal too.
* Money meets what is past due, then what is due today, then instalments ahead, oldest first; of each instalment
  penalty, fee, interest, principal. An instalment ahead takes the interest earned so far, then principal, no
  more than it asks for. What meets nothing is kept, unapplied.
* Penalty: overdue principal × days since its due date at one and a half times the rate, at most 24 % a year
  (365 days, rounded down to the fifth decimal of a percent), once more than three days have passed. What is
  paid within the three days bears none.
* A fee falls due with the instalment in whose period its day lies; after the last one it is a row of its own, which
  is paid before older instalments once its day has come. Money that waits meets a fee on the day that it is told.
* In a breathing space no interest and no penalty is borne for its nights, those within the three days neither. The
  rate is nothing from its first day on and the contract's own again from the day of its end: each time the
  instalments ahead are the annuity, at that rate, of what they have to repay, the running period counted whole.
* A write-off: at the end of its day all falls due, interest as earned so far; money that waits meets it, the rest
  is off the books. Money that comes later meets charges made since, then is a recovery, up to what was written
  off, then waits. A loan that owes nothing has nothing to write off.
* A plan that extends a loan by some instalments adds them at the end, on the same day of the month; those ahead are set
  anew over what they have to repay, the running period counted whole. Where none is ahead it changes nothing.
* A loan is past due by the days since its oldest unpaid due date; the bureau's clock starts after three days.
* A fact counts from the day it took effect, as soon as it is known; taken back, it never was.
"""

import calendar
from collections import deque
from copy import copy
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise

PENALTY, FEE, INTEREST, PRINCIPAL = range(4)
GRACE = 3
BUCKETS = (1, 31, 61, 91, 121, 151, 181)
EQUAL, INTEREST_FIRST = "jiebei-equal", "jiebei-interest-first"


def half_up(value: Fraction) -> int:
    """2.5 is 3."""
    return int((value + Fraction(1, 2)) // 1)


@dataclass
class Message:
    """What the bank or the desk told: took effect `on`, arrived on `known_on`; `gone_on`: taken back, as we learnt.

    `kind`: repaid, fee, waived, written_off; breath, breath_over (a breathing space begins, ends); extended (by `fen`
    instalments).
    """

    reference: str
    kind: str
    on: date
    known_on: date
    fen: int
    component: int = FEE
    due_on: date | None = None
    gone_on: date | None = None

    def says(self) -> tuple[str, str, date, int, int, date | None]:
        """What a ledger takes from it: all but when it was learnt, and that it was."""
        return self.reference, self.kind, self.on, self.fen, self.component, self.due_on


@dataclass
class Signed:
    """One loan as signed, and all that was told of it."""

    reference: str
    product: str
    fen: int
    percent_day: Fraction
    signed_on: date
    months: int
    messages: list[Message] = field(default_factory=list)
    lived: "Lived" = field(default_factory=lambda: Lived(), compare=False, repr=False)

    def terms(self) -> tuple[str, int, Fraction, date, int]:
        """As signed."""
        return self.product, self.fen, self.percent_day, self.signed_on, self.months


class Lived:
    """Evenings of a loan that were lived before: the first of each month, and the last few that were asked for."""

    def __init__(self) -> None:
        self.firsts: dict[date, Ledger] = {}
        self.lately: deque[Ledger] = deque(maxlen=3)

    def before(self, loan: Signed, as_of: date, told: list[Message]) -> "Ledger | None":
        """The latest evening until which exactly the same was told of the same loan."""
        words = [m.says() for m in told]
        found = [
            one
            for one in (*self.firsts.values(), *self.lately)
            if one.day <= as_of and one.terms == loan.terms() and one.taken == words[: len(one.taken)]
            and not any(m.on <= one.day for m in told[len(one.taken) : len(one.taken) + 1])
        ]  # fmt: skip
        return max(found, key=lambda one: one.day, default=None)


def month_after(start: date, months: int) -> date:
    """The same day of a later month, or its last day."""
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    return date(year, month + 1, min(start.day, calendar.monthrange(year, month + 1)[1]))


@dataclass
class Row:
    """One instalment: what it asks for and has got, by component."""

    start: date
    due: date
    asked: list[int] = field(default_factory=lambda: [0, 0, 0, 0])
    got: list[int] = field(default_factory=lambda: [0, 0, 0, 0])
    given_up: list[int] = field(default_factory=lambda: [0, 0, 0, 0])
    interest: Fraction = Fraction(0)
    carried: int = 0
    graced: Fraction = Fraction(0)  # rates of the nights of grace
    overdue: Fraction = Fraction(0)  # overdue principal × rate of each night
    fallen: bool = False
    closed: bool = False
    fees_alone: bool = False

    def owed(self, c: int) -> int:
        return self.asked[c] - self.got[c] - self.given_up[c]

    def owed_in_all(self) -> int:
        return sum(self.owed(c) for c in range(4))

    def copied(self) -> "Row":
        one = copy(self)
        one.asked, one.got, one.given_up = [*self.asked], [*self.got], [*self.given_up]
        return one


class Ledger:
    """One loan lived through day by day up to the end of a day, with what was known on another.

    It goes on from an evening that was lived before, where nothing that was told since changes that evening or a day
    before it. `anew`: from the first day, whatever was lived before.
    """

    def __init__(self, loan: Signed, as_of: date, known_on: date, anew: bool = False) -> None:
        known = [m for m in loan.messages if m.known_on <= known_on and not (m.gone_on and m.gone_on <= known_on)]
        order = {"breath": -1, "breath_over": -1, "fee": 0, "waived": 1, "extended": 2, "repaid": 3, "written_off": 4}
        told = sorted((m for m in known if m.on <= as_of), key=lambda m: (m.on, order[m.kind], m.reference))
        before = None if anew else loan.lived.before(loan, as_of, told)
        if before:
            self._go_on_from(before)
        self.loan = loan
        if not before:
            self._begin()
        told = told[len(self.taken) :]
        while True:
            while told and told[0].on <= self.day:
                self.taken.append(told[0].says())
                self._take(told.pop(0))
            if self.day == as_of:
                break
            if self.day.day == 1 and not anew:
                loan.lived.firsts[self.day] = self._kept()
            self._next_day()
        if not anew and not (before and before.day == as_of):
            loan.lived.lately.append(self._kept())
        self._penalties()

    def _begin(self) -> None:
        """The morning on which the loan is signed."""
        loan = self.loan
        self.terms = loan.terms()
        self.taken: list[tuple[str, str, date, int, int, date | None]] = []
        """What was told until the day, in its order."""
        self.rows = self._lay_out()
        self.months = loan.months
        self.last = self.rows[-1]
        self.ahead = loan.fen  # principal that no instalment has asked for
        self._bear(loan.percent_day)
        self.received = self.unapplied = self.recovered = 0
        self.lost = [0, 0, 0, 0]
        self.day = loan.signed_on

    def _kept(self) -> "Ledger":
        """This evening as it is, whatever this ledger does later."""
        one = copy(self)
        one._go_on_from(self)
        return one

    def _go_on_from(self, other: "Ledger") -> None:
        """Stand where another ledger stands, with rows of its own."""
        self.__dict__ |= other.__dict__
        self.rows = [row.copied() for row in other.rows]
        self.last = self.rows[next(k for k, row in enumerate(other.rows) if row is other.last)]
        self.lost, self.taken = [*other.lost], [*other.taken]

    def _lay_out(self) -> list[Row]:
        days = [month_after(self.loan.signed_on, k) for k in range(self.loan.months + 1)]
        return [Row(start, due) for start, due in pairwise(days)]

    def _bear(self, percent_day: Fraction) -> None:
        """From tonight on the principal bears this rate: penalty follows it, instalments ahead are set anew."""
        self.rate = percent_day / 100
        cap = Fraction(int(Fraction(24, 365) * 100_000), 100_000)
        raised = Fraction(int(percent_day * Fraction(3, 2) * 100_000), 100_000)
        self.penalty_rate = min(raised, cap) / 100
        self.instalment = self._instalment()

    def _instalment(self) -> int:
        """The annuity: P ÷ Σ of the discount factors of the periods' own days.

        P is what the instalments ahead have to repay, with what was repaid of them in advance, which counts there.
        """
        rows = [row for row in self.rows if not row.fallen and not row.fees_alone]
        if self.loan.product == INTEREST_FIRST or not rows:
            return 0
        factor, total = Fraction(1), Fraction(0)
        for row in rows:
            factor /= 1 + self.rate * (row.due - row.start).days
            total += factor
        return half_up((self.ahead + sum(row.got[PRINCIPAL] for row in rows)) / total)

    def _next_day(self) -> None:
        """Interest and penalty of one day; what falls due at its end."""
        self.day += timedelta(1)
        row = self.next_row()
        if row:
            row.interest += self.ahead * self.rate
        for past in self.rows:
            late = (self.day - past.due).days
            if past.fallen and not past.closed and late <= GRACE:
                past.graced += self.penalty_rate
            elif past.fallen and not past.closed:
                graced = past.graced if late == GRACE + 1 else 0
                past.overdue += past.owed(PRINCIPAL) * (self.penalty_rate + graced)
        for row in [row for row in self.rows if not row.fallen and row.due <= self.day]:
            self._fall_due(row)

    def next_row(self) -> Row | None:
        return next((row for row in self.rows if not row.fallen and not row.fees_alone), None)

    def _is_last(self, row: Row) -> bool:
        return row is self.last

    def _fall_due(self, row: Row) -> None:
        total = half_up(row.interest) + row.carried
        early = row.got[PRINCIPAL]
        if row.fees_alone:
            held, principal = 0, 0
        elif self._is_last(row):
            held, principal = total, self.ahead
        elif self.loan.product == INTEREST_FIRST:
            held, principal = total, 0
        else:
            held = min(total, self.instalment - early)
            principal = min(max(self.instalment - held - early, 0), self.ahead)
        held = max(held, row.got[INTEREST])
        row.asked[INTEREST], row.asked[PRINCIPAL] = held, early + principal
        row.fallen = True
        self.ahead -= principal
        if not self._is_last(row) and not row.fees_alone:
            following = self.next_row()
            assert following is not None, "only the last has none after it"
            following.carried = max(total - held, 0)
        if row.owed_in_all() > 0 and self.unapplied:
            waiting, self.unapplied = self.unapplied, 0
            self.unapplied = self._pay_row(row, waiting)
        self._close_paid()

    def _close_paid(self) -> None:
        """Instalments that have fallen due and are paid stay as they are; older ones are paid first."""
        for row in self.rows:
            if not row.fallen or row.owed_in_all() > 0:
                break
            row.closed = True

    def _penalty_of(self, row: Row) -> int:
        if row.overdue == 0 or (self.day - row.due).days <= GRACE:
            return row.got[PENALTY] + row.given_up[PENALTY]
        return max(half_up(row.overdue), row.got[PENALTY] + row.given_up[PENALTY])

    def _penalties(self) -> None:
        for row in self.rows:
            if row.fallen and not row.closed:
                row.asked[PENALTY] = self._penalty_of(row)

    def _take(self, told: Message) -> None:
        self._penalties()
        if told.kind == "repaid":
            self._repay(told.fen)
        elif told.kind == "fee":
            row = self._row_for_fee(told)
            row.asked[FEE] += told.fen
            row.closed = False
            waiting, self.unapplied = self.unapplied, 0
            self._meet(waiting)
        elif told.kind == "waived":
            self._waive(told)
        elif told.kind == "written_off":
            self._write_off()
        elif told.kind == "extended":
            self._extend(told.fen)
        else:
            self._bear(Fraction(0) if told.kind == "breath" else self.loan.percent_day)
        self._close_paid()

    def _extend(self, instalments: int) -> None:
        """As many rows more at the end; those ahead are set anew."""
        if self.next_row() is None:
            return
        for _ in range(instalments):
            self.months += 1
            due = month_after(self.loan.signed_on, self.months)
            self.last = Row(month_after(self.loan.signed_on, self.months - 1), due)
            self.rows.append(self.last)
        self.rows.sort(key=lambda r: r.due)
        self.instalment = self._instalment()

    def _row_for_fee(self, told: Message) -> Row:
        due = told.due_on
        assert due
        for row in self.rows:
            if due <= row.due and not (row.fees_alone and due < row.due):
                return row
        row = Row(due, due, fallen=due <= self.day, fees_alone=True)
        self.rows.append(row)
        self.rows.sort(key=lambda r: r.due)
        return row

    def _waive(self, told: Message) -> None:
        """Oldest first; of instalments ahead only fees; never more than is owed."""
        left = told.fen
        for row in self.rows:
            if row.closed or (not row.fallen and told.component != FEE):
                continue
            part = min(left, max(row.owed(told.component), 0))
            row.given_up[told.component] += part
            left -= part

    def _write_off(self) -> None:
        """One row of all that was ahead falls due today; money that waits meets what is owed, the rest is lost.

        A loan that owed nothing has ended: nothing is lost of it, and a fee charged later falls due as on any other.
        """
        if self.ended():
            return
        rows = [row for row in self.rows if not row.fallen]
        if rows:
            one, interest = rows[0], half_up(rows[0].interest) + rows[0].carried
            for row in rows[1:]:
                one.asked[FEE] += row.asked[FEE]
                for c in range(4):
                    one.got[c] += row.got[c]
                    one.given_up[c] += row.given_up[c]
            one.asked[INTEREST] = max(interest, one.got[INTEREST])
            one.asked[PRINCIPAL] = one.got[PRINCIPAL] + self.ahead
            one.due, one.fallen, one.fees_alone, self.ahead, self.last = self.day, True, False, 0, one
            self.rows = [row for row in self.rows if row.fallen]
        waiting, self.unapplied = self.unapplied, 0
        self._meet(waiting)
        for row in self.rows:
            for c in range(4):
                part = max(row.owed(c), 0)
                row.given_up[c] += part
                self.lost[c] += part

    def _repay(self, fen: int) -> None:
        self.received += fen
        self._meet(fen)

    def _meet(self, fen: int) -> None:
        for row in [row for row in self.rows if row.fees_alone] + self.rows:
            if row.fallen and not row.closed:
                fen = self._pay_row(row, fen)
        if fen:
            self._show_advance()
            for row in self.rows:
                if not row.fallen:
                    fen = self._pay_row(row, fen)
        recovery = min(fen, sum(self.lost) - self.recovered)
        self.recovered += recovery
        self.unapplied += fen - recovery

    def _pay_row(self, row: Row, fen: int) -> int:
        for c in range(4):
            part = min(fen, max(row.owed(c), 0))
            if c == PRINCIPAL and not row.fallen:
                part = min(part, self.ahead)
                self.ahead -= part
            row.got[c] += part
            fen -= part
        return fen

    def _show_advance(self) -> None:
        """What each instalment ahead may take today."""
        first = self.next_row()
        if first is None:
            return
        earned = half_up(first.interest) + first.carried
        left = self.ahead
        for row in self.rows:
            if row.fallen or row.fees_alone:
                continue
            early = row.got[PRINCIPAL]
            interest, principal = earned, 0
            if self.loan.product == EQUAL:
                interest = min(earned, self.instalment - early)
                principal = self.instalment - interest
            row.asked[INTEREST] = max(interest, row.got[INTEREST])
            row.asked[PRINCIPAL] = early + left if self._is_last(row) else max(min(principal, early + left), early)
            left -= row.owed(PRINCIPAL)
            earned = max(earned - row.asked[INTEREST], 0)

    # what the auditor says of the loan

    def balance(self) -> int:
        """Principal left."""
        return self.ahead + sum(row.owed(PRINCIPAL) for row in self.rows if row.fallen)

    def earned(self) -> int:
        """Interest of the current period up to today that is not paid yet."""
        row = self.next_row()
        if row is None:
            return 0
        early = sum(r.got[INTEREST] for r in self.rows if not r.fallen)
        return half_up(row.interest) + row.carried - early

    def got(self, c: int) -> int:
        """Received so far for one component."""
        return sum(row.got[c] for row in self.rows)

    def given_up(self, c: int) -> int:
        """Waived so far of one component; what is off the books is not."""
        return sum(row.given_up[c] for row in self.rows) - self.lost[c]

    def due(self, c: int) -> int:
        """Asked for and unpaid of one component, arrears and what falls due today."""
        return sum(row.owed(c) for row in self.rows if row.fallen)

    def fees(self) -> int:
        """Fees charged and unpaid, those not yet due included."""
        return sum(row.owed(FEE) for row in self.rows)

    def arrears(self, c: int) -> int:
        """Due before today and unpaid."""
        return sum(row.owed(c) for row in self.rows if row.fallen and row.due < self.day)

    def days_past_due(self) -> int:
        """Whole days since the oldest unpaid due date."""
        oldest = [row.due for row in self.rows if row.fallen and row.due < self.day and row.owed_in_all() > 0]
        return (self.day - min(oldest)).days if oldest else 0

    def bucket(self) -> int:
        """0 current, 1 from the first day, 2 from the 31st …"""
        return sum(self.days_past_due() >= start for start in BUCKETS)

    def payoff(self) -> int:
        """What ends the loan today."""
        due = self.due(PENALTY) + self.fees() + self.due(INTEREST) + max(self.earned(), 0)
        return max(due + self.balance() - self.unapplied, 0)

    def position(self) -> dict[str, int]:
        """All that is compared with the reckoned position, by the names that it has there."""
        return {
            "outstanding.penalty": self.due(PENALTY),
            "outstanding.fee": self.fees(),
            "outstanding.interest": self.due(INTEREST),
            "outstanding.principal": self.balance(),
            "arrears.penalty": self.arrears(PENALTY),
            "arrears.fee": self.arrears(FEE),
            "arrears.interest": self.arrears(INTEREST),
            "arrears.principal": self.arrears(PRINCIPAL),
            "paid.penalty": self.got(PENALTY),
            "paid.fee": self.got(FEE),
            "paid.interest": self.got(INTEREST),
            "paid.principal": self.got(PRINCIPAL),
            "accrued_interest": self.earned(),
            "unapplied": self.unapplied,
            "payoff": self.payoff(),
            "written_off.penalty": self.lost[PENALTY],
            "written_off.fee": self.lost[FEE],
            "written_off.interest": self.lost[INTEREST],
            "written_off.principal": self.lost[PRINCIPAL],
            "recovered": self.recovered,
            "days_past_due": self.days_past_due(),
            "bucket": self.bucket(),
        }

    def ended(self) -> bool:
        """Whether nothing is owed any more of money that was lent: what still waits is to be given back."""
        owed = self.balance() + self.due(INTEREST) + self.due(PENALTY) + self.fees() + self.earned()
        return self.received > 0 and owed == 0

    def accounts(self) -> dict[int, int]:
        """The loan's share of each account of the journal, debit positive."""
        penalty = sum(row.asked[PENALTY] for row in self.rows)
        fee = sum(row.asked[FEE] for row in self.rows)
        unpaid_interest, earned = self.due(INTEREST), self.earned()
        income = unpaid_interest + earned + self.got(INTEREST) + self.given_up(INTEREST) + self.lost[INTEREST]
        return {
            1010: self.received - self.loan.fen,
            1110: self.balance(),
            1120: earned,
            1130: unpaid_interest,
            1140: self.due(PENALTY),
            1150: self.fees(),
            2110: 0 if self.ended() else -self.unapplied,
            2130: -self.unapplied if self.ended() else 0,
            4110: -income,
            4120: -penalty,
            4130: -fee,
            4210: -self.recovered,
            5110: self.given_up(PRINCIPAL),
            5120: self.given_up(INTEREST),
            5130: self.given_up(PENALTY),
            5140: self.given_up(FEE),
            5210: self.lost[PRINCIPAL],
            5220: self.lost[INTEREST],
            5230: self.lost[PENALTY],
            5240: self.lost[FEE],
            9120: sum(self.lost) - self.recovered,
            9900: self.recovered - sum(self.lost),
        }
