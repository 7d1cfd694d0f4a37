"""Whose interest is no income, and what is set aside, by hand and over many loans at once."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from afterloan.dates import day
from afterloan.loan.reckon import reckon_book
from afterloan.loan.suppose import side_by_side
from afterloan.loan.terms import FactKind
from afterloan.risk.accounting import accounting_rule, allowance, is_month_end, judged, non_accrual
from tests.strategy.loans import loan, repaid, told


def amount(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02}"


def stops(book, on: str, place: str = "CN") -> list[bool]:
    at = day(on)
    return non_accrual(book, at, at, reckon_book(book, at), accounting_rule("non-accrual", place)).tolist()


def test_beyond_ninety_days() -> None:
    """First due 10 February 2026: 11 May is 90 days, 12 May 91."""
    book = loan("1200.00", "0.05", "2026-01-10", 12, [])
    assert stops(book, "2026-05-11") == [False] and stops(book, "2026-05-12") == [True]


def test_the_day_of_each_place() -> None:
    """In the United States 90 days are enough: 10 May is 89, the 11th 90."""
    book = loan("1200.00", "0.05", "2026-01-10", 12, [])
    assert [stops(book, f"2026-05-{d}", "US")[0] for d in ("10", "11")] == [False, True]
    assert [stops(book, f"2026-05-{d}", "EU")[0] for d in ("11", "12")] == [False, True]


def test_paid_in_part_it_stays_and_paid_up_it_is_over() -> None:
    first = reckon_book(loan("1200.00", "0.05", "2026-01-10", 12, []), day("2026-05-14"))[0]
    owed = int(first["arrears_fen"].sum())
    part = loan("1200.00", "0.05", "2026-01-10", 12, [repaid("2026-05-14", amount(owed - 5_000))])
    whole = loan("1200.00", "0.05", "2026-01-10", 12, [repaid("2026-05-14", amount(owed))])
    both = side_by_side([part, whole])
    assert stops(both, "2026-05-13") == [True, True]
    assert stops(both, "2026-05-14") == [True, False]
    assert stops(whole, "2026-06-20") == [False]  # late by ten days again: one delay more, not the old one


def test_a_plan_that_is_signed_starts_no_income() -> None:
    """120 days late, set anew on 10 June: by the plan nothing is overdue, by the contract it is 120 days."""
    plan = told(FactKind.REINSTALLED, "2026-06-10", count=12, due_on="2026-07-10", component=1)
    book = loan("1200.00", "0.05", "2026-01-10", 12, [plan])
    assert reckon_book(book, day("2026-06-30"))["days_past_due"][0] == 0
    assert stops(book, "2026-06-30") == [True]


def test_the_allowance_by_class_and_by_expected_loss() -> None:
    """1,200.00 without interest, 12 parts: on 30 June 2026 140 days past due: substandard, 1,200.00 x 25 % = 300.00."""
    book = loan("1200.00", "0", "2026-01-10", 12, [])
    at = day("2026-06-30")
    now = reckon_book(book, at)
    none = np.zeros(1, bool)
    assert allowance(book, at, at, now, none, "CN").tolist() == [30_000]
    assert 0 < allowance(book, at, at, now, none, "EU")[0] <= 120_000
    assert judged(book, at, at, now, "CN", False).allowance_fen is None
    assert judged(book, at, at, now, "CN", True).allowance_fen is not None


@pytest.mark.parametrize(
    ("on", "ends"),
    [("2026-02-28", True), ("2024-02-28", False), ("2024-02-29", True), ("2026-12-31", True), ("2026-12-30", False)],
)
def test_month_ends(on: str, ends: bool) -> None:
    assert is_month_end(day(on)) is ends


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 330), st.integers(1, 40_000)), max_size=8), st.integers(60, 400))
def test_nobody_in_arrears_beyond_the_days_earns_income_and_no_one_else_is_held(pays, after) -> None:
    """The rule told again in other words: late beyond the days now, or once in the arrears that still run."""
    first = day("2026-01-10")
    facts = [repaid(str(np.datetime64(first + 1 + d, "D")), amount(fen)) for d, fen in pays]
    book = loan("1200.00", "0.05", "2026-01-10", 12, facts)
    ran, held = 0, False
    for at in range(first, first + after + 1):
        days = int(reckon_book(book, at)["days_past_due"][0])
        held = days > 90 or (held and days > 0)
        ran = at
    assert stops(book, str(np.datetime64(ran, "D"))) == [held]
