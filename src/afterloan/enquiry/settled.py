"""Whether a loan was settled, by when and by what: what a confirmation of it says."""

from datetime import date
from typing import Any

import psycopg

from afterloan.dates import NEVER, date_of, number_of
from afterloan.facts import FactRefused
from afterloan.loan.reckon import reckon_loan
from afterloan.loan.suppose import alone
from afterloan.report.settled import SettledLoan
from afterloan.store.loans import ONE_LOAN, loans_now

WHO = (
    "select c.loan, b.reference, b.name, c.signed_on from contract c join borrower b using (borrower) "
    "where c.reference = %s"
)


def settled_loan(connection: psycopg.Connection[Any], loan: str, on: date) -> SettledLoan:
    """A loan that was paid off by a day, as known that day. Raises FactRefused: unknown, or not settled yet."""
    row = connection.execute(WHO, (loan,)).fetchone()
    if row is None:
        raise FactRefused("loan", loan, "no contract of that reference", "`afterloan find` looks for loans", "unknown")
    number, borrower, name, signed_on = row
    book = loans_now(connection, ONE_LOAN, {"of": number})
    position = reckon_loan(alone(book, 0, number_of(on)), 0, number_of(on)).position
    if position["error"] or position["paid_off_on"] == NEVER:
        raise FactRefused(
            "loan", loan, f"is not settled on {on}", "`afterloan quote give` says what ends it", "too_early"
        )
    paid = int(position["repaid_fen"] - position["refunded_fen"] - position["unapplied_fen"])
    return SettledLoan(
        loan, borrower, name, signed_on, date_of(int(position["paid_off_on"])),
        int(position["disbursed_fen"]), paid, int(position["waived_fen"].sum()),
    )  # fmt: skip
