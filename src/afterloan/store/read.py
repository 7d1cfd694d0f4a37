"""Read loans out of the store as a Book: a shard, one loan, or all; the packed history kept fresh on the way."""

from collections.abc import Iterator
from typing import Any

import adbc_driver_postgresql.dbapi as adbc
import numpy as np
import numpy.typing as npt
import psycopg
import pyarrow as pa

from afterloan.loan.book import Book, Offsets, Records
from afterloan.loan.terms import CONTRACT, FACT, PROMISED
from afterloan.store.copies import COPY_BEGINS, COPY_ENDS
from afterloan.store.history import pack, unpack
from afterloan.store.ids import ids_of, one_of
from afterloan.store.loans import (
    contracts_sql,
    facts_of_shard_sql,
    facts_sql,
    offsets,
    product_table,
    products,
    promised_sql,
)
from afterloan.store.locks import Space
from afterloan.store.shards import shards_of


def fetch(connection: adbc.Connection, sql: str, parameters: list[Any] | None = None) -> pa.Table:
    """The rows of a query as Arrow."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetch_arrow_table()


def rows_of(
    connection: adbc.Connection, where: str, facts_told: str | None = None
) -> tuple[Records, Records, Offsets, Records, Offsets]:
    """The loans for which the condition on `contract c` holds, out of the rows themselves, as `unpack` gives them.

    `facts_told`: a statement that reads their facts, where there is one with less work than the condition.
    """
    contracts = _records(fetch(connection, contracts_sql(where)), CONTRACT)
    promised = fetch(connection, promised_sql(where))
    facts = fetch(connection, facts_told or facts_sql(where))
    at = (offsets(contracts["loan"], table["loan"].to_numpy()) for table in (promised, facts))
    return contracts, _records(promised, PROMISED), next(at), _records(facts, FACT), next(at)


def _records(table: pa.Table, kind: np.dtype[np.void]) -> Records:
    records = np.zeros(len(table), kind)
    for name in kind.names or ():
        records[name] = table[name].to_numpy()
    return records


def watermark(connection: psycopg.Connection[Any]) -> str:
    """Every transaction below this number has ended: what it told is visible, now and later."""
    row = connection.execute("select pg_snapshot_xmin(pg_current_snapshot())::text").fetchone()
    assert row is not None
    return str(row[0])


def told_since(connection: psycopg.Connection[Any], shard: int, mark: str, now: str) -> npt.NDArray[np.int64]:
    """Loans of a shard that something was told of since a watermark, sorted. `mark` "0": all that have facts.

    `now`: the watermark of this transaction. A mark that lies ahead of it is another server's: the book came out of a
    dump, and says nothing of what was told since.
    """
    if int(mark) > int(now):
        mark = "0"
    rows = connection.execute(
        "select loan from fact where shard = %(s)s and told >= %(m)s::text::xid8 "
        "union select loan from contract where shard = %(s)s and told >= %(m)s::text::xid8 order by 1",
        {"s": shard, "m": mark},
    ).fetchall()
    return ids_of(row[0] for row in rows)


def fold(connection: psycopg.Connection[Any], reader: adbc.Connection, shard: int) -> int:
    """Bring a shard's packed histories up to what is committed; returns how many loans were packed anew.

    `reader` sees committed rows only. A fact committed later has a `told` at or above the watermark kept here,
    so the next fold finds it; packing a loan twice gives the same bytes.
    """
    connection.execute(
        "select pg_advisory_xact_lock(%s, %s)", (int(Space.FOLD_SHARD), shard)
    )  # two first folds at once would collide
    mark = watermark(connection)
    row = connection.execute("select told::text from folded where shard = %s for update", (shard,)).fetchone()
    if row is None:  # none is packed yet: all are, and nothing need be said of which was told of
        packed = _packed(connection, shard, rows_of(reader, f"c.shard = {shard}", facts_of_shard_sql(shard)))
    else:
        stale = told_since(connection, shard, row[0], mark)
        where = f"c.shard = {shard} and {one_of('c.loan', stale)}"
        packed = _packed(connection, shard, rows_of(reader, where)) if len(stale) else 0
    connection.execute(
        "insert into folded values (%s, %s::text::xid8) on conflict (shard) do update set told = excluded.told",
        (shard, mark),
    )
    return packed


def _packed(
    connection: psycopg.Connection[Any], shard: int, loans: tuple[Records, Records, Offsets, Records, Offsets]
) -> int:
    """Pack loans and keep them; how many."""
    if len(loans[0]):
        _write_history(connection, shard, *pack(*loans), loans[0]["loan"])
    return len(loans[0])


HISTORY_ROW = np.dtype(
    [("columns", ">i2"), ("l8", ">i4"), ("loan", ">i8"), ("l2", ">i4"), ("shard", ">i2"), ("length", ">i4")]
)
"""What stands before the packed bytes in a row of binary COPY: 24 bytes, three words of a packed history."""


def copy_of_histories(words: npt.NDArray[np.int64], at: Offsets, loans: npt.NDArray[np.int64], shard: int) -> bytes:
    """Packed histories as binary COPY of the columns loan, shard, packed: a loan of 44 words is 376 bytes of it."""
    n = len(loans)
    heads = np.zeros(n, HISTORY_ROW)
    heads["columns"], heads["l8"], heads["l2"] = 3, 8, 2
    heads["loan"], heads["shard"], heads["length"] = loans, shard, 8 * np.diff(at)
    begins = at[:-1] + 3 * np.arange(n)
    whole = np.zeros(len(words) + 3 * n, "<i8")
    is_head = np.zeros(len(whole), bool)
    for k in range(3):
        is_head[begins + k] = True
    whole[is_head] = heads.view("<i8")
    whole[~is_head] = words
    return COPY_BEGINS + whole.tobytes() + COPY_ENDS


def _write_history(
    connection: psycopg.Connection[Any], shard: int, words: npt.NDArray[np.int64], at: Offsets, loans: Records
) -> None:
    """Histories of some loans of a shard, over those that are there; straight in where the shard has none yet."""
    rows = copy_of_histories(words, at, np.asarray(loans, np.int64), shard)
    found = connection.execute("select exists (select from history where shard = %s)", (shard,)).fetchone()
    into = "packed_now" if found and found[0] else "history"
    if into == "packed_now":
        connection.execute(
            "create temp table if not exists packed_now (loan bigint, shard smallint, packed bytea) "
            "on commit delete rows"
        )
    with connection.cursor() as cursor:
        with cursor.copy(f"copy {into} (loan, shard, packed) from stdin (format binary)") as copy:
            copy.write(rows)
        if into == "packed_now":
            cursor.execute(
                "insert into history select loan, shard, packed from packed_now "
                "on conflict (loan) do update set packed = excluded.packed"
            )
            cursor.execute("truncate packed_now")


def read_shard(
    connection: psycopg.Connection[Any],
    reader: adbc.Connection,
    shard: int,
    table: tuple[Records, npt.NDArray[np.bool_]] | None = None,
) -> Book:
    """A shard as a Book, sorted by loan number, from histories folded before. `table`: from `product_table`."""
    product_records, calendars = table or product_table(products(connection))
    packed = fetch(reader, f"select packed from history where shard = {shard} order by loan")["packed"]
    if packed.num_chunks == 1:
        array = packed.chunk(0)
    else:
        array = pa.concat_arrays(packed.chunks) if packed.num_chunks else pa.array([], pa.binary())
    return Book(product_records, *book_parts(array), calendars)


def book_parts(array: pa.Array) -> tuple[Records, Records, Offsets, Records, Offsets]:
    """Packed histories (binary or large binary, one a loan) as the parts of a Book, in their order."""
    _, offsets, data = array.buffers()
    if len(array) == 0:
        return unpack(np.zeros(0, np.int64), np.zeros(1, np.int64))
    width = np.int64 if pa.types.is_large_binary(array.type) else np.int32
    ends = np.frombuffer(offsets, width)[array.offset : array.offset + len(array) + 1].astype(np.int64)
    raw = np.ascontiguousarray(np.frombuffer(data, np.uint8)[ends[0] : ends[-1]])
    raw.flags.writeable = False  # as most are that come from the database: compiled code is found by this, too
    return unpack(raw.view("<i8"), (ends - ends[0]) // 8)


def read_loans(connection: psycopg.Connection[Any], reader: adbc.Connection, where: str) -> Book:
    """The loans for which a condition on `contract c` holds, out of the rows (fact numbers included)."""
    product_records, calendars = product_table(products(connection))
    return Book(product_records, *rows_of(reader, where), calendars)


def books(connection: psycopg.Connection[Any], reader: adbc.Connection) -> Iterator[Book]:
    """The whole book, shard by shard, folded first; shards without loans are left out."""
    table = product_table(products(connection))
    for shard in range(shards_of(connection)):
        if fold(connection, reader, shard):
            connection.commit()
        book = read_shard(connection, reader, shard, table)
        if len(book):
            yield book
