"""Due dates: business days, month ends, long and short first periods, the day they count from. Worked by hand."""

from typing import Any

import numpy as np
import pytest

from afterloan.dates import NEVER, day, iso
from afterloan.loan.book import Book
from afterloan.loan.reckon import reckon_loan
from afterloan.loan.terms import CONTRACT, FACT, PROMISED, Component, FactKind, Unit
from afterloan.rules.products import ProductTerms, builtin

SIGNED = day("2026-01-31")  # a Saturday


def rows(told: dict[str, Any], lent_on: int = SIGNED, **contract: int) -> Any:
    """Instalments of 1,000.00 in equal parts of principal at 0.05 % a day."""
    terms = builtin()["equal-principal"].model_dump(mode="json")
    terms |= {"rate_per": "day", "day_count": "act_365", "accrual": "scheduled", "calendar": "weekdays"} | told
    product = ProductTerms.model_validate(terms).record({"weekdays": 0})
    contracts = np.zeros(1, CONTRACT)
    defaults = {"principal_fen": 100_000, "rate": 5_000, "signed_on": SIGNED, "unit": Unit.MONTHS, "every": 1}
    for name, value in (defaults | {"instalments": 4} | contract).items():
        contracts[name] = value
    facts = np.zeros(1, FACT)
    facts["kind"], facts["gone_on"], facts["amount_fen"] = FactKind.DISBURSED, NEVER, 100_000
    facts["on"] = facts["known_on"] = lent_on
    weekdays = (np.arange(day("2030-01-01")) + 3) % 7 < 5  # 1970-01-01 was a Thursday
    none, at = np.zeros(0, PROMISED), np.array([0, 1])
    book = Book(np.array([product]), contracts, none, np.zeros(2, np.int64), facts, at, weekdays[None, :])
    return reckon_loan(book, 0, lent_on).instalments


def dues(found: Any) -> list[str]:
    return [iso(on) for on in found["due_on"]]


@pytest.mark.parametrize(
    ("shift", "expected"),
    [
        # 28 February 2026 is a Saturday, 31 May a Sunday
        ("none", ["2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31"]),
        ("following", ["2026-03-02", "2026-03-31", "2026-04-30", "2026-06-01"]),
        ("modified_following", ["2026-02-27", "2026-03-31", "2026-04-30", "2026-05-29"]),
        ("preceding", ["2026-02-27", "2026-03-31", "2026-04-30", "2026-05-29"]),
    ],
)
def test_a_due_date_that_is_no_business_day_moves_and_the_next_ones_stay(shift: str, expected: list[str]) -> None:
    assert dues(rows({"shift": shift})) == expected


def test_inside_a_month_modified_following_goes_forward() -> None:
    # 15 March 2026 is a Sunday, 15 August a Saturday
    found = rows({"shift": "modified_following"}, first_due_on=day("2026-03-15"), instalments=6)
    assert dues(found)[0] == "2026-03-16" and dues(found)[5] == "2026-08-17"


def test_modified_preceding_stays_in_its_month() -> None:
    # 1 March 2026 is a Sunday: preceding, 27 February; modified, 2 March. 1 August is a Saturday: 31 July, so 3 August
    assert dues(rows({"shift": "preceding"}, first_due_on=day("2026-03-01"), instalments=6))[0] == "2026-02-27"
    found = rows({"shift": "modified_preceding"}, first_due_on=day("2026-03-01"), instalments=6)
    assert dues(found)[0] == "2026-03-02" and dues(found)[5] == "2026-08-03"
    # 15 March is a Sunday, inside its month: Friday the 13th
    assert dues(rows({"shift": "modified_preceding"}, first_due_on=day("2026-03-15")))[0] == "2026-03-13"


@pytest.mark.parametrize(
    ("contract", "expected"),
    [
        ({"unit": Unit.WEEKS, "every": 2}, ["2026-02-14", "2026-02-28", "2026-03-14", "2026-03-28"]),
        ({"unit": Unit.DAYS, "every": 10}, ["2026-02-10", "2026-02-20", "2026-03-02", "2026-03-12"]),
        ({"unit": Unit.YEARS, "instalments": 3}, ["2027-01-31", "2028-01-31", "2029-01-31"]),
        # every 13 months from 31 January: the last days of February 2027, March 2028, April 2029
        ({"every": 13, "instalments": 3}, ["2027-02-28", "2028-03-31", "2029-04-30"]),
        ({"due_dom": 20}, ["2026-02-20", "2026-03-20", "2026-04-20", "2026-05-20"]),
        # on the 30th: 28 February, then the 30th again
        ({"due_dom": 30}, ["2026-02-28", "2026-03-30", "2026-04-30", "2026-05-30"]),
        ({"first_due_on": day("2026-03-31")}, ["2026-03-31", "2026-04-30", "2026-05-31", "2026-06-30"]),
    ],
)
def test_due_dates_are_counted_from_their_anchor(contract: dict[str, int], expected: list[str]) -> None:
    assert dues(rows({}, **contract)) == expected


def test_a_leap_day_is_the_last_of_its_month() -> None:
    found = rows({}, lent_on=day("2028-01-31"), signed_on=day("2028-01-31"))
    assert dues(found)[:2] == ["2028-02-29", "2028-03-31"]


@pytest.mark.parametrize(
    ("contract", "interest"),
    [
        # 1,000.00 × 0.05 % × 28 days, then 750.00 × 0.05 % × 31 days = 11.625: half up
        ({}, [1_400, 1_163]),
        # a long first period: 31 January to 15 March is 43 days
        ({"first_due_on": day("2026-03-15")}, [2_150, 1_163]),
        # a short one: to 20 February is 20 days; 750.00 × 0.05 % × 28 days
        ({"due_dom": 20}, [1_000, 1_050]),
    ],
)
def test_the_first_period_bears_interest_for_its_own_days(contract: dict[str, int], interest: list[int]) -> None:
    found = rows({"rounding": "half_up"}, **contract)
    assert list(found["due_fen"][:2, Component.INTEREST]) == interest


def test_due_dates_may_count_from_the_signing() -> None:
    later = day("2026-02-10")
    assert dues(rows({}, lent_on=later))[0] == "2026-03-10"
    found = rows({"due_dates_from_signing": True}, lent_on=later)
    assert dues(found)[0] == "2026-02-28"
    # interest from the day the money was lent: 18 days × 0.50
    assert found["due_fen"][0, Component.INTEREST] == 900
