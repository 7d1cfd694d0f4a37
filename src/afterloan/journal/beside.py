"""What the books say beside the contract: interest not taken to income, claims kept, refunds due, the allowance."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from afterloan.journal.causes import BookCause
from afterloan.journal.postings import INTEREST, NO_COMPONENT, PENALTY, SLOT
from afterloan.loan.book import Records
from afterloan.loan.terms import State

Amounts = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
PAID_OFF, WRITTEN_OFF, SOLD = int(State.PAID_OFF), int(State.WRITTEN_OFF), int(State.SOLD)
REFUND_SLOT = SLOT[BookCause.REFUND_DUE, NO_COMPONENT]
CLAIM_SLOT = SLOT[BookCause.CLAIM_KEPT, NO_COMPONENT]
NOT_DUE_SLOT = SLOT[BookCause.NON_ACCRUAL_NOT_DUE, INTEREST]
DUE_SLOT = SLOT[BookCause.NON_ACCRUAL, INTEREST]
PENALTY_SLOT = SLOT[BookCause.NON_ACCRUAL, PENALTY]
MEMORANDUM_SLOT = SLOT[BookCause.MEMORANDUM, INTEREST]
ALLOWANCE_SLOT = SLOT[BookCause.PROVIDED, NO_COMPONENT]


@dataclass(frozen=True, slots=True)
class Beside:
    """What the rules of accounting say of loans [n] on a day: which are in non-accrual, were when they were lost, and
    the allowance for each in minor units; `allowance_fen` None: between month ends it stays as it was booked."""

    non_accrual: Mask
    lost_in_non_accrual: Mask
    allowance_fen: Amounts | None = None


def nothing_judged(n: int) -> Beside:
    """No rule says anything of `n` loans."""
    none = np.zeros(n, np.bool_)
    return Beside(none, none)


def refunds_due(positions: Records) -> Amounts:
    """Money [n] that waits on loans that have ended, the same as `enquiry.refunds` lists: paid off, 100.00 too much;
    written off, more than was written off has come since; sold, and paid to us all the same."""
    ended = (positions["error"] == 0) & np.isin(positions["state"], (PAID_OFF, WRITTEN_OFF, SOLD))
    return np.where(ended, np.maximum(positions["unapplied_fen"], 0), 0).astype(np.int64)


def claims_kept(positions: Records) -> Amounts:
    """What is still claimed [n] of loans written off: 900.00 written off, 250.00 recovered: 650.00. Sold: nothing."""
    lost = (positions["error"] == 0) & (positions["state"] == WRITTEN_OFF)
    left = positions["written_off_fen"].sum(axis=1) - positions["recovered_fen"]
    return np.where(lost, np.maximum(left, 0), 0).astype(np.int64)


def put_beside(positions: Records, totals: Amounts, judged: Beside | None) -> None:
    """Fill the slots of `totals` [n, SLOTS] that no column of a position says; loans with an error are left alone.

    A loan in non-accrual with 12.00 of interest due, 3.00 not due and 1.50 of penalties: 12.00, 3.00, 1.50 are taken
    out of income, and 16.50 stand as claimed off the balance sheet.
    """
    fine = positions["error"] == 0
    filled = {REFUND_SLOT: refunds_due(positions), CLAIM_SLOT: claims_kept(positions)}
    if judged is not None:
        filled |= _not_recognised(positions, judged)
        if judged.allowance_fen is not None:
            filled[ALLOWANCE_SLOT] = judged.allowance_fen
    for slot, amounts in filled.items():
        totals[:, slot] = np.where(fine, amounts, totals[:, slot])


def _not_recognised(positions: Records, judged: Beside) -> dict[int, Amounts]:
    stops, lost = judged.non_accrual, judged.lost_in_non_accrual
    owed, written_off, sold = (positions[name] for name in ("outstanding_fen", "written_off_fen", "sold_fen"))
    not_due = np.where(stops, positions["accrued_interest_fen"], 0)
    due, penalties = np.where(stops, owed[:, INTEREST], 0), np.where(stops, owed[:, PENALTY], 0)
    found = {NOT_DUE_SLOT: not_due, DUE_SLOT: due, PENALTY_SLOT: penalties}
    found[MEMORANDUM_SLOT] = not_due + due + penalties
    for cause, gone in ((BookCause.NON_ACCRUAL_WRITTEN_OFF, written_off), (BookCause.NON_ACCRUAL_SOLD, sold)):
        for component in (INTEREST, PENALTY):
            found[SLOT[cause, component]] = np.where(lost, gone[:, component], 0)
    return found
