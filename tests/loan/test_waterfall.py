"""Where money goes in the rarer orders: down instead of across, early, and the money that ends a loan."""

import numpy as np
import pytest

from afterloan.dates import day, iso
from afterloan.loan.reckon import reckon_loan
from afterloan.loan.terms import Component, FactKind, State
from afterloan.strategy.quote import Want, quote
from tests.strategy.loans import loan, repaid, told

PARTS = ("penalty", "fee", "interest", "principal")
DUE = [f"{timing} {part}" for timing in ("past_due", "due") for part in PARTS]
AHEAD = [f"in_advance {part}" for part in PARTS]


@pytest.mark.parametrize("principal", ["1000.00", "3333.00", "12345.67"])
@pytest.mark.parametrize("early", ["reduce_instalment", "reduce_number"])
def test_an_instalment_paid_on_its_day_changes_none_that_follow(principal: str, early: str) -> None:
    terms = {"direction": "vertical", "early": early}
    signed = reckon_loan(loan(principal, "0.05", "2026-01-10", 12, [], **terms), 0, day("2026-01-10")).instalments
    days = [iso(int(on)) for on in signed["due_on"]]
    amounts = [f"{int(fen) // 100}.{int(fen) % 100:02}" for fen in signed["due_fen"].sum(axis=1)]
    paid = [repaid(on, amount) for on, amount in zip(days, amounts, strict=True)]
    lived = reckon_loan(loan(principal, "0.05", "2026-01-10", 12, paid, **terms), 0, day("2027-02-10"))
    assert lived.position["state"] == State.PAID_OFF
    assert lived.position["worst_days_past_due"] == 0
    assert (lived.instalments["due_fen"] == signed["due_fen"]).all()


def test_a_vertical_order_holds_where_early_money_makes_instalments_smaller() -> None:
    """Two instalments of 100.00 are past due with a fee of 30.00 each; fees come last, over all instalments.

    210.00 meet both principals first (200.00), then 10.00 of the first fee; instalment by instalment it would be
    100.00, 30.00, 80.00.
    """
    lines = [
        f"{timing} {part}" for part in ("penalty", "interest", "principal", "fee") for timing in ("past_due", "due")
    ]
    facts = [
        told(FactKind.CHARGED, on, amount_fen=3_000, component=int(Component.FEE), due_on=day(on))  # charged
        for on in ("2026-02-10", "2026-03-10")
    ]
    book = loan(
        "1200.00", "0", "2026-01-10", 12, [*facts, repaid("2026-03-20", "210.00")],
        direction="vertical", early="reduce_instalment", order=[*lines, *AHEAD],
    )  # fmt: skip
    rows = reckon_loan(book, 0, day("2026-03-20")).instalments
    assert rows["paid_fen"][:2].tolist() == [[0, 1_000, 0, 10_000], [0, 0, 0, 10_000]]


def test_the_quote_takes_waiting_money_once() -> None:
    """1,200.00 without interest, 50.00 wait for 10 February: 1,150.00 end the loan, by the quote and in fact."""
    facts = [repaid("2026-01-20", "50.00")]
    book = loan("1200.00", "0", "2026-01-10", 12, facts, order=DUE)
    on = day("2026-01-25")
    assert quote(book, Want("full"), on, on).pay_fen == 115_000
    done = loan("1200.00", "0", "2026-01-10", 12, [*facts, repaid("2026-01-25", "1150.00")], order=DUE)
    assert reckon_loan(done, 0, on).position["state"] == State.PAID_OFF


@pytest.mark.parametrize("lines", [DUE, [*DUE, *AHEAD], [*DUE, "in_advance principal"], list(PARTS)])
@pytest.mark.parametrize("less", [0, 1])
def test_the_payoff_ends_the_loan_and_a_cent_less_leaves_a_cent(lines: list[str], less: int) -> None:
    facts = [repaid("2026-01-20", "50.00"), repaid("2026-02-20", "77.77")]
    on = day("2026-03-01")
    before = reckon_loan(loan("1200.00", "0.05", "2026-01-10", 12, facts, order=lines), 0, on).position
    amount = int(before["payoff_fen"]) - less
    paid = repaid("2026-03-01", f"{amount // 100}.{amount % 100:02}")
    after = reckon_loan(loan("1200.00", "0.05", "2026-01-10", 12, [*facts, paid], order=lines), 0, on).position
    assert after["payoff_fen"] == less
    assert (int(after["state"]) == State.PAID_OFF) is (less == 0)
    assert np.all(after["outstanding_fen"] >= 0)
    assert after["unapplied_fen"] == 0 or less
