"""Money received of which nobody knows yet whose it is: what waits, and what of it is booked."""

from typing import Any

import psycopg

from afterloan.dates import iso
from afterloan.journal.accounts import Account

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
    "where shard = %(s)s and loan is null and (credit = %(a)s or debit = %(a)s) and closed_on <= %(on)s"
)
"""`loan is null` is so of all that is booked for the lender, and says to the database by which index it finds them."""


def unmatched_fen(connection: psycopg.Connection[Any], day: int) -> int:
    """What waits on the evening of a day, as known then: lines that came less those given to a loan or set aside."""
    row = connection.execute(WAITING, {"on": iso(day)}).fetchone()
    assert row is not None
    return int(row[0])


def unmatched_booked(connection: psycopg.Connection[Any], day: int) -> int:
    """What of it the journal has, with the entries of that day."""
    row = connection.execute(POSTED, {"a": int(Account.SUSPENSE), "s": NO_SHARD, "on": iso(day)}).fetchone()
    assert row is not None
    return int(row[0])
