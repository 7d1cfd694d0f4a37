"""Rows that a bank or a bureau told of borrowers who agreed to it: read once, and told as of a day for a use."""

import datetime
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import adbc_driver_postgresql.dbapi as adbc
import numpy as np
import numpy.typing as npt
import polars as pl
import psycopg

from afterloan.dates import date_of
from afterloan.loan.book import Book
from afterloan.loan.reckon import reckon_book
from afterloan.risk.bureau_rows import GOOD_FOR_DAYS, bureau_sources
from afterloan.risk.features.declared import Feature, groups
from afterloan.risk.flows import flow_sources
from afterloan.risk.network import edges_of, network_of
from afterloan.risk.outcomes import LOST
from afterloan.store.ids import one_of
from afterloan.store.read import fetch

Days = npt.NDArray[np.int64]
FEW = 1_000  # loans, up to which their borrowers are asked for by number
DEFAULT_DAYS = 90  # past due at some time, from which a neighbour counts as one who was in default
MOVED = (
    "select f.source, f.borrower as payer, o.borrower as payee, f.on_day as on, f.known_on from flow f "
    "join borrower o on o.reference = f.counterparty where o.borrower <> f.borrower"
)
CONSENTS = "select borrower, source, uses, on_day, ended_on from flow_consent"
Defaulted = tuple[Days, npt.NDArray[np.bool_]]
"""Borrowers (sorted) and whether each was in default by a day, as then known."""


@dataclass(slots=True)
class Network:
    """Transfers among borrowers of the whole book, who agreed to what, and who was in default by each day."""

    moved: pl.DataFrame
    consents: pl.DataFrame
    defaulted: dict[int, Defaulted] = field(default_factory=dict)


@dataclass(slots=True)
class AgreedRows:
    """What was told of some borrowers from outside. None: no group asks for it, so it was not read."""

    consents: pl.DataFrame
    flows: pl.DataFrame | None = None
    reports: pl.DataFrame | None = None
    network: Network | None = None


def groups_with_consent(features: Iterable[Feature]) -> frozenset[str]:
    """The groups of these features that are read of borrowers only who agreed to their source."""
    return frozenset(f.group for f in features if groups()[f.group].consent)


def read_agreed(
    reader: adbc.Connection, owners: Days, wanted: Collection[str], network: Network | None
) -> AgreedRows | None:
    """What the wanted groups read of some borrowers; None where no group needs consent."""
    if not wanted:
        return None
    mine = pl.col("borrower").is_in(np.unique(owners))
    few = f" where {one_of('borrower', owners)}" if len(owners) < FEW else ""
    told = AgreedRows(pl.DataFrame(fetch(reader, CONSENTS + few)).filter(mine), network=network)
    tellers = {groups()[name].told_by for name in wanted}
    if "bank" in tellers:
        told.flows = _major(_flows(reader, few).filter(mine), "amount", "balance")
    if "bureau" in tellers:
        told.reports = _major(
            _reports(reader, few).filter(mine), "granted", "balance", "overdue", "worst_overdue"
        ).with_columns(pl.col("active", "card").cast(pl.Int64))
    return told


def _flows(reader: adbc.Connection, few: str) -> pl.DataFrame:
    columns = "borrower, source, on_day as on, known_on, amount_fen, balance_fen, category, counterparty"
    return pl.DataFrame(fetch(reader, f"select {columns} from flow{few}"))


def _reports(reader: adbc.Connection, few: str) -> pl.DataFrame:
    columns = (
        "borrower, source, known_on, account, opened_on, is_active as active, is_card as card, granted_fen, "
        "balance_fen, overdue_fen, worst_overdue_fen, prolonged::bigint as prolonged, ends_on, months"
    )
    return pl.DataFrame(fetch(reader, f"select {columns} from bureau_account{few}"))


def _major(frame: pl.DataFrame, *names: str) -> pl.DataFrame:
    """Amounts in major units."""
    return frame.with_columns((pl.col(f"{n}_fen") * 0.01).alias(n) for n in names).drop(f"{n}_fen" for n in names)


def consents_on(consents: pl.DataFrame, as_of: int, use: str) -> pl.DataFrame:
    """`borrower` and `source` of the consents that hold as of a day for a use."""
    on = date_of(as_of)
    holds = (pl.col("on_day") < on) & (pl.col("ended_on").is_null() | (pl.col("ended_on") > on))
    return consents.filter(holds & pl.col("uses").list.contains(use)).select("borrower", "source").unique()


def told_of(rows: AgreedRows, teller: str, as_of: int, use: str) -> Days:
    """Borrowers of whom a bank or a bureau may be read as of a day: they agreed, and something was known by then."""
    agreed, on = consents_on(rows.consents, as_of, use), date_of(as_of)
    known = rows.flows if teller == "bank" else rows.reports
    assert known is not None, f"rows of {teller} were not read"
    fresh = pl.col("known_on") < on
    if teller == "bureau":
        fresh &= pl.col("known_on") >= on - datetime.timedelta(days=GOOD_FOR_DAYS)
    told = known.filter(fresh).join(agreed, on=["borrower", "source"], how="semi")
    return np.unique(told["borrower"].to_numpy())


def agreed_sources(rows: AgreedRows, as_of: int, use: str) -> dict[str, pl.DataFrame]:
    """The rows as of a day that may be read for a use, by source."""
    agreed, on = consents_on(rows.consents, as_of, use), date_of(as_of)
    told: dict[str, pl.DataFrame] = {}
    if rows.flows is not None:
        told |= flow_sources(rows.flows.join(agreed, on=["borrower", "source"], how="semi"), on)
    if rows.reports is not None:
        told |= bureau_sources(rows.reports.join(agreed, on=["borrower", "source"], how="semi"), on)
    if rows.network is not None:
        told["network"] = network_on(rows.network, as_of, use)
    return told


def network_on(network: Network, as_of: int, use: str) -> pl.DataFrame:
    """Figures of the network as of a day for a use, a row for each borrower of the book.

    An edge needs the consent of both: the payer's to the source that told of it, the payee's to any that a bank tells.
    """
    agreed = consents_on(network.consents, as_of, use)
    sources = network.moved["source"].unique()
    both = agreed.filter(pl.col("source").is_in(sources.implode())).select(payee="borrower").unique()
    moved = network.moved.join(agreed.rename({"borrower": "payer"}), on=["payer", "source"], how="semi")
    moved = moved.join(both, on="payee", how="semi")
    borrowers, bad = network.defaulted[as_of]
    return network_of(edges_of(moved, date_of(as_of)), borrowers, bad)


def read_network(
    connection: psycopg.Connection[Any], reader: adbc.Connection, parts: Iterable[tuple[Book, Days]],
    days: Sequence[int],
) -> Network:  # fmt: skip
    """The network of the whole book for some days; `parts`: all its loans with the borrower of each."""
    found: dict[int, list[pl.DataFrame]] = {day: [] for day in days}
    for book, owners in parts:
        for day in days:
            found[day].append(_defaulted(book, owners, day))
    told = Network(pl.DataFrame(fetch(reader, MOVED)), pl.DataFrame(fetch(reader, CONSENTS)))
    for day, frames in found.items():
        if frames:
            both = pl.concat(frames).group_by("borrower").agg(pl.col("bad").any()).sort("borrower")
            told.defaulted[day] = (both["borrower"].to_numpy(), both["bad"].to_numpy())
    return told


def _defaulted(book: Book, owners: Days, day: int) -> pl.DataFrame:
    positions = reckon_book(book, day, day - 1)
    bad = (positions["worst_days_past_due"] >= DEFAULT_DAYS) | np.isin(positions["state"], LOST)
    there = (positions["error"] == 0) & (positions["disbursed_fen"] > 0)
    return pl.DataFrame({"borrower": owners[there], "bad": bad[there]})
