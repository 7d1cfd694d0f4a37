"""Money received for a loan: the fact, its reckoning and entries, and peace for a borrower whom it cures."""

from datetime import date
from typing import Annotated, Any

import psycopg
from pydantic import Field

from afterloan.dates import date_of, number_of
from afterloan.facts import Fact, Repaid
from afterloan.servicing.asked import Asked
from afterloan.servicing.booking import take
from afterloan.servicing.desk import Desk
from afterloan.servicing.withdrawal import withdraw_cured


class TakeRepayment(Asked):
    """Money received for `loan`: `amount_fen` minor units, on the account since `received_on`."""

    loan: str
    amount_fen: Annotated[int, Field(gt=0)]
    received_on: date


def take_repayment(desk: Desk, asked: TakeRepayment, on: date) -> dict[str, Any]:
    """Record the repayment, reckon the loan and post the difference.

    `entries`: how many were posted; `payoff_fen`: what would end the loan now. 743.20 that meets the instalment of
    743.20 due that day posts three entries and leaves the rest of the loan as `payoff_fen`.
    """
    fact = Repaid(asked.loan, desk.reference, number_of(asked.received_on), number_of(on), asked.amount_fen)
    taken = take(desk.connection, fact)
    return {
        "loan": asked.loan,
        "fact": taken.recorded.fact,
        "entries": taken.entries,
        "payoff_fen": int(taken.reckoned.position["payoff_fen"]),
    }


def take_money(connection: psycopg.Connection[Any], fact: Fact) -> int:
    """A fact of money with its reckoning and entries; returns what of the loan's money is unapplied.

    A borrower whom it cures is left in peace at once: what was planned for today is withdrawn with it.
    """
    taken = take(connection, fact)
    position = taken.reckoned.position
    if isinstance(fact, Repaid):
        leave_in_peace(connection, fact)
    return int(position["unapplied_fen"]) if int(position["payoff_fen"]) == 0 else 0


def leave_in_peace(connection: psycopg.Connection[Any], fact: Fact) -> int:
    """Withdraw what is planned for a borrower who owes nothing after a repayment; returns how many actions."""
    row = connection.execute(
        "select b.reference from contract c join borrower b using (borrower) where c.reference = %s", (fact.loan,)
    ).fetchone()
    assert row is not None
    return withdraw_cured(connection, str(row[0]), date_of(fact.known_on))
