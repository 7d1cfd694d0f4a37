"""Contract interest of principal that no instalment brings any more, day by day until it is repaid.

It was called due at once, or the last due day has passed and the product lets overdue principal go on bearing
interest. What has been earned is due each day, in the row that was called due or fell due last, rounded once.
"""

from afterloan.compiled import stage
from afterloan.loan.accrual import accrue, interest_of
from afterloan.loan.bounds import LIMIT, OUT_OF_BOUNDS
from afterloan.loan.columns import I_ACCRUED_A, I_AGREED, I_CARRIED, I_DUE, I_NUMBER, I_TIMES
from afterloan.loan.moves import moved
from afterloan.loan.terms import Cause, Component
from afterloan.loan.waterfall import owed

INTEREST = int(Component.INTEREST)
PRINCIPAL = int(Component.PRINCIPAL)
FELL_DUE = int(Cause.FELL_DUE)


@stage
def run_on(product, life, start, until):
    """Interest of the days `start … until` on what is unpaid of the row that runs on.

    1,000.00 called due, at 0.05 % a day: 0.50 for each day until it is repaid. Where all that is past due bears
    interest, older rows bear it too.
    """
    k = life.running
    unpaid = life.overdue_principal if product.past_due_bears_interest else owed(life, k, PRINCIPAL)
    if unpaid <= 0 or life.rate == 0:
        return
    if life.rate * (until - start) > LIMIT // unpaid:
        life.error = OUT_OF_BOUNDS
        return
    accrue(product, life, k, unpaid * life.rate, start, until)
    if life.rows[k, I_ACCRUED_A] > LIMIT // max(life.rows[k, I_TIMES], 1):
        life.error = OUT_OF_BOUNDS


@stage
def show_running(product, life):
    """Write the interest earned up to today into the row that runs on: it is due at once."""
    k = life.running
    now = interest_of(product, life, k) + life.rows[k, I_CARRIED] + life.rows[k, I_AGREED]
    more = now - life.rows[k, I_DUE + INTEREST]
    if more > 0:
        life.rows[k, I_DUE + INTEREST] += more
        life.due[INTEREST] += more
        moved(life, life.day, FELL_DUE, life.rows[k, I_NUMBER], INTEREST, -1, more)
