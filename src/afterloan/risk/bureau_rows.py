"""Accounts with other lenders as rows for the features: of each borrower the latest report known before a day."""

from datetime import date

import polars as pl

from afterloan.risk.features.compute import known_before

GOOD_FOR_DAYS = 365
"""Days after which a report tells nothing any more: who has no later one is as if none had been fetched."""
COLUMNS = {
    "opened_on": pl.Date, "ends_on": pl.Date, "active": pl.Int64, "card": pl.Int64, "granted": pl.Float64,
    "balance": pl.Float64, "overdue": pl.Float64, "worst_overdue": pl.Float64, "prolonged": pl.Int64,
    "months": pl.String,
}  # fmt: skip


def latest_reports(rows: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """The rows of each borrower's latest report known before a day and not too old, whichever bureau told it.

    `rows`: `borrower`, `source`, `known_on`, `account` ("" in a report that names none) and COLUMNS.
    """
    known = known_before(rows, as_of, "bureau_account", "known_on").filter(pl.col("age") <= GOOD_FOR_DAYS)
    last = (
        known.sort("known_on", "source")
        .group_by("borrower", maintain_order=True)
        .agg(pl.col("known_on", "source").last())
    )
    return known.join(last, on=["borrower", "known_on", "source"], how="semi")


def bureau_sources(rows: pl.DataFrame, as_of: date) -> dict[str, pl.DataFrame]:
    """Rows by source as of a day: `accounts` and `account_months`.

    `months` tells the months that somebody reported, `2025-05:0 2025-04:2`; of all others nothing is known. The age of
    a month is that of its first day: of May, as of 3 June, 33 days.
    """
    told = latest_reports(rows, as_of).filter(pl.col("account") != "")
    days = pl.lit(as_of)
    accounts = told.with_columns(
        age=(days - pl.col("opened_on")).dt.total_days(), days_left=(pl.col("ends_on") - days).dt.total_days()
    )
    month = told.select("borrower", pl.col("months").str.split(" ")).explode("months").filter(pl.col("months") != "")
    parts = pl.col("months").str.split_exact(":", 1)
    read = month.select(
        "borrower",
        age=(days - (parts.struct[0] + "-01").str.to_date("%Y-%m-%d")).dt.total_days(),
        status=parts.struct[1].cast(pl.Int64),
    )
    return {"accounts": accounts, "account_months": read.filter(pl.col("age") > 0)}
