"""The position: what a reckoned loan amounts to on its day."""

from afterloan.compiled import leaf
from afterloan.dates import NEVER
from afterloan.loan.columns import (
    C_LOAN,
    I_DUE_ON,
    I_PAID,
    I_PROMISED_FEE,
    N_ACCRUED_INTEREST,
    N_ACCRUED_PENALTY,
    N_ARREARS,
    N_BUCKET,
    N_CHARGED,
    N_DAYS_PAST_DUE,
    N_DISBURSED,
    N_DUE_TODAY,
    N_ERROR,
    N_FELL_DUE,
    N_GRACE_DAYS_PAST_DUE,
    N_INSTALMENTS_LEFT,
    N_INSTALMENTS_PAID,
    N_INTEREST_INCOME,
    N_LAST_REPAID_ON,
    N_LOAN,
    N_NEXT_DUE,
    N_NEXT_DUE_ON,
    N_OLDEST_UNPAID_ON,
    N_OUTSTANDING,
    N_PAID,
    N_PAID_OFF_ON,
    N_PAYOFF,
    N_PENALTY_INCOME,
    N_REPAID,
    N_STATE,
    N_UNAPPLIED,
    N_WAIVED,
    N_WORST_DAYS_PAST_DUE,
    P_BUCKETS,
    P_GRACE_BUREAU_DAYS,
    P_METHOD,
    P_TOLERANCE,
)
from afterloan.loan.life import IMPORTED, earned_now, payoff_amount, project
from afterloan.loan.state import (
    S_BALANCE,
    S_CHARGED_FEE,
    S_CHARGED_PENALTY,
    S_CURRENT,
    S_DUE,
    S_EARLY_INTEREST,
    S_ERROR,
    S_FIRST,
    S_LAST_REPAID_ON,
    S_LENT,
    S_PAID,
    S_REPAID,
    S_ROWS,
    S_SETTLED_ON,
    S_STARTED_ON,
    S_UNAPPLIED,
    S_WAIVED,
    S_WORST,
)
from afterloan.loan.terms import Component, State
from afterloan.loan.waterfall import owed, owed_in_all

PENALTY = int(Component.PENALTY)
FEE = int(Component.FEE)
INTEREST = int(Component.INTEREST)
PRINCIPAL = int(Component.PRINCIPAL)
SIGNED = int(State.SIGNED)
CURRENT = int(State.CURRENT)
IN_GRACE = int(State.IN_GRACE)
OVERDUE = int(State.OVERDUE)
PAID_OFF = int(State.PAID_OFF)


@leaf
def show_arrears(product, s, rows, as_of, position):
    """Arrears, what falls due today, days past due by each clock, bucket."""
    oldest = NEVER
    for k in range(s[S_FIRST], s[S_CURRENT]):
        at = N_ARREARS if rows[k, I_DUE_ON] < as_of else N_DUE_TODAY
        total = 0
        for c in range(4):
            position[at + c] += owed(rows, k, c)
            total += owed(rows, k, c)
        if total > product[P_TOLERANCE] and rows[k, I_DUE_ON] < as_of:
            oldest = min(oldest, rows[k, I_DUE_ON])
    position[N_OLDEST_UNPAID_ON] = oldest
    if oldest == NEVER:
        position[N_STATE] = CURRENT
        return
    days = as_of - oldest
    position[N_DAYS_PAST_DUE] = days
    position[N_STATE] = IN_GRACE
    if days > product[P_GRACE_BUREAU_DAYS]:
        position[N_GRACE_DAYS_PAST_DUE] = days
        position[N_STATE] = OVERDUE
    bucket = 0
    while bucket < 8 and 0 < product[P_BUCKETS + bucket] <= days:
        bucket += 1
    position[N_BUCKET] = bucket


@leaf
def show_totals(s, position):
    """The running totals, which the journal posts by difference."""
    for c in range(4):
        position[N_PAID + c] = s[S_PAID + c]
        position[N_WAIVED + c] = s[S_WAIVED + c]
    position[N_DISBURSED] = s[S_LENT]
    position[N_FELL_DUE + INTEREST] = s[S_DUE + INTEREST] + s[S_EARLY_INTEREST]
    position[N_FELL_DUE + PRINCIPAL] = s[S_DUE + PRINCIPAL]
    position[N_CHARGED + FEE] = s[S_CHARGED_FEE]
    position[N_CHARGED + PENALTY] = s[S_CHARGED_PENALTY]
    position[N_REPAID] = s[S_REPAID]
    position[N_UNAPPLIED] = s[S_UNAPPLIED]
    position[N_PENALTY_INCOME] = s[S_DUE + PENALTY]
    position[N_OUTSTANDING + PENALTY] = s[S_DUE + PENALTY] - s[S_PAID + PENALTY] - s[S_WAIVED + PENALTY]
    position[N_OUTSTANDING + FEE] = position[N_CHARGED + FEE] - s[S_PAID + FEE] - s[S_WAIVED + FEE]
    position[N_OUTSTANDING + INTEREST] = (
        position[N_FELL_DUE + INTEREST] - s[S_PAID + INTEREST] - s[S_WAIVED + INTEREST]
    )
    position[N_OUTSTANDING + PRINCIPAL] = s[S_BALANCE]
    position[N_ACCRUED_PENALTY] = s[S_DUE + PENALTY] - s[S_CHARGED_PENALTY]
    position[N_LAST_REPAID_ON] = s[S_LAST_REPAID_ON]


@leaf
def early_fees(product, s, rows):
    """Fees of an imported schedule paid before they fell due: charged by being paid."""
    total = 0
    if product[P_METHOD] == IMPORTED:
        for k in range(s[S_CURRENT], s[S_ROWS]):
            total += min(rows[k, I_PROMISED_FEE], rows[k, I_PAID + FEE])
    return total


@leaf
def show_position(product, contract, s, rows, as_of, position):
    """Write the whole position of a loan reckoned to the end of `as_of`."""
    position[:] = 0
    position[N_LOAN] = contract[C_LOAN]
    position[N_ERROR] = s[S_ERROR]
    if s[S_ERROR] != 0:
        return
    position[N_OLDEST_UNPAID_ON] = NEVER
    position[N_NEXT_DUE_ON] = NEVER
    position[N_PAID_OFF_ON] = NEVER
    if s[S_STARTED_ON] == 0:
        return
    s[S_CHARGED_FEE] += early_fees(product, s, rows)
    show_totals(s, position)
    show_arrears(product, s, rows, as_of, position)
    position[N_WORST_DAYS_PAST_DUE] = max(s[S_WORST], position[N_DAYS_PAST_DUE])
    position[N_PAYOFF] = payoff_amount(product, s, rows)
    if s[S_BALANCE] == 0 and s[S_SETTLED_ON] != NEVER and position[N_PAYOFF] == 0:
        position[N_STATE] = PAID_OFF
        position[N_PAID_OFF_ON] = s[S_SETTLED_ON]
        position[N_INSTALMENTS_PAID] = s[S_ROWS]
    else:
        show_next(product, s, rows, position)
    position[N_ACCRUED_INTEREST] = earned_now(product, s, rows) - s[S_EARLY_INTEREST]
    position[N_INTEREST_INCOME] = position[N_FELL_DUE + INTEREST] + position[N_ACCRUED_INTEREST]


@leaf
def show_next(product, s, rows, position):
    """The next instalment that asks for money, and how many are paid and left."""
    k = s[S_CURRENT]
    project(product, s, rows, min(k + 1, s[S_ROWS]))
    while k < s[S_ROWS] and owed_in_all(rows, k) <= 0:
        k += 1
        project(product, s, rows, min(k + 1, s[S_ROWS]))
    paid = s[S_FIRST] + (k - s[S_CURRENT] if s[S_FIRST] == s[S_CURRENT] else 0)
    position[N_INSTALMENTS_PAID] = paid
    position[N_INSTALMENTS_LEFT] = s[S_ROWS] - paid
    if k < s[S_ROWS]:
        position[N_NEXT_DUE_ON] = rows[k, I_DUE_ON]
        position[N_NEXT_DUE] = owed_in_all(rows, k)
