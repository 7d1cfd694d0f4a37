"""The gates that a model passes before it is used: better on days it never saw, calibrated, fair, stable, shadowed."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import pi, sqrt
from typing import Any

import numpy as np
import numpy.typing as npt

from afterloan.risk.measure import ModelMeasures, auc, bands, measured

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
RESAMPLES = 200
MOST_CALIBRATION_ERROR = 0.01
LEAST_IMPACT = 0.8
MOST_IMPACT_LOST = 0.02
MOST_UNSTABLE = 0.10
LEAST_SHADOW_DAYS = 1


@dataclass(frozen=True, slots=True)
class Weighed:
    """What is known of a candidate on days it did not learn from. `before`: of the model in use on the same rows.

    `gain`: area under the curve over the model in use (or over .5), low, middle, high of borrowers drawn anew.
    `error`, `error_before`: calibration error beyond what chance makes. `impact`: the adverse impact ratio by watched
    column. `unstable`: stability index of the score. `shadow_days`: days on which it was scored beside.
    """

    now: ModelMeasures
    before: ModelMeasures | None
    gain: tuple[float, float, float]
    error: float
    error_before: float | None
    impact: Mapping[str, float | None]
    impact_before: Mapping[str, float | None]
    unstable: float
    shadow_days: int

    def told(self) -> dict[str, Any]:
        """For machines."""
        return {
            "now": self.now.told(),
            "before": self.before.told() if self.before else None,
            "gain": [round(x, 6) for x in self.gain],
            "calibration_error_beyond_chance": round(self.error, 6),
            "impact": {k: None if v is None else round(v, 4) for k, v in self.impact.items()},
            "stability_index": round(self.unstable, 6),
            "shadow_days": self.shadow_days,
        }


@dataclass(frozen=True, slots=True)
class Gate:
    """One gate: whether it is passed, and what was found against what is asked for."""

    name: str
    passed: bool
    found: str


def gates(e: Weighed) -> list[Gate]:
    """Every gate with what was found; a model is used when all are passed."""
    against = "the model in use" if e.before else "chance"
    low, middle, high = e.gain
    gain = f"gain over {against} {middle:+.4f}, interval {low:+.4f} to {high:+.4f}; its low end must be above 0"
    shadow = f"scored beside on {e.shadow_days} days; on {LEAST_SHADOW_DAYS} at least (`afterloan risk score`)"
    return [
        Gate("gain", low > 0, gain),
        _calibration(e),
        *(_impact(name, ratio, e.impact_before.get(name)) for name, ratio in e.impact.items()),
        Gate("stability", e.unstable < MOST_UNSTABLE, f"stability index {e.unstable:.3f}; below {MOST_UNSTABLE}"),
        Gate("shadow", e.shadow_days >= LEAST_SHADOW_DAYS, shadow),
    ]


def _calibration(e: Weighed) -> Gate:
    told = f"calibration error beyond chance {e.error:.4f}; at most {MOST_CALIBRATION_ERROR}"
    worse = False
    if e.error_before is not None:
        # two standard errors of ten bands' mean gap: each gap spreads by .6 √(p (1 − p) / n of the band)
        share = e.now.bad / e.now.rows
        worse = e.error > max(e.error_before, 0.0) + 1.2 * sqrt(share * (1 - share) / e.now.rows)
        told += f" and not above {max(e.error_before, 0.0):.4f} of the model in use"
    return Gate("calibration", e.error <= MOST_CALIBRATION_ERROR and not worse, told)


def _impact(name: str, ratio: float | None, before: float | None) -> Gate:
    if ratio is None:
        return Gate(f"fairness by {name}", True, "too few of more than one group to judge")
    lost = before is not None and ratio < before - MOST_IMPACT_LOST
    told = f"adverse impact ratio {ratio:.3f}; at least {LEAST_IMPACT}"
    if before is not None:
        told += f" and not more than {MOST_IMPACT_LOST} below {before:.3f} of the model in use"
    return Gate(f"fairness by {name}", ratio >= LEAST_IMPACT and not lost, told)


def gain_of(new: Floats, old: Floats | None, bad: Ints, borrowers: Ints, seed: int = 1) -> tuple[float, float, float]:
    """Gain in area under the curve, [5 %, middle, 95 %] over borrowers drawn anew with all their rows, both scores
    on the same draw. `old` None: over .5."""
    order = np.argsort(borrowers, kind="stable")
    _, first, count = np.unique(borrowers[order], return_index=True, return_counts=True)
    rng = np.random.Generator(np.random.Philox(seed))
    gains = []
    for _ in range(RESAMPLES):
        drawn = rng.integers(0, len(first), len(first))
        lengths = count[drawn]
        ends = np.cumsum(lengths)
        rows = order[np.repeat(first[drawn] - ends + lengths, lengths) + np.arange(ends[-1])]
        gone = bad[rows]
        if 0 < gone.sum() < len(gone):
            gains.append(auc(new[rows], gone)[0] - (0.5 if old is None else auc(old[rows], gone)[0]))
    low, middle, high = np.quantile(gains, [0.05, 0.5, 0.95])
    return float(low), float(middle), float(high)


def error_beyond_chance(probability: Floats, bad: Ints) -> float:
    """Expected calibration error less what ten bands of a perfect model show by chance: √(2/π) × √(p (1 − p) / n) each.

    Ten bands of 100 rows at 50 %: chance alone shows .04.
    """
    told = 0.0
    for rows, said, came in bands(probability, bad):
        chance = sqrt(2 / pi) * sqrt(max(said * (1 - said), 0.0) / rows)
        told += rows * (abs(said - came) - chance)
    return told / len(bad)


def evidence(
    new: Floats,
    old: Floats | None,
    bad: Ints,
    borrowers: Ints,
    impact: Mapping[str, float | None],
    impact_before: Mapping[str, float | None],
    unstable: float,
    shadow_days: int,
    seed: int = 1,
) -> Weighed:
    """Weigh a candidate's probabilities [n] against those of the model in use on the same rows."""
    return Weighed(
        measured(new, bad),
        None if old is None else measured(old, bad),
        gain_of(new, old, bad, borrowers, seed),
        error_beyond_chance(new, bad),
        None if old is None else error_beyond_chance(old, bad),
        impact,
        impact_before,
        unstable,
        shadow_days,
    )
