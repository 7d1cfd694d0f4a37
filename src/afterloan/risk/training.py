"""From a panel of borrowers on many days to a model for a purpose, measured out of time, with bands and a card."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from afterloan.risk.declared import Declaration, Declared
from afterloan.risk.fair import fairness
from afterloan.risk.features.declared import Feature, groups
from afterloan.risk.measure import ModelMeasures, measured
from afterloan.risk.model import CHALLENGER, CHAMPION, Model, fit
from afterloan.risk.outcomes import Purpose
from afterloan.risk.stability import edges_of, shares_by
from afterloan.risk.table import TableRefused

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
OUTCOME = "outcome"
NOT_FEATURES = ("borrower", "as_of", "until", OUTCOME)
OUT_OF_TIME = 4  # a quarter of the as-of days, the last ones, are kept for measuring
BANDS = (("A", 0.25), ("B", 0.6), ("C", 1.5), ("D", 4.0), ("E", None))
"""Bands by the probability over the average one: below a quarter A, below six tenths B …; the rest E."""
WELL = ("A", "B", "C")
"""Bands whose borrowers are treated as good: what fairness is measured on."""
LEAST_BAD = 30


@dataclass(frozen=True, slots=True)
class Split:
    """A panel cut by time: `learn` as-of days whose outcomes were there before the first day of `test`."""

    learn: pl.DataFrame
    test: pl.DataFrame


def split_by_time(panel: pl.DataFrame) -> Split:
    """The last quarter of the as-of days is for measuring; days whose window reaches into it are left out."""
    days = panel["as_of"].unique().sort().to_list()
    if len(days) < OUT_OF_TIME:
        raise TableRefused(f"the book has outcomes of {len(days)} days only; {OUT_OF_TIME} are needed at least")
    first = days[len(days) - max(1, len(days) // OUT_OF_TIME)]
    learn = panel.filter((pl.col("as_of") < first) & (pl.col("until") < first))
    if not len(learn):
        raise TableRefused(f"no outcome is known before {first}: the book is too young for this purpose")
    return Split(learn, panel.filter(pl.col("as_of") >= first))


def declaration_of(features: Sequence[Feature]) -> Declaration:
    """What the declarations say of the columns: signs."""
    return Declaration(
        columns={f.name: Declared(sign=f.sign, kind="number") for f in features},
        leave_out=["borrower", "as_of", "until"], protected=[], histories=False,
    )  # fmt: skip


def train(panel: pl.DataFrame, purpose: Purpose, features: Sequence[Feature], seed: int = 1) -> Model:
    """Fit a model of a purpose on a panel and measure it out of time. Raises TableRefused where too little went bad.

    `panel`: `borrower`, `as_of`, `until` (dates), features, `outcome` 0 or 1. The card says all that was done.
    """
    split = split_by_time(panel)
    for name, part in (("learning", split.learn), ("measuring", split.test)):
        gone_bad = int(part[OUTCOME].sum())
        if min(gone_bad, len(part) - gone_bad) < LEAST_BAD:
            raise TableRefused(
                f"{purpose.name}: {gone_bad} of {len(part):,} rows for {name} went bad; {LEAST_BAD} of each outcome "
                "are needed: a longer book, or a purpose with more outcomes"
            )
    model = fit(split.learn, OUTCOME, declaration_of(features), "1", seed, split.learn["borrower"].to_numpy())
    said = model.probabilities(split.test)
    gone = split.test[OUTCOME].to_numpy().astype(np.int64)
    out_of_time = {name: measured(p, gone) for name, p in said.items()}
    model.card |= _leading(model, out_of_time) | about(split, purpose, features, out_of_time)
    learnt = model.probabilities(split.learn)[model.card["leads"]]
    model.card["bands"] = band_edges(average_of(split.learn))
    edges = edges_of(learnt)
    model.card["score_shares"] = {"edges": edges, "shares": shares_by(learnt, edges)}
    model.card["feature_shares"] = {f.name: _shares(split.learn[f.name]) for f in features if f.name in model.asked}
    return model


def _leading(model: Model, out_of_time: dict[str, ModelMeasures]) -> dict[str, Any]:
    """The scorecard leads unless the trees are better out of time by more than a standard error of theirs."""
    tree, card = out_of_time[CHALLENGER], out_of_time[CHAMPION]
    error = (tree.auc_high - tree.auc_low) / 4
    return {"leads": CHALLENGER if model.card["leads"] == CHALLENGER and tree.auc > card.auc + error else CHAMPION}


def about(
    split: Split, purpose: Purpose, features: Sequence[Feature], out_of_time: dict[str, ModelMeasures]
) -> dict[str, Any]:
    """What the card says besides the fit: purpose, outcome, days, groups, signs, figures out of time."""
    learn, test = split.learn, split.test
    used = sorted({f.group for f in features})
    return {
        "purpose": purpose.name,
        "asked": purpose.asked,
        "outcome": purpose.bad,
        "undecided": purpose.undecided,
        "window_days": purpose.window_days,
        "learnt_from": [str(d) for d in learn["as_of"].unique().sort().to_list()],
        "measured_on": [str(d) for d in test["as_of"].unique().sort().to_list()],
        "trained_through": str(learn["until"].max()),
        "borrowers": learn["borrower"].n_unique(),
        "average": average_of(learn),
        "feature_groups": {g: {"consent": groups()[g].consent, "uses": list(groups()[g].uses)} for g in used},
        "features": [{"name": f.name, "group": f.group, "reason": f.reason, "sign": f.sign} for f in features],
        "out_of_time": {name: m.told() for name, m in out_of_time.items()},
    }


def average_of(panel: pl.DataFrame) -> float:
    """The share of a panel's rows that went bad."""
    return float(panel[OUTCOME].to_numpy().mean())


def _shares(values: pl.Series) -> dict[str, Any]:
    numbers = values.cast(pl.Float64).to_numpy().astype(np.float64)
    edges = edges_of(numbers)
    return {"edges": edges, "shares": shares_by(numbers, edges)}


def band_edges(average: float) -> dict[str, float]:
    """The upper edge of each band but the last, by the average probability: 2 % → A below .5 %, B below 1.2 % …"""
    return {name: min(average * times, 1.0) for name, times in BANDS if times is not None}


def bands_of(probability: Floats, edges: dict[str, float]) -> npt.NDArray[np.str_]:
    """The band of each probability [n] by the edges of a card."""
    names = np.array([*edges, BANDS[-1][0]])
    return names[np.searchsorted(np.array(list(edges.values())), probability, side="right")]


def fair_by(model: Model, probability: Floats, watched: pl.DataFrame) -> list[dict[str, Any]]:
    """Adverse impact by each column of `watched` [n rows], which no model ever reads."""
    well = np.isin(bands_of(probability, model.card["bands"]), WELL)
    return [fairness(name, well, watched[name].fill_null("not recorded").to_numpy()).told() for name in watched.columns]
