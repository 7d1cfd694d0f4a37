"""Large tables are cut and weighed by a part of their rows, and come to the same: nobody waits for the rest."""

import numpy as np
import pytest

from afterloan.risk import bins, scorecard
from afterloan.risk.bins import cut_number
from afterloan.risk.measure import auc
from afterloan.risk.scorecard import ColumnAsked, fit_scorecard, folds, some_of


def made(n: int) -> tuple[dict[str, np.ndarray], np.ndarray]:
    rng = np.random.Generator(np.random.Philox(8))
    x = {f"x{k}": rng.normal(size=n) for k in range(3)}
    gone = rng.random(n) < 1 / (1 + np.exp(2 - x["x0"] - 0.5 * x["x1"]))
    return x, gone.astype(np.int64)


def test_a_cut_by_a_part_of_the_rows_counts_all_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    columns, gone = made(40_000)
    whole = cut_number("x0", columns["x0"], gone)
    monkeypatch.setattr(bins, "CUT_ON", 4_000)
    part = cut_number("x0", columns["x0"], gone)
    assert abs(len(part.edges) - len(whole.edges)) <= 1
    # the evidence of a bin is of all rows: 20 of doubt against the counted ones
    at = columns["x0"] < part.edges[0]
    average = gone.mean()
    odds = np.log((gone[at].sum() + 20 * average) / ((1 - gone[at]).sum() + 20 * (1 - average)))
    assert part.evidence[0] == odds - np.log(average / (1 - average))
    told = [auc(b.of(columns["x0"]), gone)[0] for b in (whole, part)]
    assert abs(told[0] - told[1]) < 0.003


def test_a_ridge_chosen_by_a_part_of_a_fold_comes_to_the_same_card(monkeypatch: pytest.MonkeyPatch) -> None:
    columns, gone = made(20_000)
    asked, fold = {n: ColumnAsked(False) for n in columns}, folds(gone, 1)
    whole, said = fit_scorecard(columns, asked, gone, fold)
    monkeypatch.setattr(scorecard, "CHOOSE_ON", 4_000)
    part, said_part = fit_scorecard(columns, asked, gone, fold)
    assert whole.weights.keys() == part.weights.keys()
    assert abs(auc(said, gone)[0] - auc(said_part, gone)[0]) < 0.003


def test_a_large_table_has_three_folds_and_some_rows_are_the_same_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    gone = made(3_000)[1]
    assert folds(gone, 1).max() == 4
    monkeypatch.setattr(scorecard, "LARGE", 2_000)
    assert folds(gone, 1).max() == 2
    assert some_of(10, 20).tolist() == list(range(10))
    few = some_of(1_000, 100)
    assert len(np.unique(few)) == 100 and few.tolist() == some_of(1_000, 100).tolist()
