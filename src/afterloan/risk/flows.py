"""Movements of accounts as rows for the features: regular payers and payees, balances, all from before a day."""

from datetime import date

import polars as pl

from afterloan.risk.features.compute import known_before

CATEGORIES = (
    "salary", "benefit", "transfer", "rent", "food", "utilities", "insurance", "loan", "cash", "fee", "sanction",
    "interest", "other",
)  # fmt: skip
NO_INCOME = ("fee", "sanction", "interest", "loan")
REGULAR_MONTHS = 3  # months with money of one payer, from which it is regular
PAYERS_BACK = 180  # days in which a payer or payee is looked for
MONTH = 30
LOW_OF_MEAN = 0.1  # a balance below a tenth of the account's mean is low


def flow_sources(flows: pl.DataFrame, as_of: date) -> dict[str, pl.DataFrame]:
    """Rows by source as of a day: `flows`, `balances`, `incomes`, `commitments`.

    `flows`: `borrower`, `on`, `known_on`, `amount` (major units, above 0: in), `balance` (null: not told), `category`,
    `counterparty` ("" where none). Of a payer without a name the size stands for it: wages come in like sums.
    """
    known = known_before(flows, as_of, "flows")
    amount = pl.col("amount")
    rows = known.with_columns(
        money_in=amount.clip(lower_bound=0),
        money_out=(-amount).clip(lower_bound=0),
        amount_in=pl.when(amount > 0).then(amount),
    )
    return {
        "flows": rows,
        "balances": _balances(rows),
        "incomes": _regular(rows.filter((amount > 0) & ~pl.col("category").is_in(NO_INCOME)), "money_in"),
        "commitments": _regular(rows.filter((amount < 0) & (pl.col("category") != "cash")), "money_out"),
    }


def _balances(rows: pl.DataFrame) -> pl.DataFrame:
    here = rows.filter(pl.col("balance").is_not_null()).select("borrower", "age", "balance")
    low = pl.col("balance") < LOW_OF_MEAN * pl.col("balance").mean().over("borrower")
    return here.with_columns(below_zero=(pl.col("balance") < 0).cast(pl.Int64), is_low=low.cast(pl.Int64))


def _regular(rows: pl.DataFrame, column: str) -> pl.DataFrame:
    """Of each borrower the counterparties with movements in three months or more of the last six: amount a month, its
    spread, days of the month, months, days since the last."""
    size = (pl.col(column).log(1.5).round() * 1).cast(pl.Int64).cast(pl.String)
    who = pl.when(pl.col("counterparty") != "").then(pl.col("counterparty")).otherwise(pl.lit("size ") + size)
    few = rows.filter((pl.col("age") <= PAYERS_BACK) & (pl.col(column) > 0)).with_columns(
        who=who + pl.lit(" ") + pl.col("category"), month=pl.col("age") // MONTH, dom=pl.col("on").dt.day()
    )
    told = few.group_by("borrower", "who").agg(
        pl.col("month").n_unique().alias("months"),
        (pl.col(column).sum() / pl.col("month").n_unique()).alias("amount"),
        (pl.col(column).std().fill_null(0) / pl.col(column).mean()).alias("spread"),
        pl.col("dom").std().fill_null(0).alias("day_spread"),
        pl.col("age").min(),
    )
    return told.filter(pl.col("months") >= REGULAR_MONTHS).drop("who").with_columns(pl.col("months").cast(pl.Int64))
