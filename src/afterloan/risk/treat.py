"""Which treatment for whom: effects learnt from randomised logs only, capacity met by prices, judged before use.

A treatment's value for a borrower is the chance that it cures × what a cure is worth − what it costs. What it adds over
being left alone is its uplift; whom a rule chose tells nothing of it, since contacts go to the worst.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from afterloan.expected import ExpectedFailure

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
ROUNDS = 400  # of all prices, at most
CLOSE = 1e-7  # of the highest price, by which prices still move when they are taken to stand
SAMPLE = 60_000  # borrowers that prices are first searched on
NEVER = -1e18
LEAST_ARM = 50  # rows of an arm, to learn from


class LogRefused(ExpectedFailure, ValueError):
    """This log cannot teach an effect: says why and what would."""


@dataclass(frozen=True, slots=True)
class TreatmentLog:
    """What was tried. `arm` [n]: the treatment given, 0 left alone; `chance` [n, arms]: with what chance each was.

    `outcome` [n]: 1 where the arrears were paid; `facts` [n, k]: what was known before the draw. A row whose arm
    was not drawn (a person or a rule chose it) has chance 1 for it.
    """

    arm: Ints
    chance: Floats
    outcome: Ints
    facts: Floats


def check_randomised(log: TreatmentLog, least_arm: int = LEAST_ARM) -> None:
    """Refuse a log from which no effect can be learnt: raises LogRefused with the place.

    `least_arm`: rows that each treatment needs; 0 where nothing is learnt and the log is only looked through.
    """
    n, arms = log.chance.shape
    if not (len(log.arm) == len(log.outcome) == len(log.facts) == n and n):
        raise LogRefused(
            f"{len(log.arm):,} treatments, {len(log.outcome):,} outcomes, {n:,} rows of chances: bring one each"
        )
    if (np.abs(log.chance.sum(axis=1) - 1) > 1e-6).any() or (log.chance < 0).any():
        row = int(np.argmax(np.abs(log.chance.sum(axis=1) - 1)))
        raise LogRefused(f"row {row + 1}: the chances of its treatments come to {log.chance[row].sum():.3f}, not 1")
    given = log.chance[np.arange(n), log.arm]
    if (given <= 0).any():
        row = int(np.argmax(given <= 0))
        raise LogRefused(f"row {row + 1}: was given treatment {log.arm[row]}, which had no chance of being drawn")
    sure = (log.chance.max(axis=1) >= 1 - 1e-9).mean()
    if sure > 0.5:
        raise LogRefused(
            f"{sure:.0%} of the rows were not drawn but chosen: whom a rule chose differs from whom it did not, and "
            "the worst are called most. Bring rows of the hold-out and of arms drawn by chance"
        )
    rows = np.bincount(log.arm, minlength=arms)
    if (rows < least_arm).any():
        few = int(np.argmin(rows))
        raise LogRefused(
            f"treatment {few} was given {rows[few]:,} times; {least_arm} are needed: leave it out, or wait"
        )
    _check_alike(log)


def _check_alike(log: TreatmentLog) -> None:
    """Arms that were drawn hold the same people: a figure that tells the arm apart means that they were not."""
    weight = 1 / log.chance[np.arange(len(log.arm)), log.arm]
    for k in range(log.facts.shape[1]):
        x = log.facts[:, k]
        spread = float(x.std())
        for arm in range(1, log.chance.shape[1]):
            both = (log.chance[:, arm] > 0) & (log.chance[:, 0] > 0)  # who could not have got it is no comparison
            here, alone = both & (log.arm == arm), both & (log.arm == 0)
            if not here.any() or not alone.any():
                continue
            told = [(float(np.average(x[at], weights=weight[at])), _effective(weight[at])) for at in (here, alone)]
            off = abs(told[0][0] - told[1][0]) / max(spread, 1e-12)
            if off > 0.1 and off / np.sqrt(1 / told[0][1] + 1 / told[1][1]) > 5:
                raise LogRefused(
                    f"figure {k + 1} lies {off:.2f} of its spread apart between treatment {arm} and those left alone, "
                    "after weighing by the chances: they were not drawn as told"
                )


def _effective(weight: Floats) -> float:
    return float(weight.sum() ** 2 / (weight**2).sum())


@dataclass(frozen=True, slots=True)
class Effects:
    """Linear models in log odds, one an arm: `weights` [arms, 1 + k] on figures less `middle`, over `spread` [k]."""

    weights: Floats
    middle: Floats
    spread: Floats

    def cured(self, facts: Floats) -> Floats:
        """Chance [n, arms] that each treatment ends in the arrears being paid."""
        x = np.c_[np.ones(len(facts)), (facts - self.middle) / self.spread]
        return np.asarray(1 / (1 + np.exp(-np.clip(x @ self.weights.T, -35, 35))))


def learn_effects(log: TreatmentLog, ridge: float = 10.0) -> Effects:
    """A model of the outcome for each arm, weighed by the inverse of its chance, drawn towards a shared one. Refuses.

    The shared one is fitted first, so that an arm with few rows differs from it only where its rows say so.
    """
    check_randomised(log)
    middle, spread = log.facts.mean(axis=0), np.maximum(log.facts.std(axis=0), 1e-9)
    x = np.c_[np.ones(len(log.facts)), (log.facts - middle) / spread]
    weight = 1 / log.chance[np.arange(len(log.arm)), log.arm]
    weight = weight / weight.mean()
    shared = _logistic(x, log.outcome, weight, np.zeros(x.shape[1]), 1.0)
    arms = [
        _logistic(x[at], log.outcome[at], weight[at], shared, ridge)
        for at in (log.arm == a for a in range(log.chance.shape[1]))
    ]
    return Effects(np.array(arms), middle, spread)


def _logistic(x: Floats, y: Ints, weight: Floats, towards: Floats, ridge: float) -> Floats:
    told = towards.copy()
    held = ridge * np.r_[0.1, np.ones(x.shape[1] - 1)]
    for _ in range(50):
        p = 1 / (1 + np.exp(-np.clip(x @ told, -35, 35)))
        slope = x.T @ (weight * (y - p)) - held * (told - towards)
        bend = (x * (weight * np.maximum(p * (1 - p), 1e-9))[:, None]).T @ x + np.diag(held)
        step = np.linalg.solve(bend, slope)
        told = told + np.clip(step, -2, 2)
        if np.abs(step).max() < 1e-9:
            break
    return told


def values_of(cured: Floats, worth: Floats, cost: Floats, allowed: Mask) -> Floats:
    """What each treatment is worth for each borrower [n, arms] over being left alone; forbidden ones NEVER.

    A call that lifts the chance from .30 to .40 on a debt worth 1,000.00 and costs 6.00: .10 × 1,000.00 − 6.00 = 94.00.
    """
    told = (cured - cured[:, :1]) * worth[:, None] - cost[None, :]
    told[:, 0] = 0.0
    return np.asarray(np.where(allowed | (np.arange(len(cost)) == 0), told, NEVER))


@dataclass(frozen=True, slots=True)
class Assigned:
    """`arm` [n]: the treatment of each; `price` [arms]: what one more place would be worth; `value`: of all together.

    `bound`: no assignment whatever is worth more; `(bound − value) / bound` is how far this one may be from the best.
    """

    arm: Ints
    price: Floats
    value: float
    bound: float


def assign(values: Floats, capacity: Ints) -> Assigned:
    """The treatments worth most together, each given at most `capacity` [arms] times; arm 0 (left alone) has no limit.

    Each treatment has a price; everybody takes what is worth most to them over its price. Each price in turn is put
    where demand meets capacity until all stand, and what is then over or left is cleared exactly: the ones who lose
    least move on, the ones who gain most move in.
    """
    n, arms = values.shape
    columns = np.ascontiguousarray(values.T)
    price = np.zeros(arms)
    if n > SAMPLE:  # prices of every k-th borrower, capacity in proportion: a start that a round or two puts right
        every = n // SAMPLE
        price = _prices(np.ascontiguousarray(columns[:, ::every]), capacity / every, price, ROUNDS)
    price = _prices(columns, capacity, price, ROUNDS if n <= SAMPLE else 1)
    bound = float((columns - price[:, None]).max(axis=0).sum() + (price[1:] * capacity[1:]).sum())
    arm = _cleared(columns, price, capacity)
    if n <= SAMPLE:  # in a larger book one borrower is less than a ten-thousandth already
        while _exchange(columns, arm, capacity):
            pass
    return Assigned(arm, price, float(columns[arm, np.arange(n)].sum()), bound)


def _prices(columns: Floats, capacity: Floats | Ints, price: Floats, rounds: int) -> Floats:
    """Prices [arms] at which no treatment is wanted more often than it can be given: each in turn, till all stand."""
    price = price.copy()
    for _ in range(rounds):
        before = price.copy()
        for a in range(1, len(price)):
            price[a] = _price_of(columns, price, a, int(capacity[a]))
        if np.abs(price - before).max() <= CLOSE * max(1.0, float(np.abs(price).max())):
            break
    return price


def _price_of(columns: Floats, price: Floats, a: int, capacity: int) -> float:
    """The least price of treatment `a`, the others standing, at which no more than `capacity` want it."""
    others = columns[0] - price[0]
    for b in range(1, len(price)):
        if b != a:
            np.maximum(others, columns[b] - price[b], out=others)
    wants = columns[a] - others
    wants = wants[wants > 0]
    if len(wants) <= capacity:
        return 0.0
    if not capacity:
        return float(wants.max())
    at = len(wants) - capacity - 1
    return float(np.partition(wants, at)[at])


def _cleared(columns: Floats, price: Floats, capacity: Ints) -> Ints:
    """Everybody's best over the prices; who is over a capacity moves on, least lost first; places left are given."""
    arms = len(price)
    arm = _best_over(columns, price)
    for _ in range(2 * arms):
        count = np.bincount(arm, minlength=arms)
        over = [a for a in range(1, arms) if count[a] > capacity[a]]
        if not over:
            break
        for a in over:
            here = np.flatnonzero(arm == a)
            free = np.array([b for b in range(arms) if b != a and (b == 0 or count[b] < capacity[b])])
            net = columns[np.ix_(free, here)] - price[free, None]
            second = free[net.argmax(axis=0)]
            loss = columns[a, here] - price[a] - net.max(axis=0)
            away = np.argsort(loss, kind="stable")[: count[a] - capacity[a]]
            arm[here[away]] = second[away]
            count = np.bincount(arm, minlength=arms)
    _fill(columns, arm, capacity)
    return arm


def _best_over(columns: Floats, price: Floats) -> Ints:
    best, arm = columns[0] - price[0], np.zeros(columns.shape[1], np.int64)
    for a in range(1, len(price)):
        net = columns[a] - price[a]
        more = net > best
        arm[more] = a
        np.copyto(best, net, where=more)
    return arm


def _fill(columns: Floats, arm: Ints, capacity: Ints) -> None:
    """Give places that are left to those who gain most by them over what they have."""
    n = columns.shape[1]
    for a in range(1, len(capacity)):
        left = int(capacity[a] - (arm == a).sum())
        if left <= 0:
            continue
        gain = columns[a] - columns[arm, np.arange(n)]
        may = np.flatnonzero(gain > 0)
        arm[may[np.argsort(-gain[may], kind="stable")[:left]]] = a


def _exchange(columns: Floats, arm: Ints, capacity: Ints) -> bool:
    """One chain of moves that makes all together worth more, done; False: there is none, so the assignment is the best.

    Treatments are the places of a small graph: from a to b leads whoever at a loses least by moving to b; a place that
    is left free may be filled or stay (the last node). A circle that loses less than nothing is a gain (Klein 1967).
    """
    arms = len(columns)
    nobody = arms
    cost = np.full((arms + 1, arms + 1), np.inf)
    who = np.full((arms + 1, arms + 1), -1)
    count = np.bincount(arm, minlength=arms)
    cost[nobody, :arms] = 0.0
    for a in range(arms):
        if a == 0 or count[a] < capacity[a]:
            cost[a, nobody] = 0.0
        here = np.flatnonzero(arm == a)
        if len(here):
            loss = columns[a, here] - columns[:, here]
            least = loss.argmin(axis=1)
            cost[a, :arms], who[a, :arms] = loss[np.arange(arms), least], here[least]
            cost[a, a] = np.inf
    circle = _gaining_circle(cost, 1e-9 * max(1.0, float(np.abs(columns[columns > NEVER / 2]).max(initial=0))))
    for a, b in circle:
        if a != nobody and b != nobody:
            arm[who[a, b]] = b
    return bool(circle)


def _gaining_circle(cost: Floats, least: float) -> list[tuple[int, int]]:
    """The edges of a circle whose costs sum below `-least`, by Bellman and Ford; none: an empty list."""
    n = len(cost)
    far, before = np.zeros(n), np.full(n, -1)
    last = -1
    for _ in range(n):
        last = -1
        for a in range(n):
            for b in range(n):
                if far[a] + cost[a, b] < far[b] - least:
                    far[b], before[b], last = far[a] + cost[a, b], a, b
        if last < 0:
            return []
    for _ in range(n):
        last = int(before[last])
    edges, at = [], last
    while True:
        edges.append((int(before[at]), at))
        at = int(before[at])
        if at == last:
            return edges


def explored(arm: Ints, allowed: Mask, share: float, rng: np.random.Generator) -> tuple[Ints, Floats]:
    """With chance `share` a treatment drawn evenly from those allowed, not the one chosen; and all chances [n, arms].

    One of three allowed, share .1: the chosen one has .9 + .1 / 3 = .933, the others .033 each.
    """
    n, arms = allowed.shape
    open_ = allowed | (np.arange(arms) == 0)
    chance: Floats = np.where(open_, share, 0.0)
    chance /= open_.sum(axis=1, keepdims=True)
    chance[np.arange(n), arm] += 1 - share
    drawn = (rng.random((n, 1)) > np.cumsum(chance, axis=1)).sum(axis=1)
    return np.minimum(drawn, arms - 1), chance


@dataclass(frozen=True, slots=True)
class PolicyJudged:
    """What a new policy would have brought for each borrower, with its 95 % interval, from the log of another."""

    value: float
    low: float
    high: float
    weight_of: float  # rows that the log is worth for this policy


def judged(log: TreatmentLog, policy: Floats, gained: Floats, expected: Floats | None = None) -> PolicyJudged:
    """Value of a policy `policy` [n, arms] (its chances) by a randomised log with what each row brought `gained` [n].

    Self-normalised inverse chances; with `expected` [n, arms] (a model's say) doubly robust: right where either the
    chances or the model are. Refuses a log that was not drawn.
    """
    check_randomised(log)
    rows = np.arange(len(log.arm))
    weight = policy[rows, log.arm] / log.chance[rows, log.arm]
    norm = weight / weight.mean()
    if expected is None:
        told = norm * gained
        middle = float(told.mean())
        each = norm * (gained - middle)
    else:
        base = (policy * expected).sum(axis=1)
        told = base + norm * (gained - expected[rows, log.arm])
        middle = float(told.mean())
        each = told - middle
    error = float(each.std(ddof=1) / np.sqrt(len(rows)))
    return PolicyJudged(middle, middle - 1.96 * error, middle + 1.96 * error, _effective(np.maximum(weight, 1e-12)))


@dataclass(frozen=True, slots=True)
class Explored:
    """An assignment with a margin of chance. `arm` [n]; `chance` [n, arms]: with what each was given, for the log."""

    arm: Ints
    chance: Floats
    drawn: Mask


def explore(values: Floats, capacity: Ints, margin_ppm: int, drawn_ppm: Ints) -> Explored:
    """The treatments worth most, and for a margin of the borrowers one drawn from those they may have.

    `drawn_ppm` [n] in 0 … 10^6 - 1: a number of chance each, drawn by the caller; below the margin it also says which.
    What is drawn counts against the capacity, and the rest is assigned in what is left. Raises LogRefused where a
    margin draws more of a treatment than there is.
    Three treatments allowed and a margin of 6 %: the chosen one .94 + .02, the two others .02 each.
    """
    allowed = values > NEVER / 2
    allowed[:, 0] = True
    count = allowed.sum(axis=1)
    arm = np.zeros(len(values), np.int64)
    tried = drawn_ppm < margin_ppm
    which = np.minimum(drawn_ppm * count // max(margin_ppm, 1), count - 1)
    at = (np.cumsum(allowed, axis=1) <= which[:, None]).sum(axis=1)
    arm[tried] = at[tried]
    used = np.bincount(arm[tried], minlength=len(capacity))
    over = used[1:] > capacity[1:]
    if over.any():
        raise LogRefused(f"a margin of {margin_ppm / 10_000:.1f} % draws more than there is of treatment "
                         f"{int(np.argmax(over)) + 1}: take a smaller margin")  # fmt: skip
    left = np.maximum(capacity - used, 0)
    rest = assign(values[~tried], left)
    arm[~tried] = rest.arm
    best = np.where(tried, (values - rest.price).argmax(axis=1), arm)  # what a drawn one would have got
    margin = margin_ppm / 1_000_000
    chance = np.where(allowed, margin / count[:, None], 0.0)
    chance[np.arange(len(values)), best] += 1 - margin
    return Explored(arm, chance, tried)


def side_by_side(values: Floats, capacity: Ints, orders: Mapping[str, Floats]) -> dict[str, Any]:
    """True value of the optimum beside orders that lenders use: the first in line get the first treatment with a place.

    `orders`: by name the rank key [n], greatest first, e.g. days past due.
    """
    best = assign(values, capacity)
    told: dict[str, Any] = {"optimum": round(best.value, 2), "bound": round(best.bound, 2)}
    for name, key in orders.items():
        arm = in_order(values, capacity, np.argsort(-key, kind="stable"))
        told[name] = round(float(values[np.arange(len(values)), arm].sum()), 2)
    return told


def in_order(values: Floats, capacity: Ints, order: Sequence[int] | Ints) -> Ints:
    """The first in `order` get treatment 1 (the strongest) while it lasts, then 2 …; the rest are left alone."""
    arm = np.zeros(len(values), np.int64)
    left = np.asarray(order)
    for a in range(1, values.shape[1]):
        may = left[values[left, a] > NEVER / 2][: int(capacity[a])]
        arm[may] = a
        left = left[~np.isin(left, may)]
    return arm
