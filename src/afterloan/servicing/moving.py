"""Verbs of money that moves on: reversed, refunded, passed to another loan, taken to the loan it was meant for."""

from datetime import date
from typing import Any

import psycopg
from pydantic import Field

from afterloan.dates import number_of
from afterloan.facts import FactRefused, Refunded, RefundReturned, Reversed
from afterloan.loan.suppose import ends_debt
from afterloan.servicing.asked import Asked
from afterloan.servicing.desk import Desk
from afterloan.servicing.passing import move_repayment, refund, refund_returned, transfer
from afterloan.servicing.telling import took
from afterloan.servicing.verbs import borrower_of_loan


def _owner(connection: psycopg.Connection[Any], of: str) -> tuple[str, str]:
    """The loan and the borrower of a fact. Raises FactRefused (unknown)."""
    row = connection.execute(
        "select c.reference, b.reference from fact f join contract c using (loan) join borrower b using (borrower) "
        "where f.reference = %s",
        (of,),
    ).fetchone()
    if row is None:
        raise FactRefused(
            "of", of, "no fact of that reference", "`afterloan explain LOAN` shows what was told", "unknown"
        )
    return str(row[0]), str(row[1])


class TakeBack(Asked):
    """The fact to take back (`of`: its reference): from the day it took effect it was never there."""

    of: str
    reason: str = Field(min_length=1, max_length=2_000)

    def borrowers(self, connection: psycopg.Connection[Any]) -> list[str]:
        """Whose loan it is."""
        return [_owner(connection, self.of)[1]]


def take_back(desk: Desk, asked: TakeBack, on: date) -> dict[str, Any]:
    """Reverse a repayment or another fact: the books keep both, the loan is reckoned without it."""
    loan, _ = _owner(desk.connection, asked.of)
    known = number_of(on)
    return took(desk, Reversed(loan, desk.reference, known, known, asked.of))


class GiveBack(Asked):
    """Money that waits on `loan` and is given back to the borrower: `amount_fen`, paid out to `account`."""

    loan: str
    amount_fen: int = Field(gt=0)
    account: str = Field(min_length=1, max_length=100)


def give_back(desk: Desk, asked: GiveBack, on: date) -> dict[str, Any]:
    """Record a refund of an overpayment; more than waits is refused."""
    known = number_of(on)
    taken = refund(desk.connection, Refunded(asked.loan, desk.reference, known, known, asked.amount_fen))
    desk.took(taken)
    waits = int(taken.reckoned.position["unapplied_fen"])
    return {"loan": asked.loan, "fact": taken.recorded.fact, "entries": taken.entries, "unapplied_fen": waits}


class RefundCameBack(Asked):
    """A refund, or `amount_fen` of it, came back from the bank on `loan`: not taken, wrong account (`reason`)."""

    loan: str
    amount_fen: int = Field(gt=0)
    reason: str = Field(default="", max_length=2_000)
    happened_on: date | None = None


def came_back(desk: Desk, asked: RefundCameBack, on: date) -> dict[str, Any]:
    """Record that a refund came back: its money waits again and is due; more than was given is refused."""
    day = number_of(asked.happened_on or on)
    fact = RefundReturned(asked.loan, desk.reference, day, number_of(on), asked.amount_fen)
    taken = refund_returned(desk.connection, fact)
    desk.took(taken)
    waits = int(taken.reckoned.position["unapplied_fen"])
    return {"loan": asked.loan, "fact": taken.recorded.fact, "entries": taken.entries, "unapplied_fen": waits}


class PassOn(Asked):
    """Money that waits on `loan` is passed on to the same borrower's loan `target`."""

    loan: str
    target: str
    amount_fen: int = Field(gt=0)


def pass_on(desk: Desk, asked: PassOn, on: date) -> dict[str, Any]:
    """Pass waiting money on: two facts under one reference; loans of two borrowers are refused."""
    known = number_of(on)
    done = transfer(desk.connection, asked.loan, asked.target, desk.reference, known, known, asked.amount_fen)
    desk.took(done.out, done.into)
    return {
        "loan": asked.loan,
        "target": asked.target,
        "payoff_fen": ends_debt(done.into.reckoned.position),
        "entries": done.out.entries + done.into.entries,
    }


class MoveRepayment(Asked):
    """The repayment `of`, or `amount_fen` of it, belongs to loan `target`, of whichever borrower."""

    of: str
    target: str
    amount_fen: int | None = Field(default=None, gt=0)

    def borrowers(self, connection: psycopg.Connection[Any]) -> list[str]:
        """Both borrowers, for both loans change."""
        return [_owner(connection, self.of)[1], borrower_of_loan(connection, self.target)]


def move(desk: Desk, asked: MoveRepayment, on: date) -> dict[str, Any]:
    """Move a repayment from the wrong loan to the right one: it counts there from the day it was received."""
    loan, _ = _owner(desk.connection, asked.of)
    known = number_of(on)
    done = move_repayment(desk.connection, asked.of, asked.target, desk.reference, known, asked.amount_fen)
    desk.took(done.out, done.into)
    return {
        "loan": loan,
        "target": asked.target,
        "entries": done.out.entries + done.into.entries,
        "payoff_fen": ends_debt(done.into.reckoned.position),
    }
