"""The life of one loan: facts in order of time, instalments falling due between them.

`advance` moves time and lets interest accrue and instalments fall due; each fact then acts on the rows.
Nothing here knows a clock or a database.
"""

from afterloan.compiled import leaf, passage, stage
from afterloan.dates import NEVER, year_month_day
from afterloan.loan.accrual import ACT_ACT, LAST_ROW, PER_DAY, PERIOD, accrue, ends_on, interest_of, rounded
from afterloan.loan.arrears import look_back
from afterloan.loan.bounds import check_bounds
from afterloan.loan.columns import (
    I_ACCRUED_A,
    I_ACCRUED_B,
    I_AGREED,
    I_BALANCE,
    I_CARRIED,
    I_CHARGED_PENALTY,
    I_CHARGES_DUE_ON,
    I_DUE,
    I_DUE_ON,
    I_FELL_DUE,
    I_FROM_ON,
    I_INSTALMENT,
    I_LAST_PAID_ON,
    I_NUMBER,
    I_PAID,
    I_PAID_EARLY,
    I_PAID_LATE,
    I_PLACED_ON,
    I_PLANNED_PRINCIPAL,
    I_PREPAID,
    I_PROMISED_FEE,
    I_ROW_KIND,
    I_WAIVED,
    INSTALMENT_WIDTH,
)
from afterloan.loan.given import count_in, kept, make_good
from afterloan.loan.judged import bear_judged
from afterloan.loan.moves import moved
from afterloan.loan.penalty import bear_penalties, set_penalty_rate, show_penalties, shows_penalties
from afterloan.loan.product_charges import charge_pay_out, met_ahead, release_charges, set_charges, waived_ahead
from afterloan.loan.running import run_on, show_running
from afterloan.loan.schedule import (
    BARE,
    EQUAL_INSTALMENT,
    FLAT,
    equal_instalment,
    lay_out,
    plan_principal,
    shift_rows,
    to_multiple,
)
from afterloan.loan.terms import (
    ROOM,
    Accrual,
    Cause,
    Component,
    Early,
    Method,
    PayoffInterest,
    Policy,
    Refusal,
    RowKind,
)
from afterloan.loan.waterfall import (
    VERTICAL,
    allocate,
    allocate_due,
    clear_all,
    clear_due,
    owed,
    owed_in_all,
    pass_paid,
    pay_part,
)

PENALTY = int(Component.PENALTY)
FEE = int(Component.FEE)
INTEREST = int(Component.INTEREST)
PRINCIPAL = int(Component.PRINCIPAL)
ACTUAL = int(Accrual.ACTUAL)
IMPORTED = int(Method.IMPORTED)
DOWN_PAYMENT = int(RowKind.DOWN_PAYMENT)
CHARGES = int(RowKind.CHARGES)
LATE_CHARGES_LAST = int(Policy.LATE_CHARGES_LAST)
TOO_MANY_INSTALMENTS = int(Refusal.TOO_MANY_INSTALMENTS)
REDUCE_INSTALMENT = int(Early.REDUCE_INSTALMENT)
REDUCE_NUMBER = int(Early.REDUCE_NUMBER)
ADJUST_LAST = int(Early.ADJUST_LAST)
PAYOFF_SCHEDULED = int(PayoffInterest.SCHEDULED)
EVEN_OUT_LAST = int(Policy.EVEN_OUT_LAST)
EARLY_FILLS_INSTALMENT = int(Policy.EARLY_FILLS_INSTALMENT)
WHOLE_PERIOD_INTEREST = int(Policy.WHOLE_PERIOD_INTEREST)
INTEREST_ENDS_WITH_SCHEDULE = int(Policy.INTEREST_ENDS_WITH_SCHEDULE)
OVERDUE_TO_PERIOD_END = int(Policy.OVERDUE_TO_PERIOD_END)
ROUNDED_AT_EACH_PAYMENT = int(Policy.ROUNDED_AT_EACH_PAYMENT)
WAS_DISBURSED = int(Cause.DISBURSED)
FELL_DUE = int(Cause.FELL_DUE)
WAS_CHARGED = int(Cause.CHARGED)
WAS_REPAID = int(Cause.REPAID)
WAS_WAIVED = int(Cause.WAIVED)
WAS_CAPITALISED = int(Cause.CAPITALISED)
WAS_UNAPPLIED = int(Cause.UNAPPLIED)
WHILE_KEPT = 1  # the `component` of a change of rate that a plan gives
MORATORIUM_STANDS = 1  # the `component` of a broken plan in whose time a breathing space goes on
WAS_RECOVERED = int(Cause.RECOVERED)


@stage
def down_payment_unpaid(life):
    """What is unpaid of down payments, which bears no interest where a source does so."""
    total = 0
    for k in range(life.first, life.current):
        if life.rows[k, I_ROW_KIND] == DOWN_PAYMENT:
            total += owed(life, k, PRINCIPAL)
    return total


@leaf
def interest_balance(product, life):
    """What interest is worked out on today: the scheduled balance, or what is really outstanding; repaid, nothing."""
    if life.balance == 0 and not scheduled_interest_stays(product):
        return 0
    if product.method == FLAT:
        return life.flat_base
    if product.accrual != ACTUAL:
        return life.scheduled
    if product.past_due_bears_interest:
        if product.down_payment_permyriad > 0 and product.policy & EVEN_OUT_LAST:
            return life.balance - down_payment_unpaid(life)
        return life.balance
    return life.balance - life.overdue_principal


@leaf
def rows_end(life):
    """Where the instalments end: after it come only rows for charges due after the last of them."""
    return life.count - life.charge_rows


@stage
def puts_off(life, k):
    """Whether the interest of row k passes to a later one: with every third instalment, the first two put it off."""
    if k < life.put_off_last:
        return True
    return k >= life.cycles_from and (k - life.cycles_from + 1) % life.interest_every != 0


@stage
def is_plain(product):
    """1 for a product of the usual terms: interest day by day on what is outstanding, rows that keep their kind.

    A loan of such a product that was only paid out and repaid (`life.plain`) is reckoned by the same lines as any
    other. The constant `plain` that they are handed lets the compiler leave out what such a loan can never need.
    """
    by_calendar = product.per != PER_DAY and product.day_count >= ACT_ACT and product.day_count != PERIOD
    if product.accrual != ACTUAL or product.method == IMPORTED or product.method == FLAT or by_calendar:
        return 0
    if product.policy != 0 or product.charges > 0 or product.down_payment_permyriad > 0:
        return 0
    return 0 if product.period_stays or product.past_due_bears_interest else 1


@leaf
def set_dues(product, life, k, last, interest, ahead, plain):
    """Split a row into interest and principal; `ahead` is the unpaid principal that no row has asked for yet.

    An equal instalment of 17.01 with 0.58 of interest asks for 16.43 of principal. Interest that the
    instalment cannot hold is returned: it is carried into the next row. So is interest paid before it was
    earned, as a negative sum: 1.00 carried as -1.00 leaves 0.42 of the 0.58 unearned for the next row.
    """
    k = k & LAST_ROW
    paid = life.rows[k, I_PAID + PRINCIPAL]
    prepaid = paid if plain or product.accrual == ACTUAL else life.rows[k, I_PREPAID]
    total = interest + life.rows[k, I_CARRIED]
    in_advance = min(total, 0)
    total -= in_advance
    held = total
    if not plain and (k < life.put_off_last or life.interest_every > 1) and not last and puts_off(life, k):
        held = 0
    if life.rows[k, I_INSTALMENT] >= 0:
        if not last:
            held = min(held, life.rows[k, I_INSTALMENT] - prepaid)
        principal = paid + min(max(life.rows[k, I_INSTALMENT] - held - paid, 0), ahead)
    else:
        principal = paid + min(max(life.rows[k, I_PLANNED_PRINCIPAL] - paid, 0), ahead)
    agreed = 0 if plain else life.rows[k, I_AGREED]
    held = max(held, life.rows[k, I_PAID + INTEREST] - agreed)
    if last:
        principal = paid + ahead
    life.rows[k, I_DUE + INTEREST] = held + agreed
    life.rows[k, I_DUE + PRINCIPAL] = principal
    return max(total - held, 0) + in_advance


@leaf
def not_asked_for(product, life):
    """Principal that no row has asked for yet and that is not repaid."""
    if product.accrual == ACTUAL:
        return life.balance - life.overdue_principal
    return life.scheduled


@leaf
def closes_on(product, life, k):
    """The day on which the amounts of row k are final: its due date, or, where the period stays, its end if earlier.

    Due on Saturday 31 October, moved to Monday: closed on the 31st, asked for on Monday. Moved to Friday: on Friday,
    with the interest of all October.
    """
    due = life.rows[k & LAST_ROW, I_DUE_ON]
    if product.period_stays:
        return min(due, life.rows[k & LAST_ROW, I_PLACED_ON])
    return due


@leaf
def closed_by(product, life, day, plain):
    """Whether the amounts of the next row are final by `day`."""
    if plain:
        return life.rows[life.current & LAST_ROW, I_DUE_ON] <= day
    return closes_on(product, life, life.current) <= day


@leaf
def goes_on(product):
    """Whether overdue principal goes on bearing interest once no instalment is left to bring it."""
    bears = product.past_due_bears_interest and product.accrual == ACTUAL and product.method != IMPORTED
    return bears and not product.policy & INTEREST_ENDS_WITH_SCHEDULE


@leaf
def is_final(product, life, k):
    """Whether a row asks for what it was given: written by another lender, no instalment, or of a loan that ended."""
    if product.method == IMPORTED or life.rows[k, I_ROW_KIND]:
        return True
    return life.settled_on != NEVER and product.accrual != ACTUAL  # asked for what was earned when the loan ended


@leaf
def fall_due(product, life, row, plain):
    """An instalment falls due: its interest is rounded, once, and its amounts are final."""
    k = row & LAST_ROW
    last = k == (life.count if plain else rows_end(life)) - 1
    day = life.rows[k, I_DUE_ON] if plain else closes_on(product, life, k)
    if plain or not is_final(product, life, k):
        if not plain and product.period_stays:
            close_early(product, life, k)
        interest = interest_of(product, life, k)
        carried = set_dues(product, life, k, last, interest, life.balance - life.overdue_principal, plain)
        if not plain and product.charges > 0:
            set_charges(product, life, k, life.balance)
        if not last:
            life.rows[k + 1, I_CARRIED] = carried
        if not plain and (life.late_a != 0 or life.late_b != 0):
            note_displaced(product, life, k)
    life.rows[k, I_FELL_DUE] = 1
    if not plain and life.rows[k, I_ROW_KIND] == CHARGES:
        life.charge_rows -= 1
        life.charges_due += 1
    if not plain:  # nobody asks for it where interest is borne day by day
        life.scheduled -= life.rows[k, I_DUE + PRINCIPAL] - life.rows[k, I_PREPAID]
    life.overdue_principal += owed(life, k, PRINCIPAL)
    life.due[INTEREST] += life.rows[k, I_DUE + INTEREST]
    life.due[PRINCIPAL] += life.rows[k, I_DUE + PRINCIPAL]
    life.early_interest -= life.rows[k, I_PAID + INTEREST]
    if not plain:
        life.agreed -= life.rows[k, I_AGREED]
        life.charged_fee += life.rows[k, I_PROMISED_FEE]
    life.current = k + 1
    life.rows[k, I_BALANCE] = life.balance - life.overdue_principal if plain else not_asked_for(product, life)
    if life.keep:
        write_fallen_due(life, k, day)
    if not plain and life.capital_until > 0 and becomes_capital(life, k, last):
        into_principal(product, life, k)
    if not plain and last and goes_on(product):
        life.running = k
    if owed_in_all(life, k) <= 0:
        pass_paid(life)
    elif life.unapplied > 0:
        show_penalties(product, life, day)
        look_back(product, life, day)
        apply_waiting(product, life, day)
    if not plain and life.forgive_rows > 0:
        look_back(product, life, day)
        forgive_kept(product, life, day)


@leaf
def becomes_capital(life, k, last):
    """Whether interest of row k becomes principal when it falls due; the last row asks for everything."""
    return life.rows[k, I_DUE_ON] <= life.capital_until and not last and life.rows[k, I_ROW_KIND] == 0


@stage
def into_principal(product, life, k):
    """Interest that falls due with row k becomes principal, and instalments to come are set for it.

    3,000.00 at 10 % a year until 1 February: 25.48 become principal, and February bears interest on 3,025.48.
    """
    day = life.rows[k, I_DUE_ON]
    part = owed(life, k, INTEREST)
    if part <= 0:
        return
    life.rows[k, I_WAIVED + INTEREST] += part
    life.rows[k, I_LAST_PAID_ON] = max(life.rows[k, I_LAST_PAID_ON], day)
    life.capitalised[INTEREST] += part
    life.balance += part
    life.scheduled += part
    life.rows[k, I_BALANCE] = not_asked_for(product, life)
    moved(life, day, WAS_CAPITALISED, life.rows[k, I_NUMBER], INTEREST, -1, part)
    relevel(product, life)


@stage
def fall_due_now(product, life, k):
    """`fall_due`, called rather than inlined: for what is due on the day it was agreed on."""
    fall_due(product, life, k, False)


@stage
def close_early(product, life, k):
    """A row asked for before its period ends bears the nights left of it too, as though it were paid at the end."""
    due = life.rows[k, I_DUE_ON]
    if due < life.rows[k, I_PLACED_ON] and k >= life.free:
        start = max(due, life.rows[k, I_FROM_ON])
        accrue(product, life, k, interest_balance(product, life) * life.rate, start, life.rows[k, I_PLACED_ON])


@stage
def write_fallen_due(life, k, day):
    """The movements of an instalment that falls due."""
    number = life.rows[k, I_NUMBER]
    if life.rows[k, I_PROMISED_FEE] > 0:
        moved(life, day, WAS_CHARGED, number, FEE, -1, life.rows[k, I_PROMISED_FEE])
    moved(life, day, FELL_DUE, number, PRINCIPAL, -1, life.rows[k, I_DUE + PRINCIPAL])
    moved(life, day, FELL_DUE, number, INTEREST, -1, life.rows[k, I_DUE + INTEREST])


@stage
def forgive_kept(product, life, day):
    """Give up the next part of a penalty for each instalment that was paid in time; one missed ends it.

    60.00 forgiven over three instalments: 20.00 on the day each of them has fallen due and is paid. 100.00 over three:
    33.33, 33.33, and 33.34 with the last. Penalties are not asked about: they are what is given up.
    """
    while life.forgive_rows > 0 and life.forgive_row < life.current:
        k = life.forgive_row
        if life.rows[k, I_ROW_KIND]:  # no instalment
            life.forgive_row = k + 1
            continue
        if owed_in_all(life, k) - owed(life, k, PENALTY) > 0:
            if day > life.rows[k, I_DUE_ON] + product.grace_fee_days:
                life.forgive_rows = 0
            return
        if life.rows[k, I_LAST_PAID_ON] > life.rows[k, I_DUE_ON] + product.grace_fee_days:
            life.forgive_rows = 0
            return
        part = life.forgive // life.forgive_rows
        life.forgive -= part
        life.forgive_row = k + 1
        life.forgive_rows -= 1
        show_penalties(product, life, day)
        waive_part(life, PENALTY, part, day, -1)
        close_if_met(product, life, day)


@stage
def apply_waiting(product, life, day):
    """Money that met no debt when it came meets the debt of today."""
    before = life.unapplied
    life.unapplied = allocate(product, life, before, day, -1)
    if life.unapplied != before:
        moved(life, day, WAS_UNAPPLIED, 0, -1, -1, life.unapplied - before)
    pass_paid(life)
    if life.balance == 0:
        close_if_met(product, life, day)


@stage
def bear_apart(product, life, k, start, until):
    """Keep apart what late and early money makes of the running row's interest: instalments are set without it.

    1,000.00 over three, 330.02 of it overdue for half a month of 1 %: 1.65 more than on time; paid early: less.
    """
    on_time = life.balance - life.overdue_principal + paid_ahead(life, k) - life.displaced
    bearing = interest_balance(product, life) - on_time
    if bearing == 0:
        return
    a = life.rows[k, I_ACCRUED_A]
    b = life.rows[k, I_ACCRUED_B]
    accrue(product, life, k, bearing * life.rate, start, until)
    life.late_a += life.rows[k, I_ACCRUED_A] - a
    life.late_b += life.rows[k, I_ACCRUED_B] - b
    life.rows[k, I_ACCRUED_A] = a
    life.rows[k, I_ACCRUED_B] = b


@stage
def leave_late_out(life, k, sign):
    """Take that interest off row k (-1), or put it back (1)."""
    life.rows[k, I_ACCRUED_A] += sign * life.late_a
    life.rows[k, I_ACCRUED_B] += sign * life.late_b


@leaf
def take_as_it_is(life):
    """A plan or a new rate sets instalments for what is really owed, paid on time or not."""
    life.late_a = 0
    life.late_b = 0
    life.displaced = 0


@stage
def note_displaced(product, life, k):
    """Row k falls due: interest for late money has taken the place of principal: 0.37 instead of 0.30, so 0.07."""
    leave_late_out(life, k, -1)
    on_time = interest_of(product, life, k)
    leave_late_out(life, k, 1)
    if life.rows[k, I_INSTALMENT] >= 0:
        on_time = min(on_time, life.rows[k, I_INSTALMENT])
        life.displaced += life.rows[k, I_DUE + INTEREST] - life.rows[k, I_AGREED] - on_time
    life.late_a = 0
    life.late_b = 0


@stage
def late_fees(product, life, start, end):
    """Charge the late fee once for each row whose grace ran out in `start … end` with interest or principal unpaid.

    Fees and penalties alone cost no late fee, nor does a shortfall that the product tolerates.
    """
    for k in range(life.first, life.current):
        if k == life.accelerated_row:  # no instalment: nobody promised a payment for that day
            continue
        runs_out = life.rows[k, I_DUE_ON] + product.grace_fee_days + 1
        if start < runs_out <= end and owed(life, k, PRINCIPAL) + owed(life, k, INTEREST) > product.tolerance_fen:
            life.rows[k, I_DUE + FEE] += product.late_fee_fen
            life.charged_fee += product.late_fee_fen
            moved(life, runs_out, WAS_CHARGED, life.rows[k, I_NUMBER], FEE, -1, product.late_fee_fen)


@leaf
def bear_interest(product, life, k, start, until, plain):
    """Let the running row k earn interest for the days `start … until`."""
    if plain:
        if life.free <= k < life.count:
            life.rows[k, I_ACCRUED_A] += (life.balance - life.overdue_principal) * life.rate * (until - start)
        return
    if k < rows_end(life) and product.method != IMPORTED and k >= life.free:
        first = max(start, life.rows[k, I_FROM_ON]) if product.period_stays else start
        if first < until:
            accrue(product, life, k, interest_balance(product, life) * life.rate, first, until)
        if product.policy & EVEN_OUT_LAST and product.accrual == ACTUAL:
            bear_apart(product, life, k, start, until)
    if life.running >= 0:
        run_on(product, life, start, until)


@leaf
def walk(product, life, to, plain):
    """Move time to the end of day `to`, from one due date to the next."""
    while life.day < to:
        k = life.current & LAST_ROW
        until = to
        if k < life.count:
            until = min(to, life.rows[k, I_DUE_ON] if plain else closes_on(product, life, k))
        start = life.day
        if not plain and life.running >= 0 and product.penalty_on_interest and product.penalty_permille > 0:
            show_running(product, life)  # what fell due today bears penalty tonight
            until = min(until, start + 1)
        if until > start:
            bear_interest(product, life, k, start, until, plain)
            if not plain and life.judged_row >= 0:
                bear_judged(life, start, until)
            elif life.first < k and product.penalty_permille > 0:
                bear_penalties(product, life, start, until)
            life.day = until
            if product.late_fee_fen > 0 and life.judged_row < 0:  # no late fee of the contract after a judgment
                late_fees(product, life, start, until)
        while life.current < life.count and closed_by(product, life, until, plain):
            fall_due(product, life, life.current, plain)


@stage
def advance(product, life, to):
    """Move time to the end of day `to`: interest and penalty interest accrue, instalments fall due."""
    if life.plain:
        walk(product, life, to, True)
    else:
        walk(product, life, to, False)


@passage
def pass_time(product, life, to):
    """Move time to the day `to` of a fact, and keep how late the loan was in the evening before.

    Where a shortfall is tolerated, the penalties of that evening decide whether a row counts as paid.
    """
    if product.tolerance_fen > 0:
        advance(product, life, to - 1)
        show_penalties(product, life, to - 1)
        look_back(product, life, to)
        advance(product, life, to)
        return
    advance(product, life, to)
    late = life.first < life.current and life.rows[life.first & LAST_ROW, I_DUE_ON] < to - 1
    if late or life.broken:
        look_back(product, life, to)


@stage
def project(product, life, until_row):
    """What the rows ahead will ask for if all that is past due is paid today and the rest on time."""
    first = life.current
    if product.method == IMPORTED:
        return
    ahead = life.balance - life.overdue_principal
    balance = not_asked_for(product, life)
    actual = product.accrual == ACTUAL
    repaid = life.balance == 0 and not scheduled_interest_stays(product)
    for k in range(first, until_row):
        if life.rows[k, I_ROW_KIND]:
            continue
        a = life.rows[k, I_ACCRUED_A]
        b = life.rows[k, I_ACCRUED_B]
        bearing = balance
        if product.method == FLAT and (balance > 0 or scheduled_interest_stays(product)):
            bearing = life.flat_base  # until a row before it has asked for the last of the principal
        if repaid:
            bearing = 0
        if k == first and actual and product.policy & OVERDUE_TO_PERIOD_END:
            bearing = interest_balance(product, life)
        if k >= life.free:
            start = max(life.day, life.rows[k, I_FROM_ON])
            accrue(product, life, k, bearing * life.rate, start, ends_on(product, life, k))
        last = k == rows_end(life) - 1
        carried = set_dues(product, life, k, last, interest_of(product, life, k), ahead, False)
        if product.charges > 0:
            set_charges(product, life, k, ahead)
        life.rows[k, I_ACCRUED_A] = a
        life.rows[k, I_ACCRUED_B] = b
        if life.capital_until > 0 and becomes_capital(life, k, last):
            more = life.rows[k, I_DUE + INTEREST] - life.rows[k, I_PAID + INTEREST]
            life.rows[k, I_DUE + INTEREST] -= more
            ahead += more
            balance += more
        asked = owed(life, k, PRINCIPAL)
        ahead -= asked
        balance -= asked if actual else life.rows[k, I_DUE + PRINCIPAL] - life.rows[k, I_PREPAID]
        life.rows[k, I_BALANCE] = balance
        if not last:
            life.rows[k + 1, I_CARRIED] = carried


@stage
def show_advance(product, life):
    """What rows ahead take today: interest earned so far, then principal, no more than an instalment each.

    A row that is paid for what it will ask for is closed; interest it cannot hold passes to the next.
    """
    first = life.current
    n = rows_end(life)
    if product.accrual != ACTUAL or product.method == IMPORTED or first >= n:
        return
    project(product, life, n)
    carried = interest_of(product, life, first) + life.rows[first, I_CARRIED]
    left = life.balance - life.overdue_principal
    last_open = n - 1
    for k in range(first, n):
        paid = life.rows[k, I_PAID + PRINCIPAL]
        closed = owed_in_all(life, k) <= 0 and paid + life.rows[k, I_PAID + INTEREST] > 0
        if life.capital_until > 0 and becomes_capital(life, k, k == n - 1):
            closed = False  # it asks for nothing, and may be paid what it has earned all the same
        interest = max(carried, 0)
        agreed = life.rows[k, I_AGREED]
        principal = life.rows[k, I_PLANNED_PRINCIPAL]
        if closed:
            interest = life.rows[k, I_PAID + INTEREST] - agreed
            principal = paid
        elif life.rows[k, I_INSTALMENT] >= 0:
            interest = min(interest, life.rows[k, I_INSTALMENT] - paid)
            principal = life.rows[k, I_INSTALMENT] - interest
        if not closed:
            last_open = k
        life.rows[k, I_DUE + INTEREST] = max(interest + agreed, life.rows[k, I_PAID + INTEREST])
        life.rows[k, I_DUE + PRINCIPAL] = max(principal, paid)
        carried = max(carried - life.rows[k, I_DUE + INTEREST] + agreed, min(carried, 0))
        left -= owed(life, k, PRINCIPAL)
    life.rows[last_open, I_DUE + PRINCIPAL] += max(left, 0)


@stage
def level(product, life, first, principal):
    """Set the instalments of rows `first …` anew so that they repay `principal`."""
    n = rows_end(life)
    check_bounds(product, life)
    if first >= n or life.error != 0:
        return
    if product.method != EQUAL_INSTALMENT:
        plan_principal(product, life, first, n, principal)
        for k in range(first, n):
            life.rows[k, I_PLANNED_PRINCIPAL] += life.rows[k, I_PREPAID]
        return
    bare = first
    while bare < n - 1 and life.rows[bare, I_INSTALMENT] == BARE:
        bare += 1
    amount = life.own
    if amount == 0:
        amount = equal_instalment(product, life, bare, n, principal, life.rate)
    for k in range(first, n):
        if life.rows[k, I_INSTALMENT] != BARE or k == n - 1:
            life.rows[k, I_INSTALMENT] = amount + life.rows[k, I_PREPAID]
        life.rows[k, I_PLANNED_PRINCIPAL] = 0


@stage
def even_out(product, life, first):
    """Move the instalment by whole units until the last one differs by no more than half a unit a row.

    Six instalments of 17.01 and a last one of 16.91: ten units apart, so 17.01 - 0.10 / 6 = 16.99 is tried.
    """
    n = rows_end(life)
    while first < n - 1 and life.rows[first, I_INSTALMENT] == BARE:
        first += 1
    count = n - first
    leave_late_out(life, life.current, -1)
    life.balance -= life.displaced
    carried = life.rows[life.current, I_CARRIED]
    if life.displaced != 0:
        life.rows[life.current, I_CARRIED] = 0
    project(product, life, n)
    agreed = life.rows[n - 1, I_AGREED]
    for _ in range(3):
        amount = life.rows[first, I_INSTALMENT]
        gap = life.rows[n - 1, I_DUE + INTEREST] - agreed + life.rows[n - 1, I_DUE + PRINCIPAL] - amount
        if abs(gap) <= count // 2:
            break
        step = rounded(abs(gap), count, product.rounding)
        moved_to = to_multiple(product, amount + step if gap > 0 else amount - step)
        for k in range(first, n):
            if life.rows[k, I_INSTALMENT] != BARE:
                life.rows[k, I_INSTALMENT] = moved_to
        project(product, life, n)
        now = life.rows[n - 1, I_DUE + INTEREST] - agreed + life.rows[n - 1, I_DUE + PRINCIPAL] - moved_to
        if abs(now) >= abs(gap):
            for k in range(first, n):
                if life.rows[k, I_INSTALMENT] != BARE:
                    life.rows[k, I_INSTALMENT] = amount
            project(product, life, n)
            break
    leave_late_out(life, life.current, 1)
    life.balance += life.displaced
    life.rows[life.current, I_CARRIED] = carried
    if life.late_a or life.late_b or life.displaced:
        project(product, life, n)


@stage
def take_imported(life, promised, first, last):
    """The rows of an imported schedule, as the lender that wrote it had them."""
    before = life.started_on
    for k in range(last - first):
        for column in range(INSTALMENT_WIDTH):
            life.rows[k, column] = 0
        life.rows[k, I_NUMBER] = k + 1
        life.rows[k, I_FROM_ON] = before
        life.rows[k, I_DUE_ON] = promised[first + k].due_on
        life.rows[k, I_PLACED_ON] = promised[first + k].due_on
        life.dom = max(life.dom, year_month_day(promised[first + k].due_on)[2])
        life.rows[k, I_INSTALMENT] = -1
        life.rows[k, I_DUE + PRINCIPAL] = promised[first + k].principal_fen
        life.rows[k, I_DUE + INTEREST] = promised[first + k].interest_fen
        life.rows[k, I_DUE + FEE] = promised[first + k].fee_fen
        life.rows[k, I_PROMISED_FEE] = promised[first + k].fee_fen
        before = life.rows[k, I_DUE_ON]
    life.count = last - first


@leaf
def one_row_later(life, k):
    """A row is put before row k: what was agreed of rows by their place goes along."""
    life.put_off_last += 1 if life.put_off_last > k else 0
    life.free += 1 if life.free > k else 0
    life.cycles_from += 1 if life.cycles_from >= k else 0


@passage
def down_payment(product, life, day, amount):
    """Insert the share of a disbursement that is due back on the same day."""
    share = to_multiple(product, rounded(amount * product.down_payment_permyriad, 10_000, product.rounding))
    k = life.current
    for j in range(life.count, k, -1):
        life.rows[j] = life.rows[j - 1]
        life.rows[j, I_NUMBER] += 1
    life.count += 1
    one_row_later(life, k)
    for column in range(INSTALMENT_WIDTH):
        life.rows[k, column] = 0
    life.rows[k, I_NUMBER] = k + 1
    life.rows[k, I_FROM_ON] = day
    life.rows[k, I_DUE_ON] = day
    life.rows[k, I_PLACED_ON] = day
    life.rows[k, I_ROW_KIND] = DOWN_PAYMENT
    life.rows[k, I_INSTALMENT] = -1
    life.rows[k, I_DUE + PRINCIPAL] = share
    fall_due_now(product, life, k)


@leaf
def paid_ahead(life, first):
    """Principal already repaid of instalments `first …`, which have not fallen due; not what was repaid beside them."""
    total = 0
    for k in range(first, life.count):
        total += life.rows[k, I_PAID + PRINCIPAL] - life.rows[k, I_PREPAID]
    return total


@stage
def first_after_capital(life):
    """The first row ahead whose interest does not become principal."""
    k = life.current
    while k < rows_end(life) - 1 and becomes_capital(life, k, False):
        k += 1
    return k


@stage
def relevel(product, life):
    """After a disbursement or a change of rate: instalments that repay what the rows ahead still stand for."""
    if product.method == IMPORTED or life.settled_on != NEVER:
        return
    ahead = life.balance - life.overdue_principal - life.displaced
    first = life.current
    if life.capital_until > 0:
        first = first_after_capital(life)
        if first > life.current:
            project(product, life, first)
            ahead += life.rows[first - 1, I_BALANCE] - not_asked_for(product, life)
            if product.accrual != ACTUAL:  # what was paid early on those rows is repaid already
                ahead += paid_ahead(life, life.current) - paid_ahead(life, first)
    level(product, life, first, ahead + paid_ahead(life, first))
    if product.policy & EVEN_OUT_LAST and product.method == EQUAL_INSTALMENT and life.current < rows_end(life):
        even_out(product, life, life.current)
    if product.accrual != ACTUAL:
        project(product, life, life.count)


@stage
def set_rate(product, life, rate):
    """Interest and penalty interest from today on. Once a charge-off has stopped them they stay at nothing."""
    life.rate = 0 if life.stopped else rate
    set_penalty_rate(product, life, life.rate)


@leaf
def pass_over(product, life, day):
    """Instalments whose due day lies before the first pay-out ask for nothing: the ones after it repay the loan.

    The last one stays: there must be one that asks for the money.
    """
    while life.current < life.count - 1 and closes_on(product, life, life.current) < day:
        life.rows[life.current, I_FELL_DUE] = 1
        life.current += 1
        life.rows[life.current, I_FROM_ON] = day
    life.first = life.current


@leaf
def begin_schedule(product, contract, calendars, promised, first, last, life, day):
    """The first disbursement: the schedule is laid out, imported rows are `promised[first:last]`."""
    life.started_on = day
    life.day = day
    life.unit = contract.unit
    life.signed_unit = contract.unit
    life.every = contract.every
    if life.own_rate < 0:
        life.own_rate = contract.rate
    if not life.given:
        life.rate = life.own_rate
    set_rate(product, life, life.rate)
    start = contract.signed_on if product.from_signing else day
    if product.method == IMPORTED:
        take_imported(life, promised, first, last)
    else:
        life.count = lay_out(product, contract, life, start)
        if product.shift > 1:
            shift_rows(product, contract, calendars, life)
    if product.method != IMPORTED:
        pass_over(product, life, day)
    for k in range(min(contract.grace_principal, life.count - 1)):
        life.rows[k, I_INSTALMENT] = BARE
    life.put_off_last = min(contract.grace_interest, life.count)  # rows that a plan adds were promised nothing
    life.free = min(contract.interest_free, life.count)
    if contract.grace_interest > 0:
        life.plain = 0


@stage
def disburse(product, life, fact, k):
    """Money is paid out: the instalments are set, each time."""
    day = fact.on
    life.lent += fact.amount_fen
    life.flat_base += fact.amount_fen
    life.balance += fact.amount_fen
    life.scheduled += fact.amount_fen
    if life.settled_on != NEVER and not life.given:
        set_rate(product, life, life.own_rate)
    life.settled_on = NEVER
    moved(life, day, WAS_DISBURSED, 0, PRINCIPAL, k, fact.amount_fen)
    if product.down_payment_permyriad > 0:
        down_payment(product, life, day, fact.amount_fen)
    if product.policy & WHOLE_PERIOD_INTEREST and life.current < rows_end(life):
        j = life.current
        if life.rows[j, I_FROM_ON] < day:
            accrue(product, life, j, fact.amount_fen * life.rate, life.rows[j, I_FROM_ON], day)
    relevel(product, life)
    if product.charges > 0:
        charge_pay_out(product, life, day, fact.amount_fen, k)
    if life.unapplied > 0:
        show_advance(product, life)
        apply_waiting(product, life, day)


@stage
def row_of_day(life, day):
    """The row whose period holds `day` (from excluded, due included); the last one after that."""
    for k in range(life.count):
        if day <= life.rows[k, I_DUE_ON] and life.rows[k, I_ROW_KIND] != DOWN_PAYMENT:
            return k
    return life.count - 1


@stage
def charge_row(product, life, due):
    """The row that asks for a charge due on `due`: that of its period; after the last instalment a row of its own.

    Twelve instalments until 10 December and a fee due on 5 January: a thirteenth row, which asks for the fee alone.
    """
    last = life.count - 1
    if life.rows[last, I_DUE_ON] >= due:
        return row_of_day(life, due)
    if life.charge_rows > 0 and product.policy & LATE_CHARGES_LAST:
        life.rows[last, I_DUE_ON] = due
        return last
    if life.count > ROOM - 2:
        life.error = TOO_MANY_INSTALMENTS
        return last
    k = last + 1
    for column in range(INSTALMENT_WIDTH):
        life.rows[k, column] = 0
    life.rows[k, I_NUMBER] = k + 1
    life.rows[k, I_FROM_ON] = life.rows[last, I_DUE_ON]
    life.rows[k, I_DUE_ON] = due
    life.rows[k, I_PLACED_ON] = due
    life.rows[k, I_INSTALMENT] = -1
    life.rows[k, I_ROW_KIND] = CHARGES
    life.count = k + 1
    life.charge_rows += 1
    return k


@stage
def fall_due_by_now(product, life):
    """Let rows fall due whose day has come: those laid out, or asked for, with a due date that is not ahead."""
    while life.current < life.count and closes_on(product, life, life.current) <= life.day:
        fall_due_now(product, life, life.current)


@stage
def charge(product, life, fact, k):
    """A fee or a penalty is charged; it falls due with the instalment of its due date. Money that waits meets it."""
    component = fact.component
    j = charge_row(product, life, fact.due_on)
    life.rows[j, I_DUE + component] += fact.amount_fen
    life.rows[j, I_CHARGES_DUE_ON] = max(life.rows[j, I_CHARGES_DUE_ON], fact.due_on)
    life.settled_on = NEVER
    if component == PENALTY:
        life.rows[j, I_CHARGED_PENALTY] += fact.amount_fen
        life.due[PENALTY] += fact.amount_fen
        life.charged_penalty += fact.amount_fen
    else:
        life.charged_fee += fact.amount_fen
    life.first = min(life.first, life.rows[j, I_NUMBER] - 1)
    moved(life, life.day, WAS_CHARGED, life.rows[j, I_NUMBER], component, k, fact.amount_fen)
    fall_due_by_now(product, life)
    if life.unapplied > 0:
        show_advance(product, life)
        apply_waiting(product, life, life.day)


@stage
def waive_part(life, component, left, day, fact):
    """Part of a debt is given up, oldest first; more than is owed is not waived.

    Fees and penalties charged on an instalment ahead are owed already; its interest and principal are not.
    """
    for j in range(life.first, life.count):
        if j >= life.current and component in (INTEREST, PRINCIPAL):
            break
        part = min(left, owed(life, j, component))
        if part > 0:
            life.rows[j, I_WAIVED + component] += part
            life.rows[j, I_LAST_PAID_ON] = max(life.rows[j, I_LAST_PAID_ON], day)
            life.waived[component] += part
            left -= part
            if component == PRINCIPAL:
                life.balance -= part
                life.overdue_principal -= part
            moved(life, day, WAS_WAIVED, life.rows[j, I_NUMBER], component, fact, part)
    pass_paid(life)


@leaf
def earned_now(product, life):
    """Interest of the current row up to today, with what was carried into it."""
    k = life.current
    if k >= rows_end(life):
        return 0
    if product.method == IMPORTED:
        days = max(life.rows[k, I_DUE_ON] - life.rows[k, I_FROM_ON], 1)
        signed = life.rows[k, I_DUE + INTEREST] - life.rows[k, I_AGREED]
        return signed * (life.day - life.rows[k, I_FROM_ON]) // days + life.agreed
    return interest_of(product, life, k) + life.rows[k, I_CARRIED] + life.agreed


@leaf
def to_period_end(product):
    """Whether money takes effect on interest only from the next due date on (a policy)."""
    return product.accrual == ACTUAL and product.policy & OVERDUE_TO_PERIOD_END != 0 and product.method != IMPORTED


@stage
def earned_by_due_date(product, life):
    """Interest of the current row on its due date, if nothing is paid until then."""
    k = life.current
    a = life.rows[k, I_ACCRUED_A]
    b = life.rows[k, I_ACCRUED_B]
    accrue(product, life, k, interest_balance(product, life) * life.rate, life.day, life.rows[k, I_DUE_ON])
    earned = earned_now(product, life)
    life.rows[k, I_ACCRUED_A] = a
    life.rows[k, I_ACCRUED_B] = b
    return earned


@stage
def bear_to_period_end(product, life, principal):
    """`principal` paid today, after the first day of a period, bears interest until its row is due all the same."""
    k = life.current
    if principal > 0 and k < rows_end(life) and life.rows[k, I_FROM_ON] < life.day:
        accrue(product, life, k, principal * life.rate, life.day, life.rows[k, I_DUE_ON])


@stage
def round_off(product, life):
    """Round what the current row has earned so far; it is carried, and earning starts from nothing again."""
    k = life.current
    if k < rows_end(life) and product.method != IMPORTED:
        life.rows[k, I_CARRIED] += interest_of(product, life, k)
        life.rows[k, I_ACCRUED_A] = 0
        life.rows[k, I_ACCRUED_B] = 0


@leaf
def scheduled_interest_stays(product):
    """Whether interest that was signed for is owed even when the loan ends early."""
    return product.payoff_interest == PAYOFF_SCHEDULED and product.accrual != ACTUAL


@leaf
def promised_fee_met(life, k):
    """What was paid or waived of the fee that an imported schedule promises for a row that has not fallen due.

    Fees charged meanwhile are met first: 12.00 paid on a row with 10.00 charged and 5.00 promised: 2.00.
    """
    promised = life.rows[k, I_PROMISED_FEE]
    charged = life.rows[k, I_DUE + FEE] - promised
    return min(max(life.rows[k, I_PAID + FEE] + life.rows[k, I_WAIVED + FEE] - charged, 0), promised)


@leaf
def promised_fee_paid(life, k):
    """The part of it that was paid: it was not due yet, so whoever pays the loan off has paid it for principal."""
    return min(promised_fee_met(life, k), life.rows[k, I_PAID + FEE])


@stage
def fees_charged(product, life):
    """Fees charged so far; those promised with an instalment also before it falls due, by being paid or waived."""
    total = life.charged_fee
    if product.charges > 0:
        for k in range(life.current, life.count):
            total += met_ahead(life, k)
    elif product.method == IMPORTED:
        for k in range(life.current, life.count):
            total += promised_fee_met(life, k)
    return total


@stage
def signed_interest_ahead(product, life):
    """Interest that rows ahead were signed for and is not paid: also where it was to become principal on its day."""
    until = life.capital_until
    if until > 0:
        life.capital_until = 0
        project(product, life, life.count)
    total = 0
    for k in range(life.current, life.count):
        total += owed(life, k, INTEREST)
    if until > 0:
        life.capital_until = until
        project(product, life, life.count)
    return total


@stage
def owing(product, life):
    """The debt of today, before money that waits: all that is due, fees charged, interest earned, the whole balance.

    Where rows ask for interest as signed, early money may have paid some of days to come. It owed what was earned,
    so the rest counts against the balance: 10,000.00 less 9,301.69, 21.70 earned and 720.00 paid leave 0.01.
    """
    total = life.charged_fee + life.due[PENALTY] + life.due[INTEREST] + life.early_interest
    for c in (PENALTY, FEE, INTEREST):
        total -= life.paid[c] + life.waived[c] + life.capitalised[c] + life.written_off[c] + life.sold[c]
    if scheduled_interest_stays(product):
        total += signed_interest_ahead(product, life)
    else:
        earned = earned_now(product, life)
        if to_period_end(product) and life.current < rows_end(life):
            earned = earned_by_due_date(product, life)
        ahead = max(earned, life.agreed) - life.early_interest
        total += max(ahead, 0) if product.accrual == ACTUAL else ahead
    if product.charges > 0:
        total += waived_ahead(life)
    elif product.method == IMPORTED:
        for k in range(life.current, life.count):
            total += promised_fee_met(life, k) - promised_fee_paid(life, k)
    return total + life.balance


@stage
def payoff_amount(product, life):
    """What ends the loan today: what it owes, less money that waits."""
    return max(owing(product, life) - life.unapplied, 0)


@stage
def take_back(life, k, component, amount, day, fact):
    """What was paid early on row k and is not owed after all: it is there for principal."""
    life.rows[k, I_PAID + component] -= amount
    life.rows[k, I_PAID_EARLY] -= amount
    life.paid[component] -= amount
    if component == INTEREST:
        life.early_interest -= amount
    if amount > 0:
        moved(life, day, WAS_REPAID, life.rows[k, I_NUMBER], component, fact, -amount)


@stage
def drop_promised_fees(life, day, fact):
    """Rows ahead of an imported schedule ask for no fee that is not due. Returns what had been paid of such fees."""
    back = 0
    for k in range(life.current, life.count):
        paid = promised_fee_paid(life, k)
        waived = promised_fee_met(life, k) - paid
        take_back(life, k, FEE, paid, day, fact)
        life.rows[k, I_DUE + FEE] -= life.rows[k, I_PROMISED_FEE] - waived
        life.rows[k, I_PROMISED_FEE] = waived
        back += paid
    return back


@stage
def drop_interest(product, life, day, fact):
    """Rows ahead ask for no interest beyond what is earned. Returns what had been paid beyond it."""
    first = life.current
    back = 0
    if product.method == IMPORTED and first < life.count:  # what is earned stands still from now on
        earned = earned_now(product, life) - life.agreed
        life.rows[first, I_AGREED] += earned
        life.agreed += earned
    for k in range(first, life.count):
        asked = life.rows[k, I_AGREED]
        if k == first and product.method != IMPORTED:
            asked += max(earned_now(product, life) - life.agreed, 0)
        else:
            life.rows[k, I_CARRIED] = 0
        more = max(life.rows[k, I_PAID + INTEREST] - asked, 0)
        take_back(life, k, INTEREST, more, day, fact)
        life.rows[k, I_DUE + INTEREST] = asked
        back += more
    return back


@stage
def ask_the_balance(life):
    """Rows ahead ask for the principal that is left, all of it and no more."""
    left = life.balance - life.overdue_principal
    for k in range(life.current, life.count):
        asked = min(max(owed(life, k, PRINCIPAL), 0), left)
        if k == rows_end(life) - 1:
            asked = left
        life.rows[k, I_DUE + PRINCIPAL] = life.rows[k, I_PAID + PRINCIPAL] + life.rows[k, I_WAIVED + PRINCIPAL] + asked
        left -= asked


@stage
def settle(product, life, day, fact):
    """The loan is paid off today: rows ahead ask for the balance, for what is earned, and for no fee that is not due.

    Returns what they had been paid beyond that; it repays principal.
    """
    back = 0
    if product.charges > 0:
        release_charges(life, life.day)
    if product.accrual != ACTUAL and not scheduled_interest_stays(product):
        back = drop_interest(product, life, day, fact)
        ask_the_balance(life)
    elif life.capital_until > 0 and scheduled_interest_stays(product):  # it becomes no principal any more
        life.capital_until = 0
        project(product, life, life.count)
    if product.method == IMPORTED and product.charges == 0:
        back += drop_promised_fees(life, day, fact)
    return back


@stage
def wait(life, money, day, fact):
    """Money that meets no debt waits."""
    if money > 0:
        life.unapplied += money
        moved(life, day, WAS_UNAPPLIED, 0, -1, fact, money)


@stage
def close_if_met(product, life, day):
    """A loan that owes nothing has ended today, whatever ended it: repaid, waived, met by money that waited.

    Before the first pay-out nothing has begun that could end.
    """
    if life.settled_on != NEVER or life.written_off_on != NEVER or life.started_on == 0:
        return
    if owing(product, life) - min(life.unapplied, 0) > 0:  # what was given back without cover is owed too
        return
    before = life.unapplied
    back = settle(product, life, day, -1)
    released = life.unapplied - before  # charges to come that were met
    if released > 0:
        life.unapplied = before
        moved(life, day, WAS_UNAPPLIED, 0, -1, -1, -released)
        back += released
    if back > 0:
        wait(life, allocate(product, life, back, day, -1), day, -1)
        pass_paid(life)
    if life.balance == 0:
        life.settled_on = day


@leaf
def due_by_now(life):
    """All that has fallen due and is unpaid."""
    total = 0
    for k in range(life.first, life.current):
        total += owed_in_all(life, k)
    return total


@stage
def bring_forward(product, life, day):
    """All rows ahead become one that falls due today: interest earned so far, fees charged, the whole balance.

    Nothing is left for time to bring. A loan whose last row has fallen due stays as it is.
    """
    for j in range(life.first, life.current):  # asked for already, and not due before a business day to come
        life.rows[j, I_DUE_ON] = min(life.rows[j, I_DUE_ON], day)
    k = life.current
    if k >= life.count:
        return
    before = life.unapplied
    back = settle(product, life, day, -1)
    earned = earned_now(product, life)
    for j in range(k + 1, life.count):
        for column in (I_PAID, I_WAIVED):
            for c in range(4):
                life.rows[k, column + c] += life.rows[j, column + c]
        life.rows[k, I_DUE + FEE] += life.rows[j, I_DUE + FEE] - life.rows[j, I_PROMISED_FEE]
        life.rows[k, I_DUE + PENALTY] += life.rows[j, I_DUE + PENALTY]
        life.rows[k, I_CHARGED_PENALTY] += life.rows[j, I_CHARGED_PENALTY]
        for column in (I_PREPAID, I_PAID_EARLY, I_PAID_LATE):
            life.rows[k, column] += life.rows[j, column]
    fees = life.rows[k, I_DUE + FEE] - life.rows[k, I_PROMISED_FEE]
    life.rows[k, I_DUE + FEE] = max(fees, life.rows[k, I_PAID + FEE] + life.rows[k, I_WAIVED + FEE])
    life.rows[k, I_PROMISED_FEE] = life.rows[k, I_DUE + FEE] - fees
    interest = max(earned, life.rows[k, I_PAID + INTEREST])
    principal = life.rows[k, I_PAID + PRINCIPAL] + life.balance - life.overdue_principal
    life.rows[k, I_AGREED] = life.agreed
    life.rows[k, I_DUE_ON] = day
    life.rows[k, I_PLACED_ON] = day
    life.rows[k, I_DUE + INTEREST] = interest
    life.rows[k, I_DUE + PRINCIPAL] = principal
    life.rows[k, I_INSTALMENT] = -1
    life.rows[k, I_FELL_DUE] = 1
    life.count = k + 1
    life.charge_rows = 0
    life.current = k + 1
    life.scheduled = 0
    life.agreed = 0
    life.overdue_principal = life.balance
    life.due[INTEREST] += interest
    life.due[PRINCIPAL] += principal
    life.early_interest = 0
    life.charged_fee += life.rows[k, I_PROMISED_FEE]
    life.rows[k, I_BALANCE] = 0
    moved(life, day, FELL_DUE, life.rows[k, I_NUMBER], PRINCIPAL, -1, principal)
    moved(life, day, FELL_DUE, life.rows[k, I_NUMBER], INTEREST, -1, interest)
    wait(life, pay_part(life, k, PRINCIPAL, back, day, -1), day, -1)
    if life.unapplied > before:
        apply_waiting(product, life, day)


@stage
def give_up(product, life, day, given, cause, fact):
    """Everything still owed is taken off the rows and added to the running totals `given` [4].

    Money that waits meets it first: 1,000.00 owed and 300.00 waiting are 700.00 written off, not 1,000.00.
    """
    show_penalties(product, life, day)
    bring_forward(product, life, day)
    if life.unapplied > 0:
        apply_waiting(product, life, day)
    for j in range(life.first, life.count):
        for c in range(4):
            part = owed(life, j, c)
            if c == PRINCIPAL:  # a row set anew may ask for less than was paid on it
                part = min(part, life.balance)
                life.balance -= max(part, 0)
            if part > 0:
                life.rows[j, I_WAIVED + c] += part
                life.rows[j, I_LAST_PAID_ON] = max(life.rows[j, I_LAST_PAID_ON], day)
                given[c] += part
                moved(life, day, cause, life.rows[j, I_NUMBER], c, fact, part)
    life.balance = 0
    life.overdue_principal = 0
    life.forgive_rows = 0  # rows that owe nothing now were not paid in time
    pass_paid(life)


@stage
def settle_for_less(product, life, day):
    """The sum agreed on has been received in time: money that waits meets the debt too, the rest is given up."""
    life.settle_by = 0
    give_up(product, life, day, life.waived, WAS_WAIVED, -1)


@stage
def recover(life, money, day, fact):
    """Money after a write-off is a recovery, up to what was written off; returns what is left."""
    part = min(money, max(life.claim - life.recovered, 0))
    if part > 0:
        life.recovered += part
        moved(life, day, WAS_RECOVERED, 0, -1, fact, part)
    return money - part


@stage
def prepay(product, contract, life, money, day, k):
    """Repay principal early so that later instalments become smaller, or fewer; returns what is left of `money`.

    The running instalment keeps its amount, with less interest and more principal in it.
    """
    current = life.current
    if money <= 0 or current >= rows_end(life) or life.balance - life.overdue_principal <= 0:
        return money
    part = min(money, life.balance - life.overdue_principal)
    if life.rows[current, I_INSTALMENT] >= 0:
        life.rows[current, I_INSTALMENT] += part
    life.rows[current, I_PLANNED_PRINCIPAL] += part
    life.rows[current, I_DUE + PRINCIPAL] = (
        life.rows[current, I_PAID + PRINCIPAL] + life.rows[current, I_WAIVED + PRINCIPAL] + part
    )
    life.rows[current, I_PREPAID] += part
    life.scheduled -= part
    left = pay_part(life, current, PRINCIPAL, part, day, k)
    project(product, life, current + 1)
    ahead = not_asked_for(product, life) - life.rows[current, I_DUE + PRINCIPAL]
    ahead += life.rows[current, I_PAID + PRINCIPAL] if product.accrual == ACTUAL else life.rows[current, I_PREPAID]
    if product.early == REDUCE_INSTALMENT:
        level(product, life, current + 1, ahead)
    project(product, life, life.count)
    return money - part + left


@stage
def enlarge(product, life, j, money, day, k):
    """All of `money` becomes principal of row j, beyond what it asks for; later instalments repay the rest.

    On its due day 1,500.00 against 862.00: the row asks for 1,500.00. Before it 863.00 against 862.00: all of it is
    principal today, and the interest of the row is still to come.
    """
    part = min(money, life.balance - life.overdue_principal)
    life.rows[j, I_DUE + PRINCIPAL] = life.rows[j, I_PAID + PRINCIPAL] + part + life.rows[j, I_WAIVED + PRINCIPAL]
    life.rows[j, I_PREPAID] += part
    life.scheduled -= part
    if j < life.current:
        life.overdue_principal += part
        life.due[PRINCIPAL] += part
        moved(life, day, FELL_DUE, life.rows[j, I_NUMBER], PRINCIPAL, -1, part)
    else:
        life.rows[j, I_INSTALMENT] = -1
        life.rows[j, I_PLANNED_PRINCIPAL] = life.rows[j, I_PAID + PRINCIPAL] + part
    left = pay_part(life, j, PRINCIPAL, part, day, k)
    if product.early == REDUCE_INSTALMENT:
        life.like = j
        level(product, life, j + 1, life.balance - life.overdue_principal)
        life.like = -1
    project(product, life, life.count)
    if product.early == REDUCE_NUMBER:
        while life.count - 1 > life.current and owed_in_all(life, life.count - 1) <= 0:
            life.count -= 1
        project(product, life, life.count)
    return money - part + left


@stage
def take_early(product, life, money, day, k):
    """Money beyond what is due, where it fills instalments (a policy): on the due day it enlarges the instalment.

    Before the due day it pays the next instalment with its whole interest; more than that is all principal.
    """
    last = life.current - 1
    if life.balance - life.overdue_principal <= 0 or product.early == ADJUST_LAST or life.charge_rows > 0:
        return fill_instalment(product, life, money, day, k)
    if last >= 0 and life.rows[last, I_DUE_ON] == day and life.rows[last, I_ROW_KIND] == 0:
        return enlarge(product, life, last, money, day, k)
    if product.early == REDUCE_INSTALMENT and life.current < life.count:
        project(product, life, life.current + 1)
        if money > owed_in_all(life, life.current):
            return enlarge(product, life, life.current, money, day, k)
    return fill_instalment(product, life, money, day, k)


@stage
def fill_instalment(product, life, money, day, k):
    """Pay the next instalment early: its interest to the due date, on the balance that this leaves, then principal.

    1,000.00 at 12 %, 150.00 two days into five: interest 1.50, so 148.50 of principal.
    """
    current = life.current
    if current >= rows_end(life) or money <= 0:
        return money
    balance = life.balance
    for _ in range(4):
        project(product, life, current + 1)
        part = max(money - owed(life, current, INTEREST), 0)
        life.balance = balance - min(
            part, life.rows[current, I_DUE + PRINCIPAL] - life.rows[current, I_PAID + PRINCIPAL]
        )
    life.balance = balance
    for c in (PENALTY, FEE, INTEREST, PRINCIPAL):
        money = pay_part(life, current, c, money, day, k)
    return money


@stage
def pay_off(product, life, money, day, k):
    """Pay all that is left, with the money that waits first; returns what is too much.

    An order without lines for instalments ahead keeps early money waiting, but not the money that ends the loan.
    """
    if life.unapplied > 0:
        waiting = life.unapplied
        life.unapplied = clear_all(life, allocate(product, life, waiting, day, -1), day, -1)
        moved(life, day, WAS_UNAPPLIED, 0, -1, -1, life.unapplied - waiting)
    return clear_all(life, allocate(product, life, money, day, k), day, k)


@leaf
def ends_it(product, life, money):
    """Whether money ends the loan though as much or more is due: what was paid of interest and fees to come counts.

    1,318 of principal and 6 of penalty due, 168 of interest paid and not earned: 1,156 ends it.
    """
    may = life.early_interest > 0 and product.accrual != ACTUAL
    may = may or product.charges > 0 or product.method == IMPORTED
    return may and life.current < life.count and money >= payoff_amount(product, life)


@stage
def pay_beyond_due(product, contract, life, money, day, k, late):
    """More than is due pays the loan off, or principal early. Returns what is left for `allocate`, and `late`.

    `late`: the overdue principal of this morning, 0 where what it bears to the end of its period is borne already.
    """
    if money >= payoff_amount(product, life):
        if to_period_end(product):
            bear_to_period_end(product, life, interest_balance(product, life))
            late = 0
        money += settle(product, life, day, k)
        ended = life.charges_ended
        life.charges_ended = -1  # what ends the loan pays no charge to come
        show_advance(product, life)
        money = pay_off(product, life, money, day, k)
        life.charges_ended = ended
    elif product.policy & EARLY_FILLS_INSTALMENT:
        money = allocate_due(product, life, money, day, k)
        if money > 0:
            money = take_early(product, life, money, day, k)
        if product.early == REDUCE_INSTALMENT and money > 0:
            money = prepay(product, contract, life, money, day, k)
    elif product.early != ADJUST_LAST:
        money = allocate_due(product, life, money, day, k)
        money = prepay(product, contract, life, money, day, k)
    show_advance(product, life)
    return money, late


@leaf
def take(product, contract, life, fact, k, plain):
    """Let the money of a repayment meet the debt in the product's order."""
    day = fact.on
    money = fact.amount_fen
    count_in(life, fact, k)
    if not plain and life.unapplied < 0:
        money = make_good(life, money, day, k)
    if life.settled_on != NEVER:
        wait(life, money, day, k)
        return
    over = 0
    settles = not plain and day <= life.settle_by and kept(life) >= life.settle_at
    if settles:  # more than the sum agreed on is the borrower's
        over = min(money, kept(life) - life.settle_at)
        money -= over
    if life.first < life.current and shows_penalties(life):
        show_penalties(product, life, day)
    if not plain and product.policy & ROUNDED_AT_EACH_PAYMENT:
        round_off(product, life)
    late = life.overdue_principal
    due = due_by_now(life)
    ends = not plain and ends_it(product, life, money)
    if money == due and product.clears and not ends:
        money = clear_due(life, money, day, k)
    elif life.current < life.count and (product.direction == VERTICAL or money > due or ends):
        money, late = pay_beyond_due(product, contract, life, money, day, k, late)
    left = allocate(product, life, money, day, k) if money > 0 else 0
    if not plain and late > life.overdue_principal and to_period_end(product):
        bear_to_period_end(product, life, late - life.overdue_principal)
    if not plain and left > 0:
        left = recover(life, left, day, k)
    if left > 0:
        wait(life, left, day, k)
    pass_paid(life)
    if not plain and life.forgive_rows > 0:
        forgive_kept(product, life, day)
    if settles:
        settle_for_less(product, life, day)
        wait(life, over, day, k)
    if life.balance == 0:
        close_if_met(product, life, day)


@stage
def repay(product, contract, life, fact, k):
    """A repayment meets the debt in the product's order; what meets none waits, unapplied."""
    if life.plain:
        take(product, contract, life, fact, k, True)
    else:
        take(product, contract, life, fact, k, False)


@stage
def change_rate(product, life, fact, k):
    """The contract rate changes: interest from today on, and instalments that fit it; the same rate changes nothing.

    A rate that a plan gives (`component` 1) stays until the plan is broken, whatever the contract's own does meanwhile.
    """
    if life.settled_on != NEVER:  # for what is paid out later
        if fact.component != WHILE_KEPT:
            life.own_rate = fact.amount_fen
        return
    if fact.component == WHILE_KEPT:
        life.given = 1 if fact.amount_fen != life.own_rate else 0
    else:
        life.own_rate = fact.amount_fen
        if life.given:
            return
    if fact.amount_fen == life.rate or life.stopped:
        return
    set_rate(product, life, fact.amount_fen)
    take_as_it_is(life)
    relevel(product, life)
