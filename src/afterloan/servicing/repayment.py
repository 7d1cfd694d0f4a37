"""Money received for a loan: the fact, its reckoning and entries, and peace for a borrower whom it cures."""

from datetime import date
from typing import Any

import psycopg

from afterloan.dates import iso
from afterloan.facts import Fact, Repaid
from afterloan.servicing.booking import take
from afterloan.servicing.withdrawal import withdraw_cured


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
    return withdraw_cured(connection, str(row[0]), date.fromisoformat(iso(fact.known_on)))
