"""A made-up world in which it is known what each treatment does: orders that lenders use beside what a log teaches."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from afterloan.risk.limits import chance_drawn
from afterloan.risk.treat import (
    NEVER,
    TreatmentLog,
    assign,
    explore,
    judged,
    learn_effects,
    side_by_side,
    values_of,
)

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
TREATMENTS = ("left alone", "call", "message")
COST = np.array([0.0, 8.0, 2.0])
PLACES = (None, 0.1, 0.2)  # share of the borrowers that a day has room for, by treatment
HELD, NO_CALLS = 0.05, 0.15  # share on hold; share whom the ladder calls not that day


@dataclass(frozen=True, slots=True)
class TreatedWorld:
    """Borrowers in arrears: `facts` [n, 3] at home, forgets, days past due; `cured` [n, arms] the true chances."""

    facts: Floats
    cured: Floats
    worth: Floats
    allowed: npt.NDArray[np.bool_]


def world(n: int, seed: int) -> TreatedWorld:
    """A call helps who is at home, a message who forgot; the late come back seldom, whatever is done."""
    rng = np.random.Generator(np.random.Philox(seed))
    facts = np.c_[rng.normal(0, 1, n), rng.normal(0, 1, n), rng.exponential(30, n)]
    odds = -0.5 - 0.03 * facts[:, 2]
    call, text = odds + 0.8 + 0.8 * facts[:, 0], odds + 0.2 + 0.5 * facts[:, 1]
    draw = rng.random((n, 2))
    allowed = np.c_[np.ones(n, bool), draw[:, 1] >= NO_CALLS, np.ones(n, bool)]
    allowed[draw[:, 0] < HELD, 1:] = False
    return TreatedWorld(facts, 1 / (1 + np.exp(-np.c_[odds, call, text])), rng.lognormal(5, 0.6, n), allowed)


def log_of_world(n: int, seed: int) -> tuple[TreatedWorld, TreatmentLog]:
    """A month in which each got one of the treatments that the ladder allowed, drawn with like chances."""
    told = world(n, seed)
    rng = np.random.Generator(np.random.Philox(seed + 1_000))
    chance = told.allowed / told.allowed.sum(axis=1, keepdims=True)
    arm = np.minimum((rng.random(n)[:, None] > np.cumsum(chance, axis=1)).sum(axis=1), 2)
    outcome = (rng.random(n) < told.cured[np.arange(n), arm]).astype(np.int64)
    return told, TreatmentLog(arm, chance, outcome, told.facts)


def treated(n: int, seed: int, margin_ppm: int) -> dict[str, Any]:
    """What each way of choosing would truly bring over leaving all alone, in units of worth, for `n`.

    Learnt from a drawn month of as many borrowers and tried on others. `explored`: with the margin of chance and its
    propensities; `judged`: what the log of that month alone says of the learnt choice, with its interval, and whether
    it would be let in: its low end above the high end of leaving all alone.
    """
    here = world(n, seed)
    places = np.array([n, *(int(share * n) for share in PLACES[1:] if share is not None)])
    past, log = log_of_world(n, seed + 7)
    effects = learn_effects(log)
    truth = values_of(here.cured, here.worth, COST, here.allowed)
    said = values_of(effects.cured(here.facts), here.worth, COST, here.allowed)
    orders = {"days past due": here.facts[:, 2], "expected loss": (1 - here.cured[:, 0]) * here.worth}
    beside = side_by_side(truth, places, orders)
    rows = np.arange(n)
    learnt = assign(said, places)
    tried = explore(said, places, margin_ppm, chance_drawn(rows, seed))
    brings = {
        "left alone": 0.0, **{name: beside[name] for name in orders},
        "learnt": round(float(truth[rows, learnt.arm].sum()), 2),
        "learnt, explored": round(float(truth[rows, tried.arm].sum()), 2), "optimum": beside["optimum"],
    }  # fmt: skip
    return {
        "borrowers": n, "margin_ppm": margin_ppm, "brings": brings,
        "given": {name: np.bincount(arm, minlength=3).tolist() for name, arm in (
            ("learnt", learnt.arm), ("learnt, explored", tried.arm))},
        "treatments": list(TREATMENTS), "places": places.tolist(),
        "forbidden": int((truth[rows, tried.arm] <= NEVER / 2).sum()),
        "least_chance": round(float(tried.chance[rows, tried.arm].min()), 6), "judged": _judged(past, log, seed),
    }  # fmt: skip


def _judged(past: TreatedWorld, log: TreatmentLog, seed: int) -> dict[str, Any]:
    """Off-policy: effects learnt on one half of the log, the choice they make judged by the other half."""
    half = np.random.Generator(np.random.Philox(seed)).permutation(len(log.arm))
    one, other = half[: len(half) // 2], half[len(half) // 2 :]
    learnt = learn_effects(TreatmentLog(log.arm[one], log.chance[one], log.outcome[one], log.facts[one]))
    rest = TreatmentLog(log.arm[other], log.chance[other], log.outcome[other], log.facts[other])
    worth, cured = past.worth[other], learnt.cured(past.facts[other])
    places = np.array([len(other), *(int(share * len(other)) for share in PLACES[1:] if share is not None)])
    arm = assign(values_of(cured, worth, COST, past.allowed[other]), places).arm
    brought = rest.outcome * worth - COST[rest.arm]
    told = judged(rest, np.eye(len(COST))[arm], brought, cured * worth[:, None] - COST)
    alone = judged(rest, np.eye(len(COST))[np.zeros(len(arm), np.int64)], brought, cured * worth[:, None] - COST)
    true = float((past.cured[other, arm] * worth - COST[arm]).mean())
    return {
        "each": round(told.value, 4), "low": round(told.low, 4), "high": round(told.high, 4), "true": round(true, 4),
        "alone": round(alone.value, 4), "let_in": bool(told.low > alone.high),
    }  # fmt: skip
