"""Treatments in a made-up world: what is learnt beats the orders that lenders use, and chance stays within bounds."""

import json

import numpy as np
import pytest

from afterloan.rehearsal.treated import log_of_world, treated, world
from afterloan.risk.limits import chance_drawn
from afterloan.risk.treat import NEVER, LogRefused, explore
from tests.risk.test_models_on_tables import afterloan


def test_a_margin_by_hand() -> None:
    # one place of treatment 1: the second is worth most to it, the third may not have it. Nobody is drawn: all for sure
    values = np.array([[0.0, 5.0], [0.0, 9.0], [0.0, NEVER]])
    places = np.array([3, 1])
    sure = explore(values, places, 0, np.array([10, 500_000, 900_000]))
    assert sure.arm.tolist() == [0, 1, 0] and sure.chance.tolist() == [[1, 0], [0, 1], [1, 0]]
    # of 6 % each of two allowed is drawn with .03; the first number lies in the upper half of the margin: treatment 1
    told = explore(values, places, 60_000, np.array([40_000, 500_000, 10_000]))
    assert told.arm.tolist() == [1, 0, 0] and told.drawn.tolist() == [True, False, True]
    assert told.chance.sum(axis=1) == pytest.approx(1.0)
    assert told.chance[2].tolist() == [1.0, 0.0], "who may have one only gets it for sure"
    assert told.chance[1].tolist() == pytest.approx([0.97, 0.03])
    with pytest.raises(LogRefused, match="draws more than there is of treatment 1"):
        explore(values, np.array([3, 0]), 60_000, np.array([40_000, 500_000, 10_000]))


def test_chances_that_are_logged_are_those_by_which_it_was_drawn() -> None:
    """Over many days the share of each treatment is the mean of its chances."""
    rng = np.random.Generator(np.random.Philox(3))
    values = np.c_[np.zeros(400), rng.normal(5, 4, (400, 2))]
    values[::7, 1] = NEVER
    places = np.array([400, 60, 90])
    days = [explore(values, places, 100_000, chance_drawn(np.arange(400), day)) for day in range(300)]
    given = np.mean([np.eye(3)[d.arm] for d in days], axis=0).sum(axis=0)
    said = np.mean([d.chance for d in days], axis=0).sum(axis=0)
    assert given == pytest.approx(said, rel=0.03)
    assert all((np.bincount(d.arm, minlength=3) <= places).all() for d in days)
    assert all((d.chance[np.arange(400), d.arm] > 0).all() and not d.chance[::7, 1].any() for d in days)


def test_the_orders_side_by_side() -> None:
    told = treated(20_000, 1, 50_000)
    brings, best = told["brings"], told["brings"]["optimum"]
    assert brings["learnt"] > 0.9 * best and brings["learnt"] <= best + 0.01
    assert brings["learnt"] > 1.5 * max(brings["days past due"], brings["expected loss"])
    assert 0.85 * brings["learnt"] < brings["learnt, explored"] <= brings["learnt"], "what chance costs is small"
    assert told["forbidden"] == 0 and told["least_chance"] > 0
    for counts in told["given"].values():
        assert all(n <= most for n, most in zip(counts, told["places"], strict=True))
    judged = told["judged"]
    assert judged["low"] <= judged["true"] <= judged["high"] and judged["let_in"]


def test_the_log_gives_nobody_what_the_ladder_forbids() -> None:
    told, log = log_of_world(3_000, 4)
    assert told.allowed[np.arange(3_000), log.arm].all() and not world(3_000, 4).allowed[:, 1].all()


def test_it_is_told_at_the_keyboard_and_the_same_each_time() -> None:
    one, other = (afterloan("treat-played", "--borrowers", "2000", "--json").stdout for _ in range(2))
    assert json.loads(one)["brings"] == json.loads(other)["brings"]
    assert "of the optimum" in afterloan("treat-played", "--borrowers", "2000").stdout
