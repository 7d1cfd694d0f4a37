"""Past months of accounts as codes: the payment history profile, and the status grid of a report."""

from collections.abc import Mapping
from datetime import date

import numpy as np
import numpy.typing as npt
import polars as pl

from afterloan.bureau.cells import Cells, month_back, month_before, reckon_cells
from afterloan.bureau.packs import rule
from afterloan.bureau.replanned import before_the_plan
from afterloan.bureau.status import metro2_history_code
from afterloan.dates import NEVER
from afterloan.loan.book import Book, part

Matrix = npt.NDArray[np.bytes_]
PROFILE = 24


def profile_of(book: Book, cells: Cells, known_on: int = NEVER) -> Matrix:
    """Payment history profiles [n] of 24 bytes: newest left, first byte the month before, `B` before it was opened.

    Months of accounts that were never 30 days late are `0` without being reckoned one by one.
    """
    at = int(cells["month_end"][0]) if len(cells) else 0
    out = np.full((len(cells), PROFILE), b"B", "S1")
    months = [month_back(at, k) for k in range(1, PROFILE + 1)]
    opened = np.array(months)[None, :] >= cells["opened_on"][:, None]
    out[opened] = b"0"
    late = np.flatnonzero((cells["worst_days_past_due"] >= 30) | (cells["lost_on"] < NEVER))
    few = part(book, late)
    for k, month in enumerate(months):
        still = np.flatnonzero(opened[late, k])
        if not len(still):
            break
        mine = late[still]
        out[mine, k] = _codes(part(few, still), month, known_on)
    return np.ascontiguousarray(out).view(f"S{PROFILE}")[:, 0]


def _codes(book: Book, month: int, known_on: int) -> Matrix:
    from afterloan.bureau.cells import CELL
    from afterloan.loan.reckon import reckon_book

    seen = reckon_book(book, month, known_on)
    cells = np.zeros(len(book), CELL)
    cells["days_past_due"], cells["state"] = seen["days_past_due"], seen["state"]
    rows, without = before_the_plan(book, seen, month, known_on, "metro2")
    cells["days_past_due"][rows] = reckon_book(without, month, known_on)["days_past_due"]
    cells["reportable"] = (seen["error"] == 0) & (seen["disbursed_fen"] > 0)
    return metro2_history_code(cells)


def continued(rows: pl.DataFrame, month_end: date, before: Mapping[tuple[int, date], str]) -> pl.DataFrame:
    """Rows of accounts (`loan`, `history`) with what a former system told of earlier months in their profiles.

    `before`: the account status told of (loan, month end). A month that was told as late stays so where this book knows
    nothing of it (`0`, or `B` before the account was opened here): moving a book makes nobody's history better.
    """
    codes = {status: code for _, status, code in rule("us.metro2.status").parameters["buckets"]} | {"97": "L"}
    said: dict[int, list[tuple[int, str]]] = {}
    for (loan, month), status in before.items():
        back = (month_end.year - month.year) * 12 + month_end.month - month.month
        if 1 <= back <= PROFILE and status in codes:
            said.setdefault(loan, []).append((back - 1, codes[status]))
    made = {}
    for loan, profile in rows.filter(pl.col("loan").is_in(list(said))).select("loan", "history").iter_rows():
        signs = list(profile)
        for k, code in said[loan]:
            signs[k] = code if signs[k] in "0B" else signs[k]
        made[loan] = "".join(signs)
    if not made:
        return rows
    new = pl.col("loan").replace_strict(list(made), list(made.values()), default=None, return_dtype=pl.String)
    return rows.with_columns(history=pl.coalesce(new, "history"))


def months_of(book: Book, at: int, months: int, known_on: int = NEVER) -> list[Cells]:
    """Cells of every loan for `months` months up to the month end `at`, newest first."""
    found = []
    for _ in range(months):
        found.append(reckon_cells(book, at, known_on))
        at = month_before(at)
    return found
