"""The challenger: boosted trees with the declared signs held, as LightGBM's own text."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from afterloan.risk.bins import of_words
from afterloan.risk.scorecard import LARGE, Column, ColumnAsked, some_of

if TYPE_CHECKING:
    import lightgbm

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
ROUNDS = 1_500
PATIENCE = 60  # rounds without a gain on the rows left out
LARGE_ROUNDS, LARGE_PATIENCE = 400, 25  # of more than LARGE rows, which learn three times as much in a round
LARGE_LEARN, LARGE_STOP = (
    300_000,
    100_000,
)  # rows of a fold that trees grow by, and of those left out that say when to stop
MANY = 50_000  # rows from which threads pay: on small tables they wait for each other
RARE = 10  # rows of a word, below which it is "another"


@dataclass(slots=True)
class Boosted:
    """`text`: the trees as LightGBM writes them; `words`: the number of each known word by column."""

    text: str
    names: tuple[str, ...]
    words: dict[str, dict[str, int]] = field(default_factory=dict)
    _trees: "lightgbm.Booster | None" = None

    def log_odds(self, columns: Mapping[str, Column]) -> Floats:
        """Log odds [n] of going wrong."""
        told = self._read().predict(matrix(columns, self.names, self.words), raw_score=True, num_threads=1)
        return np.asarray(told, np.float64)

    def contributions(self, columns: Mapping[str, Column]) -> Floats:
        """What each column adds to the log odds over the average row's, [n, names]. 6,000 rows a second."""
        told = self._read().predict(matrix(columns, self.names, self.words), pred_contrib=True, num_threads=1)
        return np.asarray(told, np.float64)[:, :-1]

    def _read(self) -> "lightgbm.Booster":
        if self._trees is None:
            import lightgbm

            self._trees = lightgbm.Booster(model_str=self.text)
        return self._trees


def matrix(columns: Mapping[str, Column], names: tuple[str, ...], words: Mapping[str, Mapping[str, int]]) -> Floats:
    """Columns as one table [n, names]: words as numbers, NaN for missing, -1 for a word not known."""
    out = []
    for name in names:
        values = columns[name]
        if name in words:
            values = of_words(values, words[name], missing=np.nan, other=-1.0)
        out.append(values.astype(np.float64))
    return np.column_stack(out)


def words_of(columns: Mapping[str, Column], asked: Mapping[str, ColumnAsked], bad: Ints) -> dict[str, dict[str, int]]:
    """Numbers for the words of each column of words, in the order of how often they go wrong: a tree cuts that order.

    Rates are drawn towards the average by 20 rows, so that a rare word does not stand at an end by chance.
    """
    told: dict[str, dict[str, int]] = {}
    average = float(bad.mean())
    for name, values in columns.items():
        if asked[name].is_word:
            here = np.array([v is not None for v in values])
            known, at, rows = np.unique(values[here].astype(str), return_inverse=True, return_counts=True)
            gone = np.bincount(at, bad[here], minlength=len(known))
            order = np.argsort((gone + 20 * average) / (rows + 20), kind="stable")
            told[name] = {str(known[k]): i for i, k in enumerate(order) if rows[k] >= RARE}
    return told


def fit_boosted(
    columns: Mapping[str, Column],
    asked: Mapping[str, ColumnAsked],
    bad: Ints,
    fold: Ints,
    seed: int = 1,
) -> tuple[Boosted, Floats]:
    """Fit on columns [n] and outcomes [n]; also the log odds [n] that folds left out were given, for calibration.

    The number of trees is what served the folds left out best, on their average.
    """
    import lightgbm

    names = tuple(columns)
    signs = [asked[name].sign for name in names]
    told = _settings(bad, signs, seed)
    parts = int(fold.max()) + 1
    boosters, curves = [], []
    for k in range(parts):
        learn, left = fold != k, fold == k
        words = words_of({n: c[learn] for n, c in columns.items()}, asked, bad[learn])
        table = matrix(columns, names, words)
        booster, curve = _grown(lightgbm, told, table, bad, learn, left)
        boosters.append((booster, table[left], left))
        curves.append(curve)
    shortest = min(map(len, curves))
    rounds = int(np.argmin(np.mean([c[:shortest] for c in curves], axis=0))) + 1
    outside = np.zeros(len(bad))
    for booster, table, left in boosters:
        outside[left] = booster.predict(table, raw_score=True, num_iteration=rounds, num_threads=told["num_threads"])
    words = words_of(columns, asked, bad)
    data = lightgbm.Dataset(matrix(columns, names, words), bad, params=_form(told))
    final = lightgbm.train(told, data, rounds)
    return Boosted(final.model_to_string(), names, words), outside


def _settings(bad: Ints, signs: list[int], seed: int) -> dict[str, Any]:
    n = len(bad)
    held = {"monotone_constraints": signs, "monotone_constraints_method": "advanced"} if any(signs) else {}
    return held | {
        "objective": "binary", "learning_rate": 0.03 if n > 5_000 else 0.02, "num_leaves": 15 if n > 5_000 else 7,
        "max_depth": 5 if n > 5_000 else 3, "min_data_in_leaf": int(max(15, min(100, n // 100))),
        "lambda_l2": 10.0, "feature_fraction": 0.4, "bagging_fraction": 0.7, "bagging_freq": 1,
        "min_gain_to_split": 0.0, "deterministic": True, "force_row_wise": True, "num_threads": 1 if n < MANY else 0,
        "seed": seed, "verbose": -1,
    } | (_OF_LARGE if n > LARGE else {})  # fmt: skip


_OF_LARGE = {"learning_rate": 0.1, "num_leaves": 31, "max_depth": 6, "max_bin": 63, "bagging_fraction": 0.3,
             "min_data_in_leaf": 200}  # fmt: skip


def _few(which: Column, most: int) -> Ints:
    """Numbers of the rows that are meant, `most` of them by chance that is the same each time."""
    rows = np.flatnonzero(which)
    return np.asarray(rows[some_of(len(rows), most)])


def _form(told: dict[str, Any]) -> dict[str, Any]:
    """How a table is laid out for the trees: those settings that the data, not the growing, is asked for."""
    return {name: told[name] for name in ("verbose", "max_bin") if name in told}


def _grown(
    lightgbm: Any, told: dict[str, Any], table: Floats, bad: Ints, learn: Column, left: Column
) -> tuple[Any, list[float]]:
    form, large = _form(told), len(bad) > LARGE
    learn, left = _few(learn, LARGE_LEARN), _few(left, LARGE_STOP)
    data = lightgbm.Dataset(table[learn], bad[learn], params=form)
    try_ = lightgbm.Dataset(table[left], bad[left], reference=data, params=form)
    curve: dict[str, Any] = {}
    booster = lightgbm.train(
        told,
        data,
        LARGE_ROUNDS if large else ROUNDS,
        valid_sets=[try_],
        valid_names=["left"],
        callbacks=[
            lightgbm.early_stopping(LARGE_PATIENCE if large else PATIENCE, verbose=False),
            lightgbm.record_evaluation(curve),
        ],
    )
    return booster, curve["left"]["binary_logloss"]
