"""The repayments of borrowers that stand, as promises are judged by them."""

from collections.abc import Sequence
from typing import Any

import psycopg

from afterloan.loan.terms import FactKind
from afterloan.strategy.promises import Money

STANDING = (
    "select c.borrower, f.on_day, f.amount_fen, c.reference, f.known_on from fact f join contract c using (loan) "
    "where c.borrower = any(%s) and f.kind = %s and not exists (select from fact r where r.of_fact = f.fact) "
    "order by f.on_day, f.fact"
)


def repaid_by(connection: psycopg.Connection[Any], borrowers: Sequence[int]) -> dict[int, list[Money]]:
    """By borrower (store number) the repayments that stand now, in the caller's transaction; minor units."""
    found: dict[int, list[Money]] = {number: [] for number in borrowers}
    if found:
        for borrower, *money in connection.execute(STANDING, (list(borrowers), int(FactKind.REPAID))).fetchall():
            found[borrower].append(Money(*money))
    return found
