"""The movements of a loan, written down as they happen, as far as there is room for them."""

from afterloan.compiled import leaf
from afterloan.loan.columns import M_AMOUNT, M_CAUSE, M_COMPONENT, M_FACT, M_INSTALMENT, M_ON
from afterloan.loan.state import S_MOVES


@leaf
def moved(moves, s, on, cause, instalment, component, fact, amount):
    """Write one movement; without room it is only counted, so that the caller can come again with more."""
    k = s[S_MOVES]
    s[S_MOVES] = k + 1
    if k < moves.shape[0]:
        move = moves[k]
        move[M_ON] = on
        move[M_CAUSE] = cause
        move[M_INSTALMENT] = instalment
        move[M_COMPONENT] = component
        move[M_FACT] = fact
        move[M_AMOUNT] = amount
