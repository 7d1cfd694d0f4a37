"""What must hold for every loan: money is conserved, schedules repay their principal, order does not matter."""

import os
import subprocess
import sys
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from afterloan.dates import NEVER, day
from afterloan.loan.accrual import rounded
from afterloan.loan.book import Book
from afterloan.loan.reckon import reckon_book, reckon_loan
from afterloan.loan.terms import CONTRACT, FACT, PROMISED, Cause, Component, FactKind, Method, State
from afterloan.rules.products import builtin

START = day("2026-01-31")
CODES = ("jiebei-equal", "jiebei-interest-first", "equal-principal", "equal-instalment-year", "bullet", "flat")
PRODUCTS = {code: terms for code, terms in builtin().items() if code in CODES}


def book(code: str, principal: int, rate: int, instalments: int, facts: list[tuple[int, ...]]) -> Book:
    """Facts as (kind, on, known_on, gone_on, amount); a disbursement at START is put first."""
    record = PRODUCTS[code].record()
    contract = np.zeros(1, CONTRACT)
    contract[0] = (1, 0, principal, rate, START, 0, 3, 1, instalments, 0, 0, 0, 0)
    told = sorted([(int(FactKind.DISBURSED), START, START, NEVER, principal), *facts], key=lambda f: (f[1], f[0]))
    rows = np.zeros(len(told), FACT)
    for k, fact in enumerate(told):
        rows[k] = (*fact, 0, 0, k, 0, 0, 0, 0)
    none = np.zeros(0, PROMISED)
    at = np.array([0, len(rows)])
    return Book(np.array([record]), contract, none, np.zeros(2, np.int64), rows, at, np.zeros((0, 1), bool))


loans = st.tuples(
    st.sampled_from(CODES),
    st.integers(100, 5_000_000),
    st.integers(0, 6_000),
    st.integers(1, 36),
)
repayments = st.lists(st.tuples(st.integers(0, 1_200), st.integers(1, 2_000_000)), max_size=12)


def repaid(pairs: list[tuple[int, int]]) -> list[tuple[int, ...]]:
    return [(int(FactKind.REPAID), START + after, START + after, NEVER, amount) for after, amount in pairs]


@given(loans)
@settings(max_examples=150, deadline=None)
def test_a_schedule_repays_exactly_its_principal(loan: tuple[str, int, int, int]) -> None:
    code, principal, rate, instalments = loan
    rate *= 100 if PRODUCTS[code].rate_per.name == "YEAR" else 1
    told = reckon_loan(book(code, principal, rate, instalments, []), 0, START)
    rows = told.instalments["due_fen"]
    assert rows[:, Component.PRINCIPAL].sum() == principal
    assert (rows >= 0).all()
    assert told.instalments["balance_fen"][-1] == 0


@given(loans, repayments, st.integers(0, 1_300))
@settings(max_examples=250, deadline=None)
def test_money_is_conserved(loan: tuple[str, int, int, int], pairs: list[tuple[int, int]], after: int) -> None:
    code, principal, rate, instalments = loan
    rate *= 100 if PRODUCTS[code].rate_per.name == "YEAR" else 1
    made = book(code, principal, rate, instalments, repaid(pairs))
    told = reckon_loan(made, 0, START + after)
    p = told.position
    received = sum(amount for when, amount in pairs if when <= after)
    assert p["error"] == 0
    assert p["repaid_fen"] == received == p["paid_fen"].sum() + p["unapplied_fen"]
    assert p["outstanding_fen"][Component.PRINCIPAL] == principal - p["paid_fen"][Component.PRINCIPAL] >= 0
    assert (p["outstanding_fen"] >= 0).all() and p["unapplied_fen"] >= 0
    # the movements tell the same story as the totals
    moves = told.movements
    for component in Component:
        mine = moves[(moves["cause"] == Cause.REPAID) & (moves["component"] == component)]
        assert mine["amount_fen"].sum() == p["paid_fen"][component]
    # and so do the instalments
    assert (told.instalments["paid_fen"].sum(axis=0) == p["paid_fen"]).all()
    if p["state"] == State.PAID_OFF:
        assert p["outstanding_fen"].sum() == 0 and p["payoff_fen"] == 0


@given(loans, repayments, st.integers(1, 1_000))
@settings(max_examples=150, deadline=None)
def test_the_payoff_amount_ends_the_loan(
    loan: tuple[str, int, int, int], pairs: list[tuple[int, int]], after: int
) -> None:
    code, principal, rate, instalments = loan
    rate *= 100 if PRODUCTS[code].rate_per.name == "YEAR" else 1
    before = [pair for pair in pairs if pair[0] <= after]
    made = book(code, principal, rate, instalments, repaid(before))
    amount = int(reckon_loan(made, 0, START + after).position["payoff_fen"])
    if amount:
        paid = reckon_loan(
            book(code, principal, rate, instalments, repaid([*before, (after, amount)])), 0, START + after
        )
        assert paid.position["state"] == State.PAID_OFF, (amount, paid.position)
        assert paid.position["unapplied_fen"] == 0


def test_late_news_ends_as_if_known_all_along() -> None:
    early = [(int(FactKind.REPAID), START + 40, START + 40, NEVER, 50_000)]
    late = [(int(FactKind.REPAID), START + 40, START + 90, NEVER, 50_000)]
    on = START + 200
    a = reckon_book(book("jiebei-equal", 1_000_000, 4_560, 12, early), on)
    b = reckon_book(book("jiebei-equal", 1_000_000, 4_560, 12, late), on)
    assert a.tobytes() == b.tobytes()
    unknown = reckon_book(book("jiebei-equal", 1_000_000, 4_560, 12, late), START + 80, START + 80)
    assert unknown["repaid_fen"][0] == 0


def test_order_of_arrival_changes_nothing() -> None:
    pairs = [(40, 30_000), (40, 20_000), (75, 95_000)]
    positions = {
        reckon_book(book("jiebei-equal", 1_000_000, 4_560, 12, repaid(list(order))), START + 300).tobytes()
        for order in permutations(pairs)
    }
    assert len(positions) == 1


@pytest.mark.parametrize(
    ("days", "bucket"),
    [
        (0, 0),
        (1, 1),
        (30, 1),
        (31, 2),
        (60, 2),
        (61, 3),
        (90, 3),
        (91, 4),
        (120, 4),
        (121, 5),
        (150, 5),
        (151, 6),
        (180, 6),
        (181, 7),
    ],
)
def test_bucket_edges(days: int, bucket: int) -> None:
    due = int(reckon_loan(book("jiebei-interest-first", 80_000, 5_000, 1, []), 0, START).instalments["due_on"][0])
    position = reckon_loan(book("jiebei-interest-first", 80_000, 5_000, 1, []), 0, due + days).position
    assert (position["days_past_due"], position["bucket"]) == (days, bucket)


@given(st.integers(0, 10**15), st.integers(1, 10**10))
def test_rounding_is_the_decimal_one(numerator: int, denominator: int) -> None:
    exact = Decimal(numerator) / Decimal(denominator)
    if numerator % denominator * 2 != denominator:  # Decimal's 28 digits decide all but exact halves
        assert rounded(numerator, denominator, 1) == int(exact.quantize(Decimal(1), ROUND_HALF_EVEN))
    assert rounded(5, 2, 1) == 2 and rounded(7, 2, 1) == 4 and rounded(5, 2, 2) == 3
    assert rounded(numerator, 1, 2) == int(Decimal(numerator).quantize(Decimal(1), ROUND_HALF_UP))


def test_no_loan_leaves_int64() -> None:
    """The largest principal at the highest rate over the longest period stays below 2^63."""
    from afterloan.loan.terms import MAX_PRINCIPAL_FEN

    days, rate = 3_700, 60_000  # ten years in one period at 0.6 % a day
    assert MAX_PRINCIPAL_FEN * days * rate < 2**63
    made = book("jiebei-equal", MAX_PRINCIPAL_FEN, 30_000, 36, [])
    told = reckon_loan(made, 0, START + 1_200)
    assert (told.instalments["due_fen"] >= 0).all()
    assert told.instalments["due_fen"][:, Component.PRINCIPAL].sum() == MAX_PRINCIPAL_FEN


def test_uncompiled_is_the_same() -> None:
    """The same book reckoned with NUMBA_DISABLE_JIT=1 gives the same bytes."""
    code = (
        "import hashlib, sys\n"
        "from tests.loan.test_invariants import book, repaid, START, CODES, PRODUCTS\n"
        "from afterloan.loan.reckon import reckon_book\n"
        "mark = hashlib.sha256()\n"
        "for code in CODES:\n"
        "    rate = 182_500 if PRODUCTS[code].rate_per.name == 'YEAR' else 5_000\n"
        "    for after in (0, 20, 45, 100, 400):\n"
        "        facts = repaid([(10, 5_000), (35, 120_000), (80, 60_000), (200, 2_000_000)])\n"
        "        mark.update(reckon_book(book(code, 1_000_000, rate, 6, facts), START + after).tobytes())\n"
        "print(mark.hexdigest())\n"
    )
    root = Path(__file__).parents[2]
    seen = {
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=root,
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "NUMBA_DISABLE_JIT": off, "PYTHONPATH": f"{root / 'src'}:{root}"},
        ).stdout
        for off in ("0", "1")
    }
    assert len(seen) == 1


def test_every_method_is_tried() -> None:
    assert {PRODUCTS[code].method for code in CODES} == set(Method) - {Method.IMPORTED}
