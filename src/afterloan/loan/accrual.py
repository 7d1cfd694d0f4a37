"""Interest as balance × days × rate, carried whole and rounded once.

A *factor* says what one unit of money earns in a period; it is a fixed-point number on `ONE` = 2^60.
"""

from afterloan.compiled import leaf, stage
from afterloan.dates import day_number, year_month_day
from afterloan.loan.columns import (
    I_ACCRUED_A,
    I_ACCRUED_B,
    I_BASE,
    I_DUE_ON,
    I_FROM_ON,
    I_PLACED_ON,
    I_TIMES,
)
from afterloan.loan.terms import RATE_SCALE, ROOM, DayCount, Per, Policy, Rounding, Unit

ACT_360 = int(DayCount.ACT_360)
ACT_ACT = int(DayCount.ACT_ACT)
THIRTY_360 = int(DayCount.THIRTY_360)
PERIOD = int(DayCount.PERIOD)
PER_DAY = int(Per.DAY)
PER_MONTH = int(Per.MONTH)
MONTHS = int(Unit.MONTHS)
YEARS = int(Unit.YEARS)
HALF_UP = int(Rounding.HALF_UP)
YEAR_TURNS_ON_31_DECEMBER = int(Policy.YEAR_TURNS_ON_31_DECEMBER)
SCALE = RATE_SCALE
LEAP_BASE = 366 * RATE_SCALE
NOT_NEGATIVE = (1 << 63) - 1  # a mask that changes no number that is not negative, and says so to the compiler
LAST_ROW = ROOM - 1  # a mask that changes no row number, but shows the compiler that none is negative


@leaf
def rounded(numerator, denominator, rounding):
    """`numerator / denominator` to a whole number, half to even or half up: 5 / 2 is 2 or 3."""
    if numerator < 0:  # hardly ever; told apart because dividing what is never negative is much faster
        return rounded_below_nothing(numerator, denominator, rounding)
    numerator = numerator & NOT_NEGATIVE
    whole = numerator // denominator
    twice = 2 * (numerator - whole * denominator)
    if twice > denominator or (twice == denominator and (rounding == HALF_UP or whole & 1)):
        return whole + 1
    return whole


@stage
def rounded_below_nothing(numerator, denominator, rounding):
    """`rounded` for a negative numerator: -5 / 2 is -2 either way, half up."""
    whole = numerator // denominator
    twice = 2 * (numerator - whole * denominator)
    if twice > denominator or (twice == denominator and (rounding == HALF_UP or whole & 1)):
        return whole + 1
    return whole


@stage
def days_thirty_360(start, end):
    """Days from `start` to `end` with every month 30 days long (30E/360): 31 January counts as the 30th."""
    y1, m1, d1 = year_month_day(start)
    y2, m2, d2 = year_month_day(end)
    return 360 * (y2 - y1) + 30 * (m2 - m1) + min(d2, 30) - min(d1, 30)


@stage
def days_in_leap_years(start, end):
    """How many of the days `start … end-1` lie in a year of 366 days."""
    days = 0
    year, _, _ = year_month_day(start)
    first = start
    while first < end:
        after = min(end, day_number(year + 1, 1, 1))
        if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0):
            days += after - first
        first = after
        year += 1
    return days


@leaf
def turn(product):
    """Days by which the year turns early for actual/actual: 1 where the last night counts in the new year."""
    return 1 if product.policy & YEAR_TURNS_ON_31_DECEMBER else 0


@leaf
def scale_of(per, count, unit, every, days):
    """How balance × days of a period of `days` become interest: (times, base).

    A year's rate on actual/365: (1, 365). On whole months (`PERIOD`): each period is `every` twelfths,
    and a part of it counts by its actual days: (`every`, 12 × `days`).
    """
    times = 1
    base = 365
    if per == PER_DAY:
        base = 1
    elif per == PER_MONTH:
        base = 30
        if count != THIRTY_360 and unit == MONTHS:
            times = every
            base = days
        elif count != THIRTY_360 and unit == YEARS:
            times = every * 12
            base = days
    elif count == ACT_360 or count == THIRTY_360:
        base = 360
    elif count == PERIOD:
        base = 360
        if unit == MONTHS:
            times = every
            base = 12 * days
        elif unit == YEARS:
            times = every
            base = days
    return times, max(base, 1)


@leaf
def ends_on(product, life, k):
    """The day on which the interest period of row k ends: its due date, or the date that it had before a holiday."""
    if product.period_stays:
        return life.rows[k & LAST_ROW, I_PLACED_ON]
    return life.rows[k & LAST_ROW, I_DUE_ON]


@leaf
def scale_row(product, unit, every, life, k):
    """Write `scale_of` into a row: `times` and `base`."""
    days = ends_on(product, life, k) - life.rows[k, I_FROM_ON]
    times, base = scale_of(product.per, product.day_count, unit, every, days)
    life.rows[k, I_TIMES] = times
    life.rows[k, I_BASE] = base


@leaf
def accrue(product, life, k, balance_rate, start, end):
    """Add `balance × rate` for the days `start … end` to the row: interest earned, not yet rounded."""
    if product.per == PER_DAY or product.day_count < ACT_ACT or product.day_count == PERIOD:
        life.rows[k & LAST_ROW, I_ACCRUED_A] += balance_rate * (end - start)
    else:
        accrue_by_calendar(product, life, k, balance_rate, start, end)


@stage
def accrue_by_calendar(product, life, k, balance_rate, start, end):
    """`accrue` where a day's share of a year depends on the calendar."""
    if product.day_count == THIRTY_360:
        life.rows[k, I_ACCRUED_A] += balance_rate * days_thirty_360(start, end)
    elif product.per == PER_MONTH:
        life.rows[k, I_ACCRUED_A] += balance_rate * (end - start)
    else:
        leap = days_in_leap_years(start + turn(product), end + turn(product))
        life.rows[k, I_ACCRUED_A] += balance_rate * (end - start - leap)
        life.rows[k, I_ACCRUED_B] += balance_rate * leap


@leaf
def rounded_on_base(numerator, base, rounding):
    """`numerator / (base × RATE_SCALE)`, rounded. A division by a number known when compiling is ten times faster,
    so the usual bases are written out."""
    if base == 1:
        return rounded(numerator, SCALE, rounding)
    return rounded_on_longer_base(numerator, base, rounding)


@stage
def rounded_on_longer_base(numerator, base, rounding):
    """`rounded_on_base` for a rate of a year or of a period."""
    if base == 365:
        return rounded(numerator, 365 * SCALE, rounding)
    if base == 360:
        return rounded(numerator, 360 * SCALE, rounding)
    return rounded(numerator, base * SCALE, rounding)


@leaf
def interest_of(product, life, k):
    """The interest a row has earned, in minor units, rounded once.

    10,000.00 for 31 days at 0.0456 % a day: 1,000,000 × 31 × 4,560 / 10^7 = 14,136 fen.
    """
    row = k & LAST_ROW
    if life.rows[row, I_ACCRUED_B] == 0:
        earned = life.rows[row, I_ACCRUED_A] * life.rows[row, I_TIMES]
        return rounded_on_base(earned, life.rows[row, I_BASE], product.rounding)
    return interest_over_leap_years(product, life, k)


@stage
def interest_over_leap_years(product, life, k):
    """`interest_of` a row with days of a leap year, which are 366ths, beside others, which are 365ths."""
    a = life.rows[k, I_ACCRUED_A] * life.rows[k, I_TIMES]
    b = life.rows[k, I_ACCRUED_B]
    scale = life.rows[k, I_BASE] * SCALE
    # a / (365 × S) + b / (366 × S): whole parts apart, so that only remainders are cross-multiplied
    whole_a = a // scale
    whole_b = b // LEAP_BASE
    rest = (a - whole_a * scale) * 366 + (b - whole_b * LEAP_BASE) * life.rows[k, I_BASE]
    whole = whole_a + whole_b
    odd = whole & 1  # half to even looks at the whole sum: 219 and a half is 220
    return whole - odd + rounded(rest + odd * scale * 366, scale * 366, product.rounding)


@leaf
def fixed_point(numerator, denominator):
    """`numerator / denominator` on 2^60, for ratios below 2 with both parts below 2^43."""
    if numerator < 4294967296 and denominator < 4294967296:
        high = (numerator << 30) // denominator
        rest = (numerator << 30) - high * denominator
        return (high << 30) + (rest << 30) // denominator
    whole = (numerator << 20) // denominator
    rest = (numerator << 20) - whole * denominator
    middle = (rest << 20) // denominator
    rest = (rest << 20) - middle * denominator
    return (whole << 40) + (middle << 20) + (rest << 20) // denominator


@leaf
def factor_of(product, life, k, rate, start, end):
    """What 1 earns from `start` to `end` inside a row at `rate`, on 2^60."""
    days = end - start
    if product.day_count == THIRTY_360 and product.per != PER_DAY:
        days = days_thirty_360(start, end)
    if product.day_count == ACT_ACT and product.per > PER_MONTH:
        leap = days_in_leap_years(start + turn(product), end + turn(product))
        return fixed_point((days - leap) * rate, life.rows[k, I_BASE] * SCALE) + fixed_point(leap * rate, LEAP_BASE)
    return fixed_point(days * rate * life.rows[k, I_TIMES], life.rows[k, I_BASE] * SCALE)
