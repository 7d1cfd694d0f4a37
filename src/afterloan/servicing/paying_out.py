"""Money paid out on a contract, never more than the contract says."""

from datetime import date
from typing import Any

import psycopg
from pydantic import Field

from afterloan.dates import number_of
from afterloan.facts import Disbursed, FactRefused
from afterloan.money import show_amount
from afterloan.servicing.asked import Asked
from afterloan.servicing.booking import take
from afterloan.servicing.desk import Desk
from afterloan.servicing.telling import told_after


class PayOut(Asked):
    """Money was paid out: `amount_fen` minor units on `loan`, on the day on which it `happened_on` (else today)."""

    loan: str
    amount_fen: int = Field(gt=0)
    happened_on: date | None = None


def pay_out(desk: Desk, asked: PayOut, on: date) -> dict[str, Any]:
    """Record the pay-out, reckon the loan and post the difference; what is owed afterwards is told.

    A contract of 120.00 of which 70.00 were paid out takes 50.00 more, and refuses 50.01.
    """
    happened = number_of(asked.happened_on or on)
    taken = take(desk.connection, Disbursed(asked.loan, desk.reference, happened, number_of(on), asked.amount_fen))
    refuse_above_contract(desk.connection, asked.loan, asked.amount_fen, int(taken.reckoned.position["disbursed_fen"]))
    return told_after(desk, asked.loan, taken)


def refuse_above_contract(connection: psycopg.Connection[Any], loan: str, amount_fen: int, paid_fen: int) -> None:
    """Refuse a pay-out of `amount_fen` that makes `paid_fen`, itself included, on a smaller contract. FactRefused."""
    row = connection.execute("select principal_fen from contract where reference = %s", (loan,)).fetchone()
    assert row is not None
    if paid_fen > row[0]:
        others = f"with the {show_amount(paid_fen - amount_fen)} before it " if paid_fen > amount_fen else ""
        raise FactRefused(
            "amount_fen", show_amount(amount_fen), f"is {others}more than the contract's {show_amount(row[0])}",
            "correct the amount; more money needs a contract of its own (`afterloan do contract.sign`), and a pay-out "
            "that came back is reversed first (`afterloan reverse`)",
        )  # fmt: skip
