"""Columns that are one figure month by month (PAY_1 … PAY_6): their mean, worst, best and trend as columns too.

A table tells a history as numbered columns. Each alone says little; what they come to together is what an analyst
would write down first, so it is written down for her, under names that say what was done.
"""

import re
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Column = npt.NDArray[Any]
NUMBERED = re.compile(r"^(.*?\D)_?(\d{1,3})$")
LEAST = 3  # columns of a history
MORE_THAN = 2  # distinct values: yes and no month by month are flags of different things more often than a history


def series_of(columns: Mapping[str, Column]) -> dict[str, list[str]]:
    """Numbered columns by their common name, in order of their number: `{"PAY": ["PAY_1", "PAY_2", "PAY_3"]}`."""
    found: dict[str, list[tuple[int, str]]] = {}
    for name, values in columns.items():
        told = NUMBERED.match(name)
        if told and values.dtype != object:
            found.setdefault(told[1], []).append((int(told[2]), name))
    return {
        stem: [name for _, name in sorted(numbered)]
        for stem, numbered in found.items()
        if len(numbered) >= LEAST and _is_figure([columns[name] for _, name in numbered])
    }


def _is_figure(values: Sequence[Column]) -> bool:
    seen = np.unique(np.concatenate([np.unique(v[~np.isnan(v)]) for v in values]))
    return len(seen) > MORE_THAN


def derived(columns: Mapping[str, Column], series: Mapping[str, Sequence[str]]) -> dict[str, Floats]:
    """New columns [n] for each series: mean, greatest, least, first less last, first against the mean.

    `PAY` over 0, 2, 1: `mean of PAY` 1.0, `greatest of PAY` 2, `least of PAY` 0, `PAY first less last` -1.
    Months that are missing are left out; NaN where all are.
    """
    out: dict[str, Floats] = {}
    for stem, names in series.items():
        table = np.column_stack([columns[name] for name in names]).astype(np.float64)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # of rows that have nothing: NaN is what is meant
            mean, most, least = np.nanmean(table, 1), np.nanmax(table, 1), np.nanmin(table, 1)
        out[f"mean of {stem}"] = mean
        out[f"greatest of {stem}"] = most
        out[f"least of {stem}"] = least
        out[f"{stem} first less last"] = table[:, 0] - table[:, -1]
        out[f"{stem} first less mean"] = table[:, 0] - mean
    return out
