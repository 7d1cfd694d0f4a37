"""Charges not yet due keep their day when instalments are arranged anew: set aside before, put back after.

They wait at the far end of a life's rows, one record each, counted from `FARTHEST` down.
"""

from afterloan.compiled import leaf, stage
from afterloan.loan.columns import (
    I_CHARGED_PENALTY,
    I_CHARGES_DUE_ON,
    I_DUE,
    I_DUE_ON,
    I_LAST_PAID_ON,
    I_NUMBER,
    I_PAID,
    I_PAID_EARLY,
    I_PAID_LATE,
    I_PROMISED_FEE,
    I_WAIVED,
    INSTALMENT_WIDTH,
)
from afterloan.loan.life import charge_row, rows_end
from afterloan.loan.terms import ROOM, Component
from afterloan.loan.waterfall import owed

PENALTY = int(Component.PENALTY)
FEE = int(Component.FEE)
FARTHEST = ROOM - 2


@stage
def take_off(life, j, place):
    """Take what row j still asks for in charges off it, into the record `place`."""
    fee = max(owed(life, j, FEE) - life.rows[j, I_PROMISED_FEE], 0)
    penalty = max(owed(life, j, PENALTY), 0)
    for column in range(INSTALMENT_WIDTH):
        life.rows[place, column] = 0
    life.rows[place, I_DUE_ON] = life.rows[j, I_CHARGES_DUE_ON]
    life.rows[place, I_DUE + FEE] = fee
    life.rows[place, I_DUE + PENALTY] = penalty
    life.rows[place, I_CHARGED_PENALTY] = penalty
    life.rows[j, I_DUE + FEE] -= fee
    life.rows[j, I_DUE + PENALTY] -= penalty
    life.rows[j, I_CHARGED_PENALTY] -= penalty


@stage
def set_charges_aside(life, day, keep_dates):
    """Set aside the rows that ask for charges alone; with `keep_dates` also charges of instalments due after `day`.

    Returns how many records wait.
    """
    aside = 0
    end = rows_end(life)
    for j in range(end, life.count):
        life.rows[FARTHEST - aside] = life.rows[j]
        aside += 1
    life.count = end
    life.charge_rows = 0
    if keep_dates:
        for j in range(life.current, end):
            if life.rows[j, I_CHARGES_DUE_ON] > day and owed(life, j, FEE) + owed(life, j, PENALTY) > 0:
                take_off(life, j, FARTHEST - aside)
                aside += 1
    return aside


@leaf
def put_back(product, life, place):
    """Give the charges of the record `place` to the row of their due date."""
    j = charge_row(product, life, life.rows[place, I_DUE_ON])
    for c in (PENALTY, FEE):
        life.rows[j, I_DUE + c] += life.rows[place, I_DUE + c]
        life.rows[j, I_PAID + c] += life.rows[place, I_PAID + c]
        life.rows[j, I_WAIVED + c] += life.rows[place, I_WAIVED + c]
    for column in (I_CHARGED_PENALTY, I_PAID_EARLY, I_PAID_LATE):
        life.rows[j, column] += life.rows[place, column]
    for column in (I_LAST_PAID_ON, I_CHARGES_DUE_ON):
        life.rows[j, column] = max(life.rows[j, column], life.rows[place, column])
    life.rows[j, I_CHARGES_DUE_ON] = max(life.rows[j, I_CHARGES_DUE_ON], life.rows[place, I_DUE_ON])
    life.first = min(life.first, life.rows[j, I_NUMBER] - 1)


@stage
def put_charges_back(product, life, aside):
    """Put the records that wait back: into the row whose period holds their day, or into rows after the last."""
    for k in range(aside):
        if life.error == 0:
            put_back(product, life, FARTHEST - k)
