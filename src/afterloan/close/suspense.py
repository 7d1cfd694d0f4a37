"""Money received of which nobody knows yet whose it is: a liability of the lender, booked by difference each day."""

from typing import Any

import psycopg

from afterloan.dates import iso
from afterloan.journal.accounts import Account
from afterloan.journal.causes import BookCause
from afterloan.journal.postings import NO_COMPONENT
from afterloan.store.suspense import NO_SHARD, unmatched_booked, unmatched_fen


def book_unmatched(connection: psycopg.Connection[Any], day: int) -> int:
    """Book the difference between what waits and what is booked, in the caller's transaction; returns it.

    500.00 came on the 5th and nobody knows whose: Dr cash clearing 500.00 Cr unmatched money. Given to a loan on the
    7th (which books cash itself), or returned: Dr unmatched money 500.00 Cr cash clearing.
    """
    change = unmatched_fen(connection, day) - unmatched_booked(connection, day)
    if change:
        connection.execute(
            "insert into entry (closed_on, shard, loan, product, cause, component, debit, credit, amount_fen) "
            "values (%s, %s, null, %s, %s, %s, %s, %s, %s)",
            (iso(day), *entry_of_unmatched(change)),
        )
    return change


def entry_of_unmatched(change: int) -> tuple[int, int, int, int, int, int, int]:
    """Shard, product, cause, component, debit, credit and amount of the entry that books a change (not 0)."""
    pair = (Account.CASH_CLEARING, Account.SUSPENSE) if change > 0 else (Account.SUSPENSE, Account.CASH_CLEARING)
    return NO_SHARD, NO_SHARD, int(BookCause.UNMATCHED), NO_COMPONENT, int(pair[0]), int(pair[1]), abs(change)
