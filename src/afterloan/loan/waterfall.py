"""The order in which money meets debt: by timing or by instalment, across or down, until one is used up."""

from afterloan.compiled import leaf, stage
from afterloan.loan.accrual import LAST_ROW
from afterloan.loan.columns import (
    I_DUE,
    I_DUE_ON,
    I_LAST_PAID_ON,
    I_NUMBER,
    I_PAID,
    I_PAID_EARLY,
    I_PAID_LATE,
    I_ROW_KIND,
    I_WAIVED,
)
from afterloan.loan.moves import moved
from afterloan.loan.terms import Cause, Component, Direction, InAdvance, Policy, RowKind, Timing

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
CHARGES = int(RowKind.CHARGES)
LATE_CHARGES_LAST = int(Policy.LATE_CHARGES_LAST)


@leaf
def owed(life, k, component):
    """What a row still asks for of one component."""
    row = k & LAST_ROW
    return life.rows[row, I_DUE + component] - life.rows[row, I_PAID + component] - life.rows[row, I_WAIVED + component]


@leaf
def owed_in_all(life, k):
    """What a row still asks for."""
    return owed(life, k, PENALTY) + owed(life, k, FEE) + owed(life, k, INTEREST) + owed(life, k, PRINCIPAL)


@leaf
def note_paid(life, k, part, day):
    """When row k was paid, and whether before its due date or after it."""
    if part <= 0:
        return
    life.rows[k, I_LAST_PAID_ON] = max(life.rows[k, I_LAST_PAID_ON], day)
    if day < life.rows[k, I_DUE_ON]:
        life.rows[k, I_PAID_EARLY] += part
    elif day > life.rows[k, I_DUE_ON]:
        life.rows[k, I_PAID_LATE] += part


@leaf
def pay(life, k, component, money, day, fact):
    """Give `money` to one component of row k; returns what is left."""
    k = k & LAST_ROW
    part = min(owed(life, k, component), money)
    if component == PRINCIPAL:
        part = min(part, life.balance)
    if part <= 0:
        return money
    life.rows[k, I_PAID + component] += part
    life.paid[component] += part
    if component == INTEREST and k >= life.current:
        life.early_interest += part
    if component == PRINCIPAL:
        life.balance -= part
        if k < life.current:
            life.overdue_principal -= part
    note_paid(life, k, part, day)
    moved(life, day, REPAID, life.rows[k, I_NUMBER], component, fact, part)
    return money - part


@stage
def pay_part(life, k, component, money, day, fact):
    """`pay`, called rather than inlined: for the rarer orders."""
    return pay(life, k, component, money, day, fact)


@leaf
def timing_of(life, k, day):
    """A row as a repayment on `day` finds it: past due only after its due date; asked for already, it is due."""
    if life.rows[k, I_DUE_ON] < day:
        return PAST_DUE
    return DUE if life.rows[k, I_DUE_ON] == day or k < life.current else ADVANCE


@stage
def clears(product):
    """1 where a sum that is exactly what is due pays just that: each part has its place, none in advance before it."""
    named = 0
    for j in range(product.orders):
        named |= 1 << product.order[j]
    if not product.by_timing:
        return 1 if named & 0xF == 0xF else 0
    if product.direction == VERTICAL or named & 0xFF != 0xFF:  # four parts past due, four due
        return 0
    return 0 if product.turns[0] - 1 == ADVANCE or product.turns[1] - 1 == ADVANCE else 1


@stage
def unfold(product):
    """Sort a product's `order` by timing into `turns`, `counts` and `parts`, so that a repayment need not search."""
    turns = 0
    for timing in range(3):
        product.turns[timing] = 0
        product.counts[timing] = 0
    for j in range(product.orders):
        timing = product.order[j] // 4
        if product.counts[timing] == 0:
            product.turns[turns] = timing + 1
            turns += 1
        product.parts[4 * timing + product.counts[timing]] = product.order[j] % 4
        product.counts[timing] += 1
    product.clears = clears(product)


@leaf
def _pay_row(product, life, k, timing, money, day, fact):
    for j in range(product.counts[timing]):
        money = pay(life, k, product.parts[4 * timing + j] & 3, money, day, fact)
        if money == 0:
            break
    return money


@stage
def pay_whole_row(product, life, k, timing, money, day, fact):
    """`_pay_row`, called rather than inlined."""
    return _pay_row(product, life, k, timing, money, day, fact)


@stage
def _next_row(product, life, day, turn):
    """The row in advance that the product's rule serves next, or -1."""
    last_first = product.in_advance == LAST_INSTALMENT
    if product.in_advance == NEXT_THEN_LAST and turn > 0:
        last_first = True
    n = life.count
    for j in range(life.current, n):
        k = n - 1 - (j - life.current) if last_first else j
        if life.rows[k, I_DUE_ON] > day and owed_in_all(life, k) > 0:
            return k
    return -1


@leaf
def pay_across(product, life, timing, money, day, fact):
    """All parts of one instalment before the next, for the rows of one timing that have fallen due."""
    for k in range(life.first, life.current):
        if timing_of(life, k, day) == timing:
            money = _pay_row(product, life, k, timing, money, day, fact)
            if money == 0:
                break
    return money


@stage
def pay_advance(product, life, money, day, fact):
    """Rows in advance, one after another by the product's rule."""
    turn = 0
    while money > 0:
        k = _next_row(product, life, day, turn)
        if k < 0:
            break
        before = money
        money = pay_whole_row(product, life, k, ADVANCE, money, day, fact)
        turn += 1
        if money == before:
            break
    return money


@stage
def pay_spread(product, life, money, day, fact):
    """Money in advance in equal parts over all rows ahead that ask for some: 50.00 over two rows is 25.00 each."""
    while money > 0:
        waiting = 0
        for k in range(life.current, life.count):
            if owed_in_all(life, k) > 0:
                waiting += 1
        if waiting == 0:
            break
        before = money
        part = max(money // waiting, 1)
        for k in range(life.current, life.count):
            if owed_in_all(life, k) > 0 and money > 0:
                given = min(part, money)
                money -= given - pay_whole_row(product, life, k, ADVANCE, given, day, fact)
        if money == before:
            break
    return money


@stage
def pay_down(product, life, money, day, fact, n):
    """Rule by rule over all instalments of its timing, of the first `n`."""
    for j in range(product.orders):
        code = product.order[j]
        timing = code // 4
        last_first = timing == ADVANCE and product.in_advance == LAST_INSTALMENT
        for i in range(life.first, n):
            k = n - 1 - (i - life.first) if last_first else i
            if timing_of(life, k, day) == timing:
                money = pay_part(life, k, code % 4, money, day, fact)
                if money == 0:
                    return 0
    return money


@stage
def pay_by_instalment(product, life, money, day, fact, n):
    """Instalment after instalment of the first `n`, whatever its timing, in the order of components."""
    for k in range(life.first, n):
        for j in range(product.orders):
            money = pay_part(life, k, product.order[j] % 4, money, day, fact)
            if money == 0:
                return 0
    return money


@leaf
def clear_due(life, money, day, fact):
    """Pay all that has fallen due with just as much money; returns what principal would not take.

    What `pay` does, part by part, with what is noted of a row noted once: nearly every repayment is one of these.
    """
    for k in range(life.first, life.current):
        row = k & LAST_ROW
        before = money
        for c in range(4):
            part = min(owed(life, row, c), money)
            if c == PRINCIPAL:
                part = min(part, life.balance)
            if part > 0:
                life.rows[row, I_PAID + c] += part
                life.paid[c] += part
                money -= part
                if c == PRINCIPAL:
                    life.balance -= part
                    life.overdue_principal -= part
                moved(life, day, REPAID, life.rows[row, I_NUMBER], c, fact, part)
        note_paid(life, row, before - money, day)
    if money == 0:
        life.first = life.current
    return money


@stage
def clear_all(life, money, day, fact):
    """Pay whatever rows ask for, ahead or not; returns what is left when all is paid."""
    for k in range(life.first, life.count):
        for c in range(4):
            money = pay_part(life, k, c, money, day, fact)
    return money


@leaf
def pass_paid(life):
    """Move the pointer to the first row that is not paid, among those that have fallen due."""
    k = life.first
    while k < life.current and owed_in_all(life, k) <= 0:
        k += 1
    life.first = k


@stage
def pay_charges(product, life, money, day, fact):
    """Charges that fell due after the last instalment, where the order puts fees before principal: costs first.

    A fee of 50.00 charged after the one instalment of 1,120.00, and 500.00 paid: 50.00 to the fee, 450.00 to the rest.
    """
    if product.policy & LATE_CHARGES_LAST or (product.by_timing and product.direction == VERTICAL):
        return money
    for j in range(product.orders):
        if product.order[j] == PRINCIPAL:  # past due, or the component of an order without timings
            return money
        if product.order[j] == FEE:
            break
    for k in range(life.first, life.current):
        if life.rows[k, I_ROW_KIND] == CHARGES:
            for c in (PENALTY, FEE):
                money = pay_part(life, k, c, money, day, fact)
    return money


@stage
def pay_charges_ahead(product, life, money, day, fact):
    """Charges ahead, once all principal is repaid: rows that still show some of it must not stand before them."""
    if product.counts[ADVANCE] > 0:
        for k in range(life.current, life.count):
            for c in (PENALTY, FEE):
                money = pay_part(life, k, c, money, day, fact)
    return money


@stage
def pay_judged(life, money, day, fact):
    """After a judgment: costs, then interest and penalties, then principal, and the extra interest last.

    Civil Code 561, whatever the product's order: costs 50, interest 120, principal 1,000 and 500 paid: 50, 120, 330.
    Where a court lets the debtor pay in parts, each part comes before the next, and what time adds after them.
    """
    if life.judged_parts:
        for k in range(life.first, life.count):
            for c in (FEE, INTEREST, PENALTY, PRINCIPAL):
                money = pay_part(life, k, c, money, day, fact)
        return money
    for c in (FEE, INTEREST, PENALTY, PRINCIPAL):
        for k in range(life.first, life.count):
            if c != PENALTY or k != life.judged_row:
                money = pay_part(life, k, c, money, day, fact)
    return pay_part(life, life.judged_row, PENALTY, money, day, fact)


@stage
def allocate(product, life, money, day, fact):
    """Give a repayment of `day` to the rows; returns what met no debt.

    Order penalty, interest, principal and 500 against 120 of interest and 1,000 of principal: 120, 380.
    """
    if life.judged_row >= 0:
        return pay_judged(life, money, day, fact)
    if life.charges_due:
        money = pay_charges(product, life, money, day, fact)
    if not product.by_timing:
        return pay_by_instalment(product, life, money, day, fact, life.count)
    if product.direction == VERTICAL:
        return pay_down(product, life, money, day, fact, life.count)
    for turn in range(3):
        timing = product.turns[turn] - 1
        if timing < 0 or money == 0:
            break
        if timing == ADVANCE and product.in_advance == SPREAD:
            money = pay_spread(product, life, money, day, fact)
        elif timing == ADVANCE:
            money = pay_advance(product, life, money, day, fact)
        else:
            money = pay_across(product, life, timing, money, day, fact)
    if money > 0 and life.balance == 0 and life.current < life.count:
        money = pay_charges_ahead(product, life, money, day, fact)
    return money


@stage
def allocate_due(product, life, money, day, fact):
    """The part of `allocate` that has fallen due; returns what is left for rows in advance."""
    if life.charges_due:
        money = pay_charges(product, life, money, day, fact)
    if not product.by_timing:
        return pay_by_instalment(product, life, money, day, fact, life.current)
    if product.direction == VERTICAL:
        return pay_down(product, life, money, day, fact, life.current)
    for turn in range(3):
        timing = product.turns[turn] - 1
        if timing >= 0 and timing != ADVANCE and money > 0:
            money = pay_across(product, life, timing, money, day, fact)
    return money
