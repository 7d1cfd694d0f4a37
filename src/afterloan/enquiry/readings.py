"""Both readings of an account's months with a bureau: as they were told, and as we would tell them now."""

from datetime import date, timedelta
from typing import Any

import adbc_driver_postgresql.dbapi as adbc
import polars as pl
import psycopg

from afterloan.bureau.reportable import DELETED, TOLD
from afterloan.enquiry.furnished import bureau_of
from afterloan.enquiry.reportable import hear, reckoned
from afterloan.facts import FactRefused
from afterloan.store import furnished
from afterloan.store.furnished import Furnishing
from afterloan.store.read import read_loans

SHOWN = ("status", "special", "annotation", "overdue_fen", "balance_fen", "days_past_due")
MOST = 60
"""Months shown, the newest."""


def both_readings(
    connection: psycopg.Connection[Any], reader: adbc.Connection, loan: str, bureau: str, on: date
) -> dict[str, Any]:
    """Each month that was told of a loan, or is over and would be told: then, now, and the columns that differ.

    A November told as N of which late news came says `then` N and `now` 1, `differs` status, overdue …: the next file
    amends it. `bureau`: that of the borrower's place where it is "". `turns`: how often the month was told; `rejected`:
    its last telling was not taken. Raises FactRefused (unknown).
    """
    row = connection.execute(
        "select c.loan, c.shard, b.reference, c.signed_on from contract c join borrower b using (borrower) "
        "where c.reference = %s", (loan,),
    ).fetchone()  # fmt: skip
    if row is None:
        raise FactRefused("loan", loan, "no loan of that reference", "give it as it was signed", "unknown")
    number, shard, borrower, signed_on = row
    bureau = bureau or bureau_of(connection, borrower)
    last = on.replace(day=1) - timedelta(days=1)
    told = furnished.told(connection, bureau, int(shard), last, [int(number)])
    heard = hear(connection, int(shard), bureau, on)
    book = read_loans(connection, reader, f"c.loan = {int(number)}")
    of = Furnishing(0, bureau, last, on, "0", True)
    months = [
        _month(told, reckoned(book, month, of, heard), month, (int(number), heard.rejected))
        for month in _months(signed_on, last)
    ]
    shown = [month for month in months if month["then"] or month["now"]]
    return {"loan": loan, "borrower": borrower, "bureau": bureau, "months": shown}


def _months(first: date, last: date) -> list[date]:
    """Month ends from that of a day to a last one, the newest first, at most MOST."""
    found: list[date] = []
    at = last
    while at >= first and len(found) < MOST:
        found.append(at)
        at = at.replace(day=1) - timedelta(days=1)
    return found


def _month(
    told: pl.DataFrame, now: pl.DataFrame, month: date, refused: tuple[int, set[tuple[int, date, int]]]
) -> dict[str, Any]:
    """One month in both readings."""
    mine = told.filter(pl.col("month_end") == month).sort("turn").to_dicts()
    then, would = mine[-1] if mine else None, now.to_dicts()[0] if len(now) else None
    taken_back = then is not None and then["record"] in DELETED
    standing = None if taken_back else then
    differs = [name for name in TOLD if standing and would and standing[name] != would[name]]
    number, rejected = refused
    return {
        "month_end": month, "then": _shown(standing), "now": _shown(would), "differs": differs, "turns": len(mine),
        "taken_back": taken_back,
        "rejected": then is not None and (number, month, then["turn"]) in rejected,
    }  # fmt: skip


def _shown(row: dict[str, Any] | None) -> dict[str, Any] | None:
    return {name: row[name] for name in SHOWN} if row else None
