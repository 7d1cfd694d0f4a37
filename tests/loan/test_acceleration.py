"""What must hold for every loan that is called due at once, and for one where that is withdrawn."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from afterloan.dates import NEVER, day
from afterloan.journal.balances import balances_of_totals, control_of_positions, disagreements
from afterloan.journal.totals import totals_of
from afterloan.loan.book import Book, Records
from afterloan.loan.reckon import reckon_loan
from afterloan.loan.terms import Cause, Component, FactKind, OnAccelerated, State
from afterloan.report.explain import explain
from tests.loan.test_invariants import CODES, PRODUCTS, START, book, loans, repaid, repayments

Facts = list[tuple[int, ...]]
ways = st.sampled_from(list(OnAccelerated))


def accelerated(after: int) -> Facts:
    return [(int(FactKind.ACCELERATED), START + after, START + after, NEVER, 0)]


def withdrawn(after: int) -> Facts:
    return [(int(FactKind.ACCELERATION_WITHDRAWN), START + after, START + after, NEVER, 0)]


def made(loan: tuple[str, int, int, int], facts: Facts, way: OnAccelerated = OnAccelerated.OVERDUE_ONLY) -> Book:
    code, principal, rate, instalments = loan
    rate *= 100 if PRODUCTS[code].rate_per.name == "YEAR" else 1
    of = book(code, principal, rate, instalments, facts)
    of.products["penalty_accelerated"] = way
    return of


def posted_as_reckoned(position: np.void) -> list[str]:
    """Where the control accounts and the position differ."""
    at: Records = np.array([position])
    posted = balances_of_totals(totals_of(at)[0])
    assert sum(posted.values()) == 0
    return [str(d) for d in disagreements(posted, control_of_positions(at))]


@given(loans, repayments, st.integers(1, 900), ways)
@settings(max_examples=200, deadline=None)
def test_calling_due_changes_nothing_on_its_day(
    loan: tuple[str, int, int, int], pairs: list[tuple[int, int]], after: int, way: OnAccelerated
) -> None:
    """What ends the loan, what is outstanding and how late it is are the same on the day, called due or not."""
    before = repaid([p for p in pairs if p[0] <= after])
    plain = reckon_loan(made(loan, before, way), 0, START + after).position
    called = reckon_loan(made(loan, [*before, *accelerated(after)], way), 0, START + after)
    p = called.position
    assert p["error"] == 0
    if p["accelerated_on"] == NEVER:  # nothing was left to call due
        assert plain["outstanding_fen"][Component.PRINCIPAL] == plain["arrears_fen"][3] + plain["due_today_fen"][3]
        return
    assert p["payoff_fen"] == plain["payoff_fen"]
    # interest of days to come that early money had met as signed repays principal
    to_come = max(-int(plain["accrued_interest_fen"]), 0)
    assert p["outstanding_fen"][Component.PRINCIPAL] == plain["outstanding_fen"][Component.PRINCIPAL] - to_come
    assert p["days_past_due"] == plain["days_past_due"] and p["next_due_on"] == NEVER
    assert p["arrears_fen"].sum() + p["due_today_fen"].sum() == p["payoff_fen"]


@given(loans, repayments, st.integers(1, 500), st.integers(0, 600), ways)
@settings(max_examples=200, deadline=None)
def test_no_instalment_falls_due_afterwards(
    loan: tuple[str, int, int, int], pairs: list[tuple[int, int]], after: int, later: int, way: OnAccelerated
) -> None:
    on = START + after + later
    told = reckon_loan(made(loan, [*repaid(pairs), *accelerated(after)], way), 0, on)
    p = told.position
    assert p["error"] == 0 and not posted_as_reckoned(p)
    assert p["repaid_fen"] == p["paid_fen"].sum() + p["unapplied_fen"]
    if p["accelerated_on"] == NEVER:
        return
    assert told.instalments["due_on"].max() <= START + after
    assert p["next_due_on"] == NEVER and p["instalments_left"] in (0, len(told.instalments) - p["instalments_paid"])
    assert (p["outstanding_fen"] >= 0).all()
    if later:
        assert p["arrears_fen"].sum() == max(p["payoff_fen"] + p["unapplied_fen"], 0) or p["state"] == State.PAID_OFF
    moves = told.movements
    for c in (Component.INTEREST, Component.PRINCIPAL):
        fell = moves[(moves["cause"] == Cause.FELL_DUE) & (moves["component"] == c)]["amount_fen"].sum()
        assert fell == p["fell_due_fen"][c]


@given(loans, repayments, st.integers(1, 500), st.integers(0, 200), st.integers(0, 400), ways)
@settings(max_examples=200, deadline=None)
def test_withdrawn_is_as_if_it_had_never_been(
    loan: tuple[str, int, int, int],
    pairs: list[tuple[int, int]],
    after: int,
    later: int,
    on: int,
    way: OnAccelerated,
) -> None:
    facts = [*repaid(pairs), *accelerated(after), *withdrawn(after + later)]
    day_of = START + after + later
    plain = reckon_loan(made(loan, repaid(pairs), way), 0, day_of + on)
    with_both = reckon_loan(made(loan, facts, way), 0, day_of + on)
    assert with_both.position.tobytes() == plain.position.tobytes()
    if later:  # the day before, nobody knew
        only = reckon_loan(made(loan, [*repaid(pairs), *accelerated(after)], way), 0, day_of - 1)
        assert reckon_loan(made(loan, facts, way), 0, day_of - 1).position.tobytes() == only.position.tobytes()


@pytest.mark.parametrize("code", CODES)
def test_called_due_twice_is_called_due_once(code: str) -> None:
    loan = (code, 1_000_000, 4_000, 12)
    once = reckon_loan(made(loan, accelerated(100)), 0, START + 300).position
    twice = reckon_loan(made(loan, [*accelerated(100), *accelerated(150)]), 0, START + 300).position
    assert once.tobytes() == twice.tobytes()
    assert once["accelerated_on"] == START + 100


def test_an_acceleration_that_was_taken_back_was_never_there() -> None:
    gone = [(int(FactKind.ACCELERATED), START + 100, START + 100, START + 120, 0)]
    plain = reckon_loan(made(("jiebei-equal", 1_000_000, 4_560, 12), []), 0, START + 300).position
    assert reckon_loan(made(("jiebei-equal", 1_000_000, 4_560, 12), gone), 0, START + 300).position == plain


def test_the_story_says_so_in_both_languages() -> None:
    facts = [*accelerated(80), *withdrawn(120)]
    told = made(("jiebei-interest-first", 100_000, 5_000, 6), facts)
    for language, called, none_due, back in (
        ("en", "called due at once by notice: the rest of the principal, 1,000.00", "no instalment", "withdrawn"),
        ("zh", "宣布提前到期：剩余本金 1,000.00 立即到期", "此后不再有期供到期", "撤回提前到期"),
    ):
        before = explain(told, 0, "p", START + 100, language=language)
        lines = "\n".join(line.text for line in before.lines)
        assert called in lines and none_due in lines and back not in lines and before.adds_up
        # 31 January to 21 April: 28 + 31 + 21 days; 20 days later 20 x 0.50 more are due
        assert ("10.00, due at once" if language == "en" else "10.00，立即到期") in lines
        after = explain(told, 0, "p", START + 130, language=language)
        lines = "\n".join(line.text for line in after.lines)
        assert back in lines and called not in lines and after.adds_up


def test_a_new_arrangement_ends_it() -> None:
    """Called due, then 600.00 over three new instalments: they fall due as agreed, and nothing runs on beside them."""
    facts = [*accelerated(31 + 28), (int(FactKind.REINSTALLED), START + 70, START + 70, NEVER, 0)]
    of = made(("jiebei-interest-first", 60_000, 5_000, 3), facts)
    of.facts["count"][-1], of.facts["due_on"][-1] = 3, day("2026-05-10")
    p = reckon_loan(of, 0, START + 71).position
    assert p["error"] == 0 and p["accelerated_on"] == NEVER
    assert p["next_due_on"] == day("2026-05-10") and p["days_past_due"] == 0
