"""Reported rows as neutral JSON, one object a line, and back: no bureau's format, every column by its own name."""

import json
from collections.abc import Iterator
from datetime import date
from typing import Any

import polars as pl

from afterloan.bureau.metro2.record import RecordRefused
from afterloan.bureau.reportable import COUNTS, DAYS, MONEY, TEXTS
from afterloan.texts import TextRefused, json_told

FORMAT = "afterloan-bureau/1"


def head(month_end: date, bureau: str) -> str:
    """The first line."""
    return json.dumps({"format": FORMAT, "bureau": bureau, "month_end": month_end.isoformat()}) + "\n"


def lines(rows: pl.DataFrame, identities: pl.DataFrame) -> Iterator[str]:
    """A line for each row."""
    for line in _told(rows, identities).iter_rows(named=True):
        yield json.dumps(line, ensure_ascii=False) + "\n"


def foot(count: int) -> str:
    """The last line, after so many rows."""
    return json.dumps({"rows": count}) + "\n"


def _told(rows: pl.DataFrame, identities: pl.DataFrame) -> pl.DataFrame:
    both = rows.join(identities.select("loan", "reference", "person"), "loan", "left")
    days = [pl.col(name).cast(pl.String) for name in ("month_end", *DAYS)]
    return both.select(
        pl.col("reference").alias("loan"),
        pl.col("person").alias("borrower"),
        pl.col("record"),
        pl.col("turn"),
        *days,
        *TEXTS,
        "principal_fen",
        *MONEY,
        *COUNTS,
    )


def read_neutral(text: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The head and the rows of a neutral file. Raises RecordRefused: not ours, cut, a line that is no object."""
    told = [_object(line, nth) for nth, line in enumerate((one for one in text.split("\n") if one.strip()), 1)]
    if not told or told[0].get("format") != FORMAT:
        raise RecordRefused("line 1", "format", f"is not {FORMAT!r}", "give the file as it was written")
    if "rows" not in told[-1] or len(told) < 2:
        raise RecordRefused(
            f"line {len(told)}", "rows", "the last line with the count is missing", "the file is cut; fetch it again"
        )
    if told[-1]["rows"] != len(told) - 2:
        raise RecordRefused(
            f"line {len(told)}", "rows", f"says {told[-1]['rows']}, there are {len(told) - 2}", "fetch the file again"
        )
    return told[0], told[1:-1]


def _object(line: str, nth: int) -> dict[str, Any]:
    try:
        told = json_told(line, f"line {nth}")
    except TextRefused as bad:
        raise RecordRefused(f"line {nth}", "line", bad.reason, "the file is cut; fetch it again") from None
    if not isinstance(told, dict):
        raise RecordRefused(f"line {nth}", "line", "is no object", "give one JSON object a line")
    return told
