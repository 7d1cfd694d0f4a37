"""What the lender knows of generated borrowers besides money: mandates, limits, holds, and calls of the last days.

All of it is made up, and marked so where people read it. Files and columns are those that import takes
(`intake/told.py`); a row depends on its borrower alone, so the same seed gives the same rows whatever the chunks are.
"""

import numpy as np
import numpy.typing as npt
import polars as pl

from afterloan.dates import NEVER
from afterloan.generate.chunk import Chunk, Tables, day_of, named
from afterloan.generate.people import account_number, person_name

BANK = "990000000000"  # twelve digits as bank codes of China have, of a region that there is not
LINE_STEP_FEN = 100_000
INCOMES = 3
"""A line is what was lent, or three months' income if that is more, in whole thousands."""
SETTLED_INTO_TROUBLE = 40
"""Days after which an instalment surely was missed: due days are a month apart."""
HELD_ONE_IN = 2
LINE, WORDS, CALLS_FROM_HOUR = "made up: granted with the first loan", "made up: income fell, evidence seen", 9


def known_tables(chunk: Chunk, last_day: int) -> Tables:
    """The tables of a chunk by file name: mandates, limits, holds, contacts."""
    people = _people(chunk, last_day)
    return {
        "mandates": _mandates(people),
        "limits": _limits(people),
        "holds": _holds(people, last_day),
        "contacts": _contacts(people, last_day),
    }


def _people(chunk: Chunk, last_day: int) -> pl.DataFrame:
    """A row a borrower, in the order of their numbers."""
    b, lent = chunk.borrowers, _lent(chunk)
    trouble = np.minimum(b["shock_on"], b["stops_on"])
    over = (b["shock_until"] <= last_day) & (b["stops_on"] == NEVER)
    owes = lent > _received(chunk)
    line = np.maximum(lent, INCOMES * 100 * b["income_yuan"])
    return pl.DataFrame(
        {
            "number": np.arange(chunk.first, chunk.first + len(b)),
            "joined_on": np.ascontiguousarray(b["joined_on"]),
            "debited": b["auto_debit"] == 1,
            "limit_fen": -(-line // LINE_STEP_FEN) * LINE_STEP_FEN,
            "trouble_on": trouble,
            "in_trouble": owes & ~over & (trouble + SETTLED_INTO_TROUBLE <= last_day),
            "cannot": b["stops_on"] == NEVER,
        }
    )


def _lent(chunk: Chunk) -> npt.NDArray[np.int64]:
    counts = chunk.borrowers["loans"]
    return np.add.reduceat(chunk.contracts["principal_fen"], np.cumsum(counts) - counts)


def _received(chunk: Chunk) -> npt.NDArray[np.int64]:
    """What each borrower repaid and the bank did not take back."""
    owner = np.repeat(np.arange(len(chunk.borrowers)), chunk.borrowers["loans"])
    stands = chunk.receipts[chunk.receipts["bounced_on"] == 0]
    received = np.zeros(len(chunk.borrowers), np.int64)
    np.add.at(received, owner[stands["loan"] - chunk.contracts["loan"][0]], stands["amount_fen"])
    return received


def _mandates(people: pl.DataFrame) -> pl.DataFrame:
    number = pl.col("number")
    return people.filter("debited").select(
        reference=named("M", "number"),
        borrower=named("B", "number"),
        on=day_of("joined_on"),
        source=pl.lit("account"),
        account=account_number(number),
        bank=pl.lit(BANK),
        holder=person_name(number),
        rail=pl.lit("batch_csv"),
    )


def _limits(people: pl.DataFrame) -> pl.DataFrame:
    return people.select(
        reference=named("G", "number"),
        borrower=named("B", "number"),
        on=day_of("joined_on"),
        limit_fen="limit_fen",
        by=pl.lit("assessment"),
        reason=pl.lit(LINE),
    )


def _held() -> pl.Expr:
    return pl.col("in_trouble") & pl.col("cannot") & (pl.col("number") % HELD_ONE_IN == 0)


def _holds(people: pl.DataFrame, last_day: int) -> pl.DataFrame:
    review = last_day + 10 + pl.col("number") % 80
    return (
        people.filter(_held())
        .with_columns(placed_on=pl.col("trouble_on") + SETTLED_INTO_TROUBLE, review_on=review)
        .select(
            reference=named("H", "number"),
            borrower=named("B", "number"),
            on=day_of("placed_on"),
            hold=pl.lit("hardship_granted"),
            reason=pl.lit(WORDS),
            review_on=day_of("review_on"),
        )
    )


def _contacts(people: pl.DataFrame, last_day: int) -> pl.DataFrame:
    """Who is in arrears and not left in peace was called once in the last ten days, between nine and six."""
    number = pl.col("number")
    hour = (CALLS_FROM_HOUR + number % 9).cast(pl.String).str.zfill(2)
    minute = (number * 7 % 60).cast(pl.String).str.zfill(2)
    clock = pl.concat_str(pl.lit("T"), hour, pl.lit(":"), minute, pl.lit(":00+08:00"))
    called = people.filter(pl.col("in_trouble") & ~_held()).with_columns(called_on=last_day - 1 - number % 10)
    return called.select(
        reference=named("C", "number"),
        borrower=named("B", "number"),
        at=pl.concat_str(day_of("called_on").cast(pl.String), clock),
        channel=pl.lit("call"),
        purpose=pl.lit("collection"),
        outcome=pl.when(number % 3 == 0).then(pl.lit("reached")).otherwise(pl.lit("unanswered")),
        by=pl.lit("made up"),
    )
