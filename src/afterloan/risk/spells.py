"""Spells of arrears: when the last one ended, how bad the running one has been, what plans were agreed and kept."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from afterloan.dates import NEVER, months_later, year_month_day
from afterloan.loan.book import Book, Records, part
from afterloan.loan.reckon import reckon_book, reckon_loan
from afterloan.loan.terms import FactKind, State

Days = npt.NDArray[np.int64]
PLANS = tuple(
    int(FactKind[name]) for name in ("DEFERRED", "INTEREST_ONLY", "EXTENDED", "REINSTALLED", "SETTLEMENT_AGREED")
)
MET = (int(FactKind.REPAID), int(FactKind.WAIVED))
LOST = (int(State.WRITTEN_OFF), int(State.SOLD))
MILD = (int(FactKind.EXTENDED), int(FactKind.REINSTALLED))
"""Kinds that also serve who repays early."""


@dataclass(frozen=True, slots=True)
class Spells:
    """Arrays [n]. `cured_on`: the last day on which arrears were wholly paid; `moved_on`: on which a plan moved them
    while they were not; 0: never, and of the two only the later is told. `worst_before`: the worst days past due of
    the spell that ended then; `worst_now`: of the running one. A plan broken without a payment ended no spell."""

    cured_on: Days
    moved_on: Days
    worst_before: Days
    worst_now: Days


def spells_of(
    book: Book, on: int, known_on: int = NEVER, positions: Records | None = None, least: int = 1, trifles_fen: int = 0
) -> Spells:
    """Spells of at least `least` days of every loan of a book up to a day; a shorter one after a longer hides nothing.

    Arrears end on a day of repayment or waiver, or by a plan, so each loan is reckoned on the evenings before and after
    those, all loans of one day together. A write-off or a sale ends no arrears: nothing was cured.
    """
    now = positions if positions is not None else reckon_book(book, on, known_on)
    n = len(book)
    cured, moved, before = np.zeros(n, np.int64), np.zeros(n, np.int64), np.zeros(n, np.int64)
    worst = _days(now, trifles_fen)
    owner = np.repeat(np.arange(n), np.diff(book.fact_at))
    facts = book.facts
    deep = now["worst_days_past_due"] >= max(least, 1)
    deep[owner[np.isin(facts["kind"], PLANS)]] = True  # a plan ends arrears that no money has met
    standing = (facts["known_on"] <= known_on) & (facts["gone_on"] > min(known_on, NEVER - 1)) & (facts["on"] <= on)
    mine = deep[owner] & standing & np.isin(facts["kind"], [*MET, *PLANS])
    running = np.zeros(n, np.int64)
    days, owners = facts["on"][mine], owner[mine]
    for day in np.unique(days):
        rows = np.unique(owners[days == day])
        few = part(book, rows)
        eve, evening = reckon_book(few, int(day) - 1, known_on), reckon_book(few, int(day), known_on)
        running[rows] = np.maximum(running[rows], _days(eve, trifles_fen))
        ended = (_days(evening, trifles_fen) == 0) & (running[rows] > 0) & ~np.isin(evening["state"], LOST)
        deep_ones = rows[ended & (running[rows] >= least)]
        by_plan = _put_off(evening, int(day))[ended & (running[rows] >= least)]
        cured[deep_ones], moved[deep_ones] = np.where(by_plan, 0, day), np.where(by_plan, day, 0)
        before[deep_ones] = running[deep_ones]
        running[rows[ended]] = 0
    again = (moved > 0) & (now["oldest_due_on"] <= moved)  # late anew with what the plan moved still unpaid
    running = np.maximum(running, np.where(again, before, 0))
    return Spells(cured, moved, before, np.maximum(worst, np.where(worst > 0, running, 0)))


def _put_off(positions: Records, on: int) -> npt.NDArray[np.bool_]:
    """Whether arrears [n] were moved by a plan and not paid yet: the due date that began them still counts."""
    return np.asarray(positions["oldest_due_on"] < np.minimum(positions["oldest_unpaid_on"], on))


def _days(positions: Records, trifles_fen: int) -> Days:
    """Days past due [n]; of arrears up to `trifles_fen` none."""
    late = positions["arrears_fen"].sum(axis=1) > trifles_fen
    return np.where(late, positions["days_past_due"], 0).astype(np.int64)


@dataclass(frozen=True, slots=True)
class KeptTerms:
    """Of one loan since a day: periods that fell due and were paid in time, and how many were not."""

    in_time: int
    late: int
    first_due_on: int


def kept_since(book: Book, i: int, since: int, on: int, known_on: int = NEVER) -> KeptTerms:
    """Instalments of loan `i` that fell due after `since` and up to `on`: paid by the due day, or not."""
    rows = reckon_loan(book, i, on, known_on).instalments
    asked = rows["due_fen"].sum(axis=1) > 0
    mine = rows[(rows["due_on"] > since) & (rows["due_on"] <= on) & asked & (rows["row_kind"] == 0)]
    ahead = rows["due_on"][rows["due_on"] > since]
    ok = mine["cleared_on"] <= mine["due_on"]
    return KeptTerms(int(ok.sum()), int((~ok).sum()), int(ahead.min()) if len(ahead) else 0)


@dataclass(frozen=True, slots=True)
class Observed:
    """An observation: passed, or since when it (last) started, periods kept since then, one missed and still unpaid."""

    passed: bool
    since: int
    kept: int
    missed: int


def observe(
    book: Book, i: int, since: int, on: int, known_on: int, periods: int, months: int, from_first_due: bool = False
) -> Observed:
    """Whether loan `i`, watched from `since` on, kept so many periods and months by `on`; a miss starts it again.

    Watched from 23 May for two periods and six months, all on time: passed on 23 November. October's instalment paid on
    2 November: it starts again that day.
    """
    rows = reckon_loan(book, i, on, known_on).instalments
    rows = rows[(rows["due_on"] > since) & (rows["due_fen"].sum(axis=1) > 0) & (rows["row_kind"] == 0)]
    start = int(rows["due_on"].min()) if from_first_due and len(rows) else since
    kept = 0
    for row in rows[rows["due_on"] <= on]:
        due, cleared = int(row["due_on"]), int(row["cleared_on"])
        if kept >= periods and due > _later(start, months):
            return Observed(True, start, kept, 0)
        if cleared > on:
            if due < on:
                return Observed(False, start, kept, 1)
        elif cleared > due:
            start, kept = cleared, 0
        elif due >= start:
            kept += 1
    return Observed(kept >= periods and on >= _later(start, months), start, kept, 0)


def _later(day: int, months: int) -> int:
    return int(months_later(day, months, year_month_day(day)[2]))


def agreed_plans(book: Book, i: int, on: int, known_on: int = NEVER) -> Days:
    """Days on which plans were agreed for loan `i` because of difficulty, in order, as known on `known_on`.

    A schedule set anew without arrears that ends no later than before is none: that is an early repayment.
    """
    facts = book.facts[book.fact_at[i] : book.fact_at[i + 1]]
    known = min(known_on, NEVER - 1)
    stands = (facts["known_on"] <= known) & (facts["gone_on"] > known) & (facts["on"] <= on)
    mine = facts[stands & np.isin(facts["kind"], PLANS)]
    relief = [d for d in np.unique(mine["on"]) if _is_relief(book, i, int(d), mine["kind"][mine["on"] == d], known)]
    return np.array(relief, np.int64)


def _is_relief(book: Book, i: int, day: int, kinds: Days, known_on: int) -> bool:
    if np.isin(kinds, MILD, invert=True).any():
        return True
    eve, evening = reckon_loan(book, i, day - 1, known_on), reckon_loan(book, i, day, known_on)
    later = len(evening.instalments) and evening.instalments["due_on"].max() > eve.instalments["due_on"].max(initial=0)
    return bool(eve.position["days_past_due"] > 0 or later)
