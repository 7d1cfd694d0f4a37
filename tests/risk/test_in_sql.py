"""A scorecard says the same as a function, in Polars, PostgreSQL and Spark: missing values, codes and new words."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import polars as pl
import psycopg
import pytest

from afterloan.risk.declared import Declaration
from afterloan.risk.in_sql import SPARK, name_of, scorecard_sql, text_of
from afterloan.risk.model import Model, fit
from afterloan.risk.table import TableRefused
from afterloan.store.server import Store
from tests.risk.test_models_on_tables import people


@pytest.fixture(scope="module")
def learnt() -> tuple[Model, pl.DataFrame]:
    rows = people(600, 41).drop("truth", "id", "sex")
    odd = pl.int_range(len(rows)) % 9 == 0
    rows = rows.with_columns(used=pl.when(odd).then(-999.0).otherwise(pl.col("used")))
    declare = Declaration.model_validate({"columns": {"used": {"special": [-999]}}, "histories": False})
    asked = people(300, 42).drop("truth", "id", "sex", "outcome")
    first = pl.int_range(len(asked))
    asked = asked.with_columns(
        job=pl.when(first < 20).then(None).when(first < 40).then(pl.lit("pilot's mate")).otherwise(pl.col("job")),
        used=pl.when(first % 7 == 0).then(None).when(first % 11 == 0).then(-999.0).otherwise(pl.col("used")),
    )
    return fit(rows, "outcome", declare), asked


def test_the_same_in_polars(learnt: tuple[Model, pl.DataFrame]) -> None:
    model, asked = learnt
    assert len(model.scorecard.weights) > 2
    told = pl.SQLContext({"asked": asked}).execute(scorecard_sql(model, "asked"), eager=True)
    assert np.allclose(told["probability"], model.probabilities(asked)["champion"], rtol=0, atol=1e-9)
    assert np.allclose(told["log_odds"], model.scorecard.log_odds(model.columns_of(asked)), rtol=0, atol=1e-9)


def test_the_same_in_postgresql(learnt: tuple[Model, pl.DataFrame], server: Store) -> None:
    model, asked = learnt
    kinds = {n: "text" if d == pl.String else "float8" for n, d in asked.schema.items()}
    with psycopg.connect(server.url) as connection:
        columns = ", ".join(f"{name_of(n, chr(34))} {kind}" for n, kind in kinds.items())
        connection.execute(f"create temporary table asked (row_number int, {columns})")
        names = ", ".join(name_of(n, '"') for n in kinds)
        with connection.cursor().copy(f"copy asked (row_number, {names}) from stdin") as copy:
            for k, row in enumerate(asked.iter_rows()):
                copy.write_row((k, *row))
        query = f"select probability from ({scorecard_sql(model, 'asked')}) t order by row_number"
        told = [float(row[0]) for row in connection.execute(query).fetchall()]
    assert np.allclose(told, model.probabilities(asked)["champion"], rtol=0, atol=1e-9)


IN_SPARK = """
import sys
from pyspark.sql import SparkSession
folder = sys.argv[1]
spark = (SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
         .config("spark.sql.shuffle.partitions", "1").config("spark.driver.bindAddress", "127.0.0.1")
         .config("spark.driver.host", "127.0.0.1").getOrCreate())
spark.read.parquet(folder + "/asked.parquet").createOrReplaceTempView("asked")
told = spark.sql(open(folder + "/query.sql").read()).orderBy("row_number").collect()
with open(folder + "/told.txt", "w") as out:
    for row in told:
        print(repr(row["log_odds"]), repr(row["probability"]), file=out)
"""


def spark_python() -> str:
    """The Python that has PySpark: AFTERLOAN_SPARK_PYTHON, else this one. Skips, saying so, where there is none."""
    named = os.environ.get("AFTERLOAN_SPARK_PYTHON", "")
    if not named and find_spec("pyspark") is None:
        pytest.skip("NOT TRIED IN SPARK: no PySpark here; AFTERLOAN_SPARK_PYTHON names a Python that has it, with Java")
    return named or sys.executable


def test_the_same_in_spark(learnt: tuple[Model, pl.DataFrame], tmp_path: Path) -> None:
    python = spark_python()
    model, asked = learnt
    odd = {"pilot's mate": 0, "a\\b": 0}  # words that a dialect may read as something else
    bins = model.scorecard.bins["job"]
    bins.words.update(odd)
    try:
        first = pl.int_range(len(asked))
        asked = asked.with_columns(job=pl.when(first % 13 == 1).then(pl.lit("a\\b")).otherwise(pl.col("job")))
        asked.with_row_index("row_number").write_parquet(tmp_path / "asked.parquet")
        (tmp_path / "query.sql").write_text(scorecard_sql(model, "asked", SPARK), encoding="utf-8")
        (tmp_path / "ask.py").write_text(IN_SPARK, encoding="utf-8")
        subprocess.run([python, tmp_path / "ask.py", tmp_path], check=True, timeout=300, capture_output=True)
        rows = [line.split() for line in (tmp_path / "told.txt").read_text(encoding="utf-8").splitlines()]
        polars = pl.SQLContext({"asked": asked}).execute(scorecard_sql(model, "asked"), eager=True)
        function = model.scorecard.log_odds(model.columns_of(asked))
    finally:
        for word in odd:
            del bins.words[word]
    assert len(rows) == len(asked)
    # the same sums in the same order: the last digit too; of `exp` libraries may differ by one unit of the last place
    assert [float(r[0]) for r in rows] == polars["log_odds"].to_list()
    assert np.allclose([float(r[1]) for r in rows], polars["probability"], rtol=4e-16, atol=0)
    assert np.allclose([float(r[0]) for r in rows], function, rtol=0, atol=1e-12)


def test_words_are_quoted_as_each_engine_reads_them() -> None:
    assert text_of("it's a\\b", '"') == "'it''s a\\b'" and text_of("it's a\\b", SPARK) == "'it\\'s a\\\\b'"


def test_what_sql_cannot_say_is_refused_and_names_are_quoted() -> None:
    rng = np.random.Generator(np.random.Philox(2))
    late = rng.integers(0, 4, (400, 3))
    gone = (rng.random(400) < 0.1 + 0.15 * late.mean(axis=1)).astype(int)
    model = fit(pl.DataFrame(late, schema=["late_1", "late_2", "late_3"]).with_columns(bad=gone), "bad", Declaration())
    with pytest.raises(TableRefused, match="made of several columns; fit with `histories: false`"):
        scorecard_sql(model, "t")
    assert name_of('a"b', '"') == '"a""b"' and name_of("a b", "`") == "`a b`"
