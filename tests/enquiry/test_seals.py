"""What was sealed and is changed afterwards is found and named; a book out of a dump goes on where it was."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import psycopg
import pytest

from afterloan.close.day import close_through
from afterloan.close.seal import seal_proved
from afterloan.dates import day
from afterloan.enquiry.seals import Verified, knows_head, verify
from afterloan.facts.act import Answer, Who
from afterloan.servicing.desk import desk_of
from afterloan.servicing.door import do
from afterloan.store.connect import reader_to
from afterloan.store.server import Store
from tests.strategy.books import borrower, loan

FINANCE = Who("person", "Wu", ("operator",), "test")


def repaid(store: Store, reference: str, amount_fen: int, on: date) -> None:
    with desk_of(store) as desk:
        answer = do(
            desk, FINANCE, "repayment.take", {"loan": "L1", "amount_fen": amount_fen, "received_on": on}, reference, on
        )
    assert isinstance(answer, Answer), answer


@pytest.fixture
def sealed(store: Store) -> Store:
    """Two loans; three days closed, a repayment on the second."""
    with store.connect() as connection:
        for name in ("1", "2"):
            borrower(connection, f"B{name}")
            loan(connection, f"L{name}", f"B{name}", "2025-03-20")
    close_through(store, day("2025-03-21"))
    repaid(store, "bank-1", 12_300, date(2025, 3, 22))
    close_through(store, day("2025-03-23"))
    return store


def looked(store: Store) -> Verified:
    with store.connect() as connection, reader_to(store.url) as reader:
        return verify(connection, reader)


@contextmanager
def unguarded(store: Store) -> Iterator[psycopg.Connection[Any]]:
    """A connection of somebody who owns the tables and has switched the refusal off."""
    with psycopg.connect(store.as_owner().url) as connection:
        connection.execute("set session_replication_role = replica")
        yield connection


def row_of(store: Store, sql: str) -> int:
    with store.connect() as connection:
        row = connection.execute(sql).fetchone()
    assert row is not None
    return int(row[0])


def test_an_untouched_book_is_as_it_was_sealed(sealed: Store) -> None:
    found = looked(sealed)
    assert (found.broken, found.through) == ([], "2025-03-23")
    with sealed.connect() as connection:
        assert knows_head(connection, found.head) == "2025-03-23"
        assert knows_head(connection, "00" * 32) == ""
    everything = "+".join(f"(select count(*) from {t})" for t in ("act", "fact", "event", "contract", "entry"))
    assert found.rows == row_of(sealed, f"select {everything}") > 0
    close_through(sealed, day("2025-03-24"))
    assert looked(sealed).head != found.head, "a day on which nothing was told has a head of its own"


@pytest.mark.parametrize(
    ("table", "change", "what"),
    [
        ("fact", "update fact set amount_fen = amount_fen + 1 where reference = 'bank-1'", "changed"),
        ("fact", "update fact set reference = 'bank-2' where reference = 'bank-1'", "changed"),
        ("fact", "update fact set told = '9000000000'::xid8 where reference = 'bank-1'", "missing"),
        ("fact", "delete from fact where reference = 'bank-1'", "missing"),
        (
            "fact",
            "insert into fact (loan, shard, kind, on_day, known_on, amount_fen, reference, told) select loan, shard, "
            "kind, on_day, known_on, amount_fen, 'bank-0', told from fact where reference = 'bank-1'",
            "added",
        ),
        ("act", "update act set who = 'Li' where reference = 'bank-1'", "changed"),
        ("act", "update act set asked = '{}' where reference = 'bank-1'", "changed"),
        ("contract", "update contract set rate = rate + 1 where reference = 'L2'", "changed"),
        ("entry", "delete from entry where entry in (select max(entry) from entry)", "missing"),
        (
            "entry",
            "insert into entry (closed_on, shard, product, cause, component, debit, credit, amount_fen) select "
            "closed_on, shard, product, cause, component, debit, credit, amount_fen from entry order by entry limit 1",
            "added",
        ),
    ],
)  # fmt: skip
def test_a_row_changed_afterwards_is_named(sealed: Store, table: str, change: str, what: str) -> None:
    with unguarded(sealed) as connection:
        assert connection.execute(change).rowcount == 1
    found = looked(sealed)
    assert [(broken.table, broken.what) for broken in found.broken] == [(table, what)]
    assert table == "entry" or found.broken[0].row > 0


def test_the_words_name_row_reference_and_day(sealed: Store) -> None:
    with unguarded(sealed) as connection:
        connection.execute("update fact set amount_fen = 1 where reference = 'bank-1'")
    number = row_of(sealed, "select fact from fact where reference = 'bank-1'")
    (broken,) = looked(sealed).broken
    assert str(broken) == f"fact {number} (reference bank-1) of 2025-03-22 was changed after it was sealed"


def test_seals_changed_to_fit_break_the_chain(sealed: Store) -> None:
    """Who changes a fact and its digest would have to change every later head, and the head that was written down."""
    with unguarded(sealed) as connection:
        connection.execute("update seal set digest = sha256('x'), head = sha256('y') where part = 'act'")
    found = looked(sealed)
    assert {broken.what for broken in found.broken} == {"seal changed"}
    assert {broken.table for broken in found.broken} == {"act", "seal_day"}


def test_a_book_out_of_a_dump_goes_on(sealed: Store) -> None:
    """On the server restored to, transactions count from lower down: what is told there must not look like old news.

    An overdue loan's money of the day after is in the close of that day, and the seals hold what was told on both.
    """
    ahead = "told = ((told::text)::bigint + 1000000000)::text::xid8"
    with unguarded(sealed) as connection:
        for table in ("act", "fact", "event", "contract", "promised", "closing", "folded", "seal_day"):
            connection.execute(f"update {table} set {ahead}")
    repaid(sealed, "bank-2", 4_500, date(2025, 3, 24))
    close_through(sealed, day("2025-03-24"))
    assert looked(sealed).broken == []
    cash = "select coalesce(sum(amount_fen), 0)::bigint from entry where loan is not null and closed_on = '2025-03-24'"
    assert row_of(sealed, cash) >= 4_500
    repaid(sealed, "bank-3", 700, date(2025, 3, 25))
    assert close_through(sealed, day("2025-03-26")).failed == []
    found = looked(sealed)
    assert found.broken == []
    assert found.rows == row_of(
        sealed, "select (select count(*) from act) + (select count(*) from fact) + (select count(*) from event) "
        "+ (select count(*) from contract) + (select count(*) from entry)",
    )  # fmt: skip
    with unguarded(sealed) as connection:
        connection.execute("update fact set amount_fen = 1 where reference = 'bank-3'")
    assert [broken.reference for broken in looked(sealed).broken] == ["bank-3"]


@pytest.mark.parametrize("workers", [2, 3])
def test_how_many_workers_read_is_not_in_the_seals(store: Store, workers: int) -> None:
    """The same rows sealed by one process and by several: the same digests, chains and head of the day."""
    with store.connect() as connection:
        for n in range(12):
            borrower(connection, f"B{n}")
            loan(connection, f"L{n}", f"B{n}", "2025-03-20")
    close_through(store, day("2025-03-21"))
    repaid(store, "bank-1", 12_300, date(2025, 3, 22))
    asked = "select part, shard, closed_on::text, rows, ids, marks, digest, head from seal order by 1, 2, 3"
    heads = "select closed_on::text, rows, head from seal_day order by 1"
    with store.connect() as connection:
        one = connection.execute(asked).fetchall(), connection.execute(heads).fetchall()
    with unguarded(store) as connection:
        connection.execute("delete from seal")
        connection.execute("delete from seal_day")
        connection.execute("update act set told = '9000000000'::xid8 where reference = 'bank-1'")
        connection.execute("update fact set told = '9000000000'::xid8 where reference = 'bank-1'")
        connection.execute("update event set told = '9000000000'::xid8 where act is not null")
    with store.connect() as connection:
        assert seal_proved(connection, store, workers) == ["2025-03-20", "2025-03-21"]
        again = connection.execute(asked).fetchall(), connection.execute(heads).fetchall()
    # what was told goes with the first day that is sealed, be it sealed at once or later
    assert {row[:2] for row in again[0]} == {row[:2] for row in one[0]}
    assert again == one
