"""The planner against brute force on small cases, its limits, and what a pack refuses."""

import random
from datetime import date
from itertools import product

import numpy as np
import pytest

from afterloan.dates import day
from afterloan.facts import FactRefused, Reinstalled
from afterloan.facts.relief import Means
from afterloan.loan.reckon import reckon_loan
from afterloan.loan.suppose import Scratch, daily_rate, due_now, present_value
from afterloan.loan.terms import ArrearsInterest
from afterloan.strategy.affordability import MonthFlow, affordable
from afterloan.strategy.eligibility import PlanAsked, PlanCase, against, eligible, relief_rule
from afterloan.strategy.planner import MONTHS, Option, candidates, case_of, choose, search, together
from afterloan.strategy.simulation import Simulated, cost_of, reinstalment, settlement, simulate
from tests.strategy.loans import loan, repaid

ON = day("2026-07-15")


def late() -> object:
    return loan("10000.00", "0.05", "2026-03-10", 12, [repaid("2026-04-10", "953.97")])


def case(book: object, hardship: bool = True) -> PlanCase:
    return case_of(reckon_loan(book, 0, ON), date(2026, 7, 15), "CN", hardship)  # type: ignore[arg-type]


def brute(loans: list[list[Option]], affordable_fen: int) -> int | None:
    """The least loss over every combination, or None."""
    found = [
        sum(o.weight for o in picked)
        for picked in product(*loans)
        if (sum(o.months for o in picked)[:-1] <= affordable_fen).all()  # type: ignore[index, operator]
    ]
    return min(found, default=None)


@pytest.mark.parametrize("seed", range(25))
def test_solver_agrees_with_brute_force(seed: int) -> None:
    chance = random.Random(seed)
    loans = [
        [
            Option(
                chance.randrange(0, 5_000),
                np.array([chance.randrange(0, 900) for _ in range(5)]),
                chance.randrange(9_999),
            )
            for _ in range(chance.randrange(1, 7))
        ]
        for _ in range(chance.randrange(1, 4))
    ]
    limit = chance.randrange(200, 2_200)
    picked = choose(loans, limit)
    want = brute(loans, limit)
    if want is None:
        assert picked is None
    else:
        assert picked is not None
        assert sum(loans[n][k].weight for n, k in enumerate(picked)) == want
        assert (sum(loans[n][k].months for n, k in enumerate(picked))[:-1] <= limit).all()  # type: ignore[index, operator]


def test_search_agrees_with_trying_every_plan() -> None:
    book = late()
    found = search(book, case(book), 60_000, ON)  # type: ignore[arg-type]
    today, cap = reckon_loan(book, 0, ON), relief_rule("relief.cost-cap")  # type: ignore[arg-type]
    fits = []
    for plan in candidates(book, today, case(book), ON):  # type: ignore[arg-type]
        if against(plan.asked, case(book)):
            continue
        sim = simulate(book, plan, ON)  # type: ignore[arg-type]
        if sim.months(ON, MONTHS)[:-1].max() <= 60_000 and cost_of(sim, today.position, ON, cap).fits:
            fits.append(
                Option(
                    max(int(today.position["payoff_fen"]) - sim.value_fen, 0), sim.months(ON, MONTHS), sim.total_fen
                ).weight
            )
    best = found.offers[0]
    assert Option(max(best.loss_fen, 0), np.zeros(1, np.int64), best.simulated.total_fen).weight == min(fits)
    assert 1 <= len(found.offers) <= 3
    assert len({o.plan.kind for o in found.offers}) == len(found.offers)
    assert found.tried >= 500
    assert all(o.reasons and o.findings for o in found.offers)


def test_nothing_is_offered_that_nobody_can_pay() -> None:
    book = late()
    found = search(book, case(book), 1_000, ON)  # type: ignore[arg-type]
    assert found.offers == ()
    assert found.refused["asks for more a month than is affordable"] > 400


def test_who_could_not_pay_an_instalment_is_not_asked_for_all_at_once() -> None:
    """2,000.00 at 0.05 % a day over twelve months: a sixth of the 1,101.15 of tests/golden/lives/0001, 183.53 a month.

    After four instalments, and none in June and July, some 1,400.00 end the loan. Means of 1,500.00 a month would bear
    that at once; 183.53 a month were too much. What asks for no more than one instalment comes first, and there is such
    a plan (a re-instalment over more periods).
    """
    paid = [repaid(f"2026-{m:02}-10", "183.53") for m in (2, 3, 4, 5)]
    book = loan("2000.00", "0.05", "2026-01-10", 12, paid)
    on = day("2026-07-15")
    now = reckon_loan(book, 0, on)
    instalment = max(int(r["due_fen"][2:].sum()) for r in now.instalments[:-1])
    assert 18_350 <= instalment <= 18_356 and 135_000 < int(now.position["payoff_fen"]) < 150_000
    granted = case_of(now, date(2026, 7, 15), "CN", True)
    found = search(book, granted, 150_000, on)
    assert found.offers
    for offer in found.offers:
        assert offer.simulated.highest_fen <= instalment or offer.plan.kind == "settlement", offer.plan
    assert any("affordable" in reason for reason in found.offers[0].reasons)


def test_where_nothing_fits_it_is_said_and_what_asks_for_least_is_offered() -> None:
    book = late()
    found = search(book, case(book), 1_000, ON)  # type: ignore[arg-type]
    assert found.offers == () and 1 <= len(found.instead) <= 3
    assert all(o.reasons[0].startswith("does not fit: asks for up to ") for o in found.instead)
    assert all(
        "than the 10.00 a month that are affordable; a person has to look at it" in o.reasons[0] for o in found.instead
    )
    now = reckon_loan(book, 0, ON)  # type: ignore[arg-type]
    asked = due_now(now.position)
    assert all(int(o.simulated.months(ON, MONTHS)[0]) < asked + 95_397 for o in found.instead)
    months = [int(o.simulated.months(ON, MONTHS).max()) for o in found.instead]
    assert months == sorted(months)


def test_two_loans_share_what_is_affordable() -> None:
    books = [late(), late()]
    picked = together(books, [case(b) for b in books], 80_000, ON)  # type: ignore[arg-type]
    assert picked is not None
    months = sum(s.months(ON, MONTHS) for s in picked)
    assert (months[:-1] <= 80_000).all()  # type: ignore[index]
    assert together(books, [case(b) for b in books], 2_000, ON) is None  # type: ignore[arg-type]


def test_without_interest_a_plan_is_plain_division() -> None:
    """1,200.00 without interest, three instalments missed, over six: 200.00 each."""
    book = loan("1200.00", "0", "2026-01-10", 12, [])
    sim = simulate(book, reinstalment(6, day("2026-05-10")), day("2026-04-15"))
    assert sim.amounts.tolist() == [20_000] * 6
    assert (sim.total_fen, sim.cost_fen, sim.now_fen) == (120_000, 0, 0)


def test_scratch_answers_as_the_front_door() -> None:
    book = late()
    plan = reinstalment(24, day("2026-08-10"))
    first = simulate(book, plan, ON)  # type: ignore[arg-type]
    scratch = Scratch(book)  # type: ignore[arg-type]
    for n in (3, 60, 24):
        again = simulate(book, reinstalment(n, day("2026-08-10")), ON, scratch)  # type: ignore[arg-type]
    assert again.amounts.tolist() == first.amounts.tolist()


def test_present_value_day_by_day() -> None:
    # 1,000.00 in 30 days at 0.05 % a day: 1,000 / 1.0005^30 = 985.1165…
    assert present_value([30], [100_000], 0, (5_000, 1)) == 98_512
    assert daily_rate(late()) == (5_000, 1)  # type: ignore[arg-type]


def test_a_plan_above_the_cap_is_refused() -> None:
    """A loan at 0.1 % a day (36.5 % a year) costs more than 24 % a year however it is arranged."""
    book = loan("10000.00", "0.1", "2026-03-10", 12, [])
    sim = simulate(book, reinstalment(24, day("2026-08-10")), ON)
    cap = relief_rule("relief.cost-cap")
    cost = cost_of(sim, reckon_loan(book, 0, ON).position, ON, cap)
    assert not cost.fits
    assert cost.finding(cap, ON).outcome.startswith("above the cap by")


@pytest.mark.parametrize(
    ("asked", "days", "hardship", "why"),
    [
        (PlanAsked("settlement", share_permille=600, days=30), 60, True, "offered from 91 days on"),
        (PlanAsked("settlement", share_permille=400, days=30), 100, True, "not less than 500"),
        (PlanAsked("settlement", share_permille=600, days=31), 100, True, "at most 30"),
        (PlanAsked("settlement", share_permille=600, days=30), 100, False, "no hardship has been granted"),
        (PlanAsked("reinstalment", 61), 10, True, "at most 60"),
        (PlanAsked("reinstalment", 12), 0, True, "offered from 1 day on"),
        (PlanAsked("deferral", 4), 10, True, "at most 3"),
        (PlanAsked("deferral", 3), 91, True, "offered up to 90"),
        (PlanAsked("rate_cut", 12, 499), 10, True, "not less than 500"),
        (PlanAsked("reinstalment", 12, capitalise=True), 10, True, "may not become principal"),
        (PlanAsked("re_age"), 10, True, "3 are asked for first"),
    ],
)
def test_what_the_pack_refuses(asked: PlanAsked, days: int, hardship: bool, why: str) -> None:
    answer = eligible(asked, PlanCase(date(2026, 7, 15), "CN", days, hardship, months_on_book=12))
    assert not answer.allowed
    assert any(why in reason for reason in answer.reasons), answer.reasons
    assert answer.findings[0].outcome != "allowed"


def test_one_plan_of_a_kind_a_year() -> None:
    before = (("reinstalment", date(2025, 7, 16)),)
    now = PlanCase(date(2026, 7, 15), "CN", 10, False, before)
    assert "again from 2026-07-16" in eligible(PlanAsked("reinstalment", 12), now).reasons[0]
    later = PlanCase(date(2026, 7, 16), "CN", 10, False, before)
    assert eligible(PlanAsked("reinstalment", 12), later).allowed


def test_settlements_that_cannot_be() -> None:
    with pytest.raises(FactRefused, match="expired before"):
        settlement(50_000, day("2026-07-14"), ON, 100_000)
    with pytest.raises(FactRefused, match="not between 1 and the 100000 owed"):
        settlement(100_001, day("2026-08-01"), ON, 100_000)


def test_affordable_by_hand() -> None:
    # 8,000 − 5,000 − 1,000 − 10 % of 8,000 = 1,200
    means = Means(income_fen=800_000, spending_fen=500_000, other_debts_fen=100_000)
    assert affordable(means, date(2026, 7, 15)).amount_fen == 120_000
    # the account saw 6,000 a month: 6,000 − 5,000 − 1,000 − 600 < 0
    flows = [MonthFlow(date(2026, m, 1), 600_000, 590_000, 50_000) for m in (4, 5, 6)]
    able = affordable(means, date(2026, 7, 15), flows)
    assert (able.amount_fen, able.differs) == (0, True)
    # three heads need no less than 2,400.00
    poor = Means(income_fen=400_000, spending_fen=50_000, household=3)
    assert affordable(poor, date(2026, 7, 15)).amount_fen == 400_000 - 240_000 - 40_000


def test_on_the_last_due_day_nothing_lies_ahead_to_extend() -> None:
    book = loan("1200.00", "0", "2026-01-10", 2, [repaid("2026-02-10", "600.00")])

    def kinds(on: int) -> set[str]:
        return {plan.kind for plan in candidates(book, reckon_loan(book, 0, on), case(book), on)}

    assert {"extension", "interest_only", "reinstalment"} <= kinds(day("2026-03-09"))
    assert not {"extension", "interest_only"} & kinds(day("2026-03-10"))
    assert "reinstalment" in kinds(day("2026-03-10"))


def test_arrears_on_the_rows_left_cannot_end_all_interest() -> None:
    with pytest.raises(FactRefused, match="needs new instalments; give a count and the first due day, or spread"):
        Reinstalled("L1", "R1", day("2026-03-10"), day("2026-03-10"), interest=ArrearsInterest.ALONE)


def test_the_shortest_plan_that_fits_a_month_is_offered_first() -> None:
    """15 instalments of 739.54 fit who can spare 740.00 a month, though two of them fall into 30 days of February."""
    book = late()
    found = search(book, case(book, hardship=False), 74_000, ON)  # type: ignore[arg-type]
    first = found.offers[0]
    assert (first.plan.kind, first.plan.asked.periods, first.simulated.highest_fen) == ("reinstalment", 15, 73_954)
    # one instalment a month whatever its length: the 10th, seen from the 15th; and from the 31st, due on the 28th
    days = [day(f"2026-{m:02}-10") for m in range(8, 13)] + [day(f"2027-{m:02}-10") for m in range(1, 5)]
    assert paid_once(days).months(ON, 10).tolist() == [1] * 9 + [0]
    ends = [day(d) for d in ("2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31")]
    assert paid_once(ends).months(day("2026-01-31"), 5).tolist() == [0, 1, 1, 1, 1]


def paid_once(days: list[int]) -> Simulated:
    """A plan that asks for one fen on each of some days."""
    return Simulated(None, np.array(days), np.ones(len(days), np.int64), 0, 0, 0, 0, 0, days[-1])
