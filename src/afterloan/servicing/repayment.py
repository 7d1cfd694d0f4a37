"""Money received for a loan: the fact, its reckoning and entries. What it ends is asked by the door (`after.py`)."""

from datetime import date
from typing import Annotated, Any

import psycopg
from pydantic import Field

from afterloan.dates import number_of
from afterloan.facts import Fact, Repaid
from afterloan.loan.suppose import ends_debt
from afterloan.servicing.asked import Asked
from afterloan.servicing.asked_back import refuse_far_ahead, refuse_not_paid_out, refuse_too_much
from afterloan.servicing.booking import take
from afterloan.servicing.desk import Desk


class TakeRepayment(Asked):
    """Money received for `loan`: `amount_fen` minor units, on the account since `received_on`.

    `more_than_owed`: why far more than is owed came; without it such an amount is asked back.
    """

    loan: str
    amount_fen: Annotated[int, Field(gt=0)]
    received_on: date
    # left out where nothing is said, so that askings kept before this field was there stay the same
    more_than_owed: Annotated[str, Field(max_length=4_000, exclude_if=lambda reason: not reason)] = ""


def take_repayment(desk: Desk, asked: TakeRepayment, on: date) -> dict[str, Any]:
    """Record the repayment, reckon the loan and post the difference.

    `entries`: how many were posted; `payoff_fen`: what would end the debt now. 743.20 that meets the instalment of
    743.20 due that day posts three entries and leaves the rest of the loan as `payoff_fen`.
    """
    refuse_far_ahead(desk.connection, on)
    fact = Repaid(asked.loan, desk.reference, number_of(asked.received_on), number_of(on), asked.amount_fen)
    taken = take(desk.connection, fact)
    refuse_not_paid_out(taken.reckoned, asked.loan)
    if not asked.more_than_owed.strip():
        refuse_too_much(taken.reckoned, asked.amount_fen)
    desk.took(taken)
    return {
        "loan": asked.loan,
        "fact": taken.recorded.fact,
        "entries": taken.entries,
        "payoff_fen": ends_debt(taken.reckoned.position),
    }


def take_money(connection: psycopg.Connection[Any], fact: Fact) -> int:
    """A fact of money with its reckoning and entries; returns what of the loan's money is unapplied."""
    position = take(connection, fact).reckoned.position
    return int(position["unapplied_fen"]) if int(position["payoff_fen"]) == 0 else 0
