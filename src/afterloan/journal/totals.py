"""All running totals of loans: those that columns of the position say, and what the books say beside them."""

from afterloan.journal.beside import Beside, put_beside
from afterloan.journal.difference import Totals, totals_of_columns
from afterloan.loan.book import Records


def totals_of(positions: Records, kept: Totals | None = None, judged: Beside | None = None) -> Totals:
    """Running totals [n, SLOTS] of POSITION [n]; a loan that could not be reckoned keeps its row of `kept`.

    `judged`: what the rules of accounting say of the loans; without it the slots booked in sums say nothing of them.
    A loan paid off with 50.00 too much: 50.00 of refund due, beside all that its columns say.
    """
    totals = totals_of_columns(positions, kept)
    put_beside(positions, totals, judged)
    return totals
