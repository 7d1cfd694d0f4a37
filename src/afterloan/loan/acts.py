"""What happened, acting on a life: one fact after another in order of time, from the first to the day asked for."""

from afterloan.compiled import leaf, passage, stage
from afterloan.dates import NEVER
from afterloan.loan.acceleration import accelerate, is_withdrawn
from afterloan.loan.charges import put_charges_back, set_charges_aside
from afterloan.loan.cycles import agree_cycles, capitalise_until
from afterloan.loan.given import give
from afterloan.loan.judgment import judge
from afterloan.loan.life import (
    advance,
    apply_waiting,
    begin_schedule,
    change_rate,
    charge,
    close_if_met,
    closes_on,
    disburse,
    fall_due_by_now,
    pass_time,
    project,
    relevel,
    repay,
    rows_end,
    show_advance,
    take_as_it_is,
    waive_part,
)
from afterloan.loan.penalty import show_penalties
from afterloan.loan.plans import (
    break_plan,
    charge_off,
    defer,
    extend,
    forgive_penalty,
    interest_only,
    one_more_row,
    reinstal,
    sell,
    settlement,
    write_off,
)
from afterloan.loan.product_charges import end_charge
from afterloan.loan.terms import ArrearsInterest, FactKind, Refusal

DISBURSED = int(FactKind.DISBURSED)
RATE_CHANGED = int(FactKind.RATE_CHANGED)
INSTALMENT_AGREED = int(FactKind.INSTALMENT_AGREED)
CHARGED = int(FactKind.CHARGED)
CHARGE_ENDED = int(FactKind.CHARGE_ENDED)
CHARGED_OFF = int(FactKind.CHARGED_OFF)
WAIVED = int(FactKind.WAIVED)
DEFERRED = int(FactKind.DEFERRED)
INTEREST_ONLY = int(FactKind.INTEREST_ONLY)
EXTENDED = int(FactKind.EXTENDED)
CAPITALISED_UNTIL = int(FactKind.CAPITALISED_UNTIL)
CYCLES_AGREED = int(FactKind.CYCLES_AGREED)
REINSTALLED = int(FactKind.REINSTALLED)
PENALTY_HELD = int(FactKind.PENALTY_HELD)
PENALTY_RESUMED = int(FactKind.PENALTY_RESUMED)
SETTLEMENT_AGREED = int(FactKind.SETTLEMENT_AGREED)
PENALTY_FORGIVEN = int(FactKind.PENALTY_FORGIVEN)
PLAN_BROKEN = int(FactKind.PLAN_BROKEN)
REPAID = int(FactKind.REPAID)
TRANSFERRED_IN = int(FactKind.TRANSFERRED_IN)
REFUND_RETURNED = int(FactKind.REFUND_RETURNED)
REFUNDED = int(FactKind.REFUNDED)
TRANSFERRED_OUT = int(FactKind.TRANSFERRED_OUT)
ACCELERATED = int(FactKind.ACCELERATED)
JUDGED = int(FactKind.JUDGED)
WRITTEN_OFF = int(FactKind.WRITTEN_OFF)
SOLD = int(FactKind.SOLD)
CARRIED = int(ArrearsInterest.CARRIED)
NOT_IN_ORDER = int(Refusal.NOT_IN_ORDER)


@passage
def agree(product, contract, calendars, life, fact, k):
    """Let a plan, a charge-off, a write-off or a sale take effect; a loan that owes nothing has nothing to arrange."""
    kind = fact.kind
    if life.settled_on != NEVER and (kind != JUDGED or life.judged_on != fact.on):
        return
    arranges = kind == DEFERRED or kind == INTEREST_ONLY or kind == EXTENDED or kind == REINSTALLED
    arranges = arranges or kind == CAPITALISED_UNTIL or kind == CYCLES_AGREED
    keeps = kind == REINSTALLED and fact.component == CARRIED
    aside = 0
    if arranges:
        aside = set_charges_aside(life, fact.on, keeps)
        take_as_it_is(life)
    if kind == DEFERRED:
        defer(product, calendars, life, fact)
    elif kind == INTEREST_ONLY:
        interest_only(product, calendars, life, fact)
    elif kind == EXTENDED:
        extend(product, calendars, life, fact)
    elif kind == CAPITALISED_UNTIL:
        capitalise_until(product, life, fact.due_on)
    elif kind == CYCLES_AGREED:
        agree_cycles(product, life, fact)
    elif kind == REINSTALLED:
        reinstal(product, calendars, life, fact, k)
    elif kind in (PENALTY_HELD, PENALTY_RESUMED):
        life.penalty_held = 1 if kind == PENALTY_HELD else 0
    elif kind == SETTLEMENT_AGREED:
        settlement(life, fact, k)
    elif kind == PENALTY_FORGIVEN:
        forgive_penalty(life, fact, k)
    elif kind == PLAN_BROKEN:
        break_plan(product, life, fact)
    elif kind == JUDGED:
        judge(product, life, fact, k)
    elif kind == CHARGED_OFF:
        charge_off(product, life, fact, k)
    elif kind == WRITTEN_OFF:
        write_off(product, life, fact, k)
    elif kind == SOLD:
        sell(product, life, fact, k)
    if arranges:
        put_charges_back(product, life, aside)
        fall_due_by_now(product, life)
    if life.unapplied > 0 and (arranges or kind == CHARGED_OFF):  # charges that fell away, rows that fell due
        show_advance(product, life)
        apply_waiting(product, life, fact.on)


@stage
def act(product, contract, calendars, life, fact, k):
    """Let a fact that is neither a disbursement nor a repayment take effect on its day."""
    kind = fact.kind
    if kind == CHARGED:
        charge(product, life, fact, k)
    elif kind == WAIVED:
        show_penalties(product, life, fact.on)
        if product.charges > 0:
            project(product, life, life.count)  # charges to come may be waived too: promise them first
        waive_part(life, fact.component, fact.amount_fen, fact.on, k)
        close_if_met(product, life, fact.on)
    elif kind == RATE_CHANGED:
        change_rate(product, life, fact, k)
    elif kind in (TRANSFERRED_IN, REFUND_RETURNED):
        repay(product, contract, life, fact, k)
    elif kind in (REFUNDED, TRANSFERRED_OUT):
        give(life, fact, k)
    elif kind == CHARGE_ENDED:
        end_charge(product, life, fact.component)
    elif kind == INSTALMENT_AGREED:
        life.own = fact.amount_fen
        relevel(product, life)
    else:
        agree(product, contract, calendars, life, fact, k)


@leaf
def counts_before_pay_out(kind):
    """What can be told of a loan before its first pay-out: money waits, a rate is the one it begins with.

    A plan, a waiver or a write-off finds nothing that it could change; charges wait.
    """
    if kind == REPAID or kind in (PENALTY_HELD, PENALTY_RESUMED):
        return True
    return kind <= INSTALMENT_AGREED or TRANSFERRED_IN <= kind <= TRANSFERRED_OUT


@passage
def charge_what_waited(product, facts, start, until, known_on, life):
    """Charges told before the first pay-out are made on its day: a handling fee of 20.00, charged on signing."""
    life.charges_wait = 0
    for k in range(start, until):
        if facts[k].kind == CHARGED and facts[k].known_on <= known_on < facts[k].gone_on:
            charge(product, life, facts[k], k - start)


@leaf
def begin(life):
    """An empty life: zeros first, in the order of the record, which makes them a few wide writes."""
    life.day = 0
    life.count = 0
    life.charges_due = 0
    life.charge_rows = 0
    life.current = 0
    life.first = 0
    life.lent = 0
    life.flat_base = 0
    life.balance = 0
    life.scheduled = 0
    life.overdue_principal = 0
    life.rate = 0
    life.penalty_rate = 0
    life.bears = 0
    life.repaid = 0
    life.unapplied = 0
    life.started_on = 0
    life.last_repaid_on = 0
    life.worst = 0
    life.error = 0
    life.dom = 0
    life.signed_unit = 0
    life.unit = 0
    life.every = 0
    life.given = 0
    life.plain = 0
    life.charges_wait = 0
    life.charged_fee = 0
    life.charged_penalty = 0
    life.early_interest = 0
    for c in range(4):
        life.paid[c] = 0
        life.waived[c] = 0
        life.due[c] = 0
    life.own = 0
    life.put_off_last = 0
    life.cycles_from = 0
    life.interest_every = 0
    life.principal_every = 0
    life.capital_until = 0
    life.free = 0
    life.agreed = 0
    life.late_a = 0
    life.late_b = 0
    life.displaced = 0
    life.stopped = 0
    life.penalty_held = 0
    life.delinquent_until = 0
    life.broken = 0
    life.settle_at = 0
    life.settle_by = 0
    life.forgive = 0
    life.forgive_row = 0
    life.forgive_rows = 0
    life.sale_price = 0
    life.was_sold = 0
    life.recovered = 0
    life.refunded = 0
    life.transferred_in = 0
    life.transferred_out = 0
    life.charges_ended = 0
    life.judged_parts = 0
    life.judged_rate = 0
    life.extra_rate = 0
    life.perform_by = 0
    life.claim = 0
    for c in range(4):
        life.capitalised[c] = 0
        life.written_off[c] = 0
        life.sold[c] = 0
    life.moved = 0
    life.penalty_base = 1
    life.settled_on = NEVER
    life.like = -1
    life.own_rate = -1
    life.delinquent_from = NEVER
    life.charged_off_on = NEVER
    life.written_off_on = NEVER
    life.accelerated_on = NEVER
    life.accelerated_row = -1
    life.spared = -1
    life.running = -1
    life.judged_on = NEVER
    life.judged_sum_row = -1
    life.judged_row = -1
    life.judged_base = 1


@passage
def live(product, contract, calendars, promised, promised_at, facts, fact_at, i, as_of, known_on, life):
    """Reckon loan `i` from its first fact to the end of day `as_of`, with what was known on `known_on`.

    Its facts are `facts[fact_at[i]:fact_at[i + 1]]`: not cut out, because handing arrays on costs reference counts.
    """
    begin(life)
    life.plain = product.plain
    due_at_once = False  # a due day that is the day of the first pay-out, or before it
    before = -NEVER
    start = fact_at[i]
    for k in range(start, fact_at[i + 1]):
        fact = facts[k]
        if fact.on > as_of:
            break
        if fact.known_on <= known_on < fact.gone_on:
            if fact.on < before:
                life.error = NOT_IN_ORDER
            before = fact.on
            if life.started_on == 0:
                if fact.kind == DISBURSED:
                    begin_schedule(
                        product, contract, calendars, promised, promised_at[i], promised_at[i + 1], life, fact.on
                    )
                    due_at_once = closes_on(product, life, life.current) <= fact.on
                    if life.charges_wait:
                        charge_what_waited(product, facts, start, k, known_on, life)
                elif fact.kind == CHARGED:
                    life.charges_wait = 1
                    life.plain = 0
                    continue
                elif not counts_before_pay_out(fact.kind):
                    continue
            elif fact.on > life.day:
                pass_time(product, life, fact.on)
            if due_at_once and fact.kind > CAPITALISED_UNTIL:  # after what is agreed on that day
                due_at_once = False
                fall_due_by_now(product, life)
            if fact.kind == REPAID:
                repay(product, contract, life, fact, k - start)
            elif fact.kind == DISBURSED:
                if life.current >= rows_end(life):
                    life.plain = 0
                    one_more_row(product, calendars, life, fact.on)
                disburse(product, life, fact, k - start)
            elif fact.kind == ACCELERATED:
                life.plain = 0
                if not is_withdrawn(facts, k, fact_at[i + 1], as_of, known_on):
                    accelerate(product, life, fact, k - start)
            else:
                life.plain = 0
                act(product, contract, calendars, life, fact, k - start)
            if life.error != 0:
                return
    if life.started_on > 0:
        if due_at_once:
            fall_due_by_now(product, life)
        advance(product, life, as_of)
        show_penalties(product, life, as_of)
