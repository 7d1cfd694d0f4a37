"""Days, months and features out of a snapshot are those of the embedded run, to the cent and to the row."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

from afterloan.cluster.closing import CLOSED as KIND
from afterloan.cluster.closing import TABLES, close_rows, days_to_close, unmatched_rows
from afterloan.cluster.reporting import (
    REPORTABLE,
    feature_rows,
    features_kind,
    furnish_rows,
    refuse_features,
    refuse_months,
)
from afterloan.cluster.taken import Batches, SnapshotTold, batches_in, told_in
from afterloan.dates import date_of, day
from afterloan.expected import BadInput
from afterloan.store.server import Store
from tests.cluster.books import (
    BEFORE,
    CLOSED,
    PLACES,
    closed,
    closings_embedded,
    features_embedded,
    month_embedded,
    positions_embedded,
    rows_embedded,
)

__all__ = ["closed"]


def rows_of(folder: Path, does: Any, kind: pa.Schema, at_once: int = 50) -> pa.Table:
    """What a task function makes of a snapshot, without Spark: batches in, batches out, as Spark hands them."""
    batches: Batches = batches_in(folder, told_in(folder), at_once)
    made: Iterator[pa.RecordBatch] = does(batches)
    return pa.Table.from_batches(list(made), schema=kind)


def of_table(rows: pa.Table, what: str) -> pl.DataFrame:
    return pl.DataFrame(pl.from_arrow(rows)).filter(pl.col("what") == what).select(what).unnest(what)


def in_order(rows: list[tuple[object, ...]]) -> list[tuple[object, ...]]:
    return sorted(rows, key=repr)


def test_entries_transitions_and_closings_are_those_of_the_embedded_close(closed: tuple[Store, Path]) -> None:
    store, folder = closed
    told = told_in(folder)
    first, last = days_to_close(told, CLOSED)
    assert (first, last) == (BEFORE + 1, CLOSED)
    rows = rows_of(folder, partial(close_rows, told, first, last), KIND)
    for what in ("entry", "transition", "exception"):
        here, there = of_table(rows, what), rows_embedded(store, what)
        if what == "entry":
            here = pl.concat([here, pl.DataFrame(unmatched_rows(told, first, last), schema=here.schema)])
        assert in_order(here.select(there[0]).rows()) == in_order(there[1]), what
    closings = [(*row[:5], json.dumps(json.loads(row[5]), sort_keys=True)) for row in of_table(rows, "closing").rows()]
    assert in_order(closings_embedded(store)) == in_order(closings)
    entries = of_table(rows, "entry")
    assert len(entries) > 100 and len(of_table(rows, "transition")) > 20
    assert entries.filter(pl.col("loan").is_null()).height > 0, "what is booked in one sum is there"


def test_positions_of_the_last_day_are_the_books(closed: tuple[Store, Path]) -> None:
    store, folder = closed
    told = told_in(folder)
    rows = of_table(rows_of(folder, partial(close_rows, told, BEFORE + 1, CLOSED), KIND), "position").sort("loan")
    there = positions_embedded(store)
    assert rows["loan"].to_list() == there["loan"].tolist()
    for k, name in enumerate(("penalty", "fee", "interest", "principal")):
        assert rows[f"arrears_{name}_fen"].to_list() == there["arrears_fen"][:, k].tolist()
        assert rows[f"outstanding_{name}_fen"].to_list() == there["outstanding_fen"][:, k].tolist()
    assert rows["payoff_fen"].to_list() == there["payoff_fen"].tolist()
    never = there["next_due_on"] > 100_000
    assert rows["next_due_on"].is_null().to_list() == (never | (there["next_due_on"] == 0)).tolist()
    ahead = rows.filter(pl.col("next_due_on").is_not_null())["next_due_on"].to_list()
    assert ahead == [date_of(int(n)) for n in there["next_due_on"] if 0 < n < 100_000]


def test_days_that_are_closed_are_not_closed_again(closed: tuple[Store, Path]) -> None:
    told = told_in(closed[1])
    with pytest.raises(BadInput, match=r"is as of 2025-10-30 \(closed\); 2025-10-31 comes next"):
        days_to_close(told, BEFORE)


def test_how_the_rows_are_cut_into_batches_is_not_part_of_the_answer(closed: tuple[Store, Path]) -> None:
    _, folder = closed
    told = told_in(folder)
    does = partial(close_rows, told, BEFORE + 1, CLOSED)
    assert rows_of(folder, does, KIND, 1).equals(rows_of(folder, does, KIND, 10_000))


@pytest.mark.parametrize("bureau", ["metro2", "pboc", "neutral"])
def test_reportable_rows_are_those_that_furnishing_reckons(closed: tuple[Store, Path], bureau: str) -> None:
    store, folder = closed
    told = replace(told_in(folder), place=PLACES[bureau])
    end = date(2025, 9, 30)
    refuse_months(told, end, bureau, date_of(CLOSED))
    rows = pl.DataFrame(pl.from_arrow(rows_of(
        folder, partial(furnish_rows, told, end, bureau, date_of(CLOSED)), REPORTABLE
    )))  # fmt: skip
    there = month_embedded(store, end, bureau, date_of(CLOSED))
    here = rows.sort("loan").select(there.columns)
    assert len(there) > 50
    assert here.cast(there.schema).equals(there.sort("loan")), bureau  # type: ignore[arg-type]
    if bureau == "pboc":  # the words of events: an open dispute, one decided, a guarantor; a fraud is not there
        assert here["annotation"].to_list().count("1") == 1 and here["status"].to_list().count("D") == 1


def test_months_that_cannot_be_told_are_refused(closed: tuple[Store, Path]) -> None:
    told = told_in(closed[1])
    with pytest.raises(BadInput, match=r"2025-10-31 is not closed in .* which is as of 2025-10-30"):
        refuse_months(told, date(2025, 10, 31), "pboc", date(2025, 10, 31))
    with pytest.raises(BadInput, match="there are: metro2, pboc, neutral"):
        refuse_months(told, date(2025, 9, 30), "equifax", date(2025, 9, 30))
    with pytest.raises(BadInput, match="knows nothing of after 2025-11-02"):
        refuse_months(told, date(2025, 9, 30), "pboc", date(2025, 11, 3))


@pytest.mark.parametrize("purpose", ["early_warning", "cure", "limit"])
def test_features_are_those_that_models_learn_from(closed: tuple[Store, Path], purpose: str) -> None:
    store, folder = closed
    told = told_in(folder)
    on = day("2025-10-01")
    refuse_features(told, on)
    rows = rows_of(folder, partial(feature_rows, told, on, purpose), features_kind(purpose))
    here = pl.DataFrame(pl.from_arrow(rows)).sort("borrower").drop("shard", "as_of")
    there = features_embedded(store, on, purpose)
    assert len(there) > (5 if purpose == "cure" else 50)
    assert here.equals(there), purpose
    assert not all(here[name].is_null().all() for name in here.columns[1:])


def test_a_day_of_which_the_snapshot_does_not_know_the_eve_is_refused(closed: tuple[Store, Path]) -> None:
    told = told_in(closed[1])
    refuse_features(told, CLOSED + 1)
    with pytest.raises(BadInput, match="name 2025-11-03 at most"):
        refuse_features(told, CLOSED + 2)
    with pytest.raises(BadInput, match="there are: early_warning, cure, roll, limit"):
        features_kind("luck")


def test_money_of_unknown_owners_is_booked_by_difference() -> None:
    """500.00 waits from the 31st on, 200.00 of it on the 2nd no more: two entries, and none on the day between."""
    told = SnapshotTold("x", BEFORE, CLOSED, True, "CN", np.zeros(0), np.zeros((0, 0), np.bool_), {}, {}, {}, 0, {})
    waits = {BEFORE: 0, BEFORE + 1: 50_000, BEFORE + 2: 50_000, BEFORE + 3: 30_000}
    rows = unmatched_rows(replace(told, unmatched_waiting_fen=waits), BEFORE + 1, BEFORE + 5)
    assert [(row["closed_on"], row["amount_fen"]) for row in rows] == [
        (date_of(BEFORE + 1), 50_000), (date_of(BEFORE + 3), 20_000),
    ]  # fmt: skip
    assert rows[0]["debit"] == rows[1]["credit"] and rows[0]["loan"] is None and rows[0]["shard"] == -1
    assert set(rows[0]) == {field.name for field in TABLES["entry"]}
