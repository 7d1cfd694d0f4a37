"""The rest of a loan called due at once, by notice, on a day."""

from afterloan.compiled import leaf, stage
from afterloan.dates import NEVER
from afterloan.loan.columns import I_NUMBER
from afterloan.loan.life import IMPORTED, apply_waiting, bring_forward
from afterloan.loan.moves import moved
from afterloan.loan.penalty import show_penalties
from afterloan.loan.terms import Cause, FactKind, OnAccelerated
from afterloan.loan.waterfall import pass_paid

WITHDRAWN = int(FactKind.ACCELERATION_WITHDRAWN)
ALL = int(OnAccelerated.ALL)
WAS_ACCELERATED = int(Cause.ACCELERATED)


@stage
def is_withdrawn(facts, k, end, as_of, known_on):
    """Whether the acceleration `facts[k]` was withdrawn by the end of `as_of`: it then never had an effect.

    So interest, penalties and where the money went are those of the schedule that holds again; there is no second
    way of putting rows back. Before the day of the withdrawal the loan is seen as accelerated.
    """
    for j in range(k + 1, end):
        if facts[j].on > as_of:
            return False
        if facts[j].kind == WITHDRAWN and facts[j].known_on <= known_on < facts[j].gone_on:
            return True
    return False


@stage
def accelerate(product, life, fact, k):
    """All rows ahead become one that falls due on the day: principal, and the interest earned until then.

    1,000.00 lent at 0.05 % a day, interest monthly, called due ten days into the fourth month: 1,000.00 of principal
    and 5.00 of interest beside the arrears. No instalment falls due afterwards; the oldest unpaid due date stays.
    """
    row = life.current
    ahead = life.balance - life.overdue_principal
    if row >= life.count or ahead <= 0:
        return  # nothing is left to call due
    show_penalties(product, life, fact.on)
    moved(life, fact.on, WAS_ACCELERATED, life.rows[row, I_NUMBER], -1, k, ahead)
    bring_forward(product, life, fact.on)
    life.accelerated_on = fact.on
    life.accelerated_row = row
    life.forgive_rows = 0
    if product.penalty_accelerated != ALL:
        life.spared = row
    if product.method != IMPORTED and (life.spared >= 0 or product.past_due_bears_interest):
        life.running = row
    if life.unapplied > 0:
        apply_waiting(product, life, fact.on)
    pass_paid(life)


@leaf
def forget_acceleration(life):
    """New instalments were agreed on: what was called due, or fixed by a court, is arranged anew."""
    life.judged_on = NEVER
    life.judged_sum_row = -1
    life.judged_row = -1
    life.judged_parts = 0
    life.accelerated_on = NEVER
    life.accelerated_row = -1
    life.spared = -1
    life.running = -1
