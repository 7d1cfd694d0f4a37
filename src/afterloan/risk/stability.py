"""How far a distribution has moved: the stability index of scores, figures and words."""

from collections.abc import Sequence
from math import log
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
PARTS = 10
WATCH, MOVED = 0.10, 0.25  # index from which one looks, and from which the population is another
LEAST_SHARE = 1e-4  # of a part that is empty on one side


def stability(before: Sequence[float], after: Sequence[float]) -> float:
    """Σ (after − before) × log(after / before) over parts of shares; empty parts count as one in ten thousand.

    Shares .5 .5 become .4 .6: −.1 × log .8 + .1 × log 1.2 = .0405.
    """
    told = 0.0
    for b, a in zip(before, after, strict=True):
        b, a = max(b, LEAST_SHARE), max(a, LEAST_SHARE)
        told += (a - b) * log(a / b)
    return told


def edges_of(values: Floats, parts: int = PARTS) -> list[float]:
    """Inner edges that cut values [n] into about equal parts; fewer where values repeat. Missing ones do not count."""
    here = values[~np.isnan(values)]
    if not len(here):
        return []
    inner = np.quantile(here, np.linspace(0, 1, parts + 1)[1:-1])
    return [float(x) for x in np.unique(inner)]


def shares_by(values: Floats, edges: Sequence[float]) -> list[float]:
    """The share of each range between edges, and last that of what is missing: [edges + 2]."""
    missing = np.isnan(values)
    at = np.searchsorted(np.asarray(edges, float), values[~missing], side="right")
    rows = np.bincount(at, minlength=len(edges) + 1)
    total = max(len(values), 1)
    return [*(float(r) / total for r in rows), float(missing.sum()) / total]


def words_apart(before: npt.NDArray[Any], after: npt.NDArray[Any]) -> float:
    """The stability index of words or codes, each its own part."""
    kinds = sorted({*before.tolist(), *after.tolist()}, key=str)
    shares = [[float((side == k).mean()) for k in kinds] for side in (before, after)]
    return stability(shares[0], shares[1])
