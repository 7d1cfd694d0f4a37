"""The second reckoner: lives one loan night by night, in fractions, from the words of its product and its facts.

Nothing of `afterloan` is imported and nothing is shared with it: where the two say different things, one is wrong.
A story is a golden story (`tests/golden/loan`): product, contract, facts by date. What the words mean:

* **Nights.** Interest of a night is the rate's share of that night times the principal not asked for yet (with
  `past_due_bears_interest`: all principal unpaid). It is added up exactly and rounded once, when the row falls due.
* **Rows.** Equal instalments: the annuity of the periods' own nights, to the cent; interest first, the rest principal.
  Equal principal: equal parts, the last takes the rest. Interest first, bullet: principal with the last row. Flat:
  interest on what was lent, in equal parts of principal. Interest that an instalment cannot hold passes to the next.
* **Money** meets what is past due, then what is due today, then rows ahead. A row ahead takes the interest earned so
  far, then principal, no more than it will ask for. What meets nothing waits, and meets the next debt.
* **Penalty** runs on overdue principal (`on_interest`: and interest) from the due day or the end of grace, once grace
  has run out; each night at that night's rate; rounded once a row.
* **A day** begins with what falls due; then come facts in the order of `ORDER`, those of one kind as told.
* A fact counts from the day it took effect, as soon as it is known; taken back, it never was.
"""

import calendar
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Any

PENALTY, FEE, INTEREST, PRINCIPAL = range(4)
PARTS = {"penalty": PENALTY, "fee": FEE, "interest": INTEREST, "principal": PRINCIPAL}
NEVER = date.max.toordinal()
ORDER = (
    "disbursed", "rate_changed", "charged", "instalment_agreed", "charged_off", "accelerated", "waived", "deferred",
    "interest_only", "extended", "penalty_held", "penalty_resumed", "settlement_agreed", "penalty_forgiven",
    "plan_broken", "repaid", "transferred_in", "refund_returned", "refunded", "transferred_out", "reinstalled",
    "written_off", "sold",
)  # fmt: skip

FIND_NOTHING = ("charged_off", "accelerated", "settlement_agreed", "written_off", "sold")  # once all is paid


def cents(text: str) -> int:
    """12.34 is 1234."""
    return int(Fraction(text) * 100)


def number(on: date) -> int:
    """A day as a whole number."""
    return on.toordinal()


def later(anchor: int, unit: str, count: int, dom: int) -> int:
    """The day `count` units after an anchor, in months on day `dom` or the month's last day."""
    if unit in ("days", "weeks"):
        return anchor + count * (7 if unit == "weeks" else 1)
    start = date.fromordinal(anchor)
    year, month = divmod(start.year * 12 + start.month - 1 + count * (12 if unit == "years" else 1), 12)
    return date(year, month + 1, min(dom, calendar.monthrange(year, month + 1)[1])).toordinal()


@dataclass
class Row:
    """One instalment: its days, what it asks for, got and was let off, by component."""

    start: int
    due: int
    share: Fraction  # of a year, for each night of it: its months over its nights, or 1/360
    asked: list[int] = field(default_factory=lambda: [0] * 4)
    got: list[int] = field(default_factory=lambda: [0] * 4)
    let_off: list[int] = field(default_factory=lambda: [0] * 4)
    part: int = 0  # of principal, where it is fixed
    earned: Fraction = Fraction(0)
    carried: int = 0
    overdue: Fraction = Fraction(0)  # penalty interest, exact
    graced: Fraction = Fraction(0)  # what one cent would have borne in the nights of grace
    charged: int = 0  # penalties charged by the desk
    fallen: bool = False
    called: bool = False  # due by notice, not by its date
    alone: bool = False  # asks for charges due after the last instalment, and nothing else
    night: tuple[Fraction, Fraction] = (Fraction(-1), Fraction(0))  # a rate, and what one cent bears for a night at it

    def owed(self, c: int) -> int:
        return self.asked[c] - self.got[c] - self.let_off[c]

    def open(self) -> int:
        return sum(self.asked) - sum(self.got) - sum(self.let_off)


class Ledger:
    """One loan lived through, night by night, with the facts that stand."""

    def __init__(self, terms: dict[str, Any], contract: dict[str, Any], facts: list[dict[str, Any]]) -> None:
        self.terms, self.contract = terms, contract
        told = [(number(f["on"]), ORDER.index(kind_of(f)), n, f) for n, f in enumerate(facts)]
        self.told = [(on, f) for on, _, _, f in sorted(told, key=lambda t: t[:3])]
        self._set_rate(contract["rate_percent"])
        self.signed = number(contract["signed_on"])
        self.day = self.signed
        self.rows: list[Row] = []
        self.lent = self.ahead = self.balance = self.scheduled = 0
        self.received = self.waiting = self.instalment = 0
        self.refunded = self.moved_in = self.moved_out = 0
        self.held = self.stopped = False
        self.worst = 0
        self.charged_off = self.gone = self.settled = NEVER
        self.lost, self.sold = [0] * 4, [0] * 4
        self.price = self.recovered = 0
        self.settle_at, self.settle_by = 0, 0
        self.forgiving: list[tuple[int, int]] = []

    # time

    def live(self, day: int) -> None:
        """Up to the end of a day."""
        self._act()
        while self.day < day:
            self._night()
            self._act()

    def _act(self) -> None:
        while self.told and self.told[0][0] <= self.day:
            fact = self.told.pop(0)[1]
            if self.settled != NEVER and kind_of(fact) in FIND_NOTHING:
                continue
            self._penalties()
            getattr(self, "_" + kind_of(fact))(fact)
            self._penalties()
            self._use_waiting()
            self._close()

    def _night(self) -> None:
        """Interest and penalty of one night; then what falls due in the morning."""
        self.worst = max(self.worst, self.days_past_due())  # of an evening
        row = self.next_row()
        if row and not self.stopped:
            row.earned += self._bears() * self._of_a_night(row)
        for past in self.rows:
            if past.fallen and past.open() > 0:
                self._penalty_night(past)
        self.day += 1
        self._morning()
        self._penalties()
        self._late_fees()
        self._close()

    def _morning(self) -> None:
        for row in self.rows:
            if not row.fallen and row.due <= self.day:
                self._fall_due(row)
                self._use_waiting()

    def _bears(self) -> int:
        if self.terms["method"] == "flat":
            return self.lent
        if self.terms["accrual"] == "scheduled":
            return self.scheduled
        return self.balance if self.terms["past_due_bears_interest"] else self.ahead

    def _of_a_night(self, row: Row) -> Fraction:
        """What one cent bears tonight."""
        if self.terms["day_count"] in ("act_act", "thirty_360"):  # no two nights need be alike
            return self.rate * self._share(row)
        if row.night[0] != self.rate:
            row.night = self.rate, self.rate * self._share(row)
        return row.night[1]

    def _share(self, row: Row) -> Fraction:
        """What part of its unit of time the rate bears for this night."""
        per, count = self.terms["rate_per"], self.terms["day_count"]
        if per == "day":
            return Fraction(1)
        if count == "thirty_360":
            return Fraction(thirty(self.day + 1) - thirty(self.day), 30 if per == "month" else 360)
        if per == "month" or count == "period":
            return row.share * (12 if per == "month" else 1)
        if count == "act_act":
            return Fraction(1, 366 if calendar.isleap(date.fromordinal(self.day).year) else 365)
        return Fraction(1, 360 if count == "act_360" else 365)

    # rows

    def next_row(self) -> Row | None:
        """The instalment that is running."""
        return next((row for row in self.rows if not row.fallen and not row.alone), None)

    def rows_ahead(self) -> list[Row]:
        return [row for row in self.rows if not row.fallen and not row.alone]

    def _lay_out(self) -> None:
        told = self.contract
        unit, every, count = told.get("unit", "months"), told.get("every", 1), told["instalments"]
        anchor = self.signed if self.terms["due_dates_from_signing"] else self.day
        first = number(told["first_due_on"]) if "first_due_on" in told else None
        dom = told.get("due_dom") or date.fromordinal(first or anchor).day
        steps = [first or later(anchor, unit, every, dom)]
        base = first or anchor
        ahead = 0 if first else every
        steps = [later(base, unit, ahead + every * k, dom) for k in range(count)]
        if self.terms["method"] == "bullet":
            steps = steps[-1:]
        start = self.day
        for due in steps:
            months = every * (12 if unit == "years" else 1) * (count if self.terms["method"] == "bullet" else 1)
            share = Fraction(months, 12 * (due - start)) if unit in ("months", "years") else Fraction(1, 360)
            self.rows.append(Row(start, due, share))
            start = due

    def _level(self, rows: list[Row], principal: int) -> None:
        """Set what the rows repay so that they repay `principal`."""
        if not rows:
            return
        method = self.terms["method"]
        if method == "equal_instalment":
            factor, total, day = Fraction(1), Fraction(0), self.day
            for row in rows:
                growth = Fraction(0)
                nights = range(row.start, row.start if self.stopped else row.due)
                for self.day in nights:
                    growth += self._of_a_night(row)
                factor /= 1 + growth
                total += factor
            self.day = day
            self.instalment = self._round(principal / total)
        if method in ("equal_principal", "flat"):
            part = self._round(Fraction(principal, len(rows)))
            for row in rows:
                row.part = part

    def _round(self, value: Fraction) -> int:
        """To whole cents: half up, or half to even."""
        if self.terms["rounding"] == "half_even":
            return round(value)
        return int((value + Fraction(1, 2)) // 1)

    def _fall_due(self, row: Row) -> None:
        row.fallen = True
        if row.alone:
            return
        total = self._round(row.earned) + row.carried
        row.asked[INTEREST], row.asked[PRINCIPAL] = self._split(row, total, self.ahead)
        self.ahead -= row.asked[PRINCIPAL] - row.got[PRINCIPAL]
        self.scheduled -= row.asked[PRINCIPAL]
        following = self.next_row()
        if following:
            following.carried = max(total - row.asked[INTEREST], 0)

    def _split(self, row: Row, interest: int, ahead: int) -> tuple[int, int]:
        """What a row asks for in interest and principal, out of interest earned and principal not asked for yet."""
        early = row.got[PRINCIPAL]
        if row is [r for r in self.rows if not r.alone][-1]:
            return max(interest, row.got[INTEREST]), early + ahead
        method = self.terms["method"]
        principal = row.part
        if method in ("interest_first", "bullet"):
            principal = 0
        if method == "equal_instalment":
            interest = min(interest, self.instalment - early)
            principal = self.instalment - interest
        return max(interest, row.got[INTEREST]), max(min(principal, early + ahead), early)

    def _show_ahead(self) -> None:
        """What each row ahead may take today."""
        first = self.next_row()
        if first is None:
            return
        earned, left = self._round(first.earned) + first.carried, self.ahead
        for row in self.rows_ahead():
            row.asked[INTEREST], row.asked[PRINCIPAL] = self._split(row, earned, left)
            left -= row.owed(PRINCIPAL)
            earned = max(earned - row.asked[INTEREST], 0)

    def _close(self) -> None:
        """Note the day on which nothing is left."""
        if self.balance == 0 and self.lent and self.gone == NEVER and self.payoff() == 0:
            self.settled = min(self.settled, self.day)
        else:
            self.settled = NEVER

    # penalty

    def _set_rate(self, percent: str) -> None:
        """The contract rate, and what it makes of the penalty rate."""
        self.rate = Fraction(percent) / 100
        self.raised = self._penalty_rate()

    def _penalty_rate(self) -> Fraction:
        """For a night: the contract rate raised, under the year's cap, rounded down to five decimals of a percent."""
        terms = self.terms["penalty"]
        raised = down(self.rate * Fraction(terms["multiple"]))
        nights = {"day": 1, "month": 30, "year": 365}[self.terms["rate_per"]]
        if nights == 365 and self.terms["day_count"] in ("act_360", "thirty_360"):
            nights = 360
        cap = Fraction(terms["cap_percent_year"]) / 100
        if cap:
            beside = self.rate if self.terms["past_due_bears_interest"] else 0
            raised = max(min(raised, down(cap * nights / 365) - beside), Fraction(0))
        return raised / nights

    def _penalty_night(self, row: Row) -> None:
        """What is paid inside grace bears nothing; what is left at its end, from the due day or from then."""
        grace = self.terms["grace"]["penalty_days"]
        rate = Fraction(0) if self.held or self.stopped else self.raised
        late = self.day - row.due
        if late < grace:
            row.graced += rate if self.terms["penalty"]["start"] == "retroactive" else 0
            return
        base = row.owed(PRINCIPAL) + (row.owed(INTEREST) if self.terms["penalty"]["on_interest"] else 0)
        row.overdue += base * (rate + (row.graced if late == grace else 0))

    def _penalties(self) -> None:
        for row in self.rows:
            settled = row.got[PENALTY] + row.let_off[PENALTY]
            run = self._round(row.overdue) if self.day - row.due > self.terms["grace"]["penalty_days"] else 0
            if row.fallen and (row.open() > 0 or run + row.charged > row.asked[PENALTY]):
                row.asked[PENALTY] = max(row.charged + run, settled)

    def _late_fees(self) -> None:
        fee = self.terms["penalty"]["late_fee_fen"]
        for row in self.rows if fee else []:
            over = self.day == row.due + self.terms["grace"]["fee_days"] + 1
            if (
                over
                and row.fallen
                and not row.called
                and row.owed(INTEREST) + row.owed(PRINCIPAL) > self.terms["tolerance_fen"]
            ):
                row.asked[FEE] += fee

    # facts

    def _disbursed(self, fact: dict[str, Any]) -> None:
        amount = cents(fact["disbursed"])
        first = not self.rows
        if first:
            self._lay_out()
        self.lent += amount
        self.settled = NEVER
        self.ahead += amount
        self.balance += amount
        self.scheduled += amount
        rows = self.rows_ahead()
        self._level(rows, self.ahead + sum(row.got[PRINCIPAL] for row in rows))

    def _rate_changed(self, fact: dict[str, Any]) -> None:
        """Rows ahead are levelled again, the running one counted whole; a change to the same rate changes nothing."""
        if self.stopped or self.rate == Fraction(fact["rate_changed"]) / 100:
            return
        self._set_rate(fact["rate_changed"])
        rows = self.rows_ahead()
        self._level(rows, self.ahead + sum(row.got[PRINCIPAL] for row in rows))

    def _charged(self, fact: dict[str, Any]) -> None:
        """With the instalment in whose period it falls due; after the last of them, a row of its own."""
        due = number(fact["due_on"])
        row = next((r for r in self.rows if due <= r.due), None)
        if row is None:
            row = Row(self.rows[-1].due, due, Fraction(0), alone=True)
            self.rows.append(row)
        self.settled = NEVER
        c = PARTS[fact["component"]]
        row.asked[c] += cents(fact["charged"])
        if c == PENALTY:
            row.charged += cents(fact["charged"])
        self._morning()

    def _waived(self, fact: dict[str, Any]) -> None:
        c, left = PARTS[fact["component"]], cents(fact["waived"])
        for row in self.rows:
            if row.fallen or c in (FEE, PENALTY):
                left -= self._let_off(row, c, left)

    def _let_off(self, row: Row, c: int, most: int) -> int:
        part = max(min(most, row.owed(c)), 0)
        row.let_off[c] += part
        self.balance -= part if c == PRINCIPAL else 0
        return part

    def _penalty_held(self, fact: dict[str, Any]) -> None:
        self.held = True

    def _penalty_resumed(self, fact: dict[str, Any]) -> None:
        self.held = False

    def _settlement_agreed(self, fact: dict[str, Any]) -> None:
        self.settle_at, self.settle_by = self._kept() + cents(fact["settlement_agreed"]), number(fact["due_on"])

    def _charged_off(self, fact: dict[str, Any]) -> None:
        """Interest and penalty go on, stop for good, or everything falls due."""
        self.charged_off = self.day
        self.stopped = self.stopped or fact["charged_off"] == "stops"
        if fact["charged_off"] == "falls_due":
            self._bring_forward()

    def _accelerated(self, fact: dict[str, Any]) -> None:
        """Called due at once, where the product lets all of it bear penalty (`on_accelerated: all`); no late fee."""
        ahead = self.next_row()
        self._bring_forward()
        if ahead:
            ahead.called = True

    def _written_off(self, fact: dict[str, Any]) -> None:
        self._leave(self.lost)

    def _sold(self, fact: dict[str, Any]) -> None:
        self.price = cents(fact["sold"])
        self._leave(self.sold)

    def _leave(self, books: list[int]) -> None:
        """Everything owed leaves the books."""
        self._bring_forward()
        for row in self.rows:
            for c in range(4):
                part = max(row.owed(c), 0)
                row.let_off[c] += part
                books[c] += part
        self.gone, self.balance, self.stopped, self.held = self.day, 0, True, True

    def _bring_forward(self) -> None:
        """Whatever is ahead falls due today, in one row: interest earned so far, all principal."""
        rows = [row for row in self.rows if not row.fallen]
        if not rows:
            return
        self._show_ahead()
        for row in rows[1:]:
            rows[0].charged += row.charged
            for c in range(4):
                rows[0].asked[c] += row.asked[c]
                rows[0].got[c] += row.got[c]
                rows[0].let_off[c] += row.let_off[c]
        rows[0].due, rows[0].fallen = self.day, True
        self.rows = [row for row in self.rows if row.fallen]
        self.ahead = 0

    # money

    def _repaid(self, fact: dict[str, Any]) -> None:
        self.received += cents(fact["repaid"])
        self._money(cents(fact["repaid"]))

    def _transferred_in(self, fact: dict[str, Any]) -> None:
        self.moved_in += cents(fact["transferred_in"])
        self._money(cents(fact["transferred_in"]))

    def _refund_returned(self, fact: dict[str, Any]) -> None:
        self.refunded -= cents(fact["refund_returned"])
        self._money(cents(fact["refund_returned"]))

    def _refunded(self, fact: dict[str, Any]) -> None:
        """Out of what waits; given without cover, what waits is owed."""
        self.refunded += cents(fact["refunded"])
        self.waiting -= cents(fact["refunded"])

    def _transferred_out(self, fact: dict[str, Any]) -> None:
        self.moved_out += cents(fact["transferred_out"])
        self.waiting -= cents(fact["transferred_out"])

    def _kept(self) -> int:
        return self.received + self.moved_in - self.refunded - self.moved_out

    def _money(self, amount: int) -> None:
        """Money makes good what was given without cover, meets debt, is a recovery after a write-off, or waits."""
        settled = self.settle_at and self._kept() >= self.settle_at and self.day <= self.settle_by
        over = self._kept() - self.settle_at if settled else 0  # beyond the sum agreed: the borrower's
        short = min(amount - over, max(-self.waiting, 0))
        self.waiting += short
        left = self._allocate(amount - over - short)
        recovery = min(left, sum(self.lost) - self.recovered)
        self.recovered += recovery
        self.waiting += left - recovery
        if settled:
            self._bring_forward()
            for row in self.rows:
                for c in range(4):
                    self._let_off(row, c, row.owed(c))
            self.settle_at = 0
            self.waiting += over

    def _use_waiting(self) -> None:
        """Money that met no debt when it came meets the debt of today."""
        if self.waiting > 0:
            money, self.waiting = self.waiting, 0
            self.waiting = self._allocate(money)

    def _allocate(self, money: int) -> int:
        """Let money meet debt in the product's order; returns what met none."""
        lines = [tuple(line.split()) for line in self.terms["order"]]
        if len(lines[0]) == 1:
            self._show_ahead()
            for row in list(self.rows):
                money = self._pay_row(row, [PARTS[line[0]] for line in lines], money)
            return money
        if self.terms["direction"] == "horizontal":
            money = self._costs_first(money)
        for timing in ("past_due", "due", "in_advance"):
            if timing == "in_advance":
                self._show_ahead()
            rows = [row for row in self.rows if self._timing(row) == timing]
            if timing == "in_advance":
                rows = self._turn(rows)
            parts = [PARTS[part] for when, part in lines if when == timing]
            if self.terms["direction"] == "vertical":
                for c in parts:
                    for row in rows:
                        money = self._pay_row(row, [c], money)
            else:
                for row in rows:
                    money = self._pay_row(row, parts, money)
        return money

    def _costs_first(self, money: int) -> int:
        """Charges that fell due after the last instalment are paid first where the order puts fees before principal."""
        order = [line for line in self.terms["order"] if line in ("past_due fee", "past_due principal")]
        for row in self.rows if order[0] == "past_due fee" else []:
            if row.alone and row.fallen:
                money = self._pay_row(row, [PENALTY, FEE], money)
        return money

    def _turn(self, rows: list[Row]) -> list[Row]:
        if self.terms["in_advance"] == "last_instalment":
            return rows[::-1]
        if self.terms["in_advance"] == "next_then_last":
            return rows[:1] + rows[:0:-1]
        return rows

    def _timing(self, row: Row) -> str:
        if not row.fallen:
            return "in_advance"
        return "past_due" if row.due < self.day else "due"

    def _pay_row(self, row: Row, parts: list[int], money: int) -> int:
        for c in parts:
            part = max(min(money, row.owed(c)), 0)
            if c == PRINCIPAL:
                self.balance -= part
                self.ahead -= 0 if row.fallen else part
            row.got[c] += part
            money -= part
        return money

    # what there is to say

    def due(self, c: int) -> int:
        return sum(row.owed(c) for row in self.rows if row.fallen)

    def early(self) -> int:
        return sum(row.got[INTEREST] for row in self.rows_ahead())

    def accrued(self) -> int:
        row = self.next_row()
        return self._round(row.earned) + row.carried - self.early() if row else 0

    def all_owed(self, c: int) -> int:
        """Fees and penalties charged on rows ahead are owed too."""
        return sum(row.owed(c) for row in self.rows if row.fallen or c in (FEE, PENALTY))

    def payoff(self) -> int:
        debt = self.all_owed(PENALTY) + self.all_owed(FEE) + self.due(INTEREST) + max(self.accrued(), 0) + self.balance
        return max(debt - self.waiting, 0)

    def oldest(self) -> int:
        late = [r.due for r in self.rows if r.fallen and r.due < self.day and r.open() > self.terms["tolerance_fen"]]
        return min(late, default=NEVER)

    def days_past_due(self) -> int:
        return max(self.day - self.oldest(), 0)

    def state(self, late: int) -> str:
        if self.gone != NEVER:
            return "sold" if self.price else "written_off"
        if self.settled != NEVER:
            return "paid_off"
        if self.charged_off != NEVER:
            return "charged_off"
        if late == 0:
            return "current"
        return "overdue" if late > self.terms["grace"]["bureau_days"] else "in_grace"

    def position(self) -> dict[str, Any]:
        """All that is compared with the reckoned position, by the names that it has there."""
        oldest = self.oldest()
        late = self.day - oldest if oldest != NEVER else 0
        return {
            "state": self.state(late),
            "days_past_due": late,
            "grace_days_past_due": late if late > self.terms["grace"]["bureau_days"] else 0,
            "bucket": sum(late >= start for start in self.terms["buckets"]),
            "worst_days_past_due": max(self.worst, late),
            "oldest_unpaid_on": oldest,
            "disbursed": self.lent,
            "outstanding": [*(self.all_owed(c) for c in (PENALTY, FEE)), self.due(INTEREST), self.balance],
            "arrears": [sum(r.owed(c) for r in self.rows if r.fallen and r.due < self.day) for c in range(4)],
            "due_today": [sum(r.owed(c) for r in self.rows if r.fallen and r.due == self.day) for c in range(4)],
            "paid": [sum(row.got[c] for row in self.rows) for c in range(4)],
            "waived": [sum(r.let_off[c] for r in self.rows) - self.lost[c] - self.sold[c] for c in range(4)],
            "written_off": list(self.lost),
            "sold": list(self.sold),
            "accrued_interest": self.accrued(),
            "repaid": self.received + self.moved_in,
            "unapplied": self.waiting,
            "refunded": self.refunded,
            "transferred_in": self.moved_in,
            "transferred_out": self.moved_out,
            "recovered": self.recovered,
            "payoff": self.payoff(),
            "paid_off_on": self.settled,
        }


def kind_of(fact: dict[str, Any]) -> str:
    """The one word of a fact that says what happened."""
    return next(word for word in ORDER if word in fact)


def thirty(day: int) -> int:
    """A day on a calendar of months of 30 days."""
    on = date.fromordinal(day)
    return on.year * 360 + on.month * 30 + min(on.day, 30)


def down(rate: Fraction) -> Fraction:
    """Rounded down to the fifth decimal of a percent."""
    return Fraction(int(rate * 10**7), 10**7)
