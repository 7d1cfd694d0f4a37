"""What there is to say of an account in one month, reckoned: a cell. No bureau's codes yet."""

from typing import Any

import numpy as np
import numpy.typing as npt

from afterloan.bureau.replanned import before_the_plan
from afterloan.dates import NEVER
from afterloan.loan.book import Book, part
from afterloan.loan.reckon import reckon_book
from afterloan.loan.terms import Component, State, Unit
from afterloan.rules.trifles import trifles_fen

Cells = npt.NDArray[Any]
Days = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
INTEREST = int(Component.INTEREST)
PRINCIPAL = int(Component.PRINCIPAL)
MONTHS = int(Unit.MONTHS)
PAID_OFF = int(State.PAID_OFF)
CHARGED_OFF, WRITTEN_OFF, SOLD = int(State.CHARGED_OFF), int(State.WRITTEN_OFF), int(State.SOLD)
LOST = (CHARGED_OFF, WRITTEN_OFF, SOLD)

CELL = np.dtype(
    [
        ("loan", "i8"),
        ("month_end", "i8"),
        ("reportable", "i8"),  # 0: not yet paid out, ended in an earlier month, or not reckonable
        ("days_past_due", "i8"),  # at the end of the month, from the oldest unpaid contractual due date
        ("overdue", "i8"),  # 1: overdue after the product's bureau grace
        ("had_due", "i8"),  # 1: something fell due in the month
        ("late", "i8"),  # 1: what fell due in the month was unpaid once its grace was over
        ("opened_on", "i8"),
        ("ended_on", "i8"),  # NEVER while it runs
        ("days_before_end", "i8"),  # days past due on the day before it was paid off, written off or sold
        ("lost_on", "i8"),  # charged off, written off or sold; NEVER
        ("lost_fen", "i8"),  # what was owed when it was
        ("dofd_on", "i8"),  # due date + 30 of what led to today's delinquency; 0: not delinquent
        ("balance_fen", "i8"),  # principal
        ("owed_fen", "i8"),  # principal and all that fell due unpaid
        ("overdue_fen", "i8"),  # due before the day and unpaid
        ("overdue_30_fen", "i8"),  # the part of it at least 30 days late, fees and penalties included
        ("band_31_60_fen", "i8"),  # overdue principal by age
        ("band_61_90_fen", "i8"),
        ("band_91_180_fen", "i8"),
        ("band_over_180_fen", "i8"),
        ("due_fen", "i8"),  # fell due in the month
        ("paid_fen", "i8"),  # received in the month
        ("waived_fen", "i8"),  # given up in the month
        ("next_due_fen", "i8"),
        ("last_paid_on", "i8"),  # 0: never
        ("overdue_periods", "i8"),
        ("remaining_periods", "i8"),
        ("periods_before", "i8"),  # left at the end of the month before
        ("worst_days_past_due", "i8"),
        ("state", "i8"),
    ]
)
"""One account in one month. Days are numbers since 1970-01-01, money minor units."""


def month_end(number: int) -> int:
    """The last day of the month of a day: 2026-03-10 gives 2026-03-31."""
    first = np.int64(number).astype("datetime64[D]").astype("datetime64[M]") + 1
    return int(first.astype("datetime64[D]").astype(np.int64)) - 1


def month_before(number: int) -> int:
    """The last day of the month before: 2026-03-31 gives 2026-02-28."""
    first = np.int64(number).astype("datetime64[D]").astype("datetime64[M]")
    return int(first.astype("datetime64[D]").astype(np.int64)) - 1


def month_back(number: int, months: int) -> int:
    """The month end `months` months before a month end: 2026-03-31 and 1 give 2026-02-28."""
    first = np.int64(number).astype("datetime64[D]").astype("datetime64[M]") + 1 - months
    return int(first.astype("datetime64[D]").astype(np.int64)) - 1


LATENESS = ("days_past_due", "overdue", "late", "had_due", "overdue_fen", "overdue_30_fen", "overdue_periods",
            "band_31_60_fen", "band_61_90_fen", "band_91_180_fen", "band_over_180_fen")  # fmt: skip
"""What of a cell says how late an account is; the contract before a plan says it until the plan counts."""


def reckon_cells(book: Book, at: int, known_on: int = NEVER, delinquent_after: int = 30, bureau: str = "pboc") -> Cells:
    """CELL [n] of every loan of a book for the month that ends on day `at`, as known on `known_on`.

    `delinquent_after`: days after the due date at which delinquency begins (Metro 2 field 25: 30). `bureau`: whose rule
    says from when a plan counts (`replanned.py`); a loan four months late that signed a plan and paid nothing stays so.
    """
    trifles = trifles_fen(TRIFLES[bureau])
    cells = _as_agreed(book, at, known_on, delinquent_after, trifles)
    rows, without = before_the_plan(book, reckon_book(book, at, known_on), at, known_on, bureau)
    if len(rows):
        contract = _as_agreed(without, at, known_on, delinquent_after, trifles)
        for name in LATENESS:
            cells[name][rows] = contract[name]
    return cells


TRIFLES = {"metro2": "US", "pboc": "CN", "neutral": "CN"}
"""Whose tolerance for trifles a bureau's cells follow (`rules/trifles.py`)."""


def forgive_trifles(cells: Cells, most_fen: int) -> None:
    """Accounts that lack no more than `most_fen` in all count as paid: 2.87 short for 21 days is no mark."""
    small = (cells["days_past_due"] > 0) & (cells["overdue_fen"] <= most_fen) & ~np.isin(cells["state"], LOST)
    for name in set(LATENESS) - {"late", "had_due"}:
        cells[name][small] = 0


def _as_agreed(book: Book, at: int, known_on: int, delinquent_after: int, trifles: int) -> Cells:
    """Cells by what the facts say, plans and all; up to `trifles` in minor units counts as paid."""
    now = reckon_book(book, at, known_on)
    before = reckon_book(book, month_before(at), known_on)
    cells = np.zeros(len(book), CELL)
    cells["loan"] = book.contracts["loan"]
    cells["month_end"] = at
    _plain(cells, now, before)
    _periods(cells, book, now, at)
    _ages(cells, book, now, at, known_on)
    if trifles:
        forgive_trifles(cells, trifles)
    _lateness(cells, book, before, at, known_on, trifles)
    _before_end(cells, book, at, known_on)
    _lost(cells, book, now, before, at, known_on)
    late = np.maximum(cells["days_past_due"], cells["days_before_end"]) >= delinquent_after
    rows = np.flatnonzero(late | (cells["lost_on"] <= at))
    ended = np.minimum(cells["ended_on"], cells["lost_on"])[rows]
    cells["dofd_on"][rows] = dofd_of(part(book, rows), at, known_on, delinquent_after, ended)
    return cells


def _plain(cells: Cells, now: Cells, before: Cells) -> None:
    """What the two positions say by themselves."""
    ended_before = before["paid_off_on"] <= month_before(int(cells["month_end"][0])) if len(cells) else 0
    lent = (now["error"] == 0) & (now["disbursed_fen"] > 0)
    closed = (before["error"] == 0) & (before["state"] == PAID_OFF) & ended_before & (now["state"] == PAID_OFF)
    closed |= (before["state"] == SOLD) & (now["state"] == SOLD)
    cells["reportable"] = lent & ~closed
    for name in ("days_past_due", "worst_days_past_due", "state", "next_due_fen"):
        cells[name] = now[name]
    cells["overdue"] = now["grace_days_past_due"] > 0
    cells["ended_on"] = now["paid_off_on"]
    cells["balance_fen"] = now["outstanding_fen"][:, PRINCIPAL]
    cells["owed_fen"] = now["outstanding_fen"].sum(axis=1)
    cells["overdue_fen"] = now["arrears_fen"].sum(axis=1)
    due = (now["fell_due_fen"] + now["charged_fen"] - before["fell_due_fen"] - before["charged_fen"]).sum(axis=1)
    cells["due_fen"] = np.maximum(due, 0)
    cells["paid_fen"] = np.maximum(now["repaid_fen"] - before["repaid_fen"], 0)
    cells["waived_fen"] = np.maximum((now["waived_fen"] - before["waived_fen"]).sum(axis=1), 0)
    # money that comes after the last debt was paid is no payment of the account
    cells["last_paid_on"] = np.minimum(now["last_repaid_on"], now["paid_off_on"])
    cells["periods_before"] = before["instalments_left"]


def _periods(cells: Cells, book: Book, now: Cells, at: int) -> None:
    """When it was opened, what is left, how many periods are overdue (months of due dates since the oldest unpaid)."""
    first = book.facts["on"][np.minimum(book.fact_at[:-1], max(len(book.facts) - 1, 0))] if len(book.facts) else 0
    has = book.fact_at[1:] > book.fact_at[:-1]
    cells["opened_on"] = np.where(has, first, book.contracts["signed_on"])
    cells["remaining_periods"] = now["instalments_left"]
    behind = np.flatnonzero((now["days_past_due"] > 0) & (now["error"] == 0))
    oldest = now["oldest_unpaid_on"][behind].astype("datetime64[D]")
    day = np.int64(at).astype("datetime64[D]")
    months = (day.astype("datetime64[M]") - oldest.astype("datetime64[M]")).astype(np.int64)
    dom = (oldest - oldest.astype("datetime64[M]")).astype(np.int64)
    today = int((day - day.astype("datetime64[M]")).astype(np.int64))
    contracts = book.contracts[behind]
    monthly = contracts["unit"] == MONTHS
    by_month = (months + (dom < today)) // np.maximum(contracts["every"], 1) + ((months + (dom < today)) == 0)
    by_days = (at - now["oldest_unpaid_on"][behind]) // np.maximum(contracts["every"] * 7, 1) + 1
    cells["overdue_periods"][behind] = np.clip(
        np.where(monthly, by_month, by_days), 1, np.maximum(now["instalments_left"][behind], 1)
    )


def _ages(cells: Cells, book: Book, now: Cells, at: int, known_on: int) -> None:
    """Overdue principal by age, and all that is at least 30 days late.

    What had fallen due `age` days ago and is not covered by all paid until today is that old: money meets the oldest
    instalment first. A waterfall that does not makes this a reading, not a fact (I).
    """
    rows = np.flatnonzero(cells["days_past_due"] >= 30)
    if not len(rows):
        return
    few, then = part(book, rows), now[rows]
    arrears = then["arrears_fen"]

    def aged(days: int) -> Cells:
        due = reckon_book(few, at - days, known_on)["fell_due_fen"]
        return np.asarray(np.clip(due - then["paid_fen"] - then["waived_fen"], 0, arrears))

    old = aged(30)
    cells["overdue_30_fen"][rows] = (
        old[:, INTEREST] + old[:, PRINCIPAL] + arrears[:, :INTEREST].sum(axis=1)  # fees and penalties
    )
    over = [aged(days)[:, PRINCIPAL] for days in (31, 61, 91, 181)]
    cells["band_31_60_fen"][rows] = over[0] - over[1]
    cells["band_61_90_fen"][rows] = over[1] - over[2]
    cells["band_91_180_fen"][rows] = over[2] - over[3]
    cells["band_over_180_fen"][rows] = over[3]


def _lateness(cells: Cells, book: Book, before: Cells, at: int, known_on: int, trifles: int) -> None:
    """Whether something fell due in the month, and whether it was paid only after its grace was over.

    Looked at on the evening of the last day of grace after the month's due date; loans with several due dates in a
    month on every evening.
    """
    first = month_before(at) + 1
    live = (before["error"] == 0) & (before["state"] != PAID_OFF) & (cells["reportable"] == 1)
    due = np.where(before["disbursed_fen"] > 0, before["next_due_on"], NEVER)
    cells["had_due"] = live & ((cells["due_fen"] > 0) | ((due >= first) & (due <= at)))
    waived = cells["waived_fen"] > 0
    paid_after = (cells["last_paid_on"] > due) | (before["days_past_due"] > 0) | waived
    suspects = np.flatnonzero(live & (cells["had_due"] == 1) & (cells["overdue"] == 0) & paid_after)
    if not len(suspects):
        return
    grace = book.products["grace_bureau_days"][book.contracts["product"][suspects]]
    monthly = (book.contracts["unit"][suspects] == MONTHS) & (due[suspects] >= first)
    look_on = np.where(monthly, due[suspects] + grace, 0)
    for day in range(first, at + 1):
        now = np.flatnonzero((look_on == day) | ~monthly)
        if len(now):
            seen = reckon_book(part(book, suspects[now]), day, known_on)
            today = seen["due_today_fen"].sum(axis=1)
            unpaid_today = (grace[now] == 0) & (today > trifles)
            past_due = (seen["days_past_due"] >= np.maximum(grace[now], 1)) & (
                seen["arrears_fen"].sum(axis=1) + today > trifles
            )
            cells["late"][suspects[now]] |= past_due | unpaid_today


def _before_end(cells: Cells, book: Book, at: int, known_on: int) -> None:
    """Days past due on the day before an account was paid off in the month."""
    first = month_before(at) + 1
    ended = np.flatnonzero(
        (cells["ended_on"] >= first) & (cells["ended_on"] <= at) & (cells["worst_days_past_due"] > 0)
    )
    for day in np.unique(cells["ended_on"][ended]):
        rows = ended[cells["ended_on"][ended] == day]
        seen = reckon_book(part(book, rows), int(day) - 1, known_on)
        cells["days_before_end"][rows] = seen["days_past_due"]


def _lost(cells: Cells, book: Book, now: Cells, before: Cells, at: int, known_on: int) -> None:
    """What was owed when an account was charged off, written off or sold, and what of it is still owed.

    A claim that was written off goes on: its balance is what was written off less what was recovered, principal last
    (I). Wholly recovered it has ended on the day of the money that made it whole.
    """
    cells["lost_on"] = np.minimum(now["charged_off_on"], now["written_off_on"])
    written_off = np.flatnonzero((now["state"] == WRITTEN_OFF) | (now["state"] == SOLD))
    whole = now["written_off_fen"].sum(axis=1)[written_off] + now["sold_fen"].sum(axis=1)[written_off]
    left = np.where(now["state"][written_off] == SOLD, 0, np.maximum(whole - now["recovered_fen"][written_off], 0))
    cells["lost_fen"][written_off] = whole
    for name in ("owed_fen", "overdue_fen", "overdue_30_fen"):
        cells[name][written_off] = left
    cells["balance_fen"][written_off] = np.minimum(left, now["written_off_fen"][written_off, PRINCIPAL])
    paid = written_off[(left == 0) & (now["state"][written_off] == WRITTEN_OFF)]
    cells["ended_on"][paid] = _made_good_on(book, paid, now["last_repaid_on"][paid], known_on)
    cells["reportable"][paid] &= cells["ended_on"][paid] > month_before(at)
    rows = np.flatnonzero((cells["lost_on"] <= at) & (now["error"] == 0))
    for day in np.unique(cells["lost_on"][rows]):
        mine = rows[cells["lost_on"][rows] == day]
        seen = reckon_book(part(book, mine), int(day) - 1, known_on)
        cells["days_before_end"][mine] = np.maximum(cells["days_before_end"][mine], seen["days_past_due"])
        # a write-off after a charge-off books what is left by then; what was charged to loss stays what it was
        owed = seen["outstanding_fen"].sum(axis=1)
        charged_off = now["charged_off_on"][mine] <= day
        cells["lost_fen"][mine] = np.where(charged_off, owed, cells["lost_fen"][mine])
        gone = now["state"][mine] == WRITTEN_OFF
        oldest = seen["oldest_unpaid_on"]
        cells["days_past_due"][mine] = np.where(gone & (oldest < at), at - oldest, cells["days_past_due"][mine])


def _made_good_on(book: Book, rows: Days, last_repaid_on: Days, known_on: int) -> Days:
    """The day on which each loss of `rows` was wholly recovered; money that came later, too much, moves no end."""
    days, late = last_repaid_on.copy(), np.arange(len(rows))
    while len(late):
        earlier = np.zeros(len(late), np.int64)
        for day in np.unique(days[late]):
            mine = np.flatnonzero(days[late] == day)
            seen = reckon_book(part(book, rows[late[mine]]), int(day) - 1, known_on)
            whole = (seen["state"] == WRITTEN_OFF) & (seen["recovered_fen"] >= seen["written_off_fen"].sum(axis=1))
            earlier[mine] = np.where(whole & (seen["recovered_fen"] > 0), seen["last_repaid_on"], 0)
        late, earlier = late[earlier > 0], earlier[earlier > 0]
        days[late] = earlier
    return days


def dofd_of(book: Book, at: int, known_on: int = NEVER, after: int = 30, ended_on: Days | None = None) -> Days:
    """Metro 2 field 25 of loans that are delinquent at the month end `at`, or were the day before they ended.

    Due date + `after` of what began the unbroken row of delinquent month ends. Part payments, sale and re-ageing do
    not move it: it is read at the row's beginning, from the due date that no plan moves. Missed 2020-03-01, later
    worse: 2020-03-31. 0 where nothing was delinquent.
    """
    found = np.zeros(len(book), np.int64)
    ended = np.minimum(ended_on, at + 1) if ended_on is not None else np.full(len(book), at + 1)
    for day in np.unique(ended):
        mine = np.flatnonzero(ended == day)
        seen = reckon_book(part(book, mine), int(day) - 1, known_on)["oldest_due_on"]
        found[mine] = np.where(seen == NEVER, 0, seen + after)
    rows, back = np.flatnonzero(found), month_before(at)
    while len(rows):
        due = reckon_book(part(book, rows), back, known_on)["oldest_due_on"]
        still = (due > 0) & (back - due >= after)
        rows = rows[still]
        found[rows] = due[still] + after
        back = month_before(back)
    return found
