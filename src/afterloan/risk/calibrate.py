"""From a score to a probability: outcomes of rows that the score had not seen, made monotone and joined by lines."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from afterloan.risk.measure import log_odds, logistic_line

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
BAD_FOR_STEPS = 1_000  # gone wrong, at least, before steps are believed; below, a straight line in log odds
PER_STEP = 25  # gone wrong in a step, at least: a step of three rows is no probability


@dataclass(frozen=True, slots=True)
class ScoreCalibration:
    """Points of a line from log odds said to log odds that came: `said` [k] rising, `came` [k] rising."""

    said: tuple[float, ...]
    came: tuple[float, ...]

    def probability(self, odds: Floats) -> Floats:
        """Probabilities [n]; beyond the outermost points the log odds run on with slope 1, so that no two rows tie."""
        low, high = self.said[0], self.said[-1]
        told = np.interp(odds, self.said, self.came)
        told = told + np.minimum(odds - low, 0) + np.maximum(odds - high, 0)
        return np.asarray(1 / (1 + np.exp(-told)))


def calibrate(odds: Floats, bad: Ints) -> ScoreCalibration:
    """Fit on log odds [n] that were said of rows not seen in fitting, and their outcomes."""
    line = _line(odds, bad)
    return _steps(odds, bad) if bad.sum() >= BAD_FOR_STEPS else line


def _line(odds: Floats, bad: Ints) -> ScoreCalibration:
    """Two points of a logistic regression on the log odds (Platt 1999)."""
    height, slope = logistic_line(odds, bad)
    low, high = float(odds.min()), float(odds.max())
    if high - low < 1e-9 or slope <= 0:  # a score that says nothing, or the wrong: the average for all
        average = float(log_odds(np.array([bad.mean()]))[0])
        return ScoreCalibration((low, low + 1.0), (average, average + 1e-6))
    return ScoreCalibration((low, high), (height + slope * low, height + slope * high))


def _steps(odds: Floats, bad: Ints) -> ScoreCalibration:
    """Isotonic regression, its steps joined at their middles: rising everywhere, so that the order of rows stays."""
    order = np.argsort(odds, kind="stable")
    parts = np.array_split(order, max(2, int(bad.sum() / PER_STEP)))
    held: list[tuple[float, float, int]] = []  # Σ log odds, Σ bad, rows
    for part in parts:
        one = (float(odds[part].sum()), float(bad[part].sum()), len(part))
        while held and one[1] / one[2] <= held[-1][1] / held[-1][2]:
            odds_sum, gone, n = held.pop()
            one = (one[0] + odds_sum, one[1] + gone, one[2] + n)
        held.append(one)
    middles = np.array([total / n for total, _, n in held])
    rates = log_odds(np.array([(gone + 0.5) / (n + 1) for _, gone, n in held]))
    rates = np.maximum.accumulate(rates) + 1e-9 * np.arange(len(rates))  # the half row of doubt may turn two neighbours
    keep = np.r_[True, np.diff(middles) > 1e-9]
    if keep.sum() < 2:
        return _line(odds, bad)
    return ScoreCalibration(tuple(map(float, middles[keep])), tuple(map(float, rates[keep])))
