"""What Spark does with a snapshot: days closed, a month's reportable rows, features; written as Parquet."""

import time
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import Any

import pyarrow as pa

from afterloan.cluster.closing import CLOSED, TABLES, close_rows, days_to_close, unmatched_rows
from afterloan.cluster.reporting import (
    REPORTABLE,
    feature_rows,
    features_kind,
    furnish_rows,
    refuse_features,
    refuse_months,
)
from afterloan.cluster.session import Rows, ddl_of, rows_by, told_by, write
from afterloan.cluster.taken import SnapshotTold
from afterloan.counting import counted
from afterloan.dates import date_of, iso


@dataclass(slots=True)
class SparkDone:
    """What a job came to: rows by table, where they are."""

    what: str
    to: str
    rows: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0

    def __str__(self) -> str:
        """For people."""
        told = ", ".join(f"{name} {n:,}" for name, n in self.rows.items())
        return f"{self.what} in {self.seconds:,.1f} s: {told}; written to {self.to}"


def spark_close(session: Any, snapshot: str, to: str, through: int | None = None) -> SparkDone:
    """Close the days after a snapshot's up to `through` (the next one unless given): a folder a table of TABLES.

    Raises BadInput, and SnapshotBroken out of a task.
    """
    from pyspark import StorageLevel

    started = time.monotonic()
    told = told_by(session, snapshot)
    first, last = days_to_close(told, told.as_of + 1 if through is None else through)
    done = SparkDone(f"closed {counted(last - first + 1, 'day')} ({iso(first)} to {iso(last)})", to)
    rows = rows_by(session, told, partial(close_rows, told, first, last), CLOSED)
    rows = rows.persist(StorageLevel.MEMORY_AND_DISK)  # reckoned once, written as five tables
    counts = {row["what"]: row["count"] for row in rows.groupBy("what").count().collect()}
    for what in TABLES:
        table = rows.where(rows.what == what).select(f"{what}.*")
        if what == "entry" and (late := unmatched_rows(told, first, last)):
            table = table.unionByName(session.createDataFrame(late, ddl_of(CLOSED.field(what).type)))
            counts[what] = counts.get(what, 0) + len(late)
        write(table.coalesce(session.sparkContext.defaultParallelism), f"{to}/{what}")  # a file a core, not one a task
        done.rows[what] = counts.get(what, 0)
    rows.unpersist()
    done.seconds = time.monotonic() - started
    return done


def spark_furnish(
    session: Any, snapshot: str, to: str, month_end: date, bureau: str, known_on: date | None = None
) -> SparkDone:
    """The reportable rows of a month (`reporting.furnish_rows`) in the folder `reportable`; nothing is told.

    `known_on`: as known at the end of that day, the last that the snapshot knows of unless given. Raises BadInput.
    """
    started = time.monotonic()
    told = told_by(session, snapshot)
    known_on = known_on or date_of(told.known_on)
    refuse_months(told, month_end, bureau, known_on)
    does = partial(furnish_rows, told, month_end, bureau, known_on)
    return _one_table(
        session, told, does, REPORTABLE, f"{bureau} {month_end:%Y-%m} reckoned", to, "reportable", started
    )


def spark_features(session: Any, snapshot: str, to: str, on: int, purpose: str) -> SparkDone:
    """Features of those whom a purpose asks about as of a day, in the folder `features`. Raises BadInput."""
    started = time.monotonic()
    kind = features_kind(purpose)
    told = told_by(session, snapshot)
    refuse_features(told, on)
    does = partial(feature_rows, told, on, purpose)
    return _one_table(session, told, does, kind, f"features for {purpose} as of {iso(on)}", to, "features", started)


def _one_table(
    session: Any, told: SnapshotTold, does: Rows, kind: pa.Schema, what: str, to: str, name: str, started: float
) -> SparkDone:
    write(rows_by(session, told, does, kind), f"{to}/{name}")
    rows = session.read.schema(ddl_of(kind)).parquet(f"{to}/{name}").count()
    return SparkDone(what, to, {name: rows}, time.monotonic() - started)
