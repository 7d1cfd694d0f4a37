"""Spark in local mode brings the rows that the task functions make, and shards worked over the database are decided."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest

from afterloan.cluster.session import ddl_of, missing, spark_session, spread
from afterloan.cluster.taken import told_in
from afterloan.dates import date_of, day
from afterloan.expected import BadInput
from afterloan.store.server import Store
from tests.cluster.books import (
    BEFORE,
    CLOSED,
    closed,
    features_embedded,
    month_embedded,
    positions_embedded,
    rows_embedded,
)

__all__ = ["closed"]
needs_spark = pytest.mark.skipif(bool(missing()), reason=f"NOT TESTED: Spark in local mode; {missing()} (make spark)")


@pytest.fixture(scope="module")
def session() -> Iterator[Any]:
    """Two tasks at a time, each with a Python of its own."""
    with spark_session("tests", "local[2]") as made:
        yield made


def table(folder: Path) -> pl.DataFrame:
    return pl.read_parquet(str(folder / "*.parquet"))


def in_order(rows: list[tuple[object, ...]]) -> list[tuple[object, ...]]:
    return sorted(rows, key=repr)


def test_a_schema_is_told_as_spark_writes_it() -> None:
    kind = pa.schema([("what", pa.string()), ("entry", pa.struct([("on", pa.date32()), ("amount_fen", pa.int64())]))])
    assert ddl_of(kind) == "`what` STRING, `entry` STRUCT<`on`: DATE, `amount_fen`: BIGINT>"


@needs_spark
def test_close_brings_the_rows_of_the_embedded_close(closed: tuple[Store, Path], session: Any, tmp_path: Path) -> None:
    from afterloan.cluster.jobs import spark_close

    store, folder = closed
    done = spark_close(session, str(folder), str(tmp_path / "out"), CLOSED)
    for what in ("entry", "transition"):
        names, there = rows_embedded(store, what)
        here = table(tmp_path / "out" / what).select(names).rows()
        assert in_order(here) == in_order(there), what
        assert done.rows[what] == len(there) > 20
    positions = table(tmp_path / "out" / "position").sort("loan")
    there = positions_embedded(store)
    assert positions["loan"].to_list() == there["loan"].tolist()
    assert positions["payoff_fen"].to_list() == there["payoff_fen"].tolist()
    assert table(tmp_path / "out" / "closing")["loans_in"].sum() > 3 * 200
    with pytest.raises(BadInput, match="is there already; name another folder"):
        spark_close(session, str(folder), str(tmp_path / "out"), CLOSED)


@needs_spark
def test_months_and_features_are_those_of_the_embedded_run(
    closed: tuple[Store, Path], session: Any, tmp_path: Path
) -> None:
    from afterloan.cluster.jobs import spark_features, spark_furnish

    store, folder = closed
    end = date(2025, 9, 30)
    spark_furnish(session, str(folder), str(tmp_path / "month"), end, "pboc", date_of(CLOSED))
    there = month_embedded(store, end, "pboc", date_of(CLOSED)).sort("loan")
    here = table(tmp_path / "month" / "reportable").sort("loan").select(there.columns)
    assert here.cast(there.schema).equals(there) and len(there) > 50  # type: ignore[arg-type]
    on = day("2025-10-01")
    spark_features(session, str(folder), str(tmp_path / "f"), on, "early_warning")
    features = features_embedded(store, on, "early_warning")
    assert table(tmp_path / "f" / "features").sort("borrower").select(features.columns).equals(features)


@needs_spark
def test_what_is_no_snapshot_is_said_in_one_line(session: Any, tmp_path: Path) -> None:
    from afterloan.cluster.jobs import spark_close

    with pytest.raises(BadInput, match="is no snapshot that Spark can read, or one that was not finished"):
        spark_close(session, str(tmp_path), str(tmp_path / "out"), CLOSED)


@needs_spark
def test_a_day_decided_by_spark_is_the_day_decided_here(server: Store, session: Any, tmp_path: Path) -> None:
    """Two books of the same files: one decided by this process, one by Spark's tasks over the database."""
    from afterloan.close import close_through
    from afterloan.close.decide import decide
    from afterloan.rehearsal.trial import try_ladder
    from tests.risk.book import generated

    decided, tried = [], []
    for name, workers in (("spark_decide_here", 1), ("spark_decide_there", spread(session))):
        with generated(server, tmp_path / name, name, 300) as store:
            assert not close_through(store, BEFORE, only=True).failed
            done = decide(store, BEFORE + 1, workers)
            with store.connect() as connection:
                decided.append((
                    done.actions, done.borrowers,
                    connection.execute("select key, kind, not_before, body::text from outbox order by key").fetchall(),
                    connection.execute("select rule, outcome, inputs::text from finding order by 1, 2, 3").fetchall(),
                ))  # fmt: skip
            again = decide(store, BEFORE + 1, workers)
            assert (again.shards, again.known, again.actions) == (0, store.shards(), done.actions)
            tried.append(try_ladder(store, BEFORE - 20, BEFORE, grace_days=5, workers=workers).rows())
    assert decided[0] == decided[1] and decided[0][0] > 0
    assert tried[0] == tried[1] and any(row["tried"] for row in tried[0])


@needs_spark
def test_the_book_is_closed_by_spark_over_the_database(server: Store, session: Any, tmp_path: Path) -> None:
    from afterloan.close import close_through
    from tests.risk.book import generated

    left = []
    for name, workers in (("spark_close_here", 1), ("spark_close_there", spread(session))):
        with generated(server, tmp_path / name, name, 300) as store:
            assert not close_through(store, BEFORE, only=True, workers=workers).failed
            with store.connect() as connection:
                left.append(connection.execute(
                    "select shard, loan, cause, component, debit, credit, amount_fen from entry "
                    "order by 1, 2, 3, 4, 5, 7"
                ).fetchall())  # fmt: skip
    assert left[0] == left[1] and len(left[0]) > 100


def test_without_spark_the_command_says_what_is_missing(closed: tuple[Store, Path], tmp_path: Path) -> None:
    """In a Python that finds no PySpark the command ends with one line that says what to install."""
    import os
    import subprocess
    import sys

    run = (
        "import sys; sys.modules['pyspark'] = None; sys.argv[0] = 'afterloan'; "
        "from afterloan.desk.keyboard.main import main; main()"
    )
    words = ["spark", "close", str(closed[1]), str(tmp_path / "out")]
    done = subprocess.run([sys.executable, "-c", run, *words], capture_output=True, text=True, env=dict(os.environ))
    assert done.returncode == 1 and "PySpark is not installed: pip install 'afterloan[spark]'" in done.stderr
    assert told_in(closed[1]).as_of == BEFORE
