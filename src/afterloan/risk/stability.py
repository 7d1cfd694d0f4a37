"""How far a distribution has moved: the stability index of scores, figures and words."""

from collections.abc import Sequence
from math import inf, log
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
PARTS = 10
WATCH, MOVED = 0.10, 0.25  # index from which one looks, and from which the population is another
LEAST_SHARE = 1e-4  # of a part that is empty on one side
SURE = 0.001  # chance below which what is found is no accident


def stability(before: Sequence[float], after: Sequence[float], rows: float = inf) -> float:
    """Σ (after − before) × log(after / before) over parts of shares; empty parts count as one in ten thousand.

    Shares .5 .5 become .4 .6: −.1 × log .8 + .1 × log 1.2 = .0405. Of few `rows` an empty part counts as half a row.
    """
    told, least = 0.0, max(LEAST_SHARE, 0.5 / rows)
    for b, a in zip(before, after, strict=True):
        b, a = max(b, LEAST_SHARE), max(a, least)
        told += (a - b) * log(a / b)
    return told


def by_chance(before: Sequence[float], after: Sequence[float], rows: int, rows_before: float = inf) -> float:
    """The chance that rows of the same population lie as far from its shares: χ² with one degree less than parts.

    60 rows of which .7 and .3 lie where .5 and .5 are told: 60 × (.04 / .5 + .04 / .5) = 9.6, a chance of .0019. A part
    that was empty counts as half a row; `rows_before`: of the shares before, where they are drawn too.
    """
    from scipy.special import chdtrc  # of the extra `risk`: a desk opens without it

    known = [(max(b, 0.5 / max(rows, 1)), a) for b, a in zip(before, after, strict=True) if b > 0 or a > 0]
    size = 1 / (1 / max(rows, 1) + 1 / rows_before)
    return float(chdtrc(max(len(known) - 1, 1), size * sum((a - b) ** 2 / b for b, a in known)))


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
