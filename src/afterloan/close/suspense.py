"""Money received of which nobody knows yet whose it is: a liability of the lender, booked by difference each day."""

from typing import Any

import psycopg

from afterloan.dates import iso
from afterloan.journal.accounts import Account
from afterloan.journal.causes import BookCause
from afterloan.journal.postings import NO_COMPONENT

NO_SHARD = -1
"""The shard, and the product, of what is booked for the lender as a whole."""

WAITING = (
    "select coalesce(sum(l.amount_fen), 0)::bigint from statement_line l "
    "where greatest(l.booked_on, l.known_on) <= %(on)s and not exists (select from statement_match m "
    "where m.line = l.line and m.matched_on <= %(on)s and not exists (select from statement_unmatch u "
    "where u.match = m.match and u.undone_on <= %(on)s))"
)
POSTED = (
    "select coalesce(sum(case when credit = %(a)s then amount_fen else -amount_fen end), 0)::bigint from entry "
    "where shard = %(s)s and (credit = %(a)s or debit = %(a)s) and closed_on <= %(on)s"
)


def unmatched_fen(connection: psycopg.Connection[Any], day: int) -> int:
    """What waits on the evening of a day, as known then: lines that came less those given to a loan or set aside."""
    row = connection.execute(WAITING, {"on": iso(day)}).fetchone()
    assert row is not None
    return int(row[0])


def book_unmatched(connection: psycopg.Connection[Any], day: int) -> int:
    """Book the difference between what waits and what is booked, in the caller's transaction; returns it.

    500.00 came on the 5th and nobody knows whose: Dr cash clearing 500.00 Cr unmatched money. Given to a loan on the
    7th (which books cash itself), or returned: Dr unmatched money 500.00 Cr cash clearing.
    """
    row = connection.execute(POSTED, {"a": int(Account.SUSPENSE), "s": NO_SHARD, "on": iso(day)}).fetchone()
    assert row is not None
    change = unmatched_fen(connection, day) - int(row[0])
    if change:
        pair = (Account.CASH_CLEARING, Account.SUSPENSE) if change > 0 else (Account.SUSPENSE, Account.CASH_CLEARING)
        connection.execute(
            "insert into entry (closed_on, shard, loan, product, cause, component, debit, credit, amount_fen) "
            "values (%s, %s, null, %s, %s, %s, %s, %s, %s)",
            (iso(day), NO_SHARD, NO_SHARD, int(BookCause.UNMATCHED), NO_COMPONENT, *map(int, pair), abs(change)),
        )
    return change
