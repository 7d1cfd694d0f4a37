"""The decision frame: one row a borrower, out of the positions of all their loans."""

from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from afterloan.dates import NEVER
from afterloan.loan.book import Records, taken
from afterloan.loan.terms import State
from afterloan.strategy.columns import FAR, SCHEMA, UNSCORED

GONE = (int(State.PAID_OFF), int(State.SOLD))
"""Loans that are not ours to collect any more."""
PENALTY, PRINCIPAL = 0, 3


def active_loans(positions: Records, day: int, horizon: int) -> npt.NDArray[np.bool_]:
    """Loans of which a ladder may have something to say: late, due on the day, or due within `horizon` days."""
    late = positions["oldest_unpaid_on"] < NEVER
    due = positions["due_today_fen"].sum(axis=1) > 0
    soon = positions["next_due_on"] - day
    good = (positions["error"] == 0) & (positions["disbursed_fen"] > 0) & ~np.isin(positions["state"], GONE)
    return np.asarray(good & (late | due | ((soon >= 0) & (soon <= horizon))))


def loan_frame(
    positions: Records,
    borrowers: npt.NDArray[np.int64],
    products: Records,
    product: npt.NDArray[np.int64],
    on: int | npt.NDArray[np.int64],
) -> pl.DataFrame:
    """A row a loan that is live: POSITION [n] reckoned to `on` (one day, or one each [n]), borrower numbers and
    product rows [n]."""
    live = ~np.isin(positions["state"], GONE)
    keep = (positions["error"] == 0) & live & (positions["disbursed_fen"] > 0)
    p, borrower, product = positions if keep.all() else taken(positions, keep), borrowers[keep], product[keep]
    day = np.broadcast_to(np.asarray(on, np.int64), len(positions))[keep]
    bucket = p["bucket"].astype(np.int64)
    first = np.where(bucket > 0, products["buckets"][product, np.maximum(bucket - 1, 0)], 0)
    due_today = p["due_today_fen"].sum(axis=1)
    accelerated = p["accelerated_on"] < NEVER
    instalment_today = (due_today > 0) & ~accelerated  # a loan called due has no instalment, today or ahead
    ahead = np.where(p["next_due_on"] < NEVER, p["next_due_on"] - day, FAR)
    late = p["days_past_due"] > 0
    next_due_on = np.where(accelerated, p["accelerated_on"], p["next_due_on"])
    next_due = np.where(instalment_today, due_today, p["next_due_fen"])
    since = np.where(p["last_repaid_on"] > 0, day - p["last_repaid_on"], FAR)
    return pl.DataFrame(
        {
            "loan": np.ascontiguousarray(p["loan"]),
            "borrower": borrower,
            "product": product,
            "days_past_due": np.ascontiguousarray(p["days_past_due"]),
            "grace_days": products["grace_bureau_days"][product],
            "grace_days_past_due": np.ascontiguousarray(p["grace_days_past_due"]),
            "bucket": bucket,
            "bucket_first_day": first,
            "worst_days_past_due": np.ascontiguousarray(p["worst_days_past_due"]),
            "arrears_fen": p["arrears_fen"].sum(axis=1),
            "due_today_fen": due_today,
            "accelerated": accelerated,
            "penalty_fen": np.ascontiguousarray(p["outstanding_fen"][:, PENALTY]),
            "late_penalty_fen": p["arrears_fen"][:, PENALTY] + np.where(accelerated, p["due_today_fen"][:, PENALTY], 0),
            "days_to_due": np.where(instalment_today, 0, ahead),
            "next_due_fen": next_due,
            "principal_fen": np.ascontiguousarray(p["outstanding_fen"][:, PRINCIPAL]),
            "payoff_fen": np.ascontiguousarray(p["payoff_fen"]),
            "unapplied_fen": np.ascontiguousarray(p["unapplied_fen"]),
            "instalments_paid": np.ascontiguousarray(p["instalments_paid"]),
            "instalments_left": np.ascontiguousarray(p["instalments_left"]),
            "days_since_repaid": np.minimum(since, FAR),
            "due_on": np.where(late, p["oldest_unpaid_on"], np.where(instalment_today, day, next_due_on)),
        }
    )


def of_borrowers(loans: pl.DataFrame, codes: dict[int, str] | None = None) -> pl.DataFrame:
    """A row a borrower (`borrower`, by number) with the columns that loans alone can fill.

    `codes`: product codes by number; without them `products` is left out, which is a third of the work.
    """
    ordered = loans.sort(
        "borrower", pl.col("days_past_due"), "days_to_due", "loan", descending=[False, True, False, False]
    )
    nearest = pl.col("days_to_due") == pl.col("days_to_due").min().over("borrower")
    ordered = ordered.with_columns(next_due_fen=pl.when(nearest).then("next_due_fen").otherwise(0))
    columns = [
        pl.col(
            "days_past_due",
            "bucket",
            "bucket_first_day",
            "instalments_paid",
            "instalments_left",
            "product",
            "grace_days",
        ).first(),
        pl.col("worst_days_past_due", "grace_days_past_due").max(),
        pl.col(
            "arrears_fen",
            "due_today_fen",
            "penalty_fen",
            "principal_fen",
            "payoff_fen",
            "unapplied_fen",
            "next_due_fen",
        ).sum(),
        pl.col("days_to_due", "days_since_repaid").min(),
        pl.col("days_to_due").filter(pl.col("days_past_due") == 0).min().fill_null(FAR).alias("days_to_due_in_time"),
        pl.len().cast(pl.Int64).alias("loans"),
        pl.col("accelerated").any(),
        (pl.col("days_past_due") > 0).sum().cast(pl.Int64).alias("loans_in_arrears"),
    ]
    if codes is not None:
        names = pl.col("product").replace_strict(codes, default="", return_dtype=pl.String)
        columns.append(names.unique().sort().str.join(" ").alias("products"))
    return ordered.group_by("borrower", maintain_order=True).agg(columns)


DEFAULTS: dict[str, Any] = {
    **{name: False for name, dtype in SCHEMA.items() if dtype == pl.Boolean},
    **{name: "" for name, dtype in SCHEMA.items() if dtype == pl.String},
    **{name: 0 for name, dtype in SCHEMA.items() if dtype == pl.Int64},
    "days_to_due": FAR,
    "days_to_due_in_time": FAR,
    "days_since_repaid": FAR,
    "days_since_conversation": FAR,
    "clean_days": FAR,
    "not_cured_ppm": UNSCORED,
    "rolls_ppm": UNSCORED,
}


def whole_frame(of_loans: pl.DataFrame, told: pl.DataFrame | None = None) -> pl.DataFrame:
    """The frame with all columns of SCHEMA: `told` (by `borrower`) fills some, defaults the rest."""
    frame = of_loans if told is None else of_loans.join(told, on="borrower", how="left", maintain_order="left")
    return frame.with_columns(_whole(frozenset(frame.columns)))


@lru_cache(64)
def _whole(there: frozenset[str]) -> tuple[pl.Expr, ...]:
    """What makes a frame with some columns whole: built once, each shard of a night has the same."""
    missing = [pl.lit(DEFAULTS[n]).cast(t).alias(n) for n, t in SCHEMA.items() if n not in there]
    return (*missing, *(pl.col(n).fill_null(DEFAULTS[n]).cast(t) for n, t in SCHEMA.items() if n in there))
