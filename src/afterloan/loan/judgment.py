"""A judgment fixes what is owed: each part of the debt, the interest from then on, the day of performance."""

from afterloan.compiled import stage
from afterloan.dates import NEVER
from afterloan.loan.arrears import note_delinquency
from afterloan.loan.columns import (
    I_CHARGED_PENALTY,
    I_DUE,
    I_DUE_ON,
    I_FELL_DUE,
    I_FROM_ON,
    I_INSTALMENT,
    I_LAST_PAID_ON,
    I_NUMBER,
    I_OVERDUE_A,
    I_PLACED_ON,
    I_WAIVED,
    INSTALMENT_WIDTH,
)
from afterloan.loan.life import apply_waiting, bring_forward, close_if_met
from afterloan.loan.moves import moved
from afterloan.loan.penalty import penalty_base, show_penalties
from afterloan.loan.terms import ROOM, Cause, Component, JudgedPart, Refusal
from afterloan.loan.waterfall import owed, pass_paid

PENALTY = int(Component.PENALTY)
FEE = int(Component.FEE)
INTEREST = int(Component.INTEREST)
PRINCIPAL = int(Component.PRINCIPAL)
RATE = int(JudgedPart.RATE)
EXTRA_RATE = int(JudgedPart.EXTRA_RATE)
INSTALMENT = int(JudgedPart.INSTALMENT)
WHOLE_DUE = int(JudgedPart.WHOLE_DUE)
WAS_JUDGED = int(Cause.JUDGED)
WAS_WAIVED = int(Cause.WAIVED)
WAS_CHARGED = int(Cause.CHARGED)
FELL_DUE = int(Cause.FELL_DUE)
TOO_MANY_INSTALMENTS = int(Refusal.TOO_MANY_INSTALMENTS)


@stage
def gather(life, day):
    """All that is owed moves into the row that is unpaid longest, which keeps its due date; returns that row.

    Days past due go on counting from there until the whole judgment debt is paid.
    """
    pass_paid(life)
    f = min(life.first, life.count - 2)
    for j in range(f + 1, life.count):
        for c in range(4):
            part = owed(life, j, c)
            life.rows[j, I_DUE + c] -= part
            life.rows[f, I_DUE + c] += part
        life.rows[j, I_LAST_PAID_ON] = max(life.rows[j, I_LAST_PAID_ON], day)
    for j in range(f, life.count):  # penalty interest of the contract ends
        life.rows[j, I_CHARGED_PENALTY] = life.rows[j, I_DUE + PENALTY]
        life.rows[j, I_OVERDUE_A] = 0
    return f


@stage
def begin_judgment(product, life, day):
    """From today the debt is that of a judgment: all of it due, in one row; a second row takes what time adds."""
    show_penalties(product, life, day)
    bring_forward(product, life, day)
    if life.count > ROOM - 2:
        life.error = TOO_MANY_INSTALMENTS
        return
    k = life.count
    for column in range(INSTALMENT_WIDTH):
        life.rows[k, column] = 0
    life.rows[k, I_NUMBER] = k + 1
    life.rows[k, I_FROM_ON] = day
    life.rows[k, I_DUE_ON] = day
    life.rows[k, I_PLACED_ON] = day
    life.rows[k, I_INSTALMENT] = -1
    life.rows[k, I_FELL_DUE] = 1
    life.count = k + 1
    life.current = k + 1
    life.judged_sum_row = gather(life, day)
    life.judged_row = k
    life.judged_on = day
    life.judged_parts = 0
    life.judged_rate = 0
    life.judged_base = penalty_base(product.per, product.day_count)
    life.extra_rate = 0
    life.perform_by = day
    life.running = -1
    life.spared = -1
    life.forgive_rows = 0
    life.settle_at = 0


@stage
def fix(life, c, amount, day, fact):
    """One part of the debt is what the court says: less is given up, more is charged or falls due.

    76.50 of interest owed and 70.00 granted: 6.50 are given up. 50.00 of costs granted where none was charged: 50.00
    are charged. No court grants more principal than is lent.
    """
    k = life.judged_sum_row
    now = max(owed(life, k, c), 0)
    if c == PRINCIPAL:
        now = min(now, life.balance)
    less = max(now - amount, 0)
    if less > 0:
        life.rows[k, I_WAIVED + c] += less
        life.waived[c] += less
        if c == PRINCIPAL:
            life.balance -= less
            life.overdue_principal -= less
        moved(life, day, WAS_WAIVED, life.rows[k, I_NUMBER], c, fact, less)
    more = max(amount - now, 0) if c != PRINCIPAL else 0
    if more == 0:
        return
    life.settled_on = NEVER
    life.rows[k, I_DUE + c] += more
    if c == INTEREST:
        life.due[INTEREST] += more
        moved(life, day, FELL_DUE, life.rows[k, I_NUMBER], c, fact, more)
        return
    if c == PENALTY:
        life.rows[k, I_CHARGED_PENALTY] += more
        life.due[PENALTY] += more
        life.charged_penalty += more
    else:
        life.charged_fee += more
    moved(life, day, WAS_CHARGED, life.rows[k, I_NUMBER], c, fact, more)


@stage
def pay_in_parts(product, life, amount, due_on, day):
    """`amount` of the judgment debt gets a row of its own, due on `due_on`: costs first, then interest, then principal.

    1,120.00 (costs 50.00, interest 70.00, principal 1,000.00), of which 300.00 by 10 October: 50.00, 70.00 and 180.00.
    What time adds to the debt is due with the last part. Until a part fails days past due are those of the parts.
    """
    if life.count > ROOM - 2:
        life.error = TOO_MANY_INSTALMENTS
        return
    if life.judged_parts == 0:
        note_delinquency(product, life, day)
        life.broken = 0
        life.judged_parts = 1
    k = life.judged_row  # nothing has been earned in it on the day of the judgment: it goes one further
    for column in range(INSTALMENT_WIDTH):
        life.rows[life.count, column] = life.rows[k, column]
    life.rows[life.count, I_NUMBER] = life.count + 1
    life.rows[life.count, I_DUE_ON] = max(due_on, life.rows[k, I_DUE_ON])
    life.rows[life.count, I_PLACED_ON] = life.rows[life.count, I_DUE_ON]
    life.judged_row = life.count
    life.count += 1
    life.current = life.count
    life.rows[k, I_DUE_ON] = due_on
    life.rows[k, I_PLACED_ON] = due_on
    for c in (FEE, INTEREST, PENALTY, PRINCIPAL):
        part = max(min(owed(life, life.judged_sum_row, c), amount), 0)
        amount -= part
        life.rows[life.judged_sum_row, I_DUE + c] -= part
        life.rows[k, I_DUE + c] += part
    for j in (life.judged_sum_row, k):
        life.rows[j, I_CHARGED_PENALTY] = life.rows[j, I_DUE + PENALTY]


@stage
def call_parts_due(life, day):
    """A part was not paid: what is left of all of them is due today, and the clock of the old arrears goes on."""
    if life.judged_parts:
        for k in range(life.first, life.count):
            life.rows[k, I_DUE_ON] = min(life.rows[k, I_DUE_ON], day)
        life.judged_parts = 0
        life.broken = 1


@stage
def judge_off_the_books(life, fact, k):
    """The court's sum is what may still be recovered of a debt that was written off, in whatever parts."""
    if fact.component > EXTRA_RATE:
        return
    if life.judged_on != fact.on:
        life.judged_on = fact.on
        life.claim = life.recovered
    if fact.due_on > 0:
        life.perform_by = fact.due_on
    if fact.component <= PRINCIPAL:
        life.claim += fact.amount_fen
        moved(life, fact.on, WAS_JUDGED, 0, fact.component, k, fact.amount_fen)


@stage
def judge(product, life, fact, k):
    """One part of a judgment takes effect: a sum of a component, or a rate. The first part of the day begins it.

    After it, money meets costs, then interest and penalties, then principal, and extra interest last, whatever the
    product's order (`waterfall.pay_judged`).
    """
    day = fact.on
    if life.written_off_on != NEVER:
        if not life.was_sold:
            judge_off_the_books(life, fact, k)
        return
    if fact.component == WHOLE_DUE:
        call_parts_due(life, day)
        return
    if life.judged_on != day:
        begin_judgment(product, life, day)
        if life.error != 0:
            return
    if fact.due_on > 0 and fact.component != INSTALMENT:
        life.perform_by = fact.due_on
    if fact.component == INSTALMENT:
        pay_in_parts(product, life, fact.amount_fen, fact.due_on, day)
    elif fact.component == RATE:
        life.judged_rate = fact.amount_fen
    elif fact.component == EXTRA_RATE:
        life.extra_rate = fact.amount_fen
    else:
        moved(life, day, WAS_JUDGED, life.rows[life.judged_sum_row, I_NUMBER], fact.component, k, fact.amount_fen)
        fix(life, fact.component, fact.amount_fen, day, k)
    life.first = min(life.first, life.judged_sum_row)
    pass_paid(life)
    if life.unapplied > 0 and fact.component == EXTRA_RATE:  # the last part: money that waits meets the whole debt
        apply_waiting(product, life, day)
    close_if_met(product, life, day)
