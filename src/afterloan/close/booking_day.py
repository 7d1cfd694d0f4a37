"""What closing one day books for the loans of a shard: entries to reach the day's totals, and what controls them."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from afterloan.journal.accounts import Account
from afterloan.journal.balances import balances_of_totals, control_of_positions
from afterloan.journal.beside import ALLOWANCE_SLOT, Beside
from afterloan.journal.difference import NO_LOAN, Totals, entries_to_reach
from afterloan.journal.postings import BY_LOAN, SLOTS
from afterloan.journal.totals import totals_of
from afterloan.loan.book import Book, Records
from afterloan.risk.accounting import is_month_end, judged


@dataclass(frozen=True, slots=True)
class BookedDay:
    """A day's entries; the running totals after it by loan [n, SLOTS] and by product [p, SLOTS]; the control accounts
    (account code -> minor units, debits positive) as the positions have them."""

    entries: Records
    totals: Totals
    sums: Totals
    control: dict[str, int]


def book_day(book: Book, day: int, today: Records, posted: Totals, sums: Totals, place: str) -> BookedDay:
    """Book a day of loans whose positions are `today`, after `posted` by loan and `sums` by product.

    `place`: the lender's, whose rules of accounting bind. The allowance is set anew at the end of a month and stays as
    it was booked in between. Booking the same day again gives no entries.
    """
    loans = book.contracts["loan"].astype(np.int64)
    of_product = book.contracts["product"].astype(np.int64)
    count = len(book.products)
    month_end = is_month_end(day)
    said = judged(book, day, day, today, place, month_end)
    totals = totals_of(today, posted, said)
    totals[today["error"] != 0, BY_LOAN:] = 0  # its accrual is taken back until it can be reckoned again
    now = _by_product(totals, of_product, count)
    if not month_end:
        now[:, ALLOWANCE_SLOT] = sums[:, ALLOWANCE_SLOT]
    in_sum = entries_to_reach(
        now, sums, np.full(count, NO_LOAN, np.int64), np.arange(count, dtype=np.int64), by_loan=False
    )
    entries = np.concatenate([entries_to_reach(totals, posted, loans, of_product), in_sum])
    control = _control(today, totals, said)
    control[str(int(Account.ALLOWANCE))] = -int(now[:, ALLOWANCE_SLOT].sum())
    return BookedDay(entries, totals, now, control)


def _by_product(totals: Totals, of_product: npt.NDArray[np.int64], count: int) -> Totals:
    """The totals [count, SLOTS] of each product's loans: totals [n, SLOTS] of loans of `of_product` [n], summed."""
    found = np.zeros((count, SLOTS), np.int64)
    order = np.argsort(of_product, kind="stable")
    ends = np.cumsum(np.bincount(of_product, minlength=count))
    for product in np.unique(of_product).tolist():  # one sum over rows that stand together: `np.add.at` goes one by one
        found[product] = totals[order[ends[product - 1] if product else 0 : ends[product]]].sum(axis=0)
    return found


def _control(positions: Records, totals: Totals, said: Beside) -> dict[str, int]:
    """What the control accounts must show: sums over positions, and over the kept totals of loans not reckoned."""
    control = {int(account): amount for account, amount in control_of_positions(positions, said).items()}
    wrong = positions["error"] != 0
    if wrong.any():
        for account, amount in balances_of_totals(totals[wrong].sum(axis=0)).items():
            if int(account) in control:
                control[int(account)] += amount
    return {str(account): amount for account, amount in control.items()}
