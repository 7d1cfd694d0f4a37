"""Which amending record a difference becomes: a correction, the deletion of a month, the deletion of an account.

There is one way in: what was told differs from what the book reckons. Nothing here takes a wish.
"""

from collections.abc import Collection

import polars as pl

from afterloan.bureau.packs import rule

FIRST = {"metro2": "account", "pboc": "210", "neutral": "account"}


def kinds(bureau: str) -> tuple[str, str, str, str]:
    """The bureau's words for first report, correction, deletion of a month, deletion of the account."""
    if bureau == "pboc":
        types = rule("cn.pboc.records").parameters["record_types"]
        return types["account"], types["correction"], types["segment_deletion"], types["whole_deletion"]
    if bureau == "metro2":
        return "account", "correction", "profile", "DA"
    return "account", "correction", "deletion", "whole_deletion"


def records(
    changed: pl.DataFrame, bureau: str, reckoned: Collection[int], not_theirs: Collection[int], current: object
) -> pl.DataFrame:
    """`record` for every row of `reportable.difference`.

    `reckoned`: loans of which the book reckons any month at all; `not_theirs`: proven fraud; `current`: the month
    being furnished. Metro 2 has no record of a past month: its profile carries the correction of an account that is
    still told of, and a line with the correction indicator that of one that has ended.
    """
    first, correction, month_deleted, account_deleted = kinds(bureau)
    gone, alive = pl.col("gone"), pl.col("loan").is_in(list(reckoned))
    newest = pl.col("month_end") == pl.col("month_end").filter(~gone).max().over("loan")
    if bureau == "metro2":
        last = pl.col("month_end") == pl.col("month_end").max().over("loan")
        act = pl.when(pl.col("loan").is_in(list(not_theirs))).then(pl.lit("DF")).otherwise(pl.lit("DA"))
        whole, month = pl.when(last).then(act).otherwise(pl.lit("gone")), pl.lit("gone")
        told_now = (pl.col("month_end") == pl.lit(current)) | newest
        amended = pl.when(told_now).then(pl.lit(correction)).otherwise(pl.lit("profile"))
    else:
        whole, month, amended = pl.lit(account_deleted), pl.lit(month_deleted), pl.lit(correction)
    word = pl.when(gone & ~alive).then(whole).when(gone).then(month)
    return changed.with_columns(
        record=word.when((pl.col("turn") > 0) & ~pl.col("again")).then(amended).otherwise(pl.lit(first))
    )


def in_file(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows that are lines of a file: all but those that a profile carries."""
    return rows.filter(~pl.col("record").is_in(["profile", "gone"]))
