"""Cash and provision of the months to come, from the loans of today: their principal passed on as it passed before.

A month leads principal from state to state, as `forecast` leads loans; of what stood in a state and passed to another,
so much came in as cash and so much was left. Both are counted by how many instalments are still to come, since the last
of them bring the most of what is left. Roll rates say the same of all who stand in a state.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from afterloan.risk.forecast import ENDS, NOT_YET, STATES, STAYS, UNSEEN, stays_of

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
LEFT = (1, 2, 3, 5, 9, 18)
"""Instalments to come: none, 1, 2, 3 and 4, 5 to 8, 9 to 17, more."""
DOUBT = 40.0  # loans of the state's own rates mixed into each count
DRAWS = 200
S, L = len(STATES), len(LEFT) + 1
Bands = tuple[float, float, float]
"""Expected, and the ends of the 95 % interval."""


@dataclass(frozen=True, slots=True)
class MoneyPast:
    """Of loans [n] at month ends [months]: `states`, `principal` in minor units, `left` instalments to come.

    `cash` [n, months]: what each month brought, that of the first is not read. `coverage` [states]: provision over
    principal of a state, by the provision of today's loans.
    """

    states: Ints
    principal: Ints
    left: Ints
    cash: Ints
    coverage: Floats

    def until(self, months: int) -> "MoneyPast":
        """The same as it stood so many months before the last."""
        keep = self.states.shape[1] - months
        states, principal, left, cash = (e[:, :keep] for e in (self.states, self.principal, self.left, self.cash))
        return MoneyPast(states, principal, left, cash, self.coverage)


@dataclass(frozen=True, slots=True)
class MoneySeen:
    """Sums by month and passing [months, state, left, stay, state]: loans, principal before and after, cash."""

    loans: Floats
    before: Floats
    after: Floats
    cash: Floats

    def of(self, months: Ints) -> "MoneySeen":
        """Some months, each as often as it is named."""
        return MoneySeen(*(each[months] for each in (self.loans, self.before, self.after, self.cash)))


def money_seen(past: MoneyPast) -> MoneySeen:
    """Count every passing from one month to the next."""
    months = past.states.shape[1]
    band, stay = np.searchsorted(np.array(LEFT), past.left, side="right"), stays_of(past.states)
    sums = np.zeros((4, months - 1, S, L, STAYS, S))
    for k in range(months - 1):
        here = past.states[:, k] != NOT_YET
        at = (past.states[here, k], band[here, k], stay[here, k] - 1, past.states[here, k + 1])
        told = (1.0, past.principal[here, k], past.principal[here, k + 1], past.cash[here, k + 1])
        for which, amount in enumerate(told):
            np.add.at(sums[which, k], at, amount)
    return MoneySeen(*sums)


@dataclass(frozen=True, slots=True)
class MoneyRates:
    """By state, instalments left and stay: `passing` [.., state] of principal; `kept` and `cash` over what passed."""

    passing: Floats
    kept: Floats
    cash: Floats


def money_rates(seen: MoneySeen, by_cell: bool = True) -> MoneyRates:
    """Rates of each cell, drawn towards those of its state by DOUBT loans; not `by_cell`: those of the state alone.

    Of 100.00 that were current 90.00 stayed so and 9.00 of them came in as cash: .9 passes, .9 of it kept, .1 cash.
    """
    before, after, cash = (each.sum(axis=0) for each in (seen.before, seen.after, seen.cash))
    whole, kept, paid = (each.sum(axis=(1, 2)) for each in (before, after, cash))  # [state, state]
    loans = seen.loans.sum()
    middle = float(before.sum() / loans) if loans else 1.0  # principal of a loan
    for worse in range(1, S - 1):  # what a young book has not seen is not impossible
        if not whole[worse - 1, worse]:
            whole[worse - 1, worse] = kept[worse - 1, worse] = UNSEEN * middle
    rows = whole.sum(axis=1, keepdims=True)
    rates = np.where(rows > 0, whole / np.where(rows > 0, rows, 1), np.eye(S))
    kept_of = np.where(whole > 0, kept / np.where(whole > 0, whole, 1), 1.0)
    paid_of = np.where(whole > 0, paid / np.where(whole > 0, whole, 1), 0.0)
    for end in ENDS:
        rates[end] = np.eye(S)[end]
    doubt = DOUBT * middle if by_cell else 1e18
    drawn = doubt * rates[:, None, None, :]
    sums = before + drawn
    passing = sums / sums.sum(axis=-1, keepdims=True)
    for end in ENDS:
        passing[end] = rates[end]
    # of a passing the doubt is shared out: where nothing of a cell was seen its state's own rates stand
    base = np.maximum(sums, 1e-9)
    kept_told = (after + drawn * kept_of[:, None, None, :]) / base
    paid_told = (cash + drawn * paid_of[:, None, None, :]) / base
    return MoneyRates(passing, np.where(sums > 0, kept_told, 1.0), np.where(sums > 0, paid_told, 0.0))


@dataclass(frozen=True, slots=True)
class MoneyPath:
    """Principal in each state [months + 1, states], and the cash of each month [months + 1], 0 in the first."""

    principal: Floats
    cash: Floats


def run_money(rates: MoneyRates, past: MoneyPast, months: int) -> MoneyPath:
    """Pass on the principal of the last month of `past`. Of each month a loan has one instalment fewer to come."""
    here = past.states[:, -1] != NOT_YET
    state, stay, left = past.states[here, -1], stays_of(past.states)[here, -1], np.maximum(past.left[here, -1], 0)
    mass = np.zeros((int(left.max(initial=0)) + 1, S, STAYS))
    np.add.at(mass, (left, state, stay - 1), past.principal[here, -1].astype(float))
    told, came = [mass.sum(axis=(0, 2))], [0.0]
    band, own = np.searchsorted(np.array(LEFT), np.arange(len(mass)), side="right"), np.arange(S)
    for _ in range(months):
        cell = rates.passing[:, band].transpose(1, 0, 2, 3)  # [left, from, stay, to]
        flow = mass[..., None] * cell
        came.append(float((flow * rates.cash[:, band].transpose(1, 0, 2, 3)).sum()))
        flow = flow * rates.kept[:, band].transpose(1, 0, 2, 3)
        moved = flow.sum(axis=2)
        stayed = flow[:, own, :, own].transpose(1, 0, 2)
        moved[:, own, own] = 0.0
        mass = np.zeros_like(mass)
        mass[:, :, 1:] += stayed[:, :, :-1]
        mass[:, :, -1] += stayed[:, :, -1]
        mass[:, :, 0] += moved.sum(axis=1)
        mass = np.concatenate([mass[:1] + mass[1:2], mass[2:], np.zeros_like(mass[:1])]) if len(mass) > 1 else mass
        told.append(mass.sum(axis=(0, 2)))
    return MoneyPath(np.array(told), np.array(came))


@dataclass(frozen=True, slots=True)
class MoneyForecast:
    """Cash of each month and provision at its end [months + 1, 3]: expected, low, high; minor units."""

    cash: Floats
    provision: Floats

    def told(self) -> list[dict[str, Any]]:
        """A row a month for machines: expected and the ends of the interval, in minor units."""
        both = {"cash_fen": self.cash, "provision_fen": self.provision}
        return [
            {"month": k} | {name: [round(float(x)) for x in each[k]] for name, each in both.items()}
            for k in range(len(self.cash))
        ]


def forecast_money(
    past: MoneyPast, months: int = 12, seed: int = 1, draws: int = DRAWS, by_cell: bool = True
) -> MoneyForecast:
    """Cash and provision of the months to come, with the interval of the months of the past drawn anew."""
    seen = money_seen(past)
    rng = np.random.Generator(np.random.Philox(seed))
    n = len(seen.loans)
    paths = [run_money(money_rates(seen, by_cell), past, months)]
    paths += [run_money(money_rates(seen.of(rng.integers(0, n, n)), by_cell), past, months) for _ in range(draws)]
    cash = np.array([path.cash for path in paths])
    provision = np.array([path.principal @ past.coverage for path in paths])
    return MoneyForecast(_with_ends(cash), _with_ends(provision))


def _with_ends(paths: Floats) -> Floats:
    """Of paths [1 + draws, months]: the first, and the ends of 95 % of the others, [months, 3]."""
    low, high = np.quantile(paths[1:], [0.025, 0.975], axis=0) if len(paths) > 1 else (paths[0], paths[0])
    return np.column_stack([paths[0], np.minimum(low, paths[0]), np.maximum(high, paths[0])])


@dataclass(frozen=True, slots=True)
class MoneyBackTest:
    """A forecast made `months` ago: cash of all of them, and provision at their end; what was said and what came."""

    months: int
    cash: dict[str, Bands]
    provision: dict[str, Bands]
    cash_came: float
    provision_came: float

    def told(self) -> dict[str, object]:
        """JSON values in minor units."""
        told = {"cash": self.cash, "provision": self.provision}
        said = {n: {by: [round(x) for x in b] for by, b in each.items()} for n, each in told.items()}
        came = {"cash": round(self.cash_came), "provision": round(self.provision_came)}
        return {"months": self.months, "said_fen": said, "came_fen": came}


def back_test_money(past: MoneyPast, months: int, seed: int = 1, draws: int = DRAWS) -> MoneyBackTest:
    """Forecast from `months` before the last by what the months until then showed, and compare with what came.

    Both by the coverage of today, so that it is the passing of money that is tried. By the model and by roll rates.
    """
    then = past.until(months)
    began = then.states[:, -1] != NOT_YET
    cash: dict[str, Bands] = {}
    provision: dict[str, Bands] = {}
    seen = money_seen(then)
    n = len(seen.loans)
    for name, by_cell in (("model", True), ("roll_rates", False)):
        rng = np.random.Generator(np.random.Philox(seed))
        some = [seen] + [seen.of(rng.integers(0, n, n)) for _ in range(draws)]
        paths = [run_money(money_rates(one, by_cell), then, months) for one in some]
        cash[name] = _ends_of([float(p.cash.sum()) for p in paths])
        provision[name] = _ends_of([float(p.principal[-1] @ past.coverage) for p in paths])
    states, principal = past.states[began, -1], past.principal[began, -1]
    stood = np.bincount(states, principal, minlength=S)
    return MoneyBackTest(months, cash, provision, float(past.cash[began, -months:].sum()), float(stood @ past.coverage))


def _ends_of(said: list[float]) -> Bands:
    told = _with_ends(np.array(said)[:, None])[0]
    return float(told[0]), float(told[1]), float(told[2])
