"""What a day sealed: acts, facts, events, contracts, entries, who looked: as bytes, their digests, one chain a shard.

The database refuses changes to these tables, but who owns a database can switch that off. So every evening the rows
told since the evening before are put into canonical bytes and digested, and each digest goes into the next one's head:
whoever changes, adds or takes away a row afterwards would have to make all later heads anew, and the head of a day
that was written down elsewhere would still tell.

Canonical bytes of some rows, in order of their numbers: the name of the table, a zero byte, the count (8 bytes); the
row's whole numbers, 8 bytes each, little-endian, row by row (no value: -2^63); then, where the table has text, the
lengths of the texts (8 bytes each) and the texts in UTF-8, their columns parted by the byte 31.
"""

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise
from typing import Any

import adbc_driver_postgresql.dbapi as adbc
import numpy as np
import numpy.typing as npt
import psycopg
import pyarrow as pa

from afterloan.store.checks import crc32_of_each

WHOLE_BOOK = -1
"""The chain of rows that belong to no shard: acts."""
NOTHING = -(2**63)
GENESIS = bytes(32)
"""The head before the first."""


@dataclass(frozen=True, slots=True)
class SealedTable:
    """A table that is sealed: its number's column, its other whole numbers and its text, as SQL; how it is dated."""

    table: str
    key: str
    shard: str
    numbers: tuple[str, ...]
    text: tuple[str, ...]
    dated: str

    def sql(self, where: str, day: str = "0") -> str:
        """The rows for which a condition holds, as the canonical bytes take them, in whatever order they lie."""
        numbers = ", ".join(f"coalesce(({n})::bigint, {NOTHING}) as n{k}" for k, n in enumerate(self.numbers))
        text = " || e'\\x1f' || ".join(f"coalesce(({t})::text, e'\\x1e')" for t in self.text) or "''"
        return (
            f"select ({day})::bigint as day, ({self.shard})::bigint as shard, {self.key}::bigint as key, {numbers}, "
            f"{text} as text from {self.table} where {where}"
        )


def _day(column: str) -> str:
    return f"{column} - date '1970-01-01'"


def _moment(column: str) -> str:
    return f"extract(epoch from {column}) * 1000000"


def _with(plain: str, words: str) -> str:
    """SQL: what a row has in clear and, after it, what is enciphered: sealed as it is kept, so a purge breaks no seal.

    A row without anything enciphered has the bytes that it had before there was such.
    """
    return f"{plain}::text || coalesce(encode({words}, 'hex'), '')"


ENTRIES = SealedTable(
    "entry", "entry", "shard",
    (_day("closed_on"), "loan", "product", "cause", "component", "debit", "credit", "amount_fen"), (), "closed_on",
)  # fmt: skip
SEALED_TABLES: tuple[SealedTable, ...] = (
    SealedTable(
        "act", "act", str(WHOLE_BOOK), (_day("on_day"), _moment("at")),
        ("reference", "verb", "who_kind", "who", "roles", "door", _with("asked", "asked_words"),
         _with("answer", "answer_words")), "told",
    ),
    SealedTable(
        "fact", "fact", "shard",
        ("loan", "kind", _day("on_day"), _day("known_on"), "amount_fen", "component", _day("due_on"), "of_fact", "act"),
        ("reference",), "told",
    ),
    SealedTable(
        "event", "event", "shard",
        ("borrower", "loan", _day("on_day"), _moment("at"), _day("known_on"), "act"),
        ("kind", "reference", _with("body", "words")), "told",
    ),
    SealedTable(
        "contract", "loan", "shard",
        (
            "borrower", "product", "principal_fen", "rate", _day("signed_on"), _day("first_due_on"), "unit", "every",
            "instalments", "due_dom", "grace_principal", "grace_interest", "interest_free", _day("known_on"),
        ),
        ("reference",), "told",
    ),
    ENTRIES,
    SealedTable(
        "seen", "seen", "shard", ("borrower", "rows", _day("on_day"), _moment("at")),
        ("who_kind", "who", "roles", "door", "what", "reason", "field", "encode(terms, 'hex')",
         "encode(digest, 'hex')"),
        "told",
    ),
    SealedTable(
        "denied", "denied", "shard", ("borrower", "status", _day("on_day"), _moment("at")),
        ("who_kind", "who", "roles", "door", "what", "reason", "encode(digest, 'hex')"), "told",
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rows:
    """Some rows of one table and shard: `ids` [n], `numbers` [n, k], the texts' `lengths` [n] and bytes.

    `day`: the day that seals them, in days since 1970-01-01, where they were asked for by day; else 0.
    """

    part: SealedTable
    shard: int
    ids: npt.NDArray[np.int64]
    numbers: npt.NDArray[np.int64]
    lengths: npt.NDArray[np.int64]
    text: bytes
    day: int = 0

    def digest(self) -> bytes:
        """SHA-256 of the canonical bytes."""
        whole = sha256(self.part.table.encode() + b"\0" + len(self.ids).to_bytes(8, "little"))
        whole.update(np.column_stack([self.ids, self.numbers]).astype("<i8").tobytes())
        if self.part.text:
            whole.update(self.lengths.astype("<i8").tobytes())
            whole.update(self.text)
        return whole.digest()

    def marks(self) -> npt.NDArray[np.uint32]:
        """Four bytes a row [n]: they tell which row of a broken seal was changed, and prove nothing by themselves."""
        mixed = np.zeros(len(self.ids), np.uint64)
        for column in (self.ids, *self.numbers.T, self._checks()):
            mixed = (mixed ^ column.astype(np.int64).view(np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
            mixed ^= mixed >> np.uint64(29)
        return (mixed >> np.uint64(32)).astype(np.uint32)

    def some(self, at: npt.NDArray[np.intp]) -> "Rows":
        """The rows at some places, in their order."""
        ends = np.cumsum(self.lengths)
        texts = [
            self.text[end - size : end] for end, size in zip(ends[at].tolist(), self.lengths[at].tolist(), strict=True)
        ]
        return Rows(self.part, self.shard, self.ids[at], self.numbers[at], self.lengths[at], b"".join(texts))

    def _checks(self) -> npt.NDArray[np.int64]:
        if not self.part.text:
            return np.zeros(len(self.ids), np.int64)
        return crc32_of_each(self.text, self.lengths)


def together(groups: Sequence[Rows]) -> Rows:
    """Rows of one table, shard and day, in order, as one group."""
    if len(groups) == 1:
        return groups[0]
    one = groups[0]
    return Rows(
        one.part,
        one.shard,
        np.concatenate([rows.ids for rows in groups]),
        np.concatenate([rows.numbers for rows in groups]),
        np.concatenate([rows.lengths for rows in groups]),
        b"".join(rows.text for rows in groups),
        one.day,
    )


def rows_by_shard(
    reader: adbc.Connection, part: SealedTable, where: str, shards: range | None = None
) -> Iterator[Rows]:
    """The rows of a table for which a condition holds, shard by shard; a shard without any is left out.

    Of some shards they are read whole and put in order here, of all of them (None) by the database, a few at a time.
    """
    sql = part.sql(f"{where}{_of_shards(part, shards)}")
    return _in_turn(reader, part, sql) if shards is None else _at_once(reader, part, sql)


def entries_by_day(
    reader: adbc.Connection, before: str, first: str, last: str, shards: range | None = None
) -> Iterator[Rows]:
    """Entries closed after `before` up to `last`, by day and shard, in one reading; those before `first` are `first`'s.

    Days are YYYY-MM-DD; `before` "": from the beginning.
    """
    day = _day(f"greatest(closed_on, date '{first}')")
    where = f"closed_on <= '{last}'" + (f" and closed_on > '{before}'" if before else "")
    return _at_once(reader, ENTRIES, ENTRIES.sql(f"{where}{_of_shards(ENTRIES, shards)}", day))


def _of_shards(part: SealedTable, shards: range | None) -> str:
    """The condition that rows are of some chains, after another condition; None: of all of them."""
    if shards is None:
        return ""
    return f" and {part.shard} >= {shards.start} and {part.shard} < {shards.stop}"


def _in_turn(reader: adbc.Connection, part: SealedTable, sql: str) -> Iterator[Rows]:
    """The rows of a query as groups by day and shard, put in order by the database and held a group at a time."""
    waits: list[Rows] = []
    with reader.cursor() as cursor:
        cursor.execute(f"{sql} order by day, shard, key")
        for batch in cursor.fetch_record_batch():
            for rows in _groups(part, batch):
                if waits and (waits[0].day, waits[0].shard) != (rows.day, rows.shard):
                    yield together(waits)
                    waits = []
                waits.append(rows)
    if waits:
        yield together(waits)


def _at_once(reader: adbc.Connection, part: SealedTable, sql: str) -> Iterator[Rows]:
    """The same of rows that are all held, and put in order here.

    They lie nearly in order of their numbers, which the database does not know: it sorts whole rows, those of some
    100,000 loans on its disk. 808,000 facts took it 1.6 s of processor time in order and 0.7 as they lie.
    """
    with reader.cursor() as cursor:
        cursor.execute(sql)
        table = cursor.fetch_arrow_table()
    if not len(table):
        return
    days, shards, ids = (table[name].to_numpy() for name in ("day", "shard", "key"))
    numbers = [table[f"n{k}"].to_numpy() for k in range(len(part.numbers))]
    texts = table["text"].cast(pa.large_string()).combine_chunks()
    order = np.lexsort((ids, shards.astype(np.int16), days))
    for a, b in _spans(days[order], shards[order]):
        rows = order[a:b]
        at, text = _texts(texts.take(pa.array(rows)))
        yield Rows(
            part, int(shards[rows[0]]), ids[rows], np.column_stack([column[rows] for column in numbers]), np.diff(at),
            bytes(text[at[0] : at[-1]]), int(days[rows[0]]),
        )  # fmt: skip


def _spans(days: npt.NDArray[np.int64], shards: npt.NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """From where to where rows in order of day and shard are of one day and shard."""
    starts = np.flatnonzero((days[1:] != days[:-1]) | (shards[1:] != shards[:-1])) + 1
    return pairwise([0, *starts.tolist(), len(days)])


def _groups(part: SealedTable, batch: pa.RecordBatch) -> Iterator[Rows]:
    """The groups of rows that are in order of day and shard."""
    if not len(batch):
        return
    days, shards, ids = (batch.column(name).to_numpy() for name in ("day", "shard", "key"))
    numbers = np.column_stack([batch.column(f"n{k}").to_numpy() for k in range(len(part.numbers))])
    at, text = _texts(batch.column("text"))
    for a, b in _spans(days, shards):
        lengths = np.diff(at[a : b + 1])
        yield Rows(part, int(shards[a]), ids[a:b], numbers[a:b], lengths, bytes(text[at[a] : at[b]]), int(days[a]))


def _texts(column: pa.Array) -> tuple[npt.NDArray[np.int64], memoryview]:
    """Where each text begins [n + 1] in the bytes of all of them, in UTF-8: as Arrow keeps them, nothing is copied."""
    _, offsets, data = column.buffers()
    width = np.int64 if pa.types.is_large_string(column.type) else np.int32
    at = np.frombuffer(offsets, width)[column.offset : column.offset + len(column) + 1].astype(np.int64)
    return at, memoryview(data if data is not None else b"")


def packed_ids(ids: npt.NDArray[np.int64]) -> bytes:
    """Row numbers in rising order as few bytes: their differences, compressed. See `read_ids`."""
    return zlib.compress(np.diff(ids, prepend=0).astype("<i8").tobytes(), 1)


def read_ids(packed: bytes) -> npt.NDArray[np.int64]:
    """The row numbers of `packed_ids`."""
    return np.cumsum(np.frombuffer(zlib.decompress(packed), "<i8"))


def next_head(before: bytes, digest: bytes, day: str) -> bytes:
    """The head of a chain after one more digest: SHA-256 of the head before, the digest and the day (YYYY-MM-DD)."""
    return sha256(before + digest + day.encode()).digest()


def head_of_day(before: bytes, heads: list[tuple[str, int, bytes]], day: str) -> bytes:
    """The head of a day: SHA-256 of the day's head before, the day, and each chain's name, shard and head."""
    whole = sha256(before + day.encode())
    for table, shard, head in sorted(heads):
        whole.update(f"{table} {shard} ".encode() + head)
    return whole.digest()


def restored_on(connection: psycopg.Connection[Any]) -> str:
    """The first day sealed on the server on which the book lives now, YYYY-MM-DD; "" on the server it began on.

    The marks of transactions count up on one server. A book restored from a dump lives on one that counts from lower
    down, so its next mark is below the one before: rows told there are known by their numbers, which go on counting.
    """
    row = connection.execute(
        "select max(closed_on)::text from (select closed_on, told < lag(told) over (order by closed_on) as fell "
        "from seal_day) d where fell"
    ).fetchone()
    return str(row[0]) if row and row[0] else ""


def last_before(connection: psycopg.Connection[Any], part: SealedTable, day: str) -> int:
    """The highest row number of a table that was sealed before a day; 0: none."""
    rows = connection.execute("select ids from seal where part = %s and closed_on < %s", (part.table, day)).fetchall()
    return max((int(read_ids(row[0])[-1]) for row in rows), default=0)
