"""The position: what a reckoned loan amounts to on its day."""

from afterloan.compiled import leaf, stage
from afterloan.dates import NEVER
from afterloan.loan.arrears import collecting, late_since
from afterloan.loan.columns import I_DUE_ON
from afterloan.loan.life import earned_now, fees_charged, payoff_amount, project
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
CHARGED_OFF = int(State.CHARGED_OFF)
WRITTEN_OFF = int(State.WRITTEN_OFF)
SOLD = int(State.SOLD)


@leaf
def show_arrears(product, life, as_of, position):
    """Arrears, what falls due today, days past due by each clock, bucket."""
    for k in range(life.first, life.current):
        for c in range(4):
            if life.rows[k, I_DUE_ON] < as_of:
                position.arrears_fen[c] += owed(life, k, c)
            elif life.rows[k, I_DUE_ON] == as_of:
                position.due_today_fen[c] += owed(life, k, c)
    oldest = late_since(product, life, as_of)
    position.oldest_due_on = oldest
    if collecting(life):
        position.oldest_due_on = min(oldest, life.delinquent_from)
    position.oldest_unpaid_on = oldest
    if oldest == NEVER:
        position.state = CURRENT
        return
    days = as_of - oldest
    position.days_past_due = days
    position.state = IN_GRACE
    if days > product.grace_bureau_days:
        position.grace_days_past_due = days
        position.state = OVERDUE
    bucket = 0
    while bucket < 8 and 0 < product.buckets[bucket] <= days:
        bucket += 1
    position.bucket = bucket


@leaf
def settled(life, c):
    """What no longer is owed of a component, however it ended."""
    return life.paid[c] + life.waived[c] + life.capitalised[c] + life.written_off[c] + life.sold[c]


@leaf
def show_totals(product, life, position):
    """The running totals, which the journal posts by difference."""
    for c in range(4):
        position.paid_fen[c] = life.paid[c]
        position.waived_fen[c] = life.waived[c]
        position.capitalised_fen[c] = life.capitalised[c]
        position.written_off_fen[c] = life.written_off[c]
        position.sold_fen[c] = life.sold[c]
    position.disbursed_fen = life.lent
    position.fell_due_fen[INTEREST] = life.due[INTEREST] + life.early_interest
    position.fell_due_fen[PRINCIPAL] = life.due[PRINCIPAL]
    position.charged_fen[FEE] = fees_charged(product, life)
    position.charged_fen[PENALTY] = life.charged_penalty
    position.repaid_fen = life.repaid
    position.unapplied_fen = life.unapplied
    position.penalty_income_fen = life.due[PENALTY]
    position.sale_price_fen = life.sale_price
    position.recovered_fen = life.recovered
    position.refunded_fen = life.refunded
    position.transferred_in_fen = life.transferred_in
    position.transferred_out_fen = life.transferred_out
    position.outstanding_fen[PENALTY] = life.due[PENALTY] - settled(life, PENALTY)
    position.outstanding_fen[FEE] = position.charged_fen[FEE] - settled(life, FEE)
    position.outstanding_fen[INTEREST] = position.fell_due_fen[INTEREST] - settled(life, INTEREST)
    position.outstanding_fen[PRINCIPAL] = life.balance
    position.accrued_penalty_fen = life.due[PENALTY] - life.charged_penalty
    position.last_repaid_on = life.last_repaid_on


@leaf
def show_claim(life, position):
    """What a court fixed, and what is still owed of a debt that left the books by a write-off."""
    position.judged_on = life.judged_on
    if life.judged_on != NEVER:
        position.perform_by = life.perform_by
    if life.judged_row >= 0:
        position.judged_principal_fen = life.balance
        position.extra_interest_fen = owed(life, life.judged_row, PENALTY)
    if not life.was_sold:
        position.claim_fen = max(life.claim - life.recovered, 0)


@stage
def show_position(product, contract, life, as_of, position):
    """Write the whole position of a loan reckoned to the end of `as_of`; `position` comes in as zeros."""
    position.loan = contract.loan
    position.error = life.error
    if life.error != 0:
        return
    position.oldest_unpaid_on = NEVER
    position.next_due_on = NEVER
    position.paid_off_on = NEVER
    position.oldest_due_on = NEVER
    position.charged_off_on = NEVER
    position.written_off_on = NEVER
    position.accelerated_on = NEVER
    position.judged_on = NEVER
    position.perform_by = NEVER
    if life.started_on == 0:
        show_totals(product, life, position)
        position.payoff_fen = payoff_amount(product, life)
        return
    payoff = payoff_amount(product, life)
    show_totals(product, life, position)
    show_arrears(product, life, as_of, position)
    position.worst_days_past_due = max(life.worst, position.days_past_due)
    position.payoff_fen = payoff
    position.charged_off_on = life.charged_off_on
    position.written_off_on = life.written_off_on
    position.accelerated_on = life.accelerated_on
    show_claim(life, position)
    if life.written_off_on != NEVER:
        position.state = SOLD if life.was_sold else WRITTEN_OFF
    elif life.settled_on != NEVER:
        position.state = PAID_OFF
        position.paid_off_on = life.settled_on
        position.instalments_paid = life.count
    else:
        if life.charged_off_on != NEVER:
            position.state = CHARGED_OFF
        show_next(product, life, position)
    position.accrued_interest_fen = earned_now(product, life) - life.early_interest
    position.interest_income_fen = position.fell_due_fen[INTEREST] + position.accrued_interest_fen


@stage
def show_next(product, life, position):
    """The next instalment that asks for money, and how many are paid and left."""
    k = life.current
    project(product, life, min(k + 1, life.count))
    while k < life.count and owed_in_all(life, k) <= 0:
        k += 1
        project(product, life, min(k + 1, life.count))
    paid = life.first + (k - life.current if life.first == life.current else 0)
    position.instalments_paid = paid
    position.instalments_left = life.count - paid
    for j in range(life.first, life.current):  # asked for already, due on a business day to come
        if life.rows[j, I_DUE_ON] > life.day and owed_in_all(life, j) > 0:
            k = j
            break
    if k < life.count:
        position.next_due_on = life.rows[k, I_DUE_ON]
        position.next_due_fen = owed_in_all(life, k)
