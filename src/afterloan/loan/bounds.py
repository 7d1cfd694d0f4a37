"""Whether a principal, its rate and its periods stay within int64 everywhere, proved before anything is reckoned.

Compiled products wrap silently. Interest of a row is at most lent × rate × days × times, penalty interest at most
overdue amount × days × penalty rate, and one period of an equal instalment must earn less than twice its principal.
See `Refusal.OUT_OF_BOUNDS`.
"""

import numpy as np

from afterloan.compiled import stage
from afterloan.loan.accrual import scale_of
from afterloan.loan.columns import I_BASE, I_DUE_ON, I_FROM_ON, I_TIMES
from afterloan.loan.terms import RATE_SCALE, Method, Refusal, Unit

LIMIT = 1 << 62
SMALL = 1 << 31
MOST_GROWTH = 2 * RATE_SCALE
EQUAL_INSTALMENT = int(Method.EQUAL_INSTALMENT)
OUT_OF_BOUNDS = int(Refusal.OUT_OF_BOUNDS)
DAYS_OF_UNIT = {Unit.DAYS: 1, Unit.WEEKS: 7, Unit.MONTHS: 31, Unit.YEARS: 366}


@stage
def check_bounds(product, life):
    """Set `life.error` to OUT_OF_BOUNDS when a row ahead, at today's rate and all that was lent, could leave int64.

    1,000,000.00 (10^8) at 24 % a year (2.4 × 10^6) for a row of 31 days: 7.4 × 10^15, below 2^62 = 4.6 × 10^18.
    """
    k = life.current
    n = life.count - life.charge_rows
    if k >= n or life.rate == 0:
        return
    # most loans: the whole term at once is small enough, so that no row can be too large
    whole = (life.rows[n - 1, I_DUE_ON] - life.rows[k, I_FROM_ON]) * life.rows[k, I_TIMES] * life.rate
    if whole < SMALL and life.lent < SMALL and whole < MOST_GROWTH * life.rows[k, I_BASE]:
        return
    for j in range(k, n):
        days = life.rows[j, I_DUE_ON] - life.rows[j, I_FROM_ON]
        earned = days * life.rows[j, I_TIMES] * life.rate
        if product.method == EQUAL_INSTALMENT and earned >= MOST_GROWTH * life.rows[j, I_BASE]:
            life.error = OUT_OF_BOUNDS
        if earned > 0 and life.lent > LIMIT // earned:
            life.error = OUT_OF_BOUNDS


def longest_period(product: np.void, contract: np.void) -> int:
    """Days of the longest period a contract (CONTRACT record) can have: 31 for a month, more for a long first one."""
    interval = DAYS_OF_UNIT[Unit(int(contract["unit"]))] * int(contract["every"])
    if product["method"] == Method.BULLET:
        interval *= int(contract["instalments"])
    first = int(contract["first_due_on"])
    if first > 0:
        interval = max(interval, first - int(contract["signed_on"]) + interval * (product["method"] == Method.BULLET))
    return interval


def why_out_of_bounds(product: np.void, contract: np.void) -> str:
    """Why a contract cannot be taken, for the door: what leaves which bound; empty when it can.

    `product` PRODUCT and `contract` CONTRACT records. Python's whole numbers do not wrap, so this is exact.
    """
    days = longest_period(product, contract)
    unit, every = int(contract["unit"]), int(contract["every"])
    if product["method"] == Method.BULLET:
        every *= int(contract["instalments"])
    times, base = scale_of(int(product["per"]), int(product["day_count"]), unit, every, days)
    earned = days * times * int(contract["rate"])
    if product["method"] == Method.EQUAL_INSTALMENT and earned >= MOST_GROWTH * base:
        return f"interest of one period of {days} days is twice the principal or more; lower the rate or the interval"
    reach = int(contract["principal_fen"]) * earned
    if reach >= LIMIT:
        most = LIMIT // earned
        return f"principal × rate × {days} days leaves 2^62; the most at this rate and interval is {most} minor units"
    return ""
