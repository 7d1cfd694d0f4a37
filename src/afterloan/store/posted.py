"""What the journal holds for a loan: its entries summed into running totals."""

from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import psycopg

from afterloan.journal.difference import Totals
from afterloan.journal.postings import POSTINGS, SLOT, SLOTS
from afterloan.store.ids import as_array


def last_closed(connection: psycopg.Connection[Any]) -> date | None:
    """The last day closed and proved; None before the first."""
    row = connection.execute("select max(closed_on) from proof").fetchone()
    return row[0] if row else None


SUMS = "select loan, cause, component, debit, sum(amount_fen)::bigint from entry where loan = {} group by 1, 2, 3, 4"


POSTED_OF_MANY = SUMS.format("any(%s::bigint[])")


POSTED = SUMS.format("%s")


def posted_of(connection: psycopg.Connection[Any], loans: npt.NDArray[np.int64]) -> Totals:
    """The running totals [n, SLOTS] that the journal itself holds for some loans (sorted numbers)."""
    return posted_sums(loans, connection.execute(POSTED_OF_MANY, (as_array(loans.tolist()),)).fetchall())


def posted_sums(loans: npt.NDArray[np.int64], sums: list[Any]) -> Totals:
    """Running totals out of (loan, cause, component, debit, amount): a sum booked the other way counts against."""
    posted = np.zeros((len(loans), SLOTS), np.int64)
    for loan, cause, component, debit, amount in sums:
        slot = SLOT[cause, component]
        posted[np.searchsorted(loans, loan), slot] += amount if debit == _DEBIT[slot] else -amount
    return posted


def _debits() -> list[int]:
    return [int(posting.debit) for posting in POSTINGS]


_DEBIT = _debits()


def posted_of_products(
    connection: psycopg.Connection[Any], shard: int, count: int, through: date | None = None
) -> Totals:
    """The running totals [products, SLOTS] that the journal holds for a shard's products in one sum.

    `through`: as it stood when that day was closed.
    """
    sums = np.zeros((count, SLOTS), np.int64)
    found = connection.execute(
        "select product, cause, component, debit, sum(amount_fen)::bigint from entry "
        "where shard = %s and loan is null and (%s::date is null or closed_on <= %s) group by 1, 2, 3, 4",
        (shard, through, through),
    ).fetchall()
    for product, cause, component, debit, amount in found:
        slot = SLOT[cause, component]
        sums[product, slot] += amount if debit == _DEBIT[slot] else -amount
    return sums
