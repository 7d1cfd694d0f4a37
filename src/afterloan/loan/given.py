"""Money given back to the borrower or passed on to another loan, out of what waits unapplied; and coming in again."""

from afterloan.compiled import leaf, stage
from afterloan.dates import NEVER
from afterloan.loan.moves import moved
from afterloan.loan.terms import Cause, FactKind

REFUNDED = int(FactKind.REFUNDED)
REFUND_RETURNED = int(FactKind.REFUND_RETURNED)
TRANSFERRED_IN = int(FactKind.TRANSFERRED_IN)
WAS_REFUNDED = int(Cause.REFUNDED)
WAS_TRANSFERRED_IN = int(Cause.TRANSFERRED_IN)
WAS_TRANSFERRED_OUT = int(Cause.TRANSFERRED_OUT)
WAS_UNAPPLIED = int(Cause.UNAPPLIED)


@leaf
def kept(life):
    """Money received for the loan and not given back or passed on: 800.00 received and 100.00 refunded is 700.00."""
    return life.repaid - life.refunded - life.transferred_out


@stage
def give(life, fact, k):
    """Money leaves the loan: refunded, or passed on to another one.

    The doors allow no more than waits. Where late news takes the money behind it back, what waits becomes negative:
    the borrower owes it, the payoff asks for it, and the next money makes it good before it meets anything else.
    """
    life.unapplied -= fact.amount_fen
    if life.unapplied < 0:
        life.settled_on = NEVER  # a loan that had ended owes again
    if fact.kind == REFUNDED:
        life.refunded += fact.amount_fen
        moved(life, fact.on, WAS_REFUNDED, 0, -1, k, fact.amount_fen)
    else:
        life.transferred_out += fact.amount_fen
        moved(life, fact.on, WAS_TRANSFERRED_OUT, 0, -1, k, fact.amount_fen)
    moved(life, fact.on, WAS_UNAPPLIED, 0, -1, k, -fact.amount_fen)


@leaf
def count_in(life, fact, k):
    """Money has come: a repayment, a transfer from another loan, or a refund that came back."""
    if fact.kind == REFUND_RETURNED:
        life.refunded -= fact.amount_fen
        moved(life, fact.on, WAS_REFUNDED, 0, -1, k, -fact.amount_fen)
        return
    life.repaid += fact.amount_fen
    life.last_repaid_on = fact.on
    if fact.kind == TRANSFERRED_IN:
        life.transferred_in += fact.amount_fen
        moved(life, fact.on, WAS_TRANSFERRED_IN, 0, -1, k, fact.amount_fen)


@stage
def make_good(life, money, day, k):
    """What was given back without cover is owed back first; returns what is left of `money`."""
    part = min(money, -life.unapplied)
    life.unapplied += part
    moved(life, day, WAS_UNAPPLIED, 0, -1, k, part)
    return money - part
