"""Transitions: what changed for a loan between the end of yesterday and the end of today."""

from enum import IntEnum

import numpy as np

from afterloan.compiled import leaf
from afterloan.dates import NEVER
from afterloan.loan.book import Records
from afterloan.loan.columns import (
    N_ARREARS,
    N_BUCKET,
    N_DAYS_PAST_DUE,
    N_DUE_TODAY,
    N_ERROR,
    N_GRACE_DAYS_PAST_DUE,
    N_LOAN,
    N_NEXT_DUE,
    N_NEXT_DUE_ON,
    N_OLDEST_DUE_ON,
    N_OUTSTANDING,
    N_REPAID,
    N_STATE,
    as_rows,
)
from afterloan.loan.terms import State


class Transition(IntEnum):
    """The kinds, in the order in which they are written for one loan."""

    BECAME_DUE = 1  # an instalment falls due today; amount: what it asks for
    ENTERED_GRACE = 2  # unpaid after its due date, inside the bureau grace; amount: arrears
    BECAME_OVERDUE = 3  # grace has run out; amount: arrears
    ROLLED_WORSE = 4  # passed to a worse bucket, grace over (within grace it is in none); amount: arrears
    CURED = 5  # arrears are wholly met and the claim goes on; amount: what they were, 0 where a plan had moved them
    PAID_OFF = 6  # the loan has ended; amount: money received until then
    REOPENED = 7  # a loan that had ended owes again, e.g. its last repayment was taken back; amount: arrears
    CHARGED_OFF = 8  # the day-count trigger; amount: what was due and unpaid and the principal the evening before
    WRITTEN_OFF = 9  # off the books, the claim stays; amount: the same
    SOLD = 10  # the claim is another's; amount: the same
    RE_AGED = 11  # a plan has moved the arrears: nothing is past due, but nobody has paid; amount: what they were


TRANSITION = np.dtype(
    [
        ("loan", "i8"),
        ("kind", "i8"),
        ("from_bucket", "i8"),  # 0 within grace, as `to_bucket`
        ("to_bucket", "i8"),
        ("days_past_due", "i8"),  # at the end of today; of yesterday for what ends arrears, and for a loss
        ("amount_fen", "i8"),
    ]
)

MOST = len(Transition)  # transitions of one loan on one day
BECAME_DUE = int(Transition.BECAME_DUE)
ENTERED_GRACE = int(Transition.ENTERED_GRACE)
BECAME_OVERDUE = int(Transition.BECAME_OVERDUE)
ROLLED_WORSE = int(Transition.ROLLED_WORSE)
CURED = int(Transition.CURED)
RE_AGED = int(Transition.RE_AGED)
ENDED = int(Transition.PAID_OFF)
REOPENED = int(Transition.REOPENED)
PAID_OFF = int(State.PAID_OFF)
LOSSES = (
    (int(State.CHARGED_OFF), int(Transition.CHARGED_OFF)),
    (int(State.WRITTEN_OFF), int(Transition.WRITTEN_OFF)),
    (int(State.SOLD), int(Transition.SOLD)),
)
OFF_THE_BOOKS = (int(State.WRITTEN_OFF), int(State.SOLD))


@leaf
def arrears(position):
    """All that was due before the day and is unpaid."""
    return position[N_ARREARS] + position[N_ARREARS + 1] + position[N_ARREARS + 2] + position[N_ARREARS + 3]


@leaf
def fell_due(yesterday, today, day):
    """What the instalment of `day` asks for: as yesterday saw it coming, or as it stands unpaid tonight."""
    unpaid = today[N_DUE_TODAY] + today[N_DUE_TODAY + 1] + today[N_DUE_TODAY + 2] + today[N_DUE_TODAY + 3]
    if yesterday[N_NEXT_DUE_ON] == day:
        return max(yesterday[N_NEXT_DUE], unpaid)
    return unpaid


@leaf
def bucket_beyond_grace(position):
    """The bucket of a loan whose grace is over; within grace it has rolled to none, 0."""
    if position[N_GRACE_DAYS_PAST_DUE] == 0:
        return 0
    return position[N_BUCKET]


@leaf
def note(rows, n, yesterday, today, kind, days, amount):
    """Write one transition; returns how many there are."""
    row = rows[n]
    row[0] = today[N_LOAN]
    row[1] = kind
    row[2] = bucket_beyond_grace(yesterday)
    row[3] = bucket_beyond_grace(today)
    row[4] = days
    row[5] = amount
    return n + 1


@leaf
def owed(position):
    """Principal, and all that is due and unpaid."""
    out = N_OUTSTANDING
    return position[out] + position[out + 1] + position[out + 2] + position[out + 3]


@leaf
def compare(yesterday, today, day, rows, n):
    """The transitions of one loan from one position to the next, written from row n on; returns the new n."""
    was = yesterday[N_STATE]
    now = today[N_STATE]
    days = today[N_DAYS_PAST_DUE]
    due = fell_due(yesterday, today, day)
    if due > 0:
        n = note(rows, n, yesterday, today, BECAME_DUE, days, due)
    before = yesterday[N_DAYS_PAST_DUE]
    graced = today[N_GRACE_DAYS_PAST_DUE]
    if days > 0 and graced == 0 and before == 0:
        n = note(rows, n, yesterday, today, ENTERED_GRACE, days, arrears(today))
    if graced > 0 and yesterday[N_GRACE_DAYS_PAST_DUE] == 0:
        n = note(rows, n, yesterday, today, BECAME_OVERDUE, days, arrears(today))
    if bucket_beyond_grace(today) > bucket_beyond_grace(yesterday):
        n = note(rows, n, yesterday, today, ROLLED_WORSE, days, arrears(today))
    if days == 0 and now not in OFF_THE_BOOKS and was not in OFF_THE_BOOKS:
        moved = today[N_OLDEST_DUE_ON] != NEVER and now != PAID_OFF  # a plan moved arrears that are not met
        if before > 0:
            n = note(rows, n, yesterday, today, RE_AGED if moved else CURED, before, arrears(yesterday))
        elif yesterday[N_OLDEST_DUE_ON] != NEVER and not moved:
            n = note(rows, n, yesterday, today, CURED, day - 1 - yesterday[N_OLDEST_DUE_ON], 0)
    for state, kind in LOSSES:
        if now == state and was != state:
            n = note(rows, n, yesterday, today, kind, before, owed(yesterday))
    if now == PAID_OFF and was != PAID_OFF:
        n = note(rows, n, yesterday, today, ENDED, days, today[N_REPAID])
    if was == PAID_OFF and now != PAID_OFF:
        n = note(rows, n, yesterday, today, REOPENED, days, arrears(today))
    return n


@leaf
def compare_all(yesterday, today, day, rows):
    """The transitions of all loans; a loan that could not be reckoned on either day has none."""
    n = 0
    for i in range(today.shape[0]):
        if today[i, N_ERROR] == 0 and yesterday[i, N_ERROR] == 0:
            n = compare(yesterday[i], today[i], day, rows, n)
    return n


@leaf
def changed(yesterday, today, day):
    """How many loans can have transitions: the room that `compare_all` needs, in loans."""
    n = 0
    for i in range(today.shape[0]):
        if (
            yesterday[i, N_STATE] != today[i, N_STATE]
            or yesterday[i, N_BUCKET] != today[i, N_BUCKET]
            or (yesterday[i, N_DAYS_PAST_DUE] > 0) != (today[i, N_DAYS_PAST_DUE] > 0)
            or (yesterday[i, N_OLDEST_DUE_ON] < NEVER) != (today[i, N_OLDEST_DUE_ON] < NEVER)
            or (yesterday[i, N_GRACE_DAYS_PAST_DUE] > 0) != (today[i, N_GRACE_DAYS_PAST_DUE] > 0)
            or fell_due(yesterday[i], today[i], day) > 0
        ):
            n += 1
    return n


def transitions_between(yesterday: Records, today: Records, day: int) -> Records:
    """TRANSITION [k] from POSITION [n] at the end of `day - 1` to POSITION [n] at the end of `day`.

    An instalment of 10 March unpaid in the night to the 11th, with three days of grace: became_due on the
    10th, entered_grace on the 11th, became_overdue and rolled_worse (to M1) on the 14th.
    """
    before, after = as_rows(yesterday), as_rows(today)
    room = changed(before, after, day) * MOST
    rows = np.zeros(room, TRANSITION)
    return rows[: compare_all(before, after, day, as_rows(rows))]
