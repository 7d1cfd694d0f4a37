"""How fast relief and the way back answer: a road map of four ways, a plan search, standing for a book."""

import os
from datetime import date
from time import perf_counter

import numpy as np

from afterloan.dates import NEVER, day
from afterloan.loan.book import Book
from afterloan.loan.reckon import reckon_book, reckon_loan
from afterloan.loan.suppose import alone, repaid, told
from afterloan.loan.terms import CONTRACT, FACT, PROMISED, FactKind, Unit
from afterloan.rebuilding.road_map import road_map
from afterloan.rebuilding.standing import standing_frame
from afterloan.rules.products import builtin
from afterloan.strategy.planner import case_of, search
from afterloan.strategy.simulation import reinstalment

BORROWERS = int(os.environ.get("AFTERLOAN_BENCH_LOANS", "1000000"))
ON = day("2026-07-15")


def late_loan() -> Book:
    """10,000.00 at 0.05 % a day, twelve instalments from 10 April 2026, one paid, three unpaid."""
    terms = builtin()["jiebei-equal"]
    contract = np.zeros(1, CONTRACT)
    contract["principal_fen"], contract["rate"], contract["signed_on"] = 1_000_000, 5_000, day("2026-03-10")
    contract["unit"], contract["every"], contract["instalments"] = Unit.MONTHS, 1, 12
    paid_out = told(FactKind.DISBURSED, day("2026-03-10"), amount_fen=1_000_000)
    facts = np.concatenate([paid_out, repaid(day("2026-04-10"), 95_397)]).astype(FACT)
    facts["fact"] = [1, 2]
    at = np.array([0, 2], np.int64)
    products = np.array([terms.record()], dtype=terms.record().dtype)
    return Book(products, contract, np.zeros(0, PROMISED), np.zeros(2, np.int64), facts, at, np.zeros((0, 1), bool))


def many(n: int) -> Book:
    """`n` such loans, nine in ten of which paid every instalment, some with a delay."""
    one = late_loan()
    paid = np.concatenate([repaid(day(f"2026-0{m}-10") + 2 * (m == 5), 95_397) for m in (4, 5, 6, 7)])
    good = np.concatenate([one.facts[:1], paid]).astype(FACT)
    behind = np.arange(n) % 10 == 0
    lengths = np.where(behind, 2, len(good))
    at = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    facts = np.zeros(int(at[-1]), FACT)
    rows = np.repeat(np.arange(n), lengths)
    within = np.arange(len(facts)) - at[rows]
    facts[:] = np.where(behind[rows], one.facts[np.minimum(within, 1)], good[np.minimum(within, len(good) - 1)])
    facts["gone_on"] = NEVER
    contracts = np.repeat(one.contracts, n)
    contracts["loan"] = np.arange(1, n + 1)
    none = np.zeros(n + 1, np.int64)
    return Book(one.products, contracts, one.promised, none, facts, at, one.calendars)


def _best(make: object, times: int = 7) -> float:
    spent = []
    for _ in range(times):
        started = perf_counter()
        make()  # type: ignore[operator]
        spent.append(perf_counter() - started)
    return min(spent)


def figures_road_map() -> list[dict[str, object]]:
    """A road map with four ways in milliseconds (at most 20); baseline: reckoning the loan once."""
    book = late_loan()
    plan = reinstalment(24, day("2026-08-10")).records(ON)
    assert len(road_map(book, 0, ON, plan)) == 4
    took = _best(lambda: road_map(book, 0, ON, plan)) * 1_000
    bare = _best(lambda: reckon_loan(book, 0, ON)) * 1_000
    return [{"figure": "road map", "value": took, "unit": "ms", "baseline": bare, "ratio": took / bare}]


def figures_search() -> list[dict[str, object]]:
    """A search over at least 500 plans in milliseconds (at most 100); baseline: reckoning as many loans bare."""
    book = alone(late_loan(), 0)
    case = case_of(reckon_loan(book, 0, ON), date(2026, 7, 15), "CN", True)
    found = search(book, case, 60_000, ON)
    assert found.tried >= 500
    took = _best(lambda: search(book, case, 60_000, ON)) * 1_000
    crowd = many(found.tried)
    bare = _best(lambda: reckon_book(crowd, ON)) * 1_000
    return [
        {"figure": f"plan search of {found.tried}", "value": took, "unit": "ms", "baseline": bare, "ratio": took / bare}
    ]


def figures_standing() -> list[dict[str, object]]:
    """Standing of BORROWERS borrowers in seconds (at most 10 for a million); baseline: reckoning their loans."""
    book = many(BORROWERS)
    who = np.arange(BORROWERS)
    bare = _best(lambda: reckon_book(book, ON), 1)
    started = perf_counter()
    frame = standing_frame(book, who, ON)
    took = perf_counter() - started
    assert len(frame) > 0
    return [
        {"figure": f"standing of {BORROWERS:,}", "value": took, "unit": "s", "baseline": bare, "ratio": took / bare}
    ]


FIGURES = {"road map": figures_road_map, "plan search": figures_search, "standing": figures_standing}
