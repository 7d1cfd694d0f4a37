"""A snapshot of the book as Parquet, for other machines: what reckoning it needs, read at one moment, and no names."""

import json
import shutil
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import adbc_driver_postgresql.dbapi as adbc
import numpy as np
import polars as pl
import psycopg
import pyarrow as pa
import pyarrow.parquet as pq

from afterloan import __version__
from afterloan.dates import iso, number_of
from afterloan.enquiry.export import STATE
from afterloan.enquiry.panels import CONTACT_KINDS
from afterloan.enquiry.reportable import HEARD
from afterloan.expected import BadInput
from afterloan.journal.postings import BY_LOAN, SLOTS
from afterloan.loan.book import Book, as_known, part
from afterloan.rules.products import ProductTerms
from afterloan.store.brought import digest_of
from afterloan.store.contacts import defaults_of
from afterloan.store.history import pack
from afterloan.store.loans import product_table, products
from afterloan.store.moment import one_moment, posted_of_shard, shard_now
from afterloan.store.posted import last_closed, posted_of_products
from afterloan.store.read import fetch
from afterloan.store.server import Store
from afterloan.store.shards import shards_of
from afterloan.store.suspense import unmatched_booked, unmatched_fen

KIND, FORM = "afterloan snapshot", 1
MANIFEST, UNFINISHED, PRODUCTS, SUMS, LOANS = "manifest.json", "unfinished", "products.parquet", "sums.parquet", "loans"
OURS = (MANIFEST, UNFINISHED, PRODUCTS, SUMS, LOANS)
LEFT_OUT = "names, references, phones, addresses, attributes, free text, staff, messages, documents"
"""What no snapshot holds. Borrowers and loans stand under the numbers of the store."""
MOST_DAYS = 400
"""Days after the last one closed for which money of unknown owners is told."""

CONTACT = pa.struct([("kind", pa.string()), ("outcome", pa.string()), ("on", pa.date32()), ("known_on", pa.date32())])
TOLD = pa.struct(
    [("event", pa.int64()), ("loan", pa.int64()), ("kind", pa.string()), ("on", pa.date32()),
     ("known_on", pa.date32()), ("body", pa.string())]
)  # fmt: skip
LOAN = pa.schema(
    [
        ("loan", pa.int64()),
        ("borrower", pa.int64()),
        ("product", pa.int32()),
        ("signed_on", pa.date32()),
        ("told_on", pa.date32()),  # when the contract was learnt
        ("jurisdiction", pa.string()),  # the borrower's; none where the lender's own holds
        ("furnished_to", pa.list_(pa.string())),  # bureaus that were ever told of the loan
        ("posted", pa.list_(pa.int64())),  # [BY_LOAN]: running totals that the journal held for it, minor units
        ("packed", pa.large_binary()),  # contract, promised rows, facts: `store/history.py`
        ("contacts", pa.list_(CONTACT)),  # of its borrower; they stand at the borrower's first loan
        ("told", pa.list_(TOLD)),  # events that bear on what a bureau is told, by day; also at the first loan
    ]
)
"""A row of the table `loans`: everything that is carried of a loan, so that no two tables have to be joined."""


@dataclass(frozen=True, slots=True)
class SnapshotTaken:
    """A snapshot that was written: its manifest."""

    folder: Path
    manifest: dict[str, Any]

    def __str__(self) -> str:
        """For people."""
        m = self.manifest
        size = sum(f["bytes"] for f in m["files"]) / 1e6
        return (
            f"{m['loans']:,} loans as of {m['as_of']}, as known on {m['known_on']}: {len(m['files'])} files, "
            f"{size:,.1f} MB in {self.folder}; not in it: {m['left_out']}"
        )


def take_snapshot(store: Store, folder: Path, as_of: date | None = None, known_on: date | None = None) -> SnapshotTaken:
    """Write the book to `folder`: `loans/as_of=…/known_on=…/shard=…`, products, sums, and a manifest with digests.

    `as_of`: the last day whose closing the journal has in it (the last one closed unless given; of a book never closed
    the day before its first fact); `known_on`: what became known later is not in it (all that is known unless given).
    Everything is read at one moment. The same book gives the same bytes. Killed, the folder has no manifest and the
    same command begins anew. Raises BadInput: a folder with something else in it, a day that is not closed.
    """
    _begin(folder)
    with one_moment(store) as (connection, reader):
        days = _days(connection, as_of, known_on)
        manifest = _manifest(connection, *days)
        terms = products(connection)
        files = [_products(folder, terms)]
        table = product_table(terms)
        counts, sums = {}, []
        for shard in range(shards_of(connection)):
            book = shard_now(connection, reader, shard, table)
            rows = _rows(reader, shard, book, *days)
            if len(rows):
                counts[str(shard)] = len(rows)
                place = Path(LOANS) / f"as_of={days[0]}" / f"known_on={days[1]}" / f"shard={shard:02}"
                files.append(_written(folder, place / "loans.parquet", rows))
            sums.append(posted_of_products(connection, shard, len(table[0]), days[0]))
        files.append(_sums(folder, sums))
    manifest |= {"loans": sum(counts.values()), "by_shard": counts, "files": files}
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    (folder / UNFINISHED).unlink()
    return SnapshotTaken(folder, manifest)


def check_snapshot(folder: Path) -> dict[str, Any]:
    """The manifest of a snapshot whose files are as they were written. Raises BadInput naming the first that is not."""
    manifest = manifest_told(_text(folder / MANIFEST), str(folder))
    for told in manifest["files"]:
        path = folder / told["path"]
        if not path.is_file():
            raise BadInput(f"{folder}: {told['path']} is missing; take the snapshot anew")
        if digest_of(path) != told["sha256"]:
            raise BadInput(f"{folder}: {told['path']} is not as it was written; take the snapshot anew")
    return manifest


def manifest_told(text: str, where: str) -> dict[str, Any]:
    """A manifest out of its text. Raises BadInput for what is none, or one that this version does not read."""
    try:
        told = json.loads(text)
    except ValueError as error:
        raise BadInput(f"{where}: {MANIFEST} is no JSON ({error}); take the snapshot anew") from error
    if not isinstance(told, dict) or told.get("kind") != KIND:
        raise BadInput(f"{where}: is no snapshot; `afterloan snapshot FOLDER` writes one")
    if (told.get("form"), told.get("slots")) != (FORM, SLOTS):
        raise BadInput(
            f"{where}: was written by afterloan {told.get('afterloan')}, which keeps other totals than this one "
            f"({__version__}); take the snapshot anew with this version"
        )
    return told


def _text(path: Path) -> str:
    if not path.is_file():
        raise BadInput(f"{path.parent}: has no {MANIFEST}, so it is no snapshot, or one that was not finished")
    return path.read_text(encoding="utf-8")


def _begin(folder: Path) -> None:
    """An empty folder to write to; what an unfinished snapshot left is removed. Raises BadInput."""
    there = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    if MANIFEST in there and UNFINISHED not in there:
        raise BadInput(f"{folder}: holds a snapshot already; name another folder")
    if there and (UNFINISHED not in there or there - set(OURS)):
        strange = ", ".join(sorted(there - set(OURS))[:3]) or "files of a snapshot"
        raise BadInput(f"{folder}: is not empty ({strange}); name a new or an empty folder")
    shutil.rmtree(folder / LOANS, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / UNFINISHED).touch()
    (folder / MANIFEST).unlink(missing_ok=True)


def _days(connection: psycopg.Connection[Any], as_of: date | None, known_on: date | None) -> tuple[date, date]:
    closed = last_closed(connection)
    row = connection.execute(
        "select min(on_day), greatest(max(known_on), (select max(known_on) from event)) from fact"
    ).fetchone()
    if row is None or row[0] is None:
        raise BadInput("the book is empty: import a book first (afterloan import FOLDER)")
    if as_of is None:
        as_of = closed or row[0] - timedelta(days=1)
    elif closed is None or as_of > closed:
        stands = f"the last day closed is {closed}" if closed else "no day is closed yet"
        raise BadInput(f"--as-of {as_of}: {stands}; close it first (afterloan close --through {as_of})")
    known_on = known_on or max(row[1], as_of)
    if known_on < as_of:
        raise BadInput(
            f"--known-on {known_on} is before --as-of {as_of}: the journal of that day knew more; name a later day"
        )
    return as_of, known_on


def _manifest(connection: psycopg.Connection[Any], as_of: date, known_on: date) -> dict[str, Any]:
    row = connection.execute(STATE).fetchone()
    assert row is not None
    closed = last_closed(connection)
    return {
        "kind": KIND,
        "form": FORM,
        "afterloan": __version__,
        "as_of": str(as_of),
        "known_on": str(known_on),
        "closed": closed is not None,
        "state": dict(zip(("act", "fact", "event", "entry"), map(int, row), strict=True)),
        "shards": shards_of(connection),
        "slots": SLOTS,
        "place": str(defaults_of(connection)["jurisdiction"]),
        "unmatched": _unmatched(connection, as_of, known_on),
        "left_out": LEFT_OUT,
    }


def _unmatched(connection: psycopg.Connection[Any], as_of: date, known_on: date) -> dict[str, Any]:
    """Money of which nobody knew whose it was: booked by `as_of`, and waiting on the evenings after it."""
    first = number_of(as_of)
    days = range(first, min(number_of(known_on), first + MOST_DAYS) + 1)
    waiting = {iso(day): unmatched_fen(connection, day) for day in days}
    return {"booked_fen": unmatched_booked(connection, first), "waiting_fen": waiting}


def _products(folder: Path, terms: dict[int, ProductTerms]) -> dict[str, Any]:
    told = [(n, t.code, json.dumps(t.model_dump(mode="json"), sort_keys=True)) for n, t in sorted(terms.items())]
    schema = {"number": pl.Int64, "code": pl.String, "terms": pl.String}
    return _written(folder, Path(PRODUCTS), pl.DataFrame(told, schema=schema, orient="row").to_arrow())


def _sums(folder: Path, sums: list[Any]) -> dict[str, Any]:
    """What the journal held for each shard and product in one sum, all SLOTS: a row each."""
    rows = [(shard, product, one.tolist()) for shard, of in enumerate(sums) for product, one in enumerate(of)]
    frame = pl.DataFrame(rows, schema=["shard", "product", "posted"], orient="row")
    frame = frame.cast({"shard": pl.Int32, "product": pl.Int32, "posted": pl.List(pl.Int64)})
    return _written(folder, Path(SUMS), frame.to_arrow())


def _rows(reader: adbc.Connection, shard: int, book: Book, as_of: date, known_on: date) -> pa.Table:
    """The loans of a shard that were known, LOAN."""
    told = pl.DataFrame(
        fetch(
            reader,
            "select c.loan, c.borrower, c.known_on as told_on, b.clear->>'jurisdiction' as jurisdiction "
            f"from contract c join borrower b using (borrower) where c.shard = {shard} and c.known_on <= '{known_on}' "
            "order by c.loan",
        )
    )
    here = np.isin(book.contracts["loan"], told["loan"].to_numpy())
    book = as_known(part(book, np.flatnonzero(here)), number_of(known_on))
    loans = book.contracts["loan"].astype(np.int64)
    frame = told.select("loan", "borrower", "told_on", "jurisdiction")
    first = frame.group_by("borrower").agg(pl.col("loan").min())
    frame = frame.join(_furnished(reader, shard, known_on), on="loan", how="left", maintain_order="left")
    for name, events in (("contacts", _contacts(reader, shard, known_on)), ("told", _told(reader, shard, known_on))):
        lists = events.group_by("borrower", maintain_order=True).agg(
            pl.struct(events.columns[1:]).alias(name)
        ).join(first, on="borrower")  # fmt: skip
        frame = frame.join(lists.select("loan", name), on="loan", how="left", maintain_order="left")
    frame = frame.with_columns(pl.col(name).fill_null([]) for name in ("furnished_to", "contacts", "told"))
    posted = posted_of_shard(reader, shard, loans, as_of)[:, :BY_LOAN]
    columns: dict[str, Any] = {name: frame[name].to_arrow() for name in frame.columns}
    columns |= {
        "product": pa.array(book.contracts["product"].astype(np.int32)),
        "signed_on": pa.array(book.contracts["signed_on"].astype(np.int32)).cast(pa.date32()),
        "posted": pl.Series(posted, dtype=pl.Array(pl.Int64, BY_LOAN)).cast(pl.List(pl.Int64)).to_arrow(),
        "packed": _packed(book),
    }
    return pa.table([pa.array(columns[f.name]).cast(f.type) for f in LOAN], schema=LOAN)


def _packed(book: Book) -> pa.Array:
    words, at = pack(book.contracts, book.promised, book.promised_at, book.facts, book.fact_at)
    ends = pa.py_buffer(np.ascontiguousarray(8 * at))
    data = pa.py_buffer(words.astype("<i8"))
    return pa.Array.from_buffers(pa.large_binary(), len(book), [None, ends, data])


def _furnished(reader: adbc.Connection, shard: int, known_on: date) -> pl.DataFrame:
    found = fetch(
        reader,
        "select r.loan, array_agg(distinct r.bureau order by r.bureau) as furnished_to from furnished r "
        f"join furnishing f using (furnishing) where r.shard = {shard} and f.known_on <= '{known_on}' group by 1",
    )
    return pl.DataFrame(found).cast({"loan": pl.Int64, "furnished_to": pl.List(pl.String)})


def _contacts(reader: adbc.Connection, shard: int, known_on: date) -> pl.DataFrame:
    """What came of contacts, debits and promises: no words, no addresses."""
    kinds = ", ".join(f"'{kind}'" for kind in CONTACT_KINDS)
    found = fetch(
        reader,
        "select borrower, kind, coalesce(body->>'outcome', '') as outcome, on_day as on, known_on from event "
        f"where shard = {shard} and kind in ({kinds}) and known_on <= '{known_on}' order by event",
    )
    return pl.DataFrame(found)


KEPT = frozenset(
    {"bureau", "month_end", "status", "adverse", "turn", "code", "months", "claims", "after_free_report", "lengthens",
     "outcome"}
)  # fmt: skip
"""Fields of events of bureaus that say something in a reckoning; all others are words of people, and stay behind."""
STANDS_FOR = {"found_by": "-", "confirmed_by": "--", "sha256": "0" * 64}
"""What must be there and tells nothing: written in the place of a name, or of a document's digest."""


def _told(reader: adbc.Connection, shard: int, known_on: date) -> pl.DataFrame:
    """Events that bear on what a bureau is told, in order of their days; disputes under their event's number."""
    kinds = ", ".join(f"'{kind}'" for kind in HEARD)
    found = pl.DataFrame(
        fetch(
            reader,
            "select e.borrower, e.event, e.loan, e.kind, e.on_day as on, e.known_on, e.body::text as body, e.reference "
            f"from event e where e.shard = {shard} and e.kind in ({kinds}) and e.known_on <= '{known_on}' "
            "order by e.on_day, e.at nulls first, e.event",
        )
    )
    number = dict(found.select("reference", "event").iter_rows())
    bodies = [_without_words(kind, json.loads(body), number) for kind, body in found.select("kind", "body").iter_rows()]
    return found.drop("reference").with_columns(body=pl.Series(bodies, dtype=pl.String))


def _without_words(kind: str, body: dict[str, Any], number: dict[str, int]) -> str:
    told = {}
    for name, value in body.items():
        if name in KEPT or (name == "by" and kind == "bureau.dispute_opened"):
            told[name] = value
        elif name == "of":
            told[name] = str(number.get(value, "-"))
        elif name in STANDS_FOR:
            told[name] = STANDS_FOR[name]
        elif isinstance(value, str):
            told[name] = "-"
    return json.dumps(told, sort_keys=True)


def _written(folder: Path, path: Path, rows: pa.Table) -> dict[str, Any]:
    """Write rows as one row group: whoever reads the file has a whole shard, never a part of it."""
    to = folder / path
    to.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(rows, to, compression="zstd", row_group_size=max(len(rows), 1), store_schema=False)
    return {"path": path.as_posix(), "rows": len(rows), "bytes": to.stat().st_size, "sha256": digest_of(to)}
