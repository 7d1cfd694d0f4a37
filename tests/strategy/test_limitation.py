"""Periods of limitation against RULES 6.7, and their warnings."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterloan.rules.packs import Rule
from afterloan.strategy.limitation import Interruption, enforcement_until, limitation, refundable, rule_of, warning

DUE = date(2025, 6, 30)
TODAY = date(2029, 1, 1)


def cn(name: str) -> Rule:
    rule = rule_of("CN", name, TODAY)
    assert rule is not None
    return rule


@pytest.mark.parametrize(
    ("happened", "ends"),
    [
        ([], date(2028, 6, 30)),  # RULES 6.7: last instalment due 2025-06-30
        ([("2026-05-01", "debit_taken")], date(2029, 5, 1)),  # RULES 6.7: contract auto-debit succeeds
        ([("2027-03-15", "demand_received")], date(2030, 3, 15)),  # RULES 6.7: SMS demand delivered
        ([("2024-05-01", "part_payment")], date(2028, 6, 30)),  # before the last due date: the period has not begun
        ([("2028-06-30", "suit")], date(2031, 6, 30)),  # on the last day
        ([("2028-07-01", "suit")], date(2028, 6, 30)),  # a day late
        ([("2026-05-01", "debit_failed")], date(2028, 6, 30)),  # a debit that took nothing interrupts nothing
        ([("2026-05-01", "debit_taken"), ("2028-12-31", "part_payment")], date(2031, 12, 31)),
    ],
)
def test_vectors(happened: list[tuple[str, str]], ends: date) -> None:
    told = [Interruption(date.fromisoformat(on), cause) for on, cause in happened]
    assert limitation(DUE, told, cn("limitation"), TODAY).ends_on == ends


def test_enforcement_runs_two_years_from_the_end_of_performance() -> None:
    rule = cn("enforcement.limit")
    assert enforcement_until(date(2026, 2, 1), [], rule, TODAY) == date(2028, 2, 1)  # RULES 6.7
    paid = [Interruption(date(2027, 6, 1), "part_payment")]
    later = date(2027, 7, 1)
    assert enforcement_until(date(2026, 2, 1), paid, rule, later) == date(2029, 6, 1)


def test_paid_after_the_end_is_not_given_back() -> None:
    rule = cn("limitation")
    found = refundable(date(2028, 8, 1), limitation(DUE, [], rule, TODAY), rule)
    assert (found.outcome, found.inputs["lapsed"]) == ("not_refundable", True)  # Civil Code 192


@pytest.mark.parametrize(
    ("left", "within"),
    [(366, None), (365, 365), (200, 365), (181, 365), (180, 180), (91, 180), (90, 90), (31, 90), (30, 30), (1, 30),
     (0, 30), (-1, 0), (-400, 0)],
)  # fmt: skip
def test_a_warning_stands_from_its_day_on_whatever_day_is_looked_at(left: int, within: int | None) -> None:
    """Days left and the nearest of 365, 180, 90, 30 that they lie within; 0 once the period has ended."""
    ends = date(2028, 6, 30)
    found = warning(ends, cn("limitation.warning"), ends - timedelta(left))
    assert (found.inputs["within"] if found else None) == within


def test_29_february_ends_on_the_28th() -> None:
    assert limitation(date(2024, 2, 29), [], cn("limitation"), TODAY).ends_on == date(2027, 2, 28)


def test_the_packs_know_no_period_of_the_united_states() -> None:
    assert rule_of("US", "limitation", TODAY) is None


@given(st.lists(st.integers(0, 9_000), max_size=12))
def test_no_interruption_outlives_twenty_years_and_none_shortens(days: list[int]) -> None:
    told = [Interruption(DUE + timedelta(d), "part_payment", str(d)) for d in days]
    on = DUE + timedelta(9_000)
    period = limitation(DUE, told, cn("limitation"), on)
    assert date(2028, 6, 30) <= period.ends_on <= date(2045, 6, 30)
    assert limitation(DUE, told[::-1], cn("limitation"), on) == period
