"""Penalty interest: overdue amount × days at the contract rate raised by the product, under its cap."""

from afterloan.compiled import leaf
from afterloan.loan.accrual import ACT_360, PER_DAY, PER_MONTH, SCALE, THIRTY_360, rounded
from afterloan.loan.columns import (
    I_CHARGED_PENALTY,
    I_DUE,
    I_DUE_ON,
    I_OVERDUE_A,
    I_PAID,
    I_WAIVED,
    P_CAP_RATE_YEAR,
    P_DAY_COUNT,
    P_GRACE_PENALTY_DAYS,
    P_PENALTY_ON_INTEREST,
    P_PENALTY_PERMILLE,
    P_PENALTY_START,
    P_PER,
    P_ROUNDING,
)
from afterloan.loan.state import S_CURRENT, S_DUE, S_FIRST, S_PENALTY_BASE, S_PENALTY_RATE
from afterloan.loan.terms import Component, PenaltyStart

PENALTY = int(Component.PENALTY)
INTEREST = int(Component.INTEREST)
PRINCIPAL = int(Component.PRINCIPAL)
RETROACTIVE = int(PenaltyStart.RETROACTIVE)


@leaf
def set_penalty_rate(product, s, rate):
    """The penalty rate: contract rate × permille / 1000, no more than the annual cap, rounded down.

    0.0456 % a day × 1.5 = 0.0684 % a day (6,840); a cap of 24 % a year on 365 days allows 6,575.
    """
    base = 1
    per_year = 365
    if product[P_PER] == PER_MONTH:
        base = 30
        per_year = 12
    elif product[P_PER] != PER_DAY:
        base = 360 if product[P_DAY_COUNT] == ACT_360 or product[P_DAY_COUNT] == THIRTY_360 else 365
        per_year = 1
    raised = rate * product[P_PENALTY_PERMILLE] // 1000
    if product[P_CAP_RATE_YEAR] > 0:
        raised = min(raised, product[P_CAP_RATE_YEAR] // per_year)
    s[S_PENALTY_RATE] = raised
    s[S_PENALTY_BASE] = base


@leaf
def penalty_days(product, rows, k, start, end):
    """Add overdue amount × days of `start … end` to every sort of row: before grace ends only if retroactive."""
    first = start
    if product[P_PENALTY_START] != RETROACTIVE:
        first = max(start, rows[k, I_DUE_ON] + product[P_GRACE_PENALTY_DAYS])
    if first < end:
        unpaid = rows[k, I_DUE + PRINCIPAL] - rows[k, I_PAID + PRINCIPAL] - rows[k, I_WAIVED + PRINCIPAL]
        if product[P_PENALTY_ON_INTEREST]:
            unpaid += rows[k, I_DUE + INTEREST] - rows[k, I_PAID + INTEREST] - rows[k, I_WAIVED + INTEREST]
        rows[k, I_OVERDUE_A] += unpaid * (end - first)


@leaf
def penalty_of(product, s, rows, k, day):
    """Penalties of a row up to `day`: those charged, and penalty interest once grace has run out.

    800.00 overdue for 10 days at 0.05 % × 1.5 a day: 6.00; from the end of 3 days' grace: 4.20.
    """
    charged = rows[k, I_CHARGED_PENALTY]
    if rows[k, I_OVERDUE_A] == 0 or day <= rows[k, I_DUE_ON] + product[P_GRACE_PENALTY_DAYS]:
        return charged
    return charged + rounded(rows[k, I_OVERDUE_A] * s[S_PENALTY_RATE], s[S_PENALTY_BASE] * SCALE, product[P_ROUNDING])


@leaf
def show_penalties(product, s, rows, day):
    """Write the penalties of `day` into the rows that may owe some."""
    for k in range(s[S_FIRST], s[S_CURRENT]):
        if rows[k, I_OVERDUE_A] != 0:
            settled = rows[k, I_PAID + PENALTY] + rows[k, I_WAIVED + PENALTY]
            now = max(penalty_of(product, s, rows, k, day), settled)
            s[S_DUE + PENALTY] += now - rows[k, I_DUE + PENALTY]
            rows[k, I_DUE + PENALTY] = now
