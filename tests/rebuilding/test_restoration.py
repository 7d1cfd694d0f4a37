"""Limits restored by rule and on application; lessons with their numbers; the hold-out."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from afterloan.dates import day
from afterloan.facts.limit import LimitFrozen
from afterloan.facts.rebuilding import ConductShared
from afterloan.rebuilding.lessons import arm_of, chosen, delay, effect, filled, happened, lessons, numbers
from afterloan.rebuilding.restoration import Conduct, automatic, elsewhere, on_application
from afterloan.rebuilding.standing import LineStands
from tests.strategy.loans import loan, repaid

ON = date(2026, 9, 1)
FROZEN = LimitFrozen(
    borrower="B1", on=date(2026, 5, 14), known_on=date(2026, 5, 14), reference="f", by="rule", reason="overdue",
    rule="limits.freeze-when-overdue", before_fen=1_000_000, after_fen=1_000_000,
)  # fmt: skip
LOWERED = LineStands(200_000, 1_000_000)


def good(**changed: Any) -> Conduct:
    return Conduct(
        **{"on": ON, "clean_since": ON - timedelta(30), "payments": 2, "worst_days": 90, "band": "C", **changed}
    )


def test_restored_in_steps() -> None:
    first = on_application(LOWERED, good(), 1_000_000)
    assert (first.granted, first.after_fen) == (True, 700_000)  # 2,000.00 + half of 10,000.00
    second = on_application(LineStands(700_000, 1_000_000), good(), 1_000_000)
    assert second.after_fen == 1_000_000  # no more than was granted
    assert on_application(LOWERED, good(), 300_000).after_fen == 300_000  # no more than is asked for


@pytest.mark.parametrize(
    ("changed", "why", "again"),
    [
        ({"clean_since": ON - timedelta(29)}, "asked for are 30 days", ON + timedelta(1)),
        ({"payments": 1}, "1 payment on time", ON + timedelta(30)),
        ({"clean_since": None}, "pay it first", None),
        ({"worst_days": 91}, "serves those below 91", None),
        ({"band": "D"}, "score band D", None),
        ({"stops": ("dispute_open",)}, "hold: dispute_open", None),
    ],
)
def test_refused_with_reasons_and_a_day(changed: dict[str, Any], why: str, again: date | None) -> None:
    answer = on_application(LOWERED, good(**changed), 1_000_000)
    assert not answer.granted
    assert answer.after_fen == 200_000
    assert any(why in reason for reason in answer.reasons), answer.reasons
    assert answer.ask_again_on == again
    assert answer.findings[0].rule == "rebuilding.limit.apply"


def test_asked_too_soon_again() -> None:
    answer = on_application(LOWERED, good(), 1_000_000, asked_before=ON - timedelta(89))
    assert answer.ask_again_on == ON + timedelta(1)
    assert on_application(LOWERED, good(), 1_000_000, asked_before=ON - timedelta(90)).granted


def test_a_freeze_ends_by_itself_and_nothing_else_does() -> None:
    calm = good(clean_since=ON - timedelta(90), payments=3, worst_days=30, band="A")
    assert automatic(LineStands(1_000_000, 1_000_000, FROZEN), calm).granted
    assert not automatic(LineStands(1_000_000, 1_000_000, FROZEN), good(worst_days=31)).granted
    assert not automatic(LOWERED, calm).granted  # lowered, not frozen
    # thirty days clean and less than sixty late is not enough any more: one rule, the road map's
    month = automatic(
        LineStands(1_000_000, 1_000_000, FROZEN), good(clean_since=ON - timedelta(30), worst_days=59, band="A")
    )
    assert [r.split(";")[0] for r in month.reasons[:1]] == ["nothing overdue since 2026-08-02"] and not month.granted
    gone = automatic(LineStands(1_000_000, 1_000_000, FROZEN), replace(calm, lost=True))
    assert gone.reasons == ("a loan was charged off, written off or sold",)
    india = automatic(LineStands(1_000_000, 1_000_000, FROZEN), calm, "IN")
    assert (india.granted, india.rule) == (False, "rebuilding.limit.no-increase-unasked")


def shared(**changed: Any) -> ConductShared:
    told = {"borrower": "B1", "on": ON, "known_on": ON, "reference": "s", "loans": 3, "loans_on_time": 3,
            "utilisation_permille": 200, "utilisation_before_permille": 600, "report_sha256": "0" * 64}  # fmt: skip
    return ConductShared(**{**told, **changed})


def test_conduct_elsewhere_counts_as_the_pack_says() -> None:
    assert elsewhere([shared()], ON)[0] == 1  # two things, the most that counts is one
    assert elsewhere([shared(loans_on_time=2, utilisation_permille=400)], ON)[0] == 0
    assert elsewhere([shared(on=ON - timedelta(91), known_on=ON)], ON)[0] == 0
    assert on_application(LOWERED, good(payments=1), 1_000_000, [shared()]).granted


# --- lessons


def plain(grace: int = 0) -> Any:
    """800.00 at 0.05 % a day, one instalment; penalty 1.5 × without a cap, from the due date (RULES 6.6)."""
    days = {"fee_days": grace, "penalty_days": grace, "bureau_days": grace}
    penalty = {"multiple": "1.5", "start": "retroactive", "cap_percent_year": "0"}
    return loan("800.00", "0.05", "2026-05-11", 1, [], grace=days, penalty=penalty)


def test_what_a_delay_costs() -> None:
    late = delay(plain(), 0, day("2026-06-11"), 10)
    assert (late.cost_fen, late.mark) == (600, "")  # 800 × 0.075 % × 10 days = 6.00; paid within the month: no mark
    long = delay(plain(), 0, day("2026-06-11"), 31)
    assert long.cost_fen == 1_860  # 800 × 0.075 % × 31
    assert (long.mark, long.shown_until) == ("1", "2031-07-12")


def test_grace_costs_nothing() -> None:
    book = plain(grace=3)
    assert [delay(book, 0, day("2026-06-11"), n).cost_fen for n in (0, 3, 4)] == [0, 0, 240]  # retroactive: 4 days


def test_the_lesson_follows_what_happened() -> None:
    book = plain()
    cases = {"2026-06-05": "due_soon", "2026-06-12": "late_new", "2026-07-20": "late_deep"}
    for on, because in cases.items():
        assert happened(book, 0, day(on)) == because, on
    paid = loan("1200.00", "0", "2026-01-10", 12, [repaid("2026-02-20", "100.00")])
    assert happened(paid, 0, day("2026-02-22")) == "cured"
    assert (
        happened(loan("100.00", "0", "2026-01-10", 1, [repaid("2026-02-01", "100.00")]), 0, day("2026-02-02"))
        == "paid_off"
    )
    first = chosen("late_new")
    assert first is not None
    assert chosen("late_new", [first.name]) is None
    assert chosen("nothing") is None


def test_every_lesson_is_filled_in_both_languages() -> None:
    told = numbers(plain(), 0, day("2026-06-12"))
    assert (told["long_cost"], told["short_cost"]) == ("18.60", "1.80")
    assert len(lessons()) >= 4
    for lesson in lessons().values():
        for language in ("en", "zh-CN"):
            assert "{" not in filled(lesson, language, told)
        assert len(lesson.answers["en"]) == len(lesson.answers["zh"])
        assert 0 <= lesson.right < len(lesson.answers["en"])
    assert "18.60" in filled(lessons()["late-costs"], "zh", told)


def test_the_hold_out_is_stable_and_about_a_tenth() -> None:
    arms = [arm_of("late-costs", f"B{n}") for n in range(10_000)]
    assert arms == [arm_of("late-costs", f"B{n}") for n in range(10_000)]
    # 1,000 expected, standard deviation 30
    assert 880 < arms.count("held_out") < 1_120
    other = [arm_of("after-cure", f"B{n}") for n in range(10_000)]
    both = sum(a == b == "held_out" for a, b in zip(arms, other, strict=True))
    assert 60 < both < 145  # independent: a hundredth


def test_effect_by_hand() -> None:
    # 0.9 − 0.8 = 0.1; error √(0.09 / 1000 + 0.16 / 100) = 0.041110; × 1.96 = 0.080575
    found = effect(900, 1_000, 80, 100)
    assert found.difference_ppm == 100_000
    assert abs(found.low_ppm - 19_425) <= 2
    assert abs(found.high_ppm - 180_575) <= 2
    assert found.sure
    assert not effect(90, 100, 9, 10).sure
    with pytest.raises(ValueError, match="empty"):
        effect(1, 1, 0, 0)
