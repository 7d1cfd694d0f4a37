"""Reported rows and whom they are about as base segments of Metro 2; what lacks something is refused row by row."""

from datetime import date
from typing import Any

import polars as pl

from afterloan.bureau.metro2.accuracy import inaccurate
from afterloan.bureau.metro2.layout import BASE
from afterloan.bureau.packs import rule

FREQUENCY = {(3, 1): "M", (3, 2): "L", (3, 3): "Q", (3, 4): "T", (3, 6): "S", (2, 1): "W", (2, 2): "B", (4, 1): "Y"}
"""(unit, every) of a contract to terms frequency; units as `afterloan.loan.terms.Unit`."""
PERSON = pl.Struct(
    {
        name: pl.String
        for name in (
            "surname", "first_name", "middle_name", "ssn", "date_birth", "phone", "address", "address_2", "city",
            "state", "zip", "country",
        )
    }
)  # fmt: skip
NEEDED = {"surname": "surname", "first_name": "first_name", "address": "first_line_address", "city": "city",
          "state": "state", "zip": "zip_code"}  # fmt: skip
REFUSED = {"loan": pl.Int64, "field": pl.String, "reason": pl.String}


def whole(column: str) -> pl.Expr:
    """Whole dollars of an amount in cents: cents are dropped, negatives are zero (1,234.99 is 1234)."""
    return pl.max_horizontal(pl.col(column), 0) // 100


def person(identities: pl.DataFrame) -> pl.DataFrame:
    """Columns of PERSON out of the borrowers' attributes, and the loan's contract."""
    told = identities.with_columns(pl.col("attributes").str.json_decode(PERSON).alias("p"))
    return told.unnest("p").drop("attributes")


def segments(rows: pl.DataFrame, identities: pl.DataFrame, sender: dict[str, Any]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Base segments (columns of BASE) of reported rows, and the refused: (loan, field, reason).

    Refused is what the format cannot carry and what contradicts itself: it does not leave, the others do.
    `rows`: as `reportable`, with `turn`. `sender`: identification_number.
    """
    if not len(rows):
        return pl.DataFrame(schema={f.name: pl.String for f in BASE[:0]}), pl.DataFrame(schema=REFUSED)
    both = rows.join(person(identities), "loan", "left")
    refused = _refused(both)
    good = both.join(refused.select("loan").unique(), "loan", "anti", maintain_order="left")
    lines = good.select(**_columns(sender))
    wrong = inaccurate(lines)
    if not len(wrong):
        return lines, refused
    why = pl.concat_str(pl.col("value").fill_null("nothing"), pl.lit(" "), "reason")
    told = wrong.select(good["loan"].gather(wrong["row"]), "field", reason=why).cast(REFUSED)  # type: ignore[arg-type]
    stays = ~good["loan"].is_in(told["loan"].to_list())
    return lines.filter(stays), pl.concat([refused, told.unique(maintain_order=True)])


def _refused(both: pl.DataFrame) -> pl.DataFrame:
    parts = [
        both.filter(pl.col(name).fill_null("").str.strip_chars() == "").select(
            "loan", field=pl.lit(field), reason=_missing(name)
        )
        for name, field in NEEDED.items()
    ]
    widths = {f.name: f.width for f in BASE}
    for name, field in {**NEEDED, "middle_name": "middle_name", "address_2": "second_line_address"}.items():
        text = pl.col(name).fill_null("")
        odd = ~text.str.contains(r"^[\x20-\x7e]*$") | (text.str.len_chars() > widths[field])
        reason = pl.lit(
            f"the attribute {name!r} is not plain ASCII of at most {widths[field]} characters; transliterate it"
        )
        parts.append(both.filter(odd).select("loan", field=pl.lit(field), reason=reason))
    nobody = (_number("ssn") == 0) & _birth().is_null()
    reason = pl.concat_str(pl.lit("neither 'ssn' nor 'date_birth' is there: "), _missing("date_birth"))
    parts.append(both.filter(nobody).select("loan", field=pl.lit("social_security_number"), reason=reason))
    parts.append(
        both.filter(pl.col("reference").str.len_chars() > 30).select(
            "loan", field=pl.lit("consumer_account_number"), reason=pl.lit("the reference is longer than 30 characters")
        )
    )
    return pl.concat(parts).cast(REFUSED)  # type: ignore[arg-type]


def _missing(name: str) -> pl.Expr:
    """That an attribute is not told, and how to tell it."""
    return pl.format(
        "the borrower's attribute '{}' is missing; add it: `afterloan correct {} --reason … --attribute {}=…`",
        pl.lit(name), pl.col("person"), pl.lit(name),
    )  # fmt: skip


def _number(name: str) -> pl.Expr:
    return pl.col(name).str.replace_all(r"\D", "").cast(pl.Int64, strict=False).fill_null(0)


def _birth() -> pl.Expr:
    return pl.col("date_birth").str.to_date("%Y-%m-%d", strict=False)


def _columns(sender: dict[str, Any]) -> dict[str, pl.Expr]:
    length = pl.col("instalments") * pl.col("every")
    months = pl.when(pl.col("unit") == 3).then(length).when(pl.col("unit") == 4).then(length * 12)
    days = pl.when(pl.col("unit") == 2).then(7).otherwise(1) * length
    paid = pl.col("status").is_in(["13", "61", "62", "63", "64", "65"])
    deleted = pl.col("record").is_in(["DA", "DF"])
    loss = rule("us.metro2.charge-off").parameters
    charged_off = pl.col("status").is_in(loss["unpaid"])
    late = pl.when(charged_off).then(whole("owed_fen")).otherwise(whole("overdue_30_fen"))
    frequency = pl.concat_str(pl.col("unit").cast(pl.String), pl.lit("/"), pl.col("every").cast(pl.String))
    return {
        "processing_indicator": pl.lit(1, pl.Int64),
        "time_stamp": pl.col("month_end").cast(pl.Datetime("us")),
        "correction_indicator": (pl.col("turn") > 0).cast(pl.Int64),
        "identification_number": pl.lit(str(sender.get("identification_number", ""))),
        "consumer_account_number": pl.col("reference"),
        "portfolio_type": pl.lit("I"),
        "account_type": pl.lit("01"),
        "date_opened": pl.col("opened_on"),
        "highest_credit": whole("principal_fen"),
        # I: terms in days or weeks count as months of 30 days, begun months in full
        "terms_duration": pl.coalesce(months, (days + 29) // 30).clip(1, 999).cast(pl.String).str.zfill(3),
        "terms_frequency": frequency.replace_strict(
            [f"{u}/{e}" for u, e in FREQUENCY], list(FREQUENCY.values()), default="", return_dtype=pl.String
        ),
        "scheduled_monthly_payment_amount": pl.when(paid | charged_off).then(0).otherwise(whole("next_due_fen")),
        "actual_payment_amount": whole("paid_fen"),
        "account_status": pl.when(deleted).then(pl.col("record")).otherwise(pl.col("status")),
        "payment_rating": pl.when(deleted).then(pl.lit("")).otherwise(pl.col("rating")),
        "payment_history_profile": pl.col("history"),
        "special_comment": pl.col("special"),
        "compliance_condition_code": pl.col("annotation"),
        "current_balance": pl.when(paid).then(0).otherwise(whole("owed_fen")),
        "amount_past_due": pl.when(paid | (pl.col("status") == "11")).then(0).otherwise(late),
        "original_charge_off_amount": pl.when(pl.col("status").is_in(loss["with_amount"]))
        .then(whole("lost_fen"))
        .otherwise(0),
        "date_account_information": pl.when(paid).then(pl.col("ended_on")).otherwise(pl.col("month_end")),
        "date_first_delinquency": pl.col("dofd_on"),
        "date_closed": pl.when(paid).then(pl.col("ended_on")),
        "date_last_payment": pl.col("last_paid_on"),
        "interest_type_indicator": pl.lit("F"),
        "surname": pl.col("surname").str.to_uppercase(),
        "first_name": pl.col("first_name").str.to_uppercase(),
        "middle_name": pl.col("middle_name").str.to_uppercase(),
        "social_security_number": _number("ssn") % 10**9,
        "date_birth": _birth(),
        "telephone_number": _number("phone") % 10**10,
        "ecoa_code": pl.lit("1"),
        "country_code": pl.coalesce("country", pl.lit("US")),
        "first_line_address": pl.col("address"),
        "second_line_address": pl.col("address_2"),
        "city": pl.col("city"),
        "state": pl.col("state"),
        "zip_code": pl.col("zip"),
    }


def header(sender: dict[str, Any], month_end: date) -> dict[str, Any]:
    """The header of a month's file."""
    return {
        "activity_date": month_end,
        "date_created": month_end,
        "reporter_name": sender.get("reporter_name", ""),
        "reporter_address": sender.get("reporter_address", ""),
        "software_vendor_name": "afterloan",
    }
