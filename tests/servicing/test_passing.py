"""Money that leaves a loan: given back, come back, passed on, moved to where it belongs; the books prove it."""

from typing import Any

import psycopg
import pytest

from afterloan.close import close_through
from afterloan.dates import day
from afterloan.facts import FactRefused, Refunded, RefundReturned, Repaid
from afterloan.journal.accounts import Account
from afterloan.loan.terms import State
from afterloan.servicing.booking import take
from afterloan.servicing.passing import move_repayment, refund, refund_returned, take_back_transfer, transfer
from afterloan.store.server import Store
from tests.strategy.books import borrower, loan

ON = day("2025-03-01")
OVER = 5_000  # what is paid beyond the payoff of L1


def books(store: Store) -> None:
    """L1 (overpaid by 50.00 on 1 March), L2 of one borrower, L3 of another; closed up to the evening before."""
    with store.connect() as connection:
        borrower(connection, "B1")
        borrower(connection, "B2")
        for reference, owner in (("L1", "B1"), ("L2", "B1"), ("L3", "B2")):
            loan(connection, reference, owner, "2025-01-10")
    close_through(store, ON - 1)
    with store.connect() as connection:
        probe = take(connection, Repaid("L1", "probe", ON, ON, 1))
        payoff = int(probe.reckoned.position["payoff_fen"])
        done = take(connection, Repaid("L1", "over", ON, ON, payoff + OVER))
        assert done.reckoned.position["unapplied_fen"] == OVER


def balance(connection: psycopg.Connection[Any], account: Account) -> int:
    row = connection.execute(
        "select coalesce(sum(case when debit = %s then amount_fen else -amount_fen end), 0) from entry "
        "where %s in (debit, credit)",
        (int(account), int(account)),
    ).fetchone()
    assert row is not None
    return int(row[0])


def test_given_back_and_come_back(store: Store) -> None:
    books(store)
    with store.connect() as connection:
        cash = balance(connection, Account.CASH_CLEARING)
        fact = Refunded("L1", "back", ON, ON, OVER)
        done = refund(connection, fact)
        assert done.reckoned.position["unapplied_fen"] == 0 and done.reckoned.position["state"] == State.PAID_OFF
        assert balance(connection, Account.CASH_CLEARING) == cash - OVER
        assert refund(connection, fact).recorded.known  # told twice, given once
        with pytest.raises(FactRefused, match="0 minor units wait on the loan on 2025-03-01, not 1"):
            refund(connection, Refunded("L1", "more", ON, ON, 1))
        with pytest.raises(FactRefused, match="5000 minor units were given back by 2025-03-01, less than 5001"):
            refund_returned(connection, RefundReturned("L1", "r1", ON, ON, OVER + 1))
        done = refund_returned(connection, RefundReturned("L1", "r2", ON, ON, OVER))
        assert done.reckoned.position["unapplied_fen"] == OVER
        assert balance(connection, Account.CASH_CLEARING) == cash
    close_through(store, ON + 2)


def test_money_used_meanwhile_cannot_be_given_back(store: Store) -> None:
    """50.00 wait on L1 from 1 March; 30.00 are passed on to L2 on the 3rd: of the 50.00 dated 1 March, 20.00 can go."""
    books(store)
    with store.connect() as connection:
        transfer(connection, "L1", "L2", "T", ON + 2, ON + 2, 3_000)
        with pytest.raises(FactRefused, match="2000 minor units wait on the loan on 2025-03-01, not 2001"):
            refund(connection, Refunded("L1", "b", ON, ON + 3, 2_001))
        refund(connection, Refunded("L1", "c", ON, ON + 3, 2_000))


def test_passed_on_to_another_loan_and_taken_back(store: Store) -> None:
    books(store)
    with store.connect() as connection:
        cash = balance(connection, Account.CASH_CLEARING)
        done = transfer(connection, "L1", "L2", "T", ON, ON, OVER)
        assert done.out.reckoned.position["unapplied_fen"] == 0
        paid = done.into.reckoned.position
        assert paid["paid_fen"].sum() == OVER == paid["repaid_fen"] and paid["unapplied_fen"] == 0
        assert balance(connection, Account.CASH_CLEARING) == cash  # no money came or went
        assert balance(connection, Account.TRANSFERS) == 0
        again = transfer(connection, "L1", "L2", "T", ON, ON, OVER)
        assert again.out.recorded.known and again.into.recorded.known
        with pytest.raises(FactRefused, match="stands already for something else"):
            transfer(connection, "L1", "L2", "T", ON, ON, OVER - 1)
    with store.connect() as connection:
        back = take_back_transfer(connection, "T", "T-back", ON)
        assert back.out.reckoned.position["unapplied_fen"] == OVER
        assert back.into.reckoned.position["paid_fen"].sum() == 0
        assert balance(connection, Account.TRANSFERS) == 0
    close_through(store, ON + 2)


@pytest.mark.parametrize(
    ("target", "amount", "why"),
    [
        ("L3", 100, "is not another loan of the borrower of L1"),
        ("L1", 100, "is not another loan of the borrower of L1"),
        ("L9", 100, "no contract of that reference"),
        ("L2", OVER + 1, "5000 minor units wait on the loan on 2025-03-01, not 5001"),
    ],
)
def test_what_cannot_be_passed_on(store: Store, target: str, amount: int, why: str) -> None:
    books(store)
    with store.connect() as connection, pytest.raises(FactRefused, match=why):
        transfer(connection, "L1", target, "T", ON, ON, amount)


def test_a_repayment_moved_to_where_it_belongs(store: Store) -> None:
    """1,101.83 paid onto L2 on 10 February was meant for L3 of another borrower; we learn it on 1 March."""
    books(store)
    then = day("2025-02-10")
    with store.connect() as connection:
        take(connection, Repaid("L2", "wrong", then, ON, 110_183))
        cash = balance(connection, Account.CASH_CLEARING)
        done = move_repayment(connection, "wrong", "L3", "M", ON)
        assert done.out.reckoned.position["repaid_fen"] == 0
        assert done.out.reckoned.position["days_past_due"] == ON - then
        assert done.into.reckoned.position["repaid_fen"] == 110_183
        assert (
            done.into.reckoned.position["days_past_due"] == 0 and done.into.reckoned.position["penalty_income_fen"] == 0
        )
        assert balance(connection, Account.CASH_CLEARING) == cash
        told = connection.execute(
            "select reference, on_day::text, known_on::text from fact where reference like 'M:%' order by reference"
        ).fetchall()
        assert told == [("M:off", "2025-02-10", "2025-03-01"), ("M:on", "2025-02-10", "2025-03-01")]
        again = move_repayment(connection, "wrong", "L3", "M", ON)
        assert again.out.recorded.known and again.into.recorded.known
        with pytest.raises(FactRefused, match="was taken back before, by M:off"):
            move_repayment(connection, "wrong", "L1", "N", ON)
    close_through(store, ON + 2)


def test_a_part_of_a_repayment_moved(store: Store) -> None:
    books(store)
    then = day("2025-02-10")
    with store.connect() as connection:
        take(connection, Repaid("L2", "both", then, ON, 200_000))
        done = move_repayment(connection, "both", "L3", "M", ON, 90_000)
        assert done.out.reckoned.position["repaid_fen"] == 110_000
        assert done.into.reckoned.position["repaid_fen"] == 90_000
        for wrong, target, amount, why in (
            ("both", "L2", None, "is the loan on which it stands"),
            ("none", "L3", None, "no repayment of that reference"),
            ("D-L1", "L3", None, "no repayment of that reference"),
            ("both", "L3", 200_001, "not between 1 and 200000"),
        ):
            with pytest.raises(FactRefused, match=why):
                move_repayment(connection, wrong, target, "X", ON, amount)
