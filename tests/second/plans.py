"""What plans change in the rows of a loan, by the words of docs/reckoning.md; what is paid stays where it was paid."""

from fractions import Fraction
from typing import Any

from tests.second.nights import (
    FEE,
    INTEREST,
    NEVER,
    PENALTY,
    PRINCIPAL,
    Row,
    business_day,
    cents,
    dom_of,
    later,
    length_of_month,
    number,
)
from tests.second.schedule import Schedule

Fact = dict[str, Any]


class Plans(Schedule):
    """Changed terms agreed with a borrower, each a dated fact."""

    def __init__(self, terms: dict[str, Any], story: dict[str, Any]) -> None:
        super().__init__(terms, story)
        self.held = self.broken = False
        self.forgiving: list[int] = []  # parts of penalty to be given up, one for each instalment kept
        self.forgive_from: Row | None = None
        self.collect_from, self.collect_until = NEVER, 0  # arrears that a plan moved, and the debt met that meets them
        self.called_on, self.settle_by = NEVER, 0

    # dates

    def _dom_from(self, day: int) -> int:
        """Dates go on from the last day of a short month to the loan's own day."""
        return self.dom if self.dom > dom_of(day) == length_of_month(day) else dom_of(day)

    def _step(self, anchor: int, count: int) -> int:
        return later(anchor, self.unit, self.every * count, self._dom_from(anchor))

    def _place(self, row: Row, placed: int, start: int | None = None) -> None:
        """A row gets its due date."""
        if start is not None:
            row.start = start
        row.placed = placed
        row.due = business_day(placed, self.terms["shift"], self.holidays, row.start)
        self._scale(row)

    def _scale(self, row: Row) -> None:
        """Counted back from its due date, whole intervals of a row are whole, the rest is a part of one."""
        placed = row.placed
        before = self.rows[: self.rows.index(row) if row in self.rows else len(self.rows)][-1:]
        begins = before[0].placed if before and before[0].due == row.start else row.start
        if self.unit not in ("months", "years"):
            row.share = Fraction(1, 360)
            return
        dom = self._dom_from(placed)

        def back(intervals: int) -> int:
            return later(placed, self.unit, -self.every * intervals, dom)

        whole = 0
        while back(whole + 1) >= begins:
            whole += 1
        rest = Fraction(max(back(whole) - begins, 0), back(whole) - back(whole + 1))
        row.share = self._months(1, 1) * (whole + rest) / max(self._ends(row) - row.start, 1)
        row.night = Fraction(-1), Fraction(0)

    def _add_rows(self, count: int) -> None:
        """More rows at the end, in the rhythm of the rows as they stand."""
        last = self.rows[-1]
        for k in range(count):
            row = Row(0, 0, 0, Fraction(1, 360))
            self._place(row, self._step(last.placed, k + 1), self._ends(self.rows[-1]))
            self.rows.append(row)
        self._principal_by_cycle(last)

    def _rows_from(self, fact: Fact) -> list[Row]:
        rows = self.rows_ahead()
        return [row for row in rows if row.due >= number(fact["from_on"])] if "from_on" in fact else rows

    def _aside(self, later_than: int) -> list[Row]:
        """Charges due on a day of their own keep it: set aside while the instalments are arranged."""
        aside = [row for row in self.rows if row.kind == "charges" and not row.fallen]
        self.rows = [row for row in self.rows if row not in aside]
        for row in self.rows_ahead():
            fee, penalty = max(row.asked[FEE] - row.got[FEE] - row.let_off[FEE], 0), max(row.owed(PENALTY), 0)
            if row.charges_due > later_than and fee + penalty > 0:
                kept = Row(row.due, row.charges_due, row.charges_due, Fraction(0), kind="charges", charged=penalty)
                kept.asked[FEE], kept.asked[PENALTY], kept.charges_due = fee, penalty, row.charges_due
                row.asked[FEE] -= fee
                row.asked[PENALTY] -= penalty
                row.charged -= penalty
                aside.append(kept)
        return aside

    def _put_back(self, aside: list[Row]) -> None:
        for kept in aside:
            row = self._row_for(kept.due)
            for c in (PENALTY, FEE):
                row.asked[c] += kept.asked[c]
                row.got[c] += kept.got[c]
                row.let_off[c] += kept.let_off[c]
            row.charged += kept.charged
            row.charges_due = max(row.charges_due, kept.due)

    def _row_for(self, due: int) -> Row:
        """The instalment in whose period a charge falls due; after the last of them, a row of its own."""
        row = next((r for r in self.rows if due <= r.due and r.kind != "down_payment"), None)
        if row is None:
            row = Row(self.rows[-1].due, due, due, Fraction(0), kind="charges")
            self.rows.append(row)
        return row

    # plans

    def _deferred(self, fact: Fact) -> None:
        """Due dates move, by so many intervals or so that the first falls on a day; interest goes on meanwhile."""
        rows = self._rows_from(fact)
        if not rows:
            return
        if self.imported:
            self._keep_earned()
        before = rows[0].start
        if "due_on" in fact:
            fallen = [row.due for row in self.rows if row not in rows]
            to = max([number(fact["due_on"]), *fallen])
            if self.imported:
                self._move_written(rows, to)
            else:
                anchor_dom = self._dom_from(to)
                self.dom = anchor_dom
                for k, row in enumerate(rows):
                    self._place(row, later(to, self.unit, self.every * k, anchor_dom), before)
                    before = self._ends(row)
        else:
            for row in rows:
                self._place(row, self._step(row.placed, fact["deferred"]), before)
                before = self._ends(row)
        self._level_ahead()

    def _keep_earned(self) -> None:
        """What the running row of an imported schedule has earned stays; the rest is earned over its days from now."""
        row = self.next_row()
        if row is None:
            return
        earned = self.earned() - sum(r.moved for r in self.rows_ahead())
        row.moved += earned
        row.start = max(row.start, self.day)

    def _move_written(self, rows: list[Row], to: int) -> None:
        """As many months apart as they were, where they kept a day of the month; else by as many days."""
        old, dom = rows[0].placed, self._dom_from(to)
        months = [self._months_between(old, row.placed) for row in rows]
        regular = self.unit == "months" and all(self._dom_from(row.placed) == self.dom for row in rows)
        before = rows[0].start
        for row, apart in zip(rows, months, strict=True):
            row.start = before
            row.placed = later(to, "months", apart, dom) if regular else row.placed + to - old
            row.due = before = business_day(row.placed, self.terms["shift"], self.holidays, row.start)
        self.dom = dom

    @staticmethod
    def _months_between(first: int, then: int) -> int:
        from datetime import date

        a, b = date.fromordinal(first), date.fromordinal(then)
        return (b.year - a.year) * 12 + b.month - a.month

    def _extended(self, fact: Fact) -> None:
        if self.imported:
            return
        first = self._rows_from(fact)
        if first:
            self._add_rows(fact["extended"])
            self._level_from(first[0])

    def _interest_only(self, fact: Fact) -> None:
        """The next rows ask for interest alone; the others carry the principal, or as many rows are added."""
        rows = self._rows_from(fact)
        if self.imported or not rows:
            return
        if fact.get("rows", "stay") == "added":
            self._add_rows(fact["interest_only"])
            rows = self._rows_from(fact)
        for row in rows[:-1][: fact["interest_only"]]:
            row.bare = True
        self._level_from(rows[0])

    def _level_from(self, first: Row | None) -> None:
        """The instalments from a row on anew; those before it stay."""
        rows = self.rows_ahead()
        if first is None or first is rows[0]:
            self._level_ahead()
            return
        self._project()
        at = rows.index(first)
        kept = sum(row.owed(PRINCIPAL) for row in rows[:at])
        self._level(rows[at:], self.ahead - kept + sum(row.got[PRINCIPAL] - row.prepaid for row in rows[at:]))

    def _capitalised_until(self, fact: Fact) -> None:
        """Interest of rows due up to a day becomes principal; a period that goes on beyond it is cut there."""
        until = number(fact["due_on"])
        if self.imported or not self.rows_ahead():
            return
        cut = [row for row in self.rows_ahead() if max(row.start, self.day) < until < row.due]
        if cut:
            self._cut_period(cut[0], until)
        self.capital_until = until
        for row in self.rows_ahead():
            if self._becomes_capital(row):
                row.bare, row.amount, row.part = True, None, row.prepaid
        self._level_ahead()

    def _cut_period(self, row: Row, until: int) -> None:
        """What a row has earned goes into one due on the day of the cut; it begins anew then."""
        early = Row(row.start, until, until, row.share, put_off=row.put_off, free=row.free)
        early.earned, early.moved, early.got[INTEREST] = row.earned, row.moved, row.got[INTEREST]
        row.earned, row.moved, row.got[INTEREST], row.start = Fraction(0), 0, 0, until
        self.rows.insert(self.rows.index(row), early)
        if self.forgive_from is row:  # the next instalment to be kept, though it asks for nothing
            self.forgive_from = early
        self._scale(early)
        self._scale(row)

    def _cycles_agreed(self, fact: Fact) -> None:
        """Interest with every so many-th row, principal likewise; the last row asks for all."""
        rows = self._rows_from(fact)
        if self.imported or not rows:
            return
        self.cycles = rows[0], fact["count"], fact["every"]
        self._principal_by_cycle(rows[0])
        self._level_ahead()

    def _principal_by_cycle(self, first: Row) -> None:
        if self.cycles is None:
            return
        at = self.rows.index(self.cycles[0])
        for k in range(self.rows.index(first), len(self.rows) - 1):
            if (k - at + 1) % self.cycles[2] != 0:
                self.rows[k].bare = True

    def _instalment_agreed(self, fact: Fact) -> None:
        self.agreed = cents(fact["instalment_agreed"])
        self._level_ahead()

    def _reinstalled(self, fact: Fact) -> None:
        """Arrears and balance over new rows, or on top of the rows that are left."""
        count, how = fact["reinstalled"], fact.get("interest", "spread")
        if self.balance == 0 or (count == 0 and not self.rows_ahead()):
            return
        self._note_arrears()
        self.broken = False
        self._project()
        to_come = sum(row.owed(INTEREST) for row in self.rows_ahead())
        parts = (INTEREST, PRINCIPAL) if how == "carried" else (INTEREST, PRINCIPAL, FEE, PENALTY)
        lifted = [0, 0, 0, self._capitalise() if how == "capitalised" else 0]
        for row in self.rows:
            for c in parts if row.fallen else ():
                lifted[c] += self._lift(row, c)
        if count:
            self._replace(fact, how, lifted, to_come)
        else:
            self._top_up(how, lifted)
        self.running = None
        for row in self.rows:
            row.called = False
        self.called_on = NEVER

    def _lift(self, row: Row, c: int) -> int:
        """Off a fallen row what it still asks for."""
        part = max(row.owed(c), 0)
        row.asked[c] -= part
        if c == PRINCIPAL:
            self.ahead += part
            self.scheduled += part
        if c == PENALTY:
            row.charged, row.overdue = 0, Fraction(0)
        return part

    def _capitalise(self) -> int:
        """Interest, fees and penalties due become principal; returns how much."""
        before = sum(self.became_principal)
        for row in self.rows:
            for c in (PENALTY, FEE, INTEREST) if row.fallen else ():
                part = max(row.owed(c), 0)
                row.let_off[c] += part
                self.became_principal[c] += part
                self.balance += part
                self.ahead += part
                self.scheduled += part
        return sum(self.became_principal) - before

    def _top_up(self, how: str, lifted: list[int]) -> None:
        """Arrears on top of rows whose dates stay."""
        rows = self.rows_ahead()
        if how == "carried" and not self.imported:
            self.carried += lifted[INTEREST]
            lifted[INTEREST] = 0
        self._share_out(rows, lifted)
        if self.by_day:
            self._level_ahead()
            return
        for row, part in zip(rows, self._parts(lifted[PRINCIPAL], len(rows), whole=True), strict=True):
            if row.amount is not None:
                row.amount += part
            row.part += part
            row.asked[PRINCIPAL] += part if self.imported else 0

    def _replace(self, fact: Fact, how: str, lifted: list[int], to_come: int) -> None:
        """New rows in the place of those ahead; interest that runs goes on in the first of them."""
        old, alone = self.next_row(), how in ("alone", "whole")
        interest, carried, earned, goes_along, anew = lifted[INTEREST], 0, Fraction(0), 0, 0
        if old and (self.imported or (how == "alone" and not self.by_day)):
            returned, anew = self._unearned_to_principal(old)
            to_come += returned
        unpaid = max(self.earned() - self.early(), 0)
        if how == "whole":
            interest += to_come
        elif alone or self.imported:
            interest += unpaid
        elif old:
            moved = sum(row.moved for row in self.rows_ahead())
            if not self.by_day:  # stays a payment, in the first new row
                goes_along = self.early()
                for row in self.rows_ahead():
                    row.got[INTEREST] = 0
            paid = min(self.early(), moved)  # interest of an earlier plan that is paid
            known = self.carried - (self.early() - paid)
            interest += moved - paid + max(known, 0)
            carried, earned = min(known, 0), old.earned
        free = sum(row.free for row in self.rows_ahead())  # as many instalments as were promised
        promised = self._cut(lifted)
        if "unit" in fact:
            self.unit, self.every = fact["unit"], fact["every"]
        first, start = number(fact["due_on"]), self.day
        self.dom = self._dom_from(first)
        rows = []
        for k in range(fact["reinstalled"]):
            row = Row(start, 0, 0, Fraction(1, 360))
            self.rows.append(row)
            self._place(row, later(first, self.unit, self.every * k, self.dom), start)
            start = self._ends(row)
            row.free = k < free
            rows.append(row)
        self.agreed, self.carried, rows[0].earned, rows[0].got[INTEREST] = 0, carried, earned, goes_along
        self.flat, self.capital_until, self.cycles = self.balance, 0, None
        if how == "carried" and not self.imported:
            self.carried += interest
            interest = 0
        lifted[INTEREST] = interest
        self._share_out(rows, lifted)
        if alone or self.imported:
            self._alike(rows)
        else:
            self._level_ahead()
        if alone:
            self.given, self.alone = self.given or self.own_rate, True
            self._set_rate()
        if self.imported:
            self._write_anew(rows, 0 if alone else max(to_come - unpaid, 0), promised + anew)

    def _unearned_to_principal(self, running: Row) -> tuple[int, int]:
        """Money that met interest not earned by today, or written fees not due, repays principal.

        Returns how much of it had met interest, and the fees that are promised anew.
        """
        promised = sum(row.promised for row in self.rows_ahead())
        interest = self._drop_interest()
        back = interest + (self._release_charges() if self.imported else 0)
        part = min(back, self.ahead)
        running.got[PRINCIPAL] += part
        self.balance -= part
        self.ahead -= part
        self.waiting_more(back - part)
        return interest, promised - sum(row.promised for row in self.rows_ahead())

    def _drop_interest(self) -> int:
        """Rows ahead ask for no interest beyond what is earned today; returns what had been paid beyond it."""
        if self.imported:
            self._keep_earned()
        back, earned, first = 0, self.earned() - sum(row.moved for row in self.rows_ahead()), self.next_row()
        for row in self.rows_ahead():
            asked = row.moved + (max(earned, 0) if row is first and not self.imported else 0)
            more = max(row.got[INTEREST] - max(asked, 0), 0)
            row.got[INTEREST] -= more
            back += more
            row.asked[INTEREST] = max(asked, row.got[INTEREST])
        return back

    def _cut(self, lifted: list[int]) -> int:
        """The rows ahead end today: what they got stays, charges on them are arranged anew. Returns promised fees."""
        rows = self.rows_ahead()
        if not rows:
            return 0
        promised = sum(row.promised for row in rows) if self.imported else 0
        self.waiting_more(0 if self.imported else self._release_charges())
        cut = Row(rows[0].start, self.day, self.day, Fraction(0))
        charged = 0
        for row in rows:
            charged += row.asked[FEE] - row.got[FEE] - row.let_off[FEE]
            lifted[PENALTY] += max(row.owed(PENALTY), 0)
            for c in range(4):
                cut.got[c] += row.got[c]
                cut.let_off[c] += row.let_off[c]
            cut.prepaid += row.prepaid
        lifted[FEE] += max(charged, 0)
        cut.asked = [got + off for got, off in zip(cut.got, cut.let_off, strict=True)]
        cut.fallen, cut.done_on = True, self.day
        self.scheduled -= cut.asked[PRINCIPAL] - cut.prepaid
        at = self.rows.index(rows[0])
        self.rows = [row for row in self.rows if row not in rows]
        if sum(cut.asked) or cut.start < self.day:
            self.rows.insert(at, cut)
        return promised - max(-charged, 0)

    def waiting_more(self, money: int) -> None:
        """Money that had met what falls away waits again."""
        raise NotImplementedError

    def _parts(self, total: int, count: int, whole: bool = False) -> list[int]:
        """Equal parts, the last takes what is left."""
        part = self._round(Fraction(total, count))
        part, parts, left = self._whole(part) if whole else part, [], total
        for k in range(count):
            now = left if k == count - 1 else min(part, left)
            parts.append(now)
            left -= now
        return parts

    def _share_out(self, rows: list[Row], lifted: list[int]) -> None:
        """Interest, fees and penalties in equal parts beside the instalments."""
        spread = [self._parts(lifted[c], len(rows)) for c in (INTEREST, FEE, PENALTY)]
        for row, interest, fee, penalty in zip(rows, *spread, strict=True):
            row.moved += interest
            row.asked[INTEREST] += interest if self.imported else 0
            row.asked[FEE] += fee
            row.asked[PENALTY] += penalty
            row.charged += penalty

    def _alike(self, rows: list[Row]) -> None:
        """Each row asks for the same, interest that was moved there included; the last takes what is left."""
        left = self.ahead
        same = self._round(Fraction(left + sum(row.moved for row in rows), len(rows)))
        for row in rows:
            now = left if row is rows[-1] else min(left, max(same - row.moved, 0))
            row.part, row.amount = now, None
            row.asked[PRINCIPAL] = now
            left -= now

    def _write_anew(self, rows: list[Row], interest: int, fee: int) -> None:
        """What an imported schedule promises of days to come, again in equal parts."""
        for row, i, f in zip(rows, self._parts(interest, len(rows)), self._parts(fee, len(rows)), strict=True):
            row.asked[INTEREST] += i
            row.promised += f

    # conditions

    def _met(self) -> int:
        """All debt that has ended, whatever ended it; what became principal has not."""
        return sum(sum(row.got) + sum(row.let_off) for row in self.rows) - sum(self.became_principal)

    def _collecting(self) -> bool:
        """Whether arrears that a plan moved are not met yet."""
        return self.collect_from != NEVER and self._met() < self.collect_until

    def _note_arrears(self) -> None:
        late = [row for row in self.rows if row.fallen and row.due < self.day]
        oldest = min((row.due for row in late if row.open() > self.terms["tolerance_fen"]), default=NEVER)
        if oldest == NEVER:
            return
        if not self._collecting():
            self.collect_from = oldest
        self.collect_until = max(self.collect_until, self._met()) + sum(max(row.open(), 0) for row in late)

    def _penalty_forgiven(self, fact: Fact) -> None:
        """One part for each of the next instalments that is kept."""
        left, self.forgiving = cents(fact["penalty_forgiven"]), []
        for k in range(fact["count"], 0, -1):
            self.forgiving.append(left // k)
            left -= left // k
        self.forgive_from = self.next_row()

    def _plan_broken(self, fact: Fact) -> None:
        """What was given on condition returns: the contract's own rate, penalties, the clock of the old arrears."""
        self.forgiving, self.broken = [], True
        self.settle_by = 0
        if fact.get("moratorium") == "stands":
            return
        self.held = False
        before = self.rate
        self.given, self.alone = None, False
        self._set_rate()
        if before != self.rate:
            self._level_ahead()
