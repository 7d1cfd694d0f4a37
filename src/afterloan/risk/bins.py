"""A column cut into a few bins, each with its weight of evidence: what a value says for or against going wrong.

A number's bins are ranges, monotone in the direction that is declared or, undeclared, in the one the data support; a
shape that turns is kept only where the data speak for it clearly. A word's bins are groups of words with like outcomes.
Special codes are bins of their own, and so is what is missing: neither is a number.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import log
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

BINS = 8  # ranges of a number at most
FINEST = 25  # equal parts that a column is first cut into
SMALLEST = 0.04  # share of the rows that a range holds at least …
FEWEST = 15  # … and rows
PROVES_NOTHING = 0.2  # log likelihood that a parting must bring; more would merge what small tables still tell
CUT_ON = 100_000  # rows that the first cut is made by; all rows are counted into it
DOUBT = 20.0  # rows of average outcome mixed into each bin: a bin of three rows proves nothing


@dataclass(frozen=True, slots=True)
class Bins:
    """The bins of one column. `edges` [k-1] part the ranges (a value equal to an edge lies above it); `evidence` [k].

    `words`: the bin of each known word (then `edges` is empty). `specials`: the evidence of each special code.
    `missing`: of a value that is not there; `other`: of a word never seen, 0.0: it says nothing.
    Evidence is in log odds of going wrong against the average; above 0: worse.
    """

    name: str
    edges: tuple[float, ...] = ()
    evidence: tuple[float, ...] = (0.0,)
    words: dict[str, int] = field(default_factory=dict)
    specials: dict[float, float] = field(default_factory=dict)
    missing: float = 0.0
    other: float = 0.0
    is_word: bool = False
    sign: int = 0

    def of(self, values: npt.NDArray[Any]) -> Floats:
        """Evidence [n] of a column [n]: numbers with NaN for missing, or words with None."""
        if self.is_word:
            known = {word: self.evidence[k] for word, k in self.words.items()}
            return of_words(values, known, missing=self.missing, other=self.other)
        numbers = values.astype(np.float64)
        out = np.asarray(self.evidence)[np.searchsorted(self.edges, numbers, side="right")]
        out[np.isnan(numbers)] = self.missing
        for code, evidence in self.specials.items():
            out[numbers == code] = evidence
        return out

    def best(self) -> float:
        """The evidence of its best bin: the least that a known value can cost."""
        return min([*self.evidence, *self.specials.values()])

    def span(self) -> float:
        """How far apart the best and the worst of its bins are."""
        told = [*self.evidence, *self.specials.values()]
        return max(told) - min(told)


def of_words(values: npt.NDArray[Any], known: Mapping[str, float], missing: float, other: float) -> Floats:
    """The number of each word [n] by a table of them; of None `missing`, of a word not in the table `other`."""
    words = pl.Series(values.tolist(), dtype=pl.String)
    if not known:
        return np.where(words.is_null().to_numpy(), missing, other)
    told = words.replace_strict(dict(known), default=other, return_dtype=pl.Float64)
    return np.where(words.is_null().to_numpy(), missing, told.to_numpy())


def evidence_of(bad: Floats, rows: Floats, average: float) -> Floats:
    """Weight of evidence of bins with `bad` of `rows`: log odds against the average, doubt mixed in.

    30 bad of 100 where 20 % are bad on average: log((30 + 4) / (70 + 16)) - log(.2 / .8) = .458.
    """
    good = rows - bad
    told = np.log((bad + DOUBT * average) / (good + DOUBT * (1 - average)))
    return np.asarray(told - log(average / (1 - average)))


def cut_number(
    name: str, values: Floats, bad: Ints, *, sign: int = 0, specials: Sequence[float] = (), bins: int = BINS
) -> Bins:
    """The bins of a number [n], NaN where missing. `sign` +1: more is worse; -1: more is better; 0: as the data say."""
    average = float(bad.mean())
    special = np.isin(values, np.asarray(specials, float)) if len(specials) else np.zeros(len(values), bool)
    missing = np.isnan(values)
    plain = ~(special | missing)
    edges, evidence = _ranges(values[plain], bad[plain], average, sign, bins)
    told = {}
    for code in specials:
        at = values == code
        told[float(code)] = float(evidence_of(np.array([bad[at].sum()]), np.array([at.sum()]), average)[0])
    lost = float(evidence_of(np.array([bad[missing].sum()]), np.array([missing.sum()]), average)[0])
    return Bins(name, edges, evidence, specials=told, missing=lost, sign=sign)


def _ranges(
    values: Floats, bad: Ints, average: float, sign: int, bins: int
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    if not len(values):
        return (), (0.0,)
    edges = _first_cut(values if len(values) <= CUT_ON else _some(values))
    at = np.searchsorted(edges, values, side="right")
    rows = np.bincount(at, minlength=len(edges) + 1).astype(float)
    bads = np.bincount(at, bad, minlength=len(edges) + 1).astype(float)
    firsts = _shape(bads, rows, sign, bins)
    starts = np.asarray(firsts)
    told = evidence_of(np.add.reduceat(bads, starts), np.add.reduceat(rows, starts), average)
    return tuple(float(edges[k - 1]) for k in firsts[1:]), tuple(float(x) for x in told)


def _some(values: Floats) -> Floats:
    """CUT_ON of the values, drawn by chance that is the same each time."""
    return values[np.random.Generator(np.random.Philox(len(values))).integers(0, len(values), CUT_ON)]


def _first_cut(values: Floats) -> Floats:
    """Edges of up to FINEST parts with enough rows in each; between two values, so that rounding moves nobody."""
    distinct, rows = np.unique(values, return_counts=True)
    enough = max(FEWEST, SMALLEST * len(values), len(values) / FINEST)
    edges, held, left = [], 0, len(values)
    for k in range(len(distinct) - 1):
        held += rows[k]
        left -= rows[k]
        if left < enough:
            break
        if held >= enough:
            middle = (distinct[k] + distinct[k + 1]) / 2
            # two values a last digit apart have nothing between them: the middle is one of the two
            edges.append(middle if middle > distinct[k] else distinct[k + 1])
            held = 0
    return np.asarray(edges, float)


def _shape(bads: Floats, rows: Floats, sign: int, bins: int) -> list[int]:
    """First parts of the ranges: monotone in `sign`; in no declared sign the better of up, down and turning."""
    if sign:
        return _fewer(bads, rows, _pooled(bads, rows, sign), bins)
    up, down = (_fewer(bads, rows, _pooled(bads, rows, s), bins) for s in (1, -1))
    best = max(up, down, key=lambda firsts: _fit(bads, rows, firsts))
    free = _fewer(bads, rows, list(range(len(rows))), bins)
    price = log(rows.sum())  # of a turn, in log likelihood: noise turns too
    return free if _fit(bads, rows, free) - _fit(bads, rows, best) > price * (1 + _turns(bads, rows, free)) else best


def _turns(bads: Floats, rows: Floats, firsts: list[int]) -> int:
    rates = np.add.reduceat(bads, firsts) / np.add.reduceat(rows, firsts)
    steps = np.sign(np.diff(rates))
    return int((np.diff(steps[steps != 0]) != 0).sum())


def _fit(bads: Floats, rows: Floats, firsts: list[int]) -> float:
    """Log likelihood of the outcomes when each range has its own rate."""
    bad, all_ = np.add.reduceat(bads, firsts), np.add.reduceat(rows, firsts)
    return float(_likely(bad, all_).sum())


def _likely(bad: Floats, rows: Floats) -> Floats:
    good = rows - bad
    return np.asarray(_x_log(bad, rows) + _x_log(good, rows))


def _x_log(x: Floats, of: Floats) -> Floats:
    return np.asarray(np.where(x > 0, x * np.log(np.maximum(x, 1e-300) / of), 0.0))


def _pooled(bads: Floats, rows: Floats, sign: int) -> list[int]:
    """Neighbours that run against the direction are pooled until none does (isotonic regression)."""
    held: list[tuple[int, float, float]] = []
    for k in range(len(rows)):
        one = (k, float(bads[k]), float(rows[k]))
        while held and sign * (one[1] / one[2] - held[-1][1] / held[-1][2]) <= 0:
            first, bad, n = held.pop()
            one = (first, bad + one[1], n + one[2])
        held.append(one)
    return [first for first, _, _ in held]


def _fewer(bads: Floats, rows: Floats, firsts: list[int], bins: int) -> list[int]:
    """Merge the two neighbours that lose least until `bins` are left, and on while a parting proves nothing."""
    firsts = list(firsts)
    while len(firsts) > 1:
        bad, n = np.add.reduceat(bads, firsts), np.add.reduceat(rows, firsts)
        lost = _likely(bad[:-1], n[:-1]) + _likely(bad[1:], n[1:]) - _likely(bad[:-1] + bad[1:], n[:-1] + n[1:])
        k = int(np.argmin(lost))
        if len(firsts) <= bins and lost[k] > PROVES_NOTHING:
            break
        del firsts[k + 1]
    return firsts


def cut_word(name: str, values: npt.NDArray[Any], bad: Ints, *, bins: int = BINS) -> Bins:
    """The bins of a column of words [n], None where missing: rare words are one, words with like outcomes are one."""
    average = float(bad.mean())
    here = np.array([v is not None for v in values])
    distinct, at = np.unique(values[here].astype(str), return_inverse=True) if here.any() else (np.array([]), here)
    lost = float(evidence_of(np.array([bad[~here].sum()]), np.array([(~here).sum()]), average)[0])
    if not len(distinct):
        return Bins(name, missing=lost, is_word=True)
    rows = np.bincount(at, minlength=len(distinct)).astype(float)
    bads = np.bincount(at, bad[here], minlength=len(distinct)).astype(float)
    rare = rows < max(FEWEST, SMALLEST / 4 * len(values))
    group = np.where(rare, -1, np.arange(len(distinct)))
    keys = sorted(set(group.tolist()), key=lambda g: _rate(bads, rows, group == g, average))
    bad_of = np.array([bads[group == g].sum() for g in keys])
    rows_of = np.array([rows[group == g].sum() for g in keys])
    firsts = _fewer(bad_of, rows_of, list(range(len(keys))), bins)
    told = evidence_of(np.add.reduceat(bad_of, firsts), np.add.reduceat(rows_of, firsts), average)
    bin_of = {g: int(np.searchsorted(firsts, k, side="right")) - 1 for k, g in enumerate(keys)}
    words = {str(word): bin_of[int(g)] for word, g in zip(distinct, group, strict=True)}
    rest = float(told[bin_of[-1]]) if rare.any() else 0.0
    return Bins(name, evidence=tuple(float(x) for x in told), words=words, missing=lost, other=rest, is_word=True)


def _rate(bads: Floats, rows: Floats, which: npt.NDArray[np.bool_], average: float) -> float:
    return float((bads[which].sum() + DOUBT * average) / (rows[which].sum() + DOUBT))
