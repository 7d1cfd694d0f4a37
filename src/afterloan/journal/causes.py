"""Why an entry was booked: a movement of a loan, or what the books say beside the contract."""

from enum import IntEnum

from afterloan.loan.terms import Cause


class BookCause(IntEnum):
    """Causes that no movement has: the contract goes on as it is, and the books say something beside it."""

    NON_ACCRUAL = 101  # interest and penalties owed that are not taken to income, until they are paid
    NON_ACCRUAL_NOT_DUE = 102  # the same of interest that has not fallen due
    NON_ACCRUAL_WRITTEN_OFF = 103  # what was never taken to income is no expense when it is written off
    NON_ACCRUAL_SOLD = 104  # nor when it is sold
    MEMORANDUM = 105  # interest not taken to income, claimed all the same
    CLAIM_KEPT = 106  # written off, and still claimed
    REFUND_DUE = 107  # money that waits on a loan that has ended is to be given back
    PROVIDED = 108  # the allowance for losses as the month's classes have it
    UNMATCHED = 109  # money received of which nobody knows yet whose it is


AnyCause = Cause | BookCause


def cause_of(number: int) -> AnyCause:
    """The cause that an entry names by its number: 7 is a Cause, 108 is BookCause.PROVIDED. Raises ValueError."""
    return BookCause(number) if number > 100 else Cause(number)
