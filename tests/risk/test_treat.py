"""Treatments: effects from randomised logs only, assignment against HiGHS, policies judged on logs of others."""

import json
import time
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy import sparse
from scipy.optimize import linprog

from afterloan.risk.treat import (
    NEVER,
    LogRefused,
    TreatmentLog,
    assign,
    check_randomised,
    explored,
    judged,
    learn_effects,
    side_by_side,
    values_of,
)
from afterloan.risk.treat_log import log_of
from tests.risk.test_models_on_tables import afterloan

COST = np.array([0.0, 8.0, 2.0])


def world(n: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Figures, true chances of a cure by treatment, worth: a call helps who is at home, a text who forgot."""
    rng = np.random.Generator(np.random.Philox(seed))
    facts = np.c_[rng.normal(0, 1, n), rng.normal(0, 1, n), rng.exponential(30, n)]
    odds = -0.5 - 0.03 * facts[:, 2]
    call, text = odds + 0.8 + 0.8 * facts[:, 0], odds + 0.2 + 0.5 * facts[:, 1]
    return facts, 1 / (1 + np.exp(-np.c_[odds, call, text])), rng.lognormal(5, 0.6, n)


def log_drawn(n: int, seed: int, chance: np.ndarray | None = None) -> tuple[TreatmentLog, np.ndarray, np.ndarray]:
    facts, true, worth = world(n, seed)
    rng = np.random.Generator(np.random.Philox(seed + 1_000))
    told = np.full((n, 3), 1 / 3) if chance is None else chance
    arm = np.minimum((rng.uniform(size=n)[:, None] > np.cumsum(told, axis=1)).sum(axis=1), 2)
    outcome = (rng.uniform(size=n) < true[np.arange(n), arm]).astype(int)
    return TreatmentLog(arm, told, outcome, facts), true, worth


def case(n: int, arms: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.Generator(np.random.Philox(seed))
    cured = np.clip(rng.uniform(0.1, 0.6, n)[:, None] + rng.normal(0.05, 0.08, (n, arms)), 0, 1)
    cost = np.r_[0, rng.uniform(1, 30, arms - 1)]
    values = values_of(cured, rng.lognormal(6, 1, n), cost, rng.uniform(size=(n, arms)) < 0.85)
    return values, np.r_[n, (rng.uniform(0.3, 1, arms - 1) * 0.1 * n).astype(int)]


def best_by_highs(values: np.ndarray, capacity: np.ndarray) -> float:
    n, arms = values.shape
    one = sparse.kron(sparse.eye(n), np.ones((1, arms))).tocsr()
    places = sparse.kron(np.ones((1, n)), sparse.eye(arms)).tocsr()
    cost = -np.where(values <= NEVER / 2, -1e6, values).ravel()
    found = linprog(cost, A_eq=one, b_eq=np.ones(n), A_ub=places, b_ub=capacity, bounds=(0, 1), method="highs")
    return -float(found.fun)


def test_by_hand() -> None:
    # (.40 − .30) × 1,000 − 6 = 94; forbidden: never
    told = values_of(
        np.array([[0.3, 0.4, 0.9]]), np.array([1000.0]), np.array([0, 6, 0.0]), np.array([[True, True, False]])
    )
    assert told[0, 0] == 0 and told[0, 1] == pytest.approx(94) and told[0, 2] == NEVER
    # one call, three borrowers to whom it is worth 10, 30, 20: the second gets it, another place would be worth 20
    found = assign(np.array([[0, 10.0], [0, 30.0], [0, 20.0]]), np.array([3, 1]))
    assert found.arm.tolist() == [0, 1, 0] and found.value == 30 and found.price[1] == pytest.approx(20)
    chosen = np.array([1])
    chance = explored(chosen, np.array([[True, True, True]]), 0.1, np.random.default_rng(1))[1]
    assert chance[0] == pytest.approx([0.1 / 3, 0.9 + 0.1 / 3, 0.1 / 3])


@pytest.mark.parametrize(("n", "arms", "seed"), [(100, 3, 1), (300, 4, 1), (500, 6, 2), (2_000, 6, 1), (2_000, 6, 2)])
def test_prices_come_within_a_ten_thousandth_of_the_linear_program(n: int, arms: int, seed: int) -> None:
    values, capacity = case(n, arms, seed)
    found, best = assign(values, capacity), best_by_highs(values, capacity)
    assert (np.bincount(found.arm, minlength=arms)[1:] <= capacity[1:]).all()
    assert (values[np.arange(n), found.arm] > NEVER / 2).all(), "nobody gets what is forbidden"
    assert best * (1 - 1e-4) <= found.value <= best * (1 + 1e-9) and found.bound >= best * (1 - 1e-9)


def test_a_whole_book_is_assigned_in_seconds() -> None:
    values, capacity = case(300_000, 6, 3)
    begin = time.process_time()
    found = assign(values, capacity)
    assert time.process_time() - begin < 5 and (found.bound - found.value) / found.bound < 1e-4


def test_effects_are_found_in_a_randomised_log_and_beat_the_orders_that_lenders_use() -> None:
    log, _, _ = log_drawn(20_000, 1)
    facts, true, worth = world(5_000, 9)
    told = learn_effects(log).cured(facts)
    assert np.abs(told - true).mean() < 0.03
    allowed, places = np.ones((5_000, 3), bool), np.array([5_000, 500, 1_000])
    chosen = assign(values_of(told, worth, COST, allowed), places).arm
    truth = values_of(true, worth, COST, allowed)
    beside = side_by_side(truth, places, {"days past due": facts[:, 2], "expected loss": (1 - true[:, 0]) * worth})
    mine = float(truth[np.arange(5_000), chosen].sum())
    assert 0.9 * beside["optimum"] < mine <= beside["optimum"] + 0.01
    assert mine > 1.5 * max(beside["days past due"], beside["expected loss"])


def test_logs_that_were_not_drawn_are_refused() -> None:
    facts, true, _ = world(3_000, 2)
    rng = np.random.Generator(np.random.Philox(3))
    worst = (facts[:, 2] > 40).astype(int)  # the late are called, nobody else
    outcome = (rng.uniform(size=3_000) < true[np.arange(3_000), worst]).astype(int)
    chosen = TreatmentLog(worst, np.eye(2)[worst], outcome, facts)
    with pytest.raises(LogRefused, match=r"100% of the rows were not drawn but chosen"):
        learn_effects(chosen)
    with pytest.raises(LogRefused, match=r"figure 3 lies .* apart between treatment 1"):  # told as drawn, and was not
        learn_effects(TreatmentLog(worst, np.full((3_000, 2), 0.5), outcome, facts))
    with pytest.raises(LogRefused, match=r"row 1: the chances of its treatments come to 0.900"):
        check_randomised(TreatmentLog(worst, np.full((3_000, 2), 0.45), outcome, facts))
    none = np.zeros(3_000, int)
    with pytest.raises(LogRefused, match="treatment 1 was given 0 times"):
        check_randomised(TreatmentLog(none, np.full((3_000, 2), 0.5), outcome, facts))


def test_a_policy_is_judged_right_by_the_log_of_another() -> None:
    inside = {"chances": 0, "both": 0}
    width = {"chances": 0.0, "both": 0.0}
    for seed in range(30):
        facts, _, _ = world(3_000, seed)
        late = facts[:, 2] > 30  # the log called the late more often, by known chances
        log, true, worth = log_drawn(3_000, seed, np.where(late[:, None], [0.2, 0.6, 0.2], [0.6, 0.2, 0.2]))
        policy = np.eye(3)[np.where(facts[:, 0] > 0, 1, 2)]
        gained = log.outcome * worth - COST[log.arm]
        truth = float((policy * (true * worth[:, None] - COST)).sum(axis=1).mean())
        expected = true * worth[:, None] - COST
        for name, told in (("chances", judged(log, policy, gained)), ("both", judged(log, policy, gained, expected))):
            inside[name] += told.low <= truth <= told.high
            width[name] += told.high - told.low
    # of 30 about 28.5 within the interval; fewer than 25 come by chance once in a hundred
    assert min(inside.values()) >= 25 and width["both"] < width["chances"]


def test_a_log_is_weighed_at_the_keyboard_and_one_without_chances_refused(tmp_path: Path) -> None:
    log, _, worth = log_drawn(4_000, 5)
    names = np.array(["none", "call", "text"])
    frame = pl.DataFrame({
        "did": names[log.arm], "paid": log.outcome, "owed": worth.round(2), "home": log.facts[:, 0],
        "forgets": log.facts[:, 1], "days": log.facts[:, 2],
        **{f"chance_{n}": log.chance[:, k] for k, n in enumerate(names)},
    })  # fmt: skip
    frame.write_csv(tmp_path / "log.csv")
    words = ["treat", str(tmp_path / "log.csv"), "--arm", "did", "--label", "paid", "--worth", "owed"]
    told = json.loads(
        afterloan(*words, "--cost", "call=8", "--cost", "text=2", "--capacity", "call=400", "--json").stdout
    )
    assert told["assigned"]["call"] <= 200 and told["gap_ppm"] <= 100
    assert told["treatments"]["call"]["low"] > 0 and told["treatments"]["none"]["uplift"] == 0
    assert told["judged"]["assigned"]["each"] > told["judged"]["all left alone"]["each"]
    with pytest.raises(LogRefused, match="no column says by what chance"):
        log_of(frame.drop("chance_none", "chance_call", "chance_text"), "did", "paid", "none")
