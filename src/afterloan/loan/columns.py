"""Column numbers of the records in `terms`, for leaves that read them as rows of whole numbers.

A record of 8-byte fields and a row of int64 are the same bytes; `as_rows` gives the second view.
"""

import numpy as np
import numpy.typing as npt

from afterloan.loan.terms import (
    CONTRACT,
    FACT,
    INSTALMENT,
    MOVEMENT,
    POSITION,
    PRODUCT,
    PROMISED,
)


def as_rows(records: npt.NDArray[np.void]) -> npt.NDArray[np.int64]:
    """Records [n] as int64 [n, fields]; no copy. `as_rows(facts)[0, F_ON]` is the first fact's day."""
    return records.view(np.int64).reshape(len(records), records.dtype.itemsize // 8)


def _column(dtype: np.dtype[np.void], name: str) -> int:
    assert dtype.fields is not None
    return int(dtype.fields[name][1]) // 8


P_METHOD = _column(PRODUCT, "method")
P_PER = _column(PRODUCT, "per")
P_DAY_COUNT = _column(PRODUCT, "day_count")
P_ACCRUAL = _column(PRODUCT, "accrual")
P_ROUNDING = _column(PRODUCT, "rounding")
P_MULTIPLE = _column(PRODUCT, "multiple_fen")
P_SHIFT = _column(PRODUCT, "shift")
P_CALENDAR = _column(PRODUCT, "calendar")
P_BY_TIMING = _column(PRODUCT, "by_timing")
P_ORDER = _column(PRODUCT, "order")
P_ORDERS = _column(PRODUCT, "orders")
P_DIRECTION = _column(PRODUCT, "direction")
P_IN_ADVANCE = _column(PRODUCT, "in_advance")
P_EARLY = _column(PRODUCT, "early")
P_GRACE_FEE_DAYS = _column(PRODUCT, "grace_fee_days")
P_GRACE_PENALTY_DAYS = _column(PRODUCT, "grace_penalty_days")
P_GRACE_BUREAU_DAYS = _column(PRODUCT, "grace_bureau_days")
P_PENALTY_START = _column(PRODUCT, "penalty_start")
P_PENALTY_PERMILLE = _column(PRODUCT, "penalty_permille")
P_PENALTY_ON_INTEREST = _column(PRODUCT, "penalty_on_interest")
P_CAP_RATE_YEAR = _column(PRODUCT, "cap_rate_year")
P_LATE_FEE = _column(PRODUCT, "late_fee_fen")
P_PAST_DUE_BEARS_INTEREST = _column(PRODUCT, "past_due_bears_interest")
P_DOWN_PAYMENT_PERMYRIAD = _column(PRODUCT, "down_payment_permyriad")
P_TOLERANCE = _column(PRODUCT, "tolerance_fen")
P_BUCKETS = _column(PRODUCT, "buckets")
P_PAYOFF_INTEREST = _column(PRODUCT, "payoff_interest")
P_FROM_SIGNING = _column(PRODUCT, "from_signing")
P_POLICY = _column(PRODUCT, "policy")
P_TURNS = _column(PRODUCT, "turns")
P_COUNTS = _column(PRODUCT, "counts")
P_PARTS = _column(PRODUCT, "parts")
PRODUCT_WIDTH = PRODUCT.itemsize // 8

C_LOAN = _column(CONTRACT, "loan")
C_PRODUCT = _column(CONTRACT, "product")
C_PRINCIPAL = _column(CONTRACT, "principal_fen")
C_RATE = _column(CONTRACT, "rate")
C_SIGNED_ON = _column(CONTRACT, "signed_on")
C_FIRST_DUE_ON = _column(CONTRACT, "first_due_on")
C_UNIT = _column(CONTRACT, "unit")
C_EVERY = _column(CONTRACT, "every")
C_INSTALMENTS = _column(CONTRACT, "instalments")
C_DUE_DOM = _column(CONTRACT, "due_dom")
C_GRACE_PRINCIPAL = _column(CONTRACT, "grace_principal")
C_GRACE_INTEREST = _column(CONTRACT, "grace_interest")
C_INTEREST_FREE = _column(CONTRACT, "interest_free")
CONTRACT_WIDTH = CONTRACT.itemsize // 8

F_KIND = _column(FACT, "kind")
F_ON = _column(FACT, "on")
F_KNOWN_ON = _column(FACT, "known_on")
F_GONE_ON = _column(FACT, "gone_on")
F_AMOUNT = _column(FACT, "amount_fen")
F_COMPONENT = _column(FACT, "component")
F_DUE_ON = _column(FACT, "due_on")
F_FACT = _column(FACT, "fact")
FACT_WIDTH = FACT.itemsize // 8

R_DUE_ON = _column(PROMISED, "due_on")
R_PRINCIPAL = _column(PROMISED, "principal_fen")
R_INTEREST = _column(PROMISED, "interest_fen")
R_FEE = _column(PROMISED, "fee_fen")
PROMISED_WIDTH = PROMISED.itemsize // 8

I_NUMBER = _column(INSTALMENT, "number")
I_FROM_ON = _column(INSTALMENT, "from_on")
I_DUE_ON = _column(INSTALMENT, "due_on")
I_DUE = _column(INSTALMENT, "due_fen")
I_PAID = _column(INSTALMENT, "paid_fen")
I_WAIVED = _column(INSTALMENT, "waived_fen")
I_PAID_EARLY = _column(INSTALMENT, "paid_early_fen")
I_PAID_LATE = _column(INSTALMENT, "paid_late_fen")
I_CLEARED_ON = _column(INSTALMENT, "cleared_on")
I_BALANCE = _column(INSTALMENT, "balance_fen")
I_ROW_KIND = _column(INSTALMENT, "row_kind")
I_INSTALMENT = _column(INSTALMENT, "instalment_fen")
I_PLANNED_PRINCIPAL = _column(INSTALMENT, "planned_principal_fen")
I_ACCRUED_A = _column(INSTALMENT, "accrued_a")
I_ACCRUED_B = _column(INSTALMENT, "accrued_b")
I_CARRIED = _column(INSTALMENT, "carried_fen")
I_TIMES = _column(INSTALMENT, "times")
I_BASE = _column(INSTALMENT, "base")
I_OVERDUE_A = _column(INSTALMENT, "overdue_a")
I_GRACE_RATE = _column(INSTALMENT, "grace_rate")
I_CHARGED_PENALTY = _column(INSTALMENT, "charged_penalty_fen")
I_FELL_DUE = _column(INSTALMENT, "fell_due")
I_LAST_PAID_ON = _column(INSTALMENT, "last_paid_on")
I_PREPAID = _column(INSTALMENT, "prepaid_fen")
I_PROMISED_FEE = _column(INSTALMENT, "promised_fee_fen")
I_AGREED = _column(INSTALMENT, "agreed_interest_fen")
I_PLACED_ON = _column(INSTALMENT, "placed_on")
I_CHARGES_DUE_ON = _column(INSTALMENT, "charges_due_on")
INSTALMENT_WIDTH = INSTALMENT.itemsize // 8

M_ON = _column(MOVEMENT, "on")
M_CAUSE = _column(MOVEMENT, "cause")
M_INSTALMENT = _column(MOVEMENT, "instalment")
M_COMPONENT = _column(MOVEMENT, "component")
M_FACT = _column(MOVEMENT, "fact")
M_AMOUNT = _column(MOVEMENT, "amount_fen")
MOVEMENT_WIDTH = MOVEMENT.itemsize // 8

N_LOAN = _column(POSITION, "loan")
N_ERROR = _column(POSITION, "error")
N_STATE = _column(POSITION, "state")
N_DAYS_PAST_DUE = _column(POSITION, "days_past_due")
N_GRACE_DAYS_PAST_DUE = _column(POSITION, "grace_days_past_due")
N_BUCKET = _column(POSITION, "bucket")
N_OLDEST_UNPAID_ON = _column(POSITION, "oldest_unpaid_on")
N_NEXT_DUE_ON = _column(POSITION, "next_due_on")
N_OLDEST_DUE_ON = _column(POSITION, "oldest_due_on")
N_NEXT_DUE = _column(POSITION, "next_due_fen")
N_DISBURSED = _column(POSITION, "disbursed_fen")
N_OUTSTANDING = _column(POSITION, "outstanding_fen")
N_ARREARS = _column(POSITION, "arrears_fen")
N_DUE_TODAY = _column(POSITION, "due_today_fen")
N_ACCRUED_INTEREST = _column(POSITION, "accrued_interest_fen")
N_ACCRUED_PENALTY = _column(POSITION, "accrued_penalty_fen")
N_PAID = _column(POSITION, "paid_fen")
N_FELL_DUE = _column(POSITION, "fell_due_fen")
N_CHARGED = _column(POSITION, "charged_fen")
N_WAIVED = _column(POSITION, "waived_fen")
N_REPAID = _column(POSITION, "repaid_fen")
N_UNAPPLIED = _column(POSITION, "unapplied_fen")
N_PAYOFF = _column(POSITION, "payoff_fen")
N_LAST_REPAID_ON = _column(POSITION, "last_repaid_on")
N_PAID_OFF_ON = _column(POSITION, "paid_off_on")
N_WORST_DAYS_PAST_DUE = _column(POSITION, "worst_days_past_due")
N_INSTALMENTS_PAID = _column(POSITION, "instalments_paid")
N_INSTALMENTS_LEFT = _column(POSITION, "instalments_left")
N_INTEREST_INCOME = _column(POSITION, "interest_income_fen")
N_PENALTY_INCOME = _column(POSITION, "penalty_income_fen")
N_CAPITALISED = _column(POSITION, "capitalised_fen")
N_WRITTEN_OFF = _column(POSITION, "written_off_fen")
N_SOLD = _column(POSITION, "sold_fen")
N_SALE_PRICE = _column(POSITION, "sale_price_fen")
N_RECOVERED = _column(POSITION, "recovered_fen")
N_REFUNDED = _column(POSITION, "refunded_fen")
N_TRANSFERRED_IN = _column(POSITION, "transferred_in_fen")
N_TRANSFERRED_OUT = _column(POSITION, "transferred_out_fen")
POSITION_WIDTH = POSITION.itemsize // 8
