"""Expected loss from roll rates: where a month leads a loan, multiplied out, in whole parts per million."""

import numpy as np
import numpy.typing as npt

from afterloan.expected import ExpectedFailure
from afterloan.risk.classification import class_rule, ifrs9_stage

Ints = npt.NDArray[np.int64]
ONE = 1_000_000


class RollsRefused(ExpectedFailure, ValueError):
    """Roll rates that cannot be used: which row, and what is wrong."""


def checked(rolls_ppm: Ints) -> Ints:
    """A square table whose rows sum to 1,000,000 and whose last state keeps what it has. Raises RollsRefused."""
    rolls = np.asarray(rolls_ppm, np.int64)
    if rolls.ndim != 2 or rolls.shape[0] != rolls.shape[1]:
        raise RollsRefused(f"roll rates are {rolls.shape}; give a square table, a row for each state")
    for k, row in enumerate(rolls):
        if row.sum() != ONE or (row < 0).any():
            raise RollsRefused(f"roll rates, row {k}: sums to {row.sum()}; each row sums to {ONE} ppm")
    if rolls[-1, -1] != ONE:
        raise RollsRefused("roll rates, last row: default must stay default (1,000,000 ppm)")
    return rolls


def measured(before: Ints, after: Ints, states: int) -> Ints:
    """Roll rates from what months did: state numbers [n] at the start and at the end of a month.

    Three loans of 1-30 days, of which one rolled on and two were cured: 666,667 and 333,333 ppm. What rounding
    leaves goes to the largest share; a state nobody was in keeps what it has.
    """
    count = np.zeros((states, states), np.int64)
    np.add.at(count, (before, after), 1)
    total = count.sum(axis=1, keepdims=True)
    rolls = np.where(total > 0, count * ONE // np.maximum(total, 1), np.eye(states, dtype=np.int64) * ONE)
    rolls[-1] = 0
    rolls[-1, -1] = ONE
    rows = np.arange(states)
    rolls[rows, rolls.argmax(axis=1)] += ONE - rolls.sum(axis=1)
    return rolls.astype(np.int64)


def default_ppm(rolls_ppm: Ints, months: int) -> Ints:
    """The chance [months + 1, states] of being in default after each number of months, from each state, ppm.

    Each step is rounded half up to a millionth. From current with 3 % rolling, 25 %, 60 % and 75 % on from there:
    0 for three months, then 30,000 × 0.25 × 0.6 × 0.75 = 3,375 ppm by the fourth.
    """
    rolls = checked(rolls_ppm)
    chance = np.zeros((months + 1, len(rolls)), np.int64)
    chance[0, -1] = ONE
    for k in range(months):
        chance[k + 1] = (rolls @ chance[k] * 2 + ONE) // (2 * ONE)
    return chance


def state_of(days: Ints, bands: list[int]) -> Ints:
    """The state number [n] of days past due: bands [0, 1, 31, 61, 91]."""
    return np.searchsorted(np.array(bands), days, "right").astype(np.int64) - 1


def expected_loss(
    exposure_fen: Ints, days: Ints, months_left: Ints, stage: Ints | None = None, rolls_ppm: Ints | None = None
) -> Ints:
    """Expected loss [n] in minor units: exposure × chance of default × loss given default, each rounded once.

    Stage 1 looks twelve months ahead, stage 2 to the end of the loan, stage 3 is in default. 10,000.00 in stage 3
    with 65 % lost: 6,500.00.
    """
    p = class_rule("ifrs9.loss").parameters
    rolls = checked(np.array(p["rolls_ppm"]) if rolls_ppm is None else rolls_ppm)
    stages = ifrs9_stage(days) if stage is None else stage
    most = max(int(months_left.max(initial=0)), p["twelve_months"])
    chance = default_ppm(rolls, most)
    horizon = np.where(stages == 1, np.minimum(months_left, p["twelve_months"]), months_left)
    pd = np.where(stages == 3, ONE, chance[np.clip(horizon, 0, most), state_of(days, p["bands"])])
    lost = (pd * p["loss_given_default_ppm"] * 2 + ONE) // (2 * ONE)
    return (exposure_fen * lost * 2 + ONE) // (2 * ONE)  # type: ignore[no-any-return]
