"""Account movements of generated borrowers that fit their lives: wages that stop before a shock, rent, food."""

from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from afterloan.dates import NEVER, day_number, year_month_day
from afterloan.generate.chunk import Chunk

Whole = npt.NDArray[np.int64]
SOURCE = "made-up-bank"
AGREES_PERMILLE = 700  # of borrowers agree that their account is read
STOPS_BEFORE = 25  # days by which wages stop before the borrower cannot pay: the cause comes before the effect
CIRCLE = 5  # borrowers who know each other and lend each other a little
FROM = -120  # days before joining from which an account tells
MONTH_KINDS = (
    # name, day of month (0: the pay day), per mille of income, spread per mille, category
    ("wages", 0, 1000, 20, "salary"),
    ("landlord", 3, -280, 5, "rent"),
    ("power", 12, -45, 150, "utilities"),
    ("insurer", 16, -25, 0, "insurance"),
    ("food-1", 5, -80, 250, "food"),
    ("food-2", 12, -80, 250, "food"),
    ("food-3", 19, -80, 250, "food"),
    ("food-4", 26, -80, 250, "food"),
    ("cash", 21, -60, 500, "cash"),
    ("friend", 23, -40, 600, "transfer"),
)
"""What comes and goes in a month. Made up, and marked so; no shop and no person is named."""


def flow_tables(chunk: Chunk, first_day: int, last_day: int) -> dict[str, pl.DataFrame]:
    """`flows` and `consents` of a chunk, as `afterloan risk flows` takes them. The same whatever the chunks are."""
    b = chunk.borrowers
    number = np.arange(chunk.first, chunk.first + len(b), dtype=np.int64)
    mark = _mixed(number * 1_000_003 + b["income_yuan"].astype(np.int64) * 7 + b["joined_on"].astype(np.int64))
    agrees = mark % 1000 < AGREES_PERMILLE
    months = _months(first_day + FROM, last_day)
    rows = [_month(chunk, number, mark, agrees, year, month, first_day, last_day) for year, month in months]
    flows = pl.concat(rows).sort("number", "on_day", "kind")
    flows = flows.with_columns(balance=pl.col("amount").cum_sum().over("number") + pl.col("start"))
    day = pl.col("on_day").cast(pl.Int32).cast(pl.Date)
    name = pl.concat_str(pl.lit("B"), pl.col("number").cast(pl.String).str.zfill(10))
    told = flows.select(
        reference=pl.concat_str(pl.lit("F"), "number", pl.lit("-"), "on_day", pl.lit("-"), "kind"),
        borrower=name, on=day, known_on=day, amount=_yuan("amount"), balance=_yuan("balance"), category="category",
        counterparty="counterparty",
    )  # fmt: skip
    few = pl.DataFrame({"number": number[agrees], "joined": b["joined_on"][agrees].astype(np.int64)})
    consents = few.select(
        borrower=name, source=pl.lit(SOURCE), uses=pl.lit("collect limit fraud research"),
        on=(pl.col("joined") + FROM - 31).cast(pl.Int32).cast(pl.Date),
    )  # fmt: skip
    return {"flows": told, "consents": consents}


def _yuan(column: str) -> pl.Expr:
    """Fen as decimal text: `-12.05`."""
    cents = (pl.col(column).abs() % 100).cast(pl.String).str.zfill(2)
    sign = pl.when(pl.col(column) < 0).then(pl.lit("-")).otherwise(pl.lit(""))
    return pl.concat_str(sign, (pl.col(column).abs() // 100).cast(pl.String), pl.lit("."), cents)


def _mixed(x: Whole) -> Whole:
    """SplitMix64 of whole numbers, never below 0."""
    with np.errstate(over="ignore"):
        z = x.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return ((z ^ (z >> np.uint64(31))) >> np.uint64(1)).astype(np.int64)


def _friends(number: Whole, mark: Whole) -> Whole:
    """Of each borrower one of the other four of the same five, who gets what is lent among friends: 12 has 10 … 14."""
    five = number // CIRCLE * CIRCLE
    return np.asarray(five + (number % CIRCLE + 1 + mark // 7 % (CIRCLE - 1)) % CIRCLE)


def _months(first: int, last: int) -> list[tuple[int, int]]:
    year, month, _ = (int(x) for x in year_month_day(first))
    found = []
    while int(day_number(year, month, 1)) <= last:
        found.append((year, month))
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return found


def _month(
    chunk: Chunk, number: Whole, mark: Whole, agrees: Any, year: int, month: int, first_day: int, last_day: int
) -> pl.DataFrame:
    b = chunk.borrowers
    income = b["income_yuan"].astype(np.int64) * 100
    shock, until = b["shock_on"].astype(np.int64), b["shock_until"].astype(np.int64)
    begins = np.maximum(b["joined_on"].astype(np.int64) + FROM, first_day + FROM)
    found = []
    for kind, (name, dom, permille, spread, category) in enumerate(MONTH_KINDS):
        doms = b["pay_day"].astype(np.int64) if dom == 0 else np.full(len(b), dom, np.int64)
        at = int(day_number(year, month, 1)) + doms - 1
        chance = _mixed(mark + (year * 12 + month) * 101 + kind)
        amount = income * permille // 1000 * (1000 + (chance % (2 * spread + 1) - spread)) // 1000
        hit = (shock < NEVER) & (at >= shock - STOPS_BEFORE) & (at < until)
        if category == "salary":
            amount = np.where(hit, 0, amount)
        elif category == "food":
            amount = np.where(hit, amount * 6 // 10, amount)
        keep = agrees & (at >= begins) & (at <= last_day) & (amount != 0)
        payee = pl.concat_str(pl.lit(f"{name}-"), "mark") if category in ("salary", "rent") else pl.lit(name)
        if category == "transfer":
            payee = pl.concat_str(pl.lit("B"), pl.col("friend").cast(pl.String).str.zfill(10))
        told = {"number": number[keep], "on_day": at[keep], "amount": amount[keep], "start": (income * 3 // 10)[keep]}
        frame = pl.DataFrame(told | {"mark": mark[keep] % 5_000, "friend": _friends(number, mark)[keep]})
        found.append(frame.with_columns(kind=pl.lit(kind), category=pl.lit(category), counterparty=payee))
    return pl.concat(found)
