"""Penalty interest: each day's overdue amount at that day's rate, which is the contract rate raised, under its cap."""

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
    I_GRACE_RATE,
    I_OVERDUE_A,
    I_PAID,
    I_WAIVED,
)
from afterloan.loan.judged import show_judged
from afterloan.loan.running import show_running
from afterloan.loan.terms import Accrual, Component, PenaltyStart

PENALTY = int(Component.PENALTY)
INTEREST = int(Component.INTEREST)
PRINCIPAL = int(Component.PRINCIPAL)
ACTUAL = int(Accrual.ACTUAL)
RETROACTIVE = int(PenaltyStart.RETROACTIVE)
YEAR_OF_CAP = 365
SAFE_DAY = 1 << 53  # a day's growth below this for fewer than SAFE_DAYS days stays below LIMIT
SAFE_DAYS = 512


@leaf
def penalty_base(per, day_count):
    """Days that one penalty rate is for: 1, 30 of a month, 365 of a year, or 360 where the product counts so."""
    if per == PER_DAY:
        return 1
    if per == PER_MONTH:
        return 30
    return 360 if day_count == ACT_360 or day_count == THIRTY_360 else 365


@leaf
def raised_rate(rate, permille, cap_rate_year, base, goes_on):
    """The penalty rate for `base` days: contract rate × permille / 1000, under the cap, rounded down.

    0.0456 % a day × 1.5 = 0.0684 % a day (6,840); a cap of 24 % a year of 365 days allows 6,575. A year's rate on
    360 days is held to 24 % × 360 / 365 = 23.67123 %. `goes_on` is the contract rate that overdue principal goes
    on bearing beside the penalty: 18 % of the 24 % are then taken, and 6 % are left.
    """
    raised = rate * permille // 1000
    if cap_rate_year > 0:
        raised = min(raised, max(cap_rate_year * base // YEAR_OF_CAP - goes_on, 0))
    return raised


@stage
def set_penalty_rate(product, life, rate):
    """What a day overdue costs from now on at the contract rate `rate`."""
    base = penalty_base(product.per, product.day_count)
    goes_on = rate if product.past_due_bears_interest and product.accrual == ACTUAL else 0
    life.penalty_rate = raised_rate(rate, product.penalty_permille, product.cap_rate_year, base, goes_on)
    life.penalty_base = base


@leaf
def bearing_penalty(product, life, k):
    """What of a row bears penalty interest: unpaid principal, and unpaid interest where the product says so."""
    unpaid = life.rows[k, I_DUE + PRINCIPAL] - life.rows[k, I_PAID + PRINCIPAL] - life.rows[k, I_WAIVED + PRINCIPAL]
    if product.penalty_on_interest:
        unpaid += life.rows[k, I_DUE + INTEREST] - life.rows[k, I_PAID + INTEREST] - life.rows[k, I_WAIVED + INTEREST]
    return unpaid


@stage
def add_large(life, k, amount, times):
    """Add `amount × times` to what a row bears, or give the loan up as out of bounds before int64 wraps."""
    if times > 0 and amount > LIMIT // times:
        life.error = OUT_OF_BOUNDS
    else:
        life.rows[k, I_OVERDUE_A] += amount * times


@stage
def bear_penalties(product, life, start, end):
    """Let the rows that have fallen due and are not paid bear penalty interest for the days `start … end`."""
    rate = 0 if life.penalty_held else life.penalty_rate
    for k in range(life.first, life.current):
        if k != life.spared:
            penalty_days(product, life, k, rate, start, end)


@leaf
def penalty_days(product, life, k, rate, start, end):
    """Let a row bear penalty interest for the days `start … end` at `rate`, 0 while penalties are held.

    Until grace ends only what 1 would bear is added up; what is still unpaid then bears it, so that money paid
    inside grace bears nothing. Later days are borne as they pass.
    """
    start = max(start, life.rows[k, I_DUE_ON])  # asked for before a holiday, due after it
    if start >= end:
        return
    first = start
    grace_ends = life.rows[k, I_DUE_ON] + product.grace_penalty_days
    if start <= grace_ends:
        if product.penalty_start == RETROACTIVE:
            life.rows[k, I_GRACE_RATE] += rate * (min(end, grace_ends) - start)
        if end <= grace_ends:
            return
        first = grace_ends
        if life.rows[k, I_GRACE_RATE] > 0:
            add_large(life, k, bearing_penalty(product, life, k), life.rows[k, I_GRACE_RATE])
    day = bearing_penalty(product, life, k) * rate
    if day < SAFE_DAY and end - first < SAFE_DAYS:
        life.rows[k, I_OVERDUE_A] += day * (end - first)
    else:
        add_large(life, k, day, end - first)
    if life.rows[k, I_OVERDUE_A] > LIMIT:
        life.error = OUT_OF_BOUNDS
    life.bears = 1


@leaf
def penalty_of(product, life, k):
    """Penalties of a row so far: those charged, and penalty interest once grace has run out.

    800.00 overdue for 10 days at 0.05 % × 1.5 a day: 6.00; from the end of 3 days' grace: 4.20.
    """
    charged = life.rows[k, I_CHARGED_PENALTY]
    if life.rows[k, I_OVERDUE_A] == 0:
        return charged
    return charged + rounded_on_base(life.rows[k, I_OVERDUE_A], life.penalty_base, product.rounding)


@leaf
def shows_penalties(life):
    """Whether `show_penalties` may have something to write: an instalment that is paid on time never has."""
    return life.bears != 0 or life.running >= 0 or life.judged_row >= 0


@stage
def show_penalties(product, life, day):
    """Write the penalties of `day` into the rows that may owe some, and the interest that runs on in one."""
    if life.running >= 0:
        show_running(product, life)
    if life.judged_row >= 0:
        show_judged(product, life)
    for k in range(life.first, life.current):
        if life.rows[k, I_OVERDUE_A] != 0:
            settled = life.rows[k, I_PAID + PENALTY] + life.rows[k, I_WAIVED + PENALTY]
            now = max(penalty_of(product, life, k), settled)
            life.due[PENALTY] += now - life.rows[k, I_DUE + PENALTY]
            life.rows[k, I_DUE + PENALTY] = now
