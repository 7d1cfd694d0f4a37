"""The ledger receives the difference, whatever is posted already; its control accounts agree with positions."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from afterloan.dates import day, iso
from afterloan.journal.accounts import CHART, Account
from afterloan.journal.balances import (
    balances,
    balances_of_totals,
    control_of_positions,
    disagreements,
    trial_balance,
)
from afterloan.journal.difference import NO_LOAN, entries_to_reach, totals_posted
from afterloan.journal.postings import BY_LOAN, POSTINGS, SLOT, SLOTS
from afterloan.journal.totals import totals_of
from afterloan.loan.reckon import reckon_book
from afterloan.loan.terms import POSITION, Cause, Component
from tests.journal.books import Loan, book_of

INTEREST, PRINCIPAL = Component.INTEREST, Component.PRINCIPAL


def pairs(entries):
    return [(int(e["debit"]), int(e["credit"]), int(e["amount_fen"])) for e in entries]


def one(n):
    return np.arange(1, n + 1, dtype=np.int64), np.zeros(n, np.int64)


def test_a_disbursement_and_a_repayment_are_booked_by_the_table():
    # 1,000.00 lent; 120.00 of interest fell due; 1,020.00 received, of which 120.00 meets interest,
    # 800.00 principal, 100.00 waits. Principal 1000 - 800 = 200.00; cash -1000 + 1020 = 20.00.
    positions = np.zeros(1, POSITION)
    p = positions[0]
    p["disbursed_fen"], p["repaid_fen"] = 100_000, 102_000
    p["fell_due_fen"][INTEREST] = p["paid_fen"][INTEREST] = p["interest_income_fen"] = 12_000
    p["paid_fen"][PRINCIPAL] = 80_000
    totals = totals_of(positions)
    by_loan = entries_to_reach(totals, np.zeros_like(totals), *one(1))
    in_sum = entries_to_reach(totals, np.zeros_like(totals), np.array([NO_LOAN]), np.array([0]), by_loan=False)
    ledger = balances(pairs(by_loan) + pairs(in_sum))
    assert {a: amount for a, amount in ledger.items() if amount} == {
        Account.CASH_CLEARING: 2_000,
        Account.PRINCIPAL: 20_000,
        Account.UNAPPLIED: -10_000,
        Account.INTEREST_INCOME: -12_000,
    }


def test_only_what_is_missing_is_posted_and_a_total_that_shrank_swaps_sides():
    totals = np.zeros((1, SLOTS), np.int64)
    posted = np.zeros((1, SLOTS), np.int64)
    slot = SLOT[Cause.FELL_DUE, INTEREST]
    totals[0, slot], posted[0, slot] = 12_000, 13_000
    (entry,) = entries_to_reach(totals, posted, *one(1))
    assert (entry["debit"], entry["credit"], entry["amount_fen"]) == (
        Account.INTEREST_ACCRUED,
        Account.INTEREST_DUE,
        1_000,
    )
    assert len(entries_to_reach(totals, totals, *one(1))) == 0


def test_a_loan_that_cannot_be_reckoned_keeps_what_was_posted():
    positions = np.zeros(2, POSITION)
    positions["disbursed_fen"] = [500, 700]
    positions[1]["error"] = 2
    kept = np.full((2, SLOTS), 9, np.int64)
    totals = totals_of(positions, kept)
    assert totals[0, 0] == 500
    assert (totals[1] == 9).all()


amounts = st.integers(-(10**9), 10**9)


@given(st.lists(st.lists(amounts, min_size=2 * SLOTS, max_size=2 * SLOTS), min_size=1, max_size=5))
def test_entries_lead_from_what_is_posted_to_what_is_reckoned_and_balance(rows):
    both = np.array(rows, np.int64)
    before, after = both[:, :SLOTS].copy(), both[:, SLOTS:].copy()
    before[:, BY_LOAN:] = after[:, BY_LOAN:] = 0
    loans, products = one(len(rows))
    entries = entries_to_reach(after, before, loans, products)
    assert (entries["amount_fen"] > 0).all()
    assert (before + totals_posted(entries, entries["loan"] - 1, len(rows)) == after).all()
    lines = trial_balance(pairs(entries))
    assert sum(line.debit_fen for line in lines) == sum(line.credit_fen for line in lines)
    moved = balances(pairs(entries))
    expected = balances_of_totals(after.sum(axis=0) - before.sum(axis=0))
    assert moved == expected


def told(numbers):
    """A loan with repayments, a reversal, a fee, a penalty and waivers on days that the numbers choose."""
    loan = Loan().disbursed()
    for gap, yuan, kind in numbers:
        on = iso(day("2026-01-11") + gap)
        match kind:
            case 0:
                loan.charged(on, yuan, Component.FEE)
            case 1:
                loan.charged(on, yuan, Component.PENALTY)
            case 2:
                loan.waived(on, yuan * 10, Component.INTEREST)
            case 3:
                loan.waived(on, yuan * 10, Component.PENALTY)
            case 4:
                loan.repaid(on, yuan * 50).taken_back(len(loan.facts), iso(day(on) + 5))
            case _:
                loan.repaid(on, yuan * 40)
    return loan


stories = st.lists(st.tuples(st.integers(0, 420), st.integers(1, 20_000), st.integers(0, 8)), max_size=12)


@settings(max_examples=150, deadline=None)
@given(st.lists(stories, min_size=1, max_size=3), st.integers(0, 430))
def test_running_totals_and_the_positions_own_balances_are_two_ways_to_the_same_control_accounts(told_so, days):
    book = book_of([told(numbers) for numbers in told_so])
    as_of = day("2026-01-10") + days
    positions = reckon_book(book, as_of, as_of)
    assert not positions["error"].any()
    posted = balances_of_totals(totals_of(positions).sum(axis=0))
    assert disagreements(posted, control_of_positions(positions)) == []
    assert sum(posted.values()) == 0


def test_a_disagreement_says_which_account_and_by_how_much():
    (found,) = disagreements({Account.PRINCIPAL: 100_000}, {Account.PRINCIPAL: 99_998})
    assert str(found) == (
        "Principal outstanding (1110): the journal has 100000, the positions 99998, +2 minor units apart"
    )


def test_a_trial_balance_shows_each_account_on_its_normal_side():
    # 1,000.00 out, 30.00 back and unapplied: clearing 970.00 in credit, unapplied 30.00 on its normal side.
    lines = {line.account: line for line in trial_balance([(1110, 1010, 100_000), (1010, 2110, 3_000)])}
    assert lines[Account.CASH_CLEARING].balance_fen == -97_000
    assert lines[Account.UNAPPLIED].balance_fen == 3_000
    assert len(lines) == len(CHART)


def test_each_slot_names_a_cause_and_component_once():
    assert len(SLOT) == len(POSTINGS) == SLOTS
