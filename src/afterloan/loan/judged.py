"""What a judgment debt earns day by day: ordinary interest as the court allows it, extra interest for late payment.

Both stand in a row of their own, so that the sum which the court fixed stays what it is; each is rounded once.
"""

from afterloan.compiled import stage
from afterloan.loan.accrual import rounded, rounded_on_base
from afterloan.loan.bounds import LIMIT, OUT_OF_BOUNDS
from afterloan.loan.columns import I_ACCRUED_A, I_ACCRUED_B, I_CHARGED_PENALTY, I_DUE, I_DUE_ON, I_NUMBER
from afterloan.loan.moves import moved
from afterloan.loan.terms import RATE_SCALE, Cause, Component
from afterloan.loan.waterfall import owed

PENALTY = int(Component.PENALTY)
INTEREST = int(Component.INTEREST)
PRINCIPAL = int(Component.PRINCIPAL)
FELL_DUE = int(Cause.FELL_DUE)
SCALE = RATE_SCALE


@stage
def bear_judged(life, start, until):
    """Interest of the days `start … until` on the principal of the judgment that is unpaid.

    1,000.00 at 0.04 % a day: 0.40 a day; after the day of performance also 0.0175 %: 0.175 a day. While penalties are
    held the extra interest is held too.
    """
    k = life.judged_row
    late = 0 if life.penalty_held else max(until - max(start, life.perform_by), 0)
    most = max(life.judged_rate * (until - start), life.extra_rate * late)
    if life.balance <= 0 or most == 0:
        return
    if most > LIMIT // life.balance:
        life.error = OUT_OF_BOUNDS
        return
    life.rows[k, I_ACCRUED_A] += life.balance * life.judged_rate * (until - start)
    life.rows[k, I_ACCRUED_B] += life.balance * life.extra_rate * late
    if life.judged_parts and late > 0:
        spare_parts_ahead(life, start, until)
    if life.rows[k, I_ACCRUED_A] > LIMIT or life.rows[k, I_ACCRUED_B] > LIMIT:
        life.error = OUT_OF_BOUNDS


@stage
def spare_parts_ahead(life, start, until):
    """A part that a court lets the debtor pay later bears no extra interest before its own day.

    520.00 due on 10 December: none of it in November, while 300.00 due on 10 November do from the 11th on.
    """
    begins = max(start, life.perform_by)
    for j in range(life.first, life.count):
        early = min(until, life.rows[j, I_DUE_ON]) - begins
        if early > 0:
            life.rows[life.judged_row, I_ACCRUED_B] -= max(owed(life, j, PRINCIPAL), 0) * life.extra_rate * early


@stage
def show_judged(product, life):
    """Write what the judgment debt has earned up to today into its own row: it is due at once."""
    k = life.judged_row
    more = (
        rounded_on_base(life.rows[k, I_ACCRUED_A], life.judged_base, product.rounding) - life.rows[k, I_DUE + INTEREST]
    )
    if more > 0:
        life.rows[k, I_DUE + INTEREST] += more
        life.due[INTEREST] += more
        moved(life, life.day, FELL_DUE, life.rows[k, I_NUMBER], INTEREST, -1, more)
    extra = rounded(life.rows[k, I_ACCRUED_B], SCALE, product.rounding) + life.rows[k, I_CHARGED_PENALTY]
    more = extra - life.rows[k, I_DUE + PENALTY]
    if more > 0:
        life.rows[k, I_DUE + PENALTY] += more
        life.due[PENALTY] += more
