"""The scorecard: bins and points as data. It says what a score is made of, line by line."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import log
from typing import Any

import numpy as np
import numpy.typing as npt

from afterloan.risk.bins import Bins, Floats, Ints, cut_number, cut_word
from afterloan.risk.measure import loss_of, probability_of

RIDGES = (300.0, 100.0, 30.0, 10.0, 3.0)  # strengths tried, the most doubting first
FOLDS = 5
LARGE, FOLDS_OF_LARGE = 200_000, 3  # of a large table a third left out says as much, and costs half
CHOOSE_ON = 100_000  # rows of a fold that the ridge is chosen by: more would not choose another
LEAST_WEIGHT = 0.005  # below it a column moves nobody's score and only lengthens the card
Column = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class ColumnAsked:
    """What is known of a column before any outcome is seen; `form`: how its text writes numbers or days."""

    is_word: bool
    sign: int = 0
    specials: tuple[float, ...] = ()
    form: str = ""


@dataclass(frozen=True, slots=True)
class Scorecard:
    """Log odds of going wrong = `base` + Σ weight × evidence of the column's bin. Weights are never below 0."""

    base: float
    weights: dict[str, float]
    bins: dict[str, Bins]

    def parts(self, columns: Mapping[str, Column]) -> Floats:
        """What each column adds to the log odds, [n, columns], in the order of `weights`."""
        return np.column_stack([w * self.bins[name].of(columns[name]) for name, w in self.weights.items()])

    def log_odds(self, columns: Mapping[str, Column]) -> Floats:
        """Log odds [n] of going wrong."""
        if not self.weights:
            return np.full(len(next(iter(columns.values()))), self.base)
        return np.asarray(self.base + self.parts(columns).sum(axis=1))


def fit_scorecard(
    columns: Mapping[str, Column],
    asked: Mapping[str, ColumnAsked],
    bad: Ints,
    fold: Ints,
) -> tuple[Scorecard, Floats]:
    """Fit on columns [n] and outcomes [n]; also the log odds [n] that folds left out were given, for calibration.

    The ridge is chosen by cross validation with the bins cut anew inside each fold: bins have seen their outcomes.
    `fold`: the fold of each row, see `folds`.
    """
    outside = np.zeros((len(RIDGES), len(bad)))
    for k in range(fold.max() + 1):
        learn, try_ = fold != k, fold == k
        cut = cut_all({n: c[learn] for n, c in columns.items()}, asked, bad[learn])
        seen, unseen = (evidence({n: c[w] for n, c in columns.items()}, cut) for w in (learn, try_))
        few = some_of(len(seen), CHOOSE_ON)
        told = None
        for r, ridge in enumerate(RIDGES):
            told = ridge_weights(seen[few], bad[learn][few], ridge * len(few) / len(seen), told)
            outside[r, try_] = told[0] + unseen @ told[1:]
    losses = [loss_of(odds, bad) for odds in outside]
    best = int(np.argmin(losses))
    cut = cut_all(columns, asked, bad)
    fitted = ridge_weights(evidence(columns, cut), bad, RIDGES[best])
    used = {name: float(w) for name, w in zip(columns, fitted[1:], strict=True) if w > LEAST_WEIGHT}
    return Scorecard(float(fitted[0]), used, {name: cut[name] for name in used}), outside[best]


def some_of(rows: int, most: int) -> Ints:
    """Numbers of at most `most` of `rows` rows, sorted, drawn by chance that is the same each time."""
    if rows <= most:
        return np.arange(rows)
    return np.sort(np.random.Generator(np.random.Philox(rows)).choice(rows, most, replace=False))


def folds(bad: Ints, seed: int, parts: int = FOLDS, together: Ints | None = None) -> Ints:
    """A fold for each row, both outcomes spread evenly; as many as the rarer outcome allows, three of a large table.

    `together`: a number for each row, rows of one number stay in one fold. Rows of one borrower on many days are much
    alike: parted, the one would tell the other's outcome.
    """
    if together is not None:
        distinct, at = np.unique(together, return_inverse=True)
        worst = np.zeros(len(distinct), np.int64)
        np.maximum.at(worst, at, bad)
        return folds(worst, seed, parts)[at]
    rng = np.random.Generator(np.random.Philox(seed))
    out = np.zeros(len(bad), np.int64)
    parts = FOLDS_OF_LARGE if len(bad) > LARGE else parts
    parts = int(max(2, min(parts, bad.sum(), len(bad) - bad.sum())))
    for kind in (0, 1):
        at = rng.permutation(np.flatnonzero(bad == kind))
        out[at] = np.arange(len(at)) % parts
    return out


def cut_all(columns: Mapping[str, Column], asked: Mapping[str, ColumnAsked], bad: Ints) -> dict[str, Bins]:
    """The bins of every column."""
    cut = {}
    for name, values in columns.items():
        told = asked[name]
        if told.is_word:
            cut[name] = cut_word(name, values, bad)
        else:
            cut[name] = cut_number(name, values, bad, sign=told.sign, specials=told.specials)
    return cut


def evidence(columns: Mapping[str, Column], cut: Mapping[str, Bins]) -> Floats:
    """Evidence [n, columns]."""
    return np.column_stack([cut[name].of(values) for name, values in columns.items()])


def ridge_weights(seen: Floats, bad: Ints, ridge: float, start: Floats | None = None) -> Floats:
    """Base and weights ≥ 0, [1 + columns], of a logistic regression with a ridge on the weights.

    A weight below zero would turn a column's evidence round, and a reason told from it would be false: 0 is the least.
    `start`: where to begin, e.g. what another ridge came to.
    """
    from scipy.optimize import minimize

    average = float(bad.mean())
    begin = np.r_[log(average / (1 - average)), np.full(seen.shape[1], 0.3)] if start is None else start

    def cost(told: Floats) -> tuple[float, Floats]:
        odds = told[0] + seen @ told[1:]
        off = probability_of(odds) - bad
        loss = loss_of(odds, bad) + ridge / 2 * (told[1:] @ told[1:])
        return float(loss), np.r_[off.sum(), seen.T @ off + ridge * told[1:]]

    limits = [(None, None)] + [(0.0, None)] * seen.shape[1]
    found = minimize(cost, begin, jac=True, method="L-BFGS-B", bounds=limits, options={"maxiter": 300, "ftol": 1e-9})
    return np.asarray(found.x, np.float64)
