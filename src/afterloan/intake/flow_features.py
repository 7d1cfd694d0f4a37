"""Features of account flows for a table of borrowers, each as of a day of its own, out of a file and not the book."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from afterloan.intake.files import RefusedRow
from afterloan.intake.flows import FlowsRead, read_flow_map, read_flows
from afterloan.intake.tables import read_table
from afterloan.risk.features.compute import features_of
from afterloan.risk.features.declared import groups
from afterloan.risk.flows import flow_sources
from afterloan.risk.network import edges_of, network_of
from afterloan.risk.table import TableRefused

GROUPS = ("flows", "spending")


@dataclass(frozen=True, slots=True)
class FlowTable:
    """The table with its features, and the movements that could not be read."""

    frame: pl.DataFrame
    refused: list[RefusedRow]


def features_of_file(movements: Path, as_of: Path, told: Path | None, network: bool = False) -> FlowTable:
    """The rows of `as_of` (columns `borrower`, `as_of`) with the features of flows and spending as of their day.

    `network`: also those of transfers among the borrowers of the table (a `counterparty` that is one of them), which
    asks for the column `defaulted_on`: the day on which it was known that the borrower went bad, empty where none did.

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
    if network:
        asked = asked.with_columns(defaulted_on=_defaulted(asked, as_of))
    return FlowTable(_joined_features(asked, flows, network), report.refused)


def _defaulted(asked: pl.DataFrame, path: Path) -> pl.Series:
    """The days of default of a table. Raises TableRefused where the column is missing or holds what is no day."""
    if "defaulted_on" not in asked.columns:
        raise TableRefused(f"{path}: column defaulted_on is missing; the network asks who was in default by a day")
    words = asked["defaulted_on"].cast(pl.String).str.strip_chars().replace("", None)
    days = words.str.to_date("%Y-%m-%d", strict=False)
    wrong = words.is_not_null() & days.is_null()
    if wrong.any():
        row = int(wrong.arg_max() or 0)
        raise TableRefused(f"{path}: row {row + 1}: defaulted_on {words[row]!r} is no day; write YYYY-MM-DD")
    return days


def _joined_features(asked: pl.DataFrame, flows: pl.DataFrame, network: bool) -> pl.DataFrame:
    features = [f for name in (*GROUPS, *(("network",) if network else ())) for f in groups()[name].features]
    parts = []
    for (day,), rows in asked.with_row_index("_row").partition_by("as_of", as_dict=True).items():
        mine = flows.filter(pl.col("borrower").is_in(rows["borrower"].unique().to_list()))
        sources = flow_sources(mine, day) | ({"network": _network(asked, flows, day)} if network else {})
        parts.append(rows.hstack(features_of(sources, features, rows["borrower"]).drop("borrower")))
    return pl.concat(parts).sort("_row").drop("_row")


def _network(asked: pl.DataFrame, flows: pl.DataFrame, day: date) -> pl.DataFrame:
    """The network's figures as of a day of all borrowers of the table; in default: on a day before."""
    people = asked.group_by("borrower").agg(bad=(pl.col("defaulted_on") < day).fill_null(False).any()).sort("borrower")
    people = people.with_row_index("number").with_columns(pl.col("number").cast(pl.Int64))
    at = people.select("borrower", "number")
    moved = flows.join(at, on="borrower").rename({"number": "payer"})
    moved = moved.join(at.rename({"borrower": "counterparty"}), on="counterparty").rename({"number": "payee"})
    told = network_of(edges_of(moved, day), people["number"].to_numpy(), people["bad"].to_numpy())
    return told.with_columns(borrower=people["borrower"])
