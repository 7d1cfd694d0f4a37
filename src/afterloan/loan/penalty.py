"""Penalty interest: overdue amount × days at the contract rate raised by the product, under its cap."""

from afterloan.compiled import leaf, stage
from afterloan.loan.accrual import (
    ACT_360,
    PER_DAY,
    PER_MONTH,
    THIRTY_360,
    rounded_on_base,
)
from afterloan.loan.bounds import LIMIT, OUT_OF_BOUNDS
from afterloan.loan.columns import (
    I_CHARGED_PENALTY,
    I_DUE,
    I_DUE_ON,
    I_OVERDUE_A,
    I_PAID,
    I_WAIVED,
)
from afterloan.loan.terms import Component, PenaltyStart

PENALTY = int(Component.PENALTY)
INTEREST = int(Component.INTEREST)
PRINCIPAL = int(Component.PRINCIPAL)
RETROACTIVE = int(PenaltyStart.RETROACTIVE)


@stage
def set_penalty_rate(product, life, rate):
    """The penalty rate: contract rate × permille / 1000, no more than the annual cap, rounded down.

    0.0456 % a day × 1.5 = 0.0684 % a day (6,840); a cap of 24 % a year on 365 days allows 6,575.
    """
    base = 1
    per_year = 365
    if product.per == PER_MONTH:
        base = 30
        per_year = 12
    elif product.per != PER_DAY:
        base = 360 if product.day_count == ACT_360 or product.day_count == THIRTY_360 else 365
        per_year = 1
    raised = rate * product.penalty_permille // 1000
    if product.cap_rate_year > 0:
        raised = min(raised, product.cap_rate_year // per_year)
    life.penalty_rate = raised
    life.penalty_base = base


@leaf
def penalty_days(product, life, k, start, end):
    """Add overdue amount × days of `start … end` to every sort of row: before grace ends only if retroactive."""
    first = start
    if product.penalty_start != RETROACTIVE:
        first = max(start, life.rows[k, I_DUE_ON] + product.grace_penalty_days)
    if first < end:
        unpaid = life.rows[k, I_DUE + PRINCIPAL] - life.rows[k, I_PAID + PRINCIPAL] - life.rows[k, I_WAIVED + PRINCIPAL]
        if product.penalty_on_interest:
            unpaid += (
                life.rows[k, I_DUE + INTEREST] - life.rows[k, I_PAID + INTEREST] - life.rows[k, I_WAIVED + INTEREST]
            )
        life.rows[k, I_OVERDUE_A] += unpaid * (end - first)


@leaf
def penalty_of(product, life, k, day):
    """Penalties of a row up to `day`: those charged, and penalty interest once grace has run out.

    800.00 overdue for 10 days at 0.05 % × 1.5 a day: 6.00; from the end of 3 days' grace: 4.20.
    """
    charged = life.rows[k, I_CHARGED_PENALTY]
    if life.rows[k, I_OVERDUE_A] == 0 or day <= life.rows[k, I_DUE_ON] + product.grace_penalty_days:
        return charged
    return charged + rounded_on_base(life.rows[k, I_OVERDUE_A] * life.penalty_rate, life.penalty_base, product.rounding)


@stage
def show_penalties(product, life, day):
    """Write the penalties of `day` into the rows that may owe some."""
    for k in range(life.first, life.current):
        if life.rows[k, I_OVERDUE_A] != 0:
            if life.rows[k, I_OVERDUE_A] > LIMIT // max(life.penalty_rate, 1):
                life.error = OUT_OF_BOUNDS
                return
            settled = life.rows[k, I_PAID + PENALTY] + life.rows[k, I_WAIVED + PENALTY]
            now = max(penalty_of(product, life, k, day), settled)
            life.due[PENALTY] += now - life.rows[k, I_DUE + PENALTY]
            life.rows[k, I_DUE + PENALTY] = now
