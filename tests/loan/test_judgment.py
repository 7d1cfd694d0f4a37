"""What must hold for every loan on which a court fixes the debt: sums, order of money, days past due, the journal."""

from pathlib import Path

import numpy as np
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from afterloan.dates import NEVER, day
from afterloan.loan.book import Book
from afterloan.loan.reckon import reckon_loan
from afterloan.loan.suppose import ends_debt
from afterloan.loan.terms import Component, FactKind, State
from afterloan.report.explain import explain
from afterloan.strategy.legal import owed_by_law
from tests.loan.golden import Words, book_of
from tests.loan.test_acceleration import made, posted_as_reckoned
from tests.loan.test_invariants import START, loans, repaid, repayments

Facts = list[tuple[int, ...]]
sums = st.tuples(*[st.integers(0, 200_000)] * 3)


def golden(name: str) -> Book:
    """The book of a golden story."""
    place = Path(__file__).parents[1] / "golden" / "loan" / f"{name}.yaml"
    return book_of(yaml.load(place.read_text(encoding="utf-8"), Words))


def judged(book: Book, after: int, sums: tuple[int, int, int], principal: int) -> Book:
    """The facts of a judgment of penalty, fee and interest `sums`, and `principal`; performed within ten days."""
    told = [*sums, principal, 400, 1_750]
    facts = np.zeros(len(told), book.facts.dtype)
    facts["kind"], facts["on"], facts["known_on"] = int(FactKind.JUDGED), START + after, START + after
    facts["gone_on"], facts["due_on"], facts["amount_fen"] = NEVER, START + after + 10, told
    facts["component"] = range(len(told))
    joined = np.concatenate([book.facts, facts])
    joined = joined[np.lexsort((joined["kind"], joined["on"]))]
    at = np.array([0, len(joined)], np.int64)
    return Book(book.products, book.contracts, book.promised, book.promised_at, joined, at, book.calendars)


@given(loans, repayments, st.integers(1, 900), sums, st.integers(0, 400))
@settings(max_examples=200, deadline=None)
def test_the_court_s_sums_are_what_is_owed(
    loan: tuple[str, int, int, int], pairs: list[tuple[int, int]], after: int, sums: tuple[int, int, int], later: int
) -> None:
    before = made(loan, repaid([p for p in pairs if p[0] < after]))
    plain = reckon_loan(before, 0, START + after).position
    owed = int(plain["outstanding_fen"][Component.PRINCIPAL])
    told = judged(before, after, sums, owed)
    p = reckon_loan(told, 0, START + after).position
    assert p["error"] == 0 and not posted_as_reckoned(p)
    if p["judged_on"] == NEVER:  # it owed nothing
        assert plain["state"] == State.PAID_OFF
        return
    waiting = int(plain["unapplied_fen"])
    if waiting == 0 and plain["accrued_interest_fen"] >= 0:
        assert list(p["outstanding_fen"]) == [*sums, owed]
    assert p["payoff_fen"] == max(p["outstanding_fen"].sum() - max(int(p["unapplied_fen"]), 0), 0)
    q = reckon_loan(told, 0, START + after + later)
    assert q.position["error"] == 0 and not posted_as_reckoned(q.position)
    assert q.position["next_due_on"] == NEVER and (q.position["outstanding_fen"] >= 0).all()
    for c in Component:
        rows = (q.instalments["due_fen"] - q.instalments["paid_fen"] - q.instalments["waived_fen"])[:, c]
        if c != Component.PRINCIPAL:
            assert rows.sum() == q.position["outstanding_fen"][c]


@given(loans, repayments, st.integers(0, 900), st.booleans())
@settings(max_examples=150, deadline=None)
def test_the_sum_before_the_law_is_what_ends_the_debt(
    loan: tuple[str, int, int, int], pairs: list[tuple[int, int]], after: int, off: bool
) -> None:
    """Of any loan, written off or not: the parts told to a court come to the payoff that everybody else is told."""
    facts = repaid(pairs)
    if off:
        facts = [*facts, (int(FactKind.WRITTEN_OFF), START + after, START + after, NEVER, 0)]
    p = reckon_loan(made(loan, facts), 0, START + after).position
    assert p["error"] == 0 and owed_by_law(p).total_fen == ends_debt(p)


@given(loans, st.integers(40, 400), sums, repayments)
@settings(max_examples=150, deadline=None)
def test_costs_first_extra_interest_last_and_nothing_paid_in_part_cures(
    loan: tuple[str, int, int, int], after: int, sums: tuple[int, int, int], pairs: list[tuple[int, int]]
) -> None:
    """Whatever the product's order: principal only when costs, interest and penalties are met, extra interest last."""
    principal = int(reckon_loan(made(loan, []), 0, START + after).position["outstanding_fen"][Component.PRINCIPAL])
    moneys = repaid([(after + d, fen) for d, fen in pairs])
    told = judged(made(loan, moneys), after, sums, principal)
    first = reckon_loan(told, 0, START + after).position
    last = max([after, *[d for _, d, *_ in moneys]]) if moneys else after
    p = reckon_loan(told, 0, max(last, START + after)).position
    assert p["error"] == 0
    left, paid = p["outstanding_fen"], p["paid_fen"]
    earlier = judged(made(loan, [m for m in moneys if m[1] < last]), after, sums, principal)
    before = reckon_loan(earlier, 0, max(last, START + after)).position
    # what the last money met; interest earned since an earlier one stands open beside the principal that it met
    if paid[Component.PRINCIPAL] > before["paid_fen"][Component.PRINCIPAL]:
        assert left[Component.FEE] == 0 and left[Component.INTEREST] == 0
        assert left[Component.PENALTY] == p["extra_interest_fen"]
    if left[Component.PRINCIPAL] > 0:
        assert paid[Component.PENALTY] <= sums[0]
        late = first["days_past_due"]
        assert late == 0 or p["days_past_due"] == late + max(last, START + after) - START - after


def test_explained_as_the_court_said_it() -> None:
    """The golden judgment as a borrower reads it: what was fixed, what time adds, in which order money meets it."""
    story = golden("0090-a-judgment-fixes-the-debt")
    told = explain(story, 0, "jiebei-interest-first", day("2026-09-30"))
    said = [f"{line.on} {line.text}".strip() for line in told.lines]
    assert told.adds_up
    assert "2026-09-10 a court fixed the interest at 70.00" in said
    assert "2026-09-10 given up: interest of instalment 1 6.50" in said
    assert (
        "2026-09-30 received 500.00: fees of instalment 1 50.00, interest of instalment 1 70.00, "
        "interest of instalment 5 8.00, principal of instalment 1 372.00"
    ) in said
    assert "extra interest for late performance: 10,000.00 (principal × days) × 0.0175 % = 1.75" in said
    assert (
        "Judgment of 2026-09-10, to be performed by 2026-09-20: money meets costs, interest and penalties, principal, "
        "and extra interest last."
    ) in said
    assert "To end the loan today: 629.75." in said


def test_a_claim_off_the_books_is_said_to_be_owed() -> None:
    """Written off 1,050.50, of which 100.00 came back: 950.50 are still owed, and that is what ends it."""
    told = explain(golden("0092-written-off-then-judged"), 0, "jiebei-interest-first", day("2026-08-05"))
    said = [line.text for line in told.lines]
    assert "Written off on 2026-07-20, still owed: 950.50 (off the books; recovered so far 100.00)." in said
    assert "To end the loan today: 950.50." in said
