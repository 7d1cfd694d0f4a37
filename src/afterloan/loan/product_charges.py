"""Charges that a product's terms make: at pay-out, or with instalments; fixed, or a share of principal or instalment.

A charge with an instalment is promised in its row, asked for when the row falls due, and only while principal is
out. Paid with an instalment ahead it is charged by being paid; if the loan then ends early, that money goes back
into what ends it.
"""

from afterloan.compiled import leaf, stage
from afterloan.loan.accrual import rounded
from afterloan.loan.columns import I_DUE, I_NUMBER, I_PAID, I_PROMISED_FEE, I_ROW_KIND, I_WAIVED
from afterloan.loan.moves import moved
from afterloan.loan.terms import RATE_SCALE, Cause, ChargeOf, ChargeWhen, Component

FEE = int(Component.FEE)
INTEREST = int(Component.INTEREST)
PRINCIPAL = int(Component.PRINCIPAL)
PAY_OUT = int(ChargeWhen.PAY_OUT)
INSTALMENT = int(ChargeWhen.INSTALMENT)
OF_PRINCIPAL = int(ChargeOf.PRINCIPAL)
OF_INSTALMENT = int(ChargeOf.INSTALMENT)
SCALE = RATE_SCALE
WAS_CHARGED = int(Cause.CHARGED)
WAS_REPAID = int(Cause.REPAID)
WAS_UNAPPLIED = int(Cause.UNAPPLIED)


@leaf
def charge_amount(product, j, of_principal, of_instalment):
    """What charge j comes to: 0.30 % of 10,000.00 of principal is 30.00, rounded once."""
    if product.charge_of[j] == OF_PRINCIPAL:
        return rounded(of_principal * product.charge_amount[j], SCALE, product.rounding)
    if product.charge_of[j] == OF_INSTALMENT:
        return rounded(of_instalment * product.charge_amount[j], SCALE, product.rounding)
    return product.charge_amount[j]


@leaf
def falls_on(product, j, number):
    """Whether charge j comes with instalment `number`: with the first it names, and every so many after it."""
    past = number - product.charge_first[j]
    if past < 0:
        return False
    return past == 0 if product.charge_every[j] == 0 else past % product.charge_every[j] == 0


@leaf
def met_ahead(life, k):
    """What of a row's promised fee has been paid or waived: what its other fees did not take."""
    other = life.rows[k, I_DUE + FEE] - life.rows[k, I_PROMISED_FEE]
    return max(life.rows[k, I_PAID + FEE] + life.rows[k, I_WAIVED + FEE] - other, 0)


@stage
def set_charges(product, life, k, out):
    """Promise in row k what the product charges with that instalment; nothing once no principal is `out`."""
    fee = 0
    if out > 0 and not life.rows[k, I_ROW_KIND]:
        number = life.rows[k, I_NUMBER]
        if product.down_payment_permyriad > 0 or life.charges_due > 0:  # which are no instalments
            for j in range(k):
                number -= 1 if life.rows[j, I_ROW_KIND] else 0
        instalment = life.rows[k, I_DUE + INTEREST] + life.rows[k, I_DUE + PRINCIPAL]
        for j in range(product.charges):
            on = product.charge_when[j] == INSTALMENT and (life.charges_ended >> j) & 1 == 0
            if on and falls_on(product, j, number):
                fee += charge_amount(product, j, life.lent, instalment)
    fee = max(fee, met_ahead(life, k))
    life.rows[k, I_DUE + FEE] += fee - life.rows[k, I_PROMISED_FEE]
    life.rows[k, I_PROMISED_FEE] = fee


@stage
def charge_pay_out(product, life, day, amount, k):
    """Charges at pay-out, worked out on what is paid out: they fall due with the next instalment."""
    row = life.current
    if row >= life.count:
        return
    for j in range(product.charges):
        if product.charge_when[j] == PAY_OUT and (life.charges_ended >> j) & 1 == 0:
            fee = charge_amount(product, j, amount, amount)
            life.rows[row, I_DUE + FEE] += fee
            life.charged_fee += fee
            moved(life, day, WAS_CHARGED, life.rows[row, I_NUMBER], FEE, k, fee)


@stage
def release_charges(life, day):
    """Promised fees of rows ahead fall away, and money that had met them waits again."""
    for k in range(life.current, life.count):
        back = min(met_ahead(life, k), life.rows[k, I_PAID + FEE])
        if back > 0:
            life.rows[k, I_PAID + FEE] -= back
            life.paid[FEE] -= back
            life.unapplied += back
            moved(life, day, WAS_REPAID, life.rows[k, I_NUMBER], FEE, -1, -back)
            moved(life, day, WAS_UNAPPLIED, 0, -1, -1, back)
        kept = met_ahead(life, k)
        life.rows[k, I_DUE + FEE] += kept - life.rows[k, I_PROMISED_FEE]
        life.rows[k, I_PROMISED_FEE] = kept


@stage
def waived_ahead(life):
    """Promised fees of rows ahead that were waived: charged by being given up. What was paid of them is told apart:
    `release_charges` gives it back."""
    total = 0
    for k in range(life.current, life.count):
        total += max(met_ahead(life, k) - life.rows[k, I_PAID + FEE], 0)
    return total


@stage
def end_charge(product, life, j):
    """Charge j of the product is made no more, and rows ahead promise it no more: a guarantee released."""
    if life.charges_ended >= 0:
        life.charges_ended |= 1 << j
    for k in range(life.current, life.count):
        if life.rows[k, I_PROMISED_FEE] > 0:
            set_charges(product, life, k, 1)
