"""What borrowers owe on a day of theirs, as their messages tell it: the rows of their live loans, known up to now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
import psycopg

from afterloan.loan.book import Book
from afterloan.loan.reckon import reckon_book
from afterloan.rules.trifles import without_trifles
from afterloan.store.loans import loans_now
from afterloan.strategy.frame import loan_frame
from afterloan.strategy.plan import loans_of

OF_BORROWERS = "c.borrower = any(%(of)s)"


@dataclass(frozen=True, slots=True)
class LoansHeld:
    """The loans of some borrowers as a book, and `names` (loan, borrower, reference) in its order."""

    book: Book
    names: list[tuple[int, int, str]]

    @property
    def owners(self) -> set[int]:
        """Who of them has a loan in the book."""
        return {borrower for _, borrower, _ in self.names}


@dataclass(frozen=True, slots=True)
class OwedOnDay:
    """By borrower (store number): the rows of their live loans on a day; `unreckoned`: of whom nobody can say."""

    on: int
    loans: Mapping[int, list[dict[str, Any]]]
    unreckoned: frozenset[int]


def loans_held(connection: psycopg.Connection[Any], borrowers: Sequence[int]) -> LoansHeld:
    """All loans of borrowers, as the caller's transaction sees them."""
    names = connection.execute(
        "select c.loan, c.borrower, c.reference from contract c where c.borrower = any(%s) order by c.loan",
        (list(borrowers),),
    ).fetchall()
    return LoansHeld(loans_now(connection, OF_BORROWERS, {"of": list(borrowers)}), names)


def owed_on_day(held: LoansHeld, most: Mapping[int, int], day: int) -> OwedOnDay:
    """What is owed on a day, known up to now; arrears up to `most` (by borrower, in minor units) are no arrears."""
    positions = reckon_book(held.book, day, day + 1)  # the lender's day may be a day ahead of the borrower's
    owners = np.array([borrower for _, borrower, _ in held.names], np.int64)
    positions = without_trifles(positions, np.array([most[n] for n in owners.tolist()], np.int64))
    product = held.book.contracts["product"].astype(np.int64)
    told = pl.DataFrame(
        {"loan": [n for n, _, _ in held.names], "reference": [r for _, _, r in held.names]},
        schema={"loan": pl.Int64, "reference": pl.String},
    )
    frame = loan_frame(positions, owners, held.book.products, product, day).join(told, on="loan", how="left")
    unreckoned = frozenset(owners[positions["error"] != 0].tolist())
    return OwedOnDay(day, loans_of(frame, sorted(set(owners.tolist()))), unreckoned)
