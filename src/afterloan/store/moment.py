"""Reads a whole book at one moment, shard by shard: what others write meanwhile is not in it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import adbc_driver_postgresql.dbapi as adbc
import numpy as np
import numpy.typing as npt
import psycopg

from afterloan.journal.difference import Totals
from afterloan.loan.book import Book, Records, joined, part
from afterloan.store.connect import reader_to
from afterloan.store.ids import one_of
from afterloan.store.posted import totals_of
from afterloan.store.read import fetch, fold, read_loans, read_shard, told_since, watermark
from afterloan.store.server import Store
from afterloan.store.shards import shards_of

BEGIN = "begin isolation level repeatable read read only"


@contextmanager
def one_moment(store: Store) -> Iterator[tuple[psycopg.Connection[Any], adbc.Connection]]:
    """A connection and a reader that both see the book as it is at one moment, and write nothing.

    Packed histories are brought up to date before, so that few loans have to be read row by row.
    """
    with store.connect() as connection, reader_to(store.url) as reader:
        for shard in range(shards_of(connection)):
            fold(connection, reader, shard)
            connection.commit()
    with store.connect(autocommit=True) as connection, reader_to(store.url) as reader:
        connection.execute(BEGIN)
        row = connection.execute("select pg_export_snapshot()").fetchone()
        assert row is not None
        with reader.cursor() as cursor:
            cursor.execute(BEGIN)
            cursor.execute(f"set transaction snapshot '{row[0]}'")
        try:
            yield connection, reader
        finally:
            with reader.cursor() as cursor:
                cursor.execute("rollback")
            connection.execute("rollback")


def shard_now(
    connection: psycopg.Connection[Any],
    reader: adbc.Connection,
    shard: int,
    table: tuple[Records, npt.NDArray[np.bool_]],
) -> Book:
    """A shard as this moment has it: the packed histories, and row by row what was told since they were packed."""
    book = read_shard(connection, reader, shard, table)
    row = connection.execute("select told::text from folded where shard = %s", (shard,)).fetchone()
    stale = told_since(connection, shard, row[0] if row else "0", watermark(connection))
    if not len(stale):
        return book
    anew = read_loans(connection, reader, f"c.shard = {shard} and {one_of('c.loan', stale)}")
    both = joined([part(book, np.flatnonzero(~np.isin(book.contracts["loan"], stale))), anew])
    return part(both, np.argsort(both.contracts["loan"], kind="stable").astype(np.int64))


POSTED_OF_SHARD = (
    "select loan, cause, component, debit, sum(amount_fen)::bigint as amount_fen from entry "
    "where shard = {shard} and loan is not null and closed_on <= '{through}' group by 1, 2, 3, 4"
)


def posted_of_shard(reader: adbc.Connection, shard: int, loans: npt.NDArray[np.int64], through: date) -> Totals:
    """The running totals [n, SLOTS] that the journal held for loans of a shard (sorted) when a day was closed.

    Entries of other loans of the shard are passed over.
    """
    found = fetch(reader, POSTED_OF_SHARD.format(shard=int(shard), through=through))
    told = {name: found[name].to_numpy().astype(np.int64) for name in found.column_names}
    here = np.isin(told["loan"], loans)
    names = ("loan", "cause", "component", "debit", "amount_fen")
    return totals_of(loans, *(told[name][here] for name in names))
