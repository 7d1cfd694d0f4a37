"""Promises judged by money, holds by days: pure rules."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterloan.facts import FactRefused
from afterloan.facts.events import read_event
from afterloan.facts.hold import HOLDS, HoldLifted, HoldPlaced
from afterloan.facts.promise import PromiseMade, PromiseWithdrawn
from afterloan.strategy.holds import held_on, hold_rules, stopped
from afterloan.strategy.promises import Money, counted, judge_promises, taken

MADE = date(2026, 3, 1)


def promise(reference: str, amount_fen: int, due_on: date, made: date = MADE, loan: str | None = None) -> PromiseMade:
    told: dict[str, Any] = {"borrower": "B", "on": made, "known_on": made, "reference": reference, "loan": loan}
    return PromiseMade(**told, amount_fen=amount_fen, due_on=due_on)


def outcomes(events: list[Any], money: list[Money], on: date) -> list[tuple[str, int]]:
    return [(j.outcome, j.paid_fen) for j in judge_promises(events, money, on, 2)]


def test_kept_within_the_tolerance_partly_after_it() -> None:
    due = date(2026, 3, 10)
    first = Money(date(2026, 3, 9), 30_000)
    assert outcomes([promise("p", 50_000, due)], [first], date(2026, 3, 12)) == [("pending", 30_000)]
    in_time = [first, Money(date(2026, 3, 12), 20_000)]
    assert outcomes([promise("p", 50_000, due)], in_time, date(2026, 3, 12)) == [("kept", 50_000)]
    late = [first, Money(date(2026, 3, 13), 20_000)]
    assert outcomes([promise("p", 50_000, due)], late, date(2026, 3, 13)) == [("partly kept", 30_000)]
    assert outcomes([promise("p", 50_000, due)], [], date(2026, 3, 13)) == [("broken", 0)]
    before = [Money(date(2026, 2, 28), 50_000)]
    assert outcomes([promise("p", 50_000, due)], before, date(2026, 3, 13)) == [("broken", 0)]


def test_money_counts_once_for_the_promise_due_first_and_on_its_loan() -> None:
    two = [promise("b", 50_000, date(2026, 3, 20)), promise("a", 50_000, date(2026, 3, 10))]
    money = [Money(date(2026, 3, 5), 60_000, "L1")]
    assert outcomes(two, money, date(2026, 3, 31)) == [("kept", 50_000), ("partly kept", 10_000)]
    on_other = [promise("c", 50_000, date(2026, 3, 10), loan="L2")]
    assert outcomes(on_other, money, date(2026, 3, 31)) == [("broken", 0)]


def test_a_withdrawn_promise_counts_for_nothing() -> None:
    gone = PromiseWithdrawn(borrower="B", on=MADE, known_on=MADE, reference="w", of="p", reason="plan agreed")
    assert outcomes([promise("p", 50_000, date(2026, 3, 10)), gone], [], date(2026, 3, 31)) == []


days = st.integers(0, 60).map(lambda k: MADE + timedelta(days=k))


@given(
    st.lists(st.tuples(st.integers(1, 10**6), days), max_size=6),
    st.lists(st.tuples(days, st.integers(1, 10**6)), max_size=8),
    days,
)
def test_no_fen_is_counted_twice_and_none_beyond_a_promise(
    promised: list[tuple[int, date]], received: list[tuple[date, int]], on: date
) -> None:
    events = [promise(f"p{k}", amount, due) for k, (amount, due) in enumerate(promised)]
    money = [Money(when, amount) for when, amount in received]
    judged = judge_promises(events, money, on, 2)
    assert sum(j.paid_fen for j in judged) <= sum(m.amount_fen for m in money if m.on <= on)
    for j in judged:
        assert 0 <= j.paid_fen <= j.promise.amount_fen
        assert (j.outcome == "kept") == (j.paid_fen == j.promise.amount_fen)
        assert (j.outcome == "pending") == (j.paid_fen < j.promise.amount_fen and on <= j.until)
    total = counted(judged)
    assert total.kept + total.partly + total.broken + sum(j.outcome == "pending" for j in judged) == len(judged)


def hold(name: str, on: date, **more: Any) -> HoldPlaced:
    told = {"borrower": "B", "on": on, "known_on": on, "reference": f"h-{name}", "hold": name, "reason": "x", **more}
    found = read_event(HoldPlaced, told)
    assert isinstance(found, HoldPlaced)
    return found


def test_breathing_space_lasts_sixty_days_in_britain() -> None:
    # 1 March is day 1, 29 April day 60 (31 + 29)
    space = [hold("breathing_space", date(2026, 3, 1), review_on=date(2026, 3, 30))]
    assert [h.rule.id for h in held_on(space, date(2026, 4, 29), "UK")] == ["hold.breathing-space"]
    assert held_on(space, date(2026, 4, 30), "UK") == []
    assert "contact" in stopped(held_on(space, date(2026, 3, 15), "UK"))
    assert held_on(space, date(2026, 2, 28), "UK") == []


def test_a_hold_ends_by_its_day_or_by_being_lifted() -> None:
    told = [hold("dispute_open", date(2026, 3, 1), ends_on=date(2026, 3, 10))]
    assert held_on(told, date(2026, 3, 10), "CN") and not held_on(told, date(2026, 3, 11), "CN")
    on = date(2026, 3, 5)
    lifted = HoldLifted(borrower="B", on=on, known_on=on, reference="l", of="h-dispute_open", reason="settled")
    assert held_on([*told, lifted], date(2026, 3, 4), "CN") and not held_on([*told, lifted], on, "CN")


def test_a_hold_has_an_end_or_a_review_and_a_known_kind() -> None:
    with pytest.raises(FactRefused, match="neither ends_on nor review_on is given"):
        hold("lawyer", MADE)
    with pytest.raises(FactRefused, match="hold"):
        hold("annoyed", MADE, review_on=MADE)
    with pytest.raises(FactRefused, match=r"before the promise was made|before the hold's first day"):
        hold("lawyer", MADE, review_on=date(2026, 2, 1))


def test_every_hold_has_a_rule_at_every_place() -> None:
    for place in ("CN", "US", "EU", "UK", "IN"):
        assert set(hold_rules(place, MADE)) == set(HOLDS)


def test_a_promise_of_a_day_before_every_rule_is_refused_in_words() -> None:
    with pytest.raises(FactRefused, match="lies before every rule"):
        taken(100, date(1900, 1, 2), date(1900, 1, 1), 100, "CN")
