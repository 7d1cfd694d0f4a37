"""A snapshot as tasks read it: what all of them are told, and whole shards out of the Arrow batches that come."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from afterloan.dates import day
from afterloan.enquiry.snapshot import LOAN, LOANS, MANIFEST, PRODUCTS, SUMS, check_snapshot, manifest_told
from afterloan.expected import ExpectedFailure
from afterloan.journal.difference import Totals
from afterloan.journal.postings import BY_LOAN, SLOTS
from afterloan.loan.book import Book, Records
from afterloan.rules.products import ProductTerms
from afterloan.store.loans import product_table
from afterloan.store.read import book_parts

Batches = Iterable[pa.RecordBatch]


class SnapshotBroken(ExpectedFailure):
    """What came to a task is not what the snapshot's manifest says."""


@dataclass(frozen=True, slots=True)
class SnapshotTold:
    """What every task knows of a snapshot; it travels with the function, so it holds nothing by loan.

    `as_of`, `known_on`: days since 1970-01-01; `closed`: whether any day was closed; `codes`: of products by number;
    `by_shard`: how many loans each shard has; `sums`: what the journal holds by product [p, SLOTS] for each shard;
    `unmatched`: as in the manifest.
    """

    where: str
    as_of: int
    known_on: int
    closed: bool
    place: str
    products: Records
    calendars: npt.NDArray[np.bool_]
    codes: dict[int, str]
    by_shard: dict[int, int]
    sums: dict[int, Totals]
    unmatched_booked_fen: int
    unmatched_waiting_fen: dict[int, int]


@dataclass(frozen=True, slots=True)
class ShardTaken:
    """A whole shard out of a snapshot: its book, by loan, and the rows it came in (LOAN)."""

    number: int
    book: Book
    rows: pa.Table

    @property
    def owners(self) -> npt.NDArray[np.int64]:
        """The borrower's number of each loan [n]."""
        return np.asarray(self.rows["borrower"].to_numpy(), np.int64)

    def posted(self) -> Totals:
        """The running totals [n, SLOTS] that the journal holds loan by loan; the slots booked in sums are 0."""
        totals = np.zeros((len(self.book), SLOTS), np.int64)
        flat = self.rows["posted"].combine_chunks().flatten().to_numpy()
        totals[:, :BY_LOAN] = flat.reshape(len(self.book), BY_LOAN)
        return totals


def told_of(where: str, text: Callable[[str], str], table: Callable[[str], pa.Table]) -> SnapshotTold:
    """What a snapshot tells all tasks. `text`, `table`: how one of its files is read, wherever it lies.

    Raises BadInput for what is no snapshot, or one of another version.
    """
    manifest = manifest_told(text(MANIFEST), where)
    rows = table(PRODUCTS).to_pylist()
    terms = {row["number"]: ProductTerms.model_validate(json.loads(row["terms"])) for row in rows}
    products, calendars = product_table(terms)
    sums: dict[int, Totals] = {}
    for row in table(SUMS).to_pylist():
        sums.setdefault(row["shard"], np.zeros((len(products), SLOTS), np.int64))[row["product"]] = row["posted"]
    unmatched = manifest["unmatched"]
    return SnapshotTold(
        where, int(day(manifest["as_of"])), int(day(manifest["known_on"])), manifest["closed"], manifest["place"],
        products, calendars, {row["number"]: row["code"] for row in rows},
        {int(shard): n for shard, n in manifest["by_shard"].items()}, sums,
        unmatched["booked_fen"], {int(day(on)): fen for on, fen in unmatched["waiting_fen"].items()},
    )  # fmt: skip


def told_in(folder: Path) -> SnapshotTold:
    """The same of a folder of this machine, its digests checked. Raises BadInput."""
    check_snapshot(folder)
    return told_of(
        str(folder), lambda name: (folder / name).read_text(encoding="utf-8"), lambda name: pq.read_table(folder / name)
    )


def batches_in(folder: Path, told: SnapshotTold, rows: int = 10_000) -> Iterator[pa.RecordBatch]:
    """The loans of a folder of this machine as Spark hands them out: LOAN and `shard`, some rows at a time."""
    for shard in told.by_shard:
        (path,) = (folder / LOANS).glob(f"*/*/shard={shard:02}/*.parquet")
        table = pq.read_table(path, schema=LOAN)
        table = table.append_column("shard", pa.array(np.full(len(table), shard, np.int32)))
        yield from table.to_batches(max_chunksize=rows)


def shards_of(told: SnapshotTold, batches: Batches) -> Iterator[ShardTaken]:
    """Whole shards out of the batches of one task, which bring one shard after the other.

    Raises SnapshotBroken where a shard comes in pieces or twice: a total over a part would be wrong and look right.
    """
    waiting: list[pa.RecordBatch] = []
    at: int | None = None
    for batch in batches:
        shards = batch.column(batch.schema.get_field_index("shard")).to_numpy()
        cuts = [0, *(np.flatnonzero(np.diff(shards)) + 1).tolist(), len(shards)]
        for first, last in pairwise(cuts):
            if first == last:
                continue
            if at is not None and at != shards[first]:
                yield _whole(told, at, waiting)
                waiting = []
            at = int(shards[first])
            waiting.append(batch.slice(first, last - first))
    if at is not None:
        yield _whole(told, at, waiting)


def _whole(told: SnapshotTold, shard: int, batches: list[pa.RecordBatch]) -> ShardTaken:
    rows = pa.Table.from_batches(batches)
    wanted = told.by_shard.get(shard, 0)
    if len(rows) != wanted:
        raise SnapshotBroken(
            f"{told.where}: shard {shard} came to one task with {len(rows):,} of its {wanted:,} loans; do not "
            "repartition the snapshot, and take it anew if files are missing or twice there"
        )
    packed = rows["packed"].combine_chunks()
    if isinstance(packed, pa.ChunkedArray):
        packed = pa.concat_arrays(packed.chunks)
    book = Book(told.products, *book_parts(packed), told.calendars)
    assert np.array_equal(book.contracts["loan"], rows["loan"].to_numpy()), "each row's history is its own"
    return ShardTaken(shard, book, rows)
