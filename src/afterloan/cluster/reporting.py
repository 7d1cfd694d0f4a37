"""What a bureau is to be told of a month, and features of borrowers, out of a snapshot, whole shards at a time."""

import json
from collections.abc import Iterator
from datetime import date

import polars as pl
import pyarrow as pa

from afterloan.bureau.reportable import COUNTS, DAYS, MONEY, TEXTS
from afterloan.close.furnish import not_of_bureau, wrong_month
from afterloan.cluster.taken import Batches, ShardTaken, SnapshotTold, shards_of
from afterloan.dates import date_of, iso, number_of
from afterloan.enquiry.panels import Part, features_asked, sources_of
from afterloan.enquiry.reportable import Heard, heard_of, reckoned
from afterloan.expected import BadInput
from afterloan.facts.events import event_of
from afterloan.loan.reckon import reckon_book
from afterloan.risk.features.compute import features_of
from afterloan.risk.outcomes import PURPOSES, asked_about
from afterloan.store.furnished import Furnishing

REPORTABLE = pa.schema(
    [
        ("shard", pa.int32()),
        ("borrower", pa.int64()),
        ("loan", pa.int64()),
        ("month_end", pa.date32()),
        ("adverse", pa.bool_()),
        *[(name, pa.string()) for name in TEXTS],
        *[(name, pa.date32()) for name in DAYS],
        *[(name, pa.int64()) for name in ("principal_fen", *MONEY, *COUNTS)],
    ]
)
"""A row an account and month: what a bureau is to be told, in the bureau's own words and codes."""


def refuse_months(told: SnapshotTold, month_end: date, bureau: str, known_on: date) -> None:
    """Raises BadInput: no such bureau, no month end, a month that the snapshot has not closed, or does not know."""
    if wrong := wrong_month(month_end, bureau, known_on):
        raise BadInput(wrong)
    if not told.closed or told.as_of < number_of(month_end):
        raise BadInput(f"{month_end} is not closed in {told.where}, which is as of {iso(told.as_of)}: take a later one")
    if told.known_on < number_of(known_on):
        raise BadInput(f"{told.where} knows nothing of after {iso(told.known_on)}: take a later one, or name that day")


def furnish_rows(
    told: SnapshotTold, month_end: date, bureau: str, known_on: date, batches: Batches
) -> Iterator[pa.RecordBatch]:
    """The reportable rows of a month as known on a day, of the shards that come: REPORTABLE.

    What `afterloan bureau furnish` reckons before it holds it against what was told: no notice is asked for, nothing is
    written and no file is made.
    """
    of = Furnishing(0, bureau, month_end, known_on, "0", True)
    for shard in shards_of(told, batches):
        now = reckoned(shard.book, month_end, of, _heard(shard, bureau, known_on))
        now = now.filter(~pl.col("loan").is_in(_elsewhere(told, shard, bureau)))
        whose = pl.DataFrame({"loan": shard.rows["loan"].to_numpy(), "borrower": shard.owners})
        yield from _batches(now.join(whose, "loan", maintain_order="left"), shard, REPORTABLE)


def _heard(shard: ShardTaken, bureau: str, known_on: date) -> Heard:
    events = [one for told in shard.rows["told"].to_pylist() for one in told if one["known_on"] <= known_on]
    # every borrower's are in order; the order between borrowers says nothing
    return heard_of(
        [
            (
                e["loan"],
                event_of(
                    e["kind"], "-", None if e["loan"] is None else str(e["loan"]), e["on"], None, e["known_on"],
                    str(e["event"]), json.loads(e["body"]),
                ),
            )
            for e in events
        ],
        bureau,
    )  # fmt: skip


def _elsewhere(told: SnapshotTold, shard: ShardTaken, bureau: str) -> list[int]:
    """Loans of borrowers whose place has another bureau, but for those that this one was ever told of."""
    loans, places = shard.rows["loan"].to_pylist(), shard.rows["jurisdiction"].to_pylist()
    heard_of = {loan for loan, of in zip(loans, shard.rows["furnished_to"].to_pylist(), strict=True) if bureau in of}
    return sorted(set(not_of_bureau(bureau, told.place, loans, places)) - heard_of)


OWN = ("own_history",)
"""The group of features that a snapshot carries: what came from elsewhere needs a consent that is asked day by day."""


def features_kind(purpose: str) -> pa.Schema:
    """The columns of `feature_rows`: shard, borrower, as_of, and the features as fractions. Raises BadInput."""
    if purpose not in PURPOSES:
        raise BadInput(f"purpose {purpose!r} is not known; there are: {', '.join(PURPOSES)}")
    names = [feature.name for feature in features_asked(OWN, PURPOSES[purpose])]
    head = [("shard", pa.int32()), ("borrower", pa.int64()), ("as_of", pa.date32())]
    return pa.schema([*head, *[(name, pa.float64()) for name in names]])


def refuse_features(told: SnapshotTold, on: int) -> None:
    """Raises BadInput: a day whose eve the snapshot does not know of whole."""
    if on - 1 > told.known_on:
        raise BadInput(
            f"{told.where} knows nothing of after {iso(told.known_on)}: name {iso(told.known_on + 1)} at most"
        )


def feature_rows(told: SnapshotTold, on: int, purpose: str, batches: Batches) -> Iterator[pa.RecordBatch]:
    """Features of the borrowers whom a purpose asks about as of a day, from what was known the evening before.

    A row each, of the shards that come; null where nothing is recorded. Columns as in `features_kind`.
    """
    asked_for = PURPOSES[purpose]
    features = features_asked(OWN, asked_for)
    kind = features_kind(purpose)
    for shard in shards_of(told, batches):
        positions = reckon_book(shard.book, on, on - 1)
        borrowers = asked_about(asked_for, positions, shard.owners)
        sources = sources_of(Part(shard.book, shard.owners, _contacts(shard)), on, asked_for.use, positions)
        rows = features_of(sources, features, pl.Series("borrower", borrowers))
        yield from _batches(rows.with_columns(as_of=pl.lit(date_of(on))), shard, kind)


def _contacts(shard: ShardTaken) -> pl.DataFrame:
    """What came of contacts of the shard's borrowers, as `enquiry.panels` reads it out of the store."""
    lists = pl.DataFrame(pl.from_arrow(shard.rows.select(["borrower", "contacts"])))
    found = lists.filter(pl.col("contacts").list.len() > 0).explode("contacts").unnest("contacts")
    return found.select("borrower", "kind", "outcome", "on", "known_on")


def _batches(rows: pl.DataFrame, shard: ShardTaken, kind: pa.Schema) -> Iterator[pa.RecordBatch]:
    if not len(rows):
        return
    table = rows.with_columns(shard=pl.lit(shard.number, pl.Int32)).to_arrow()
    yield from pa.table([table[f.name].cast(f.type) for f in kind], schema=kind).to_batches()
