"""A log of treatments as a table: what each one did, whom to give which next time, and what that would have brought."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from afterloan.risk.table import TableRefused, columns_of_any, outcomes
from afterloan.risk.treat import Ints, LogRefused, TreatmentLog, assign, judged, learn_effects, values_of

CHANCE = "chance_"


def log_of(frame: pl.DataFrame, arm: str, label: str, alone: str) -> tuple[TreatmentLog, list[str], list[str]]:
    """The log in a table, names of its treatments (`alone` first) and of its figures. Raises LogRefused, TableRefused.

    For each treatment NAME a column `chance_NAME`: with what chance it was drawn for that row. All other columns of
    numbers are what was known before the draw.
    """
    if arm not in frame.columns:
        raise TableRefused(f"column {arm!r}: not in the table; name the column of the treatment given")
    names = sorted(c.removeprefix(CHANCE) for c in frame.columns if c.startswith(CHANCE))
    if not names:
        raise LogRefused(
            "no column says by what chance a treatment was drawn (chance_NAME for each): such a log tells whom a rule "
            "chose, not what a treatment does. Bring rows of the hold-out and of arms drawn by chance"
        )
    if alone not in names:
        raise LogRefused(f"no treatment is called {alone!r} (left alone); there are: {', '.join(names)}")
    names = [alone, *(name for name in names if name != alone)]
    given = frame[arm].cast(pl.String).to_list()
    odd = next((k for k, name in enumerate(given) if name not in names), None)
    if odd is not None:
        raise LogRefused(f"row {odd + 1}: treatment {given[odd]!r} has no column {CHANCE}{given[odd]}")
    gone = outcomes(frame, label)
    columns = columns_of_any(frame.drop(arm, label))
    chance = np.column_stack([columns[CHANCE + name] for name in names]).astype(np.float64)
    facts = {n: c for n, c in columns.items() if not n.startswith(CHANCE) and c.dtype != object}
    facts = {n: np.where(np.isnan(c), np.nanmean(c), c) for n, c in facts.items() if not np.isnan(c).all()}
    if not facts:
        raise TableRefused("no column of numbers is left that was known before the draw")
    at = np.array([names.index(name) for name in given])
    return TreatmentLog(at, chance, gone, np.column_stack(list(facts.values()))), names, list(facts)


def part_of(log: TreatmentLog, which: Ints) -> TreatmentLog:
    """Some rows of a log."""
    return TreatmentLog(log.arm[which], log.chance[which], log.outcome[which], log.facts[which])


def weighed(
    log: TreatmentLog,
    names: list[str],
    worth: np.ndarray,
    costs: Mapping[str, float],
    capacity: Mapping[str, int],
    seed: int = 1,
) -> dict[str, Any]:
    """Effects learnt on one half, assigned and judged on the other, which they did not see; for machines.

    `worth` [n]: what a cure of the row brings; `costs`, `capacity` (of the whole table) by treatment.
    """
    rng = np.random.Generator(np.random.Philox(seed))
    half = rng.permutation(len(log.arm))
    learn, try_ = half[: len(half) // 2], half[len(half) // 2 :]
    effects = learn_effects(part_of(log, learn))
    rest, gains = part_of(log, try_), worth[try_]
    cost = np.array([0.0, *(costs.get(name, 0.0) for name in names[1:])])
    places = np.array([len(try_), *(capacity.get(name, len(log.arm)) // 2 for name in names[1:])])
    cured = effects.cured(rest.facts)
    chosen = assign(values_of(cured, gains, cost, rest.chance > 0), places)
    brought = rest.outcome * gains - cost[rest.arm]
    expected = cured * gains[:, None] - cost
    told = {
        name: judged(rest, np.eye(len(names))[arm], brought, expected)
        for name, arm in (("assigned", chosen.arm), ("all left alone", np.zeros(len(try_), np.int64)))
    }
    alone = log.arm == 0
    base = float(log.outcome[alone].mean())
    return {
        "rows": len(log.arm),
        "treatments": {name: _effect(log, k, base, int(alone.sum())) for k, name in enumerate(names)},
        "assigned": dict(zip(names, np.bincount(chosen.arm, minlength=len(names)).tolist(), strict=True)),
        "price": dict(zip(names, np.round(chosen.price, 2).tolist(), strict=True)),
        "gap_ppm": round(1e6 * (chosen.bound - chosen.value) / max(abs(chosen.bound), 1e-9)),
        "as_logged": round(float(brought.mean()), 4),
        "judged": {
            name: {
                "each": round(j.value, 4),
                "low": round(j.low, 4),
                "high": round(j.high, 4),
                "rows": round(j.weight_of),
            }
            for name, j in told.items()
        },
    }


def _effect(log: TreatmentLog, k: int, base: float, alone: int) -> dict[str, Any]:
    """How often treatment `k` was followed by a cure, and by how much more than none, with a 95 % interval."""
    at = log.arm == k
    weight = 1 / log.chance[at, k]
    cured = float(np.average(log.outcome[at], weights=weight))
    rows = float(weight.sum() ** 2 / (weight**2).sum())
    error = 1.96 * np.sqrt(cured * (1 - cured) / rows + (base * (1 - base) / alone if k else 0.0))
    return {
        "rows": int(at.sum()), "cured": round(cured, 4), "uplift": round(cured - base if k else 0.0, 4),
        "low": round(cured - base - error if k else 0.0, 4), "high": round(cured - base + error if k else 0.0, 4),
    }  # fmt: skip
