"""Tables that are odd and legal, made up here: each is read as it was meant, and plain models do not fit it better."""

import math
from collections.abc import Callable
from pathlib import Path

import lightgbm
import numpy as np
import numpy.typing as npt
import polars as pl
import pytest

from afterloan.intake.tables import read_table
from afterloan.risk.declared import Declaration
from afterloan.risk.measure import auc
from afterloan.risk.model import assess, fit
from afterloan.risk.table import TableRefused, prepare, special_codes

ROWS = 1_200
LABEL = "gone"


def rows(n: int = ROWS, seed: int = 1, base: float = -1.9) -> pl.DataFrame:
    """Three columns that tell, one of them by both its ends, one that does not, and a word."""
    rng = np.random.default_rng(seed)
    age, income, debt, noise = rng.normal(size=(4, n))
    odds = 0.9 * age - 0.7 * income + 0.5 * debt**2 + base
    bad = (rng.random(n) < 1 / (1 + np.exp(-odds))).astype(int)
    word = np.array(["a", "b", "c", "d"])[rng.integers(0, 4, n)]
    told = {"age": age, "income": income, "debt": debt, "noise": noise}
    return pl.DataFrame({**{name: np.round(x, 4) for name, x in told.items()}, "word": word, LABEL: bad})


def some(n: int, share: float, seed: int) -> pl.Expr:
    return pl.lit(pl.Series(np.random.default_rng(seed).random(n) < share))


def coded(frame: pl.DataFrame) -> pl.DataFrame:
    n = len(frame)
    age = pl.when(some(n, 0.1, 5)).then(-999.0).when(some(n, 0.1, 6)).then(9999.0).otherwise("age")
    return frame.with_columns(age=age)


def typed(frame: pl.DataFrame) -> pl.DataFrame:
    days = pl.Series(np.random.default_rng(7).integers(18_000, 19_000, len(frame)))
    return frame.with_columns(
        pl.col("age").cast(pl.Decimal(20, 4)), pl.col("word").cast(pl.Categorical),
        day=days.cast(pl.Int32).cast(pl.Date),
        at=(days.cast(pl.Int64) * 86_400_000_000).cast(pl.Datetime("us")), yes=some(len(frame), 0.5, 8),
    )  # fmt: skip


STRANGE: dict[str, Callable[[pl.DataFrame], pl.DataFrame]] = {
    "as it is": lambda f: f,
    "codes nobody declared": coded,
    "columns that say nothing": lambda f: f.with_columns(
        c=pl.lit(3), d=pl.lit("x"), e=pl.lit(None, pl.Float64), g=pl.lit(None, pl.String), few=pl.when(
            pl.int_range(len(f)) % 300 == 0).then(1.0)),
    "the same twice and in other units": lambda f: f.with_columns(
        again=pl.col("age"), cents=pl.col("income") * 100 + 7, minus=-pl.col("debt")),
    "huge, tiny, and a zero with a sign": lambda f: f.with_columns(
        pl.col("age") * 1e12, pl.col("income") * 1e-9, z=pl.when(some(len(f), 0.5, 3)).then(-0.0).otherwise(0.0)),
    "types of Parquet": typed,
    "names with blanks, quotes, lines": lambda f: f.rename(
        {"age": "my age", "income": 'q"uo\'te', "debt": "\u8d1f\u503a", "noise": "new\nline", "word": "a,b;c"}),
    "not a number": lambda f: f.with_columns(
        age=pl.when(some(len(f), 0.1, 4)).then(math.nan).when(some(len(f), 0.02, 9)).then(math.inf).otherwise("age")),
}  # fmt: skip


NUMBERS = ["age", "income", "debt", "noise"]


def plain(train: pl.DataFrame, test: pl.DataFrame) -> dict[str, float]:
    """The areas of a plain logistic regression and of LightGBM as it comes on the four numbers of the tidy table."""
    x, z = (np.c_[np.ones(len(f)), f.select(NUMBERS).to_numpy()] for f in (train, test))
    y: npt.NDArray[np.int64] = train[LABEL].to_numpy()
    w = np.zeros(x.shape[1])
    for _ in range(30):
        p = 1 / (1 + np.exp(-x @ w))
        w += np.linalg.solve((x * (p * (1 - p))[:, None]).T @ x + np.eye(len(w)), x.T @ (y - p) - w)
    trees = lightgbm.train({"objective": "binary", "verbose": -1, "num_threads": 1}, lightgbm.Dataset(x, y), 100)
    gone = test[LABEL].to_numpy()
    return {"champion": auc(z @ w, gone)[0], "challenger": auc(np.asarray(trees.predict(z)), gone)[0]}


@pytest.mark.parametrize("name", list(STRANGE))
def test_a_strange_table_is_fitted_as_well_as_a_plain_model_fits_the_tidy_one(name: str) -> None:
    told = STRANGE[name](rows())
    half = ROWS // 2
    model = fit(told[:half], LABEL, Declaration())
    seen = assess(model, told[half:], LABEL).told()
    # of these two a fifth, a tenth of the column that tells most is gone; the plain models had it all
    lost = {"codes nobody declared": 0.03, "not a number": 0.02}.get(name, 0.0)
    for which, area in plain(rows()[:half], rows()[half:]).items():
        assert seen[which]["auc"] >= area - 0.005 - lost, (which, seen[which], area)
        assert math.isfinite(seen[which]["ece"]) and seen[which]["ece"] < 0.1


def test_some_thirty_bad_of_six_thousand_are_learnt_from() -> None:
    told = rows(12_000, 4, base=-6.6)
    half = len(told) // 2
    assert 20 <= told[:half][LABEL].sum() <= 60
    seen = assess(fit(told[:half], LABEL, Declaration()), told[half:], LABEL).told()
    for which, area in plain(told[:half], told[half:]).items():
        # forty bad rows tell an area to about .07 either way; over several draws neither lies below
        assert seen[which]["auc"] >= area - 0.03 and seen[which]["ece"] < 0.005, (which, seen[which], area)


@pytest.mark.parametrize(
    ("values", "codes"),
    [
        ([-3.0, 0, 1.5, 3] * 5 + [-999] * 5 + [9999] * 6, (-999, 9999)),
        ([-3.0, 0, 1.5, 3] * 5 + [-999] * 4, ()),  # four rows may be anything
        ([18.0, 40, 60, 98] * 5 + [99] * 9, ()),  # an age
        ([100.0, 20_000, 7_500] * 5 + [9_999] * 9, ()),  # between the others
        ([1.0, 2, 3] * 5 + [50] * 9, ()),  # far, but no nines
        ([0.0, 1] * 9 + [99] * 9, ()),  # three values are a list of codes anyhow
        ([0.0, 1, 2, math.nan] * 9 + [999_999] * 9, (999_999,)),
    ],
)
def test_nines_far_from_everything_are_codes(values: list[float], codes: tuple[float, ...]) -> None:
    assert special_codes(np.array(values)) == codes


def test_codes_that_were_found_are_told_and_a_declaration_goes_before_them() -> None:
    told = coded(rows())
    gone = told[LABEL].to_numpy()
    ready = prepare(told, LABEL, gone, Declaration())
    assert ready.asked["age"].specials == (-999, 9999)
    assert "age: -999, 9999 far from all other values, taken as codes; declare `special` otherwise" in ready.notes
    own = prepare(told, LABEL, gone, Declaration.model_validate({"columns": {"age": {"special": []}}}))
    assert own.asked["age"].specials == () and not [n for n in own.notes if n.startswith("age")]


@pytest.mark.parametrize(
    ("bad", "good"),
    [("Y", "N"), ("True", "False"), ("bad", "good"), ("2", "1"), ("1.0", "0.0"), ("Charged Off", "Paid")],
)
def test_a_label_in_other_words_is_the_same_label(bad: str, good: str) -> None:
    from afterloan.risk.table import outcomes

    told = rows().with_columns(pl.when(pl.col(LABEL) == 1).then(pl.lit(bad)).otherwise(pl.lit(good)).alias(LABEL))
    assert (outcomes(told, LABEL) == rows()[LABEL].to_numpy()).all()


@pytest.mark.parametrize(
    "dress",
    [
        lambda text: "\ufeff" + text, lambda text: text.replace(",", ";").replace("\n", "\r\n"),
        lambda text: text.replace(",", "\t"), lambda text: "\n".join(
            ",".join(f'"{cell}"' for cell in line.split(",")) for line in text.splitlines()),
    ],
)  # fmt: skip
def test_a_file_in_another_dress_is_the_same_table(tmp_path: Path, dress: Callable[[str], str]) -> None:
    (tmp_path / "t.csv").write_text(dress(rows(60).write_csv()), encoding="utf-8", newline="")
    gone = rows(60)[LABEL].to_numpy()
    read = prepare(read_table(tmp_path / "t.csv"), LABEL, gone, Declaration()).columns
    for name, values in prepare(rows(60), LABEL, gone, Declaration()).columns.items():
        assert (read[name] == values).all(), name


def test_a_near_copy_of_the_label_and_a_row_without_one_are_refused_with_their_place() -> None:
    near = pl.col(LABEL) + pl.lit(pl.Series(np.random.default_rng(2).normal(0, 0.2, ROWS)))
    with pytest.raises(TableRefused, match="'copy' alone tells the label 'gone' nearly always"):
        fit(rows().with_columns(copy=near), LABEL, Declaration())
    with pytest.raises(TableRefused, match="row 8 of 1,200 has no outcome"):
        fit(rows().with_columns(gone=pl.when(pl.int_range(ROWS) != 7).then(LABEL)), LABEL, Declaration())


def test_a_group_of_three_rows_is_too_few_to_say() -> None:
    told = rows().with_columns(s=pl.when(pl.int_range(ROWS) < 3).then(pl.lit("z")).otherwise(pl.lit("y")))
    seen = assess(fit(told, LABEL, Declaration(groups=["s"])), told, LABEL).told()["groups"]["s"]
    assert seen["z"] is None and 0.7 < seen["y"]["champion"]["auc"] < 1
