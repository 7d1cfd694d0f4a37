"""The schedule as signed: due dates, the equal instalment, what each row is meant to repay."""

from afterloan.compiled import leaf, stage
from afterloan.dates import day_number, month_length, year_month_day
from afterloan.loan.accrual import (
    ACT_ACT,
    HALF_UP,
    LAST_ROW,
    PER_DAY,
    PER_MONTH,
    YEARS,
    ends_on,
    factor_of,
    rounded,
    scale_row,
)
from afterloan.loan.columns import (
    I_DUE_ON,
    I_FROM_ON,
    I_INSTALMENT,
    I_NUMBER,
    I_PLACED_ON,
    I_PLANNED_PRINCIPAL,
    I_TIMES,
    INSTALMENT_WIDTH,
)
from afterloan.loan.terms import Method, Policy, Shift, Unit

EQUAL_INSTALMENT = int(Method.EQUAL_INSTALMENT)
EQUAL_PRINCIPAL = int(Method.EQUAL_PRINCIPAL)
INTEREST_FIRST = int(Method.INTEREST_FIRST)
BULLET = int(Method.BULLET)
FLAT = int(Method.FLAT)
WEEKS = int(Unit.WEEKS)
MONTHS = int(Unit.MONTHS)
DAYS = int(Unit.DAYS)
FOLLOWING = int(Shift.FOLLOWING)
MODIFIED_FOLLOWING = int(Shift.MODIFIED_FOLLOWING)
PRECEDING = int(Shift.PRECEDING)
MODIFIED_PRECEDING = int(Shift.MODIFIED_PRECEDING)
PERIODS_AS_THE_FIRST = int(Policy.PERIODS_AS_THE_FIRST)
FACTOR_BITS = 30
HALF = 1 << FACTOR_BITS
BARE = -2  # in the place of an instalment: the row asks for interest alone
UNIT_FACTOR = 1 << 50


@stage
def business_day(calendars, calendar, day, shift):
    """The business day that stands for `day`; outside the calendar's years the day itself.

    Modified: one that would leave the month is looked for the other way. Sunday 1 March 2026, preceding, would be
    Friday 27 February; modified preceding is Monday 2 March.
    """
    if calendar < 0 or shift <= 1 or day < 0 or day >= calendars.shape[1] or calendars[calendar, day]:
        return day
    step = -1 if shift == PRECEDING or shift == MODIFIED_PRECEDING else 1
    moved = day
    while 0 < moved < calendars.shape[1] - 1 and not calendars[calendar, moved]:
        moved += step
    modified = shift == MODIFIED_FOLLOWING or shift == MODIFIED_PRECEDING
    if modified and year_month_day(moved)[1] != year_month_day(day)[1]:
        moved = day
        while 0 < moved < calendars.shape[1] - 1 and not calendars[calendar, moved]:
            moved -= step
    return moved


@stage
def due_on_business_day(calendars, product, placed, start):
    """The business day on which a row placed on `placed` falls due, its period starting on `start`.

    One before its own period is looked for after `placed` instead: agreed on Saturday 20 June 2026, due on the 21st,
    preceding would be Friday 19 June; it is Monday the 22nd.
    """
    due = business_day(calendars, product.calendar, placed, product.shift)
    if due < start:
        due = business_day(calendars, product.calendar, placed, FOLLOWING)
    return due


@leaf
def due_day(unit, anchor, year, month, dom, steps):
    """The contractual due date `steps` units after the anchor, before any business-day shift.

    Counted from the anchor (never from the row before), so that 31 January, 29 February, 31 March follow.
    """
    if unit == DAYS:
        return anchor + steps
    if unit == WEEKS:
        return anchor + 7 * steps
    if unit == YEARS:
        steps *= 12
    months = year * 12 + month - 1 + steps
    year = months // 12
    month = months - year * 12 + 1
    if dom > 28:
        dom = min(dom, month_length(year, month))
    return day_number(year, month, dom)


@leaf
def _write_row(product, contract, life, k, start, due):
    """An empty row k for the days from `start` to `due`."""
    for column in range(INSTALMENT_WIDTH):
        life.rows[k, column] = 0
    life.rows[k, I_NUMBER] = k + 1
    life.rows[k, I_FROM_ON] = start
    life.rows[k, I_DUE_ON] = due
    life.rows[k, I_PLACED_ON] = due
    life.rows[k, I_INSTALMENT] = -1
    spans = contract.instalments if product.method == BULLET else 1  # intervals that the row stands for
    scale_row(product, contract.unit, contract.every * spans, life, k)


@stage
def lay_out(product, contract, life, start):
    """Write numbers and dates of all instalments into `rows` from row 0; returns how many there are.

    Months are counted from the anchor (never from the row before), so that 31 January, 29 February, 31 March follow.
    """
    months = contract.every
    if contract.unit == YEARS:
        months *= 12
    elif contract.unit != MONTHS:
        months = 0
    days = contract.every * (7 if contract.unit == WEEKS else 1)
    anchor = contract.first_due_on if contract.first_due_on > 0 else start
    year, month, dom = year_month_day(anchor)
    due = anchor
    first_of_month = anchor - dom + 1
    if contract.due_dom > 0:
        dom = contract.due_dom
    life.dom = dom
    ahead = contract.first_due_on > 0  # the anchor is itself the first due date
    last = contract.instalments - 1
    k = 0
    before = start
    for j in range(contract.instalments):
        if months > 0:
            for _ in range(0 if ahead else months):
                first_of_month += month_length(year, month)
                month += 1
                if month > 12:
                    month = 1
                    year += 1
            due = first_of_month + dom - 1
            if dom > 28:
                due = first_of_month + min(dom, month_length(year, month)) - 1
            if ahead:  # named in the contract: later ones keep to the day of the month
                due = anchor
        elif not ahead:
            due += days
        ahead = False
        if product.method != BULLET or j == last:
            _write_row(product, contract, life, k, before, due)
            before = due
            k += 1
    return k


@stage
def shift_rows(product, contract, calendars, life):
    """Move due dates that are no business day; the interest period moves with them, unless the product lets it stay."""
    before = life.rows[0, I_FROM_ON]
    for k in range(life.count):
        placed = life.rows[k, I_DUE_ON]
        due = due_on_business_day(calendars, product, placed, before)
        _write_row(product, contract, life, k, before, placed if product.period_stays else due)
        life.rows[k, I_DUE_ON] = due
        life.rows[k, I_PLACED_ON] = placed
        before = ends_on(product, life, k)


@leaf
def _times_factor(amount, factor):
    """`amount × factor / 2^60` for an amount below 2^62 and a factor below 2^61, to about one unit."""
    high = amount >> FACTOR_BITS
    low = amount & (HALF - 1)
    f_high = factor >> FACTOR_BITS
    f_low = factor & (HALF - 1)
    return high * f_high + ((high * f_low) >> FACTOR_BITS) + ((low * f_high) >> FACTOR_BITS)


@leaf
def _share(principal, growth, annuity, rounding):
    """`principal × growth / annuity`, rounded: long division, half of the principal at a time."""
    while annuity >= (1 << 46) or growth >= (1 << 46):  # 46 bits are 10^-5 of a unit on the largest principal
        growth >>= 1
        annuity >>= 1
    high = (principal >> 16) * growth
    whole = high // annuity
    low = ((high - whole * annuity) << 16) + (principal & 0xFFFF) * growth
    part = low // annuity
    rest = low - part * annuity
    whole = (whole << 16) + part
    twice = rest + rest
    if twice > annuity or (twice == annuity and (rounding == HALF_UP or whole & 1)):
        whole += 1
    return whole


@leaf
def same_base(product):
    """Whether a day earns the same share in every row, so that its factor need be worked out only once."""
    return product.per == PER_DAY or product.day_count < ACT_ACT


@stage
def period_factor(product, life, first, k, rate):
    """What 1 earns in the period of row k, or, by a policy, in that of the row which all are taken to be as long as."""
    row = k
    if product.policy & PERIODS_AS_THE_FIRST:
        row = life.like if life.like >= 0 else first
    return factor_of(product, life, row, rate, life.rows[row, I_FROM_ON], ends_on(product, life, row))


@stage
def equal_instalment(product, life, first, last, principal, rate):
    """The instalment that repays `principal` over rows `first … last-1`: P·∏(1+f) / Fn, Fn = 1 + Fn-1·(1+f).

    10,000.00 over twelve periods of 1 % each: 888.49.
    """
    growth = UNIT_FACTOR
    annuity = 0
    one = UNIT_FACTOR
    simple = same_base(product) and life.rows[first, I_TIMES] == 1 and product.per != PER_MONTH
    simple = simple and not product.policy & PERIODS_AS_THE_FIRST and not product.period_stays
    day_factor = factor_of(product, life, first, rate, 0, 1) if simple else 0
    free = life.free
    for k in range(first, last):
        if life.rows[k, I_INSTALMENT] == BARE and k < last - 1:
            continue
        if simple:
            factor = day_factor * (life.rows[k & LAST_ROW, I_DUE_ON] - life.rows[k & LAST_ROW, I_FROM_ON])
        else:
            factor = period_factor(product, life, first, k, rate)
        if k < free:
            factor = 0
        growth += _times_factor(growth, factor)
        annuity += one + _times_factor(annuity, factor)
        if annuity > (1 << 60) or growth > (1 << 60):  # very long or dear: keep 60 bits
            growth >>= 8
            annuity >>= 8
            one >>= 8
    return to_multiple(product, _share(principal, growth, annuity, product.rounding))


@leaf
def to_multiple(product, amount):
    """An amount as a whole multiple of the product's step: 888.49 in steps of 1.00 is 888.00, 0.33 stays."""
    step = product.multiple_fen
    if step <= 1:
        return amount
    whole = rounded(amount, step, product.rounding) * step
    return whole if whole > 0 else amount


@stage
def plan_principal(product, life, first, last, principal):
    """Share a fixed principal out over rows: equal parts, or nothing until the last."""
    method = product.method
    left = principal
    paying = 1
    for k in range(first, last - 1):
        paying += 1 if life.rows[k, I_INSTALMENT] != BARE else 0
    for k in range(first, last):
        part = 0
        if k == last - 1:
            part = left
        elif life.rows[k, I_INSTALMENT] != BARE and (method == EQUAL_PRINCIPAL or method == FLAT):
            part = life.own
            if part == 0:
                part = to_multiple(product, rounded(principal, paying, product.rounding))
            part = min(left, part)
        life.rows[k, I_PLANNED_PRINCIPAL] = part
        left -= part
