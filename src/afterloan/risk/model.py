"""A model is data: what was asked of the table, a scorecard, boosted trees, their calibrations, and a card of it all.

No pickle: the scorecard is JSON, the trees are LightGBM's own text. `parts` and `of_parts` are each other's inverse.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import yaml

from afterloan.risk.bins import Bins
from afterloan.risk.boosted import Boosted, fit_boosted
from afterloan.risk.calibrate import ScoreCalibration, calibrate
from afterloan.risk.declared import Declaration
from afterloan.risk.fair import fairness
from afterloan.risk.measure import ModelMeasures, auc, measured
from afterloan.risk.scorecard import Column, ColumnAsked, Scorecard, fit_scorecard, folds
from afterloan.risk.series import derived, series_of
from afterloan.risk.stability import edges_of, shares_by
from afterloan.risk.table import TableRefused, columns_for, groups_of, outcomes, prepare

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
FORMAT = "afterloan-model/1"
CHAMPION, CHALLENGER = "champion", "challenger"
LEADS_BELOW_BAD, LEADS_BELOW_ROWS = 2_000, 10_000  # the scorecard leads on tables smaller than either
DRAWS = 200  # of rows anew, for the interval of a gain
WELL_SHARE = 0.8  # of the rows are treated well where a card has no bands
GROUP_LEAST = 20  # rows of each outcome, for a group to be measured by itself


@dataclass(slots=True)
class Model:
    """A fitted pair. `asked`: the columns of a table; `series`: histories made into columns besides."""

    card: dict[str, Any]
    asked: dict[str, ColumnAsked]
    series: dict[str, list[str]]
    scorecard: Scorecard
    boosted: Boosted
    calibrations: dict[str, ScoreCalibration]

    def probabilities(self, frame: pl.DataFrame) -> dict[str, Floats]:
        """Probability [n] of going wrong, by champion and by challenger. Raises TableRefused."""
        columns = self.columns_of(frame)
        odds = {CHAMPION: self.scorecard.log_odds(columns), CHALLENGER: self.boosted.log_odds(columns)}
        return {name: self.calibrations[name].probability(told) for name, told in odds.items()}

    def columns_of(self, frame: pl.DataFrame) -> dict[str, Column]:
        """The columns that both models read, out of a table. Raises TableRefused."""
        columns = columns_for(frame, self.asked)
        return columns | derived(columns, self.series)


def fit(
    frame: pl.DataFrame,
    label: str,
    declaration: Declaration,
    bad: str = "",
    seed: int = 1,
    together: Ints | None = None,
) -> Model:
    """Fit scorecard and boosted trees on a table. Raises TableRefused; deterministic for the same table and seed.

    `together`: a number for each row; rows of one number (a borrower on many days) are never parted by a fold.
    """
    return fit_and_say(frame, label, declaration, bad, seed, together)[0]


def fit_and_say(
    frame: pl.DataFrame,
    label: str,
    declaration: Declaration,
    bad: str = "",
    seed: int = 1,
    together: Ints | None = None,
) -> tuple[Model, dict[str, Floats]]:
    """As `fit`; also what both halves said of each row [n] when it was left out."""
    gone = outcomes(frame, label, bad)
    ready = prepare(frame, label, gone, declaration)
    series = series_of(ready.columns) if declaration.histories else {}
    made = derived(ready.columns, series)
    columns = ready.columns | made
    asked = ready.asked | {name: ColumnAsked(False) for name in made}
    fold = folds(gone, seed, together=together)
    scorecard, outside = fit_scorecard(columns, asked, gone, fold)
    boosted, beside = fit_boosted(columns, asked, gone, fold, seed)
    calibrations = {CHAMPION: calibrate(outside, gone), CHALLENGER: calibrate(beside, gone)}
    said = {CHAMPION: left_out(outside, gone, fold), CHALLENGER: left_out(beside, gone, fold)}
    small = gone.sum() < LEADS_BELOW_BAD or len(gone) < LEADS_BELOW_ROWS
    card = {
        "format": FORMAT,
        "label": label,
        "bad": bad,
        "rows": len(gone),
        "went_bad": int(gone.sum()),
        "seed": seed,
        "leads": CHAMPION if small else CHALLENGER,
        "columns": list(ready.asked),
        "histories": series,
        "notes": ready.notes,
        "groups": declaration.groups,
        "on_folds_left_out": {name: measured(p, gone).told() for name, p in said.items()},
        "table_sha256": table_mark(frame),
        **_shares_of(said[CHAMPION if small else CHALLENGER], ready.columns),
    }
    if declaration.sources:
        rest = (frame, label, declaration, bad, seed, together)
        card["switched"] = {name: _switched(name, said, gone, *rest) for name in declaration.sources}
    return Model(card, ready.asked, series, scorecard, boosted, calibrations), said


def _switched(
    name: str, said: Mapping[str, Floats], gone: Ints, frame: pl.DataFrame, label: str, declaration: Declaration,
    bad: str, seed: int, together: Ints | None,
) -> dict[str, Any]:  # fmt: skip
    """What one source brings: both halves with it, fitted anew without it on the same folds; and who is treated well.

    `gain`: of the area under the curve, with the interval of rows drawn anew. `impact`: least over greatest share of a
    group among the better four fifths of the rows, with and without.
    """
    less = declaration.model_copy(update={
        "sources": {}, "leave_out": [*declaration.leave_out, *declaration.sources[name]],
        "columns": {k: v for k, v in declaration.columns.items() if k not in declaration.sources[name]},
    })  # fmt: skip
    without = fit_and_say(frame, label, less, bad, seed, together)[1]
    told: dict[str, Any] = {}
    for half, with_ in said.items():
        gain, low, high = gained(with_, without[half], gone, seed)
        areas = {"with": round(auc(with_, gone)[0], 6), "without": round(auc(without[half], gone)[0], 6)}
        impact = {
            by: [fairness(by, p <= np.quantile(p, WELL_SHARE), at).told()["impact"] for p in (with_, without[half])]
            for by, at in ((g, np.array(groups_of(frame, g))) for g in declaration.groups)
        }
        told[half] = areas | {"gain": gain, "low": low, "high": high, "impact": impact}
    return told


def gained(one: Floats, other: Floats, gone: Ints, seed: int) -> tuple[float, float, float]:
    """By how much the area under the curve of one score lies above another's, with the interval of rows drawn anew."""
    rng = np.random.Generator(np.random.Philox(seed))
    drawn = []
    for _ in range(DRAWS):
        at = rng.integers(0, len(gone), len(gone))
        if 0 < gone[at].sum() < len(at):
            drawn.append(auc(one[at], gone[at])[0] - auc(other[at], gone[at])[0])
    low, high = np.quantile(drawn, [0.025, 0.975])
    return round(auc(one, gone)[0] - auc(other, gone)[0], 6), round(float(low), 6), round(float(high), 6)


def _shares_of(said: Floats, columns: Mapping[str, Column]) -> dict[str, Any]:
    """In what parts the score (of rows as folds left out told it) and each column of numbers lay when it learnt."""
    numbers = {name: values for name, values in columns.items() if values.dtype != object}
    told = {name: (edges_of(values), values) for name, values in {"": said, **numbers}.items()}
    shares = {name: {"edges": e, "shares": [round(x, 6) for x in shares_by(v, e)]} for name, (e, v) in told.items()}
    return {"score_shares": shares.pop(""), "feature_shares": shares}


def left_out(outside: Floats, gone: Ints, fold: Ints) -> Floats:
    """Probabilities [n] of log odds [n] by calibrations that did not see the row either, for an honest card."""
    said = np.zeros(len(gone))
    for k in range(fold.max() + 1):
        said[fold == k] = calibrate(outside[fold != k], gone[fold != k]).probability(outside[fold == k])
    return said


def table_mark(frame: pl.DataFrame) -> str:
    """sha256 of a table's names and single values, as CSV."""
    flat = [c.name for c in frame if not c.dtype.is_nested() and c.dtype not in (pl.Binary, pl.Object)]
    told = frame.select(flat).with_columns(pl.selectors.duration().dt.total_microseconds())
    return hashlib.sha256(told.write_csv().encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Assessed:
    """What both models came to on a table, and by group: `groups[column][value][model]`; None: too few to say."""

    models: dict[str, ModelMeasures]
    groups: dict[str, dict[str, dict[str, ModelMeasures] | None]]

    def told(self) -> dict[str, Any]:
        """For machines: `{"champion": {"auc": …}, "challenger": {…}, "groups": {…}}`."""
        groups = {
            column: {
                value: None if each is None else {name: m.told() for name, m in each.items()}
                for value, each in values.items()
            }
            for column, values in self.groups.items()
        }
        return {name: m.told() for name, m in self.models.items()} | {"groups": groups}


def assess(
    model: Model, frame: pl.DataFrame, label: str, bad: str = "", said: dict[str, Floats] | None = None
) -> Assessed:
    """Measure both models on a table with outcomes, as a whole and by the declared groups. Raises TableRefused.

    `said`: what both say of the rows, where that is known already.
    """
    gone = outcomes(frame, label, bad or (str(model.card["bad"]) if label == model.card["label"] else ""))
    said = said or model.probabilities(frame)
    groups: dict[str, dict[str, dict[str, ModelMeasures] | None]] = {}
    for column in model.card["groups"]:
        at = np.array(groups_of(frame, column))
        groups[column] = {}
        for value in sorted(set(at.tolist())):
            here = at == value
            few = min(gone[here].sum(), (1 - gone[here]).sum()) < GROUP_LEAST
            groups[column][value] = None if few else {n: measured(p[here], gone[here]) for n, p in said.items()}
    return Assessed({name: measured(p, gone) for name, p in said.items()}, groups)


def parts(model: Model) -> dict[str, str]:
    """The files of a model by name."""
    bins = {name: asdict(told) for name, told in model.scorecard.bins.items()}
    for told in bins.values():
        told["specials"] = [list(pair) for pair in told["specials"].items()]
    card = {"base": model.scorecard.base, "weights": model.scorecard.weights, "bins": bins}
    asked = {name: asdict(told) for name, told in model.asked.items()}
    words = {"names": list(model.boosted.names), "words": model.boosted.words}
    files = {
        "card.yaml": yaml.safe_dump(model.card, allow_unicode=True, sort_keys=False),
        "asked.json": _json({"columns": asked, "histories": model.series}),
        "scorecard.json": _json(card),
        "model.txt": model.boosted.text,
        "words.json": _json(words),
        "calibration.json": _json({name: asdict(c) for name, c in model.calibrations.items()}),
    }
    return files | {"sha256": "".join(f"{_mark(text)}  {name}\n" for name, text in sorted(files.items()))}


def of_parts(files: Mapping[str, str]) -> Model:
    """The model that files hold. Raises TableRefused where one is missing, changed, or of another format."""
    if "treatment.json" in files:
        raise TableRefused("a model of treatments scores nobody: `afterloan risk choices` tells what it chose")
    marks = {}
    for line in files.get("sha256", "").splitlines():
        mark, _, name = line.partition("  ")
        marks[name] = mark
    for name in ("card.yaml", "asked.json", "scorecard.json", "model.txt", "words.json", "calibration.json"):
        if name not in files:
            raise TableRefused(f"the model's file {name} is missing: bring the folder whole")
        if marks.get(name) != _mark(files[name]):
            raise TableRefused(f"the model's file {name} is not what was approved: its sha256 differs; fit it again")
    card = yaml.safe_load(files["card.yaml"])
    if card.get("format") != FORMAT:
        raise TableRefused(f"the model is of format {card.get('format')!r}; {FORMAT!r} is read here: fit it again")
    asked = json.loads(files["asked.json"])
    told = json.loads(files["scorecard.json"])
    words, lines = json.loads(files["words.json"]), json.loads(files["calibration.json"])
    return Model(
        card,
        {
            n: ColumnAsked(a["is_word"], a["sign"], tuple(a["specials"]), a.get("form", ""))
            for n, a in asked["columns"].items()
        },
        asked["histories"],
        Scorecard(told["base"], told["weights"], {n: _bins(b) for n, b in told["bins"].items()}),
        Boosted(files["model.txt"], tuple(words["names"]), words["words"]),
        {n: ScoreCalibration(tuple(c["said"]), tuple(c["came"])) for n, c in lines.items()},
    )


def _bins(told: dict[str, Any]) -> Bins:
    specials = {float(code): float(value) for code, value in told.pop("specials")}
    edges, evidence = tuple(told.pop("edges")), tuple(told.pop("evidence"))
    return Bins(**told, edges=edges, evidence=evidence, specials=specials)


def _json(told: Any) -> str:
    return json.dumps(told, ensure_ascii=False, indent=1) + "\n"


def _mark(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
