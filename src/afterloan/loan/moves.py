"""The movements of a loan, written down as they happen, when somebody wants to read them."""

from afterloan.compiled import leaf
from afterloan.loan.columns import (
    M_AMOUNT,
    M_CAUSE,
    M_COMPONENT,
    M_FACT,
    M_INSTALMENT,
    M_ON,
)
from afterloan.loan.terms import MOVES


@leaf
def moved(life, on, cause, instalment, component, fact, amount):
    """Write one movement if the life keeps them; beyond `MOVES` they are only counted."""
    if life.keep:
        k = life.moved
        life.moved = k + 1
        if k < MOVES:
            life.moves[k, M_ON] = on
            life.moves[k, M_CAUSE] = cause
            life.moves[k, M_INSTALMENT] = instalment
            life.moves[k, M_COMPONENT] = component
            life.moves[k, M_FACT] = fact
            life.moves[k, M_AMOUNT] = amount
