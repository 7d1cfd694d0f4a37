"""The movements of a loan, written down as they happen, when somebody wants to read them."""

from afterloan.compiled import leaf, stage
from afterloan.loan.columns import (
    M_AMOUNT,
    M_CAUSE,
    M_COMPONENT,
    M_FACT,
    M_INSTALMENT,
    M_ON,
)
from afterloan.loan.terms import MOVES


@stage
def write_movement(life, on, cause, instalment, component, fact, amount):
    """Write one movement down; beyond `MOVES` they are only counted."""
    k = life.moved
    life.moved = k + 1
    if k < MOVES:
        life.moves[k, M_ON] = on
        life.moves[k, M_CAUSE] = cause
        life.moves[k, M_INSTALMENT] = instalment
        life.moves[k, M_COMPONENT] = component
        life.moves[k, M_FACT] = fact
        life.moves[k, M_AMOUNT] = amount


@leaf
def moved(life, on, cause, instalment, component, fact, amount):
    """Write one movement if the life keeps them: at night over a whole book nobody reads them."""
    if life.keep:
        write_movement(life, on, cause, instalment, component, fact, amount)
