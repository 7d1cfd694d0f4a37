"""Features of account flows for a table of borrowers, each as of a day of its own, out of a file and not the book."""

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from afterloan.intake.files import RefusedRow
from afterloan.intake.flows import FlowsRead, read_flow_map, read_flows
from afterloan.intake.tables import read_table
from afterloan.risk.features.compute import features_of
from afterloan.risk.features.declared import groups
from afterloan.risk.flows import flow_sources
from afterloan.risk.table import TableRefused

GROUPS = ("flows", "spending")


@dataclass(frozen=True, slots=True)
class FlowTable:
    """The table with its features, and the movements that could not be read."""

    frame: pl.DataFrame
    refused: list[RefusedRow]


def features_of_file(movements: Path, as_of: Path, told: Path | None) -> FlowTable:
    """The rows of `as_of` (columns `borrower`, `as_of`) with the features of flows and spending as of their day.

    Raises TableRefused or BookFileRefused for what cannot be read.
    """
    report = FlowsRead()
    frames = list(read_flows(movements, read_flow_map(told), report))
    if not frames:
        raise TableRefused(f"{movements}: holds no movements")
    flows = pl.concat(frames).with_columns(amount=pl.col("amount_fen") * 0.01, balance=pl.col("balance_fen") * 0.01)
    asked = read_table(as_of)
    for name in ("borrower", "as_of"):
        if name not in asked.columns:
            raise TableRefused(f"{as_of}: column {name} is missing")
    days = asked["as_of"].cast(pl.String).str.to_date("%Y-%m-%d", strict=False)
    if days.null_count():
        row = int(days.is_null().arg_max() or 0)
        raise TableRefused(f"{as_of}: row {row + 1}: as_of {asked['as_of'][row]!r} is no day; write YYYY-MM-DD")
    asked = asked.with_columns(borrower=pl.col("borrower").cast(pl.String), as_of=days)
    return FlowTable(_joined_features(asked, flows), report.refused)


def _joined_features(asked: pl.DataFrame, flows: pl.DataFrame) -> pl.DataFrame:
    features = [f for name in GROUPS for f in groups()[name].features]
    parts = []
    for (day,), rows in asked.with_row_index("_row").partition_by("as_of", as_dict=True).items():
        mine = flows.filter(pl.col("borrower").is_in(rows["borrower"].unique().to_list()))
        parts.append(rows.hstack(features_of(flow_sources(mine, day), features, rows["borrower"]).drop("borrower")))
    return pl.concat(parts).sort("_row").drop("_row")
