"""Calling a loan due: what the pack asks for first, and when it may be withdrawn."""

from datetime import date, timedelta
from typing import Any

import pytest

from afterloan.strategy.acceleration import Debt, may_accelerate, may_withdraw
from afterloan.strategy.course import steps_of
from tests.strategy.test_legal_steps import LETTER, ON, claim, taken

DEBT = Debt(1_000_000, 200_000, 600_000, 3)


@pytest.mark.parametrize(
    ("other", "debt", "why"),
    [
        ({"days_past_due": 60}, DEBT, "60 days past due, at least 61 are needed"),
        ({"held": "dispute_open"}, DEBT, "a hold stops legal steps: dispute_open"),
        ({"evidence": frozenset()}, DEBT, "no evidence of contract is kept"),
        ({}, Debt(1_000_000, 1_000_000, 0, 3), "nothing is left to call due: all that was lent has fallen due"),
        ({}, Debt(1_000_000, 200_000, 600_000, 3, date(2026, 2, 1)), "it was called due on 2026-02-01 already"),
        (
            {},
            Debt(1_000_000, 199_999, 600_000, 2),
            "2 instalments and 199999 of 1000000 minor units are past due; 3 instalments, or 200 in a thousand, "
            "are needed",
        ),
    ],
)
def test_each_precondition_says_what_is_missing(other: dict[str, Any], debt: Debt, why: str) -> None:
    steps = steps_of(LETTER)
    assert may_accelerate(claim(), steps, DEBT).allowed
    assert may_accelerate(claim(**other), steps, debt).why == (why,)


def test_a_fifth_or_three_instalments_is_enough() -> None:
    steps = steps_of(LETTER)
    assert may_accelerate(claim(), steps, Debt(1_000_000, 200_000, 600_000, 1)).allowed
    assert may_accelerate(claim(), steps, Debt(1_000_000, 0, 600_000, 3)).allowed  # interest only: no principal due


def test_the_demand_has_its_time() -> None:
    assert may_accelerate(claim(), [], DEBT).why == ("no demand letter has been delivered",)
    fresh = steps_of(taken("demand_letter", ("delivered", ON - timedelta(15))))
    assert may_accelerate(claim(), fresh, DEBT).why == (f"the borrower has until {ON} to answer the demand",)
    not_delivered = steps_of(taken("demand_letter", ("not_delivered", ON - timedelta(50))))
    assert may_accelerate(claim(), not_delivered, DEBT).why == ("no demand letter has been delivered",)


def test_a_place_without_a_rule_says_so() -> None:
    answer = may_accelerate(claim(jurisdiction="US"), steps_of(LETTER), DEBT)
    assert answer.why == ("the packs know no rule of acceleration in US; a lawyer of the place writes it first",)


def test_withdrawn_when_arrears_are_met_and_before_suit() -> None:
    called = Debt(1_000_000, 200_000, 0, 3, date(2026, 2, 1))
    assert may_withdraw(claim(), steps_of(LETTER), called, 0).allowed
    assert may_withdraw(claim(), [], called, 1).why == ("1 minor units of arrears are not met",)
    assert may_withdraw(claim(), [], DEBT, 0).why == ("it is not called due",)
    suit = steps_of(taken("suit", on=ON - timedelta(3)))
    assert may_withdraw(claim(), suit, called, 0).why == (f"suit started on {ON - timedelta(3)}",)
    letter_only = steps_of(taken("demand_letter"))
    assert may_withdraw(claim(), letter_only, called, 0).allowed
