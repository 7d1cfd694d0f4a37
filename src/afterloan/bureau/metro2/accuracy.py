"""What contradicts itself in a Metro 2 line of ours: amounts against status, dates against each other (RULES 2.1)."""

from typing import Any

import polars as pl

from afterloan.bureau.metro2.check import Wrong
from afterloan.bureau.metro2.record import Values
from afterloan.bureau.packs import rule

TEXTS = ("account_status", "payment_rating", "consumer_information_indicator")
AMOUNTS = ("scheduled_monthly_payment_amount", "current_balance", "amount_past_due", "original_charge_off_amount")
DATES = ("date_opened", "date_first_delinquency", "date_closed", "date_last_payment")
AS_OF = "date_account_information"
LOOKED_AT = {
    **dict.fromkeys(TEXTS, pl.String), **dict.fromkeys(AMOUNTS, pl.Int64), **dict.fromkeys((*DATES, AS_OF), pl.Date),
}  # fmt: skip
WRONG = {"row": pl.Int64, "field": pl.String, "value": pl.String, "reason": pl.String}

Rule = tuple[str, pl.Expr, pl.Expr]
"""Field, when it is wrong, why."""


def inaccurate(lines: pl.DataFrame) -> pl.DataFrame:
    """What contradicts itself in base segments (columns of BASE, missing ones are empty): columns of WRONG.

    `row` counts from 0. Lines that delete an account are left out: what they withdraw need not agree. A line with
    status 97, charged off 1000, balance 700 and 400 past due is wrong in `amount_past_due`: all of it is past due.
    """
    missing = [pl.lit(None, kind).alias(name) for name, kind in LOOKED_AT.items() if name not in lines.columns]
    told = lines.with_columns(*missing).select(
        *[pl.col(name).cast(pl.String).fill_null("") for name in TEXTS],
        *[pl.col(name).cast(pl.Int64).fill_null(0) for name in AMOUNTS],
        *[pl.col(name).cast(pl.Date) for name in (*DATES, AS_OF)],
    )
    told = told.with_row_index("row").filter(~pl.col("account_status").is_in(["DA", "DF"]))
    found = [
        told.filter(wrong).select("row", field=pl.lit(field), value=pl.col(field).cast(pl.String), reason=why)
        for field, wrong, why in (*_amounts(), *_charged_off(), *_delinquency(), *_dates())
    ]
    return pl.concat(found).cast(WRONG)  # type: ignore[arg-type]


def check_accuracy(base: Values) -> list[Wrong]:
    """What contradicts itself in one record of ours; [] for an accurate one."""
    one = pl.DataFrame([{name: base.get(name) or None for name in LOOKED_AT}], schema=LOOKED_AT)
    return [Wrong("base", row["field"], row["value"], row["reason"]) for row in inaccurate(one).iter_rows(named=True)]


STATUS = pl.col("account_status")
AND_STATUS = pl.concat_str(pl.lit("with status "), STATUS)


def _says(text: str) -> pl.Expr:
    return pl.concat_str(pl.lit(f"{text} "), AND_STATUS)


def _status_rules() -> dict[str, Any]:
    return rule("us.metro2.status").parameters


def _amounts() -> list[Rule]:
    p = _status_rules()
    past_due, balance, scheduled = (
        pl.col(name) for name in ("amount_past_due", "current_balance", "scheduled_monthly_payment_amount")
    )
    paid = STATUS.is_in(p["paid"])
    more = pl.concat_str(pl.lit("is more than the balance "), balance)
    return [
        ("amount_past_due", ((p["buckets"][0][1] == STATUS) | paid) & (past_due != 0), _says("must be 0")),
        ("current_balance", paid & (balance != 0), _says("must be 0")),
        ("scheduled_monthly_payment_amount", paid & (scheduled != 0), _says("must be 0")),
        ("amount_past_due", past_due > balance, more),
    ]


def _charged_off() -> list[Rule]:
    p = rule("us.metro2.charge-off").parameters
    amount, unpaid = pl.col("original_charge_off_amount"), STATUS.is_in(p["unpaid"])
    part = pl.col("amount_past_due") < pl.col("current_balance")  # more than the balance is wrong with every status
    whole = pl.concat_str(pl.lit("must be the balance "), pl.col("current_balance"), pl.lit(" "), AND_STATUS)
    return [
        ("original_charge_off_amount", STATUS.is_in(p["with_amount"]) != (amount != 0), _says("does not go")),
        ("amount_past_due", unpaid & part, whole),
        ("scheduled_monthly_payment_amount", unpaid & (pl.col("scheduled_monthly_payment_amount") != 0),
         _says("must be 0")),
    ]  # fmt: skip


def _delinquency() -> list[Rule]:
    p = _status_rules()
    first, rating = pl.col("date_first_delinquency"), pl.col("payment_rating")
    rated = STATUS.is_in(p["delinquency_date_with_rating"]) & ~rating.is_in(["", "0"])
    needs = STATUS.is_in(p["delinquency_date_with"]) | rated
    petition = pl.col("consumer_information_indicator").is_in(p["petition_indicators"])
    shown = pl.when(rating == "").then(pl.lit("-")).otherwise(rating)
    return [
        ("date_first_delinquency", needs & first.is_null(),
         pl.concat_str(_says("is required"), pl.lit(" rating "), shown)),
        ("date_first_delinquency", first.is_not_null() & ~needs & ~petition,
         pl.concat_str(_says("must be zero"), pl.lit(": it is current"))),
    ]  # fmt: skip


def _dates() -> list[Rule]:
    as_of = pl.col(AS_OF)
    later = pl.concat_str(pl.lit("is after the date of account information "), as_of.cast(pl.String))
    of_paid = STATUS.is_in(_status_rules()["paid"]) & as_of.ne_missing(pl.col("date_closed"))
    return [
        *((name, (pl.col(name) > as_of).fill_null(False), later) for name in DATES),
        (AS_OF, of_paid, _says("must be the day paid")),
    ]
