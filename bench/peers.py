"""One loan and its twelve repayments, by another library that reckons loans and by ours: milliseconds a loan.

The peer is money-warp, where it is installed (`pip install -e '.[peers]'`); where it is not, the bench says so.
"""

import sys
from datetime import UTC, datetime
from importlib.util import find_spec
from time import perf_counter
from typing import Any

from afterloan.dates import date_of
from afterloan.loan.reckon import reckon_loan
from afterloan.money import show_amount
from bench.engine import END, START, best, book

PEER = "money_warp"
TIMES = 20


def repayments() -> list[tuple[datetime, int]]:
    """When each instalment of the loan of `bench.engine.book` falls due, and how much of it, in fen."""
    rows = reckon_loan(book(1), 0, START).instalments
    return [(_noon(int(row["due_on"])), int(row["due_fen"].sum())) for row in rows]


def _noon(day: int) -> datetime:
    on = date_of(day)
    return datetime(on.year, on.month, on.day, 12, tzinfo=UTC)


def by_peer(told: list[tuple[datetime, int]]) -> Any:
    """The loan reckoned by money-warp: 10,000.00 at 0.0456 % a day of 365, each instalment paid on its day."""
    from money_warp import InterestRate, Loan, Money

    rate = InterestRate("16.644% a")
    loan = Loan(Money("10000.00"), rate, [on.date() for on, _ in told], disbursement_date=_noon(START))
    for on, fen in told:
        loan.record_payment(Money(show_amount(fen)), on)
    return loan.current_balance


def peer() -> list[dict[str, object]]:
    """Milliseconds for one loan with twelve repayments by us, and by the peer as baseline; none without the peer."""
    if find_spec(PEER) is None:
        print("NOT MEASURED: money-warp is not installed; `pip install -e '.[peers]'` brings it", file=sys.stderr)
        return []
    told, one = repayments(), book(1)
    assert len(told) == 12
    left = int(reckon_loan(one, 0, END).position["payoff_fen"])
    assert left == 0, f"{left} fen are left after all instalments"
    began = perf_counter()
    for _ in range(TIMES):
        owed = by_peer(told)
    theirs = (perf_counter() - began) / TIMES * 1e3
    print(f"money-warp says {owed} is left of the same loan after its instalments, ours 0.00")
    ours = best(lambda: reckon_loan(one, 0, END), TIMES) * 1e3
    name = "one_loan_beside_money_warp"
    return [{"figure": name, "value": ours, "unit": "ms", "baseline": theirs, "ratio": ours / theirs}]


FIGURES = {"peers": peer}
