"""A model of what the steps of a day bring: learnt from choices drawn by chance, judged by later ones, kept as data."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import yaml

from afterloan.risk.choice import FIGURES, NONE, ChoiceRule, LearntEffects, Menu, choose, logs
from afterloan.risk.table import TableRefused
from afterloan.risk.treat import (
    LEAST_ARM,
    Effects,
    Floats,
    Ints,
    LogRefused,
    TreatmentLog,
    check_randomised,
    learn_effects,
)

PURPOSE = "treatment"
FORMAT = "afterloan-treatment 1"
OUTCOME = "what was overdue paid within the days of the rule"
FILES = ("card.yaml", "treatment.json")
CARD = ("borrowers", "feature_groups", "learnt_from", "options", "rows", "trained_through", "went_bad")
"""What a card says beside purpose, format and figures."""
LEAST_JUDGED = 100
"""Rows that the later log has to be worth for the choices of the model, before it is used."""


@dataclass(frozen=True, slots=True)
class ChoiceLog:
    """What was chosen by chance. `day`, `borrower`, `given` (an option) and `paid` (1: within the days) [n] each;
    `chance` [n, options] of the menu."""

    menu: Menu
    day: Ints
    borrower: Ints
    given: Ints
    chance: Floats
    paid: Ints

    def rows(self, which: Any) -> "ChoiceLog":
        """Some rows of it."""
        return ChoiceLog(
            self.menu.rows(which), self.day[which], self.borrower[which], self.given[which], self.chance[which],
            self.paid[which],
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class ChoiceModel:
    """A model with its card: `learnt` options and effects; `card` for people and machines."""

    card: dict[str, Any]
    learnt: LearntEffects


def learn_choices(log: ChoiceLog, first_on: str, last_on: str) -> ChoiceModel:
    """Effects of the options that were given 50 times or more. Raises LogRefused.

    `first_on`, `last_on`: the days of the log as dates; what is judged later lies after the last.
    """
    kept = _often_given(log)
    which = np.isin(log.given, kept)
    drawn = _as_log(log.rows(which), kept)
    learnt = LearntEffects(tuple(log.menu.options[k] for k in kept), learn_effects(drawn))
    shares = [(name, drawn.arm == k, drawn.chance[drawn.arm == k, k]) for k, name in enumerate(learnt.options)]
    card = {
        "format": FORMAT, "purpose": PURPOSE, "outcome": OUTCOME, "figures": list(FIGURES), "feature_groups": [],
        "learnt_from": first_on, "trained_through": last_on, "rows": int(which.sum()),
        "borrowers": len(np.unique(log.borrower[which])), "went_bad": int((1 - log.paid[which]).sum()),
        "options": {
            name: {
                "rows": int(at.sum()),
                "paid": round(float(np.average(drawn.outcome[at], weights=1 / chances)), 4),
            }
            for name, at, chances in shares
        },
        "left_out": [log.menu.options[k] for k in range(len(log.menu.options)) if k not in kept],
    }  # fmt: skip
    return ChoiceModel(card, learnt)


def _often_given(log: ChoiceLog) -> list[int]:
    """The options to learn, `none` first. Raises LogRefused where `none` or all others were given too seldom."""
    given = np.bincount(log.given, minlength=len(log.menu.options))
    kept = [k for k in range(len(given)) if given[k] >= LEAST_ARM]
    if not kept or kept[0] != 0 or len(kept) < 2:
        told = ", ".join(f"{log.menu.options[k]} {given[k]:,}" for k in range(len(given))) or "no choice"
        raise LogRefused(
            f"the log holds {told}; {LEAST_ARM} of `{NONE}` and of another are needed: let the night explore "
            "(pack `treatments`), and wait until outcomes are known"
        )
    return kept


def _as_log(log: ChoiceLog, kept: Sequence[int]) -> TreatmentLog:
    """The log of some options: chances are those among them, given that one of them was given."""
    chance = log.chance[:, list(kept)]
    chance = chance / chance.sum(axis=1, keepdims=True)
    arm = np.searchsorted(np.array(kept), log.given)
    return TreatmentLog(arm, chance, log.paid, logs(log.menu.figures))


@dataclass(frozen=True, slots=True)
class ChoicesJudged:
    """What a model's choices would have brought a row more than the ladder, in minor units, with the 95 % interval.

    `rows` of `borrowers` on `days`, all after what it learnt from; `worth_rows`: how many the log is worth for them.
    `otherwise`: on how many rows it chooses otherwise; `refused`: why the log cannot be believed, else empty.
    """

    rows: int
    borrowers: int
    days: int
    gain_fen: float
    low_fen: float
    high_fen: float
    ladder_fen: float
    worth_rows: float
    otherwise: int
    refused: str = ""

    def told(self) -> dict[str, Any]:
        """For machines."""
        return {
            "rows": self.rows, "borrowers": self.borrowers, "days": self.days,
            "gain": [round(self.low_fen, 2), round(self.gain_fen, 2), round(self.high_fen, 2)],
            "ladder_fen": round(self.ladder_fen, 2), "worth_rows": round(self.worth_rows), "otherwise": self.otherwise,
            "refused": self.refused,
        }  # fmt: skip


def judge_choices(log: ChoiceLog, learnt: LearntEffects, rule: ChoiceRule) -> ChoicesJudged:
    """The model's choices against the ladder on rows that it did not learn from, each day in its room.

    Doubly robust: what the model says of both, and where the log gave what one of them gives, what truly came over what
    was said, weighed by the inverse of its chance. Rows of one borrower count as one for the interval.
    """
    n = len(log.given)
    if not n:
        return ChoicesJudged(0, 0, 0, 0.0, 0.0, 0.0, 0.0, 0.0, 0, "no choice since it learnt has its outcome yet")
    refused = ""
    try:
        check_randomised(_as_log(log, range(len(log.menu.options))), least_arm=0)
    except LogRefused as error:
        refused = str(error)
    policy = _policy(log, learnt, rule)
    ladder = np.eye(len(log.menu.options))[log.menu.whole]
    every = np.arange(n)
    cost = np.array([rule.cost_fen(name) for name in log.menu.options], np.float64)
    worth = log.menu.arrears_fen * rule.worth_permille / 1_000
    paid = learnt.paid(log.menu)
    expected = np.nan_to_num(paid) * worth[:, None] - cost
    brought = log.paid * worth - cost[log.given]
    chance = np.maximum(log.chance[every, log.given], 1e-9)
    over = (brought - expected[every, log.given]) / chance
    differs = policy - ladder
    gain = (differs * expected).sum(axis=1) + differs[every, log.given] * over
    plain = (ladder * expected).sum(axis=1) + ladder[every, log.given] * over
    weight = policy[every, log.given] / chance
    middle = float(gain.mean())
    off = 1.96 * _error_of(gain, log.borrower)
    otherwise = int((policy.argmax(axis=1) != log.menu.whole).sum())
    return ChoicesJudged(
        n, len(np.unique(log.borrower)), len(np.unique(log.day)), middle, middle - off, middle + off,
        float(plain.mean()), float(weight.sum() ** 2 / max(float((weight**2).sum()), 1e-12)), otherwise, refused,
    )  # fmt: skip


def _policy(log: ChoiceLog, learnt: LearntEffects, rule: ChoiceRule) -> Floats:
    """What the model would give each row [n, options], day by day in the room of a day; nothing drawn."""
    policy = np.zeros((len(log.given), len(log.menu.options)))
    for day in np.unique(log.day).tolist():
        at = np.flatnonzero(log.day == day)
        nobody = np.full(len(at), 1_000_000)
        chosen = choose(log.menu.rows(at), learnt, rule, nobody)
        policy[at, chosen.option] = 1.0
    return policy


def _error_of(gain: Floats, borrower: Ints) -> float:
    """Standard error of the mean of rows [n] that come in borrowers: sums by borrower are what is independent."""
    _, at = np.unique(borrower, return_inverse=True)
    sums = np.bincount(at, weights=gain - gain.mean())
    return float(np.sqrt((sums**2).sum()) / len(gain))


@dataclass(frozen=True, slots=True)
class ChoiceGate:
    """One gate: whether it is passed, and what was found against what is asked for."""

    name: str
    passed: bool
    found: str


def choice_gates(judged: ChoicesJudged, without_hold_out: Sequence[str]) -> list[ChoiceGate]:
    """Every gate that a model of treatments passes before the night chooses by it.

    `without_hold_out`: ladders in use that leave nobody untreated for the comparison.
    """
    value = (
        f"{judged.gain_fen / 100:+,.2f} a row over today's ladder, interval {judged.low_fen / 100:+,.2f} to "
        f"{judged.high_fen / 100:+,.2f}; its low end must be above 0"
    )
    rows = (
        f"{judged.rows:,} rows of {judged.borrowers:,} borrowers on {judged.days:,} days since it learnt, worth "
        f"{judged.worth_rows:,.0f} for its choices; {LEAST_JUDGED} at least"
    )
    held = f"no hold-out at {', '.join(without_hold_out)}; switch one on (`hold_out.switch`)"
    return [
        ChoiceGate("randomised", not judged.refused, judged.refused or "drawn as told"),
        ChoiceGate("rows", judged.worth_rows >= LEAST_JUDGED, rows),
        ChoiceGate("value", judged.low_fen > 0, value),
        ChoiceGate("hold-out", not without_hold_out, held if without_hold_out else "kept at every ladder in use"),
    ]


def choice_parts(model: ChoiceModel) -> dict[str, str]:
    """The files of a model by name."""
    effects = model.learnt.effects
    told = {
        "options": list(model.learnt.options), "weights": effects.weights.tolist(), "middle": effects.middle.tolist(),
        "spread": effects.spread.tolist(),
    }  # fmt: skip
    files = {
        "card.yaml": yaml.safe_dump(model.card, allow_unicode=True, sort_keys=False),
        "treatment.json": json.dumps(told, indent=1) + "\n",
    }
    return files | {"sha256": "".join(f"{_mark(text)}  {name}\n" for name, text in sorted(files.items()))}


def choice_model_of(files: Mapping[str, str]) -> ChoiceModel:
    """The model that files hold. Raises TableRefused where one is missing, changed, or of another format."""
    lines = (line.partition("  ") for line in files.get("sha256", "").splitlines())
    marks = {name: mark for mark, _, name in lines}
    for name in FILES:
        if name not in files:
            raise TableRefused(f"the model's file {name} is missing: bring the folder whole")
        if marks.get(name) != _mark(files[name]):
            raise TableRefused(f"the model's file {name} is not what was approved: its sha256 differs; train it again")
    card, told = yaml.safe_load(files["card.yaml"]), json.loads(files["treatment.json"])
    if card.get("format") != FORMAT or card.get("figures") != list(FIGURES):
        raise TableRefused(f"the model is of format {card.get('format')!r}; {FORMAT!r} is read here: train it again")
    if lost := sorted(set(CARD) - set(card)):
        raise TableRefused(f"card.yaml does not say {', '.join(lost)}; train it again")
    weights, middle, spread = (np.array(told[name], np.float64) for name in ("weights", "middle", "spread"))
    k = len(FIGURES)
    if weights.shape != (len(told["options"]), k + 1) or middle.shape != (k,) or spread.shape != (k,):
        raise TableRefused("treatment.json holds another number of figures than its card; train it again")
    if told["options"][:1] != [NONE] or not np.isfinite(weights).all():
        raise TableRefused(f"treatment.json: does not begin with `{NONE}`, or a weight is no number; train it again")
    return ChoiceModel(card, LearntEffects(tuple(told["options"]), Effects(weights, middle, spread)))


def is_choice_model(files: Mapping[str, str]) -> bool:
    """Whether files are those of a model of treatments."""
    return "treatment.json" in files


def _mark(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
