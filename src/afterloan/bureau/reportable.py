"""What is reportable of accounts in a month, as one table; and what of it differs from what was reported."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
import polars as pl

from afterloan.bureau.cells import Cells, reckon_cells
from afterloan.bureau.history import profile_of
from afterloan.bureau.packs import rule
from afterloan.bureau.specials import specials
from afterloan.bureau.status import adverse, metro2_status, pboc_status
from afterloan.dates import NEVER
from afterloan.loan.book import Book

BUREAUS = ("metro2", "pboc", "neutral")
MONEY = (
    "balance_fen",
    "owed_fen",
    "overdue_fen",
    "overdue_30_fen",
    "band_31_60_fen",
    "band_61_90_fen",
    "band_91_180_fen",
    "band_over_180_fen",
    "due_fen",
    "paid_fen",
    "next_due_fen",
    "lost_fen",
)
COUNTS = ("days_past_due", "overdue_periods", "remaining_periods")
TEXTS = ("status", "rating", "history", "annotation", "special", "five_tier")
DAYS = ("opened_on", "ended_on", "dofd_on", "last_paid_on")
TOLD = (*TEXTS, *DAYS, "principal_fen", *MONEY, *COUNTS)
"""The columns that are told; two rows that agree in these say the same."""


def _date(values: Any, none: int) -> pl.Series:
    days = pl.Series(values.astype(np.int32))
    return pl.DataFrame({"d": days}).select(pl.when(pl.col("d") != none).then(pl.col("d")).cast(pl.Date))["d"]


def _text(values: Any) -> pl.Series:
    return pl.Series(np.char.decode(values, "ascii").tolist(), dtype=pl.String)


def reportable(
    book: Book,
    at: int,
    bureau: str,
    known_on: int = NEVER,
    said: Mapping[int, Mapping[str, str]] | None = None,
    tiers: Sequence[str] | None = None,
) -> pl.DataFrame:
    """What a bureau is to be told of the loans of a book for the month that ends on day `at`: a row an account.

    `said`: by loan number, words that events give: `annotation` (an open dispute), `special`, `status` (D, Z).
    `tiers` [n]: the name of each loan's class of five (`special_mention`), "" where it has none.
    Columns: loan, month_end (Date), adverse, and those of TOLD.
    """
    cells = reckon_cells(book, at, known_on, bureau=bureau)
    rows = np.flatnonzero(cells["reportable"] == 1)
    status, rating, history = _codes(book, cells, bureau, known_on)
    mine = cells[rows]
    marks = specials(book, cells, bureau, known_on)
    for loan, words in (said or {}).items():
        codes = {*marks.get(loan, "").split(","), *words.get("special", "").split(",")} - {""}
        marks[loan] = ",".join(sorted(codes))
    frame = pl.DataFrame(
        {
            "loan": mine["loan"],
            "status": _text(status[rows]),
            "rating": _text(rating[rows]),
            "history": _text(history[rows]),
            "annotation": pl.Series([""] * len(rows), dtype=pl.String),
            "special": pl.Series([marks.get(loan, "") for loan in mine["loan"].tolist()], dtype=pl.String),
            "five_tier": _five_tier(tiers, rows.tolist()),
            "adverse": adverse(status[rows], bureau),
            "opened_on": _date(mine["opened_on"], 0),
            "ended_on": _date(mine["ended_on"], NEVER),
            "dofd_on": _date(mine["dofd_on"], 0),
            "last_paid_on": _date(mine["last_paid_on"], 0),
            "principal_fen": book.contracts["principal_fen"][rows],
            **{name: mine[name] for name in (*MONEY, *COUNTS)},
        }
    ).with_columns(month_end=pl.lit(at, pl.Int32).cast(pl.Date))
    return _worded(frame, said or {}).filter(pl.col("status") != "")


def _five_tier(tiers: Sequence[str] | None, rows: Sequence[int]) -> pl.Series:
    """The class of five as a code: 1 normal … 5 loss; "" where no class was told (another bureau, an ended loan)."""
    codes = rule("cn.pboc.elements").parameters["five_tier"]
    return pl.Series([codes.get(tiers[row], "") if tiers is not None else "" for row in rows], dtype=pl.String)


def _codes(book: Book, cells: Cells, bureau: str, known_on: int) -> tuple[Any, Any, Any]:
    none = np.full(len(cells), b"", "S1")
    if bureau == "metro2":
        return *metro2_status(cells), profile_of(book, cells, known_on)
    return pboc_status(cells), none, none


def _worded(frame: pl.DataFrame, said: Mapping[int, Mapping[str, str]]) -> pl.DataFrame:
    """Words of events put over the reckoned ones."""
    for name in ("annotation", "status"):
        words = {loan: told[name] for loan, told in said.items() if told.get(name)}
        if words:
            own = pl.col("loan").replace_strict(list(words), list(words.values()), default=None, return_dtype=pl.String)
            frame = frame.with_columns(pl.coalesce(own, pl.col(name)).alias(name))
    return frame


DELETED = ("213", "214", "deletion", "whole_deletion", "DA", "DF", "gone")
"""Records after which a month of an account counts as not told."""


def difference(now: pl.DataFrame, told: pl.DataFrame, rejected: Collection[tuple[int, date, int]] = ()) -> pl.DataFrame:
    """The rows of `now` that say something else than the newest of `told` for the same loan and month, or are new.

    `rejected`: (loan, month end, turn) that the bureau did not take: as if they had not been told. Adds `turn` (0 for
    what was never told), `again` (told before, never taken) and `gone`: true for what was told of a month that the
    book does not reckon for that account, with the values as they were told.
    """
    key = ["loan", "month_end"]
    refused = pl.DataFrame(
        list(rejected), schema={"loan": pl.Int64, "month_end": pl.Date, "turn": pl.Int64}, orient="row"
    )
    last = told.join(refused, [*key, "turn"], "anti").sort("turn").unique(key, keep="last")
    standing = last.filter(~pl.col("record").is_in(DELETED))
    newest = told.group_by(key).agg(pl.col("turn").max())
    again = newest.select(key).join(last, key, "anti").with_columns(again=pl.lit(True))
    # the same in every column that is told; what was deleted says nothing any more
    new = now.join(standing, [*key, *TOLD], "anti", nulls_equal=True).with_columns(gone=pl.lit(False))
    lost = standing.join(now, key, "anti").with_columns(gone=pl.lit(True)).select(new.columns)
    both = pl.concat([new, lost.cast(new.schema)])
    both = both.join(newest, key, "left").with_columns(turn=(pl.col("turn") + 1).fill_null(0))
    return both.join(again, key, "left").with_columns(pl.col("again").fill_null(False))
