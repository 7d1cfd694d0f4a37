"""What a picture of a model is drawn from: its curve, the gap between the two kinds, its bands, its ranges."""

import itertools
from math import sqrt
from typing import Any

import numpy as np
import numpy.typing as npt

from afterloan.risk.bins import Bins
from afterloan.risk.measure import Z95, bands

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
POINTS = 100  # of a curve that is drawn


def curve(probability: Floats, bad: Ints) -> list[tuple[float, float]]:
    """Points of the curve from (0, 0) to (1, 1): share of the good and of the bad that lie above each cut.

    Scores .1 .4 .35 .8 of outcomes 0 0 1 1: (0, 0), (0, .5), (.5, .5), (.5, 1), (1, 1).
    """
    order = np.argsort(-probability, kind="stable")
    ordered, gone = probability[order], bad[order]
    last = np.r_[ordered[1:] != ordered[:-1], True]
    caught = np.r_[0.0, np.cumsum(gone)[last] / gone.sum()]
    alarmed = np.r_[0.0, np.cumsum(1 - gone)[last] / (len(gone) - gone.sum())]
    few = np.unique(np.linspace(0, len(caught) - 1, POINTS + 1).astype(int))
    return [(float(alarmed[k]), float(caught[k])) for k in few]


def gap(probability: Floats, bad: Ints) -> dict[str, Any]:
    """Shares of the good and of the bad up to each probability, and where they lie farthest apart."""
    order = np.argsort(probability, kind="stable")
    ordered, gone = probability[order], bad[order]
    last = np.flatnonzero(np.r_[ordered[1:] != ordered[:-1], True])
    worse = np.cumsum(gone)[last] / gone.sum()
    better = np.cumsum(1 - gone)[last] / (len(gone) - gone.sum())
    widest = int(np.argmax(np.abs(better - worse)))
    few = np.unique(np.r_[np.linspace(0, len(last) - 1, POINTS).astype(int), widest])
    return {
        "rows": [float(last[k] + 1) / len(ordered) for k in few],
        "good": [float(better[k]) for k in few],
        "bad": [float(worse[k]) for k in few],
        "widest": float(abs(better[widest] - worse[widest])),
        "at": float(ordered[last[widest]]),
        "at_rows": float(last[widest] + 1) / len(ordered),
    }


def said_and_came(probability: Floats, bad: Ints) -> list[dict[str, float]]:
    """Of ten bands with equally many rows: said, came, and between what came lies 95 times of 100 (Wilson 1927)."""
    told = []
    for rows, said, came in bands(probability, bad):
        low, high = wilson(came, rows)
        told.append({"rows": rows, "said": said, "came": came, "low": low, "high": high})
    return told


def wilson(share: float, rows: int) -> tuple[float, float]:
    """The 95 % interval of a share of `rows`. 10 of 100: .055 to .174."""
    near = 1 + Z95**2 / rows
    middle = (share + Z95**2 / (2 * rows)) / near
    half = Z95 / near * sqrt(share * (1 - share) / rows + Z95**2 / (4 * rows**2))
    return middle - half, middle + half


def lift(probability: Floats, bad: Ints) -> list[dict[str, float]]:
    """Of each tenth from the worst: share gone bad, how many times the average, share of all bad caught so far."""
    found, caught = [], 0.0
    average = float(bad.mean())
    for rows, _, came in reversed(bands(probability, bad)):
        caught += rows * came / float(bad.sum())
        found.append({"rows": rows, "came": came, "times": came / average, "caught": caught})
    return found


def ranges(bins: Bins, weight: float) -> list[dict[str, Any]]:
    """Each bin of a scorecard's column in words with what it adds to the log odds: `3 to 7` +.42."""
    if bins.is_word:
        told = [
            (", ".join(sorted(w for w, at in bins.words.items() if at == k)), e) for k, e in enumerate(bins.evidence)
        ]
    else:
        ends = [f"{edge:,.6g}" for edge in bins.edges]
        names = ["all"] if not ends else [f"< {ends[0]}", *map(" … ".join, itertools.pairwise(ends)), f"≥ {ends[-1]}"]
        told = list(zip(names, bins.evidence, strict=True))
    told += [(f"{code:g}", e) for code, e in bins.specials.items()]
    told += [("not recorded", bins.missing)]
    return [{"range": name, "adds": round(weight * e, 3)} for name, e in told]
