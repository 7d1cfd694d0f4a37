"""Some generated borrowers in a row with their loans and receipts, and how their numbers and days stand in a table."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

Records = npt.NDArray[np.void]
Tables = dict[str, pl.DataFrame]
"""Tables by the name of the file that they are for."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some borrowers in a row: BORROWER [b] numbered from `first`, CONTRACT [n], RECEIPT [k]."""

    first: int
    borrowers: Records
    contracts: Records
    receipts: Records


def named(letter: str, column: str) -> pl.Expr:
    """`L0000000042` for loan 42."""
    return pl.concat_str(pl.lit(letter), pl.col(column).cast(pl.String).str.zfill(10))


def day_of(column: str) -> pl.Expr:
    """A column of day numbers as dates."""
    return pl.col(column).cast(pl.Int32).cast(pl.Date)


def frame(records: Records, *columns: str) -> pl.DataFrame:
    """Some columns of records as a table."""
    return pl.DataFrame({name: np.ascontiguousarray(records[name]) for name in columns})
