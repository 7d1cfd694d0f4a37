"""What the journal holds for a loan: its entries summed into running totals."""

from collections.abc import Iterable, Sequence
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


def posted_sums(numbers: npt.NDArray[np.int64], sums: Iterable[Sequence[int]]) -> Totals:
    """Running totals [n, SLOTS] out of (number, cause, component, debit, amount): one booked the other way counts
    against. `numbers`: of loans or products, sorted, all that are named.
    """
    told = np.array(list(sums), np.int64).reshape(-1, 5)
    return totals_of(numbers, *told.T)


def totals_of(
    numbers: npt.NDArray[np.int64], number: npt.NDArray[np.int64], cause: npt.NDArray[np.int64],
    component: npt.NDArray[np.int64], debit: npt.NDArray[np.int64], amount_fen: npt.NDArray[np.int64],
) -> Totals:  # fmt: skip
    """The same of sums that come as columns. Raises KeyError for a cause and component that have no slot."""
    totals = np.zeros((len(numbers), SLOTS), np.int64)
    pairs = zip(cause.tolist(), component.tolist(), strict=True)
    slots = np.fromiter((SLOT[pair] for pair in pairs), np.int64, len(cause))
    signed = np.where(debit == _DEBIT[slots], amount_fen, -amount_fen)
    np.add.at(totals, (np.searchsorted(numbers, number), slots), signed)
    return totals


_DEBIT = np.array([int(posting.debit) for posting in POSTINGS], np.int64)


def posted_of_products(
    connection: psycopg.Connection[Any], shard: int, count: int, through: date | None = None
) -> Totals:
    """The running totals [products, SLOTS] that the journal holds for a shard's products in one sum.

    `through`: as it stood when that day was closed.
    """
    found = connection.execute(
        "select product, cause, component, debit, sum(amount_fen)::bigint from entry "
        "where shard = %s and loan is null and (%s::date is null or closed_on <= %s) group by 1, 2, 3, 4",
        (shard, through, through),
    ).fetchall()
    return posted_sums(np.arange(count), found)
