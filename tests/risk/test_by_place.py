"""Classes by place where their edges are: trifles, what was written off, what is not classed at all."""

import pytest

from afterloan.dates import day
from afterloan.loan.terms import FactKind
from afterloan.risk.by_place import classes, classify, names_of, non_performing
from tests.strategy.loans import loan, repaid, told


@pytest.mark.parametrize(
    ("paid", "place", "name"),
    [
        ("97.13", "CN", "normal"),  # 2.87 short for 21 days: up to 10.00 count as paid
        ("89.99", "CN", "special_mention"),  # 10.01 short
        ("97.13", "IN", "sma-0"),  # no such rule there
    ],
)
def test_a_trifle_is_no_arrears_where_the_rule_says_so(paid: str, place: str, name: str) -> None:
    """1,200.00 without interest, 100.00 due on 10 February 2026, seen on 3 March."""
    book = loan("1200.00", "0", "2026-01-10", 12, [repaid("2026-02-10", paid)])
    assert classes(book, day("2026-03-03"), place) == [name] == [classify(book, 0, day("2026-03-03"), place).name]


@pytest.mark.parametrize("place", ["CN", "US", "EU", "IN", "ZZ"])
def test_written_off_is_the_worst_class_and_no_loan_of_the_books(place: str) -> None:
    book = loan("1200.00", "0", "2026-01-10", 12, [told(FactKind.WRITTEN_OFF, "2026-09-01")])
    at = day("2026-09-02")
    assert classes(book, at, place) == [names_of(place)[-1]] == [classify(book, 0, at, place).name]
    assert non_performing(book, at, place).tolist() == [False]
    assert non_performing(book, day("2026-08-31"), place).tolist() == [True]


def test_what_is_paid_off_or_not_lent_has_no_class() -> None:
    book = loan("1200.00", "0", "2026-01-10", 12, [repaid("2026-02-10", "1200.00")])
    assert classes(book, day("2026-02-11"), "CN") == [""] and classes(book, day("2026-01-09"), "CN") == [""]
