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
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise
from typing import Any

import adbc_driver_postgresql.dbapi as adbc
import numpy as np
import numpy.typing as npt
import polars as pl
import psycopg

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
        """The rows for which a condition holds, as the canonical bytes take them, by day, shard and number."""
        numbers = ", ".join(f"coalesce(({n})::bigint, {NOTHING}) as n{k}" for k, n in enumerate(self.numbers))
        text = " || e'\\x1f' || ".join(f"coalesce(({t})::text, e'\\x1e')" for t in self.text) or "''"
        return (
            f"select ({day})::bigint as day, ({self.shard})::bigint as shard, {self.key}::bigint as key, {numbers}, "
            f"{text} as text from {self.table} where {where} order by 1, 2, 3"
        )


def _day(column: str) -> str:
    return f"{column} - date '1970-01-01'"


def _moment(column: str) -> str:
    return f"extract(epoch from {column}) * 1000000"


ENTRIES = SealedTable(
    "entry", "entry", "shard",
    (_day("closed_on"), "loan", "product", "cause", "component", "debit", "credit", "amount_fen"), (), "closed_on",
)  # fmt: skip
SEALED_TABLES: tuple[SealedTable, ...] = (
    SealedTable(
        "act", "act", str(WHOLE_BOOK), (_day("on_day"), _moment("at")),
        ("reference", "verb", "who_kind", "who", "roles", "door", "asked", "answer"), "told",
    ),
    SealedTable(
        "fact", "fact", "shard",
        ("loan", "kind", _day("on_day"), _day("known_on"), "amount_fen", "component", _day("due_on"), "of_fact", "act"),
        ("reference",), "told",
    ),
    SealedTable(
        "event", "event", "shard",
        ("borrower", "loan", _day("on_day"), _moment("at"), _day("known_on"), "act"),
        ("kind", "reference", "body"), "told",
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

    def and_more(self, more: "Rows") -> "Rows":
        """These rows and more of the same table, shard and day, in order."""
        return Rows(
            self.part,
            self.shard,
            np.concatenate([self.ids, more.ids]),
            np.concatenate([self.numbers, more.numbers]),
            np.concatenate([self.lengths, more.lengths]),
            self.text + more.text,
            self.day,
        )

    def _checks(self) -> npt.NDArray[np.int64]:
        if not self.part.text:
            return np.zeros(len(self.ids), np.int64)
        at = np.concatenate([[0], np.cumsum(self.lengths)]).tolist()
        view = memoryview(self.text)
        return np.array([zlib.crc32(view[a:b]) for a, b in pairwise(at)], np.int64)


def rows_by_shard(reader: adbc.Connection, part: SealedTable, where: str) -> Iterator[Rows]:
    """The rows of a table for which a condition holds, shard by shard; a shard without any is left out."""
    return _grouped(reader, part, part.sql(where))


def entries_by_day(reader: adbc.Connection, before: str, first: str, last: str) -> Iterator[Rows]:
    """Entries closed after `before` up to `last`, by day and shard, in one reading; those before `first` are `first`'s.

    Days are YYYY-MM-DD; `before` "": from the beginning.
    """
    day = _day(f"greatest(closed_on, date '{first}')")
    where = f"closed_on <= '{last}'" + (f" and closed_on > '{before}'" if before else "")
    return _grouped(reader, ENTRIES, ENTRIES.sql(where, day))


def _grouped(reader: adbc.Connection, part: SealedTable, sql: str) -> Iterator[Rows]:
    """The rows of a query in order, a group for each day and shard."""
    waits: Rows | None = None
    with reader.cursor() as cursor:
        cursor.execute(sql)
        for batch in cursor.fetch_record_batch():
            for rows in _groups(part, pl.DataFrame(pl.from_arrow(batch))):
                if waits is None:
                    waits = rows
                elif (waits.day, waits.shard) == (rows.day, rows.shard):
                    waits = waits.and_more(rows)
                else:
                    yield waits
                    waits = rows
    if waits is not None:
        yield waits


def _groups(part: SealedTable, frame: pl.DataFrame) -> Iterator[Rows]:
    """The groups of a frame that is in order of day and shard."""
    if not len(frame):
        return
    of = frame.select("day", "shard").to_numpy()
    starts = np.flatnonzero(np.any(of[1:] != of[:-1], axis=1)) + 1
    ids, numbers = frame["key"].to_numpy(), frame.select(f"n{k}" for k in range(len(part.numbers))).to_numpy()
    lengths = frame["text"].str.len_bytes().to_numpy().astype(np.int64)
    text = "".join(frame["text"].to_list()).encode() if part.text else b""
    at = np.concatenate([[0], np.cumsum(lengths)])
    for a, b in pairwise([0, *starts.tolist(), len(frame)]):
        day, shard = of[a].tolist()
        yield Rows(part, shard, ids[a:b], numbers[a:b], lengths[a:b], text[at[a] : at[b]], day)


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
