"""The table of postings: which running total of a loan moves which pair of accounts."""

from dataclasses import dataclass

from afterloan.journal.accounts import Account
from afterloan.journal.causes import AnyCause, BookCause
from afterloan.loan.columns import (
    N_CAPITALISED,
    N_CHARGED,
    N_DISBURSED,
    N_FELL_DUE,
    N_INTEREST_INCOME,
    N_PAID,
    N_PENALTY_INCOME,
    N_RECOVERED,
    N_REFUNDED,
    N_REPAID,
    N_SALE_PRICE,
    N_SOLD,
    N_TRANSFERRED_IN,
    N_TRANSFERRED_OUT,
    N_WAIVED,
    N_WRITTEN_OFF,
)
from afterloan.loan.terms import Cause, Component

NO_COMPONENT = -1
NO_COLUMN = N_DISBURSED
"""For `total` and `less` alike: a column less itself is nothing, and `journal/beside.py` says the amount."""

PENALTY, FEE, INTEREST, PRINCIPAL = Component.PENALTY, Component.FEE, Component.INTEREST, Component.PRINCIPAL


@dataclass(frozen=True, slots=True)
class Posting:
    """One running total of a position and the pair of accounts in which its growth is booked.

    `total` is the column of the POSITION read as int64 rows; `less` a column taken off it (-1: none).
    `by_loan` false: booked for a shard and product in one sum, so that a day of a million loans does
    not write a million rows of accrual. A total that shrinks is booked with debit and credit swapped.
    Where `total` and `less` are both NO_COLUMN no column of the position says it: `journal/beside.py` works it out.
    """

    cause: AnyCause
    component: int
    total: int
    debit: Account
    credit: Account
    words: str
    less: int = -1
    by_loan: bool = True


def _paid(component: Component, receivable: Account) -> Posting:
    return Posting(
        Cause.REPAID,
        component,
        N_PAID + component,
        Account.UNAPPLIED,
        receivable,
        f"money received meets {component.name.lower()}",
    )


def _waived(component: Component, waiver: Account, receivable: Account) -> Posting:
    return Posting(
        Cause.WAIVED,
        component,
        N_WAIVED + component,
        waiver,
        receivable,
        f"{component.name.lower()} given up",
    )


RECEIVABLE = {
    PENALTY: Account.PENALTY_RECEIVABLE,
    FEE: Account.FEE_RECEIVABLE,
    INTEREST: Account.INTEREST_DUE,
    PRINCIPAL: Account.PRINCIPAL,
}
WRITTEN_OFF = {
    PENALTY: Account.PENALTY_WRITTEN_OFF,
    FEE: Account.FEE_WRITTEN_OFF,
    INTEREST: Account.INTEREST_WRITTEN_OFF,
    PRINCIPAL: Account.PRINCIPAL_WRITTEN_OFF,
}


def _off_the_books() -> tuple[Posting, ...]:
    """Capitalised, written off, sold: each component leaves its receivable."""
    lines = [
        Posting(
            Cause.CAPITALISED,
            c,
            N_CAPITALISED + c,
            Account.PRINCIPAL,
            RECEIVABLE[c],
            f"{c.name.lower()} became principal",
        )
        for c in (PENALTY, FEE, INTEREST)
    ]
    for c, expense in WRITTEN_OFF.items():
        words = f"{c.name.lower()} written off"
        lines.append(Posting(Cause.WRITTEN_OFF, c, N_WRITTEN_OFF + c, expense, RECEIVABLE[c], words))
    for c in WRITTEN_OFF:
        words = f"{c.name.lower()} sold"
        lines.append(Posting(Cause.SOLD, c, N_SOLD + c, Account.LOSS_ON_SALE, RECEIVABLE[c], words))
    return tuple(lines)


def _not_recognised() -> tuple[Posting, ...]:
    """What is owed of loans in non-accrual stands off the balance sheet, and the allowance for losses; both in sums."""
    rows: tuple[tuple[AnyCause, int, Account, Account, str], ...] = (
        (BookCause.NON_ACCRUAL_NOT_DUE, INTEREST, Account.INTEREST_INCOME, Account.INTEREST_ACCRUED,
         "interest not due, not taken to income"),
        (BookCause.NON_ACCRUAL, INTEREST, Account.INTEREST_INCOME, Account.INTEREST_DUE,
         "interest not taken to income"),
        (BookCause.NON_ACCRUAL, PENALTY, Account.PENALTY_INCOME, Account.PENALTY_RECEIVABLE,
         "penalties not taken to income"),
        (BookCause.NON_ACCRUAL_WRITTEN_OFF, INTEREST, Account.INTEREST_INCOME, Account.INTEREST_WRITTEN_OFF,
         "interest written off that was never income"),
        (BookCause.NON_ACCRUAL_WRITTEN_OFF, PENALTY, Account.PENALTY_INCOME, Account.PENALTY_WRITTEN_OFF,
         "penalties written off that were never income"),
        (BookCause.NON_ACCRUAL_SOLD, INTEREST, Account.INTEREST_INCOME, Account.LOSS_ON_SALE,
         "interest sold that was never income"),
        (BookCause.NON_ACCRUAL_SOLD, PENALTY, Account.PENALTY_INCOME, Account.LOSS_ON_SALE,
         "penalties sold that were never income"),
        (BookCause.MEMORANDUM, INTEREST, Account.INTEREST_CLAIMED, Account.MEMORANDUM, "interest claimed off balance"),
        (BookCause.PROVIDED, NO_COMPONENT, Account.PROVISION, Account.ALLOWANCE, "allowance for losses by class"),
    )  # fmt: skip
    return tuple(
        Posting(cause, component, NO_COLUMN, debit, credit, words, less=NO_COLUMN, by_loan=False)
        for cause, component, debit, credit, words in rows
    )


POSTINGS = (
    Posting(Cause.DISBURSED, PRINCIPAL, N_DISBURSED, Account.PRINCIPAL, Account.CASH_CLEARING, "money paid out"),
    Posting(
        Cause.FELL_DUE,
        INTEREST,
        N_FELL_DUE + INTEREST,
        Account.INTEREST_DUE,
        Account.INTEREST_ACCRUED,
        "interest fell due",
    ),
    Posting(Cause.CHARGED, FEE, N_CHARGED + FEE, Account.FEE_RECEIVABLE, Account.FEE_INCOME, "a fee was charged"),
    Posting(
        Cause.CHARGED,
        PENALTY,
        N_CHARGED + PENALTY,
        Account.PENALTY_RECEIVABLE,
        Account.PENALTY_INCOME,
        "a penalty was charged",
    ),
    Posting(
        Cause.REPAID,
        NO_COMPONENT,
        N_REPAID,
        Account.CASH_CLEARING,
        Account.UNAPPLIED,
        "money received",
        less=N_TRANSFERRED_IN,
    ),
    _paid(PENALTY, Account.PENALTY_RECEIVABLE),
    _paid(FEE, Account.FEE_RECEIVABLE),
    _paid(INTEREST, Account.INTEREST_DUE),
    _paid(PRINCIPAL, Account.PRINCIPAL),
    _waived(PENALTY, Account.PENALTY_WAIVED, Account.PENALTY_RECEIVABLE),
    _waived(FEE, Account.FEE_WAIVED, Account.FEE_RECEIVABLE),
    _waived(INTEREST, Account.INTEREST_WAIVED, Account.INTEREST_DUE),
    _waived(PRINCIPAL, Account.PRINCIPAL_WAIVED, Account.PRINCIPAL),
    *_off_the_books(),
    Posting(
        Cause.SOLD, NO_COMPONENT, N_SALE_PRICE, Account.CASH_CLEARING, Account.LOSS_ON_SALE, "price of the sold loan"
    ),
    Posting(
        Cause.RECOVERED, NO_COMPONENT, N_RECOVERED, Account.UNAPPLIED, Account.RECOVERIES, "recovered after write-off"
    ),
    Posting(Cause.REFUNDED, NO_COMPONENT, N_REFUNDED, Account.UNAPPLIED, Account.CASH_CLEARING, "refunded"),
    Posting(
        Cause.TRANSFERRED_IN,
        NO_COMPONENT,
        N_TRANSFERRED_IN,
        Account.TRANSFERS,
        Account.UNAPPLIED,
        "transferred from another loan",
    ),
    Posting(
        Cause.TRANSFERRED_OUT,
        NO_COMPONENT,
        N_TRANSFERRED_OUT,
        Account.UNAPPLIED,
        Account.TRANSFERS,
        "transferred to another loan",
    ),
    # what the position says between its columns, loan by loan: `journal/beside.py`
    Posting(
        BookCause.REFUND_DUE,
        NO_COMPONENT,
        NO_COLUMN,
        Account.UNAPPLIED,
        Account.REFUNDS_DUE,
        "money that waits on an ended loan is to be given back",
        less=NO_COLUMN,
    ),
    Posting(
        BookCause.CLAIM_KEPT,
        NO_COMPONENT,
        NO_COLUMN,
        Account.CLAIMS_WRITTEN_OFF,
        Account.MEMORANDUM,
        "written off, still claimed",
        less=NO_COLUMN,
    ),
    Posting(
        Cause.ACCRUED,
        INTEREST,
        N_INTEREST_INCOME,
        Account.INTEREST_ACCRUED,
        Account.INTEREST_INCOME,
        "interest earned, day by day",
        by_loan=False,
    ),
    Posting(
        Cause.ACCRUED,
        PENALTY,
        N_PENALTY_INCOME,
        Account.PENALTY_RECEIVABLE,
        Account.PENALTY_INCOME,
        "penalty interest earned, day by day",
        less=N_CHARGED + PENALTY,
        by_loan=False,
    ),
    *_not_recognised(),
)
"""Slot k of a loan's vector of totals is booked as `POSTINGS[k]`; the slots by loan come first."""

SLOTS = len(POSTINGS)
BY_LOAN = sum(posting.by_loan for posting in POSTINGS)
SLOT: dict[tuple[int, int], int] = {(posting.cause, posting.component): k for k, posting in enumerate(POSTINGS)}

assert all(posting.by_loan for posting in POSTINGS[:BY_LOAN])
