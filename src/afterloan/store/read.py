"""Read loans out of the store as a Book: a shard, one loan, or all; the packed history kept fresh on the way."""

from collections.abc import Iterator
from typing import Any

import adbc_driver_postgresql.dbapi as adbc
import numpy as np
import numpy.typing as npt
import psycopg
import pyarrow as pa

from afterloan.dates import NEVER
from afterloan.loan.book import Book, Offsets, Records
from afterloan.loan.terms import CONTRACT, FACT, PROMISED
from afterloan.rules.products import ProductTerms
from afterloan.store.history import pack, unpack
from afterloan.store.ids import ids_of, one_of
from afterloan.store.locks import Space

SHARDS = 64
REVERSED = 90
EPOCH = np.datetime64("1970-01-01", "D")

CONTRACT_COLUMNS = (
    "loan, product, principal_fen, rate, signed_on, first_due_on, unit, every, instalments, "
    "due_dom, grace_principal, grace_interest, interest_free"
)


def products(connection: psycopg.Connection[Any]) -> dict[int, ProductTerms]:
    """The products of the book by number."""
    rows = connection.execute("select number, terms from product order by number").fetchall()
    return {number: ProductTerms.model_validate(terms) for number, terms in rows}


def product_table(terms: dict[int, ProductTerms]) -> tuple[Records, npt.NDArray[np.bool_]]:
    """PRODUCT records by number (row 0 is empty), and the calendars they name [c, days since 1970-01-01]."""
    from afterloan.loan.terms import PRODUCT
    from afterloan.rules.calendars import business_days

    names = sorted({t.calendar for t in terms.values() if t.calendar})
    rows = {name: k for k, name in enumerate(names)}
    table = np.zeros(max(terms, default=0) + 1, PRODUCT)
    for number, t in terms.items():
        table[number] = t.record(rows)
    days = 366 * 90
    calendars = np.zeros((len(names), days), bool)
    for name, k in rows.items():
        calendars[k] = business_days(name, 0, days)
    return table, calendars


def _days(column: pa.ChunkedArray, missing: int = 0) -> npt.NDArray[np.int64]:
    days: npt.NDArray[np.int64] = column.cast(pa.int32()).cast(pa.int64()).fill_null(missing).to_numpy()
    return days


def fetch(connection: adbc.Connection, sql: str, parameters: list[Any] | None = None) -> pa.Table:
    """The rows of a query as Arrow."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetch_arrow_table()


def _offsets(loans: npt.NDArray[np.int64], of: npt.NDArray[np.int64]) -> Offsets:
    """Where each of `loans` (sorted) begins in the sorted column `of`, and where the last ends."""
    return np.concatenate([np.searchsorted(of, loans, "left"), [len(of)]]).astype(np.int64)


def contracts_of(table: pa.Table) -> Records:
    """CONTRACT records of a table with CONTRACT_COLUMNS."""
    contracts = np.zeros(len(table), CONTRACT)
    for name in table.column_names:
        column = table[name]
        contracts[name] = _days(column) if name in ("signed_on", "first_due_on") else column.to_numpy()
    return contracts


def rows_of(connection: adbc.Connection, where: str) -> tuple[Records, Records, Offsets, Records, Offsets]:
    """The loans for which the condition on `contract c` holds, out of the rows themselves, as `unpack` gives them."""
    contracts = contracts_of(
        fetch(connection, f"select {CONTRACT_COLUMNS} from contract c where {where} order by loan")
    )
    loans = contracts["loan"]
    table = fetch(
        connection,
        "select p.loan, p.due_on, p.principal_fen, p.interest_fen, p.fee_fen "
        f"from promised p join contract c using (loan) where {where} order by p.loan, p.number",
    )
    promised = np.zeros(len(table), PROMISED)
    promised["due_on"] = _days(table["due_on"])
    for name in ("principal_fen", "interest_fen", "fee_fen"):
        promised[name] = table[name].to_numpy()
    promised_at = _offsets(loans, table["loan"].to_numpy())
    # C order of references: the order of facts must not depend on the database's language
    table = fetch(
        connection,
        "select f.fact, f.loan, f.kind, f.on_day, f.known_on, r.known_on as gone_on, f.amount_fen, f.component, "
        "f.due_on, f.count, f.every, f.unit, f.from_on from fact f join contract c using (loan) "
        "left join fact r on r.of_fact = f.fact "
        f'where {where} and f.kind <> {REVERSED} order by f.loan, f.on_day, f.kind, f.reference collate "C"',
    )
    facts = np.zeros(len(table), FACT)
    for name in ("fact", "kind", "amount_fen", "component"):
        facts[name] = table[name].to_numpy()
    facts["on"] = _days(table["on_day"])
    facts["known_on"] = _days(table["known_on"])
    facts["gone_on"] = _days(table["gone_on"], NEVER)
    facts["due_on"] = _days(table["due_on"])
    facts["from_on"] = _days(table["from_on"])
    for name in ("count", "every", "unit"):
        facts[name] = table[name].to_numpy()
    return contracts, promised, promised_at, facts, _offsets(loans, table["loan"].to_numpy())


def watermark(connection: psycopg.Connection[Any]) -> str:
    """Every transaction below this number has ended: what it told is visible, now and later."""
    row = connection.execute("select pg_snapshot_xmin(pg_current_snapshot())::text").fetchone()
    assert row is not None
    return str(row[0])


def told_since(connection: psycopg.Connection[Any], shard: int, mark: str) -> npt.NDArray[np.int64]:
    """Loans of a shard that something was told of since a watermark, sorted. `mark` "0": all that have facts."""
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
    stale = told_since(connection, shard, row[0] if row else "0")
    if len(stale):
        where = f"c.shard = {shard}"
        if row:
            where += f" and {one_of('c.loan', stale)}"
        _write_history(connection, shard, *pack(*(loans := rows_of(reader, where))), loans[0]["loan"])
    connection.execute(
        "insert into folded values (%s, %s::text::xid8) on conflict (shard) do update set told = excluded.told",
        (shard, mark),
    )
    return len(stale)


HISTORY_ROW = np.dtype(
    [("columns", ">i2"), ("l8", ">i4"), ("loan", ">i8"), ("l2", ">i4"), ("shard", ">i2"), ("length", ">i4")]
)
"""What stands before the packed bytes in a row of binary COPY: 24 bytes, three words of a packed history."""
COPY_BEGINS, COPY_ENDS = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"


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
    return Book(product_records, *_book_parts(array), calendars)


def _book_parts(array: pa.Array) -> tuple[Records, Records, Offsets, Records, Offsets]:
    _, offsets, data = array.buffers()
    if len(array) == 0:
        return unpack(np.zeros(0, np.int64), np.zeros(1, np.int64))
    width = np.int64 if pa.types.is_large_binary(array.type) else np.int32
    ends = np.frombuffer(offsets, width)[array.offset : array.offset + len(array) + 1].astype(np.int64)
    raw = np.frombuffer(data, np.uint8)[ends[0] : ends[-1]]
    return unpack(np.ascontiguousarray(raw).view("<i8"), (ends - ends[0]) // 8)


def read_loans(connection: psycopg.Connection[Any], reader: adbc.Connection, where: str) -> Book:
    """The loans for which a condition on `contract c` holds, out of the rows (fact numbers included)."""
    product_records, calendars = product_table(products(connection))
    return Book(product_records, *rows_of(reader, where), calendars)


def books(
    connection: psycopg.Connection[Any], reader: adbc.Connection, shards: range = range(SHARDS)
) -> Iterator[Book]:
    """The whole book, shard by shard, folded first; shards without loans are left out."""
    table = product_table(products(connection))
    for shard in shards:
        if fold(connection, reader, shard):
            connection.commit()
        book = read_shard(connection, reader, shard, table)
        if len(book):
            yield book
