"""The life of one loan: facts in order of time, instalments falling due between them.

`advance` moves time and lets interest accrue and instalments fall due; each fact then acts on the rows.
Nothing here knows a clock or a database.
"""

from afterloan.compiled import leaf
from afterloan.dates import NEVER
from afterloan.loan.accrual import accrue, interest_of, rounded
from afterloan.loan.columns import (
    C_GRACE_PRINCIPAL,
    C_RATE,
    C_SIGNED_ON,
    F_AMOUNT,
    F_COMPONENT,
    F_DUE_ON,
    F_GONE_ON,
    F_KIND,
    F_KNOWN_ON,
    F_ON,
    I_ACCRUED_A,
    I_ACCRUED_B,
    I_BALANCE,
    I_CARRIED,
    I_CHARGED_PENALTY,
    I_DUE,
    I_DUE_ON,
    I_FELL_DUE,
    I_FROM_ON,
    I_INSTALMENT,
    I_IS_DOWN_PAYMENT,
    I_LAST_PAID_ON,
    I_NUMBER,
    I_OVERDUE_A,
    I_PAID,
    I_PLANNED_PRINCIPAL,
    I_PREPAID,
    I_PROMISED_FEE,
    I_WAIVED,
    P_ACCRUAL,
    P_DIRECTION,
    P_DOWN_PAYMENT_PERMYRIAD,
    P_EARLY,
    P_GRACE_FEE_DAYS,
    P_GRACE_PENALTY_DAYS,
    P_LATE_FEE,
    P_METHOD,
    P_PAST_DUE_BEARS_INTEREST,
    P_PAYOFF_INTEREST,
    P_FROM_SIGNING,
    P_POLICY,
    P_ROUNDING,
    R_DUE_ON,
    R_FEE,
    R_INTEREST,
    R_PRINCIPAL,
)
from afterloan.loan.moves import moved
from afterloan.loan.penalty import penalty_days, set_penalty_rate, show_penalties
from afterloan.loan.schedule import EQUAL_INSTALMENT, FLAT, equal_instalment, lay_out, plan_principal, to_multiple
from afterloan.loan.state import (
    S_BALANCE,
    S_PAID,
    S_WAIVED,
    S_CHARGED_FEE,
    S_CHARGED_PENALTY,
    S_CURRENT,
    S_DAY,
    S_DUE,
    S_EARLY_INTEREST,
    S_ERROR,
    S_FIRST,
    S_LAST_REPAID_ON,
    S_LENT,
    S_OVERDUE_PRINCIPAL,
    S_RATE,
    S_REPAID,
    S_ROWS,
    S_SCHEDULED,
    S_SETTLED_ON,
    S_STARTED_ON,
    S_UNAPPLIED,
)
from afterloan.loan.terms import Accrual, Cause, Component, Early, FactKind, Method, PayoffInterest, Policy, Refusal
from afterloan.loan.waterfall import (
    ADVANCE,
    VERTICAL,
    allocate,
    allocate_due,
    owed,
    owed_in_all,
    pass_paid,
    pay,
)

PENALTY = int(Component.PENALTY)
FEE = int(Component.FEE)
INTEREST = int(Component.INTEREST)
PRINCIPAL = int(Component.PRINCIPAL)
ACTUAL = int(Accrual.ACTUAL)
IMPORTED = int(Method.IMPORTED)
REDUCE_INSTALMENT = int(Early.REDUCE_INSTALMENT)
PAYOFF_SCHEDULED = int(PayoffInterest.SCHEDULED)
EVEN_OUT_LAST = int(Policy.EVEN_OUT_LAST)
EARLY_FILLS_INSTALMENT = int(Policy.EARLY_FILLS_INSTALMENT)
WHOLE_PERIOD_INTEREST = int(Policy.WHOLE_PERIOD_INTEREST)
OVERDUE_TO_PERIOD_END = int(Policy.OVERDUE_TO_PERIOD_END)
DISBURSED = int(FactKind.DISBURSED)
RATE_CHANGED = int(FactKind.RATE_CHANGED)
CHARGED = int(FactKind.CHARGED)
WAIVED = int(FactKind.WAIVED)
REPAID = int(FactKind.REPAID)
WAS_DISBURSED = int(Cause.DISBURSED)
FELL_DUE = int(Cause.FELL_DUE)
WAS_CHARGED = int(Cause.CHARGED)
WAS_WAIVED = int(Cause.WAIVED)
WAS_UNAPPLIED = int(Cause.UNAPPLIED)
REPAID_BEFORE_DISBURSED = int(Refusal.REPAID_BEFORE_DISBURSED)
NOT_IN_ORDER = int(Refusal.NOT_IN_ORDER)


@leaf
def interest_balance(product, s):
    """What interest is worked out on today: the scheduled balance, or what is really outstanding."""
    if product[P_METHOD] == FLAT:
        return s[S_LENT]
    if product[P_ACCRUAL] != ACTUAL:
        return s[S_SCHEDULED]
    if product[P_PAST_DUE_BEARS_INTEREST]:
        return s[S_BALANCE]
    return s[S_BALANCE] - s[S_OVERDUE_PRINCIPAL]


@leaf
def set_dues(product, s, rows, k, last, interest, ahead):
    """Split a row into interest and principal; `ahead` is the principal that has not been asked for yet.

    An equal instalment of 17.01 with 0.58 of interest asks for 16.43 of principal. Interest that the
    instalment cannot hold is returned: it is carried into the next row.
    """
    paid = rows[k, I_PAID + PRINCIPAL] if product[P_ACCRUAL] == ACTUAL else rows[k, I_PREPAID]
    total = interest + rows[k, I_CARRIED]
    held = total
    if rows[k, I_INSTALMENT] >= 0:
        if not last:
            held = min(total, rows[k, I_INSTALMENT] - paid)
        principal = paid + min(max(rows[k, I_INSTALMENT] - held - paid, 0), ahead)
    else:
        principal = paid + min(max(rows[k, I_PLANNED_PRINCIPAL] - paid, 0), ahead)
    held = max(held, rows[k, I_PAID + INTEREST])
    if last:
        principal = paid + ahead
    rows[k, I_DUE + INTEREST] = held
    rows[k, I_DUE + PRINCIPAL] = principal
    return max(total - held, 0)


@leaf
def not_asked_for(product, s):
    """Principal that no row has asked for yet and that is not repaid."""
    if product[P_ACCRUAL] == ACTUAL:
        return s[S_BALANCE] - s[S_OVERDUE_PRINCIPAL]
    return s[S_SCHEDULED]


@leaf
def fall_due(product, s, moves, rows, k):
    """Instalment k falls due: its interest is rounded, once, and its amounts are final."""
    last = k == s[S_ROWS] - 1
    if product[P_METHOD] != IMPORTED and not rows[k, I_IS_DOWN_PAYMENT]:
        interest = interest_of(product, rows, k)
        carried = set_dues(product, s, rows, k, last, interest, not_asked_for(product, s))
        if not last:
            rows[k + 1, I_CARRIED] = carried
    rows[k, I_FELL_DUE] = 1
    s[S_SCHEDULED] -= rows[k, I_DUE + PRINCIPAL] - rows[k, I_PREPAID]
    s[S_OVERDUE_PRINCIPAL] += owed(rows, k, PRINCIPAL)
    s[S_DUE + INTEREST] += rows[k, I_DUE + INTEREST]
    s[S_EARLY_INTEREST] -= rows[k, I_PAID + INTEREST]
    s[S_CHARGED_FEE] += rows[k, I_PROMISED_FEE]
    s[S_CURRENT] = k + 1
    rows[k, I_BALANCE] = not_asked_for(product, s)
    moved(moves, s, rows[k, I_DUE_ON], FELL_DUE, rows[k, I_NUMBER], PRINCIPAL, -1, rows[k, I_DUE + PRINCIPAL])
    moved(moves, s, rows[k, I_DUE_ON], FELL_DUE, rows[k, I_NUMBER], INTEREST, -1, rows[k, I_DUE + INTEREST])
    if owed_in_all(rows, k) <= 0:
        pass_paid(s, rows)
    elif s[S_UNAPPLIED] > 0:
        apply_waiting(product, s, moves, rows, rows[k, I_DUE_ON])


@leaf
def apply_waiting(product, s, moves, rows, day):
    """Money that met no debt when it came meets the debt of today."""
    before = s[S_UNAPPLIED]
    s[S_UNAPPLIED] = allocate(product, s, moves, rows, before, day, -1)
    if s[S_UNAPPLIED] != before:
        moved(moves, s, day, WAS_UNAPPLIED, 0, -1, -1, s[S_UNAPPLIED] - before)
    pass_paid(s, rows)


@leaf
def late_fees(product, s, moves, rows, start, end):
    """Charge the late fee once for each row whose grace ran out in `start … end` unpaid."""
    for k in range(s[S_FIRST], s[S_CURRENT]):
        runs_out = rows[k, I_DUE_ON] + product[P_GRACE_FEE_DAYS] + 1
        if start < runs_out <= end and owed(rows, k, PRINCIPAL) + owed(rows, k, INTEREST) > 0:
            rows[k, I_DUE + FEE] += product[P_LATE_FEE]
            s[S_CHARGED_FEE] += product[P_LATE_FEE]
            moved(moves, s, runs_out, WAS_CHARGED, rows[k, I_NUMBER], FEE, -1, product[P_LATE_FEE])


@leaf
def advance(product, s, moves, rows, to):
    """Move time to the end of day `to`: interest and penalty interest accrue, instalments fall due."""
    while s[S_DAY] < to:
        k = s[S_CURRENT]
        more = k < s[S_ROWS]
        until = to
        if more:
            until = min(to, rows[k, I_DUE_ON])
        start = s[S_DAY]
        if until > start:
            if more and product[P_METHOD] != IMPORTED:
                accrue(product, rows, k, interest_balance(product, s) * s[S_RATE], start, until)
            for j in range(s[S_FIRST], k):
                penalty_days(product, rows, j, start, until)
            s[S_DAY] = until
            if product[P_LATE_FEE] > 0:
                late_fees(product, s, moves, rows, start, until)
        while s[S_CURRENT] < s[S_ROWS] and rows[s[S_CURRENT], I_DUE_ON] <= until:
            fall_due(product, s, moves, rows, s[S_CURRENT])


@leaf
def project(product, s, rows, until_row):
    """What the rows ahead will ask for if all that is past due is paid today and the rest on time."""
    first = s[S_CURRENT]
    if product[P_METHOD] == IMPORTED:
        return
    ahead = not_asked_for(product, s)
    balance = ahead
    actual = product[P_ACCRUAL] == ACTUAL
    for k in range(first, until_row):
        if rows[k, I_IS_DOWN_PAYMENT]:
            continue
        a = rows[k, I_ACCRUED_A]
        b = rows[k, I_ACCRUED_B]
        bearing = s[S_LENT] if product[P_METHOD] == FLAT else balance
        if k == first and actual and product[P_POLICY] & OVERDUE_TO_PERIOD_END:
            bearing = interest_balance(product, s)
        accrue(product, rows, k, bearing * s[S_RATE], max(s[S_DAY], rows[k, I_FROM_ON]), rows[k, I_DUE_ON])
        last = k == s[S_ROWS] - 1
        carried = set_dues(product, s, rows, k, last, interest_of(product, rows, k), ahead)
        rows[k, I_ACCRUED_A] = a
        rows[k, I_ACCRUED_B] = b
        asked = rows[k, I_DUE + PRINCIPAL] - (rows[k, I_PAID + PRINCIPAL] if actual else rows[k, I_PREPAID])
        balance -= asked
        ahead -= asked
        rows[k, I_BALANCE] = balance
        if not last:
            rows[k + 1, I_CARRIED] = carried


@leaf
def show_advance(product, s, rows):
    """What rows ahead take today: interest earned so far, then principal, no more than an instalment each.

    A row that is paid for what it will ask for is closed; interest it cannot hold passes to the next.
    """
    first = s[S_CURRENT]
    if product[P_ACCRUAL] != ACTUAL or product[P_METHOD] == IMPORTED or first >= s[S_ROWS]:
        return
    n = s[S_ROWS]
    project(product, s, rows, n)
    carried = interest_of(product, rows, first) + rows[first, I_CARRIED]
    left = s[S_BALANCE] - s[S_OVERDUE_PRINCIPAL]
    last_open = n - 1
    for k in range(first, n):
        paid = rows[k, I_PAID + PRINCIPAL]
        closed = owed_in_all(rows, k) <= 0 and paid + rows[k, I_PAID + INTEREST] > 0
        interest = carried
        principal = rows[k, I_PLANNED_PRINCIPAL]
        if closed:
            interest = rows[k, I_PAID + INTEREST]
            principal = paid
        elif rows[k, I_INSTALMENT] >= 0:
            interest = min(interest, rows[k, I_INSTALMENT] - paid)
            principal = rows[k, I_INSTALMENT] - interest
        if not closed:
            last_open = k
        rows[k, I_DUE + INTEREST] = max(interest, rows[k, I_PAID + INTEREST])
        rows[k, I_DUE + PRINCIPAL] = max(principal, paid)
        carried = max(carried - rows[k, I_DUE + INTEREST], 0)
        left -= owed(rows, k, PRINCIPAL)
    rows[last_open, I_DUE + PRINCIPAL] += max(left, 0)


@leaf
def level(product, contract, s, rows, first, principal):
    """Set the instalments of rows `first …` anew so that they repay `principal`."""
    n = s[S_ROWS]
    if first >= n:
        return
    if product[P_METHOD] != EQUAL_INSTALMENT:
        plan_principal(product, contract, rows, first, n, principal)
        return
    bare = min(first + max(contract[C_GRACE_PRINCIPAL] - first, 0), n - 1)
    amount = equal_instalment(product, rows, bare, n, principal, s[S_RATE])
    for k in range(first, n):
        rows[k, I_INSTALMENT] = amount if k >= bare else -1
        rows[k, I_PLANNED_PRINCIPAL] = 0


@leaf
def even_out(product, s, rows, first):
    """Move the instalment by whole units until the last one differs by no more than half a unit a row.

    Six instalments of 17.01 and a last one of 16.91: ten units apart, so 17.01 - 0.10 / 6 = 16.99 is tried.
    """
    n = s[S_ROWS]
    count = n - first
    project(product, s, rows, n)
    for _ in range(3):
        amount = rows[first, I_INSTALMENT]
        gap = rows[n - 1, I_DUE + INTEREST] + rows[n - 1, I_DUE + PRINCIPAL] - amount
        if abs(gap) <= count // 2:
            break
        step = rounded(abs(gap), count, product[P_ROUNDING])
        moved_to = to_multiple(product, amount + step if gap > 0 else amount - step)
        for k in range(first, n):
            rows[k, I_INSTALMENT] = moved_to
        project(product, s, rows, n)
        now = rows[n - 1, I_DUE + INTEREST] + rows[n - 1, I_DUE + PRINCIPAL] - moved_to
        if abs(now) >= abs(gap):
            for k in range(first, n):
                rows[k, I_INSTALMENT] = amount
            project(product, s, rows, n)
            break


@leaf
def take_imported(s, rows, promised):
    """The rows of an imported schedule, as the lender that wrote it had them."""
    before = s[S_STARTED_ON]
    for k in range(promised.shape[0]):
        rows[k, :] = 0
        rows[k, I_NUMBER] = k + 1
        rows[k, I_FROM_ON] = before
        rows[k, I_DUE_ON] = promised[k, R_DUE_ON]
        rows[k, I_INSTALMENT] = -1
        rows[k, I_DUE + PRINCIPAL] = promised[k, R_PRINCIPAL]
        rows[k, I_DUE + INTEREST] = promised[k, R_INTEREST]
        rows[k, I_DUE + FEE] = promised[k, R_FEE]
        rows[k, I_PROMISED_FEE] = promised[k, R_FEE]
        before = rows[k, I_DUE_ON]
    s[S_ROWS] = promised.shape[0]


@leaf
def down_payment(product, s, moves, rows, day, amount):
    """Insert the share of a disbursement that is due back on the same day."""
    share = to_multiple(product, rounded(amount * product[P_DOWN_PAYMENT_PERMYRIAD], 10_000, product[P_ROUNDING]))
    k = s[S_CURRENT]
    for j in range(s[S_ROWS], k, -1):
        rows[j] = rows[j - 1]
        rows[j, I_NUMBER] += 1
    s[S_ROWS] += 1
    rows[k, :] = 0
    rows[k, I_NUMBER] = k + 1
    rows[k, I_FROM_ON] = day
    rows[k, I_DUE_ON] = day
    rows[k, I_IS_DOWN_PAYMENT] = 1
    rows[k, I_INSTALMENT] = -1
    rows[k, I_DUE + PRINCIPAL] = share
    fall_due(product, s, moves, rows, k)


@leaf
def paid_ahead(s, rows):
    """Principal already repaid on rows that have not fallen due."""
    total = 0
    for k in range(s[S_CURRENT], s[S_ROWS]):
        total += rows[k, I_PAID + PRINCIPAL]
    return total


@leaf
def relevel(product, contract, s, rows):
    """After a disbursement or a change of rate: instalments that repay what the rows ahead still stand for."""
    if product[P_METHOD] == IMPORTED:
        return
    principal = not_asked_for(product, s)
    if product[P_ACCRUAL] == ACTUAL:
        principal += paid_ahead(s, rows)
    level(product, contract, s, rows, s[S_CURRENT], principal)
    if product[P_POLICY] & EVEN_OUT_LAST and product[P_METHOD] == EQUAL_INSTALMENT and s[S_CURRENT] < s[S_ROWS]:
        even_out(product, s, rows, s[S_CURRENT])
    if product[P_ACCRUAL] != ACTUAL:
        project(product, s, rows, s[S_ROWS])


@leaf
def disburse(product, contract, calendars, promised, s, moves, rows, facts, k):
    """Money is paid out: the first time the schedule is laid out, each time the instalments are set."""
    day = facts[k, F_ON]
    if s[S_STARTED_ON] == 0:
        s[S_STARTED_ON] = day
        s[S_DAY] = day
        s[S_RATE] = contract[C_RATE]
        set_penalty_rate(product, s, contract[C_RATE])
        start = contract[C_SIGNED_ON] if product[P_FROM_SIGNING] else day
        if product[P_METHOD] == IMPORTED:
            take_imported(s, rows, promised)
        else:
            s[S_ROWS] = lay_out(product, contract, calendars, rows, start)
    advance(product, s, moves, rows, day)
    s[S_LENT] += facts[k, F_AMOUNT]
    s[S_BALANCE] += facts[k, F_AMOUNT]
    s[S_SCHEDULED] += facts[k, F_AMOUNT]
    s[S_SETTLED_ON] = NEVER
    moved(moves, s, day, WAS_DISBURSED, 0, PRINCIPAL, k, facts[k, F_AMOUNT])
    if product[P_DOWN_PAYMENT_PERMYRIAD] > 0:
        down_payment(product, s, moves, rows, day, facts[k, F_AMOUNT])
    if product[P_POLICY] & WHOLE_PERIOD_INTEREST and s[S_CURRENT] < s[S_ROWS]:
        j = s[S_CURRENT]
        if rows[j, I_FROM_ON] < day:
            accrue(product, rows, j, facts[k, F_AMOUNT] * s[S_RATE], rows[j, I_FROM_ON], day)
    relevel(product, contract, s, rows)
    if s[S_UNAPPLIED] > 0:
        show_advance(product, s, rows)
        apply_waiting(product, s, moves, rows, day)


@leaf
def row_of_day(s, rows, day):
    """The row whose period holds `day` (from excluded, due included); the last one after that."""
    for k in range(s[S_ROWS]):
        if day <= rows[k, I_DUE_ON] and not rows[k, I_IS_DOWN_PAYMENT]:
            return k
    return s[S_ROWS] - 1


@leaf
def charge(s, moves, rows, facts, k):
    """A fee or a penalty is charged; it falls due with the instalment of its due date."""
    component = facts[k, F_COMPONENT]
    j = row_of_day(s, rows, facts[k, F_DUE_ON])
    rows[j, I_DUE + component] += facts[k, F_AMOUNT]
    if component == PENALTY:
        rows[j, I_CHARGED_PENALTY] += facts[k, F_AMOUNT]
        s[S_DUE + PENALTY] += facts[k, F_AMOUNT]
        s[S_CHARGED_PENALTY] += facts[k, F_AMOUNT]
    else:
        s[S_CHARGED_FEE] += facts[k, F_AMOUNT]
    s[S_FIRST] = min(s[S_FIRST], rows[j, I_NUMBER] - 1)
    moved(moves, s, facts[k, F_ON], WAS_CHARGED, rows[j, I_NUMBER], component, k, facts[k, F_AMOUNT])


@leaf
def waive(s, moves, rows, facts, k):
    """Part of a debt is given up, oldest first; more than is owed is not waived."""
    component = facts[k, F_COMPONENT]
    left = facts[k, F_AMOUNT]
    for j in range(s[S_FIRST], s[S_ROWS]):
        if j >= s[S_CURRENT] and component != FEE:
            break
        part = min(left, owed(rows, j, component))
        if part > 0:
            rows[j, I_WAIVED + component] += part
            rows[j, I_LAST_PAID_ON] = max(rows[j, I_LAST_PAID_ON], facts[k, F_ON])
            s[S_WAIVED + component] += part
            left -= part
            if component == PRINCIPAL:
                s[S_BALANCE] -= part
                s[S_OVERDUE_PRINCIPAL] -= part
            moved(moves, s, facts[k, F_ON], WAS_WAIVED, rows[j, I_NUMBER], component, k, part)
    pass_paid(s, rows)


@leaf
def earned_now(product, s, rows):
    """Interest of the current row up to today, with what was carried into it."""
    k = s[S_CURRENT]
    if k >= s[S_ROWS]:
        return 0
    if product[P_METHOD] == IMPORTED:
        days = max(rows[k, I_DUE_ON] - rows[k, I_FROM_ON], 1)
        return rows[k, I_DUE + INTEREST] * (s[S_DAY] - rows[k, I_FROM_ON]) // days
    return interest_of(product, rows, k) + rows[k, I_CARRIED]


@leaf
def scheduled_interest_stays(product):
    """Whether interest that was signed for is owed even when the loan ends early."""
    return product[P_PAYOFF_INTEREST] == PAYOFF_SCHEDULED and product[P_ACCRUAL] != ACTUAL


@leaf
def payoff_amount(product, s, rows):
    """What ends the loan today: all that is due, fees charged, interest earned so far, the whole balance."""
    fees = s[S_CHARGED_FEE] - s[S_PAID + FEE] - s[S_WAIVED + FEE]
    penalties = s[S_DUE + PENALTY] - s[S_PAID + PENALTY] - s[S_WAIVED + PENALTY]
    interest = s[S_DUE + INTEREST] + s[S_EARLY_INTEREST] - s[S_PAID + INTEREST] - s[S_WAIVED + INTEREST]
    if scheduled_interest_stays(product):
        for k in range(s[S_CURRENT], s[S_ROWS]):
            interest += owed(rows, k, INTEREST)
    else:
        interest += max(earned_now(product, s, rows) - s[S_EARLY_INTEREST], 0)
    return max(fees + penalties + interest + s[S_BALANCE] - s[S_UNAPPLIED], 0)


@leaf
def settle(product, s, rows):
    """The loan is paid off today: rows ahead ask for no interest beyond what is earned."""
    first = s[S_CURRENT]
    if scheduled_interest_stays(product) or (product[P_ACCRUAL] == ACTUAL and product[P_METHOD] != IMPORTED):
        return
    for k in range(first, s[S_ROWS]):
        earned = earned_now(product, s, rows) if k == first else 0
        rows[k, I_DUE + INTEREST] = max(min(earned, rows[k, I_DUE + INTEREST]), rows[k, I_PAID + INTEREST])
        if product[P_METHOD] == IMPORTED:
            rows[k, I_DUE + FEE] -= rows[k, I_PROMISED_FEE] - min(rows[k, I_PROMISED_FEE], rows[k, I_PAID + FEE])
            rows[k, I_PROMISED_FEE] = min(rows[k, I_PROMISED_FEE], rows[k, I_PAID + FEE])


@leaf
def due_by_now(s, rows):
    """All that has fallen due and is unpaid."""
    total = 0
    for k in range(s[S_FIRST], s[S_CURRENT]):
        total += owed_in_all(rows, k)
    return total


@leaf
def prepay(product, contract, s, moves, rows, money, day, k):
    """Repay principal early so that later instalments become smaller; returns what is left of `money`."""
    current = s[S_CURRENT]
    if current >= s[S_ROWS] or s[S_BALANCE] - s[S_OVERDUE_PRINCIPAL] <= 0:
        return money
    part = min(money, s[S_BALANCE] - s[S_OVERDUE_PRINCIPAL])
    if rows[current, I_INSTALMENT] >= 0:
        rows[current, I_INSTALMENT] += part
    rows[current, I_PLANNED_PRINCIPAL] += part
    rows[current, I_DUE + PRINCIPAL] = rows[current, I_PAID + PRINCIPAL] + rows[current, I_WAIVED + PRINCIPAL] + part
    rows[current, I_PREPAID] += part
    s[S_SCHEDULED] -= part
    left = pay(s, moves, rows, current, PRINCIPAL, part, day, k)
    project(product, s, rows, current + 1)
    ahead = not_asked_for(product, s) - rows[current, I_DUE + PRINCIPAL]
    ahead += rows[current, I_PAID + PRINCIPAL] if product[P_ACCRUAL] == ACTUAL else rows[current, I_PREPAID]
    level(product, contract, s, rows, current + 1, ahead)
    project(product, s, rows, s[S_ROWS])
    return money - part + left


@leaf
def fill_instalment(product, s, moves, rows, money, day, k):
    """Pay the next instalment early: its interest to the due date, on the balance that this leaves, then principal.

    1,000.00 at 12 %, 150.00 two days into five: interest 1.50, so 148.50 of principal.
    """
    current = s[S_CURRENT]
    if current >= s[S_ROWS] or money <= 0:
        return money
    balance = s[S_BALANCE]
    for _ in range(4):
        project(product, s, rows, current + 1)
        part = max(money - owed(rows, current, INTEREST), 0)
        s[S_BALANCE] = balance - min(part, rows[current, I_DUE + PRINCIPAL] - rows[current, I_PAID + PRINCIPAL])
    s[S_BALANCE] = balance
    for c in (PENALTY, FEE, INTEREST, PRINCIPAL):
        money = pay(s, moves, rows, current, c, money, day, k)
    return money


@leaf
def repay(product, contract, s, moves, rows, facts, k):
    """A repayment meets the debt in the product's order; what meets none waits, unapplied."""
    day = facts[k, F_ON]
    money = facts[k, F_AMOUNT]
    s[S_REPAID] += money
    s[S_LAST_REPAID_ON] = day
    if s[S_FIRST] < s[S_CURRENT]:
        show_penalties(product, s, rows, day)
    if s[S_CURRENT] < s[S_ROWS] and (product[P_DIRECTION] == VERTICAL or money > due_by_now(s, rows)):
        if money >= payoff_amount(product, s, rows):
            settle(product, s, rows)
        elif product[P_POLICY] & EARLY_FILLS_INSTALMENT:
            money = allocate_due(product, s, moves, rows, money, day, k)
            money = fill_instalment(product, s, moves, rows, money, day, k)
            if product[P_EARLY] == REDUCE_INSTALMENT and money > 0:
                money = prepay(product, contract, s, moves, rows, money, day, k)
        elif product[P_EARLY] == REDUCE_INSTALMENT:
            money = allocate_due(product, s, moves, rows, money, day, k)
            money = prepay(product, contract, s, moves, rows, money, day, k)
        show_advance(product, s, rows)
    left = allocate(product, s, moves, rows, money, day, k)
    if left > 0:
        s[S_UNAPPLIED] += left
        moved(moves, s, day, WAS_UNAPPLIED, 0, -1, k, left)
    pass_paid(s, rows)
    if s[S_BALANCE] == 0 and s[S_SETTLED_ON] == NEVER:
        if payoff_amount(product, s, rows) == 0:
            s[S_SETTLED_ON] = day


@leaf
def change_rate(product, contract, s, rows, facts, k):
    """The contract rate changes: interest from today on, and instalments that fit it."""
    s[S_RATE] = facts[k, F_AMOUNT]
    set_penalty_rate(product, s, facts[k, F_AMOUNT])
    relevel(product, contract, s, rows)


@leaf
def act(product, contract, calendars, promised, s, moves, rows, facts, k):
    """Let one fact take effect on its day."""
    kind = facts[k, F_KIND]
    if kind == DISBURSED:
        disburse(product, contract, calendars, promised, s, moves, rows, facts, k)
        return
    if s[S_STARTED_ON] == 0:
        s[S_ERROR] = REPAID_BEFORE_DISBURSED
        return
    advance(product, s, moves, rows, facts[k, F_ON])
    if kind == REPAID:
        repay(product, contract, s, moves, rows, facts, k)
    elif kind == CHARGED:
        charge(s, moves, rows, facts, k)
    elif kind == WAIVED:
        show_penalties(product, s, rows, facts[k, F_ON])
        waive(s, moves, rows, facts, k)
    elif kind == RATE_CHANGED:
        change_rate(product, contract, s, rows, facts, k)


@leaf
def live(product, contract, calendars, promised, facts, as_of, known_on, s, moves, rows):
    """Reckon one loan from its first fact to the end of day `as_of`, with what was known on `known_on`."""
    s[:] = 0
    s[S_SETTLED_ON] = NEVER
    before = -NEVER
    for k in range(facts.shape[0]):
        if facts[k, F_ON] > as_of:
            break
        if facts[k, F_KNOWN_ON] <= known_on < facts[k, F_GONE_ON]:
            if facts[k, F_ON] < before:
                s[S_ERROR] = NOT_IN_ORDER
            before = facts[k, F_ON]
            act(product, contract, calendars, promised, s, moves, rows, facts, k)
            if s[S_ERROR] != 0:
                return
    if s[S_STARTED_ON] > 0:
        advance(product, s, moves, rows, as_of)
        show_penalties(product, s, rows, as_of)
