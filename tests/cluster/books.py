"""A generated book in a database of its own, closed for some days, and a snapshot of it: what the tests here read."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import polars as pl
import psycopg
import pytest

from afterloan.close import close_through
from afterloan.close.furnish import Furnished, furnish_shard
from afterloan.dates import date_of, day
from afterloan.enquiry.panels import features_asked, features_on, parts_of_book
from afterloan.enquiry.snapshot import take_snapshot
from afterloan.facts.bureau import DisputeDecided, DisputeOpened, EvidenceReceived, FraudConfirmed, GuarantorPaid
from afterloan.facts.contact import ContactEnded
from afterloan.loan.book import Book, Records, joined, part
from afterloan.loan.reckon import reckon_book
from afterloan.risk.outcomes import PURPOSES, asked_about
from afterloan.store.connect import reader_to
from afterloan.store.contacts import set_defaults
from afterloan.store.events import tell
from afterloan.store.furnished import begin
from afterloan.store.loans import product_table, products
from afterloan.store.read import books
from afterloan.store.server import Store
from afterloan.store.shards import shards_of
from tests.bureau.books import SENDER
from tests.risk.book import generated

BEFORE, CLOSED = day("2025-10-30"), day("2025-11-02")
"""The snapshot is as of the first; the embedded book is closed up to the second, over a month end."""
SECRET = "my sister Wu Meili wrote this"
"""Words of a borrower in an event that a snapshot carries."""


def closed_book(server: Store, folder: Path, name: str) -> Iterator[tuple[Store, Path]]:
    """600 loans closed through CLOSED; the folder of the snapshot as of BEFORE, as known on CLOSED."""
    with generated(server, folder, name, 600) as store:
        with psycopg.connect(store.as_owner().url) as connection:  # every third borrower lives in the United States
            connection.execute("alter table borrower disable trigger user")
            connection.execute(
                "update borrower set clear = clear || jsonb_build_object('jurisdiction', 'US') where borrower % 3 = 0"
            )
            connection.execute("alter table borrower enable trigger user")
        events_told(store)
        assert not close_through(store, BEFORE, only=True).failed
        assert not close_through(store, CLOSED).failed
        take_snapshot(store, folder / "snapshot", date_of(BEFORE), date_of(CLOSED))
        yield store, folder / "snapshot"


def events_told(store: Store) -> None:
    """Disputes (one open, one decided), a guarantor's payment, a fraud, calls: of six borrowers."""
    on = date(2025, 9, 12)
    with store.connect() as connection:
        of = connection.execute(
            "select b.reference, c.reference from contract c join borrower b using (borrower) "
            "where c.signed_on between '2025-07-01' and '2025-08-31' and c.instalments > 5 "
            "and borrower % 3 > 0 order by c.loan limit 40"
        ).fetchall()
        said = {"on": on, "known_on": on}
        for n, (borrower, loan) in enumerate(of[:2]):
            tell(connection, DisputeOpened(
                borrower=borrower, loan=loan, reference=f"DISPUTE-{n}", bureau="pboc", months=(date(2025, 8, 31),),
                claims=("amount",), statement=SECRET, by="borrower", **said,
            ))  # fmt: skip
        tell(connection, EvidenceReceived(
            borrower=of[0][0], reference="EVIDENCE", of="DISPUTE-0", what=SECRET, sha256="a" * 64, **said
        ))  # fmt: skip
        tell(connection, DisputeDecided(
            borrower=of[1][0], reference="DECIDED", of="DISPUTE-1", outcome="accurate", reason=SECRET, by="Clerk Zhao",
            **said,
        ))  # fmt: skip
        tell(connection, GuarantorPaid(borrower=of[2][0], loan=of[2][1], reference="GUARANTOR", **said))
        tell(connection, FraudConfirmed(
            borrower=of[3][0], loan=of[3][1], reference="FRAUD", sha256="b" * 64, found_by="Clerk Zhao",
            confirmed_by="Clerk Qian", **said,
        ))  # fmt: skip
        for n, (borrower, _) in enumerate(of[4:]):
            at = datetime(2025, 9, 12, 3, n, tzinfo=UTC)
            tell(connection, ContactEnded(
                borrower=borrower, reference=f"CALL-{n}", of=f"try-{n}", outcome="reached", note=SECRET, at=at, **said
            ))  # fmt: skip


@pytest.fixture(scope="module")
def closed(
    server: Store, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[tuple[Store, Path]]:
    """The same, once for a module."""
    yield from closed_book(server, tmp_path_factory.mktemp("cluster"), request.module.__name__.replace(".", "_"))


COLUMNS = {
    "entry": "closed_on, shard, loan, product, cause, component, debit, credit, amount_fen",
    "transition": "closed_on, shard, loan, kind, from_bucket, to_bucket, days_past_due, amount_fen",
    "exception": "closed_on, shard, loan, reason",
}


def rows_embedded(store: Store, table: str) -> tuple[list[str], list[tuple[object, ...]]]:
    """What the embedded close wrote on the days after BEFORE: names of columns, rows."""
    names = COLUMNS[table].split(", ")
    with store.connect() as connection:
        return names, connection.execute(
            f"select {COLUMNS[table]} from {table} where closed_on > %s", (date_of(BEFORE),)
        ).fetchall()


def closings_embedded(store: Store) -> list[tuple[object, ...]]:
    """The closings of those days of shards that have loans, with the control accounts as text."""
    with store.connect() as connection:
        rows = connection.execute(
            "select closed_on, shard, loans_in, closed, excepted, totals from closing where closed_on > %s "
            "and shard in (select shard from contract where known_on <= %s)", (date_of(BEFORE), date_of(CLOSED)),
        ).fetchall()  # fmt: skip
    return [(*row[:5], json.dumps(row[5], sort_keys=True)) for row in rows]


def whole(store: Store) -> Book:
    """All loans that were known on CLOSED, by number."""
    with store.connect() as connection, reader_to(store.url) as reader:
        book = joined(list(books(connection, reader)))
        known = connection.execute("select loan from contract where known_on <= %s", (date_of(CLOSED),)).fetchall()
    rows = np.flatnonzero(np.isin(book.contracts["loan"], [row[0] for row in known]))
    return part(book, rows[np.argsort(book.contracts["loan"][rows])].astype(np.int64))


def positions_embedded(store: Store) -> Records:
    """Positions on the evening of CLOSED."""
    return reckon_book(whole(store), CLOSED, CLOSED)


PLACES = {"metro2": "US", "pboc": "CN", "neutral": "CN"}


def month_embedded(store: Store, end: date, bureau: str, known_on: date) -> pl.DataFrame:
    """What furnishing a month reckons at a lender of the bureau's place; all that it writes is taken back."""
    found = []
    with store.connect() as connection, reader_to(store.url) as reader:
        set_defaults(connection, jurisdiction=PLACES[bureau])
        table = product_table(products(connection))
        of = begin(connection, bureau, end, known_on)
        for shard in range(shards_of(connection)):
            made = Furnished(bureau, end, known_on, Path("none"))
            told = furnish_shard(connection, reader, shard, table, of, dict(SENDER), made)
            if told is not None:
                found.append(told.reckoned)
        connection.rollback()
    return pl.concat(found)


def features_embedded(store: Store, on: int, purpose: str) -> pl.DataFrame:
    """Features of those whom a purpose asks about, as models get them, by borrower."""
    told = PURPOSES[purpose]
    features = features_asked(["own_history"], told)
    found = []
    with store.connect() as connection, reader_to(store.url) as reader:
        for one in parts_of_book(connection, reader):
            asked = asked_about(told, reckon_book(one.book, on, on - 1), one.owners)
            found.append(features_on(one, on, features, asked, told.use))
    return pl.concat(found).sort("borrower")
