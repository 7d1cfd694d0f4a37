"""A contract whose numbers could leave int64 is refused at the door and by the reckoning, and none that fits is."""

from typing import Any

import numpy as np
import pytest

from afterloan.dates import NEVER, day
from afterloan.loan.book import Book
from afterloan.loan.bounds import LIMIT, longest_period, why_out_of_bounds
from afterloan.loan.reckon import reckon_loan
from afterloan.loan.terms import CONTRACT, FACT, MAX_PRINCIPAL_FEN, PROMISED, FactKind, Refusal, Unit
from afterloan.rules.products import ProductTerms, builtin

START = day("2026-01-31")
BULLET = {"method": "bullet", "rate_per": "year", "day_count": "period"}
YEARLY = {"method": "interest_first", "rate_per": "year", "day_count": "period"}


def made(told: dict[str, Any], facts: list[tuple[int, int, int]], **contract: int) -> tuple[Any, Book]:
    terms = builtin()["equal-instalment-year"].model_dump(mode="json") | told
    product = ProductTerms.model_validate(terms).record()
    contracts = np.zeros(1, CONTRACT)
    defaults = {"principal_fen": 1_000_000, "rate": 730_000, "signed_on": START, "unit": Unit.MONTHS, "every": 1}
    for name, value in (defaults | {"instalments": 12} | contract).items():
        contracts[name] = value
    happened = np.zeros(len(facts), FACT)
    happened["gone_on"] = NEVER
    for k, (kind, on, amount) in enumerate(facts):
        happened[k]["kind"], happened[k]["amount_fen"] = kind, amount
        happened[k]["on"] = happened[k]["known_on"] = on
    none, at = np.zeros(0, PROMISED), np.array([0, len(facts)])
    return product, Book(
        np.array([product]), contracts, none, np.zeros(2, np.int64), happened, at, np.zeros((0, 1), bool)
    )


def lent(amount: int) -> list[tuple[int, int, int]]:
    return [(FactKind.DISBURSED, START, amount)]


@pytest.mark.parametrize(
    ("told", "contract", "fits"),
    [
        # 10^9 × 2.4 × 10^6 × 31 days = 7.4 × 10^16
        ({}, {"principal_fen": MAX_PRINCIPAL_FEN, "rate": 2_400_000}, True),
        # one row of 120 months at 12 %: 10^9 × 1.2 × 10^6 × 3,720 days = 4.46 × 10^18 < 4.61 × 10^18
        ({"method": "bullet"}, {"principal_fen": MAX_PRINCIPAL_FEN, "rate": 1_200_000, "instalments": 120}, True),
        # at 13 %: 4.84 × 10^18
        ({"method": "bullet"}, {"principal_fen": MAX_PRINCIPAL_FEN, "rate": 1_300_000, "instalments": 120}, False),
        # a year on whole months counts its 372 days twelve times: 10^9 × 2.4 × 10^6 × 372 × 12 = 1.07 × 10^19
        (YEARLY, {"principal_fen": MAX_PRINCIPAL_FEN, "rate": 2_400_000, "every": 12, "instalments": 3}, False),
        # 200 % a day for a month is 62 times the principal
        ({"rate_per": "day"}, {"principal_fen": 100, "rate": 20_000_000}, False),
    ],
)
def test_door(told: dict[str, Any], contract: dict[str, int], fits: bool) -> None:
    product, book = made(told, [], **contract)
    assert (why_out_of_bounds(product, book.contracts[0]) == "") is fits


def test_door_says_what_would_fit() -> None:
    product, book = made({"method": "bullet"}, [], principal_fen=MAX_PRINCIPAL_FEN, rate=2_400_000, instalments=120)
    # 2^62 // (3,720 × 2,400,000) = 516,541,892
    assert why_out_of_bounds(product, book.contracts[0]) == (
        "principal × rate × 3720 days leaves 2^62; the most at this rate and interval is 516541892 minor units"
    )
    book.contracts["principal_fen"] = 516_541_892
    assert why_out_of_bounds(product, book.contracts[0]) == ""
    book.contracts["principal_fen"] += 1
    assert why_out_of_bounds(product, book.contracts[0]) != ""


def test_a_long_first_period_counts() -> None:
    product, book = made({}, [], first_due_on=START + 400)
    assert longest_period(product, book.contracts[0]) == 400


def test_the_reckoning_refuses_what_came_past_the_door() -> None:
    _, book = made(
        {"method": "bullet"}, lent(MAX_PRINCIPAL_FEN), principal_fen=MAX_PRINCIPAL_FEN, rate=2_400_000, instalments=120
    )
    assert reckon_loan(book, 0, START + 10).position["error"] == Refusal.OUT_OF_BOUNDS
    _, book = made(
        {"method": "bullet"}, lent(500_000_000), principal_fen=MAX_PRINCIPAL_FEN, rate=2_400_000, instalments=120
    )
    told = reckon_loan(book, 0, START + 10)
    assert told.position["error"] == 0
    # 5,000,000.00 × 24 % × 3,652 days / 365: exact in Python's whole numbers
    days = int(told.instalments[0]["due_on"]) - START
    exact, rest = divmod(500_000_000 * 2_400_000 * days, 365 * 10_000_000)
    assert told.instalments[0]["due_fen"][2] == exact + (2 * rest >= 365 * 10_000_000)


def test_more_lent_or_a_dearer_rate_is_refused_on_its_day() -> None:
    twelve = [(FactKind.DISBURSED, START + k, MAX_PRINCIPAL_FEN) for k in range(12)]
    _, book = made({"method": "bullet"}, twelve, rate=700_000, instalments=36)
    # 36 months of 2.0 × 10^9 at 7 % fit: 2 × 10^9 × 700,000 × 1,096 = 1.5 × 10^18; twelve times 10^9 do not
    assert reckon_loan(book, 0, START + 1).position["error"] == 0
    assert reckon_loan(book, 0, START + 12).position["error"] == Refusal.OUT_OF_BOUNDS
    dearer = [*lent(MAX_PRINCIPAL_FEN), (FactKind.RATE_CHANGED, START + 5, 9_000_000)]
    _, book = made({"method": "bullet"}, dearer, rate=700_000, instalments=24)
    assert reckon_loan(book, 0, START + 4).position["error"] == 0
    assert reckon_loan(book, 0, START + 5).position["error"] == Refusal.OUT_OF_BOUNDS


def test_penalty_interest_of_decades_is_refused_before_it_wraps() -> None:
    # 10^9 × 24 % × 1.5 = 3.6 × 10^6 a year: 10^9 × 3.6 × 10^6 × 1,281 days is 2^62
    _, book = made(
        {"penalty": {"multiple": "1.5"}},
        lent(MAX_PRINCIPAL_FEN),
        principal_fen=MAX_PRINCIPAL_FEN,
        rate=2_400_000,
        instalments=1,
    )
    due = START + 28
    told = reckon_loan(book, 0, due + 1_281).position
    assert told["error"] == 0
    assert told["penalty_income_fen"] == (2 * MAX_PRINCIPAL_FEN * 3_600_000 * 1_281 + 3_650_000_000) // 7_300_000_000
    assert reckon_loan(book, 0, due + 1_282).position["error"] == Refusal.OUT_OF_BOUNDS
    assert LIMIT == 2**62


def test_all_builtin_products_take_a_usual_loan() -> None:
    for terms in builtin().values():
        product = terms.record()
        _, book = made({}, [], principal_fen=50_000_000, rate=terms.rate("0.05" if terms.rate_per == 1 else "18"))
        assert why_out_of_bounds(product, book.contracts[0]) == "", terms.code
