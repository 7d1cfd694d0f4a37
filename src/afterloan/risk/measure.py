"""How well a score tells who goes wrong: discrimination with its interval, calibration, by group."""

from dataclasses import asdict, dataclass
from math import sqrt
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
BANDS = 10  # bands with equally many rows, for the calibration error
Z95 = 1.959964  # of the normal distribution: an interval that holds 95 times of 100


@dataclass(frozen=True, slots=True)
class ModelMeasures:
    """What a model came to on rows with known outcomes. Probabilities and shares, 0 to 1."""

    rows: int
    bad: int
    auc: float
    auc_low: float
    auc_high: float
    ks: float
    brier: float
    ece: float
    slope: float

    def told(self) -> dict[str, Any]:
        """For machines: numbers with six decimals."""
        return {k: round(v, 6) if isinstance(v, float) else v for k, v in asdict(self).items()}


def measured(probability: Floats, bad: Ints) -> ModelMeasures:
    """Measure probabilities [n] against outcomes [n] of 0 and 1; both kinds must occur."""
    area, error = auc(probability, bad)
    low, high = max(0.0, area - Z95 * error), min(1.0, area + Z95 * error)
    return ModelMeasures(
        len(bad),
        int(bad.sum()),
        area,
        low,
        high,
        ks(probability, bad),
        float(np.mean((probability - bad) ** 2)),
        calibration_error(probability, bad),
        calibration_slope(probability, bad),
    )


def _ranks(values: Floats) -> Floats:
    """Ranks from 1, ties at their mean."""
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    first = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    sizes = np.diff(np.r_[first, len(values)])
    out = np.empty(len(values))
    out[order] = np.repeat(first + (sizes + 1) / 2, sizes)
    return out


def auc(score: Floats, bad: Ints) -> tuple[float, float]:
    """Area under the curve and its standard error (DeLong 1988, by ranks as Sun and Xu 2014).

    Scores .1 .4 .35 .8 of outcomes 0 0 1 1: three of four pairs stand right, .75.
    """
    worse, better = score[bad == 1], score[bad == 0]
    m, n = len(worse), len(better)
    all_ranks = _ranks(np.r_[worse, better])
    area = (all_ranks[:m].sum() - m * (m + 1) / 2) / (m * n)
    of_worse = (all_ranks[:m] - _ranks(worse)) / n
    of_better = 1 - (all_ranks[m:] - _ranks(better)) / m
    spread = (of_worse.var(ddof=1) / m if m > 1 else 0.0) + (of_better.var(ddof=1) / n if n > 1 else 0.0)
    return float(area), sqrt(float(spread))


def ks(score: Floats, bad: Ints) -> float:
    """The widest gap between the two kinds' shares below a score (Kolmogorov and Smirnov)."""
    order = np.argsort(score, kind="stable")
    ordered, kind = score[order], bad[order]
    gap = np.cumsum(kind) / kind.sum() - np.cumsum(1 - kind) / (len(kind) - kind.sum())
    last = np.r_[ordered[1:] != ordered[:-1], True]
    return float(np.abs(gap[last]).max())


def bands(probability: Floats, bad: Ints, parts: int = BANDS) -> list[tuple[int, float, float]]:
    """Of each of `parts` bands with equally many rows, from the best: rows, mean probability, share gone wrong."""
    order = np.argsort(probability, kind="stable")
    told = []
    for part in np.array_split(order, min(parts, len(order))):
        told.append((len(part), float(probability[part].mean()), float(bad[part].mean())))
    return told


def calibration_error(probability: Floats, bad: Ints) -> float:
    """Expected calibration error: how far, on the average of ten bands, what was said lies from what came."""
    return sum(n * abs(said - came) for n, said, came in bands(probability, bad)) / len(bad)


def calibration_slope(probability: Floats, bad: Ints) -> float:
    """Slope of the outcome on the log odds said: 1 is right, below 1 the model says too much, above too little."""
    return logistic_line(log_odds(probability), bad)[1]


def logistic_line(x: Floats, bad: Ints) -> tuple[float, float]:
    """Height and slope of the log odds of outcomes [n] on a figure [n], by Newton steps, halved where one goes too far.

    The figure is brought to mean 0 and spread 1 first. One that does not vary gives slope 0 at the average.
    """
    middle, spread = float(x.mean()), float(x.std())
    if spread < 1e-5:  # one probability for all: nothing rises
        return float(log_odds(np.array([bad.mean()]))[0]), 0.0
    design, told = np.c_[np.ones(len(x)), (x - middle) / spread], np.zeros(2)
    loss = loss_of(design @ told, bad)
    for _ in range(60):
        p = probability_of(design @ told)
        weight = np.maximum(p * (1 - p), 1e-9)
        step = np.linalg.solve(design.T @ (design * weight[:, None]) + 1e-6 * np.eye(2), design.T @ (bad - p))
        while loss_of(design @ (told + step), bad) > loss + 1e-12 and np.abs(step).max() > 1e-9:
            step /= 2
        told = told + step
        loss = loss_of(design @ told, bad)
        if np.abs(step).max() < 1e-8:
            break
    slope = float(told[1]) / spread
    return float(told[0]) - slope * middle, slope


def probability_of(odds: Floats) -> Floats:
    """Probabilities of log odds, held within 35 of even so that nothing overflows."""
    return np.asarray(1 / (1 + np.exp(-np.clip(odds, -35, 35))))


def loss_of(odds: Floats, bad: Ints) -> float:
    """What outcomes [n] cost log odds [n]: minus their log likelihood. One row at even odds: log 2 = .693."""
    return float(np.logaddexp(0, odds).sum() - (bad * odds).sum())


def log_odds(probability: Floats) -> Floats:
    """Log odds of probabilities, kept off 0 and 1."""
    p = np.clip(probability, 1e-6, 1 - 1e-6)
    return np.asarray(np.log(p / (1 - p)))
