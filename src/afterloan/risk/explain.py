"""Why a score: what each figure of a borrower costs, summed by reason, in words; and what would change it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from afterloan.risk.features.declared import Feature, reasons
from afterloan.risk.model import CHAMPION, Model
from afterloan.risk.training import bands_of

Floats = npt.NDArray[np.float64]
MOST_REASONS = 4
LEAST_COST = 0.02  # log odds, below which a reason is not worth a sentence


@dataclass(frozen=True, slots=True)
class RiskReason:
    """One reason: `cost` in log odds over the best that could be; `feature` is the figure that costs most of it."""

    code: str
    cost: float
    feature: str
    value: float | None

    def words(self, language: str) -> str:
        """A sentence with the borrower's own figure."""
        told = reasons()[self.code]["zh" if language.startswith("zh") else "en"]
        unknown = "没有记录" if language.startswith("zh") else "not recorded"
        return told.format(value=unknown if self.value is None else _figure(self.value))


def _figure(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 10 or value == int(value) else f"{value:.2f}"


@dataclass(frozen=True, slots=True)
class WouldChange:
    """What would change it: with `values` (feature → value) the probability would be `probability`, the band `band`."""

    code: str
    values: Mapping[str, float]
    probability: float
    band: str

    def words(self, language: str) -> str:
        """A sentence."""
        told = reasons()[self.code]
        if language.startswith("zh"):
            return f"{told['act_zh']}：等级为 {self.band}"
        return f"{told['act_en']}: the band would be {self.band}"


def costs(model: Model, frame: pl.DataFrame) -> tuple[list[str], Floats]:
    """Names, and what each column costs in log odds, [n, columns], of the model that leads.

    Scorecard: against the column's best bin. Trees: LightGBM's own contributions, against the average row.
    """
    columns = model.columns_of(frame)
    if model.card["leads"] == CHAMPION:
        names = list(model.scorecard.weights)
        if not names:
            return [], np.zeros((len(frame), 0))
        best = np.array([w * model.scorecard.bins[n].best() for n, w in model.scorecard.weights.items()])
        return names, model.scorecard.parts(columns) - best
    return list(model.boosted.names), model.boosted.contributions(columns)


def reasons_of(
    model: Model, frame: pl.DataFrame, features: Sequence[Feature], most: int = MOST_REASONS
) -> list[list[RiskReason]]:
    """Of each row of `frame` [n] the reasons that cost most, summed by reason code, dearest first."""
    names, paid = costs(model, frame)
    code = {f.name: f.reason for f in features}
    by_code: dict[str, list[int]] = {}
    for k, name in enumerate(names):
        by_code.setdefault(code.get(name, name), []).append(k)
    values = {name: frame[name].cast(pl.Float64).to_list() for name in names}
    told = []
    for i in range(len(frame)):
        found = []
        for reason, at in by_code.items():
            cost = float(paid[i, at].sum())
            if cost >= LEAST_COST:
                dearest = names[max(at, key=lambda k: paid[i, k])]
                found.append(RiskReason(reason, cost, dearest, values[dearest][i]))
        told.append(sorted(found, key=lambda r: (-r.cost, r.code))[:most])
    return told


def codes_of(model: Model, frame: pl.DataFrame, features: Sequence[Feature], most: int = MOST_REASONS) -> pl.Series:
    """Reason codes [n] of many rows at once, dearest first, one blank between them; the same as `reasons_of`."""
    names, paid = costs(model, frame)
    code = {f.name: f.reason for f in features}
    kinds = sorted({code.get(name, name) for name in names})
    summed = np.zeros((len(frame), len(kinds)))
    for k, name in enumerate(names):
        summed[:, kinds.index(code.get(name, name))] += paid[:, k]
    order = np.argsort(-summed, axis=1, kind="stable")[:, :most]
    worth = np.take_along_axis(summed, order, 1) >= LEAST_COST
    words = np.where(worth, np.array(kinds, object)[order], "") if kinds else np.zeros((len(frame), 0), object)
    columns = {f"r{k}": words[:, k].astype(str) for k in range(words.shape[1])}
    if not columns:
        return pl.Series("reasons", [""] * len(frame))
    return (
        pl.DataFrame(columns)
        .select(pl.concat_str(pl.all(), separator=" ").str.strip_chars_end())
        .to_series()
        .alias("reasons")
    )


def changes_of(model: Model, row: pl.DataFrame, features: Sequence[Feature]) -> list[WouldChange]:
    """What the borrower of a single row can do, by reason: the figures that a person can act on brought to their best.

    All figures of a reason at once (who pays the arrears has neither arrears nor days past due), scored anew. Only
    what lowers the probability is told, the greatest first.
    """
    leads = model.card["leads"]
    now = float(model.probabilities(row)[leads][0])
    better: dict[str, dict[str, float]] = {}
    for f in features:
        best = _best_value(model, f) if f.act else None
        if best is not None:
            better.setdefault(f.reason, {})[f.name] = best
    found = []
    for reason, values in better.items():
        other = row.with_columns(pl.lit(value).alias(name) for name, value in values.items())
        told = float(model.probabilities(other)[leads][0])
        if told < now - 1e-9:
            found.append(WouldChange(reason, values, told, str(bands_of(np.array([told]), model.card["bands"])[0])))
    return sorted(found, key=lambda c: c.probability)


def _best_value(model: Model, feature: Feature) -> float | None:
    """A value in the feature's best range of the scorecard, the nearest to the others; None where it has no ranges."""
    bins = model.scorecard.bins.get(feature.name)
    if bins is None or bins.is_word or not len(bins.edges):
        return None
    k = int(np.argmin(bins.evidence))
    if k > 0:
        return float(bins.edges[k - 1])
    first = float(bins.edges[0])
    return 0.0 if first > 0 else first - max(abs(first), 1.0) * 1e-6


def told_reason(reason: RiskReason, language: str) -> Mapping[str, Any]:
    """A reason for machines and pages."""
    words = reason.words(language)
    told = {"code": reason.code, "feature": reason.feature, "value": reason.value}
    return told | {"cost": round(reason.cost, 4), "words": words}


def told_change(change: WouldChange, language: str) -> Mapping[str, Any]:
    """What would change it, for machines and pages."""
    told = {"code": change.code, "values": dict(change.values), "probability": round(change.probability, 6)}
    return told | {"band": change.band, "words": change.words(language)}
