"""The shapes that the reckoning reads and writes: records of whole numbers, one field a thing.

Every record is a NumPy structured dtype, so one loan in the API and ten million at night are the
same bytes. Money is whole minor units (`_fen`: fen, cents, paise); days are numbers since 1970-01-01;
a rate is `rate` / `RATE_SCALE[per]` for each unit of time.
"""

from enum import IntEnum, IntFlag

import numpy as np

# Bounds, asserted where a contract is accepted (`loan.bounds`); see docs/DECISIONS.md for the proof.
MAX_PRINCIPAL_FEN = 1_000_000_000  # ten million yuan
MAX_INSTALMENTS = 120
MAX_TERM_DAYS = 3_700  # ten years and a month
MAX_FACTS = 4_096  # of one loan

RATE_SCALE = 10_000_000
"""A rate of 1 (100 %) a day, month or year; 0.0456 % a day is 4,560, 7.3 % a year is 730,000."""


class Method(IntEnum):
    """How the instalments repay the principal."""

    EQUAL_INSTALMENT = 1
    EQUAL_PRINCIPAL = 2
    INTEREST_FIRST = 3
    BULLET = 4
    FLAT = 5
    IMPORTED = 6


class Per(IntEnum):
    """The unit of time a rate is quoted for."""

    DAY = 1
    MONTH = 2
    YEAR = 3


class Unit(IntEnum):
    """The unit of the interval between due dates."""

    DAYS = 1
    WEEKS = 2
    MONTHS = 3
    YEARS = 4


class DayCount(IntEnum):
    """How days become a share of a year."""

    ACT_365 = 1
    ACT_360 = 2
    ACT_ACT = 3  # split at 31 December, 365 or 366
    THIRTY_360 = 4  # 30E/360
    PERIOD = 5  # whole months / 12; a part of a month by its actual days


class Accrual(IntEnum):
    """What interest is worked out on."""

    SCHEDULED = 1  # per period, as signed
    ACTUAL = 2  # day by day, on what is really outstanding


class Rounding(IntEnum):
    """What happens to half a minor unit."""

    HALF_EVEN = 1
    HALF_UP = 2


class Component(IntEnum):
    """The parts of a debt; also column numbers of the [4] arrays below."""

    PENALTY = 0
    FEE = 1
    INTEREST = 2
    PRINCIPAL = 3


class Timing(IntEnum):
    """An instalment as a repayment finds it."""

    PAST_DUE = 0
    DUE = 1
    IN_ADVANCE = 2


class Direction(IntEnum):
    """HORIZONTAL: all parts of one instalment before the next; VERTICAL: rule by rule over all."""

    HORIZONTAL = 1
    VERTICAL = 2


class InAdvance(IntEnum):
    """Which instalment money in advance goes to."""

    NEXT_INSTALMENT = 1
    LAST_INSTALMENT = 2
    NEXT_THEN_LAST = 3
    SPREAD = 4


class Early(IntEnum):
    """What a principal repaid early changes."""

    ADJUST_LAST = 1  # the instalment stays, the last ones fall away
    REDUCE_INSTALMENT = 2  # same number, smaller
    REDUCE_NUMBER = 3  # same amount, fewer


class PenaltyStart(IntEnum):
    """Where penalty interest starts once grace has run out."""

    RETROACTIVE = 1  # from the due date
    FROM_END_OF_GRACE = 2


class OnAccelerated(IntEnum):
    """What penalty interest does once the rest of a loan is called due at once."""

    OVERDUE_ONLY = 0  # on what its own due date made overdue; the rest goes on bearing contract interest
    ALL = 1  # on the accelerated principal too, from the day of the acceleration


class ChargeWhen(IntEnum):
    """When a product makes a charge."""

    PAY_OUT = 1  # on each disbursement, due with the next instalment
    INSTALMENT = 2  # with instalments, as `first` and `every` say


class ChargeOf(IntEnum):
    """What a charge is worked out on."""

    FIXED = 1  # an amount
    PRINCIPAL = 2  # a share of the principal paid out
    INSTALMENT = 3  # a share of the instalment's principal and interest


MAX_CHARGES = 4  # of one product


class PayoffInterest(IntEnum):
    """The interest that ends a loan early."""

    EARNED = 1  # for the days the money was used (Civil Code 677)
    SCHEDULED = 2  # all that was signed


class Shift(IntEnum):
    """Where a due date goes that is no business day."""

    NONE = 1
    FOLLOWING = 2
    MODIFIED_FOLLOWING = 3
    PRECEDING = 4
    MODIFIED_PRECEDING = 5


class Policy(IntFlag):
    """Habits of other systems that a migrating lender may need; never a default."""

    NONE = 0
    EVEN_OUT_LAST = 1  # move the instalment by cents so that the last one differs less
    OVERDUE_TO_PERIOD_END = 4  # overdue principal, and a loan paid off, bear interest to the next due date
    WHOLE_PERIOD_INTEREST = 8  # a disbursement bears interest from the start of the period it falls in
    EARLY_FILLS_INSTALMENT = 16  # money in advance pays the next instalment with its whole interest first
    INTEREST_SPREAD_ALIKE = 64  # arrears interest spread over the rows left: each part rounded alike, no rest
    LATE_CHARGES_LAST = 128  # charges due after the last instalment are one more: due with the latest, paid last
    ROUNDED_AT_EACH_PAYMENT = 2048  # interest of a period is rounded for each stretch between payments
    PERIODS_AS_THE_FIRST = 1024  # the instalment is worked out as if every period were as long as the one it is set in
    KEPT_WHEN_MOVED = 256  # due dates that move leave the instalments as they are; the last takes what is left
    INTEREST_ENDS_WITH_SCHEDULE = 8192  # overdue principal bears no interest after the last due day
    PLANNED_IN_WHOLE_PERIODS = 512  # a plan: the part of a period cut off is rounded alone, the instalment worked out
    # as if every period were whole; interest of a longer or shorter one is that of its months and part of a month
    YEAR_TURNS_ON_31_DECEMBER = 2  # actual/actual: the night to 1 January counts in the new year


class FactKind(IntEnum):
    """What happened. The number is also the order within one day: what is agreed comes before the day's money,
    what arranges the rest comes after it."""

    DISBURSED = 10
    RATE_CHANGED = 20
    CHARGED = 30
    CHARGE_ENDED = 31  # a charge of the product, by its number `component`, is made no more
    INSTALMENT_AGREED = 32  # `amount_fen` an instalment from now on, the last one takes the rest; 0: worked out again
    CHARGED_OFF = 34  # the day-count trigger; `component` is an `AfterChargeOff`
    CYCLES_AGREED = 35  # interest with every `count`-th instalment, principal with every `every`-th
    ACCELERATED = 36  # by notice: the rest of the principal falls due at once
    JUDGED = 38  # a court fixed one part of the debt; `component` is a `JudgedPart`
    WAIVED = 40
    DEFERRED = 41  # due dates move: by `count` intervals, or to `due_on`
    INTEREST_ONLY = 42  # `count` instalments ask for interest alone; `component` 1: as many are added at the end
    EXTENDED = 43  # `count` instalments more
    CAPITALISED_UNTIL = 44  # interest due up to `due_on` becomes principal; instalments begin after that day
    PENALTY_HELD = 45  # no penalty interest accrues
    PENALTY_RESUMED = 46
    SETTLEMENT_AGREED = 47  # `amount_fen` received by `due_on` ends the loan
    PENALTY_FORGIVEN = 48  # `amount_fen` in `count` parts, one for each instalment kept
    PLAN_BROKEN = 49  # what a plan gave on condition returns
    REPAID = 50
    TRANSFERRED_IN = 51  # money of the borrower that waited on another loan
    REFUND_RETURNED = 52  # a refund came back: not taken, sent back or charged back
    REFUNDED = 53  # money that waited was given back to the borrower
    TRANSFERRED_OUT = 54  # money that waited was passed on to another loan of the borrower
    REINSTALLED = 55  # arrears and balance anew over `count` instalments; `component` is an `ArrearsInterest`
    ACCELERATION_WITHDRAWN = 58  # from this day on the loan stands as though it had never been accelerated
    WRITTEN_OFF = 60  # taken off the books; the claim stays
    SOLD = 61  # for `amount_fen`; the claim is another's


class JudgedPart(IntEnum):
    """What a fact of a judgment tells: the sum of a component, in minor units, or a rate on RATE_SCALE."""

    PENALTY = 0
    FEE = 1
    INTEREST = 2
    PRINCIPAL = 3
    RATE = 4  # ordinary interest from the judgment on, for the product's unit of time
    EXTRA_RATE = 5  # extra interest of each day after `due_on`, the day of performance
    INSTALMENT = 6  # so much of the debt, in minor units, may be paid until `due_on`: told before the rates
    WHOLE_DUE = 7  # an instalment failed: what is left of the others is due on the day of the fact


class ArrearsInterest(IntEnum):
    """Where interest due and unpaid goes when a loan is re-installed."""

    CARRIED = 0  # into the first new instalment
    SPREAD = 1  # in equal parts beside the new instalments, fees and penalties with it; bears no interest
    CAPITALISED = 2  # becomes principal, where a pack allows it
    ALONE = 3  # in equal parts, and the loan bears no interest from then on
    WHOLE = 4  # the same with all interest that was signed for


class RowKind(IntEnum):
    """What a row of the schedule is."""

    INSTALMENT = 0
    DOWN_PAYMENT = 1
    CHARGES = 2  # fees and penalties that fall due after the last instalment


class AfterChargeOff(IntEnum):
    """What interest does once a loan is charged off."""

    GOES_ON = 0
    STOPS = 1  # and penalty interest, which is a multiple of it
    FALLS_DUE = 2  # everything falls due that day


class Cause(IntEnum):
    """Why a movement is there."""

    DISBURSED = 1
    FELL_DUE = 2
    ACCRUED = 3
    CHARGED = 4
    REPAID = 5
    UNAPPLIED = 6
    WAIVED = 7
    CAPITALISED = 8
    WRITTEN_OFF = 9
    RECOVERED = 10
    SOLD = 11
    RE_INSTALLED = 12  # moved from what was due into what will be
    ACCELERATED = 13  # principal called due at once; it then FELL_DUE
    REFUNDED = 14
    TRANSFERRED_IN = 15
    TRANSFERRED_OUT = 16
    JUDGED = 17  # a court fixed this part of the debt


class Refusal(IntEnum):
    """Why a loan cannot be reckoned."""

    NONE = 0
    NO_SCHEDULE = 1  # an imported schedule without rows
    TOO_MANY_FACTS = 3
    TOO_MANY_INSTALMENTS = 4
    OUT_OF_BOUNDS = 5  # principal, rate and term together leave int64
    NOT_IN_ORDER = 6  # facts are not sorted by day
    TOO_MANY_MOVEMENTS = 7  # of one loan, when its movements are asked for


class State(IntEnum):
    """Where a loan stands; derived, never stored."""

    SIGNED = 0
    CURRENT = 1
    IN_GRACE = 2
    OVERDUE = 3
    PAID_OFF = 4
    CHARGED_OFF = 5
    WRITTEN_OFF = 6
    SOLD = 7


PRODUCT = np.dtype(
    [
        ("method", "i8"),
        ("per", "i8"),
        ("day_count", "i8"),
        ("accrual", "i8"),
        ("rounding", "i8"),
        ("multiple_fen", "i8"),  # instalments are whole multiples of this; 0 or 1: none
        ("shift", "i8"),
        ("calendar", "i8"),  # row of the calendar table; -1: none
        ("period_stays", "i8"),  # 1: a due date that moves leaves the interest period as it was
        ("by_timing", "i8"),  # 1: `order` holds timing*4+component; 0: components, instalment by instalment
        ("order", "i8", (12,)),
        ("orders", "i8"),  # how many of `order` count
        ("direction", "i8"),
        ("in_advance", "i8"),
        ("early", "i8"),
        ("grace_fee_days", "i8"),
        ("grace_penalty_days", "i8"),
        ("grace_bureau_days", "i8"),
        ("penalty_start", "i8"),
        ("penalty_permille", "i8"),  # penalty rate = contract rate × this / 1000; 1500 = half as much again
        ("penalty_on_interest", "i8"),  # 1: also on unpaid interest
        ("penalty_accelerated", "i8"),  # `OnAccelerated`
        # ceiling on RATE_SCALE of what 1 overdue bears in 365 days: penalty interest, with contract interest where
        # that goes on; 0: none
        ("cap_rate_year", "i8"),
        ("late_fee_fen", "i8"),  # once for an instalment unpaid after grace
        ("past_due_bears_interest", "i8"),  # 1: overdue principal goes on bearing contract interest
        ("down_payment_permyriad", "i8"),
        ("tolerance_fen", "i8"),  # a shortfall up to this counts as paid for days past due
        ("buckets", "i8", (8,)),  # first day past due of M1, M2, …; 0 ends the list
        ("payoff_interest", "i8"),
        ("from_signing", "i8"),  # 1: due dates count from the day of signing, not of the first disbursement
        ("policy", "i8"),  # bits of `Policy`: habits of other systems, never the default
        ("charges", "i8"),  # how many of the following count
        ("charge_when", "i8", (MAX_CHARGES,)),
        ("charge_of", "i8", (MAX_CHARGES,)),
        ("charge_amount", "i8", (MAX_CHARGES,)),  # minor units, or a share on RATE_SCALE
        ("charge_first", "i8", (MAX_CHARGES,)),  # the first instalment that bears it
        ("charge_every", "i8", (MAX_CHARGES,)),  # and every so many after it; 0: no other
        # worked out from `order` by `waterfall.unfold` before a reckoning; no need to fill them
        ("turns", "i8", (3,)),  # timings in the order of first mention, plus 1; 0 ends the list
        ("counts", "i8", (3,)),  # components named for each timing
        ("parts", "i8", (12,)),  # those components, four places for each timing
        ("clears", "i8"),  # 1: money that is all that is due pays all that is due
        ("plain", "i8"),  # 1: interest day by day on what is outstanding, none of the rarer terms (`life.is_plain`)
    ]
)

CONTRACT = np.dtype(
    [
        ("loan", "i8"),  # number in the store; 0 for a loan that is only in memory
        ("product", "i8"),  # row of the product table
        ("principal_fen", "i8"),
        ("rate", "i8"),
        ("signed_on", "i8"),
        ("first_due_on", "i8"),  # 0: one interval after the first disbursement
        ("unit", "i8"),
        ("every", "i8"),
        ("instalments", "i8"),
        ("due_dom", "i8"),  # day of month of the due dates; 0: that of the anchor
        ("grace_principal", "i8"),  # instalments of interest only
        ("grace_interest", "i8"),  # instalments in which interest is put off
        ("interest_free", "i8"),
    ]
)

FACT = np.dtype(
    [
        ("kind", "i8"),
        ("on", "i8"),
        ("known_on", "i8"),
        ("gone_on", "i8"),  # the day we learnt that it was taken back; NEVER while it stands
        ("amount_fen", "i8"),  # a new rate for RATE_CHANGED
        ("component", "i8"),  # 1 of RATE_CHANGED: while a plan is kept; of CHARGED (FEE, PENALTY) and WAIVED
        ("due_on", "i8"),  # of CHARGED
        ("fact", "i8"),  # number in the store
        ("count", "i8"),  # instalments of a plan
        ("every", "i8"),  # their interval; 0: as signed
        ("unit", "i8"),
        ("from_on", "i8"),  # a plan acts on instalments due from this day; 0: on those not fallen due
    ]
)
"""Sorted by (on, kind, reference). Active as known on K when `known_on <= K < gone_on`."""

PROMISED = np.dtype([("due_on", "i8"), ("principal_fen", "i8"), ("interest_fen", "i8"), ("fee_fen", "i8")])
"""One row of an imported schedule."""

INSTALMENT = np.dtype(
    [
        ("number", "i8"),  # 1, 2, …; a down payment counts
        ("from_on", "i8"),
        ("due_on", "i8"),  # contractual
        ("due_fen", "i8", (4,)),  # by Component
        ("paid_fen", "i8", (4,)),
        ("waived_fen", "i8", (4,)),
        ("paid_early_fen", "i8"),
        ("paid_late_fen", "i8"),
        ("cleared_on", "i8"),  # NEVER while something of it is unpaid
        ("balance_fen", "i8"),  # principal not yet due after it
        ("row_kind", "i8"),  # `RowKind`
        # working figures, kept because they explain the amounts above
        ("instalment_fen", "i8"),  # principal and interest together; -1: the principal is fixed instead; -2: none
        ("planned_principal_fen", "i8"),
        ("accrued_a", "i8"),  # balance × days × rate since from_on
        ("accrued_b", "i8"),  # the same for days of a leap year (actual/actual)
        ("carried_fen", "i8"),  # interest that an earlier instalment could not hold
        ("times", "i8"),  # interest = accrued_a × times / (base × RATE_SCALE) + accrued_b / (366 × RATE_SCALE)
        ("base", "i8"),
        ("overdue_a", "i8"),  # overdue amount × days × penalty rate of each day, on RATE_SCALE
        ("grace_rate", "i8"),  # penalty rate × days inside grace: what 1 unpaid at the end of grace bears for them
        ("charged_penalty_fen", "i8"),  # penalties that are not penalty interest
        ("fell_due", "i8"),  # 1: its amounts are final
        ("last_paid_on", "i8"),  # 0: never
        ("prepaid_fen", "i8"),  # principal repaid early that made later instalments smaller
        ("promised_fee_fen", "i8"),  # of an imported schedule
        ("agreed_interest_fen", "i8"),  # interest that a plan moved here
        ("placed_on", "i8"),  # due date before it moved to a business day: what later dates are counted from
        ("charges_due_on", "i8"),  # the latest due date of fees and penalties charged on it; 0: none
    ]
)

MOVEMENT = np.dtype(
    [
        ("on", "i8"),
        ("cause", "i8"),
        ("instalment", "i8"),  # 0: none
        ("component", "i8"),  # -1: none
        ("fact", "i8"),  # position in the facts given; -1: none
        ("amount_fen", "i8"),
    ]
)

POSITION = np.dtype(
    [
        ("loan", "i8"),
        ("error", "i8"),  # `Refusal`; 0: reckoned. Every other field is then 0
        ("state", "i8"),
        ("days_past_due", "i8"),  # from the oldest unpaid contractual due date
        ("grace_days_past_due", "i8"),  # the same, 0 while inside the bureau grace
        ("bucket", "i8"),  # 0 current, 1 = M1 …
        ("oldest_unpaid_on", "i8"),  # NEVER: none
        ("next_due_on", "i8"),  # NEVER: none
        ("next_due_fen", "i8"),
        ("disbursed_fen", "i8"),
        ("outstanding_fen", "i8", (4,)),  # by Component: principal lent and not repaid; the rest: due and unpaid
        ("arrears_fen", "i8", (4,)),  # due before the day and unpaid
        ("due_today_fen", "i8", (4,)),
        ("accrued_interest_fen", "i8"),  # earned, not yet due (rounded for the day)
        ("accrued_penalty_fen", "i8"),  # the part of outstanding penalty that is penalty interest not yet charged
        ("paid_fen", "i8", (4,)),
        ("fell_due_fen", "i8", (4,)),  # cumulative
        ("charged_fen", "i8", (4,)),  # cumulative fees and penalties charged
        ("waived_fen", "i8", (4,)),
        ("repaid_fen", "i8"),  # money received and not taken back, transfers from other loans with it
        ("unapplied_fen", "i8"),  # below 0: given back without cover, owed by the borrower
        ("payoff_fen", "i8"),  # what ends the loan on this day
        ("last_repaid_on", "i8"),  # 0: never
        ("paid_off_on", "i8"),  # NEVER
        ("worst_days_past_due", "i8"),  # the most that any evening up to the day has shown; never falls
        ("instalments_paid", "i8"),
        ("instalments_left", "i8"),
        ("interest_income_fen", "i8"),  # cumulative: fell due + accrued
        ("penalty_income_fen", "i8"),
        ("oldest_due_on", "i8"),  # due date that began the running delinquency; no plan moves it. NEVER: none
        ("charged_off_on", "i8"),  # NEVER
        ("written_off_on", "i8"),  # NEVER; also the day of a sale
        ("capitalised_fen", "i8", (4,)),  # became principal
        ("written_off_fen", "i8", (4,)),
        ("sold_fen", "i8", (4,)),
        ("sale_price_fen", "i8"),
        ("recovered_fen", "i8"),  # received after a write-off
        ("refunded_fen", "i8"),  # given back, less what came back
        ("transferred_in_fen", "i8"),  # part of `repaid_fen`: came from other loans
        ("transferred_out_fen", "i8"),
        ("accelerated_on", "i8"),  # the rest was called due on this day, and that was not withdrawn. NEVER
        ("judged_on", "i8"),  # a court fixed the debt on this day. NEVER
        ("perform_by", "i8"),  # until when the judgment is to be performed. NEVER
        (
            "judged_principal_fen",
            "i8",
        ),  # principal of the judgment that is unpaid: what extra interest is worked out on
        ("extra_interest_fen", "i8"),  # part of the outstanding penalty: extra interest for late performance
        ("claim_fen", "i8"),  # written off and not recovered: off the books, still owed
    ]
)

ROOM = 256  # rows of one loan: instalments and down payments
MOVES = 8_192  # movements kept of one loan

LIFE = np.dtype(
    [
        ("day", "i8"),  # reckoned up to here
        ("count", "i8"),  # rows laid out
        ("charges_due", "i8"),  # how many rows of `RowKind.CHARGES` have fallen due
        ("charge_rows", "i8"),  # how many of them, the last ones, are `RowKind.CHARGES` and have not fallen due
        ("current", "i8"),  # the first row that has not fallen due
        ("first", "i8"),  # no row before this one is unpaid
        ("lent", "i8"),
        (
            "flat_base",
            "i8",
        ),  # what flat interest is worked out on: what was lent, or left when the loan was re-installed
        ("balance", "i8"),  # principal lent and not repaid
        ("scheduled", "i8"),  # principal that the schedule says is still to fall due
        ("overdue_principal", "i8"),  # fallen due and unpaid
        ("rate", "i8"),
        ("penalty_rate", "i8"),  # on RATE_SCALE, for each unit of penalty_base
        ("penalty_base", "i8"),
        ("bears", "i8"),  # 1: some row has borne penalty interest
        ("repaid", "i8"),
        ("unapplied", "i8"),
        ("started_on", "i8"),  # first disbursement; 0: none yet
        ("last_repaid_on", "i8"),
        ("settled_on", "i8"),  # the day everything was paid; NEVER
        ("worst", "i8"),  # most days past due of the evenings so far
        ("error", "i8"),  # Refusal
        ("dom", "i8"),  # day of the month that due dates keep, whatever shorter months and holidays do
        ("like", "i8"),  # the row that other periods are taken to be as long as (a policy); -1: the first of them
        ("signed_unit", "i8"),  # that of the interval as signed
        ("unit", "i8"),  # the interval of the rows as they stand
        ("every", "i8"),
        ("own_rate", "i8"),  # the contract's, whatever a plan gives; -1: as signed
        ("given", "i8"),  # 1: the rate is one that a plan gives while it is kept
        ("plain", "i8"),  # 1: of a plain product, and so far paid out and repaid, nothing else
        ("charges_wait", "i8"),  # 1: something was charged before the first pay-out
        ("charged_fee", "i8"),
        ("charged_penalty", "i8"),
        ("early_interest", "i8"),  # interest paid on rows that have not fallen due
        ("paid", "i8", (4,)),  # by component
        ("waived", "i8", (4,)),
        ("due", "i8", (4,)),  # fell due; penalties as shown
        ("own", "i8"),  # the instalment agreed on, or the principal of each; 0: worked out
        ("put_off_last", "i8"),  # rows before this one put their interest off
        ("cycles_from", "i8"),  # the row that `interest_every` and `principal_every` count from
        ("interest_every", "i8"),  # interest is asked for with every so many-th row; below 2: with each
        ("principal_every", "i8"),  # and principal
        ("capital_until", "i8"),  # interest of rows due up to this day becomes principal; 0: none does
        ("free", "i8"),  # no row before this one bears interest
        ("agreed", "i8"),  # interest moved into rows that have not fallen due
        (
            "late_a",
            "i8",
        ),  # part of the running row's accrued_a that late money made more, early money less (EVEN_OUT_LAST)
        ("late_b", "i8"),  # and of its accrued_b
        (
            "displaced",
            "i8",
        ),  # principal that rows which fell due could not ask for because of it; below 0: asked besides
        ("stopped", "i8"),  # 1: a charge-off has stopped interest and penalty interest
        ("penalty_held", "i8"),
        ("delinquent_from", "i8"),  # oldest due date whose arrears a plan moved; NEVER
        ("delinquent_until", "i8"),  # debt met, in all, by which those arrears are
        ("broken", "i8"),  # 1: the plan is broken, days past due count from `delinquent_from`
        ("settle_at", "i8"),  # money received by which the loan is settled for less
        ("settle_by", "i8"),  # until this day; 0: nothing agreed
        ("forgive", "i8"),  # penalty still to be given up, a part of it for each instalment kept
        ("forgive_row", "i8"),  # the next row to be kept
        ("forgive_rows", "i8"),  # rows left
        ("charged_off_on", "i8"),  # NEVER
        ("written_off_on", "i8"),  # NEVER
        ("sale_price", "i8"),
        ("was_sold", "i8"),  # 1: at whatever price
        ("recovered", "i8"),
        ("refunded", "i8"),
        ("transferred_in", "i8"),
        ("transferred_out", "i8"),
        ("charges_ended", "i8"),  # bit j: charge j is made no more; -1: none of them
        ("accelerated_on", "i8"),  # NEVER
        ("accelerated_row", "i8"),  # the row that was called due at once; -1: none
        ("spared", "i8"),  # that row where it bears no penalty interest; -1: none
        ("running", "i8"),  # that row where its principal goes on bearing contract interest; -1: none
        ("judged_on", "i8"),  # NEVER
        ("judged_sum_row", "i8"),  # the row that holds what the court fixed
        ("judged_row", "i8"),  # the row that holds what time adds to it; -1: no judgment
        ("judged_parts", "i8"),  # 1 while a court lets the debtor pay in instalments
        ("judged_rate", "i8"),  # on RATE_SCALE, for each `judged_base` days
        ("judged_base", "i8"),
        ("extra_rate", "i8"),  # on RATE_SCALE, a day
        ("perform_by", "i8"),
        ("claim", "i8"),  # what may be recovered in all after a write-off
        ("capitalised", "i8", (4,)),
        ("written_off", "i8", (4,)),
        ("sold", "i8", (4,)),
        ("keep", "i8"),  # 1: write movements down
        ("moved", "i8"),  # movements so far, kept or not
        ("rows", "i8", (ROOM, INSTALMENT.itemsize // 8)),
        ("moves", "i8", (MOVES, MOVEMENT.itemsize // 8)),
    ]
)
"""A loan on its way from disbursement to the day asked for: the working memory of one reckoning."""
