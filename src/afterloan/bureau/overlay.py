"""What a reader of the record sees: hiding and expiry as views over what was reported, never changes of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from afterloan.bureau.packs import rule
from afterloan.rules.packs import Finding

ONE_TIME = "cn.overlay.one-time-2025"


@dataclass(frozen=True, slots=True)
class Cell:
    """One month of an account as reported: `status`, what was overdue, and when that debt was wholly repaid.

    `repaid_on` None: not yet, or only in part.
    """

    month: date
    status: str
    overdue_fen: int
    repaid_on: date | None = None
    account_type: str = "D1"


@dataclass(frozen=True, slots=True)
class Shown:
    """A cell as shown on a day: itself, or without the mark. `hidden_by`: the rule; `finding`: why or why not."""

    cell: Cell
    hidden_by: str = ""
    finding: Finding | None = None


def month_end(day: date) -> date:
    """The last day of a day's month."""
    return date.fromordinal(day.replace(day=28).toordinal() + 4).replace(day=1) - date.resolution


def next_month_end(day: date) -> date:
    """The end of the month after a day's month: 2026-01-15 gives 2026-02-28."""
    return month_end(month_end(day) + date.resolution)


def hidden_from(cell: Cell) -> tuple[date | None, str]:
    """From which day the one-time repair of 2025 hides a cell, or None and why not.

    `1`, 500.00, 2025-10, repaid 2026-03-31: from 2026-04-30. Repaid a day later: never.
    """
    p = rule(ONE_TIME).parameters
    month = f"{cell.month:%Y-%m}"
    if cell.status not in p["cells_by_type"].get(cell.account_type, p["cells"]) or cell.overdue_fen <= 0:
        return None, "no overdue cell"
    if not p["first_month"] <= month <= p["last_month"]:
        return None, f"outside {p['first_month']} to {p['last_month']}"
    if cell.overdue_fen > p["most_fen"]:
        return None, "above the limit of a single overdue amount"
    if cell.repaid_on is None:
        return None, "not wholly repaid"
    if cell.repaid_on > p["repaid_by"]:
        return None, f"repaid after {p['repaid_by']}: the policy has expired"
    if cell.repaid_on <= p["early_repaid_by"]:
        return date.fromisoformat(str(p["early_hidden_from"])), "repaid early"
    return next_month_end(cell.repaid_on), "hidden by the end of the month after repayment"


def show(cell: Cell, on: date, marks: str = "N") -> Shown:
    """A cell as a reader sees it on a day. Hidden, it shows a normal mark (`marks`: N, * or C) and no amount.

    The cell itself is not touched: `Shown.cell` is another one, ledger and history keep theirs.
    """
    since, why = hidden_from(cell)
    law = rule(ONE_TIME)
    told = {"month": f"{cell.month:%Y-%m}", "status": cell.status, "overdue_fen": cell.overdue_fen,
            "repaid_on": cell.repaid_on.isoformat() if cell.repaid_on else None}  # fmt: skip
    if since is None or on < since:
        outcome = f"shown: {why}" if since is None else f"shown until {since}"
        return Shown(cell, "", law.finding(on, outcome, **told))
    return Shown(
        replace(cell, status=marks, overdue_fen=0), ONE_TIME, law.finding(on, f"hidden since {since}: {why}", **told)
    )


# --- retention and the grid


def years_later(day: date, years: int) -> date:
    """The same day some years on; 29 February becomes the 28th."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


def shown_until(ended_on: date | None) -> date | None:
    """The last day on which bad conduct that ended is shown: wholly repaid 2024-11-05: 2029-11-05. None: no expiry."""
    return None if ended_on is None else years_later(ended_on, int(rule("cn.retention").parameters["years_after_end"]))


def expired(ended_on: date | None, on: date) -> bool:
    """Whether it is no longer shown on a day; never while it is unpaid."""
    until = shown_until(ended_on)
    return until is not None and on > until


def grid_from(on: date, window_inclusive: bool | None = None) -> date:
    """The first month of the 60-month grid: on 2026-11 that is 2021-12, or 2021-11 where the window is inclusive."""
    p = rule("cn.retention").parameters
    inclusive = p["window_inclusive"] if window_inclusive is None else window_inclusive
    back = int(p["grid_months"]) - (0 if inclusive else 1)
    month = on.year * 12 + on.month - 1 - back
    return date(month // 12, month % 12 + 1, 1)


def grid(cells: Iterable[Cell], on: date) -> list[Shown]:
    """The cells of the last 60 months as shown on a day, oldest first; expired marks become normal ones."""
    first = grid_from(on)
    shown = []
    for cell in sorted(cells, key=lambda c: c.month):
        if not first <= cell.month.replace(day=1) <= on:
            continue
        view = show(cell, on)
        if view.cell.overdue_fen and expired(cell.repaid_on, on):
            view = Shown(replace(cell, status="N", overdue_fen=0), "cn.retention")
        shown.append(view)
    return shown


def repaid_on(months: Sequence[dict[str, Any]], nth: int) -> date | None:
    """When the debt of a reported month was wholly repaid: the first later month without anything overdue.

    Months are rows as reported, by month; the day is that of the last repayment told in that later month.
    """
    for row in months[nth + 1 :]:
        if row["overdue_fen"] == 0:
            ended: date = row["last_paid_on"] or row["month_end"]
            return ended
    return None


# --- United States: obsolescence


def obsolete_after(oldest_due_on: date, charged_off: bool) -> date:
    """The last day on which adverse information may be shown.

    Charged off or in collection: 7 years from 180 days after the delinquency began: due 2020-03-01 missed, clock from
    2020-08-28, last day 2027-08-28. Other adverse information: 7 years from the delinquency.
    """
    p = rule("us.fcra.obsolescence").parameters
    start = date.fromordinal(oldest_due_on.toordinal() + int(p["clock_starts_after_days"]) * charged_off)
    return years_later(start, int(p["adverse_years"]))
