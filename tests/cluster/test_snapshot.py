"""A snapshot holds the book of one moment to the cent, under numbers and without names, and says when it does not."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from afterloan.close import close_through
from afterloan.cluster.taken import SnapshotBroken, batches_in, shards_of, told_in
from afterloan.dates import date_of, day
from afterloan.desk.keyboard.main import app
from afterloan.enquiry.snapshot import take_snapshot
from afterloan.expected import BadInput
from afterloan.facts import Repaid, Reversed
from afterloan.journal.postings import BY_LOAN
from afterloan.loan.book import Book, joined, part
from afterloan.loan.reckon import reckon_book
from afterloan.loan.terms import POSITION
from afterloan.store.posted import posted_of
from afterloan.store.record import record
from afterloan.store.server import Store
from tests.cluster.books import BEFORE, CLOSED, SECRET, closed, whole

__all__ = ["closed"]


def taken(folder: Path) -> Book:
    """All loans of a snapshot, by number."""
    told = told_in(folder)
    book = joined([shard.book for shard in shards_of(told, batches_in(folder, told, 7))])
    return part(book, np.argsort(book.contracts["loan"]).astype(np.int64))


def same(one: np.ndarray, other: np.ndarray) -> bool:
    return all(np.array_equal(one[name], other[name]) for name in POSITION.names or ())


def test_the_book_read_back_reckons_to_the_same_positions(closed: tuple[Store, Path]) -> None:
    store, folder = closed
    here, there = whole(store), taken(folder)
    assert len(there) == len(here) > 300
    for on in (BEFORE, CLOSED, CLOSED - 90):
        assert same(reckon_book(here, on, on), reckon_book(there, on, on)), date_of(on)


def test_what_the_journal_holds_is_that_of_the_day(closed: tuple[Store, Path]) -> None:
    """The embedded book is closed a day further; the snapshot has the journal as of the evening before."""
    store, folder = closed
    told = told_in(folder)
    with store.connect() as connection:
        later = 0
        for shard in shards_of(told, batches_in(folder, told)):
            loans = shard.book.contracts["loan"].astype(np.int64)
            rows = connection.execute(
                "select loan, sum(amount_fen)::bigint from entry where cause = 1 and closed_on <= %s "
                "and loan = any(%s) group by 1", (date_of(BEFORE), loans.tolist()),
            ).fetchall()  # fmt: skip
            assert dict(rows) == {n: f for n, f in zip(loans.tolist(), shard.posted()[:, 0].tolist(), strict=True) if f}
            now = posted_of(connection, loans)
            later += int((now[:, :BY_LOAN] != shard.posted()[:, :BY_LOAN]).sum())
    assert later > 0, "the last day posted something, which the snapshot must not have"


def test_no_name_and_no_reference_is_in_any_file(closed: tuple[Store, Path]) -> None:
    store, folder = closed
    with store.connect() as connection:
        people = connection.execute("select reference, name, attributes from borrower limit 50").fetchall()
        told = [(reference, name, fields["mobile"]) for reference, name, fields in people]
        told += connection.execute("select reference, null, null from contract limit 50").fetchall()
    words = {word for row in told for word in row if word}
    assert len(words) > 100
    words |= {SECRET, "Clerk", "DISPUTE-", "EVIDENCE", "CALL-"}
    for path in folder.rglob("*"):
        if path.is_file():
            text = path.read_bytes() if path.suffix == ".json" else repr(pq.read_table(path).to_pylist()).encode()
            assert not [word for word in words if word.encode() in text], path
    manifest = json.loads((folder / "manifest.json").read_text())
    assert "names" in manifest["left_out"]


def test_partitions_say_the_shard_and_both_days(closed: tuple[Store, Path]) -> None:
    _, folder = closed
    rows = pq.read_table(folder / "loans", partitioning="hive")
    assert set(rows["as_of"].to_pylist()) == {"2025-10-30"} and set(rows["known_on"].to_pylist()) == {"2025-11-02"}
    manifest = json.loads((folder / "manifest.json").read_text())
    counts = {str(n): rows["shard"].to_pylist().count(n) for n in set(rows["shard"].to_pylist())}
    assert counts == manifest["by_shard"] and sum(counts.values()) == manifest["loans"] == len(rows)
    for file in manifest["files"]:
        assert hashlib.sha256((folder / file["path"]).read_bytes()).hexdigest() == file["sha256"]


def test_the_same_moment_gives_the_same_bytes(closed: tuple[Store, Path], tmp_path: Path) -> None:
    store, folder = closed
    again = take_snapshot(store, tmp_path / "again", date_of(BEFORE), date_of(CLOSED)).manifest
    assert again["files"] == json.loads((folder / "manifest.json").read_text())["files"]


BOOK = {
    "borrowers": "reference,name\nB1,Ann\nB2,Bo\n",
    "contracts": (
        "reference,borrower,product,principal,rate_percent,signed_on,instalments,known_on\n"
        "L1,B1,jiebei-equal,1000.00,0.05,2026-01-10,3,2026-01-10\n"
        "L2,B2,jiebei-equal,1000.00,0.05,2026-01-10,3,2026-01-20\n"
    ),
    "disbursements": "reference,contract,on,known_on,amount\nD1,L1,2026-01-10,2026-01-10,1000.00\n"
    "D2,L2,2026-01-10,2026-01-20,1000.00\n",
}  # fmt: skip


@pytest.fixture
def small(store: Store, tmp_path: Path) -> Iterator[Store]:
    """Two loans; of the second one learns on 20 January. A repayment of the first is taken back on the 25th."""
    from afterloan.intake.book import bring_in

    (tmp_path / "book").mkdir()
    for name, text in BOOK.items():
        (tmp_path / "book" / f"{name}.csv").write_text(text)
    bring_in(store, tmp_path / "book")
    assert not close_through(store, day("2026-01-12")).failed
    with store.connect() as connection:
        on, late = day("2026-01-15"), day("2026-01-25")
        record(connection, Repaid("L1", "R1", on, on, 10_000))
        record(connection, Reversed("L1", "X1", late, late, "R1"))
    yield store


def test_what_became_known_later_is_not_in_it(small: Store, tmp_path: Path) -> None:
    """As known on the 18th one loan has 100.00 repaid; on the 22nd there are two; on the 25th nothing is repaid."""
    told = {}
    for known in ("2026-01-18", "2026-01-22", "2026-01-25"):
        take_snapshot(small, tmp_path / known, known_on=date_of(day(known)))
        book = taken(tmp_path / known)
        told[known] = (len(book), reckon_book(book, day("2026-01-18"))["repaid_fen"].tolist())
    assert told == {"2026-01-18": (1, [10_000]), "2026-01-22": (2, [10_000, 0]), "2026-01-25": (2, [0, 0])}


def test_what_is_told_while_it_is_taken_is_not_in_it(
    small: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A repayment that commits after the moment was fixed, and before its shard is read, is in none of the files."""
    from afterloan.enquiry import snapshot

    def told_meanwhile(*asked: object) -> object:
        with psycopg.connect(small.as_owner().url) as connection:
            on = day("2026-01-16")
            record(connection, Repaid("L1", "R2", on, on, 5_000))
        monkeypatch.setattr(snapshot, "shard_now", original)
        return original(*asked)  # type: ignore[arg-type]

    original = snapshot.shard_now
    monkeypatch.setattr(snapshot, "shard_now", told_meanwhile)
    take_snapshot(small, tmp_path / "one")
    assert reckon_book(taken(tmp_path / "one"), day("2026-01-18"))["repaid_fen"].tolist() == [0, 0]
    take_snapshot(small, tmp_path / "two")
    assert reckon_book(taken(tmp_path / "two"), day("2026-01-18"))["repaid_fen"].tolist() == [5_000, 0]


def test_days_that_cannot_be_and_folders_with_other_things_are_refused(small: Store, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="the last day closed is 2026-01-12; close it first"):
        take_snapshot(small, tmp_path / "a", date_of(day("2026-01-13")))
    with pytest.raises(BadInput, match="is before --as-of 2026-01-12"):
        take_snapshot(small, tmp_path / "b", known_on=date_of(day("2026-01-11")))
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "letter.txt").write_text("mine")
    with pytest.raises(BadInput, match=r"is not empty \(letter.txt\)"):
        take_snapshot(small, tmp_path / "c")
    assert (tmp_path / "c" / "letter.txt").read_text() == "mine"
    take_snapshot(small, tmp_path / "d")
    with pytest.raises(BadInput, match="holds a snapshot already"):
        take_snapshot(small, tmp_path / "d")


def test_one_that_was_cut_short_is_no_snapshot_and_is_begun_anew(
    small: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from afterloan.enquiry import snapshot

    with monkeypatch.context() as broken:
        broken.setattr(snapshot, "posted_of_products", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt()))
        with pytest.raises(KeyboardInterrupt):
            take_snapshot(small, tmp_path / "cut")
    with pytest.raises(BadInput, match="no snapshot, or one that was not finished"):
        told_in(tmp_path / "cut")
    take_snapshot(small, tmp_path / "cut")
    assert len(taken(tmp_path / "cut")) == 2


def test_files_that_changed_are_named(small: Store, tmp_path: Path) -> None:
    folder = tmp_path / "s"
    take_snapshot(small, folder)
    path = next(folder.rglob("loans.parquet"))
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    done = CliRunner().invoke(app, ["snapshot", str(folder), "--check"])
    assert done.exit_code and isinstance(done.exception, BadInput)
    assert f"{path.relative_to(folder)} is not as it was written; take the snapshot anew" in str(done.exception)


def test_a_shard_in_pieces_is_never_reckoned(closed: tuple[Store, Path]) -> None:
    """Sums by product are those of whole shards: a part of one would post the difference as if loans had vanished."""
    _, folder = closed
    told = told_in(folder)
    batches = list(batches_in(folder, told, 3))
    with pytest.raises(SnapshotBroken, match="do not repartition"):
        list(shards_of(told, batches[1:]))
    table = pa.Table.from_batches(batches)
    mixed = table.take(pa.array(np.random.default_rng(1).permutation(len(table))))
    with pytest.raises(SnapshotBroken, match="came to one task with"):
        list(shards_of(told, mixed.to_batches()))
