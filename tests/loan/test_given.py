"""What must hold when money leaves a loan and comes back: conserved, booked, and never there once taken back."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from afterloan.dates import NEVER
from afterloan.loan.reckon import reckon_loan
from afterloan.loan.terms import Cause, FactKind
from afterloan.report.explain import explain
from tests.loan.test_acceleration import made, posted_as_reckoned
from tests.loan.test_invariants import START, loans, repaid, repayments

KINDS = (FactKind.TRANSFERRED_IN, FactKind.REFUND_RETURNED, FactKind.REFUNDED, FactKind.TRANSFERRED_OUT)
passed = st.lists(st.tuples(st.sampled_from(KINDS), st.integers(0, 900), st.integers(1, 300_000)), max_size=6)


def facts_of(moves: list[tuple[FactKind, int, int]], gone_on: int = NEVER) -> list[tuple[int, ...]]:
    return [(int(kind), START + after, START + after, gone_on, amount) for kind, after, amount in moves]


@given(loans, repayments, passed, st.integers(0, 1_000))
@settings(max_examples=300, deadline=None)
def test_money_is_conserved_and_booked(
    loan: tuple[str, int, int, int],
    pairs: list[tuple[int, int]],
    moves: list[tuple[FactKind, int, int]],
    after: int,
) -> None:
    told = reckon_loan(made(loan, [*repaid(pairs), *facts_of(moves)]), 0, START + after)
    p = told.position
    assert p["error"] == 0 and not posted_as_reckoned(p)

    def total(*kinds: FactKind) -> int:
        return sum(amount for kind, when, amount in moves if kind in kinds and when <= after)

    received = sum(amount for when, amount in pairs if when <= after)
    assert p["repaid_fen"] == received + total(FactKind.TRANSFERRED_IN)
    assert p["refunded_fen"] == total(FactKind.REFUNDED) - total(FactKind.REFUND_RETURNED)
    assert p["transferred_out_fen"] == total(FactKind.TRANSFERRED_OUT)
    kept = p["repaid_fen"] - p["refunded_fen"] - p["transferred_out_fen"]
    assert kept == p["paid_fen"].sum() + p["recovered_fen"] + p["unapplied_fen"]
    assert p["payoff_fen"] >= -min(p["unapplied_fen"], 0)  # what was given back without cover is asked for
    moved = told.movements
    waiting = moved[moved["cause"] == Cause.UNAPPLIED]["amount_fen"].sum()
    assert waiting == p["unapplied_fen"]
    for cause, field in ((Cause.REFUNDED, "refunded_fen"), (Cause.TRANSFERRED_IN, "transferred_in_fen")):
        assert moved[moved["cause"] == cause]["amount_fen"].sum() == p[field]


@given(loans, repayments, passed, st.integers(0, 1_000))
@settings(max_examples=150, deadline=None)
def test_taken_back_they_were_never_there(
    loan: tuple[str, int, int, int],
    pairs: list[tuple[int, int]],
    moves: list[tuple[FactKind, int, int]],
    after: int,
) -> None:
    gone = made(loan, [*repaid(pairs), *facts_of(moves, START + 1_000)])
    plain = made(loan, repaid(pairs))
    as_of, known = START + after, START + 1_000
    assert reckon_loan(gone, 0, as_of, known).position == reckon_loan(plain, 0, as_of, known).position


@given(loans, repayments, st.integers(0, 900), st.integers(0, 100))
@settings(max_examples=150, deadline=None)
def test_a_refund_that_comes_back_the_same_day_changes_nothing_owed(
    loan: tuple[str, int, int, int], pairs: list[tuple[int, int]], when: int, later: int
) -> None:
    """Given back and back again within the day: what waits, what is owed and how late it is stay as they were."""
    plain = reckon_loan(made(loan, repaid(pairs)), 0, START + when).position
    free = int(plain["unapplied_fen"])
    if free == 0:
        return
    round_trip = [(FactKind.REFUNDED, when, free), (FactKind.REFUND_RETURNED, when + 1, free)]
    on = START + when + 1 + later
    before = [pair for pair in pairs if pair[0] <= when]
    once = reckon_loan(made(loan, [*repaid(before), *facts_of(round_trip)]), 0, on).position
    never = reckon_loan(made(loan, repaid(before)), 0, on).position
    if plain["payoff_fen"] == 0:  # nothing could fall due in between
        assert once["unapplied_fen"] == never["unapplied_fen"] and once["refunded_fen"] == 0
        assert (once["paid_fen"] == never["paid_fen"]).all() and once["state"] == never["state"]


def test_money_given_back_does_not_count_for_a_settlement() -> None:
    """700.00 ends the loan; of 300.00 received 280.00 is refunded, so 680.00 more are needed."""
    loan = ("jiebei-interest-first", 100_000, 5_000, 1)
    day_of = START + 40
    settle = [(int(FactKind.SETTLEMENT_AGREED), START + 5, START + 5, NEVER, 70_000)]
    money = [*facts_of([(FactKind.REFUNDED, 7, 28_000)]), *repaid([(6, 30_000), (30, 40_000)])]
    book = made(loan, [*settle, *money])
    book.products["order"][0, :4], book.products["orders"] = (4, 5, 6, 7), 4  # due lines only: early money waits
    book.facts["due_on"][book.facts["kind"] == FactKind.SETTLEMENT_AGREED] = START + 60
    assert reckon_loan(book, 0, day_of).position["payoff_fen"] > 0
    more = made(loan, [*settle, *money, *repaid([(35, 28_000)])])
    more.products["order"][0, :4], more.products["orders"] = (4, 5, 6, 7), 4
    more.facts["due_on"][more.facts["kind"] == FactKind.SETTLEMENT_AGREED] = START + 60
    assert reckon_loan(more, 0, day_of).position["payoff_fen"] == 0


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "en",
            (
                "given back to the borrower 85.00",
                "a refund came back 85.00: 85.00 kept unapplied",
                "passed on to another loan 5.00",
                "came from another loan 10.00: 10.00 makes good what was given back without cover",
                "Given back without cover, owed by the borrower: 20.00.",
            ),
        ),
        ("zh", ("退还借款人 85.00", "退款被退回 85.00", "转入其他贷款 5.00", "自其他贷款转入 10.00", "20.00。")),
    ],
)
def test_the_story_tells_them(language: str, words: tuple[str, ...]) -> None:
    """1,014.00 is due on 28 February (28 days x 0.50); 1,099.00 comes in, 85.00 too much."""
    out = [(FactKind.REFUNDED, 30, 8_500), (FactKind.REFUND_RETURNED, 31, 8_500), (FactKind.TRANSFERRED_OUT, 32, 500)]
    out += [(FactKind.REFUNDED, 33, 11_000), (FactKind.TRANSFERRED_IN, 34, 1_000)]
    loan = ("jiebei-interest-first", 100_000, 5_000, 1)
    told = explain(made(loan, [*repaid([(28, 109_900)]), *facts_of(out)]), 0, "p", START + 40, language=language)
    lines = "\n".join(line.text for line in told.lines)
    for text in words:
        assert text in lines, lines
    assert told.adds_up
