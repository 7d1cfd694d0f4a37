"""A cell as a bureau's code: the status of an account in a month, for Metro 2 and for our reading of the PBoC's."""

from typing import Any

import numpy as np
import numpy.typing as npt

from afterloan.bureau.cells import CHARGED_OFF, SOLD, WRITTEN_OFF, Cells
from afterloan.bureau.packs import rule

Codes = npt.NDArray[np.bytes_]


def by_bucket(days: npt.NDArray[np.int64], starts: list[int], codes: list[str]) -> Codes:
    """The code of the last bucket that starts no later than each number of days; the first one's below that."""
    at = np.searchsorted(np.array(starts), days, "right") - 1
    return np.array([c.encode() for c in codes])[np.maximum(at, 0)]


def metro2_status(cells: Cells) -> tuple[Codes, Codes]:
    """Account status (17A), payment rating (17B) [n]. 29 days past due: 11; 30: 71; paid when 30–59 late: 13/1."""
    p = rule("us.metro2.status").parameters
    starts = [b[0] for b in p["buckets"]]
    status = by_bucket(cells["days_past_due"], starts, [b[1] for b in p["buckets"]])
    rating = by_bucket(cells["days_before_end"], starts, [b[2] for b in p["buckets"]])
    lost = cells["lost_on"] <= cells["month_end"]
    ended = cells["ended_on"] <= cells["month_end"]
    sold = cells["state"] == SOLD
    status = np.select([sold, lost & ended, ended, lost], [b"05", b"64", b"13", b"97"], status)
    return status, np.select([sold, ended & ~lost], [np.where(rating > b"0", rating, b"0"), rating], b"")


def metro2_history_code(cells: Cells) -> Codes:
    """The byte that a month becomes in the next month's payment history profile; `B` where there was no account."""
    p = rule("us.metro2.status").parameters
    code = by_bucket(cells["days_past_due"], [b[0] for b in p["buckets"]], [b[2] for b in p["buckets"]])
    code = np.where(np.isin(cells["state"], [CHARGED_OFF, WRITTEN_OFF]), b"L", code)
    return np.where(cells["reportable"] == 1, code, b"B")


def pboc_status(cells: Cells, guarantor: npt.NDArray[np.bool_] | None = None, assets: Any = None) -> Codes:
    """Repayment status [n] at the month end (our reading): `*`, N, M, 1–7, B, C, G, D, Z; "" where nothing is reported.

    `guarantor`, `assets`: whether a guarantor paid or assets settled the debt in the month.
    Due 2026-03-10, never paid, month ends from March: 1 2 3 4 5 6 7.
    """
    p = rule("cn.pboc.status").parameters
    starts, codes = [b[0] for b in p["buckets"]], [b[1] for b in p["buckets"]]
    overdue = by_bucket(cells["days_past_due"], starts, codes)
    none = np.zeros(len(cells), bool)
    # cut at the due date instead of the month's end, what was paid later counts as the first bucket (I)
    late_code = (p["late_but_paid_by_cutoff"] if p["status_cutoff"] == "month_end" else codes[0]).encode()
    return np.select(
        [
            cells["reportable"] == 0,
            cells["state"] == SOLD,
            none if assets is None else assets,
            none if guarantor is None else guarantor,
            cells["ended_on"] <= cells["month_end"],
            np.isin(cells["state"], [CHARGED_OFF, WRITTEN_OFF]),
            (cells["overdue"] == 1),
            (cells["late"] == 1),
            (cells["had_due"] == 1),
        ],
        [b"", b"G", b"Z", b"D", b"C", b"B", overdue, late_code, b"N"],
        b"*",
    )


def adverse(status: Codes, bureau: str) -> npt.NDArray[np.bool_]:
    """Whether a code is adverse: needs the notice before its first report."""
    if bureau == "metro2":
        p = rule("us.metro2.status").parameters
        bad = set(p["delinquency_date_with"]) | {b[1] for b in p["buckets"][1:]}
        return np.isin(status, [c.encode() for c in bad])
    return np.isin(status, [c.encode() for c in rule("cn.pboc.status").parameters["adverse"]])
