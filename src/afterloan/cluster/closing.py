"""Days closed out of a snapshot, whole shards at a time: what the night would write, as rows."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from afterloan.close.shard import DaysLeft, close_days
from afterloan.close.suspense import entry_of_unmatched
from afterloan.close.transitions import TRANSITION
from afterloan.cluster.taken import Batches, ShardTaken, SnapshotTold, shards_of
from afterloan.dates import NEVER, date_of, iso
from afterloan.expected import BadInput
from afterloan.journal.difference import ENTRY, NO_LOAN
from afterloan.loan.book import Records
from afterloan.loan.reckon import reckon_book
from afterloan.loan.terms import POSITION, Component

DAY = ("closed_on", pa.date32())
SHARD = ("shard", pa.int32())
COMPONENTS = [c.name.lower() for c in sorted(Component)]
DATES = tuple(name for name in POSITION.names or () if name.endswith("_on") or name == "perform_by")


def _position_fields() -> list[tuple[str, pa.DataType]]:
    fields: list[tuple[str, pa.DataType]] = []
    for name in POSITION.names or ():
        if POSITION[name].shape:
            fields += [(f"{name.removesuffix('_fen')}_{c}_fen", pa.int64()) for c in COMPONENTS]
        else:
            fields.append((name, pa.date32() if name in DATES else pa.int64()))
    return fields


TABLES: dict[str, pa.StructType] = {
    "entry": pa.struct(
        [DAY, SHARD, *[(n, pa.int64()) for n in ("loan", "product", "cause", "component", "debit", "credit",
                                                 "amount_fen")]]
    ),
    "transition": pa.struct(
        [DAY, SHARD, *[(n, pa.int64()) for n in ("loan", "kind", "from_bucket", "to_bucket", "days_past_due",
                                                 "amount_fen")]]
    ),
    "exception": pa.struct([DAY, SHARD, ("loan", pa.int64()), ("reason", pa.string())]),
    "closing": pa.struct(
        [DAY, SHARD, *[(n, pa.int64()) for n in ("loans_in", "closed", "excepted")], ("totals", pa.string())]
    ),
    "position": pa.struct([DAY, SHARD, ("borrower", pa.int64()), *_position_fields()]),
}  # fmt: skip
"""What closing leaves, named and shaped as the store's tables; `position` has the last day's, a row a loan.

Money in minor units; a day that is not (no due date ahead, not paid off) is null; the four components of a sum stand
in columns of their own (`arrears_interest_fen`).
"""
CLOSED = pa.schema([("what", pa.string()), *TABLES.items()])
"""One row of any of them: `what` names the column that has it, the others are null."""


def days_to_close(told: SnapshotTold, through: int) -> tuple[int, int]:
    """The first and the last day: those after the last one closed. Raises BadInput where there are none."""
    first = told.as_of + 1
    if through < first:
        stands = "closed" if told.closed else "the day before the first fact"
        raise BadInput(f"{iso(through)}: the snapshot is as of {iso(told.as_of)} ({stands}); {iso(first)} comes next")
    return first, through


def close_rows(told: SnapshotTold, first: int, last: int, batches: Batches) -> Iterator[pa.RecordBatch]:
    """Close the days `first … last` of the shards that come: rows of CLOSED, what the embedded close would write.

    `batches`: LOAN and `shard`, whole shards one after the other. Raises SnapshotBroken.
    """
    for shard in shards_of(told, batches):
        yesterday = reckon_book(shard.book, first - 1, first - 1)
        left = close_days(shard.book, first, last, yesterday, shard.posted(), told.sums[shard.number], told.place)
        for what, rows in _tables(shard, left, last):
            if len(rows):
                yield _as_closed(what, rows)


def unmatched_rows(told: SnapshotTold, first: int, last: int) -> list[dict[str, Any]]:
    """The entries of money of unknown owners on those days, rows of `entry`: booked for the lender as a whole.

    Beyond the days that the snapshot tells of, what waits stays as it was last known.
    """
    rows, booked = [], told.unmatched_booked_fen
    waits = booked
    for day in range(first, last + 1):
        waits = told.unmatched_waiting_fen.get(day, waits)
        if waits != booked:
            names = ("shard", "product", "cause", "component", "debit", "credit", "amount_fen")
            entry = dict(zip(names, entry_of_unmatched(waits - booked), strict=True))
            rows.append({"closed_on": date_of(day), **entry, "loan": None})
        booked = waits
    return rows


def _tables(shard: ShardTaken, left: DaysLeft, last: int) -> Iterator[tuple[str, pl.DataFrame]]:
    for what, days, kind in (("entry", left.entries, ENTRY), ("transition", left.transitions, TRANSITION)):
        rows = _rows_of_days(days, kind)
        if rows is not None:
            yield what, rows.with_columns(pl.lit(shard.number).alias("shard"))
    exceptions = [(date_of(day), shard.number, loan, reason) for day, loan, reason in left.exceptions]
    yield "exception", pl.DataFrame(exceptions, schema=[f.name for f in TABLES["exception"]], orient="row")
    closings = [(date_of(day), shard.number, *rest) for day, *rest in left.closings]
    yield "closing", pl.DataFrame(closings, schema=[f.name for f in TABLES["closing"]], orient="row")
    assert left.positions is not None
    yield "position", _positions(shard, left.positions, last)


def _rows_of_days(days: list[tuple[int, Records]], kind: np.dtype[np.void]) -> pl.DataFrame | None:
    """Entries or transitions day by day as rows with the day, no loan where they are of none; None: there are none."""
    if not sum(len(rows) for _, rows in days):
        return None
    rows = np.concatenate([rows for _, rows in days])
    closed_on = np.repeat(np.array([day for day, _ in days]), [len(rows) for _, rows in days])
    frame = pl.DataFrame({name: rows[name] for name in kind.names or ()})
    loan = pl.when(pl.col("loan") == NO_LOAN).then(None).otherwise(pl.col("loan")).alias("loan")
    return frame.with_columns(loan, pl.Series("closed_on", closed_on).cast(pl.Int32).cast(pl.Date))


def _positions(shard: ShardTaken, positions: Records, day: int) -> pl.DataFrame:
    columns: dict[str, Any] = {"borrower": shard.owners}
    for name in POSITION.names or ():
        values = positions[name]
        if POSITION[name].shape:
            for k, component in enumerate(COMPONENTS):
                columns[f"{name.removesuffix('_fen')}_{component}_fen"] = np.ascontiguousarray(values[:, k])
        else:
            columns[name] = np.ascontiguousarray(values)
    frame = pl.DataFrame(columns).with_columns(
        pl.when((pl.col(name) > 0) & (pl.col(name) < NEVER)).then(pl.col(name)).cast(pl.Int32).cast(pl.Date)
        for name in DATES
    )
    return frame.with_columns(closed_on=pl.lit(date_of(day)), shard=pl.lit(shard.number, pl.Int32))


def _as_closed(what: str, rows: pl.DataFrame) -> pa.RecordBatch:
    """Rows of one table as rows of CLOSED."""
    table = rows.to_arrow()
    kind = TABLES[what]
    parts = [table[f.name].combine_chunks().cast(f.type) for f in kind]
    row = pa.StructArray.from_arrays(parts, fields=list(kind))
    columns = [pa.array([what] * len(table), pa.string())]
    columns += [row if name == what else pa.nulls(len(table), one) for name, one in TABLES.items()]
    return pa.RecordBatch.from_arrays(columns, schema=CLOSED)
