"""What a month would tell a bureau before anybody furnishes it: row by row, against what was told last; keeps nothing.

It is the furnishing itself, done and undone: each shard runs as it would, in a transaction that is rolled back, so that
what is shown is what would go out. No notice is asked for, no task is put, no row is told.
"""

import csv
import io
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import psycopg

from afterloan.bureau.reportable import TOLD
from afterloan.close.furnish import Furnished, OfShard, furnish_shard, refuse_month, refuse_open
from afterloan.facts import word_of_kind
from afterloan.store import furnished
from afterloan.store.connect import reader_to
from afterloan.store.furnished import Furnishing
from afterloan.store.loans import product_table, products
from afterloan.store.read import fold
from afterloan.store.server import Store
from afterloan.store.shards import shards_of
from afterloan.texts import plain_cell

KINDS = ("gone", "amended", "again", "held", "refused", "closed", "moved", "new", "same")
"""What a row is, those to be looked at first on top.

gone: what was told is taken back; amended: a month told before is told otherwise; again: the bureau did not take it;
held: waits for the notice before it; refused: the form cannot carry it; closed: the account has ended; moved: another
status or mark than in the month before; new: never told of; same: as in the month before, by a month more.
"""
MARKS = ("status", "special", "annotation", "five_tier")
"""What makes a month of an account another than the one before; amounts move with every month."""


@dataclass(frozen=True, slots=True)
class Previewed:
    """One row: an account and month, what it is (`kind`), what was told before and would be told now, and why.

    `changed`: (column, before, now). `since`: what became known since it was told. `waits`: why it does not go out.
    """

    kind: str
    loan: str
    borrower: str
    month_end: date
    before: str
    now: str
    overdue_fen: int
    balance_fen: int
    days_past_due: int
    changed: tuple[tuple[str, str, str], ...] = ()
    since: tuple[dict[str, Any], ...] = ()
    waits: str = ""
    flags: str = ""

    def told(self) -> dict[str, Any]:
        """JSON values."""
        changed = [{"column": name, "before": before, "now": now} for name, before, now in self.changed]
        plain = {name: getattr(self, name) for name in self.__slots__}
        return {**plain, "month_end": self.month_end.isoformat(), "changed": changed, "since": list(self.since)}


@dataclass(slots=True)
class Preview:
    """What furnishing a month would come to: counts by kind, totals now and of the month last told, the rows."""

    bureau: str
    month_end: date
    known_on: date
    rows: list[Previewed] = field(default_factory=list)
    totals: Counter[str] = field(default_factory=Counter)
    last: dict[str, Any] | None = None
    excepted: int = 0

    def counts(self) -> dict[str, int]:
        """How many rows of each kind."""
        found = Counter(row.kind for row in self.rows)
        return {kind: found[kind] for kind in KINDS}


TOTALS = ("accounts", "adverse", "balance_fen", "overdue_fen")


def preview_month(
    store: Store, month_end: date, bureau: str, known_on: date | None = None, sender: Mapping[str, Any] | None = None
) -> Iterator[tuple[int, Preview]]:
    """The preview of a month as it grows: how many of the book's shards it has seen, and what it came to so far.

    A loan of November told as N and reckoned as 1 for December is `moved`; late news that makes its November a 1 is
    `amended`, with the fact that came. Raises FurnishRefused as furnishing does.
    """
    known_on = known_on or month_end
    found = Preview(bureau, month_end, known_on)
    with store.connect() as connection:
        told = furnished.sender_of(connection, bureau, sender or {})
        refuse_month(month_end, bureau, known_on, told)
        refuse_open(connection, month_end)
        last = furnished.last_month(connection, bureau, month_end)
    if last is not None:
        found.last = {"month_end": last[0].isoformat(), **dict(zip(TOTALS, last[1:], strict=True))}
    with store.connect() as connection, reader_to(store.url) as reader:
        table = product_table(products(connection))
        for shard in range(shards_of(connection)):
            fold(connection, reader, shard)
            connection.commit()
            furnishing = furnished.begin(connection, bureau, month_end, known_on)
            before = _last_told(connection, furnishing, shard)
            made = Furnished(bureau, month_end, known_on, Path())
            rows = furnish_shard(connection, reader, shard, table, furnishing, told, made)
            if rows is not None:
                _add(connection, found, rows, before, furnishing)
            connection.rollback()
            yield shard + 1, found
    found.rows.sort(key=lambda row: (KINDS.index(row.kind), row.loan, row.month_end))


def _last_told(connection: psycopg.Connection[Any], furnishing: Furnishing, shard: int) -> pl.DataFrame:
    """What was last told of each month of a shard's loans, before the rows of this preview are there."""
    loans = furnished.identities(connection, shard)["loan"].to_list()
    return furnished.last_of_each(connection, furnishing.bureau, loans, furnishing.month_end)


def _add(
    connection: psycopg.Connection[Any], found: Preview, shard: OfShard, last: pl.DataFrame, furnishing: Furnishing
) -> None:
    """The rows of a shard, each beside what was told of it."""
    found.excepted += len(shard.broken)
    kept_back = pl.concat([part.select("loan", "month_end") for part in (shard.held, shard.unfit)])
    month = shard.reckoned.join(kept_back, ["loan", "month_end"], "anti")
    sums = month.select(pl.col("balance_fen", "overdue_fen").sum(), pl.col("adverse").cast(pl.Int64).sum()).row(0)
    found.totals.update(accounts=len(month), balance_fen=sums[0], overdue_fen=sums[1], adverse=sums[2])
    before = {(row["loan"], row["month_end"]): row for row in last.iter_rows(named=True)}
    newest = {row["loan"]: row for row in last.sort("month_end").iter_rows(named=True)}
    names = {row["loan"]: row for row in shard.who.iter_rows(named=True)}
    why = {loan: f"{column}: {reason}" for loan, column, reason in shard.refused}
    made = []
    for part, waits in ((shard.told, ""), (shard.held, "held"), (shard.unfit, "refused")):
        for row in part.iter_rows(named=True):
            was = before.get((row["loan"], row["month_end"])) or newest.get(row["loan"])
            made.append((_kind(row, was, waits), row, was, why.get(names[row["loan"]]["reference"], "")))
    news = _news(connection, made, furnishing)
    for n, (kind, row, was, waits) in enumerate(made):
        found.rows.append(_row(kind, row, was, names[row["loan"]], waits, news.get(n, ())))


def _kind(row: dict[str, Any], was: dict[str, Any] | None, waits: str) -> str:
    """What a row is, the strongest word that fits."""
    if waits:
        return waits
    if row["gone"]:
        return "gone"
    if row["again"]:
        return "again"
    if row["turn"] > 0:
        return "amended"
    if row["ended_on"] is not None:
        return "closed"
    if was is None:
        return "new"
    return "moved" if any(row[name] != was[name] for name in MARKS) else "same"


def _news(
    connection: psycopg.Connection[Any], made: list[tuple[str, dict[str, Any], dict[str, Any] | None, str]],
    furnishing: Furnishing,
) -> dict[int, tuple[dict[str, Any], ...]]:  # fmt: skip
    """What became known of each row since it was told, but of those that only went on by a month."""
    asked = {
        n: (row["loan"], row["month_end"], was["mark"], was["known_on"])
        for n, (kind, row, was, _) in enumerate(made)
        if was is not None and kind != "same"
    }
    told = furnished.since_told(connection, list(asked.values()), furnishing.known_on)
    return {n: tuple(_piece(*one) for one in rows) for n, rows in zip(asked, told, strict=True)}


def _piece(known_on: date, on: date, kind: str, amount_fen: int, reference: str, words: str) -> dict[str, Any]:
    word = word_of_kind(int(kind)) if kind.isdecimal() else kind
    return {"kind": word, "on": on.isoformat(), "known_on": known_on.isoformat(), "amount_fen": amount_fen,
            "reference": reference, "words": words}  # fmt: skip


def _row(
    kind: str, row: dict[str, Any], was: dict[str, Any] | None, who: dict[str, Any], waits: str,
    since: tuple[dict[str, Any], ...],
) -> Previewed:  # fmt: skip
    changed: tuple[tuple[str, str, str], ...] = ()
    if was is not None and kind in ("amended", "moved", "closed", "held"):
        columns = TOLD if kind == "amended" else MARKS
        changed = tuple((name, _plain(was[name]), _plain(row[name])) for name in columns if was[name] != row[name])
    flags = ",".join(filter(None, (row["annotation"], row["special"])))
    return Previewed(
        kind, who["reference"], who["person"], row["month_end"], was["status"] if was else "",
        "" if row["gone"] else row["status"], row["overdue_fen"], row["balance_fen"], row["days_past_due"], changed,
        since, waits, flags,
    )  # fmt: skip


def _plain(value: Any) -> str:
    return "" if value is None else str(value)


COLUMNS = ("kind", "loan", "borrower", "month_end", "before", "now", "overdue_fen", "balance_fen", "days_past_due",
           "changed", "since", "waits", "flags")  # fmt: skip


def as_csv(preview: Preview) -> str:
    """Every row of a preview as CSV; a cell that a spreadsheet would reckon is written as text."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in preview.rows:
        changed = "; ".join(f"{name}: {before} -> {now}" for name, before, now in row.changed)
        since = "; ".join(f"{one['kind']} {one['on']} ({one['known_on']}) {one['reference']}" for one in row.since)
        told = {**row.told(), "changed": changed, "since": since}
        writer.writerow([plain_cell(v) if isinstance(v := told[name], str) else v for name in COLUMNS])
    return out.getvalue()
