"""Days that were closed, each with its proof and the loans that it could not reckon."""

from datetime import date
from typing import Any

import psycopg

from afterloan.enquiry.lists import Rows
from afterloan.facts import FactRefused
from afterloan.loan.unreckoned import code_of, remedy_of

DAYS = (
    "select closed_on, loans_in, closed, excepted from proof where closed_on < %(before)s and closed_on <= %(through)s "
    "order by closed_on desc limit %(most)s"
)
EXCEPTED = (
    "select c.reference as loan, b.reference as borrower, x.reason from exception x join contract c using (loan) "
    "join borrower b on b.borrower = c.borrower where x.closed_on = %s order by c.reference limit 1000"
)


def days_closed(
    connection: psycopg.Connection[Any], before: date = date.max, most: int = 50, through: date = date.max
) -> Rows:
    """Closed days before a day and up to another, the newest first: contracts signed = closed + excepted."""
    cursor = connection.execute(DAYS, {"before": before, "through": through, "most": most})
    return _rows(cursor)


def day_closed(connection: psycopg.Connection[Any], day: date, through: date = date.max) -> dict[str, Any]:
    """One closed day with what it could not reckon, at most 1,000 of them. Raises FactRefused (unknown): never closed,
    or after `through`. Each has its `reason`, the `code` of that, and what a person does now (`remedy`).
    """
    cursor = connection.execute(
        "select closed_on, loans_in, closed, excepted from proof where closed_on = %s and closed_on <= %s",
        (day, through),
    )
    found = _rows(cursor)
    if not found:
        raise FactRefused("day", day, "was not closed", "`GET /v1/days` lists those that were", "unknown")
    excepted = [
        {**row, "code": code_of(row["reason"]), "remedy": remedy_of(row["reason"])}
        for row in _rows(connection.execute(EXCEPTED, (day,)))
    ]
    return {**found[0], "exceptions": excepted}


def _rows(cursor: psycopg.Cursor[Any]) -> Rows:
    names = [column.name for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
