"""Expected loss: worked by hand, and invariants of roll rates."""

import numpy as np
import pytest

from afterloan.risk.classification import class_rule
from afterloan.risk.provision import ONE, RollsRefused, checked, default_ppm, expected_loss, measured


def test_default_from_current_takes_four_months() -> None:
    chance = default_ppm(np.array(class_rule("ifrs9.loss").parameters["rolls_ppm"]), 4)[:, 0]
    # 3 % roll, then 25 %, 60 %, 75 %: 0.03 × 0.25 × 0.6 × 0.75 = 0.003375
    assert chance.tolist() == [0, 0, 0, 0, 3_375]


def test_stage_three_loses_what_default_loses() -> None:
    assert expected_loss(np.array([1_000_000]), np.array([120]), np.array([6])).tolist() == [650_000]


def test_stage_two_at_one_month_left() -> None:
    # 61-90 days, one month left: 75 % default × 65 % lost = 48.75 % of 1,000.00
    assert expected_loss(np.array([100_000]), np.array([70]), np.array([1])).tolist() == [48_750]


def test_measured_rolls() -> None:
    before, after = np.array([1, 1, 1, 0]), np.array([2, 0, 0, 0])
    rolls = checked(measured(before, after, 5))
    assert rolls[1].tolist() == [666_667, 0, 333_333, 0, 0]
    assert rolls[3].tolist() == [0, 0, 0, ONE, 0]  # nobody was there


@pytest.mark.parametrize(
    ("rolls", "why"),
    [
        ([[ONE, 0]], "square"),
        ([[ONE, 1], [0, ONE]], "row 0"),
        ([[ONE, 0], [ONE, 0]], "must stay default"),
    ],
)
def test_bad_rolls_are_refused(rolls: list[list[int]], why: str) -> None:
    with pytest.raises(RollsRefused, match=why):
        checked(np.array(rolls))


def test_chances_never_fall_with_time_and_stay_within_one() -> None:
    chance = default_ppm(np.array(class_rule("ifrs9.loss").parameters["rolls_ppm"]), 60)
    assert (np.diff(chance, axis=0) >= 0).all()
    assert chance.max() <= ONE
