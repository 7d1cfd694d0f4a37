"""Choices among the steps of a day: room met by prices, a margin that teaches, effects learnt, judged, and gated."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from afterloan.risk.choice import FIGURES, NEVER, ChoiceRule, LearntEffects, assign_shared, choose, drawn_ppm, menu_of
from afterloan.risk.choice_model import (
    ChoiceLog,
    ChoicesJudged,
    choice_gates,
    choice_model_of,
    choice_parts,
    judge_choices,
    learn_choices,
)
from afterloan.risk.table import TableRefused
from afterloan.risk.treat import Effects, LogRefused

RULE = ChoiceRule("choose", 80_000, 30, 1_000, 50, {"message.sms": 5, "worklist": 600}, {})
BOTH = "message.sms+worklist"
NO_CHANCE = 1_000_000


def menu(asked: list[str], arrears_fen: int = 100_000) -> Any:
    n = len(asked)
    return menu_of(np.array(asked), np.zeros((n, len(FIGURES)), np.int64), np.full(n, arrears_fen))


def effects(**odds: float) -> LearntEffects:
    """Effects that are the same for everybody: chance of being paid by option."""
    names = {"none": "none", "sms": "message.sms", "work": "worklist", "both": BOTH}
    chance = np.array(list(odds.values()))
    weights = np.zeros((len(odds), len(FIGURES) + 1))
    weights[:, 0] = np.log(chance / (1 - chance))
    plain = np.zeros(len(FIGURES))
    return LearntEffects(tuple(names[name] for name in odds), Effects(weights, plain, plain + 1))


def nobody(n: int) -> Any:
    return np.full(n, NO_CHANCE)


def test_what_is_worth_most_is_chosen_and_nothing_where_nothing_pays() -> None:
    learnt = effects(none=0.3, sms=0.31, work=0.4, both=0.405)
    told = choose(menu([BOTH, "message.sms"]), learnt, RULE, nobody(2))
    # arrears 1,000.00: sms .01 x 1,000.00 - .55 = 9.45; a call .10 x 1,000.00 - 6.50 = 93.50; both .105 x 1,000.00 -
    # .55 - 6.50 = 97.95
    assert np.allclose(told.value_fen[0], [0, 945, 9_795, 9_350])
    assert told.option.tolist() == [2, 1]
    small = choose(menu([BOTH, "message.sms"], arrears_fen=5_000), learnt, RULE, nobody(2))
    # arrears 50.00: sms .50 - .55, a call 5.00 - 6.50, both 5.25 - 7.05: all cost more than they bring
    assert small.option.tolist() == [0, 0]


def test_what_nobody_learnt_stays_with_the_ladder() -> None:
    told = choose(menu([BOTH, "agency.place"]), effects(none=0.5, sms=0.5, work=0.5, both=0.5), RULE, nobody(2))
    assert [menu([BOTH, "agency.place"]).options[k] for k in told.option] == ["none", "agency.place"]
    without = choose(menu([BOTH, BOTH]), effects(none=0.5, sms=0.5, work=0.5, both=0.5), RULE, nobody(2),
                     np.array([True, False]))  # fmt: skip
    assert without.option.tolist() == [2, 0], "a ladder without a hold-out is followed"
    assert choose(menu([BOTH]), None, RULE, nobody(1)).option.tolist() == [2]


def test_the_margin_is_drawn_evenly_and_its_chances_are_told() -> None:
    asked = [BOTH] * 50_000
    chance = drawn_ppm([f"B{k}" for k in range(50_000)], 20_000)
    told = choose(menu(asked), None, RULE, chance)
    # four options, a margin of 8 %: the ladder .92 + .02, each other .02
    assert np.allclose(told.chance[0], [0.02, 0.02, 0.94, 0.02])
    assert np.allclose(told.chance.sum(axis=1), 1)
    given = np.bincount(told.option, minlength=4) / 50_000
    assert np.abs(given - [0.02, 0.02, 0.94, 0.02]).max() < 0.002  # three standard errors of .02: .0019
    assert told.drawn.sum() == (chance < 80_000).sum()
    again = drawn_ppm([f"B{k}" for k in range(50_000)], 20_000)
    assert (again == chance).all() and (drawn_ppm(["B1"], 20_001) != chance[1]).all()


def test_room_is_kept_whatever_is_drawn() -> None:
    learnt = effects(none=0.3, sms=0.31, work=0.4, both=0.405)
    rule = replace(RULE, capacity={"worklist": 30})
    arrears = np.arange(1, 1_001) * 1_000
    seen = menu_of(np.array([BOTH] * 1_000), np.zeros((1_000, len(FIGURES)), np.int64), arrears)
    told = choose(seen, learnt, rule, drawn_ppm([str(k) for k in range(1_000)], 20_000))
    called = np.isin(told.option, [2, 3])
    assert called.sum() == 30
    assert arrears[called & ~told.drawn].min() > 900_000, "the largest arrears gain most by a call"
    assert set(told.price_fen) == {"worklist"} and told.price_fen["worklist"] > 0
    none = choose(seen, learnt, replace(rule, capacity={"worklist": 0}), drawn_ppm([str(k) for k in range(1_000)], 1))
    assert not np.isin(none.option, [2, 3]).any() and not none.drawn.any(), "a margin that has no room draws nothing"


@pytest.mark.parametrize("seed", range(6))
def test_room_shared_by_options_is_given_as_a_linear_program_would(seed: int) -> None:
    from scipy.optimize import linprog

    rng = np.random.default_rng(seed)
    n, uses = 300, np.array([[0, 0], [1, 0], [0, 1], [1, 1]], bool)
    values = np.c_[np.zeros(n), rng.normal(1, 2, (n, 3))]
    values[rng.random((n, 4)) < 0.15] = NEVER
    values[:, 0] = 0.0
    room = np.array([60, 40])
    option, _ = assign_shared(values, uses, room)
    assert (uses[option].sum(axis=0) <= room).all()
    assert (values[np.arange(n), option] > NEVER / 2).all()
    shares = np.kron(np.eye(n), np.ones(4))
    used = np.tile(uses.T.astype(float), n)
    best = linprog(-np.maximum(values, -1e6).ravel(), A_ub=used, b_ub=room, A_eq=shares, b_eq=np.ones(n))
    assert values[np.arange(n), option].sum() >= -best.fun * (1 - 2e-3)


def world(n: int, seed: int, whole_is_best: bool, days: int = 20) -> ChoiceLog:
    """A log drawn by a margin of 30 %: a call cures .25 more where arrears are large and nothing where they are small;
    `whole_is_best`: it cures .25 more everywhere, and so does the message on top of it."""
    rng = np.random.default_rng(seed)
    arrears = np.where(rng.random(n) < 0.5, 3_000, 200_000)
    figures = np.zeros((n, len(FIGURES)), np.int64)
    figures[:, 1] = arrears
    seen = menu_of(np.array([BOTH] * n), figures, arrears)
    told = choose(seen, None, replace(RULE, margin_ppm=300_000), rng.integers(0, 1_000_000, n))
    does = np.array([0.0, 0.0, 0.25, 0.25])
    lift = np.array([0, 0.1, 0.5, 0.25])[None, :] if whole_is_best else np.where(arrears[:, None] > 10_000, does, 0.0)
    paid = rng.random(n) < 0.3 + np.broadcast_to(lift, (n, 4))[np.arange(n), told.option]
    return ChoiceLog(seen, np.arange(n) * days // n, rng.integers(0, n // 3, n), told.option, told.chance,
                     paid.astype(np.int64))  # fmt: skip


def test_a_model_learns_from_what_was_drawn_and_is_judged_by_later_days() -> None:
    model = learn_choices(world(8_000, 1, whole_is_best=False), "2025-01-01", "2025-01-20")
    assert model.learnt.options == ("none", "message.sms", BOTH, "worklist")
    judged = judge_choices(world(8_000, 2, whole_is_best=False), model.learnt, RULE)
    # small arrears of 30.00 are left alone: a message and a call, 7.05, are spared; large ones lose no message
    assert judged.low_fen > 0 and 200 < judged.gain_fen < 900
    assert judged.otherwise > 3_000 and not judged.refused
    assert all(g.passed for g in choice_gates(judged, []))


def test_where_the_ladder_is_the_best_the_interval_does_not_show_another_better() -> None:
    model = learn_choices(world(8_000, 3, whole_is_best=True), "2025-01-01", "2025-01-20")
    # told upside down: what the ladder does is taken for the least
    wrong = replace(model.learnt, effects=replace(model.learnt.effects, weights=model.learnt.effects.weights[::-1]))
    judged = judge_choices(world(8_000, 4, whole_is_best=True), wrong, RULE)
    assert judged.high_fen < 0
    (failed,) = [g for g in choice_gates(judged, []) if not g.passed]
    assert failed.name == "value" and "its low end must be above 0" in failed.found


def test_each_gate_refuses_what_it_is_for() -> None:
    good = ChoicesJudged(500, 400, 10, 900.0, 100.0, 1_700.0, 5_000.0, 300.0, 120)
    assert all(g.passed for g in choice_gates(good, []))

    def failed(judged: ChoicesJudged, *without: str) -> list[str]:
        return [g.name for g in choice_gates(judged, without) if not g.passed]

    assert failed(replace(good, low_fen=-0.01)) == ["value"]
    assert failed(replace(good, worth_rows=99.0)) == ["rows"]
    assert failed(good, "cn-standard") == ["hold-out"]
    assert failed(replace(good, refused="row 3: …")) == ["randomised"]
    empty = judge_choices(world(300, 1, False).rows(np.zeros(0, np.int64)), effects(none=0.3, work=0.4), RULE)
    assert failed(empty) == ["randomised", "rows", "value"]


def test_a_log_that_was_not_drawn_or_is_too_short_teaches_nothing() -> None:
    log = world(4_000, 5, whole_is_best=False)
    by_rule = replace(log, chance=np.eye(4)[log.given])
    with pytest.raises(LogRefused, match="were not drawn but chosen"):
        learn_choices(by_rule, "2025-01-01", "2025-01-20")
    assert "were not drawn" in judge_choices(by_rule, effects(none=0.3, work=0.4), RULE).refused
    with pytest.raises(LogRefused, match="50 of `none` and of another are needed"):
        learn_choices(log.rows(np.arange(100)), "2025-01-01", "2025-01-20")


def test_a_model_is_data_that_comes_back_and_is_refused_when_changed() -> None:
    model = learn_choices(world(4_000, 6, whole_is_best=False), "2025-01-01", "2025-01-20")
    files = choice_parts(model)
    back = choice_model_of(files)
    assert back.card == model.card and back.learnt.options == model.learnt.options
    assert (back.learnt.effects.weights == model.learnt.effects.weights).all()
    with pytest.raises(TableRefused, match="not what was approved"):
        choice_model_of(files | {"treatment.json": files["treatment.json"].replace("1", "2", 1)})
    with pytest.raises(TableRefused, match="is missing"):
        choice_model_of({"treatment.json": "{}"})
