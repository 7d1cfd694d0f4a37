"""The second reckoner: lives one loan night by night, in fractions, from the words of its product and its facts.

Nothing of `afterloan` is imported and nothing is shared with it: where the two say different things, one is wrong.
A story is a golden story (`tests/golden/loan`): product, contract, facts by date. What the words mean:

* **Nights.** Interest of a night is the rate's share of that night times the principal not asked for yet (with
  `past_due_bears_interest`: all principal unpaid). It is added up exactly and rounded once, when the row falls due.
  Where interest is worked out as signed, it is borne by the balance as signed; flat: by what was lent.
* **Rows.** Equal instalments: the annuity of the periods' own nights, to the cent; interest first, the rest principal.
  Equal principal: equal parts, the last takes the rest. Interest first, bullet: principal with the last row. Flat:
  interest on what was lent, in equal parts of principal. Interest that an instalment cannot hold passes to the next.
* **Money** meets what is past due, then what is due today, then rows ahead. A row ahead takes the interest earned so
  far, then principal, no more than it will ask for; as signed: all that it will ask for. What meets nothing waits, and
  meets the next debt. What is as much as the payoff ends the loan, whatever the order says.
* **Penalty** runs on overdue principal (`on_interest`: and interest) from the due day or the end of grace, once grace
  has run out; each night at that night's rate; rounded once a row.
* **A day** begins with what falls due; then come facts in the order of `ORDER`, those of one kind as told.
* A fact counts from the day it took effect, as soon as it is known; taken back, it never was.

`schedule.py` says what rows ask for, `plans.py` what plans change in them.
"""

from fractions import Fraction
from typing import Any

from tests.second.nights import FEE, INTEREST, NEVER, PARTS, PENALTY, PRINCIPAL, Row, cents, number
from tests.second.plans import Fact, Plans

__all__ = ["NEVER", "Ledger"]
ORDER = (
    "disbursed", "rate_changed", "charged", "charge_ended", "instalment_agreed", "charged_off", "cycles_agreed",
    "accelerated", "waived", "deferred", "interest_only", "extended", "capitalised_until", "penalty_held",
    "penalty_resumed", "settlement_agreed", "penalty_forgiven", "plan_broken", "repaid", "transferred_in",
    "refund_returned", "refunded", "transferred_out", "reinstalled", "acceleration_withdrawn", "written_off",
    "sold",
)  # fmt: skip
MONEY = ("repaid", "transferred_in", "refund_returned", "refunded", "transferred_out")
BEFORE = (*MONEY, "rate_changed", "charge_ended", "instalment_agreed", "penalty_held", "penalty_resumed")
ALWAYS = (*MONEY, "disbursed", "rate_changed", "charged", "charge_ended", "instalment_agreed", "waived")
"""What acts on a loan that owes nothing; plans, charge-offs and the like find nothing there."""
AGREED = ORDER[: ORDER.index("capitalised_until") + 1]
ARRANGE = ("deferred", "interest_only", "extended", "reinstalled", "capitalised_until", "cycles_agreed")


class Ledger(Plans):
    """One loan lived through, night by night, with the facts that stand."""

    def __init__(self, terms: dict[str, Any], story: dict[str, Any], facts: list[Fact]) -> None:
        super().__init__(terms, story)
        self.story, self.facts = story, facts
        told = [(number(f["on"]), ORDER.index(kind_of(f)), n, f) for n, f in enumerate(facts)]
        self.told = [(on, f) for on, _, _, f in sorted(told, key=lambda t: t[:3])]
        self.before: list[Fact] = []  # charges told before the first pay-out
        self.received = self.waiting = self.refunded = self.moved_in = self.moved_out = 0
        self.worst = 0
        self.charged_off = self.gone = self.settled = NEVER
        self.lost, self.sold = [0] * 4, [0] * 4
        self.price: int | None = None
        self.recovered = self.settle_at = 0
        self.opened = NEVER

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
            kind = kind_of(fact)
            if kind == "acceleration_withdrawn":
                self._never_called()
                continue
            if not self.rows and kind not in ("disbursed", *BEFORE):
                if kind == "charged":
                    self.before.append(fact)
                continue
            if self.settled != NEVER and kind not in ALWAYS:
                continue
            self._run_on()
            self._penalties()
            later_than = self.day if fact.get("interest", "spread") == "carried" and kind == "reinstalled" else NEVER
            aside = self._aside(later_than) if kind in ARRANGE else []
            getattr(self, "_" + kind)(fact)
            self._put_back(aside)
            self._settle_day()

    def _settle_day(self) -> None:
        """What follows from anything that happened: rows due by now, money that waits, parts forgiven, the end.

        What is due on the day of the first pay-out falls due after what is agreed that day.
        """
        if not (self.day == self.opened and any(on == self.day and kind_of(f) in AGREED for on, f in self.told)):
            self._morning()
        self._run_on()
        self._penalties()
        self._use_waiting()
        self._forgive_kept()
        self._close()

    def _never_called(self) -> None:
        """From the day of a withdrawal on, the loan stands as though it had never been called due."""
        day, facts = self.day, list(self.facts)
        until = [f for f in facts if number(f["on"]) <= day]
        late = [f for f in facts if number(f["on"]) == day and "acceleration_withdrawn" in f]
        done = late[: len(late) - sum(on == day and "acceleration_withdrawn" in f for on, f in self.told)]
        kept = [f for f in facts if not ("accelerated" in f and f in until) and not any(f is g for g in done)]
        kept = [f for f in kept if not ("acceleration_withdrawn" in f and number(f["on"]) < day)]
        self.__init__(self.terms, self.story, kept)  # type: ignore[misc]
        self.live(day)

    def _night(self) -> None:
        """Interest and penalty of one night; then what falls due in the morning."""
        self.worst = max(self.worst, self.days_past_due())  # of an evening
        row = self.next_row()
        if row and not row.free and not self.imported and self.day >= row.start:
            row.earned += self._bears() * self._of_a_night(row)
        elif row is None and self.running is not None:
            unpaid = self.running.owed(PRINCIPAL)
            if self.terms["past_due_bears_interest"]:
                unpaid = self.balance - self.ahead
            self.running.earned += unpaid * self._of_a_night(self.running)
        for past in self.rows:
            if past.fallen and past.open() > 0 and not self._spared(past):
                self._penalty_night(past)
        self.day += 1
        self._morning()
        self._run_on()
        self._penalties()
        self._late_fees()
        self._use_waiting()
        self._forgive_kept()
        self._close()

    def _morning(self) -> None:
        for row in list(self.rows):
            if not row.fallen and self._closes(row) <= self.day:
                self._fall_due(row)
                self._use_waiting()

    def _close(self) -> None:
        """Note the day on which nothing is left; interest of days to come that was paid is there for the borrower."""
        ends = self.balance == 0 and self.lent and self.gone == NEVER and self.waiting >= 0 and self._debt() <= 0
        if ends and self.settled == NEVER:
            back = self._drop_what_is_not_owed()
            self.waiting += back
            self.settled = self.day
        elif not ends:
            self.settled = NEVER

    # penalty

    def _spared(self, row: Row) -> bool:
        """Called due at once, and the product lets only what was overdue by its own date bear penalty."""
        return row.called and self.terms["penalty"]["on_accelerated"] == "overdue_only"

    def _penalty_night(self, row: Row) -> None:
        """What is paid inside grace bears nothing; what is left at its end, from the due day or from then."""
        grace = self.terms["grace"]["penalty_days"]
        rate = Fraction(0) if self.held or self.stopped else self.raised
        late = self.day - row.due
        if late < 0:  # asked for before a holiday, due after it
            return
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
            lacks = row.owed(INTEREST) + row.owed(PRINCIPAL)
            if over and row.fallen and not row.called and lacks > self.terms["tolerance_fen"]:
                row.asked[FEE] += fee

    # facts

    def _disbursed(self, fact: Fact) -> None:
        amount = cents(fact["disbursed"])
        first = not self.rows
        if first:
            self.opened = self.day
            self._lay_out()
        elif not self.rows_ahead():
            self._one_more_row()
        for told in self.before:
            self._charged(told)
        self.before = []
        self.lent += amount
        self.flat += amount
        self.settled = NEVER
        self._set_rate()
        self.ahead += amount
        self.balance += amount
        self.scheduled += amount
        self._down_payment(amount)
        self._level_ahead()
        running = self.next_row()
        for k, charge in enumerate(self.terms["charges"]):
            if running and charge["when"] == "pay_out" and k not in self.ended_charges:
                running.asked[FEE] += self._charge_of(charge, amount, amount)

    def _down_payment(self, amount: int) -> None:
        """A share of what is paid out is due back the same day."""
        share = self._round(amount * Fraction(self.terms["down_payment_percent"]) / 100)
        if not Fraction(self.terms["down_payment_percent"]):
            return
        row = Row(self.day, self.day, self.day, Fraction(0), kind="down_payment", fallen=True)
        row.asked[PRINCIPAL] = self._whole(share)
        running = self.next_row()
        self.rows.insert(self.rows.index(running) if running else len(self.rows), row)
        self.ahead -= row.asked[PRINCIPAL]
        self.scheduled -= row.asked[PRINCIPAL]

    def _one_more_row(self) -> None:
        """Money paid out after the last due day is due on the next day of the rhythm."""
        self.running = None
        aside = self._aside(NEVER)
        last = [row for row in self.rows if row.kind == "instalment"][-1]
        count = 1
        while self._step(last.placed, count) <= self.day:
            count += 1
        row = Row(0, 0, 0, Fraction(1, 360))
        placed = self._step(last.placed, count)
        self._place(row, placed, self.day)
        if row.due <= self.day:
            self._place(row, self._step(last.placed, count + 1), self.day)
        self.rows.append(row)
        self._put_back(aside)

    def _rate_changed(self, fact: Fact) -> None:
        """Rows ahead are levelled again, the running one counted whole; a change to the same rate changes nothing."""
        before, plan = self.rate, fact.get("while_kept") == "true"
        if not plan:
            self.own_rate = fact["rate_changed"]
        if self.settled != NEVER:  # for what is paid out later
            return
        if plan and self.alone and Fraction(fact["rate_changed"]) == 0:
            return  # the rate that it has
        if plan:
            same = Fraction(fact["rate_changed"]) == Fraction(self.own_rate)  # gives nothing
            self.given, self.alone = None if same else fact["rate_changed"], False
        self._set_rate()
        if self.rate != before:
            self._level_ahead()

    def _charged(self, fact: Fact) -> None:
        """With the instalment in whose period it falls due; after the last of them, a row of its own."""
        due, c = number(fact["due_on"]), PARTS[fact["component"]]
        row = self._row_for(due)
        self.settled = NEVER
        row.asked[c] += cents(fact["charged"])
        row.charges_due = max(row.charges_due, due)
        if c == PENALTY:
            row.charged += cents(fact["charged"])

    def _charge_ended(self, fact: Fact) -> None:
        self.ended_charges.add(int(fact["charge_ended"]) - 1)

    def _waived(self, fact: Fact) -> None:
        c, left = PARTS[fact["component"]], cents(fact["waived"])
        self._project()  # fees to come are promised first
        for row in self.rows:
            if row.fallen or c in (FEE, PENALTY):
                left -= self._let_off(row, c, left)

    def _let_off(self, row: Row, c: int, most: int) -> int:
        part = max(min(most, row.owed(c)), 0)
        row.let_off[c] += part
        self.balance -= part if c == PRINCIPAL else 0
        self._note_done(row)
        return part

    def _note_done(self, row: Row) -> None:
        """The day on which nothing but penalties is open."""
        open_now = row.open() - row.owed(PENALTY)
        row.done_on = min(row.done_on, self.day) if open_now <= 0 else NEVER

    def _penalty_held(self, fact: Fact) -> None:
        self.held = True

    def _penalty_resumed(self, fact: Fact) -> None:
        self.held = False

    def _settlement_agreed(self, fact: Fact) -> None:
        self.settle_at, self.settle_by = self._kept() + cents(fact["settlement_agreed"]), number(fact["due_on"])

    def _forgive_kept(self) -> None:
        """A part of the penalties is given up for each instalment paid in time; one missed ends it."""
        while self.forgiving and self.forgive_from is not None:
            row = self.forgive_from
            last_day = row.due + self.terms["grace"]["fee_days"]
            if not row.fallen:
                return
            self._note_done(row)
            if row.done_on > last_day:
                self.forgiving = [] if self.day > last_day else self.forgiving
                return
            left = self.forgiving.pop(0)
            for late in self.rows:
                left -= self._let_off(late, PENALTY, left)
            after = self.rows[self.rows.index(row) + 1 :]
            self.forgive_from = next((r for r in after if r.kind == "instalment"), None)

    def _charged_off(self, fact: Fact) -> None:
        """Interest and penalty go on, stop for good, or everything falls due."""
        self.charged_off = self.day
        self.stopped = self.stopped or fact["charged_off"] == "stops"
        self._set_rate()
        if fact["charged_off"] == "stops" and self.imported:
            self.waiting += self._drop_interest()
        if fact["charged_off"] == "falls_due":
            self._bring_forward()

    def _accelerated(self, fact: Fact) -> None:
        """The rest is called due at once. It bears penalty, or goes on bearing contract interest, due each day."""
        if not self.rows_ahead() or self.ahead <= 0:
            return
        row = self._bring_forward()
        assert row
        row.called, self.called_on, self.forgiving = True, self.day, []
        if not self.imported and (self._spared(row) or self.terms["past_due_bears_interest"]):
            self.running = row

    def _written_off(self, fact: Fact) -> None:
        self._leave(self.lost)

    def _sold(self, fact: Fact) -> None:
        self.price = cents(fact["sold"])
        self._leave(self.sold)

    def _leave(self, books: list[int]) -> None:
        """Money that waits meets what is owed; the rest leaves the books."""
        self._bring_forward()
        self._use_waiting()
        for row in self.rows:
            for c in range(4):
                part = max(row.owed(c), 0)
                row.let_off[c] += part
                books[c] += part
        self.gone, self.balance, self.stopped, self.held = self.day, 0, True, True
        self._set_rate()

    def _bring_forward(self) -> Row | None:
        """Whatever is ahead falls due today, in one row: interest earned so far, all principal, charges made."""
        for row in self.rows:
            row.due = min(row.due, self.day) if row.fallen else row.due
        rows = [row for row in self.rows if not row.fallen]
        if not rows:
            return None
        interest, back = self.earned() if self.next_row() else 0, self._drop_what_is_not_owed()
        one = rows[0]
        for row in rows[1:]:
            one.charged += row.charged
            one.prepaid += row.prepaid
            for c in range(4):
                one.asked[c] += row.asked[c] if c in (PENALTY, FEE) else 0
                one.got[c] += row.got[c]
                one.let_off[c] += row.let_off[c]
        one.asked[INTEREST] = max(interest, one.got[INTEREST])
        one.asked[PRINCIPAL] = one.got[PRINCIPAL] + self.ahead
        one.asked[FEE] = max(one.asked[FEE], one.got[FEE] + one.let_off[FEE])
        one.kind, one.promised, one.due, one.fallen = "instalment", 0, self.day, True
        one.added, one.moved = interest - self._round(one.earned), 0  # paid ahead, it covers what runs on
        self.rows = [row for row in self.rows if row.fallen]
        self.ahead = self.scheduled = self.carried = 0
        self.waiting += self._pay_row(one, [PRINCIPAL], back)
        return one

    def _drop_what_is_not_owed(self) -> int:
        """A loan that ends owes no interest and no fee of days to come; returns what had been paid of them."""
        back = self._release_charges() if self.terms["charges"] or self.imported else 0
        if not self.imported:  # money for a charge to come waits, or meets other debt
            self.waiting, back = self.waiting + back, 0
        if self.by_day or self.stays:
            return back
        return back + self._drop_interest()

    # money

    def waiting_more(self, money: int) -> None:
        self.waiting += money

    def _repaid(self, fact: Fact) -> None:
        self.received += cents(fact["repaid"])
        self._money(cents(fact["repaid"]))

    def _transferred_in(self, fact: Fact) -> None:
        self.moved_in += cents(fact["transferred_in"])
        self._money(cents(fact["transferred_in"]))

    def _refund_returned(self, fact: Fact) -> None:
        self.refunded -= cents(fact["refund_returned"])
        self._money(cents(fact["refund_returned"]))

    def _refunded(self, fact: Fact) -> None:
        """Out of what waits; given without cover, what waits is owed."""
        self.refunded += cents(fact["refunded"])
        self.waiting -= cents(fact["refunded"])

    def _transferred_out(self, fact: Fact) -> None:
        self.moved_out += cents(fact["transferred_out"])
        self.waiting -= cents(fact["transferred_out"])

    def _kept(self) -> int:
        return self.received + self.moved_in - self.refunded - self.moved_out

    def _money(self, amount: int) -> None:
        """Money makes good what was given without cover, meets debt, is a recovery after a write-off, or waits."""
        short = min(amount, max(-self.waiting, 0))
        self.waiting += short
        amount -= short
        if self.settled != NEVER or not self.rows:
            self.waiting += amount
            return
        settled = self.settle_by and self._kept() >= self.settle_at and self.day <= self.settle_by
        over = min(amount, self._kept() - self.settle_at) if settled else 0  # beyond the sum agreed: the borrower's
        left = self._meet(amount - over)
        recovery = min(left, sum(self.lost) - self.recovered)
        self.recovered += recovery
        self.waiting += left - recovery
        if settled:
            self._end_for_less()
        self.waiting += over

    def _end_for_less(self) -> None:
        """The sum agreed on came in time: what waits meets the debt too, the rest is given up."""
        self._bring_forward()
        self._use_waiting()
        for row in self.rows:
            for c in range(4):
                self._let_off(row, c, row.owed(c))
        self.settle_by = 0

    def _meet(self, money: int) -> int:
        """Money that comes in: all that is owed, or what is due and then rows ahead; returns what met nothing."""
        ahead = [row for row in self.rows if not row.fallen]
        if ahead and money >= self.payoff():
            return self._pay_all(money)
        if ahead and self.terms["early"] != "adjust_last":
            money = self._allocate(money, ahead=False)
            money = self._repay_at_once(money)
        return self._allocate(money)

    def _pay_all(self, money: int) -> int:
        """As much as ends the loan ends it, with what waits, whatever the order of the lines."""
        money = self._allocate(money + max(self.waiting, 0), ahead=False)
        self.waiting = min(self.waiting, 0)
        if self.stays and not self.by_day:
            self.capital_until = 0
        self._show_ahead()
        money += self._drop_what_is_not_owed() + max(self.waiting, 0)
        self.waiting = min(self.waiting, 0)
        left = self.ahead
        for row in self.rows_ahead():
            asked = left if self._is_last(row) else min(row.owed(PRINCIPAL), left)
            row.asked[PRINCIPAL] = row.got[PRINCIPAL] + row.let_off[PRINCIPAL] + asked
            left -= asked
        for row in self.rows:
            money = self._pay_row(row, [PENALTY, FEE, INTEREST, PRINCIPAL], money)
        return money

    def _repay_at_once(self, money: int) -> int:
        """Principal before its time, beside the running instalment, which keeps its amount; later ones ask for less."""
        row, part = self.next_row(), min(money, self.ahead)
        if row is None or part <= 0:
            return money
        self.ahead -= part
        self.balance -= part
        self.scheduled -= part
        row.got[PRINCIPAL] += part
        row.prepaid += part
        row.part += part
        if row.amount is not None:
            row.amount += part
        self._project()
        if self.terms["early"] == "reduce_instalment":
            rows, rest = self.rows_ahead()[1:], self.ahead - row.owed(PRINCIPAL)
            if not self.by_day:
                rest = self.scheduled - (row.asked[PRINCIPAL] - row.prepaid)
            self._level(rows, rest + (sum(r.got[PRINCIPAL] - r.prepaid for r in rows) if self.by_day else 0))
        return money - part

    def _use_waiting(self) -> None:
        """Money that met no debt when it came meets the debt of today."""
        if self.waiting > 0 and self.rows:
            money, self.waiting = self.waiting, 0
            self.waiting = self._allocate(money)

    def _allocate(self, money: int, ahead: bool = True) -> int:
        """Let money meet debt in the product's order; returns what met none."""
        lines = [tuple(line.split()) for line in self.terms["order"]]
        if len(lines[0]) == 1:
            money = self._costs_first(money, lines[0][0] == "fee" or ("fee",) in lines[: lines.index(("principal",))])
            self._show_ahead()
            for row in list(self.rows):
                if row.fallen or ahead:
                    money = self._pay_row(row, [PARTS[line[0]] for line in lines], money)
            return money
        if self.terms["direction"] == "horizontal":
            order = [line for line in self.terms["order"] if line in ("past_due fee", "past_due principal")]
            money = self._costs_first(money, order[0] == "past_due fee")
        for timing in ("past_due", "due", "in_advance") if ahead else ("past_due", "due"):
            if timing == "in_advance":
                self._show_ahead()
            rows = [row for row in self.rows if self._timing(row) == timing]
            if timing == "in_advance":
                rows = self._turn(rows)
            parts = [PARTS[part] for when, part in lines if when == timing]
            if timing == "in_advance" and self.terms["in_advance"] == "spread" and parts:
                money = self._spread(rows, parts, money)
            elif self.terms["direction"] == "vertical":
                for c in parts:
                    for row in rows:
                        money = self._pay_row(row, [c], money)
            else:
                for row in rows:
                    money = self._pay_row(row, parts, money)
        return money

    def _spread(self, rows: list[Row], parts: list[int], money: int) -> int:
        """In equal parts over all rows ahead that still ask for some."""
        while money > 0:
            before = money
            asking = [row for row in rows if row.open() > 0]
            part = max(money // max(len(asking), 1), 1)
            for row in asking:
                given = min(part, money)
                money -= given - self._pay_row(row, parts, given)
            if money == before:
                break
        return money

    def _costs_first(self, money: int, fees_first: bool) -> int:
        """Charges that fell due after the last instalment are paid first where the order puts fees before principal."""
        for row in self.rows if fees_first else []:
            if row.kind == "charges" and row.fallen:
                money = self._pay_row(row, [PENALTY, FEE], money)
        return money

    def _turn(self, rows: list[Row]) -> list[Row]:
        if self.terms["in_advance"] == "last_instalment":
            return rows[::-1]
        if self.terms["in_advance"] == "next_then_last":
            rows = [row for row in rows if row.open() > 0]
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
                part = part if row.fallen else min(part, self.ahead)
                self.balance -= part
                self.ahead -= 0 if row.fallen else part
            row.got[c] += part
            money -= part
        self._note_done(row)
        return money

    # what there is to say

    def due(self, c: int) -> int:
        return sum(row.owed(c) for row in self.rows if row.fallen)

    def accrued(self) -> int:
        """Interest earned that no row has asked for yet, less what was paid of it."""
        return self.earned() - self.early()

    def all_owed(self, c: int) -> int:
        """Fees and penalties charged on rows ahead are owed too; fees promised only with an instalment are not."""
        ahead = [row for row in self.rows if not row.fallen] if c in (FEE, PENALTY) else []
        promised = sum(row.promised - row.promised_met() for row in ahead) if c == FEE else 0
        return self.due(c) + sum(row.owed(c) for row in ahead) - promised

    def payoff(self) -> int:
        """All that ends the loan, less money that waits."""
        return max(self._debt() - self.waiting, 0)

    def _debt(self) -> int:
        """All that is owed today: money for interest and fees of days to come counts against the balance."""
        debt = self.all_owed(PENALTY) + self.all_owed(FEE) + self.due(INTEREST) + self.balance
        debt -= sum(min(row.promised_met(), row.got[FEE]) for row in self.rows_ahead())
        if self.stays and not self.by_day:
            until, self.capital_until = self.capital_until, 0  # interest is interest until its day
            self._project()
            debt += sum(row.owed(INTEREST) for row in self.rows_ahead())
            self.capital_until = until
            self._project()
        else:
            debt += max(self.accrued(), 0) if self.by_day else self.accrued()
        return debt

    def oldest(self) -> int:
        """The due date that days past due count from; after a broken plan, where the arrears began that it moved."""
        late = [r.due for r in self.rows if r.fallen and r.due < self.day and r.open() > self.terms["tolerance_fen"]]
        if self.broken and self._collecting():
            late.append(self.collect_from)
        return min(late, default=NEVER)

    def days_past_due(self) -> int:
        return max(self.day - self.oldest(), 0)

    def state(self, late: int) -> str:
        if not self.lent:
            return "signed"
        if self.gone != NEVER:
            return "sold" if self.price is not None else "written_off"
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
        lost = [self.lost[c] + self.sold[c] + self.became_principal[c] for c in range(4)]
        return {
            "state": self.state(late),
            "days_past_due": late,
            "grace_days_past_due": late if late > self.terms["grace"]["bureau_days"] else 0,
            "bucket": sum(late >= start for start in self.terms["buckets"]),
            "worst_days_past_due": max(self.worst, late),
            "oldest_unpaid_on": oldest,
            "oldest_due_on": min(oldest, self.collect_from) if self._collecting() else oldest,
            "accelerated_on": self.called_on,
            "disbursed": self.lent,
            "outstanding": [*(self.all_owed(c) for c in (PENALTY, FEE)), self.due(INTEREST), self.balance],
            "arrears": [sum(r.owed(c) for r in self.rows if r.fallen and r.due < self.day) for c in range(4)],
            "due_today": [sum(r.owed(c) for r in self.rows if r.fallen and r.due == self.day) for c in range(4)],
            "paid": [sum(row.got[c] for row in self.rows) for c in range(4)],
            "waived": [sum(r.let_off[c] for r in self.rows) - lost[c] for c in range(4)],
            "capitalised": list(self.became_principal),
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


def kind_of(fact: Fact) -> str:
    """The one word of a fact that says what happened."""
    return next(word for word in ORDER if word in fact)
