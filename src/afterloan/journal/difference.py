"""The difference between what a reckoning says and what is posted, as balanced entries."""

import numpy as np
import numpy.typing as npt

from afterloan.compiled import leaf
from afterloan.journal.postings import BY_LOAN, POSTINGS, SLOTS
from afterloan.loan.book import Records
from afterloan.loan.columns import N_ERROR, as_rows

Totals = npt.NDArray[np.int64]
"""Running totals int64 [n, SLOTS], minor units; column k is booked as `POSTINGS[k]`."""

NO_LOAN = 0
"""The loan of an entry that is booked for a shard and product."""

ENTRY = np.dtype(
    [
        ("loan", "i8"),  # NO_LOAN: for the shard and product
        ("product", "i8"),  # row of the product table
        ("cause", "i8"),
        ("component", "i8"),  # -1: none
        ("debit", "i8"),
        ("credit", "i8"),
        ("amount_fen", "i8"),  # > 0
    ]
)
"""One balanced posting: `amount_fen` from `credit` to `debit`."""

_TOTAL = np.array([posting.total for posting in POSTINGS], np.int64)
_LESS = np.array([posting.less for posting in POSTINGS], np.int64)
_PAIRS = np.array([(posting.cause, posting.component, posting.debit, posting.credit) for posting in POSTINGS], np.int64)


@leaf
def take_totals(positions, total, less, totals):
    """Copy the columns `total`, less the columns `less`, of POSITION rows; loans with an error are left alone."""
    for i in range(positions.shape[0]):
        if positions[i, N_ERROR] == 0:
            for k in range(total.shape[0]):
                amount = positions[i, total[k]]
                if less[k] >= 0:
                    amount -= positions[i, less[k]]
                totals[i, k] = amount


@leaf
def count_differences(totals, posted, first, last):
    """How many entries it takes from `posted` to `totals` in the slots `first … last-1`."""
    n = 0
    for i in range(totals.shape[0]):
        for k in range(first, last):
            if totals[i, k] != posted[i, k]:
                n += 1
    return n


@leaf
def write_differences(loans, products, totals, posted, first, last, pairs, entries):
    """Write one ENTRY row for each slot that differs; a total that shrank swaps debit and credit."""
    n = 0
    for i in range(totals.shape[0]):
        for k in range(first, last):
            amount = totals[i, k] - posted[i, k]
            if amount != 0:
                entry = entries[n]
                entry[0] = loans[i]
                entry[1] = products[i]
                entry[2] = pairs[k, 0]
                entry[3] = pairs[k, 1]
                entry[4] = pairs[k, 2] if amount > 0 else pairs[k, 3]
                entry[5] = pairs[k, 3] if amount > 0 else pairs[k, 2]
                entry[6] = abs(amount)
                n += 1
    return n


def totals_of_columns(positions: Records, kept: Totals | None = None) -> Totals:
    """Running totals [n, SLOTS] of POSITION [n]; a loan that could not be reckoned keeps its row of `kept`.

    A loan of 1,000.00 with 120.00 of interest due and 1,020.00 repaid (100.00 of it unapplied):
    disbursed 100000, fell due 12000, repaid 102000, paid interest 12000, paid principal 80000.
    """
    totals = np.zeros((len(positions), SLOTS), np.int64) if kept is None else kept.copy()
    take_totals(as_rows(positions), _TOTAL, _LESS, totals)
    return totals


def entries_to_reach(
    totals: Totals,
    posted: Totals,
    loans: npt.NDArray[np.int64],
    products: npt.NDArray[np.int64],
    *,
    by_loan: bool = True,
) -> Records:
    """Entries ENTRY [k] that bring the ledger from `posted` to `totals`, both [n, SLOTS]; none when equal.

    `by_loan`: the slots booked loan by loan, rows being loans. Otherwise the slots booked in one sum,
    rows being products and `loans` all NO_LOAN. Interest due 120.00 of which 100.00 is posted: one entry,
    Dr interest due 20.00 Cr interest accrued; of which 130.00 is posted: Dr accrued 10.00 Cr due.
    """
    first, last = (0, BY_LOAN) if by_loan else (BY_LOAN, SLOTS)
    entries = np.zeros(count_differences(totals, posted, first, last), ENTRY)
    write_differences(loans, products, totals, posted, first, last, _PAIRS, as_rows(entries))
    return entries


def totals_posted(entries: Records, row_of: npt.NDArray[np.int64], rows: int) -> Totals:
    """The running totals [rows, SLOTS] that `entries` add up to; entry e belongs to row `row_of[e]`.

    The inverse of `entries_to_reach`: `totals_posted(entries_to_reach(t, 0, …), …) == t`.
    """
    posted = np.zeros((rows, SLOTS), np.int64)
    for k, posting in enumerate(POSTINGS):
        mine = (entries["cause"] == posting.cause) & (entries["component"] == posting.component)
        sign = np.where(entries["debit"][mine] == posting.debit, 1, -1)
        np.add.at(posted[:, k], row_of[mine], sign * entries["amount_fen"][mine])
    return posted
