"""Plans agreed with a borrower in difficulty, and the end of a loan that nobody repays, as changes to the rows.

Each is a dated fact of the contract: taking it back is taking back the fact. Rows that have fallen due keep what
was paid on them; only what is unpaid, and what lies ahead, is arranged anew.
"""

from afterloan.compiled import leaf, passage, stage
from afterloan.dates import NEVER, month_length, year_month_day
from afterloan.loan.acceleration import forget_acceleration
from afterloan.loan.accrual import YEARS, ends_on, rounded, scale_of
from afterloan.loan.arrears import note_delinquency
from afterloan.loan.charges import put_charges_back, set_charges_aside
from afterloan.loan.columns import (
    I_ACCRUED_A,
    I_ACCRUED_B,
    I_AGREED,
    I_BASE,
    I_CARRIED,
    I_CHARGED_PENALTY,
    I_DUE,
    I_DUE_ON,
    I_FELL_DUE,
    I_FROM_ON,
    I_INSTALMENT,
    I_LAST_PAID_ON,
    I_NUMBER,
    I_OVERDUE_A,
    I_PAID,
    I_PAID_EARLY,
    I_PAID_LATE,
    I_PLACED_ON,
    I_PLANNED_PRINCIPAL,
    I_PREPAID,
    I_PROMISED_FEE,
    I_ROW_KIND,
    I_TIMES,
    I_WAIVED,
    INSTALMENT_WIDTH,
)
from afterloan.loan.given import kept
from afterloan.loan.life import (
    ACTUAL,
    EVEN_OUT_LAST,
    IMPORTED,
    MORATORIUM_STANDS,
    bring_forward,
    drop_interest,
    drop_promised_fees,
    earned_now,
    even_out,
    give_up,
    level,
    paid_ahead,
    project,
    relevel,
    set_rate,
    wait,
)
from afterloan.loan.moves import moved
from afterloan.loan.penalty import show_penalties
from afterloan.loan.product_charges import release_charges
from afterloan.loan.schedule import BARE, EQUAL_INSTALMENT, MONTHS, WEEKS, due_day, due_on_business_day, to_multiple
from afterloan.loan.terms import ROOM, AfterChargeOff, ArrearsInterest, Cause, Component, DayCount, Per, Policy, Refusal
from afterloan.loan.waterfall import owed, pass_paid

PENALTY = int(Component.PENALTY)
FEE = int(Component.FEE)
INTEREST = int(Component.INTEREST)
PRINCIPAL = int(Component.PRINCIPAL)
CARRIED = int(ArrearsInterest.CARRIED)
SPREAD = int(ArrearsInterest.SPREAD)
CAPITALISED = int(ArrearsInterest.CAPITALISED)
ALONE = int(ArrearsInterest.ALONE)
WHOLE = int(ArrearsInterest.WHOLE)
STOPS = int(AfterChargeOff.STOPS)
FALLS_DUE = int(AfterChargeOff.FALLS_DUE)
WAS_CAPITALISED = int(Cause.CAPITALISED)
WAS_REPAID = int(Cause.REPAID)
WAS_WRITTEN_OFF = int(Cause.WRITTEN_OFF)
WAS_SOLD = int(Cause.SOLD)
WAS_RE_INSTALLED = int(Cause.RE_INSTALLED)
TOO_MANY_INSTALMENTS = int(Refusal.TOO_MANY_INSTALMENTS)
INTEREST_SPREAD_ALIKE = int(Policy.INTEREST_SPREAD_ALIKE)
KEPT_WHEN_MOVED = int(Policy.KEPT_WHEN_MOVED)
INTEREST_ENDS_WITH_SCHEDULE = int(Policy.INTEREST_ENDS_WITH_SCHEDULE)
PLANNED_IN_WHOLE_PERIODS = int(Policy.PLANNED_IN_WHOLE_PERIODS)
PERIOD = int(DayCount.PERIOD)
PER_YEAR = int(Per.YEAR)


@leaf
def row_from(life, from_on):
    """The first row that has not fallen due and is due from `from_on` on."""
    k = life.current
    while k < life.count and life.rows[k, I_DUE_ON] < from_on:
        k += 1
    return k


@leaf
def in_whole_periods(product):
    """Whether plans take whole periods as a lender that migrates here did (a policy), interest being by months."""
    return product.policy & PLANNED_IN_WHOLE_PERIODS != 0 and product.day_count == PERIOD and product.per == PER_YEAR


@stage
def scale_by_parts(life, k):
    """Interest of row k by the whole months in it and the part of a month left; by days where signed in days.

    1 February to 15 April: two months and 14 of 30 days, 2.4667 twelfths of a year's interest.
    """
    start = life.rows[k, I_FROM_ON]
    due = life.rows[k, I_DUE_ON]
    days = max(due - start, 1)
    months = 12 if life.signed_unit == YEARS else 1
    times = 1
    base = 360
    if life.signed_unit == MONTHS or life.signed_unit == YEARS:
        year, month, _ = year_month_day(start)
        dom = dom_from(life, start)
        whole = 0
        while due_day(MONTHS, start, year, month, dom, (whole + 1) * months) <= due:
            whole += 1
        since = due_day(MONTHS, start, year, month, dom, whole * months)
        full = due_day(MONTHS, start, year, month, dom, (whole + 1) * months) - since
        times = whole if due == since else whole * full + due - since
        base = days * (12 // months) * (1 if due == since else full)
    life.rows[k, I_TIMES] = times
    life.rows[k, I_BASE] = base


@stage
def scale_whole(life, k):
    """Interest of row k as that of one whole interval of the plan, whatever its length."""
    days = max(life.rows[k, I_DUE_ON] - life.rows[k, I_FROM_ON], 1)
    times = life.every
    base = 360 * days
    if life.unit == MONTHS:
        base = 12 * days
    elif life.unit == YEARS:
        base = days
    elif life.unit == WEEKS:
        times *= 7
    life.rows[k, I_TIMES] = times
    life.rows[k, I_BASE] = base


@stage
def relevel_whole(product, life):
    """Instalments as if all periods were whole, then interest as the periods are; the last row takes what is left."""
    for k in range(life.current, life.count):
        scale_whole(life, k)
    level(product, life, life.current, life.balance - life.overdue_principal + paid_ahead(life, life.current))
    for k in range(life.current, life.count):
        scale_by_parts(life, k)
    if product.policy & EVEN_OUT_LAST and product.method == EQUAL_INSTALMENT and life.current < life.count:
        even_out(product, life, life.current)
    project(product, life, life.count)


@leaf
def dom_from(life, on):
    """The day of the month that dates counted from `on` keep.

    The loan's own where `on` is the last day of a month too short for it: a loan of the 31st set anew from
    28 February goes on to 31 March.
    """
    year, month, dom = year_month_day(on)
    return life.dom if life.dom > dom and dom == month_length(year, month) else dom


@stage
def intervals_back(life, k):
    """How long row k is, counted back from its due date: (whole intervals, nights left, nights of their interval).

    10 January to 10 March, monthly: (2, 0, 28). 1 February to 15 April: (2, 14, 31).
    """
    begins = life.rows[k, I_FROM_ON]
    if k > 0 and begins == life.rows[k - 1, I_DUE_ON]:
        begins = life.rows[k - 1, I_PLACED_ON]
    placed = life.rows[k, I_PLACED_ON]
    year, month, _ = year_month_day(placed)
    dom = dom_from(life, placed)
    months = life.every * (12 if life.unit == YEARS else 1)
    whole = 0
    while due_day(MONTHS, placed, year, month, dom, -(whole + 1) * months) >= begins:
        whole += 1
    since = due_day(MONTHS, placed, year, month, dom, -whole * months)
    full = since - due_day(MONTHS, placed, year, month, dom, -(whole + 1) * months)
    return whole, max(since - begins, 0), full


@stage
def rescale(product, life, k):
    """Set how balance x days of row k become interest, when its period may be shorter or longer than an interval.

    A row of 17 days in a month of 31 earns 17 / 31 of a twelfth, one of two months two twelfths. What it has earned so
    far is kept.
    """
    if in_whole_periods(product):
        scale_by_parts(life, k)
        return
    old_times = life.rows[k, I_TIMES]
    old_base = life.rows[k, I_BASE]
    nights = max(ends_on(product, life, k) - life.rows[k, I_FROM_ON], 1)
    times, base = scale_of(product.per, product.day_count, life.unit, life.every, nights)
    by_intervals = base != scale_of(product.per, product.day_count, life.unit, life.every, nights + 1)[1]
    if by_intervals:
        whole, rest, full = intervals_back(life, k)
        if rest == 0:
            times *= max(whole, 1)
        elif whole == 0 and rest == nights:
            base = base // nights * full
        else:
            times *= whole * full + rest
            base *= full
    life.rows[k, I_TIMES] = times
    life.rows[k, I_BASE] = base
    if old_base > 0 and (old_times != times or old_base != base):
        earned = life.rows[k, I_ACCRUED_A] * old_times
        now = (earned // old_base) * base - (-(earned % old_base) * base) // old_base
        life.rows[k, I_ACCRUED_A] = -(-now // times)  # up: half a unit stays half a unit


@stage
def steps_from(life, on, dom, steps):
    """The day `steps` intervals after `on`, in the rhythm of the rows as they stand."""
    year, month, _ = year_month_day(on)
    return due_day(life.unit, on, year, month, dom, steps * life.every)


@stage
def place_row(product, calendars, life, k, placed):
    """Row k falls due on `placed`, or on the business day for it."""
    due = placed
    if product.shift > 1:
        due = due_on_business_day(calendars, product, placed, life.rows[k, I_FROM_ON])
    life.rows[k, I_PLACED_ON] = placed
    life.rows[k, I_DUE_ON] = due
    if product.method != IMPORTED:
        rescale(product, life, k)


@stage
def date_rows(product, calendars, life, first, anchor, unit, every):
    """Write due dates into rows `first …`, `every` units apart from `anchor`, and how interest is worked out."""
    dom = dom_from(life, anchor)
    life.dom = dom
    life.unit = unit
    life.every = every
    for k in range(first, life.count):
        placed = steps_from(life, anchor, dom, k - first)
        if k > first:
            life.rows[k, I_FROM_ON] = ends_on(product, life, k - 1)
        place_row(product, calendars, life, k, placed)


@stage
def later_rows(product, calendars, life, first, count):
    """Due dates of rows `first …` move by `count` intervals, each counted from its own date before any holiday."""
    for k in range(first, life.count):
        old = life.rows[k, I_PLACED_ON]
        dom = dom_from(life, old)
        placed = steps_from(life, old, dom, count)
        if k > first:
            life.rows[k, I_FROM_ON] = ends_on(product, life, k - 1)
        place_row(product, calendars, life, k, placed)


@stage
def empty_row(life, k, start):
    """Row k with nothing in it, its period starting on `start`."""
    for column in range(INSTALMENT_WIDTH):
        life.rows[k, column] = 0
    life.rows[k, I_NUMBER] = k + 1
    life.rows[k, I_FROM_ON] = start
    life.rows[k, I_DUE_ON] = start
    life.rows[k, I_PLACED_ON] = start
    life.rows[k, I_INSTALMENT] = -1


@passage
def defer(product, calendars, life, fact):
    """Due dates of the rows from `from_on` on move by `count` intervals, or so that the first falls on `due_on`.

    Interest goes on: a month put off is a month more of it, and the instalments are set anew.
    """
    first = row_from(life, fact.from_on)
    if first >= life.count:
        return
    show_penalties(product, life, fact.on)
    if product.method == IMPORTED:
        keep_earned(product, life)
    if fact.due_on == 0:
        later_rows(product, calendars, life, first, fact.count)
    else:
        to = fact.due_on if first == 0 else max(fact.due_on, life.rows[first - 1, I_DUE_ON])
        if product.method == IMPORTED:
            move_imported(product, calendars, life, first, to)
        else:
            date_rows(product, calendars, life, first, to, life.unit, life.every)
    if product.policy & KEPT_WHEN_MOVED:
        project(product, life, life.count)
    else:
        relevel(product, life)


@stage
def keep_earned(product, life):
    """What the running row of an imported schedule has earned stays earned; the rest is earned from today on.

    30.00 signed for 30 days: after 10 of them 10.00 are earned, and 20.00 over whatever days the row now has left.
    """
    k = life.current
    earned = earned_now(product, life) - life.agreed
    life.rows[k, I_AGREED] += earned
    life.agreed += earned
    life.rows[k, I_FROM_ON] = max(life.rows[k, I_FROM_ON], life.day)


@stage
def move_imported(product, calendars, life, first, to):
    """Rows of an imported schedule so that the first falls on `to`, as many months apart as they were.

    Rows of 10 March, 10 April moved to 25 March: 25 March, 25 April. Where they keep no day of the month, all move
    by the same number of days.
    """
    old = life.rows[first, I_PLACED_ON]
    later = to - old
    regular = life.unit == MONTHS
    for k in range(first, life.count):
        regular = regular and dom_from(life, life.rows[k, I_PLACED_ON]) == life.dom
    year, month, _ = year_month_day(old)
    new_year, new_month, _ = year_month_day(to)
    dom = dom_from(life, to)
    for k in range(first, life.count):
        placed = life.rows[k, I_PLACED_ON] + later
        if regular:
            y, m, _ = year_month_day(life.rows[k, I_PLACED_ON])
            placed = due_day(MONTHS, to, new_year, new_month, dom, (y - year) * 12 + m - month)
        if k > first:
            life.rows[k, I_FROM_ON] = ends_on(product, life, k - 1)
        place_row(product, calendars, life, k, placed)
    life.dom = dom


@stage
def add_rows(product, calendars, life, count):
    """`count` empty rows at the end, in the rhythm of the rows as they stand. Past the room of a life: an error."""
    if life.count + count > ROOM - 2:
        life.error = TOO_MANY_INSTALMENTS
        return
    last = life.count - 1
    old = life.rows[last, I_PLACED_ON]
    dom = dom_from(life, old)
    for j in range(count):
        k = last + 1 + j
        empty_row(life, k, ends_on(product, life, k - 1))
        placed = steps_from(life, old, dom, j + 1)
        place_row(product, calendars, life, k, placed)
    life.count += count
    if life.principal_every > 1:
        ask_principal_by_cycle(life, last)


@stage
def ask_principal_by_cycle(life, first):
    """Rows from `first` on that principal is not asked for with ask for interest alone; the last row never does."""
    for k in range(first, life.count - 1):
        if (k - life.cycles_from + 1) % max(life.principal_every, 1) != 0:
            life.rows[k, I_INSTALMENT] = BARE


@stage
def one_more_row(product, calendars, life, day):
    """A row for money paid out on `day` after the last due day: due on the next day of the rhythm after it.

    Instalments on the 10th, the last in March, 500.00 more paid out on 10 April: due on 10 May, with interest from
    10 April.
    """
    show_penalties(product, life, day)
    life.running = -1  # what is overdue bears its interest in the new row
    aside = set_charges_aside(life, day, False)
    last = life.count - 1
    while last > 0 and life.rows[last, I_ROW_KIND]:
        last -= 1
    old = life.rows[last, I_PLACED_ON]
    dom = dom_from(life, old)
    steps = 1
    while steps_from(life, old, dom, steps) <= day:
        steps += 1
    add_rows(product, calendars, life, 1)
    if life.error != 0:
        return
    k = life.count - 1
    life.rows[k, I_FROM_ON] = day
    place_row(product, calendars, life, k, steps_from(life, old, dom, steps))
    if life.rows[k, I_DUE_ON] <= day:  # drawn before a holiday onto the day of the pay-out itself
        place_row(product, calendars, life, k, steps_from(life, old, dom, steps + 1))
    put_charges_back(product, life, aside)


@passage
def extend(product, calendars, life, fact):
    """`count` instalments more; those from `from_on` on are set anew, the ones before them stay.

    Where no instalment is due from `from_on` on, none could carry less for the rows added: nothing is changed.
    """
    first = row_from(life, fact.from_on)
    if first >= life.count or product.method == IMPORTED:
        return
    add_rows(product, calendars, life, fact.count)
    if life.error == 0:
        relevel_from(product, life, first)


@stage
def relevel_from(product, life, first):
    """Set the instalments of rows `first …` anew; rows between the current one and it keep theirs."""
    if first <= life.current or first >= life.count:
        relevel(product, life)
        return
    project(product, life, first)
    asked = 0
    for j in range(life.current, first):
        asked += owed(life, j, PRINCIPAL)
    level(product, life, first, life.balance - life.overdue_principal - asked + paid_ahead(life, first))
    if product.policy & EVEN_OUT_LAST and product.method == EQUAL_INSTALMENT:
        even_out(product, life, first)
    project(product, life, life.count)


@passage
def interest_only(product, calendars, life, fact):
    """The next `count` rows ask for interest alone; the rest carry the principal, or as many rows are added."""
    first = row_from(life, fact.from_on)
    if first >= life.count or product.method == IMPORTED:
        return
    if fact.component == 1:
        add_rows(product, calendars, life, fact.count)
        if life.error != 0:
            return
    for k in range(first, min(first + fact.count, life.count - 1)):
        life.rows[k, I_INSTALMENT] = BARE
    relevel_from(product, life, first)


@stage
def lift(life, j, component, day, fact):
    """Take what row j still asks for of one component off it; returns the amount."""
    part = owed(life, j, component)
    if part <= 0:
        return 0
    life.rows[j, I_DUE + component] -= part
    life.rows[j, I_LAST_PAID_ON] = max(life.rows[j, I_LAST_PAID_ON], day)
    moved(life, day, WAS_RE_INSTALLED, life.rows[j, I_NUMBER], component, fact, -part)
    if component == PRINCIPAL:
        life.overdue_principal -= part
        life.scheduled += part
        life.due[PRINCIPAL] -= part
    elif component == INTEREST:
        life.due[INTEREST] -= part
    return part


@stage
def capitalise(life, day, fact):
    """Interest, fees and penalties due and unpaid become principal. 50.00 of interest: 50.00 more to repay.

    Returns how much.
    """
    total = 0
    for j in range(life.first, life.current):
        for c in (PENALTY, FEE, INTEREST):
            part = owed(life, j, c)
            if part > 0:
                life.rows[j, I_WAIVED + c] += part
                life.rows[j, I_LAST_PAID_ON] = max(life.rows[j, I_LAST_PAID_ON], day)
                life.capitalised[c] += part
                life.balance += part
                life.scheduled += part
                moved(life, day, WAS_CAPITALISED, life.rows[j, I_NUMBER], c, fact, part)
                total += part
    return total


@stage
def cut(life, day):
    """End the current row's period today and drop the rows ahead; money they had stays on the cut row.

    Returns what the dropped rows still asked for: fees that were charged, penalties, fees that were only promised.
    """
    k = life.current
    charged = 0
    promised = 0
    penalty = 0
    for j in range(k, life.count):
        charged += owed(life, j, FEE) - life.rows[j, I_PROMISED_FEE]
        promised += life.rows[j, I_PROMISED_FEE]
        penalty += owed(life, j, PENALTY)
        if j > k:
            for c in range(4):
                life.rows[k, I_PAID + c] += life.rows[j, I_PAID + c]
                life.rows[k, I_WAIVED + c] += life.rows[j, I_WAIVED + c]
            for column in (I_PREPAID, I_PAID_EARLY, I_PAID_LATE):
                life.rows[k, column] += life.rows[j, column]
    paid = 0
    for c in range(4):
        life.rows[k, I_DUE + c] = life.rows[k, I_PAID + c] + life.rows[k, I_WAIVED + c]
        paid += life.rows[k, I_DUE + c]
    early = max(-charged, 0)  # a promised fee paid early falls due by being paid
    life.charged_fee += early
    life.rows[k, I_PROMISED_FEE] = 0
    life.scheduled -= life.rows[k, I_DUE + PRINCIPAL] - life.rows[k, I_PREPAID]
    life.due[INTEREST] += life.rows[k, I_DUE + INTEREST]
    life.due[PRINCIPAL] += life.rows[k, I_DUE + PRINCIPAL]
    life.early_interest = 0
    life.rows[k, I_AGREED] = 0
    life.rows[k, I_CARRIED] = 0
    life.rows[k, I_DUE_ON] = day
    life.rows[k, I_PLACED_ON] = day
    life.rows[k, I_FELL_DUE] = 1
    life.rows[k, I_INSTALMENT] = -1
    life.rows[k, I_LAST_PAID_ON] = max(life.rows[k, I_LAST_PAID_ON], day)
    life.current = k + 1 if paid > 0 or life.rows[k, I_FROM_ON] < day else k
    life.count = life.current
    return charged + early, penalty, promised - early


@passage
def reinstal(product, calendars, life, fact, k):
    """Arrears and balance anew: over `count` rows from `due_on` on, or over the rows that are left.

    830.00 of balance of which 160.00 is past due, six instalments from 1 April: the old rows ask for nothing
    more, six new ones repay the 830.00. Where unpaid interest goes is `ArrearsInterest`.
    """
    day = fact.on
    mode = fact.component
    if life.balance == 0 or (fact.count == 0 and life.current >= life.count):
        return  # nothing to arrange, or no row left to arrange it over
    show_penalties(product, life, day)
    note_delinquency(product, life, day)
    life.broken = 0  # agreed anew: days past due start anew
    signed = signed_interest(product, life) if mode == WHOLE or product.method == IMPORTED else 0
    principal = capitalise(life, day, k) if mode == CAPITALISED else 0
    interest = 0
    fee = 0
    penalty = 0
    for j in range(life.first, life.current):
        interest += lift(life, j, INTEREST, day, k)
        principal += lift(life, j, PRINCIPAL, day, k)
        if mode != CARRIED:
            fee += lift(life, j, FEE, day, k)
            charged = lift(life, j, PENALTY, day, k)
            penalty += charged
            life.rows[j, I_CHARGED_PENALTY] = 0
            life.rows[j, I_OVERDUE_A] = 0
    dropped = 0
    if fact.count > 0 and life.current < life.count and product.accrual != ACTUAL:
        if product.method == IMPORTED:
            dropped = promised_fees(life)
        if product.method == IMPORTED or mode == ALONE:
            signed += unearned_to_principal(product, life, day, k)
        dropped = max(dropped - promised_fees(life), 0) if product.method == IMPORTED else 0
    if fact.count > 0:
        replace_rows(product, calendars, life, fact, k, signed, dropped, interest, fee, penalty)
    else:
        add_to_rows(product, life, mode, principal, interest, fee, penalty)
    forget_acceleration(life)
    pass_paid(life)


@passage
def add_to_rows(product, life, mode, principal, interest, fee, penalty):
    """Arrears on top of what the rows ahead ask for, whose dates stay."""
    first = life.current
    alike = product.policy & INTEREST_SPREAD_ALIKE != 0
    carried = mode == CARRIED and product.method != IMPORTED
    if product.method == IMPORTED:
        ask_as_written(life, first, -1)
    share(product, life, first, 0 if carried else interest, fee, penalty, alike)
    if carried:
        life.rows[first, I_CARRIED] += interest
    if product.method == IMPORTED:
        ask_as_written(life, first, 1)
    if product.accrual == ACTUAL:
        relevel(product, life)
    else:
        add_principal(product, life, principal)


@stage
def add_principal(product, life, principal):
    """Principal in equal parts on top of what the rows ahead ask for: 125.00 over two rows is 62.50 each."""
    left = principal
    n = life.count - life.current
    for j in range(life.current, life.count):
        part = to_multiple(product, rounded(principal, n, product.rounding))
        part = left if j == life.count - 1 else min(left, part)
        if life.rows[j, I_INSTALMENT] >= 0:
            life.rows[j, I_INSTALMENT] += part
        if product.method == IMPORTED:
            life.rows[j, I_DUE + PRINCIPAL] += part
        life.rows[j, I_PLANNED_PRINCIPAL] += part
        left -= part
    project(product, life, life.count)


@stage
def signed_interest(product, life):
    """Interest that the rows ahead will ask for as they stand."""
    project(product, life, life.count)
    total = 0
    for j in range(life.current, life.count):
        total += owed(life, j, INTEREST)
    return total


@stage
def move_early_interest(life, to, day, fact):
    """Interest paid ahead of time goes along into row `to`, a new one; with `to` -1 it is taken off, for that.

    It stays a payment: if the loan ends first, what was not earned by then repays principal. Returns the amount.
    """
    if to >= 0:
        amount = life.early_interest
        life.rows[to, I_PAID + INTEREST] = amount
        life.rows[to, I_PAID_EARLY] = amount
        life.rows[to, I_LAST_PAID_ON] = life.last_repaid_on if amount > 0 else 0
        moved(life, day, WAS_REPAID, life.rows[to, I_NUMBER], INTEREST, fact, amount)
        return amount
    total = 0
    for j in range(life.current, life.count):
        part = life.rows[j, I_PAID + INTEREST]
        life.rows[j, I_PAID + INTEREST] = 0
        life.rows[j, I_PAID_EARLY] -= part
        if part > 0:
            moved(life, day, WAS_REPAID, life.rows[j, I_NUMBER], INTEREST, fact, -part)
        total += part
    return total


@stage
def promised_fees(life):
    """Fees that an imported schedule promises with the rows ahead."""
    total = 0
    for j in range(life.current, life.count):
        total += life.rows[j, I_PROMISED_FEE]
    return total


@stage
def unearned_to_principal(product, life, day, fact):
    """Money that has met interest not earned by today, or imported fees not due, repays principal instead.

    Of a loan that is to bear no interest from today on, and of an imported one, which promises both anew. What is
    beyond all principal waits. Returns how much had met interest.
    """
    k = life.current
    interest = drop_interest(product, life, day, fact)
    back = interest
    if product.method == IMPORTED:
        back += drop_promised_fees(life, day, fact)
    part = min(back, life.balance - life.overdue_principal)
    life.rows[k, I_PAID + PRINCIPAL] += part
    life.rows[k, I_PAID_EARLY] += part
    life.paid[PRINCIPAL] += part
    life.balance -= part
    if part > 0:
        moved(life, day, WAS_REPAID, life.rows[k, I_NUMBER], PRINCIPAL, fact, part)
    wait(life, back - part, day, fact)
    return interest


@passage
def replace_rows(product, calendars, life, fact, k, signed, dropped, interest, fee, penalty):
    """Drop the rows ahead, which would have asked for `signed` interest, and lay out the new ones.

    `dropped`: fees that an imported schedule promised and whose money has gone into principal; they are promised anew.

    `interest`, `fee` and `penalty` were lifted off rows that had fallen due. What the current row has earned goes on
    in the first new row, less what was paid of it early: 25.00 and 70.25 paid of 104.39 leave 9.14. Where the loan
    is to bear no interest from now on, and in an imported schedule, it is rounded today and joins `interest`.
    """
    day = fact.on
    mode = fact.component
    imported = product.method == IMPORTED
    alone = mode == ALONE or mode == WHOLE
    whole = in_whole_periods(product) and not alone and not imported
    old = life.current
    runs = life.current < life.count
    keeps = runs and product.accrual != ACTUAL and not imported and not alone and not whole  # early interest as paid
    earned_a = life.rows[old, I_ACCRUED_A]
    earned_b = life.rows[old, I_ACCRUED_B]
    times = life.rows[old, I_TIMES]
    base = life.rows[old, I_BASE]
    of_agreed = 0 if keeps else min(life.early_interest, life.agreed)  # interest of an earlier plan that is paid
    carried = life.rows[old, I_CARRIED] - (0 if keeps else life.early_interest - of_agreed)
    unpaid = max(earned_now(product, life) - life.early_interest, 0)
    promised = 0
    if mode == WHOLE:
        interest += signed
    elif alone or imported or whole:
        interest += unpaid
    elif runs:
        interest += life.agreed - of_agreed + max(carried, 0)
        carried = min(carried, 0)
    life.agreed = 0
    early = move_early_interest(life, -1, day, k) if keeps else 0
    if runs:
        if product.charges > 0:
            release_charges(life, day)
        fees, penalties, promised = cut(life, day)
        fee += fees
        penalty += penalties
        promised += dropped
    first = life.current
    life.forgive_row = max(life.forgive_row, first)  # the row that was cut is no instalment to be kept
    if first + fact.count > ROOM - 2:
        life.error = TOO_MANY_INSTALMENTS
        return
    life.count = first + fact.count
    start = day
    if not runs and first > 0 and product.past_due_bears_interest and product.policy & INTEREST_ENDS_WITH_SCHEDULE:
        start = life.rows[first - 1, I_DUE_ON]  # nothing was borne since the last due day: the first row bears it
    for j in range(first, life.count):
        empty_row(life, j, start)
    if runs and not alone and not imported and not whole:
        life.rows[first, I_ACCRUED_A] = earned_a
        life.rows[first, I_ACCRUED_B] = earned_b
        life.rows[first, I_TIMES] = times
        life.rows[first, I_BASE] = base
        life.rows[first, I_CARRIED] = carried
    unit = fact.unit if fact.unit > 0 else life.unit
    every = fact.every if fact.every > 0 else life.every
    date_rows(product, calendars, life, first, fact.due_on, unit, every)
    life.own = 0
    life.free = min(first + max(life.free - old, 0), life.count)  # as many instalments as were promised
    life.put_off_last = 0
    life.interest_every = 0
    life.principal_every = 0
    life.capital_until = 0
    life.flat_base = life.balance
    if early > 0:
        life.early_interest = early
        move_early_interest(life, first, day, k)
    if mode == CARRIED and not imported:
        life.rows[first, I_CARRIED] += interest
        interest = 0
    share(product, life, first, interest, fee, penalty, False)
    if alone or imported:
        plan_alone(product, life, first)
    if alone:
        life.rate = 0
        life.given = 1
    if imported:
        ask_as_written(life, first, 1)
        promise(product, life, first, 0 if alone else max(signed - unpaid, 0), promised)
    elif alone:
        project(product, life, life.count)
    elif whole:
        relevel_whole(product, life)
    else:
        relevel(product, life)


@stage
def plan_alone(product, life, first):
    """Principal such that each row from `first` on asks the same, interest moved there included; the last the rest.

    83.57 and 0.72 of interest over six rows are 14.05 each, 0.12 of it interest.
    """
    n = life.count - first
    left = life.balance - life.overdue_principal
    whole = rounded(max(left + life.agreed, 0), n, product.rounding)
    for j in range(first, life.count):
        now = left if j == life.count - 1 else min(left, max(whole - life.rows[j, I_AGREED], 0))
        life.rows[j, I_PLANNED_PRINCIPAL] = now
        left -= now


@stage
def ask_as_written(life, first, sign):
    """Rows of an imported schedule have no method: what plans moved into them is written down, or (-1) taken off."""
    for j in range(first, life.count):
        life.rows[j, I_DUE + PRINCIPAL] += sign * life.rows[j, I_PLANNED_PRINCIPAL]
        life.rows[j, I_DUE + INTEREST] += sign * life.rows[j, I_AGREED]
        if sign > 0:
            life.rows[j, I_PLANNED_PRINCIPAL] = 0


@stage
def promise(product, life, first, interest, fee):
    """Signed interest and fees of an imported schedule that time has still to bring, in equal parts over new rows."""
    n = life.count - first
    left_interest = interest
    left_fee = fee
    for j in range(first, life.count):
        last = j == life.count - 1
        i = left_interest if last else min(left_interest, rounded(interest, n, product.rounding))
        f = left_fee if last else min(left_fee, rounded(fee, n, product.rounding))
        life.rows[j, I_DUE + INTEREST] += i
        life.rows[j, I_DUE + FEE] += f
        life.rows[j, I_PROMISED_FEE] += f
        left_interest -= i
        left_fee -= f


@stage
def share(product, life, first, interest, fee, penalty, alike):
    """Equal parts over rows `first …`, the last takes what is left: 0.72 over six rows is 0.12 each.

    `alike`: no row takes the rest of the interest: 0.49 over four rows is 0.12 each, 0.48 in all (a policy).
    """
    n = life.count - first
    if alike:
        interest = n * rounded(max(interest, 0), n, product.rounding)
    left_interest = interest
    left_fee = fee
    left_penalty = penalty
    for j in range(first, life.count):
        last = j == life.count - 1
        i = left_interest if last else min(left_interest, rounded(interest, n, product.rounding))
        f = left_fee if last else min(left_fee, rounded(fee, n, product.rounding))
        p = left_penalty if last else min(left_penalty, rounded(penalty, n, product.rounding))
        life.rows[j, I_AGREED] += i
        life.rows[j, I_DUE + FEE] += f
        life.rows[j, I_DUE + PENALTY] += p
        life.rows[j, I_CHARGED_PENALTY] += p
        left_interest -= i
        left_fee -= f
        left_penalty -= p
    life.agreed += interest


@stage
def settlement(life, fact, k):
    """`amount_fen` received from now until `due_on` ends the loan; the rest is then given up."""
    life.settle_at = kept(life) + fact.amount_fen
    life.settle_by = fact.due_on


@stage
def forgive_penalty(life, fact, k):
    """Penalties are given up in `count` parts, one as each of the next instalments is kept.

    What is agreed later takes the place of what an earlier agreement had still to give.
    """
    life.forgive_rows = fact.count
    life.forgive = fact.amount_fen
    life.forgive_row = life.current


@stage
def break_plan(product, life, fact):
    """What was given on condition returns: the contract's own rate, penalty interest, the clock of the old arrears.

    Rate and penalty interest wait for the end of a breathing space that stands (`component` 1): it was not the plan's.
    """
    life.forgive_rows = 0
    life.settle_by = 0
    life.broken = 1
    if fact.component == MORATORIUM_STANDS:
        return
    life.penalty_held = 0
    life.given = 0
    if life.rate != life.own_rate and not life.stopped and life.written_off_on == NEVER:
        set_rate(product, life, life.own_rate)
        relevel(product, life)


@stage
def charge_off(product, life, fact, k):
    """The day-count trigger. Interest goes on, stops and penalty interest with it, or everything falls due."""
    life.charged_off_on = fact.on
    if fact.component == STOPS:
        life.stopped = 1
        set_rate(product, life, 0)
        if product.method == IMPORTED:  # what was signed of days to come is asked for no more
            wait(life, drop_interest(product, life, fact.on, k), fact.on, k)
        elif product.accrual != ACTUAL:
            project(product, life, life.count)
    elif fact.component == FALLS_DUE:
        bring_forward(product, life, fact.on)


@stage
def write_off(product, life, fact, k):
    """Taken off the books: all that is owed becomes an expense. The claim stays; money later is a recovery."""
    if life.written_off_on != NEVER:
        return
    life.written_off_on = fact.on
    give_up(product, life, fact.on, life.written_off, WAS_WRITTEN_OFF, k)
    life.rate = 0
    life.claim = 0
    for c in range(4):
        life.claim += life.written_off[c]


@stage
def sell(product, life, fact, k):
    """The claim passes to another for a price; what was owed leaves the books."""
    life.written_off_on = fact.on
    life.sale_price = fact.amount_fen
    life.was_sold = 1
    give_up(product, life, fact.on, life.sold, WAS_SOLD, k)
    life.rate = 0
