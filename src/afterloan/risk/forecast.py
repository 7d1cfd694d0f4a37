"""Where the loans of today will stand in the months to come, by how they passed from state to state until now.

Roll rates are the floor: of a state, all pass on alike. The model counts the same passing by months on book and by how
long a loan has been where it is, drawn towards the roll rates where it has seen little. The interval comes from the
months of the past drawn anew: one bad month repeated is what a bad year looks like.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
STATES = ("current", "1-29", "30-59", "60-89", "90+", "lost", "closed")
LATE = (2, 3, 4, 5)
"""States that are 30 days past due or worse, or lost."""
ENDS = (5, 6)
LOST = 5
UNSEEN = 0.5  # of a loan
NOT_YET = -1
AGES = (3, 6, 12)  # months on book: 0 to 2, 3 to 5, 6 to 11, more
STAYS = 3  # months in a state: 1, 2, 3 and more
DOUBT = 40.0  # loans of the roll rates mixed into each count
DRAWS = 200


@dataclass(frozen=True, slots=True)
class Passings:
    """How many passed: `count` [months, state, age, stay, state]."""

    count: Floats


@dataclass(frozen=True, slots=True)
class Forecast:
    """Loans in each state [months + 1, states] from today on: expected, and the ends of the 95 % interval."""

    expected: Floats
    low: Floats
    high: Floats

    def told(self) -> list[dict[str, Any]]:
        """A row a month for machines and tables."""
        return [
            {"month": k, **{name: [round(float(v[k, s]), 1) for v in (self.expected, self.low, self.high)]
                            for s, name in enumerate(STATES)}}
            for k in range(len(self.expected))
        ]  # fmt: skip


def state_of(days_past_due: Ints, lost: npt.NDArray[np.bool_], closed: npt.NDArray[np.bool_]) -> Ints:
    """The state [n] of loans: 45 days past due is `30-59`; lost and closed go before days."""
    late = np.searchsorted(np.array([1, 30, 60, 90]), days_past_due, side="right")
    return np.where(closed, 6, np.where(lost, 5, late)).astype(np.int64)


def stays_of(states: Ints) -> Ints:
    """For how many months running, STAYS at most, each loan has been where it is, [n, months]: 1 in its first."""
    out = np.ones_like(states)
    for k in range(1, states.shape[1]):
        out[:, k] = np.where(states[:, k] == states[:, k - 1], np.minimum(out[:, k - 1] + 1, STAYS), 1)
    return out


def ages_of(states: Ints) -> Ints:
    """Months on book [n, months], 0 in the first month; NOT_YET before."""
    return np.cumsum(states != NOT_YET, axis=1) - 1


def passings(states: Ints) -> Passings:
    """Count every passing from one month to the next. `states` [n, months], NOT_YET before a loan began."""
    months = states.shape[1]
    ages, stays = np.searchsorted(np.array(AGES), ages_of(states), side="right"), stays_of(states)
    shape = (months - 1, len(STATES), len(AGES) + 1, STAYS, len(STATES))
    count = np.zeros(shape)
    for k in range(months - 1):
        here = states[:, k] != NOT_YET
        at = (states[here, k], ages[here, k], stays[here, k] - 1, states[here, k + 1])
        np.add.at(count[k], at, 1.0)
    return Passings(count)


def roll_rates(seen: Passings) -> Floats:
    """Share of each state that passes to each other in a month, [states, states]; who ended stays.

    Of 90 that were current 81 stay and 9 come to 1-29: .9 and .1. Where nobody was yet seen to come one state further
    down, half a loan is taken to have: what a young book has not seen is not impossible.
    """
    count = seen.count.sum(axis=(0, 2, 3))
    for worse in range(1, LOST + 1):
        count[worse - 1, worse] = max(count[worse - 1, worse], UNSEEN)
    rows = count.sum(axis=1, keepdims=True)
    rates = np.where(rows > 0, count / np.where(rows > 0, rows, 1), np.eye(len(STATES)))
    for end in ENDS:
        rates[end] = np.eye(len(STATES))[end]
    return np.asarray(rates)


def hazards(seen: Passings) -> Floats:
    """The same by age and stay, [state, age, stay, state], each drawn towards the roll rates by DOUBT loans."""
    rates = roll_rates(seen)
    count = seen.count.sum(axis=0)
    told = (count + DOUBT * rates[:, None, None, :]) / (count.sum(axis=-1, keepdims=True) + DOUBT)
    for end in ENDS:
        told[end] = rates[end]
    return np.asarray(told)


def by_roll(rates: Floats) -> Floats:
    """Roll rates in the shape of hazards, the same for every age and stay."""
    return np.broadcast_to(rates[:, None, None, :], (len(STATES), len(AGES) + 1, STAYS, len(STATES)))


def run(hazard: Floats, state: Ints, age: Ints, stay: Ints, months: int) -> Floats:
    """Expected loans in each state [months + 1, states] of loans [n] that stand where they do now."""
    most = int(age.max(initial=0)) + 1
    mass = np.zeros((most, len(STATES), STAYS))
    np.add.at(mass, (age, state, stay - 1), 1.0)
    told = [mass.sum(axis=(0, 2))]
    for k in range(months):
        band = np.searchsorted(np.array(AGES), np.arange(most) + k, side="right")
        flow = mass[..., None] * hazard[:, band].transpose(1, 0, 2, 3)  # [age, from, stay, to]
        moved = flow.sum(axis=2)  # [age, from, to]
        own = np.arange(len(STATES))
        stayed = flow[:, own, :, own].transpose(1, 0, 2)  # [age, state, stay]
        moved[:, own, own] = 0.0
        mass = np.zeros_like(mass)
        mass[:, :, 1:] += stayed[:, :, :-1]
        mass[:, :, -1] += stayed[:, :, -1]
        mass[:, :, 0] += moved.sum(axis=1)
        told.append(mass.sum(axis=(0, 2)))
    return np.array(told)


def forecast(states: Ints, months: int = 12, seed: int = 1, draws: int = DRAWS, model: bool = True) -> Forecast:
    """The loans of the last month of `states` [n, months], that many months on, with the interval of months drawn anew.

    `model`: by age and stay; else by roll rates alone. New loans are none: what is forecast is today's book.
    """
    seen = passings(states)
    here = states[:, -1] != NOT_YET
    now = states[here, -1], ages_of(states)[here, -1], stays_of(states)[here, -1]

    def path(of: Passings) -> Floats:
        return run(hazards(of) if model else by_roll(roll_rates(of)), *now, months)

    expected = path(seen)
    rng = np.random.Generator(np.random.Philox(seed))
    n = len(seen.count)
    drawn = np.array([path(Passings(seen.count[rng.integers(0, n, n)])) for _ in range(draws)])
    noise = rng.normal(size=drawn.shape) * np.sqrt(np.maximum(drawn * (1 - drawn / max(here.sum(), 1)), 0))
    noise[:, 0] = 0
    low, high = np.quantile(np.maximum(drawn + noise, 0), [0.025, 0.975], axis=0)
    return Forecast(expected, low, high)


@dataclass(frozen=True, slots=True)
class BackTest:
    """A forecast made `months` ago against what came: loans late or lost by the end, said by each, and what came."""

    months: int
    came: float
    model: tuple[float, float, float]
    roll: tuple[float, float, float]

    def told(self) -> dict[str, Any]:
        """JSON values: expected, low, high."""
        return {
            "months": self.months, "came": self.came, "model": [round(x, 1) for x in self.model],
            "roll_rates": [round(x, 1) for x in self.roll],
        }  # fmt: skip


def back_test(states: Ints, months: int, seed: int = 1) -> BackTest:
    """Forecast from `months` before the last month by what was known then; compare the loans that are late or lost."""
    then = states[:, : states.shape[1] - months]
    began = then[:, -1] != NOT_YET
    came = float(np.isin(states[began, -1], LATE).sum())

    def late(told: Forecast) -> tuple[float, float, float]:
        parts = [each[-1, list(LATE)].sum() for each in (told.expected, told.low, told.high)]
        return float(parts[0]), float(parts[1]), float(parts[2])

    model, roll = (late(forecast(then, months, seed, model=by)) for by in (True, False))
    return BackTest(months, came, model, roll)


def own_path(states: Ints, state: int, age: int, stay: int, months: int = 12) -> Floats:
    """One loan's chance to be in each state [months + 1, states]: never a promise, and told with its spread."""
    at, on_book, here = np.array([state]), np.array([age]), np.array([min(stay, STAYS)])
    return run(hazards(passings(states)), at, on_book, here, months)


def own_forecast(states: Ints, own: Ints, months: int = 12, seed: int = 1, draws: int = DRAWS) -> Forecast:
    """The path of one loan whose states until now are `own` [months], by how all loans `states` [n, months] passed.

    Chances, 0 to 1, with the interval of the months of the past drawn anew: how sure the chance is, not the loan.
    """
    mine = own[None, :]
    at = int(own[-1]), int(ages_of(mine)[0, -1]), int(stays_of(mine)[0, -1])
    seen = passings(states)
    where = tuple(np.array([x]) for x in at)

    def path(of: Passings) -> Floats:
        return run(hazards(of), where[0], where[1], where[2], months)

    rng = np.random.Generator(np.random.Philox(seed))
    n = len(seen.count)
    drawn = np.array([path(Passings(seen.count[rng.integers(0, n, n)])) for _ in range(draws)])
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    return Forecast(path(seen), low, high)
