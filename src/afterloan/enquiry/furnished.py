"""What stands with a bureau of a loan or a borrower, and where a borrower's own report differs from it."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import polars as pl
import psycopg

from afterloan.bureau.compare import check_person, compare, drafts, read_report
from afterloan.bureau.places import bureau_of_place
from afterloan.bureau.reportable import DELETED
from afterloan.facts import FactRefused
from afterloan.store import furnished
from afterloan.store.contacts import defaults_of
from afterloan.strategy.places import places_known


def told_months(connection: psycopg.Connection[Any], bureau: str, loan: str) -> pl.DataFrame:
    """The rows of a loan as they stand with a bureau: one a month, what was deleted left out, oldest first."""
    rows = connection.execute("select c.loan, c.shard from contract c where c.reference = %s", (loan,)).fetchone()
    if rows is None:
        return pl.DataFrame(schema=furnished.SCHEMA)
    all_rows = furnished.told(connection, bureau, int(rows[1]), date(2999, 12, 31), [int(rows[0])])
    last = all_rows.sort("turn").unique(("loan", "month_end"), keep="last").sort("month_end")
    return last.filter(~pl.col("record").is_in(DELETED))


def borrower_told(connection: psycopg.Connection[Any], reference: str) -> tuple[int, dict[str, Any]]:
    """The number and attributes of a borrower. Raises FactRefused (unknown)."""
    row = connection.execute("select borrower, attributes from borrower where reference = %s", (reference,)).fetchone()
    if row is None:
        raise FactRefused(
            "borrower", reference, "no borrower of that reference", "import the borrower first", "unknown"
        )
    return int(row[0]), dict(row[1])


def bureau_of(connection: psycopg.Connection[Any], borrower: str | None = None) -> str:
    """The bureau of a borrower's place; of the lender's own where none is named. Raises FactRefused (unknown)."""
    own = str(defaults_of(connection)["jurisdiction"])
    told = borrower_told(connection, borrower)[1].get("jurisdiction") if borrower else None
    return bureau_of_place(told if told in places_known() else own)


def standing_with(connection: psycopg.Connection[Any], borrower: int, bureau: str) -> dict[str, list[dict[str, Any]]]:
    """What stands with a bureau of a borrower's loans, by loan reference: one row a month."""
    loans = connection.execute(
        "select reference from contract where borrower = %s order by loan", (borrower,)
    ).fetchall()
    return {name: told_months(connection, bureau, name).to_dicts() for (name,) in loans}


def compared(connection: psycopg.Connection[Any], borrower: str, report: bytes, on: date) -> Sequence[Any]:
    """Where a borrower's own report differs from what was furnished: drafts of disputes."""
    accounts = read_report(report, on)
    number, attributes = borrower_told(connection, borrower)
    for account in accounts:
        check_person(account.person, borrower, attributes)
    found: list[Any] = []
    for bureau in sorted({a.bureau for a in accounts}):
        mine = [a for a in accounts if a.bureau == bureau]
        standing = {k: v for k, v in standing_with(connection, number, bureau).items() if v}
        found += drafts(compare(mine, standing, on), bureau)
    return found
