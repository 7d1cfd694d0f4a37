"""A borrower's own record with a bureau: what was told month by month, and what was disputed."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import psycopg

from afterloan.enquiry.disputes import DisputeLine, disputes_on
from afterloan.enquiry.furnished import borrower_told, bureau_of, standing_with
from afterloan.facts import FactRefused


@dataclass(frozen=True, slots=True)
class MonthTold:
    """What stands with the bureau of a loan and a month. `late`: the status is not one of a payer on time."""

    loan: str
    month_end: date
    status: str
    overdue_fen: int
    late: bool


@dataclass(frozen=True, slots=True)
class OwnRecord:
    """All of it, the oldest month first."""

    bureau: str
    months: tuple[MonthTold, ...]
    disputes: tuple[DisputeLine, ...]


def own_record(connection: psycopg.Connection[Any], borrower: str, on: date) -> OwnRecord:
    """What a bureau has from us about a borrower, up to a day. Raises FactRefused (unknown)."""
    number, _ = borrower_told(connection, borrower)
    bureau = bureau_of(connection, borrower)
    months = [
        MonthTold(
            loan, row["month_end"], str(row["status"]), int(row["overdue_fen"] or 0), str(row["status"]).isdecimal()
        )
        for loan, rows in standing_with(connection, number, bureau).items()
        for row in rows
        if row["month_end"] <= on
    ]
    own = disputes_on(connection, on, answered_too=True, borrower=borrower)
    return OwnRecord(bureau, tuple(sorted(months, key=lambda m: (m.loan, m.month_end))), tuple(own))


def own_dispute(connection: psycopg.Connection[Any], borrower: str, reference: str, on: date) -> DisputeLine:
    """One dispute of a borrower. Raises FactRefused (unknown), in the same words for what is not there."""
    for line in disputes_on(connection, on, answered_too=True, borrower=borrower):
        if line.dispute.reference == reference:
            return line
    raise FactRefused("dispute", "", "there is nothing of yours under that name", "look at your own record", "unknown")
