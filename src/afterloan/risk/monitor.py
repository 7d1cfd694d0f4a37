"""What has moved since a model learnt: figures, status codes, scores, outcomes, and which of it is an alarm."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from math import comb, exp, lgamma, log
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from afterloan.risk.measure import Z95, auc, calibration_error
from afterloan.risk.stability import MOVED, SURE, WATCH, by_chance, edges_of, shares_by, stability

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Column = npt.NDArray[Any]
MOST_CODES = 15  # distinct whole numbers or words, up to which a column is one of codes
RARE, COMMON = 0.01, 0.05  # a code below the one share in every month before and above the other now was coded anew
TIMES = 5.0
MISSING_MOVED = 0.05
FEWEST_BAD = 20  # of a month, below which its area under the curve is not told

Kind = Literal["definition", "moved", "missing", "new_word", "discrimination", "calibration", "fairness"]


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something a person must look at. `kind` `definition`: a code means something else now; that is not risk."""

    kind: Kind
    where: str
    month: str
    found: str

    def told(self) -> dict[str, str]:
        """JSON values."""
        return asdict(self)


def is_of_codes(values: Column) -> bool:
    """Whether a column is one of codes: words, or few whole numbers."""
    if values.dtype == object:
        return len({v for v in values if v is not None}) <= MOST_CODES
    here = values[~np.isnan(values)]
    return bool(len(here)) and not (here % 1).any() and len(np.unique(here)) <= MOST_CODES


def code_shares(values: Column) -> dict[str, float]:
    """The share of each code [n], "not recorded" among them."""
    if values.dtype == object:
        names = ["not recorded" if v is None else str(v) for v in values]
    else:
        names = ["not recorded" if np.isnan(v) else f"{v:g}" for v in values]
    kinds, rows = np.unique(np.array(names), return_counts=True)
    return {str(k): float(r) / len(values) for k, r in zip(kinds, rows, strict=True)}


def codes_apart(before: Mapping[str, float], after: Mapping[str, float]) -> float:
    """The stability index of shares by code."""
    kinds = sorted({*before, *after})
    return stability([before.get(k, 0.0) for k in kinds], [after.get(k, 0.0) for k in kinds])


def watch_codes(where: str, months: Mapping[str, Mapping[str, float]]) -> tuple[list[dict[str, Any]], list[Alarm]]:
    """Shares of a column's codes month by month, in order: the index against the month before, and what stands out.

    A code that was rare (under 1 %) in every month before and is common (over 5 %, five times as much) now was not
    earned by the borrowers: months late come one after another, so a wave of risk shows in its neighbours first. It is
    told as a change of definition. The same for a code that goes. Status 1 at .1 %, .0 %, .1 %, then 12 %: coded anew.
    """
    names = list(months)
    rows: list[dict[str, Any]] = []
    alarms: list[Alarm] = []
    for k in range(len(names)):
        now, last = months[names[k]], months[names[max(k - 1, 0)]]
        index = codes_apart(last, now)
        against = names[k - 1] if k else ""
        told_so = {"where": where, "month": names[k], "against": against, "index": round(index, 4)}
        rows.append(told_so | {"shares": dict(now)})
        if k == 0:
            continue
        before = {code: [months[m].get(code, 0.0) for m in names[:k]] for code in {*now, *last}}
        told = _coded_anew(where, names[k], now, before)
        alarms += told
        if index >= MOVED and not told:
            alarms.append(
                Alarm(
                    "moved",
                    where,
                    names[k],
                    f"stability index {index:.3f} against {names[k - 1]}; {MOVED} is another population",
                )
            )
    return rows, alarms


def _coded_anew(where: str, month: str, now: Mapping[str, float], before: Mapping[str, Sequence[float]]) -> list[Alarm]:
    found = []
    for code in sorted(before):
        share, then = now.get(code, 0.0), before[code]
        if code == "not recorded":
            if share > max(then) + MISSING_MOVED:
                found.append(
                    Alarm("missing", where, month, f"not recorded in {share:.1%}, before at most {max(then):.1%}")
                )
        elif share > COMMON and max(then) < RARE and share > TIMES * max(then):
            what = "was not there" if max(then) == 0 else f"was at most {max(then):.2%}"
            found.append(
                Alarm(
                    "definition",
                    where,
                    month,
                    f"code {code} is {share:.1%}, in every month before it {what}: coded otherwise, not risk",
                )
            )
        elif min(then) > COMMON and share < RARE:
            found.append(
                Alarm(
                    "definition",
                    where,
                    month,
                    f"code {code} is {share:.2%}, in every month before at least {min(then):.1%}: coded otherwise",
                )
            )
    return found


def watch_figures(where: str, months: Mapping[str, Floats]) -> tuple[list[dict[str, Any]], list[Alarm]]:
    """A column of numbers month by month against the first, in ten parts of it; what is missing is a part."""
    names = list(months)
    edges = edges_of(months[names[0]])
    first = shares_by(months[names[0]], edges)
    rows: list[dict[str, Any]] = []
    alarms: list[Alarm] = []
    for name in names[1:]:
        shares = shares_by(months[name], edges)
        index = stability(first, shares, len(months[name]))
        chance = by_chance(first, shares, len(months[name]), len(months[names[0]]))
        rows.append(
            {
                "where": where,
                "month": name,
                "against": names[0],
                "index": round(index, 4),
                "missing": round(shares[-1], 4),
            }
        )
        if shares[-1] > first[-1] + MISSING_MOVED:
            alarms.append(
                Alarm("missing", where, name, f"not recorded in {shares[-1]:.1%}, in {names[0]} {first[-1]:.1%}")
            )
        elif index >= MOVED and chance < SURE:
            alarms.append(
                Alarm(
                    "moved",
                    where,
                    name,
                    f"stability index {index:.3f} against {names[0]}; {MOVED} is another population",
                )
            )
    return rows, alarms


def against_card(where: str, month: str, values: Floats, told: Mapping[str, Any]) -> tuple[dict[str, Any], list[Alarm]]:
    """A figure now against the parts that a card tells of its learning days."""
    shares = shares_by(values, told["edges"])
    index, rows = stability(told["shares"], shares, len(values)), len(values)
    chance = by_chance(told["shares"], shares, rows)
    level = "stable" if index < WATCH or chance >= SURE else "watch" if index < MOVED else "moved"
    row = {"where": where, "month": month, "index": round(index, 4), "missing": round(shares[-1], 4), "level": level}
    row |= {"rows": rows, "chance": round(chance, 6)}
    return row, [
        Alarm("moved", where, month, f"stability index {index:.3f} against the days it learnt from")
    ] if level == "moved" else []


def latest_of(alarms: Sequence[Alarm], days: int) -> list[Alarm]:
    """One alarm for a figure that moved on several of the days it was looked at: the latest, with on how many."""
    if len(alarms) < 2:
        return list(alarms)
    last = alarms[-1]
    return [replace(last, found=f"{last.found}; moved on {len(alarms)} of {days} days")]


def watch_outcomes(
    said: Mapping[str, Floats], came: Mapping[str, Ints], learnt_auc: float
) -> tuple[list[dict[str, Any]], list[Alarm]]:
    """By month: rows, gone bad, area under the curve with its interval, calibration error.

    An alarm where the whole interval lies below what was measured out of time by more than .03.
    """
    rows: list[dict[str, Any]] = []
    alarms: list[Alarm] = []
    for month, probability in said.items():
        bad = came[month]
        row: dict[str, Any] = {
            "month": month,
            "rows": len(bad),
            "bad": int(bad.sum()),
            "said": round(float(probability.mean()), 6),
            "came": round(float(bad.mean()), 6),
        }
        if FEWEST_BAD <= bad.sum() <= len(bad) - FEWEST_BAD:
            area, error = auc(probability, bad)
            high = min(1.0, area + Z95 * error)
            row |= {
                "auc": round(area, 4),
                "auc_low": round(max(0.0, area - Z95 * error), 4),
                "auc_high": round(high, 4),
                "ece": round(calibration_error(probability, bad), 4),
            }
            if high < learnt_auc - 0.03:
                alarms.append(
                    Alarm(
                        "discrimination",
                        "score",
                        month,
                        f"area {area:.3f} (at most {high:.3f}), out of time it was {learnt_auc:.3f}",
                    )
                )
        rows.append(row)
    return rows, alarms


def watch_bands(bands: npt.NDArray[np.str_], said: Floats, bad: Ints) -> tuple[list[dict[str, Any]], list[Alarm]]:
    """Each band's outcomes against what was said of it: an alarm where chance explains them once in a thousand."""
    rows: list[dict[str, Any]] = []
    alarms: list[Alarm] = []
    for band in sorted(set(bands.tolist())):
        here = bands == band
        n, gone, told = int(here.sum()), int(bad[here].sum()), float(said[here].mean())
        chance = binomial(n, gone, told)
        rows.append(
            {"band": band, "rows": n, "said": round(told, 6), "came": round(gone / n, 6), "chance": round(chance, 6)}
        )
        if chance < SURE:
            alarms.append(Alarm("calibration", f"band {band}", "", f"{gone} of {n} went bad, {told:.2%} was said"))
    return rows, alarms


def binomial(n: int, k: int, p: float) -> float:
    """The chance of an outcome at least as far out, twice the smaller tail, at most 1. 8 of 10 at ½: .109."""
    p = min(max(p, 1e-12), 1 - 1e-12)

    def tail(low: int, high: int) -> float:
        if n <= 60:
            return float(sum(comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(low, high + 1)))
        spread = range(low, min(high, low + 5_000) + 1) if low > n * p else range(max(low, high - 5_000), high + 1)
        head = lgamma(n + 1)
        return sum(exp(head - lgamma(i + 1) - lgamma(n - i + 1) + i * log(p) + (n - i) * log(1 - p)) for i in spread)

    return min(1.0, 2 * min(tail(0, k), tail(k, n)))
