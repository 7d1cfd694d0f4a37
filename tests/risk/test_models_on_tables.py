"""Models fitted on tables: what they find, what they refuse, what they are made of."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from afterloan.intake.tables import read_declaration, read_table
from afterloan.risk.bins import cut_number, cut_word, evidence_of
from afterloan.risk.calibrate import calibrate
from afterloan.risk.declared import Declaration, Declared
from afterloan.risk.measure import auc, calibration_error, calibration_slope, ks, measured
from afterloan.risk.model import Model, assess, fit, of_parts, parts
from afterloan.risk.series import derived, series_of
from afterloan.risk.table import TableRefused
from afterloan.store.models import FolderRefused, read_folder, write_folder

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data"


def people(n: int, seed: int, turned: bool = False) -> pl.DataFrame:
    """Borrowers whose true log odds are known: late months and utilisation make worse, income makes better."""
    rng = np.random.Generator(np.random.Philox(seed))
    late = rng.poisson(0.6, n)
    used = rng.uniform(0, 1, n)
    income = rng.lognormal(9, 0.5, n)
    job = rng.choice(["clerk", "driver", "farmer"], n)
    odds = -2.6 + 0.9 * late + 1.5 * used - 0.6 * (np.log(income) - 9) + np.where(job == "driver", 0.8, 0.0)
    bad = rng.uniform(size=n) < 1 / (1 + np.exp(-odds))
    return pl.DataFrame(
        {
            "id": np.arange(n),
            "late": late,
            "used": np.where(rng.uniform(size=n) < 0.1, np.nan, used),
            "income": income,
            "job": job,
            "sex": rng.choice(["F", "M"], n),
            "truth": 1 / (1 + np.exp(-odds)),
            "outcome": rng.permutation(bad) if turned else bad,
        }
    ).with_columns(pl.col("used").fill_nan(None), pl.col("outcome").cast(pl.Int64))


SIGNS = {"late": Declared(sign=1), "income": Declared(sign=-1)}
WATCHED = Declaration(columns=SIGNS, leave_out=["truth"], groups=["sex"])


@pytest.fixture(scope="module")
def model() -> Model:
    return fit(people(4_000, 1), "outcome", WATCHED)


def test_both_models_come_near_the_truth_on_borrowers_not_seen(model: Model) -> None:
    fresh = people(6_000, 2)
    best = auc(fresh["truth"].to_numpy(), fresh["outcome"].to_numpy())[0]
    told = assess(model, fresh, "outcome")
    for name, m in told.models.items():
        assert best - 0.02 < m.auc < best + 0.005, name
        assert m.auc_low < m.auc < m.auc_high and m.ece < 0.02 and 0.85 < m.slope < 1.15, name
    assert set(told.groups["sex"]) == {"F", "M"}
    assert told.told()["groups"]["sex"]["F"]["champion"]["rows"] == fresh.filter(pl.col("sex") == "F").height


def test_outcomes_dealt_out_anew_teach_nothing() -> None:
    card = fit(people(3_000, 3, turned=True), "outcome", WATCHED).card
    for name, m in card["on_folds_left_out"].items():
        assert 0.45 < m["auc"] < 0.55, name


def test_signs_hold_whatever_else_a_row_says(model: Model) -> None:
    rows = people(300, 4)
    worse = rows.with_columns(pl.col("late") + 1)
    richer = rows.with_columns(pl.col("income") * 2)
    before, later, rich = (model.probabilities(frame) for frame in (rows, worse, richer))
    for name in before:
        assert (later[name] >= before[name] - 1e-12).all() and later[name].mean() > before[name].mean() + 0.02
        assert (rich[name] <= before[name] + 1e-12).all() and rich[name].mean() < before[name].mean() - 0.01


def test_what_must_not_enter_does_not(model: Model) -> None:
    assert set(model.asked) == {"late", "used", "income", "job"}
    notes = "; ".join(model.card["notes"])
    assert "id: another whole number in every row" in notes and "sex: protected" in notes and "truth: left out" in notes


def test_a_model_is_read_back_as_it_was_written_and_a_changed_one_is_refused(model: Model, tmp_path: Path) -> None:
    write_folder(tmp_path / "m", parts(model))
    again = of_parts(read_folder(tmp_path / "m"))
    rows = people(200, 5)
    for name, told in model.probabilities(rows).items():
        np.testing.assert_array_equal(again.probabilities(rows)[name], told)
    with pytest.raises(FolderRefused, match="is there already"):
        write_folder(tmp_path / "m", parts(model))
    card = tmp_path / "m" / "scorecard.json"
    card.write_text(card.read_text(encoding="utf-8").replace("-", "+", 1), encoding="utf-8")
    with pytest.raises(TableRefused, match=r"scorecard\.json is not what was approved"):
        of_parts(read_folder(tmp_path / "m"))
    with pytest.raises(FolderRefused, match="no model is there"):
        read_folder(tmp_path)


def test_the_same_table_and_seed_make_the_same_model() -> None:
    first, second = (parts(fit(people(600, 6), "outcome", WATCHED)) for _ in range(2))
    assert first == second


def test_words_never_seen_and_values_not_there_are_scored(model: Model) -> None:
    row = people(1, 7).with_columns(job=pl.lit("astronaut"), used=pl.lit(None, pl.Float64))
    for told in model.probabilities(row).values():
        assert 0 < told[0] < 1


def test_text_from_csv_and_types_from_parquet_give_one_model(tmp_path: Path) -> None:
    rows = people(500, 8)
    rows.write_csv(tmp_path / "t.csv")
    rows.write_parquet(tmp_path / "t.parquet")
    models = [fit(read_table(tmp_path / name), "outcome", WATCHED) for name in ("t.csv", "t.parquet")]
    told = [m.probabilities(rows)["champion"] for m in models]
    np.testing.assert_allclose(told[0], told[1], rtol=1e-12)
    rows.write_csv(tmp_path / "semi.csv", separator=";")
    assert read_table(tmp_path / "semi.csv").columns == rows.columns


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.with_columns(outcome=pl.lit(1)), "only '1'; two are needed"),
        (lambda t: t.with_columns(outcome=pl.int_range(pl.len()) % 3), "3 values"),
        (lambda t: t.with_columns(outcome=pl.when(pl.col("id") == 4).then(None).otherwise("outcome")), "row 5 of 400"),
        (lambda t: t.head(0), "no rows"),
        (lambda t: t.head(30), "a model needs 50 rows"),
        (lambda t: t.drop("outcome"), "no such column"),
        (lambda t: t.with_columns(copy=pl.col("outcome")), "column 'copy' tells the label"),
        (
            lambda t: t.with_columns(copy=pl.when(pl.col("outcome") == 1).then(pl.lit("x")).otherwise(pl.lit("y"))),
            "copy",
        ),
        (
            lambda t: t.with_columns(
                income=pl.when(pl.col("id") == 7).then(pl.lit("12k")).otherwise(pl.col("income").cast(pl.String))
            ),
            "column 'income', row 8: '12k' is no number, 399 of 400",
        ),
        (lambda t: t.select("id", "sex", "truth", "outcome"), "no column is left"),
        (lambda t: t.drop("late"), "the declaration names 'late'"),
    ],
)
def test_what_cannot_be_fitted_is_refused_with_its_place(change, message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(TableRefused, match=message):
        fit(
            change(people(400, 9)),
            "outcome",
            WATCHED if message != "no column is left" else Declaration(leave_out=["truth"]),
        )


def test_what_cannot_be_assessed_is_refused(model: Model) -> None:
    rows = people(100, 10)
    with pytest.raises(TableRefused, match="the model asks for job"):
        assess(model, rows.drop("job"), "outcome")
    with pytest.raises(TableRefused, match=r"column 'used', row 1: 'much' is no number"):
        assess(model, rows.with_columns(used=pl.lit("much")), "outcome")
    with pytest.raises(TableRefused, match="only '0'"):
        assess(model, rows.with_columns(outcome=pl.lit(0)), "outcome")


def test_the_bad_outcome_is_the_greater_number_or_the_word_that_says_so() -> None:
    rows = people(400, 11)
    words = rows.with_columns(outcome=pl.when(pl.col("outcome") == 1).then(pl.lit("bad")).otherwise(pl.lit("good")))
    ones = rows.with_columns(outcome=pl.col("outcome") + 1)
    odd = rows.with_columns(outcome=pl.when(pl.col("outcome") == 1).then(pl.lit("B")).otherwise(pl.lit("A")))
    cards = [fit(t, "outcome", WATCHED).card["went_bad"] for t in (rows, words, ones)]
    assert cards == [rows["outcome"].sum()] * 3
    with pytest.raises(TableRefused, match="Say it with --bad"):
        fit(odd, "outcome", WATCHED)
    assert fit(odd, "outcome", WATCHED, bad="A").card["went_bad"] == 400 - rows["outcome"].sum()


def test_a_declaration_says_where_it_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "d.yaml"
    path.write_text("columns: {late: {sign: 3}}", encoding="utf-8")
    with pytest.raises(TableRefused, match=r"columns\.late\.sign"):
        read_declaration(path)
    path.write_text("columns: [", encoding="utf-8")
    with pytest.raises(TableRefused, match="is no YAML"):
        read_declaration(path)
    (tmp_path / "empty.csv").write_text("", encoding="utf-8")
    with pytest.raises(TableRefused, match="the table is empty"):
        read_table(tmp_path / "empty.csv")


# --- by hand -----------------------------------------------------------------------------------------------


def test_the_measures_by_hand() -> None:
    score, bad = np.array([0.1, 0.4, 0.35, 0.8]), np.array([0, 0, 1, 1])
    # pairs (bad, good): (.35,.1) right, (.35,.4) wrong, (.8,.1) and (.8,.4) right
    assert auc(score, bad)[0] == 0.75
    # below .35: half of the good, none of the bad
    assert ks(score, bad) == 0.5
    assert auc(np.array([0.5, 0.5]), np.array([0, 1]))[0] == 0.5
    # one band a row here: |.1-0| + |.4-0| + |.35-1| + |.8-1| = 1.35 of 4
    assert calibration_error(score, bad) == pytest.approx(1.35 / 4)
    assert measured(score, bad).brier == pytest.approx((0.01 + 0.16 + 0.4225 + 0.04) / 4)


def test_the_interval_of_delong_holds_as_often_as_it_says() -> None:
    rng = np.random.Generator(np.random.Philox(1))
    inside = 0
    for _ in range(200):  # normal scores one apart: the true area is Φ(1/√2) = .760250
        score, bad = np.r_[rng.normal(1, 1, 60), rng.normal(0, 1, 90)], np.r_[np.ones(60), np.zeros(90)].astype(int)
        m = measured(1 / (1 + np.exp(-score)), bad)
        inside += m.auc_low <= 0.760250 <= m.auc_high
    assert 181 <= inside <= 199  # 190 ± three standard deviations of 3.1


def test_evidence_by_hand() -> None:
    # 30 bad of 100, 20 % on average, 20 rows of doubt: log(34/86) - log(.2/.8) = -.928 + 1.386
    assert evidence_of(np.array([30.0]), np.array([100.0]), 0.2)[0] == pytest.approx(0.4583, abs=1e-4)


def test_bins_are_monotone_as_declared_and_special_codes_stand_apart() -> None:
    rng = np.random.Generator(np.random.Philox(2))
    x = rng.uniform(0, 10, 3_000)
    bad = (rng.uniform(size=3_000) < 0.05 + 0.04 * np.abs(x - 5)).astype(int)  # a valley: worst at both ends
    x[:300], bad[:300] = -9.0, rng.uniform(size=300) < 0.6
    up = cut_number("x", x, bad, sign=1, specials=[-9.0])
    free = cut_number("x", x, bad, specials=[-9.0])
    assert list(up.evidence) == sorted(up.evidence) and len(up.evidence) <= 8
    turns = np.diff(np.sign(np.diff(free.evidence)))
    assert turns.any() and free.of(np.array([0.1]))[0] > free.of(np.array([5.0]))[0] < free.of(np.array([9.9]))[0]
    assert up.of(np.array([-9.0]))[0] == up.specials[-9.0] > max(up.evidence)
    assert up.of(np.array([np.nan]))[0] == up.missing


def test_rare_words_are_one_bin_and_unknown_ones_say_what_the_rare_said() -> None:
    words = np.array(["a"] * 500 + ["b"] * 490 + ["c"] * 4 + ["d"] * 6, dtype=object)
    bad = np.array([1] * 250 + [0] * 250 + [1] * 49 + [0] * 441 + [1] * 10)
    told = cut_word("w", words, bad)
    assert told.words["c"] == told.words["d"] and told.words["a"] != told.words["b"]
    assert told.of(np.array(["zzz"], object))[0] == told.of(np.array(["c"], object))[0]


def test_a_history_becomes_its_mean_its_ends_and_its_trend() -> None:
    columns = {f"PAY_{k}": np.array([float(v), np.nan]) for k, v in ((1, 0), (2, 2), (3, 1))}
    columns["FLAG_1"] = np.array([0.0, 1.0])
    assert series_of(columns) == {"PAY": ["PAY_1", "PAY_2", "PAY_3"]}
    told = derived(columns, series_of(columns))
    assert {name: values[0] for name, values in told.items()} == {
        "mean of PAY": 1.0, "greatest of PAY": 2.0, "least of PAY": 0.0,
        "PAY first less last": -1.0, "PAY first less mean": -1.0,
    }  # fmt: skip
    assert all(np.isnan(values[1]) for values in told.values())


def test_calibration_mends_a_score_that_says_too_much_and_keeps_the_order() -> None:
    rng = np.random.Generator(np.random.Philox(3))
    odds = rng.normal(-1.5, 1, 20_000)
    bad = (rng.uniform(size=20_000) < 1 / (1 + np.exp(-odds))).astype(int)
    for n in (2_000, 20_000):  # a straight line, steps
        told = calibrate(3 * odds[:n], bad[:n])
        said = told.probability(np.sort(3 * odds))
        assert (np.diff(said) > 0).all()
        assert calibration_error(told.probability(3 * odds), bad) < 0.015
        # learnt from 400 gone bad the slope is known to .07 or so: three times that
        assert 0.8 < calibration_slope(told.probability(3 * odds), bad) < 1.2


# --- at the keyboard ---------------------------------------------------------------------------------------


def afterloan(*words: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, "-m", "afterloan.desk.keyboard.main", "risk", *words]
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300)


def test_a_table_is_fitted_and_another_assessed_at_the_keyboard(tmp_path: Path) -> None:
    people(600, 12).drop("truth").write_csv(tmp_path / "old.csv")
    people(600, 13).drop("truth").write_parquet(tmp_path / "new.parquet")
    out = str(tmp_path / "model")
    done = afterloan("fit", str(tmp_path / "old.csv"), "--label", "outcome", "--out", out)
    assert done.returncode == 0 and "leads: champion" in done.stdout, done.stderr
    assert "sex: protected" in done.stderr
    told = json.loads(afterloan("assess", out, str(tmp_path / "new.parquet"), "--label", "outcome", "--json").stdout)
    for name in ("champion", "challenger"):
        assert {"auc", "ks", "ece", "brier", "slope", "auc_low", "auc_high"} <= set(told[name])
        assert 0.65 < told[name]["auc"] < 0.85
    assert "what the scorecard is made of" in afterloan("card", out).stdout
    again = afterloan("fit", str(tmp_path / "old.csv"), "--label", "outcome", "--out", out)
    assert again.returncode == 1 and "is there already" in again.stderr and "Traceback" not in again.stderr


# --- real tables, where they are ---------------------------------------------------------------------------


def _folds_left_out(name: str, label: str, leave_out: list[str]) -> dict[str, dict[str, float]]:
    path = DATA / name
    if not path.exists():
        pytest.skip(f"{name} is not here")
    told: dict[str, dict[str, float]] = fit(read_table(path), label, Declaration(leave_out=leave_out)).card[
        "on_folds_left_out"
    ]
    return told


def test_german_applications() -> None:
    told = _folds_left_out("german/german_credit.csv", "class", [])
    assert told["champion"]["auc"] > 0.78 and told["challenger"]["auc"] > 0.78


def test_applicants_with_their_outcome_beat_a_constant() -> None:
    told = _folds_left_out("instalments/applicants.csv", "DEFAULTED", ["CODE_GENDER", "NAME_FAMILY_STATUS"])
    assert told["champion"]["auc_low"] > 0.6 and told["challenger"]["auc_low"] > 0.6


def test_values_a_last_digit_apart_are_parted_or_not_but_never_leave_an_empty_range() -> None:
    # .1 + .2 is the next number after .3: nothing lies between, and half of such pairs have the lower as their middle
    pairs = [x for k in range(1, 9) for x in (0.1 * k, float(np.nextafter(0.1 * k, 1)))]
    values = np.repeat(pairs, 40)
    bad = (np.arange(len(values)) % 7 == 0).astype(np.int64)
    for sign in (-1, 0, 1):
        told = cut_number("x", values, bad, sign=sign)
        assert np.isfinite(told.evidence).all()
        at = np.searchsorted(told.edges, values, side="right")
        assert np.bincount(at, minlength=len(told.evidence)).min() > 0
