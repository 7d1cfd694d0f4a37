"""The number of shards is no part of any answer: closed, decided, furnished and taken, a book comes to the same."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq
import pytest

from afterloan.close import close_through
from afterloan.close.decide import decide
from afterloan.close.furnish import furnish
from afterloan.close.preview import preview_month
from afterloan.cluster.closing import close_rows
from afterloan.cluster.taken import batches_in, told_in
from afterloan.dates import day
from afterloan.enquiry.portfolio import portfolio_kept
from afterloan.enquiry.seals import verify
from afterloan.enquiry.snapshot import take_snapshot
from afterloan.generate import generate
from afterloan.intake.book import bring_in
from afterloan.store.connect import reader_to
from afterloan.store.server import Store
from tests.bureau.books import SENDER, people
from tests.databases import dropped, made

MONTH_END, LAST = date(2024, 12, 31), day("2025-01-02")
LEFT = {
    "entry": (
        "select closed_on, loan, product, cause, component, debit, credit, sum(amount_fen)::bigint from entry "
        "group by 1, 2, 3, 4, 5, 6, 7"
    ),
    "transition": "select closed_on, loan, kind, from_bucket, to_bucket, days_past_due, amount_fen from transition",
    "closing": "select closed_on, sum(loans_in), sum(closed), sum(excepted) from closing group by 1",
    "proof": "select closed_on, loans_in, closed, excepted, entries_fen, totals::text from proof",
    "decided": "select decided_on, sum(borrowers), sum(actions), sum(refused) from decided group by 1",
    "outbox": "select key, borrower, loan, kind, not_before, body::text, decided_on from outbox",
    "finding": "select decided_on, borrower, loan, about, rule, outcome, inputs::text from finding",
    "furnished": (
        "select bureau, borrower, loan, month_end, turn, record, adverse, status, rating, history, days_past_due, "
        "opened_on, ended_on, last_paid_on, balance_fen, owed_fen, overdue_fen from furnished"
    ),
}


@contextmanager
def divided(server: Store, number: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """An empty book of so many shards."""
    monkeypatch.setenv("AFTERLOAN_SHARDS", str(number))
    store = made(server, f"shards_{number}")
    monkeypatch.delenv("AFTERLOAN_SHARDS")
    yield store
    store.close()
    dropped(server, f"shards_{number}")


def figures(store: Store, book: Path, folder: Path) -> dict[str, Any]:
    """All that a month end and two days leave behind, without shards and without numbers that only the run knows."""
    bring_in(store, book)
    assert not close_through(store, LAST - 2, only=True).failed
    told = decide(store, LAST - 1)
    assert not close_through(store, LAST, workers=2).failed
    decide(store, LAST)
    with store.connect() as connection, reader_to(store.url) as reader:
        sealed = verify(connection, reader)
        shards = connection.execute("select count(distinct shard) from seal where part = 'entry'").fetchone()
    assert sealed.broken == [] and shards is not None and shards[0] > store.shards() // 2
    *_, (seen, preview) = preview_month(store, MONTH_END, "neutral")
    assert seen == store.shards()
    made_of = {bureau: furnish(store, MONTH_END, bureau, folder, sender=SENDER) for bureau in ("neutral",)}
    take_snapshot(store, folder / "snapshot")
    found: dict[str, Any] = {name: _sorted(store, sql) for name, sql in LEFT.items()}
    found["sealed"] = (sealed.days, sealed.through)
    found["told"] = (told.borrowers, told.actions, told.refused)
    found["preview"] = (preview.counts(), preview.totals)
    found["files"] = {name: sorted(one.file.read_text().splitlines()) for name, one in made_of.items()}
    found["report"] = portfolio_kept(store, MONTH_END).report.to_json()
    return found | _taken(folder / "snapshot", store.shards())


def _sorted(store: Store, sql: str) -> list[tuple[object, ...]]:
    with store.connect() as connection:
        return sorted(connection.execute(sql).fetchall(), key=repr)


def _taken(folder: Path, number: int) -> dict[str, Any]:
    """The loans and sums of a snapshot, and what a day more out of it comes to."""
    assert json.loads((folder / "manifest.json").read_text())["shards"] == number
    loans = pl.DataFrame(pl.from_arrow(pq.read_table(folder / "loans", partitioning="hive")))
    sums = pl.DataFrame(pl.from_arrow(pq.read_table(folder / "sums.parquet")))
    posted = sums.with_columns(slot=pl.int_ranges(pl.col("posted").list.len())).explode("posted", "slot")
    told = told_in(folder)
    rows = pl.concat(
        pl.DataFrame(pl.from_arrow(one)) for one in close_rows(told, LAST + 1, LAST + 1, batches_in(folder, told))
    )
    entries = rows.filter(pl.col("what") == "entry").select("entry").unnest("entry")
    by = [name for name in entries.columns if name not in ("shard", "amount_fen")]
    return {
        "snapshot": loans.drop("shard").sort("loan").rows(),
        "sums": posted.group_by("product", "slot").agg(pl.col("posted").sum()).sort("product", "slot").rows(),
        "day more": sorted(entries.group_by(by).agg(pl.col("amount_fen").sum()).rows(), key=repr),
    }


def test_with_four_with_sixty_four_and_with_two_hundred_and_fifty_six_shards_the_figures_are_the_same(
    server: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    generate(400, 12, 5, tmp_path / "book")
    people(tmp_path / "book")
    found = {}
    for number in (4, 64, 256):
        with divided(server, number, monkeypatch) as store:
            found[number] = figures(store, tmp_path / "book", tmp_path / str(number))
            with store.connect() as connection:
                used = connection.execute("select count(distinct shard), max(shard) from contract").fetchone()
            assert used is not None and used[0] > number // 2 and used[1] >= number // 2
    for name, rows in found[64].items():
        assert rows, f"{name}: nothing to compare"
        assert found[4][name] == rows == found[256][name], name
