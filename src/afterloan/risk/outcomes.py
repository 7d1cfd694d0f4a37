"""What counts as going wrong, for each purpose: who is asked about, within how many days, and what cannot be said."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from afterloan.dates import NEVER, months_later, year_month_day
from afterloan.loan.book import Book, Records, part
from afterloan.loan.due_rows import due_rows, owners_of_facts
from afterloan.loan.reckon import reckon_book
from afterloan.loan.terms import State
from afterloan.risk.own_history import live
from afterloan.risk.spells import PLANS

PurposeName = Literal["early_warning", "cure", "roll", "limit"]
Days = npt.NDArray[np.int64]
NOT_ASKED, UNDECIDED = -2, -1
"""Outcome of a borrower whom the purpose does not ask about; and of one of whom it cannot be said."""
LOOK_EVERY = 10
"""Days between the evenings that are looked at besides the rows of the schedule, which a plan may have rewritten."""
LOST = (int(State.CHARGED_OFF), int(State.WRITTEN_OFF), int(State.SOLD))


@dataclass(frozen=True, slots=True)
class Purpose:
    """What a model is for. `use`: the purpose under law that a source of features must allow.

    `asked`: who is scored; `bad`: what a 1 means; `undecided`: what is neither. `days_of_month`: when it learns.
    """

    name: PurposeName
    use: Literal["limit", "collect"]
    asked: str
    bad: str
    undecided: str
    window_days: int
    days_of_month: tuple[int, ...]


PURPOSES: dict[str, Purpose] = {
    "early_warning": Purpose(
        "early_warning", "collect", "borrowers with a live loan and nothing past due",
        "30 days past due or more on an evening of the next 90 days", "nothing", 90, (1,),
    ),
    "cure": Purpose(
        "cure", "collect", "borrowers in arrears", "no evening of the next 30 days on which nothing is past due",
        "a plan agreed within the 30 days: it moved arrears that nobody paid", 30, (1, 11, 21),
    ),
    "roll": Purpose(
        "roll", "collect", "borrowers in arrears", "a worse bucket at the end of the month than on the day",
        "a plan agreed until then", 31, (1, 11),
    ),
    "limit": Purpose(
        "limit", "limit", "borrowers with a live loan, less than 30 days past due",
        "90 days past due or more, or charged off, written off or sold, within a year", "30 to 89 days past due", 365,
        (1,),
    ),
}  # fmt: skip


def ends_on(purpose: Purpose, as_of: int) -> int:
    """The last day that an outcome as of a day looks at: `as_of` + window, or the end of the month for `roll`."""
    if purpose.name == "roll":
        dom = int(year_month_day(as_of)[2])
        return int(months_later(as_of - dom + 1, 1, 1)) - 1
    return as_of + purpose.window_days


def asked_about(purpose: Purpose, positions: Records, owners: Days) -> Days:
    """The borrowers (sorted numbers) whom the purpose asks about, by positions [n] as they were known."""
    here = live(positions)
    late = positions["days_past_due"]
    worst = pl.DataFrame({"borrower": owners[here], "late": late[here]}).group_by("borrower").agg(pl.col("late").max())
    if purpose.name == "early_warning":
        asked = worst.filter(pl.col("late") == 0)
    elif purpose.name == "limit":
        asked = worst.filter(pl.col("late") < 30)
    else:
        asked = worst.filter(pl.col("late") > 0)
    return np.sort(asked["borrower"].to_numpy())


def outcomes_of(purpose: Purpose, book: Book, owners: Days, as_of: int, borrowers: Days) -> Days:
    """How it ended for `borrowers` (sorted): 1 bad, 0 not, UNDECIDED; from all that is known by now.

    The window must have passed: who is censored is the caller's to leave out, whole as-of days at a time, since those
    whose bad end came early would else stand alone.
    """
    rows = np.flatnonzero(np.isin(owners, borrowers))
    few, theirs = part(book, rows), owners[rows]
    at = np.searchsorted(borrowers, theirs)
    until = ends_on(purpose, as_of)
    if purpose.name == "cure":
        bad = _not_cured(few, at, len(borrowers), as_of, until)
    elif purpose.name == "roll":
        before = _most(reckon_book(few, as_of, as_of - 1)["bucket"], at, len(borrowers))
        bad = (_most(reckon_book(few, until)["bucket"], at, len(borrowers)) > before).astype(np.int64)
    else:
        worst = _most(worst_between(few, as_of, until), at, len(borrowers))
        if purpose.name == "early_warning":
            return (worst >= 30).astype(np.int64)
        lost = np.isin(reckon_book(few, until)["state"], LOST).astype(np.int64)
        gone = (worst >= 90) | (_most(lost, at, len(borrowers)) > 0)
        return np.where(gone, 1, np.where(worst >= 30, UNDECIDED, 0))
    planned = _planned(few, at, len(borrowers), as_of, until)
    return np.where(planned, UNDECIDED, bad)


def worst_between(book: Book, as_of: int, until: int) -> Days:
    """The most days past due of each loan [n] on an evening of `as_of + 1 … until`, from all that is known by now.

    Rows of the schedule say it to the day: due on 10 March and paid on 14 April, the evening of 13 April shows 34.
    Where a plan rewrote the schedule, the evenings of every tenth day do.
    """
    worst = np.zeros(len(book), np.int64)
    rows = due_rows(book, until)
    last_evening = np.minimum(rows["cleared_on"] - 1, until)
    late = np.where(last_evening > as_of, last_evening - rows["due_on"], 0)
    np.maximum.at(worst, rows["row"], late)
    positions = None
    for evening in [*range(as_of + LOOK_EVERY, until, LOOK_EVERY), until]:
        positions = reckon_book(book, evening, NEVER, positions)
        np.maximum(worst, np.where(positions["error"] == 0, positions["days_past_due"], 0), out=worst)
    return worst


def _not_cured(book: Book, at: Days, n: int, as_of: int, until: int) -> Days:
    bad = np.ones(n, np.int64)
    positions = None
    for evening in range(as_of, until + 1):
        positions = reckon_book(book, evening, NEVER, positions)
        late = (positions["days_past_due"] > 0) | np.isin(positions["state"], LOST)
        bad[_most(late.astype(np.int64), at, n) == 0] = 0
    return bad


def _planned(book: Book, at: Days, n: int, as_of: int, until: int) -> npt.NDArray[np.bool_]:
    facts = book.facts
    mine = np.isin(facts["kind"], PLANS) & (facts["on"] >= as_of) & (facts["on"] <= until) & (facts["gone_on"] == NEVER)
    told = np.zeros(n, bool)
    told[at[owners_of_facts(book)[mine]]] = True
    return told


def _most(values: npt.NDArray[np.int64], at: Days, n: int) -> Days:
    """The greatest value of each of `n` borrowers; `at`: the borrower of each value."""
    out = np.zeros(n, np.int64)
    np.maximum.at(out, at, np.asarray(values, np.int64))
    return out
