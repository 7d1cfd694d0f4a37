"""Borrowers living through their loans: each day somebody pays, the reckoning itself is asked what is owed.

So a generated repayment is right to the cent whatever came before it: early, late with penalty
interest, in parts, in a plan. A repayment that the bank takes back later has never happened in the life.
"""

import numpy as np

from afterloan.compiled import leaf, stage
from afterloan.dates import NEVER, day_number, year_month_day
from afterloan.generate.chance import below, between, happens, pick, quantile
from afterloan.loan.acts import DISBURSED, REPAID, begin
from afterloan.loan.columns import I_DUE_ON, I_FROM_ON, I_INSTALMENT, I_PAID
from afterloan.loan.life import (
    INTEREST,
    PRINCIPAL,
    advance,
    begin_schedule,
    disburse,
    due_by_now,
    payoff_amount,
    repay,
)
from afterloan.loan.penalty import show_penalties
from afterloan.loan.terms import Method

BORROWER = np.dtype(
    [
        ("loans", "i8"),
        ("first_loan", "i8"),  # its number in the book
        ("region", "i8"),
        ("income_yuan", "i8"),
        ("pay_day", "i8"),  # day of month on which wages come
        ("due_dom", "i8"),  # day of month on which instalments fall due, for all loans
        ("auto_debit", "i8"),
        ("late_ppm", "i8"),
        ("joined_on", "i8"),
        ("shock_on", "i8"),  # NEVER: none
        ("shock_until", "i8"),  # the first day on which money is there again
        ("pays_part", "i8"),  # 1: pays something during the shock
        ("recovers", "i8"),  # AT_ONCE, BY_PLAN, NOT
        ("stops_on", "i8"),  # from here on will not pay; NEVER
    ]
)
RECEIPT = np.dtype(
    [
        ("loan", "i8"),  # number in the book
        ("nth", "i8"),  # of the loan, from 1
        ("on", "i8"),
        ("known_on", "i8"),
        ("amount_fen", "i8"),
        ("bounced_on", "i8"),  # the day the bank took it back; 0: it stands
        ("twice", "i8"),  # 1: the file holds the row twice
    ]
)
EVENT = np.dtype([("on", "i8"), ("kind", "i8"), ("permille", "i8"), ("debit", "i8")])

AT_ONCE, BY_PLAN, NOT = 0, 1, 2
DUE, EARLY, PAYOFF = 0, 1, 2  # kinds of event: what is due; the next instalment; everything
ALL = 1000
EVENTS = 256
REGIONS = 31
RECEIPTS_BESIDES = 16  # of a loan, beyond two an instalment
INTEREST_FIRST = int(Method.INTEREST_FIRST)


@stage
def draw_borrower(habits, chance, first_day, last_day, b):
    """A borrower's life outside the loans: wages, habits, and what goes wrong when. Loans are drawn already."""
    b.region = below(chance, REGIONS)
    b.income_yuan = 100 * (25 + below(chance, 60) + below(chance, 60))
    b.pay_day = 5 * between(chance, 1, 5) if happens(chance, 700_000) else between(chance, 1, 28)
    b.due_dom = (b.pay_day + between(chance, 0, 5) - 1) % 28 + 1 if happens(chance, 800_000) else between(chance, 1, 28)
    b.auto_debit = 1 if happens(chance, habits.auto_debit) else 0
    b.late_ppm = habits.late_by_class[below(chance, 20)]
    days = last_day - first_day
    b.joined_on = first_day + below(chance, max(days * 8 // 10, 1))
    b.shock_on = NEVER
    b.shock_until = NEVER
    b.stops_on = NEVER
    if happens(chance, min(habits.shock * days // 365, 1_000_000)):
        b.shock_on = between(chance, b.joined_on + 1, last_day)
        b.pays_part = 1 if happens(chance, habits.shock_pays_part) else 0
        turn = below(chance, 1_000_000)
        b.recovers = AT_ONCE if turn < habits.recovers_at_once else BY_PLAN
        if turn >= habits.recovers_at_once + habits.recovers_by_plan:
            b.recovers = NOT
        else:
            b.shock_until = b.shock_on + between(chance, habits.shock_least, habits.shock_most)
    if happens(chance, habits.will_not):
        b.stops_on = between(chance, b.joined_on + 1, last_day)


@stage
def draw_start_days(chance, b, last_day, days):
    """The days b's loans start, sorted: from joining to the day before trouble; nobody lends into arrears."""
    latest = max(min(last_day, b.shock_on - 1, b.stops_on - 1), b.joined_on)
    for k in range(b.loans):
        day = between(chance, b.joined_on, latest)
        j = k
        while j > 0 and days[j - 1] > day:
            days[j] = days[j - 1]
            j -= 1
        days[j] = day


@stage
def draw_contract(chance, b, offers, products, number, day, contract):
    """One loan: product, round amount, term and a daily rate from 0.02 % to 0.06 %."""
    contract.loan = number
    contract.product = pick(chance, products)
    contract.principal_fen = offers[0][pick(chance, offers[1])]
    contract.instalments = offers[2][pick(chance, offers[3])]
    contract.rate = 2_000 + 50 * below(chance, 81)
    contract.signed_on = day
    contract.unit = 3
    contract.every = 1
    contract.due_dom = b.due_dom


@leaf
def add_event(events, n, on, kind, permille, debit):
    """Put one payment into the plan, sorted by day; of one day in the order of coming. Returns how many."""
    j = n
    while j > 0 and events[j - 1].on > on:
        events[j] = events[j - 1]
        j -= 1
    events[j].on = on
    events[j].kind = kind
    events[j].permille = permille
    events[j].debit = debit
    return n + 1


@leaf
def next_pay_day(b, day):
    """The first day wages come on `day` or after it."""
    year, month, dom = year_month_day(day)
    if dom > b.pay_day:
        month += 1
        if month > 12:
            year += 1
            month = 1
    return day_number(year, month, b.pay_day)


@stage
def plan_instalment(habits, chance, b, since, due, may_be_early, events, n):
    """When the payer of ordinary habits pays one instalment: once or in two parts, each early, on the day or late."""
    parts = 2 if happens(chance, habits.split) else 1
    permille = quantile(chance, habits.part_permille) if parts == 2 else ALL
    on = np.int64(0)
    kind = DUE
    for part in range(parts):
        shift = np.int64(0)
        if happens(chance, b.late_ppm):
            shift = quantile(chance, habits.late_days)
        elif not b.auto_debit and may_be_early:
            shift = -min(quantile(chance, habits.early_days), due - since - 1)
        if part == 0 or due + shift >= on:
            on = due + shift
        kind = EARLY if on < due else DUE
        share = permille if part == 0 else ALL
        n = add_event(events, n, on, kind, share, 1 if b.auto_debit and on == due else 0)
    return n


@stage
def plan_trouble(chance, b, last_due, last_day, events, n):
    """Payments around a shock: something on pay days while it lasts, then all at once or by a plan of three."""
    if b.shock_on > last_due:
        return n
    until = min(b.shock_until, last_day)
    if b.pays_part:
        day = next_pay_day(b, b.shock_on)
        while day < until and n < EVENTS - 64:
            n = add_event(events, n, day, DUE, between(chance, 100, 600), 0)
            day = next_pay_day(b, day + 1)
    if b.recovers == NOT:
        return n
    day = next_pay_day(b, b.shock_until)
    if b.recovers == BY_PLAN:
        n = add_event(events, n, day, DUE, 333, 0)
        day = next_pay_day(b, day + 1)
        n = add_event(events, n, day, DUE, 500, 0)
        day = next_pay_day(b, day + 1)
    return add_event(events, n, day, DUE, ALL, 0)


@stage
def plan_payments(habits, chance, product, b, life, start, last_day, events):
    """All payments the borrower makes on one loan, by day; returns how many."""
    n = np.int64(0)
    last_due = life.rows[life.count - 1, I_DUE_ON]
    for k in range(life.count):
        due = life.rows[k, I_DUE_ON]
        if due > last_day + 60 or due >= b.stops_on:
            break
        if due < b.shock_on or (due >= b.shock_until and b.recovers != NOT):
            may_be_early = product.method != INTEREST_FIRST
            n = plan_instalment(habits, chance, b, life.rows[k, I_FROM_ON], due, may_be_early, events, n)
    if b.shock_on < NEVER:
        n = plan_trouble(chance, b, last_due, last_day, events, n)
    if happens(chance, habits.payoff):
        on = between(chance, start + 7, last_due - 1)
        if on < b.shock_on and on < b.stops_on:
            n = add_event(events, n, on, PAYOFF, ALL, 0)
    return n


@stage
def asked(product, life, event):
    """What the borrower means to pay on the day of an event, in fen; the life stands at the end of that day."""
    if event.kind == PAYOFF:
        return payoff_amount(product, life)
    amount = due_by_now(life)
    k = life.current
    if event.kind == EARLY and k < life.count and life.rows[k, I_INSTALMENT] > 0:
        paid = life.rows[k, I_PAID + PRINCIPAL] + life.rows[k, I_PAID + INTEREST]
        amount += max(life.rows[k, I_INSTALMENT] - paid, 0)
        payoff = payoff_amount(product, life)
        amount = payoff if k == life.count - 1 else min(amount, payoff)  # the last instalment is what is left
    if event.permille < ALL:
        amount = min(amount, max(amount * event.permille // 1000, 1))
    return amount


@leaf
def receive(habits, chance, number, nth, on, amount, last_day, receipt):
    """Note money received; now and then the lender hears of it days later, or twice."""
    receipt.loan = number
    receipt.nth = nth
    receipt.on = on
    receipt.known_on = on
    receipt.amount_fen = amount
    receipt.bounced_on = 0
    receipt.twice = 0
    if happens(chance, habits.told_late):
        receipt.known_on = min(on + between(chance, 1, 6), max(last_day, on))
    if happens(chance, habits.told_twice):
        receipt.twice = 1


@stage
def live_loan(habits, chance, products, calendars, promised, b, contract, last_day, life, facts, events, receipts, at):
    """Live one loan from disbursement to the last day of the book; writes receipts from `at`, returns their end."""
    product = products[contract.product]
    only = np.int64(0)  # a bare 0 is a type of its own to the compiler, and all of `repay` would be compiled again
    begin(life)
    facts[0].kind = DISBURSED
    facts[0].on = contract.signed_on
    facts[0].amount_fen = contract.principal_fen
    begin_schedule(product, contract, calendars, promised, only, only, life, contract.signed_on)
    advance(product, life, contract.signed_on)
    disburse(product, life, facts[0], only)
    n = plan_payments(habits, chance, product, b, life, contract.signed_on, last_day, events)
    first = at
    facts[0].kind = REPAID
    e = -1
    while e < n - 1:  # a bounced debit adds an event
        e += 1
        on = events[e].on
        if on > last_day or life.settled_on != NEVER:
            break
        advance(product, life, on)
        show_penalties(product, life, on)
        amount = asked(product, life, events[e])
        if amount <= 0:
            continue
        if events[e].debit and happens(chance, habits.bounced):
            back_on = on + between(chance, 1, 3)
            again_on = back_on + between(chance, 0, 3)
            if back_on <= last_day and n < EVENTS - 1:
                receive(habits, chance, contract.loan, at - first + 1, on, amount, last_day, receipts[at])
                receipts[at].known_on = on
                receipts[at].bounced_on = back_on
                at += 1
                retry(events, e, n, again_on)
                n += 1
                continue
        receive(habits, chance, contract.loan, at - first + 1, on, amount, last_day, receipts[at])
        at += 1
        facts[0].on = on
        facts[0].amount_fen = amount
        repay(product, contract, life, facts[0], only)
    return at


@leaf
def retry(events, e, n, on):
    """Plan the debit of event e again for a later day, after the events of that day already planned."""
    permille = events[e].permille
    j = n
    while j > e + 1 and events[j - 1].on > on:
        events[j] = events[j - 1]
        j -= 1
    events[j].on = on
    events[j].kind = DUE
    events[j].permille = permille
    events[j].debit = 0


@stage
def live_borrowers(
    habits,
    keys,
    offers,
    product_shares,
    products,
    calendars,
    promised,
    first_day,
    last_day,
    lives,
    facts,
    events,
    borrowers,
    contracts,
    receipts,
):
    """Borrowers of a chunk and their loans: fills `borrowers`, `contracts`, `receipts`; returns how many receipts.

    `borrowers` come with `loans` and `first_loan` set. `lives` LIFE [1], `facts` FACT [1] and `events` EVENT
    are scratch.
    """
    chance = np.zeros(1, np.uint64)
    days = np.zeros(8, np.int64)
    at = np.int64(0)
    loan = np.int64(0)
    for i in range(len(borrowers)):
        b = borrowers[i]
        chance[0] = keys[i]
        draw_borrower(habits[0], chance, first_day, last_day, b)
        draw_start_days(chance, b, last_day, days)
        for k in range(b.loans):
            draw_contract(chance, b, offers, product_shares, b.first_loan + k, days[k], contracts[loan])
            at = live_loan(
                habits[0],
                chance,
                products,
                calendars,
                promised,
                b,
                contracts[loan],
                last_day,
                lives[0],
                facts,
                events,
                receipts,
                at,
            )
            loan += 1
    return at


@stage
def count_loans(keys, shares, loans):
    """How many loans each borrower takes, from his key alone."""
    chance = np.zeros(1, np.uint64)
    for i in range(len(keys)):
        chance[0] = ~keys[i]
        loans[i] = 1 + pick(chance, shares)
