"""A loan has ended when it owes nothing, whatever ended it, and then it stays ended."""

import numpy as np
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from afterloan.loan.reckon import reckon_book, reckon_loan
from afterloan.loan.terms import Component, FactKind, State
from tests.loan.lives import PLANS, START, Life, lives

ENDS = (FactKind.WAIVED, FactKind.SETTLEMENT_AGREED, FactKind.CHARGED_OFF, FactKind.CHARGED)
days = st.integers(0, 430)
PAID_OFF = int(State.PAID_OFF)
R = FactKind.REPAID


def told_before(life: Life, after: int) -> Life:
    """The life as it was told by the evening of a day."""
    return Life(life.product, life.principal, life.instalments, tuple(f for f in life.facts if f[1] <= after))


def owes(position: np.void) -> int:
    """Debt of an evening: due and unpaid, principal, interest earned and not yet due."""
    return int(position["outstanding_fen"].sum()) + int(position["accrued_interest_fen"])


@given(lives(FactKind.RATE_CHANGED, *ENDS, *PLANS), days)
@example(Life("flat", 1_000_000, 12, ()), 11)
@settings(max_examples=60, deadline=None)
def test_the_payoff_ends_the_loan_and_a_cent_less_leaves_a_cent(life: Life, after: int) -> None:
    life = told_before(life, after)
    (before,) = reckon_book(life.book(), START + after)
    amount = int(before["payoff_fen"])
    assume(amount > 1 and before["unapplied_fen"] == 0)
    settles = [f for f in life.facts if f[0] == FactKind.SETTLEMENT_AGREED and f[1] <= after <= f[1] + 30]
    assume(not settles)  # an agreed sum ends it sooner
    assume(not any(f[0] == FactKind.REINSTALLED and f[1] == after for f in life.facts))  # comes after the day's money
    (ended,) = reckon_book(life.book((R, after, amount, 0, 0)), START + after)
    assert (int(ended["state"]), owes(ended), int(ended["unapplied_fen"])) == (PAID_OFF, 0, 0)
    (short,) = reckon_book(life.book((R, after, amount - 1, 0, 0)), START + after)
    assert int(short["payoff_fen"]) == 1
    assert int(short["state"]) != PAID_OFF


@given(lives(FactKind.RATE_CHANGED, *ENDS, *PLANS), days, st.lists(st.sampled_from(PLANS), max_size=2), st.booleans())
@example(Life("flat", 1_000_000, 12, ()), 11, [], False)
@example(Life("equal", 1_000_000, 12, ()), 11, [FactKind.REINSTALLED, FactKind.EXTENDED], True)
@settings(max_examples=60, deadline=None)
def test_paid_off_stays_paid_off(life: Life, after: int, plans: list[FactKind], cent: bool) -> None:
    life = told_before(life, after)
    (before,) = reckon_book(life.book(), START + after)
    more = [(R, after, int(before["payoff_fen"]), 0, 0)]
    more += [(kind, after + 20, 100, 0, 3) for kind in plans]
    more += [(R, after + 25, 1, 0, 0)] if cent else []
    book = life.book(*more)
    (ended,) = reckon_book(book, START + after)
    assume(ended["state"] == PAID_OFF)
    for later in (1, 20, 30, 45, 400):
        (now,) = reckon_book(book, START + after + later)
        assert (int(now["state"]), int(now["paid_off_on"])) == (PAID_OFF, int(ended["paid_off_on"])), later
        assert owes(now) == int(now["payoff_fen"]) == int(now["days_past_due"]) == int(now["arrears_fen"].sum()) == 0
        assert now["interest_income_fen"] == ended["interest_income_fen"]
        assert int(now["unapplied_fen"]) == int(ended["unapplied_fen"]) + (cent and later >= 25)
        rows = reckon_loan(book, 0, START + after + later).instalments
        assert (rows["due_fen"] - rows["paid_fen"] - rows["waived_fen"] == 0).all()


@given(lives(FactKind.RATE_CHANGED, *ENDS, FactKind.WRITTEN_OFF, FactKind.SOLD, *PLANS), days)
@settings(max_examples=100, deadline=None)
def test_the_state_follows_from_what_is_owed(life: Life, after: int) -> None:
    (now,) = reckon_book(life.book(), START + after)
    lost = int(now["state"]) in (int(State.WRITTEN_OFF), int(State.SOLD))
    assert (now["state"] == PAID_OFF) == (owes(now) == 0 and not lost), now
    assert (now["payoff_fen"] == 0) == (owes(now) <= now["unapplied_fen"])
    assert (now["days_past_due"] > 0) <= (now["arrears_fen"].sum() > 0 or now["oldest_due_on"] < START + after)
    assert (now["outstanding_fen"] >= 0).all()


@given(lives(FactKind.RATE_CHANGED, *PLANS))
@settings(max_examples=40, deadline=None)
def test_what_is_waived_ends_a_loan_as_money_does(life: Life) -> None:
    after = max(700, *(f[1] + 1 for f in life.facts)) if life.facts else 700
    waived = [(FactKind.WAIVED, after, 10**9, int(c), 0) for c in Component]
    book = life.book(*waived)
    (now,) = reckon_book(book, START + after)
    assert (int(now["state"]), owes(now)) == (PAID_OFF, 0)
