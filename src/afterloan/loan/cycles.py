"""Interest and principal by cycles of their own: interest that becomes principal until a day, parts asked for at times.

Both are agreed with the contract, or later, as dated facts. A term that nobody agreed on costs a loan nothing.
"""

from afterloan.compiled import passage, stage
from afterloan.loan.columns import (
    I_ACCRUED_A,
    I_ACCRUED_B,
    I_AGREED,
    I_BASE,
    I_CARRIED,
    I_DUE_ON,
    I_FROM_ON,
    I_INSTALMENT,
    I_NUMBER,
    I_PAID,
    I_PAID_EARLY,
    I_PLACED_ON,
    I_PLANNED_PRINCIPAL,
    I_PREPAID,
    I_TIMES,
)
from afterloan.loan.life import IMPORTED, becomes_capital, one_row_later, project, relevel, rows_end
from afterloan.loan.plans import ask_principal_by_cycle, empty_row, rescale, row_from
from afterloan.loan.schedule import BARE
from afterloan.loan.terms import ROOM, Component, Refusal

INTEREST = int(Component.INTEREST)
TOO_MANY_INSTALMENTS = int(Refusal.TOO_MANY_INSTALMENTS)


@passage
def capitalise_until(product, life, until):
    """Interest of the rows due up to `until` becomes principal, and they ask for nothing; the last row is never one.

    A period that goes on beyond that day is cut there, so that what it has earned by then becomes principal too.
    """
    if product.method == IMPORTED or life.current >= rows_end(life):
        return
    for k in range(life.current, rows_end(life)):
        if max(life.rows[k, I_FROM_ON], life.day) < until < life.rows[k, I_DUE_ON]:
            cut_period(product, life, k, until)
            break
    if life.error != 0:
        return
    life.capital_until = until
    for k in range(life.current, rows_end(life) - 1):
        if becomes_capital(life, k, False):
            life.rows[k, I_INSTALMENT] = BARE
            life.rows[k, I_PLANNED_PRINCIPAL] = life.rows[k, I_PREPAID]
    relevel(product, life)
    project(product, life, life.count)


@stage
def cut_period(product, life, k, until):
    """The period of row k ends on `until` in a row of its own; principal and charges stay where they are due.

    1 January to 1 September, cut on 15 June: 165 nights, and 78 that begin with nothing earned.
    """
    if life.count > ROOM - 3:
        life.error = TOO_MANY_INSTALMENTS
        return
    for j in range(life.count, k, -1):
        life.rows[j] = life.rows[j - 1]
        life.rows[j, I_NUMBER] += 1
    life.count += 1
    one_row_later(life, k)
    empty_row(life, k, life.rows[k + 1, I_FROM_ON])
    for column in (I_ACCRUED_A, I_ACCRUED_B, I_CARRIED, I_AGREED, I_PAID + INTEREST):
        life.rows[k, column] = life.rows[k + 1, column]
        life.rows[k + 1, column] = 0
    paid = life.rows[k, I_PAID + INTEREST]
    life.rows[k, I_PAID_EARLY] = paid
    life.rows[k + 1, I_PAID_EARLY] -= paid
    for column in (I_TIMES, I_BASE):
        life.rows[k, column] = life.rows[k + 1, column]
    life.rows[k, I_DUE_ON] = until
    life.rows[k, I_PLACED_ON] = until
    life.rows[k + 1, I_FROM_ON] = until
    rescale(product, life, k)
    rescale(product, life, k + 1)


@passage
def agree_cycles(product, life, fact):
    """Of the rows due from `from_on` on every `count`-th asks for interest, every `every`-th for principal.

    The last asks for all. Counts of 2 and 1: rows 2, 4, 6 … ask for the interest of two periods each.
    """
    first = row_from(life, fact.from_on)
    if product.method == IMPORTED or first >= rows_end(life):
        return
    life.cycles_from = first
    life.interest_every = fact.count
    life.principal_every = fact.every
    ask_principal_by_cycle(life, first)
    relevel(product, life)
    project(product, life, life.count)
