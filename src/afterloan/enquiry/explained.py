"""The story of a borrower's own loan with its working, and the rules on which it rests."""

from dataclasses import dataclass
from typing import Any

import psycopg

from afterloan.enquiry.mine import own_loan
from afterloan.facts import FactRefused
from afterloan.report.explain import ExplainedLine, explain


@dataclass(frozen=True, slots=True)
class Explained:
    """A loan's story; `adds_up`: the movements told come to what is owed."""

    loan: str
    lines: tuple[ExplainedLine, ...]
    adds_up: bool


PRODUCT = "select p.code from contract c join product p on p.number = c.product where c.reference = %s"


def explained(
    connection: psycopg.Connection[Any], borrower: str, loan: str, on: int, known_on: int | None, language: str
) -> Explained:
    """The story up to a day, as known on another (None: now). Raises FactRefused: unknown, or not to be reckoned."""
    book = own_loan(connection, borrower, loan)
    row = connection.execute(PRODUCT, (loan,)).fetchone()
    assert row is not None
    try:
        told = explain(book, 0, str(row[0]), on, known_on, language)
    except ValueError as error:
        raise FactRefused("loan", loan, str(error), "we are looking into it") from error
    return Explained(loan, tuple(told.lines), told.adds_up)
