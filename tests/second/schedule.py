"""What the rows of a loan ask for, as the second reckoner works it out: rates, interest of nights, instalments."""

import calendar
from datetime import date
from fractions import Fraction
from typing import Any

from tests.second.nights import (
    FEE,
    INTEREST,
    NEVER,
    PARTS,
    PRINCIPAL,
    Row,
    business_day,
    cents,
    dom_of,
    down,
    later,
    number,
    thirty,
)


class Schedule:
    """The rows of one loan, and the interest that time brings them."""

    def __init__(self, terms: dict[str, Any], story: dict[str, Any]) -> None:
        self.terms, self.contract = terms, story["contract"]
        self.as_written = story.get("promised", [])
        self.holidays = frozenset(number(day) for day in story.get("holidays", []))
        self.imported = terms["method"] == "imported"
        self.by_day = terms["accrual"] == "actual"
        self.period_stays = not terms["shift_interest"]  # where a due date moves, the interest period does not
        self.stays = terms["payoff_interest"] == "scheduled"  # interest that was signed for is owed in full
        self.signed = self.day = number(self.contract["signed_on"])
        self.rows: list[Row] = []
        self.lent = self.balance = self.ahead = 0  # ahead: principal that no row has asked for yet
        self.flat = 0  # what flat interest is borne by: what was lent, or was left when the loan was re-installed
        self.scheduled = 0  # principal that the schedule as signed has still to ask for
        self.carried = 0  # interest that passes into the running row; less than nothing: paid before it was earned
        self.own_rate, self.given = self.contract["rate_percent"], None
        self.alone = False  # a plan lets the loan bear no interest; penalties go on as the contract has them
        self.agreed = 0  # an instalment agreed on
        self.unit, self.every = self.contract.get("unit", "months"), self.contract.get("every", 1)
        self.dom = 0
        self.stopped = False
        self.became_principal = [0] * 4
        self.capital_until = 0  # interest of rows due up to that day becomes principal
        self.cycles: tuple[Row, int, int] | None = None  # from a row on, interest and principal with every so many-th
        self.running: Row | None = None  # the fallen row in which overdue principal goes on bearing
        self.ended_charges: set[int] = set()
        self._set_rate()

    # rates

    def _set_rate(self) -> None:
        """Today's rate, and what it makes of the penalty rate."""
        percent = self.own_rate if self.given is None else self.given
        self.rate = Fraction(0) if self.stopped else Fraction(percent) / 100
        self.raised = self._penalty_rate()
        if self.alone:
            self.rate = Fraction(0)

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

    def _of_a_night(self, row: Row) -> Fraction:
        """What one cent bears tonight."""
        if self.terms["day_count"] in ("act_act", "thirty_360"):  # no two nights need be alike
            return self.rate * self._share(row, self.day)
        if row.night[0] != self.rate:
            row.night = self.rate, self.rate * self._share(row, self.day)
        return row.night[1]

    def _share(self, row: Row, day: int) -> Fraction:
        """What part of its unit of time the rate bears for the night after `day`."""
        per, count = self.terms["rate_per"], self.terms["day_count"]
        if per == "day":
            return Fraction(1)
        if count == "thirty_360":
            return Fraction(thirty(day + 1) - thirty(day), 30 if per == "month" else 360)
        if per == "month" or count == "period":
            return row.share * (12 if per == "month" else 1)
        if count == "act_act":
            return Fraction(1, 366 if calendar.isleap(date.fromordinal(day).year) else 365)
        return Fraction(1, 360 if count == "act_360" else 365)

    def _growth(self, row: Row, start: int, end: int) -> Fraction:
        """What one cent bears in the nights from `start` to `end`."""
        if row.free or start >= end:
            return Fraction(0)
        if self.terms["day_count"] in ("act_act", "thirty_360"):
            return self.rate * sum(self._share(row, day) for day in range(start, end))
        return self.rate * self._share(row, start) * (end - start)

    def _round(self, value: Fraction) -> int:
        """To whole cents: half up, or half to even."""
        if self.terms["rounding"] == "half_even":
            return round(value)
        return int((value + Fraction(1, 2)) // 1)

    def _whole(self, amount: int) -> int:
        """An instalment in whole steps; less than half a step stays what it is."""
        step = self.terms["instalment_multiple_fen"] or 1
        return self._round(Fraction(amount, step)) * step or amount

    # rows

    def rows_ahead(self) -> list[Row]:
        """Instalments that have not fallen due."""
        return [row for row in self.rows if not row.fallen and row.kind == "instalment"]

    def _ends(self, row: Row) -> int:
        """The day on which its interest period ends."""
        return row.placed if self.period_stays else row.due

    def _closes(self, row: Row) -> int:
        """The day on which what it asks for is final: its due day, or the end of its period if that is earlier."""
        return min(row.due, self._ends(row))

    def next_row(self) -> Row | None:
        """The instalment that is running."""
        return next((row for row in self.rows if not row.fallen and row.kind == "instalment"), None)

    def _is_last(self, row: Row) -> bool:
        return row is [r for r in self.rows if r.kind != "charges"][-1]

    def _lay_out(self) -> None:
        """The rows as signed, on the day of the first pay-out."""
        if self.imported:
            self._take_written()
            return
        told, count = self.contract, self.contract["instalments"]
        start = self.signed if self.terms["due_dates_from_signing"] else self.day
        first = number(told["first_due_on"]) if "first_due_on" in told else None
        self.dom = told.get("due_dom") or dom_of(first or start)
        ahead = 0 if first else self.every
        places = [later(first or start, self.unit, ahead + self.every * k, self.dom) for k in range(count)]
        places[0] = first or places[0]
        spans = count if self.terms["method"] == "bullet" else 1
        for place in places[-1:] if spans > 1 else places:
            due = business_day(place, self.terms["shift"], self.holidays, start)
            self.rows.append(Row(start, due, place, Fraction(0)))
            self.rows[-1].share = self._months(spans, self._ends(self.rows[-1]) - start)
            start = self._ends(self.rows[-1])
        for row in self.rows[:-1]:
            if self._closes(row) < self.day:  # before the pay-out nothing is asked for
                row.fallen = True
        running = self.next_row()
        if any(row.fallen for row in self.rows) and running:
            running.start = self.day
        self._as_signed()

    def _as_signed(self) -> None:
        """The first rows may ask for interest alone, put it off, or be free of it."""
        for k, row in enumerate(self.rows):
            row.bare = k < min(self.contract.get("grace_principal", 0), len(self.rows) - 1)
            row.put_off = k < self.contract.get("grace_interest", 0)
            row.free = k < self.contract.get("interest_free", 0)

    def _take_written(self) -> None:
        """The rows that the lender's own schedule names."""
        start = self.day
        for due, *amounts in self.as_written:
            principal, interest, fee = (cents(amount) for amount in amounts)
            row = Row(start, number(due), number(due), Fraction(0), part=principal, promised=fee)
            row.asked = [0, 0, interest, principal]
            self.rows.append(row)
            self.dom = max(self.dom, dom_of(row.due))
            start = row.due

    def _months(self, spans: int, nights: int) -> Fraction:
        """The share of a year that each night of `spans` whole intervals has."""
        if self.unit not in ("months", "years"):
            return Fraction(1, 360)
        return Fraction(self.every * (12 if self.unit == "years" else 1) * spans, 12 * max(nights, 1))

    def _level(self, rows: list[Row], principal: int) -> None:
        """Set what the rows repay so that they repay `principal`."""
        if not rows or self.imported:
            return
        method = self.terms["method"]
        paying = [row for row in rows if not row.bare] or rows[-1:]
        for row in rows:
            row.amount, row.part = None, 0
        if method == "equal_instalment":
            factor, total = Fraction(1), Fraction(0)
            for row in paying:
                factor /= 1 + self._growth(row, row.start, self._ends(row))
                total += factor
            amount = self.agreed or self._whole(self._round(principal / total))
            for row in paying:
                row.amount = amount + row.prepaid
        if method in ("equal_principal", "flat"):
            part = self.agreed or self._whole(self._round(Fraction(principal, len(paying))))
            for row in paying:  # parts round to less than the whole, or more: the last takes what is left
                share = principal if row is paying[-1] else min(part, principal)
                row.part, principal = share + row.prepaid, principal - share

    def _level_ahead(self) -> None:
        """All instalments ahead anew, the running one counted whole: for what they have still to repay.

        Rows whose interest becomes principal ask for nothing; those after them repay it too.
        """
        rows, more = self.rows_ahead(), 0
        if any(self._becomes_capital(row) for row in rows):
            self._project()
            more = sum(row.becomes for row in rows if self._becomes_capital(row))
            rows = [row for row in rows if not self._becomes_capital(row)]
        self._level(rows, self.ahead + more + sum(row.got[PRINCIPAL] - row.prepaid for row in rows))

    def _becomes_capital(self, row: Row) -> bool:
        return row.kind == "instalment" and row.due <= self.capital_until and not self._is_last(row)

    def _puts_off(self, row: Row) -> bool:
        """Whether its interest passes to a later row."""
        if row.put_off or self.cycles is None:
            return row.put_off
        after = self.rows.index(row) - self.rows.index(self.cycles[0])
        return after >= 0 and (after + 1) % self.cycles[1] != 0

    def _into_principal(self, row: Row) -> None:
        """Interest that falls due becomes principal, and rows ahead are levelled for it."""
        part = max(row.owed(INTEREST), 0)
        row.let_off[INTEREST] += part
        self.became_principal[INTEREST] += part
        self.balance += part
        self.ahead += part
        self.scheduled += part
        if part:
            self._level_ahead()

    # what they ask for

    def _bears(self) -> int:
        if self.balance == 0 and not (self.stays and not self.by_day):
            return 0
        if self.terms["method"] == "flat":
            return self.flat
        if not self.by_day:
            return self.scheduled
        return self.balance if self.terms["past_due_bears_interest"] else self.ahead

    def _split(self, row: Row, interest: int, ahead: int) -> int:
        """Write what a row asks for, out of interest and principal not asked for yet; returns what passes on."""
        early, total, last = row.got[PRINCIPAL], max(interest, 0), self._is_last(row)
        held = 0 if not last and self._puts_off(row) else total
        principal = early + ahead
        if row.amount is not None:
            if not last:
                held = min(held, row.amount - (early if self.by_day else row.prepaid))
                principal = row.amount - held
        elif not last:
            principal = row.part
        held = max(held, row.got[INTEREST] - row.moved)
        row.asked[INTEREST] = held + row.moved
        row.asked[PRINCIPAL] = max(min(principal, early + ahead), early)
        return max(total - held, 0) + min(interest, 0)

    def _project(self) -> None:
        """What the rows ahead will ask for, if all that is past due is paid today and the rest on its day."""
        if self.imported:
            return
        ahead, out, carried = self.ahead, self.ahead if self.by_day else self.scheduled, self.carried
        for row in self.rows_ahead():
            flat = self.terms["method"] == "flat" and (out > 0 or self.stays)  # all repaid by then: nothing is borne
            bearing = self.flat if flat else out
            if not self._bears() and self.balance == 0:
                bearing = 0
            nights = self._growth(row, max(self.day, row.start), self._ends(row))
            interest = self._round(row.earned + bearing * nights)
            carried = self._split(row, interest + carried, ahead)
            self._promise_charges(row, ahead)
            if self._becomes_capital(row):
                row.becomes = row.asked[INTEREST] - row.got[INTEREST]
                row.asked[INTEREST] -= row.becomes
                ahead += row.becomes
                out += row.becomes
            ahead -= row.owed(PRINCIPAL)
            out -= row.owed(PRINCIPAL) if self.by_day else row.asked[PRINCIPAL] - row.prepaid

    def _show_ahead(self) -> None:
        """What each row ahead may take today: interest earned so far, then principal; as signed: all of it.

        A row that got all it will ask for takes no more; the last one that did not takes what is left.
        """
        self._project()
        first = self.next_row()
        if first is None or not self.by_day or self.imported:
            return
        earned, left = self._round(first.earned) + self.carried, self.ahead
        rows = self.rows_ahead()
        full = [row for row in rows if row.open() <= 0 and row.got[INTEREST] + row.got[PRINCIPAL] > 0]
        full = [row for row in full if not self._becomes_capital(row)]
        open_last = [row for row in rows if row not in full][-1:] or rows[-1:]
        for row in rows:
            early, interest, principal = row.got[PRINCIPAL], max(earned, 0), row.part
            if row in full:
                interest, principal = row.got[INTEREST] - row.moved, early
            elif row.amount is not None:
                interest = min(interest, row.amount - early)
                principal = row.amount - interest
            row.asked[INTEREST] = max(interest + row.moved, row.got[INTEREST])
            row.asked[PRINCIPAL] = max(principal, early)
            earned = max(earned - row.asked[INTEREST] + row.moved, min(earned, 0))
            left -= row.owed(PRINCIPAL)
        open_last[0].asked[PRINCIPAL] += max(left, 0)

    def _fall_due(self, row: Row) -> None:
        """A row's interest is rounded, and what it asks for is final."""
        if row.kind == "instalment" and not self.imported:
            row.earned += self._bears() * self._growth(row, max(row.due, row.start), self._ends(row))
            row.added = self.carried
            self.carried = self._split(row, self._round(row.earned) + self.carried, self.ahead)
            self._promise_charges(row, self.balance)
        row.asked[FEE] += row.promised
        row.promised, row.fallen = 0, True
        if row.kind == "charges":
            return
        capital = self._becomes_capital(row)
        self.ahead -= row.owed(PRINCIPAL)
        self.scheduled -= row.asked[PRINCIPAL] - row.prepaid
        if row.kind == "instalment" and self._is_last(row) and self.terms["past_due_bears_interest"]:
            self.running = row
        if capital and not self.imported:
            self._into_principal(row)

    def _run_on(self) -> None:
        """Interest that goes on in a fallen row is due each day."""
        row = self.running
        if row is not None:
            row.asked[INTEREST] = max(row.asked[INTEREST], self._round(row.earned) + row.added + row.moved)

    # charges that the product makes

    def _charge_of(self, charge: dict[str, Any], principal: int, instalment: int) -> int:
        if charge["of"] == "fixed":
            return int(charge["amount_fen"])
        base = principal if charge["of"] == "principal" else instalment
        return self._round(base * Fraction(charge["percent"]) / 100)

    def _promise_charges(self, row: Row, out: int) -> None:
        """The fees that come with an instalment while principal is out."""
        if not self.terms["charges"]:
            return
        place = [r for r in self.rows if r.kind == "instalment"].index(row) + 1
        fee = 0
        for k, charge in enumerate(self.terms["charges"]):
            past = place - charge["first"]
            comes = past == 0 or (past > 0 and charge["every"] and past % charge["every"] == 0)
            if charge["when"] == "instalment" and comes and out > 0 and k not in self.ended_charges:
                fee += self._charge_of(charge, self.lent, row.asked[INTEREST] + row.asked[PRINCIPAL])
        row.promised = max(fee, row.promised_met())

    def _release_charges(self) -> int:
        """Promised fees ahead fall away; returns the money that had met them."""
        back = 0
        for row in self.rows_ahead():
            paid = min(row.promised_met(), row.got[FEE])
            row.got[FEE] -= paid
            back += paid
            row.promised = row.promised_met()
        return back

    # interest earned

    def early(self) -> int:
        """Interest paid on rows ahead."""
        return sum(row.got[INTEREST] for row in self.rows_ahead())

    def earned(self) -> int:
        """Interest up to today that no fallen row has asked for, with what plans moved ahead."""
        row, moved = self.next_row(), sum(row.moved for row in self.rows_ahead())
        if row is None:
            return 0
        if self.imported:  # evenly over the days of its row, in whole cents
            signed = row.asked[INTEREST] - row.moved
            return signed * (self.day - row.start) // max(row.due - row.start, 1) + moved
        return self._round(row.earned) + self.carried + moved


__all__ = ["NEVER", "PARTS", "Schedule"]
