"""The order in which money meets debt: by timing or by instalment, across or down, until one is used up."""

from afterloan.compiled import leaf
from afterloan.loan.columns import (
    I_DUE,
    I_DUE_ON,
    I_LAST_PAID_ON,
    I_NUMBER,
    I_PAID,
    I_PAID_EARLY,
    I_PAID_LATE,
    I_WAIVED,
    P_BY_TIMING,
    P_COUNTS,
    P_DIRECTION,
    P_IN_ADVANCE,
    P_ORDER,
    P_ORDERS,
    P_PARTS,
    P_TURNS,
)
from afterloan.loan.moves import moved
from afterloan.loan.state import (
    S_BALANCE,
    S_CURRENT,
    S_EARLY_INTEREST,
    S_FIRST,
    S_OVERDUE_PRINCIPAL,
    S_PAID,
    S_ROWS,
    S_WORST,
)
from afterloan.loan.terms import Cause, Component, Direction, InAdvance, Timing

PENALTY = int(Component.PENALTY)
FEE = int(Component.FEE)
INTEREST = int(Component.INTEREST)
PRINCIPAL = int(Component.PRINCIPAL)
PAST_DUE = int(Timing.PAST_DUE)
DUE = int(Timing.DUE)
ADVANCE = int(Timing.IN_ADVANCE)
VERTICAL = int(Direction.VERTICAL)
LAST_INSTALMENT = int(InAdvance.LAST_INSTALMENT)
NEXT_THEN_LAST = int(InAdvance.NEXT_THEN_LAST)
SPREAD = int(InAdvance.SPREAD)
REPAID = int(Cause.REPAID)


@leaf
def owed(rows, k, component):
    """What a row still asks for of one component."""
    return rows[k, I_DUE + component] - rows[k, I_PAID + component] - rows[k, I_WAIVED + component]


@leaf
def owed_in_all(rows, k):
    """What a row still asks for."""
    return owed(rows, k, PENALTY) + owed(rows, k, FEE) + owed(rows, k, INTEREST) + owed(rows, k, PRINCIPAL)


@leaf
def pay(s, moves, rows, k, component, money, day, fact):
    """Give `money` to one component of row k; returns what is left."""
    part = min(owed(rows, k, component), money)
    if component == PRINCIPAL:
        part = min(part, s[S_BALANCE])
    if part <= 0:
        return money
    rows[k, I_PAID + component] += part
    s[S_PAID + component] += part
    if component == INTEREST and k >= s[S_CURRENT]:
        s[S_EARLY_INTEREST] += part
    rows[k, I_LAST_PAID_ON] = max(rows[k, I_LAST_PAID_ON], day)
    if component == PRINCIPAL:
        s[S_BALANCE] -= part
        if k < s[S_CURRENT]:
            s[S_OVERDUE_PRINCIPAL] -= part
    if day < rows[k, I_DUE_ON]:
        rows[k, I_PAID_EARLY] += part
    elif day > rows[k, I_DUE_ON]:
        rows[k, I_PAID_LATE] += part
        s[S_WORST] = max(s[S_WORST], day - rows[k, I_DUE_ON])
    moved(moves, s, day, REPAID, rows[k, I_NUMBER], component, fact, part)
    return money - part


@leaf
def timing_of(rows, k, day):
    """A row as a repayment on `day` finds it: past due only after its due date."""
    if rows[k, I_DUE_ON] < day:
        return PAST_DUE
    return DUE if rows[k, I_DUE_ON] == day else ADVANCE


@leaf
def unfold(products):
    """Products [p, fields] with `order` sorted by timing, so that a repayment need not search it."""
    unfolded = products.copy()
    for p in range(len(unfolded)):
        product = unfolded[p]
        turns = 0
        product[P_TURNS : P_TURNS + 3] = 0
        product[P_COUNTS : P_COUNTS + 3] = 0
        for j in range(product[P_ORDERS]):
            timing = product[P_ORDER + j] // 4
            if product[P_COUNTS + timing] == 0:
                product[P_TURNS + turns] = timing + 1
                turns += 1
            product[P_PARTS + 4 * timing + product[P_COUNTS + timing]] = product[P_ORDER + j] % 4
            product[P_COUNTS + timing] += 1
    return unfolded


@leaf
def _pay_row(product, s, moves, rows, k, timing, money, day, fact):
    for j in range(product[P_COUNTS + timing]):
        money = pay(s, moves, rows, k, product[P_PARTS + 4 * timing + j], money, day, fact)
        if money == 0:
            break
    return money


@leaf
def _next_row(product, s, rows, day, turn):
    """The row in advance that the product's rule serves next, or -1."""
    last_first = product[P_IN_ADVANCE] == LAST_INSTALMENT
    if product[P_IN_ADVANCE] == NEXT_THEN_LAST and turn > 0:
        last_first = True
    n = s[S_ROWS]
    for j in range(s[S_CURRENT], n):
        k = n - 1 - (j - s[S_CURRENT]) if last_first else j
        if rows[k, I_DUE_ON] > day and owed_in_all(rows, k) > 0:
            return k
    return -1


@leaf
def pay_across(product, s, moves, rows, timing, money, day, fact):
    """All parts of one instalment before the next, for the rows of one timing that have fallen due."""
    for k in range(s[S_FIRST], s[S_CURRENT]):
        if timing_of(rows, k, day) == timing:
            money = _pay_row(product, s, moves, rows, k, timing, money, day, fact)
            if money == 0:
                break
    return money


@leaf
def pay_advance(product, s, moves, rows, money, day, fact):
    """Rows in advance, one after another by the product's rule."""
    turn = 0
    while money > 0:
        k = _next_row(product, s, rows, day, turn)
        if k < 0:
            break
        before = money
        money = _pay_row(product, s, moves, rows, k, ADVANCE, money, day, fact)
        turn += 1
        if money == before:
            break
    return money


@leaf
def pay_spread(product, s, moves, rows, money, day, fact):
    """Money in advance in equal parts over all rows ahead that ask for some: 50.00 over two rows is 25.00 each."""
    while money > 0:
        waiting = 0
        for k in range(s[S_CURRENT], s[S_ROWS]):
            if owed_in_all(rows, k) > 0:
                waiting += 1
        if waiting == 0:
            break
        before = money
        part = max(money // waiting, 1)
        for k in range(s[S_CURRENT], s[S_ROWS]):
            if owed_in_all(rows, k) > 0 and money > 0:
                given = min(part, money)
                money -= given - _pay_row(product, s, moves, rows, k, ADVANCE, given, day, fact)
        if money == before:
            break
    return money


@leaf
def pay_down(product, s, moves, rows, money, day, fact):
    """Rule by rule over all instalments of its timing."""
    for j in range(product[P_ORDERS]):
        code = product[P_ORDER + j]
        timing = code // 4
        n = s[S_ROWS]
        last_first = timing == ADVANCE and product[P_IN_ADVANCE] == LAST_INSTALMENT
        for i in range(s[S_FIRST], n):
            k = n - 1 - (i - s[S_FIRST]) if last_first else i
            if timing_of(rows, k, day) == timing:
                money = pay(s, moves, rows, k, code % 4, money, day, fact)
                if money == 0:
                    return 0
    return money


@leaf
def pay_by_instalment(product, s, moves, rows, money, day, fact):
    """Instalment after instalment, whatever its timing, in the order of components."""
    for k in range(s[S_FIRST], s[S_ROWS]):
        for j in range(product[P_ORDERS]):
            money = pay(s, moves, rows, k, product[P_ORDER + j] % 4, money, day, fact)
            if money == 0:
                return 0
    return money


@leaf
def pass_paid(s, rows):
    """Move the pointer to the first row that is not paid, among those that have fallen due."""
    k = s[S_FIRST]
    while k < s[S_CURRENT] and owed_in_all(rows, k) <= 0:
        k += 1
    s[S_FIRST] = k


@leaf
def allocate(product, s, moves, rows, money, day, fact):
    """Give a repayment of `day` to the rows; returns what met no debt.

    Order penalty, interest, principal and 500 against 120 of interest and 1,000 of principal: 120, 380.
    """
    if not product[P_BY_TIMING]:
        return pay_by_instalment(product, s, moves, rows, money, day, fact)
    if product[P_DIRECTION] == VERTICAL:
        return pay_down(product, s, moves, rows, money, day, fact)
    for turn in range(3):
        timing = product[P_TURNS + turn] - 1
        if timing < 0 or money == 0:
            break
        if timing == ADVANCE and product[P_IN_ADVANCE] == SPREAD:
            money = pay_spread(product, s, moves, rows, money, day, fact)
        elif timing == ADVANCE:
            money = pay_advance(product, s, moves, rows, money, day, fact)
        else:
            money = pay_across(product, s, moves, rows, timing, money, day, fact)
    return money


@leaf
def allocate_due(product, s, moves, rows, money, day, fact):
    """The part of `allocate` that has fallen due; returns what is left for rows in advance."""
    if not product[P_BY_TIMING] or product[P_DIRECTION] == VERTICAL:
        for k in range(s[S_FIRST], s[S_CURRENT]):
            for j in range(product[P_ORDERS]):
                money = pay(s, moves, rows, k, product[P_ORDER + j] % 4, money, day, fact)
        return money
    for timing in (PAST_DUE, DUE):
        if money > 0:
            money = pay_across(product, s, moves, rows, timing, money, day, fact)
    return money
