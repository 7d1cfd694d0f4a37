"""Whether what was sealed is still what is there: every changed, missing or added row by its name."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import adbc_driver_postgresql.dbapi as adbc
import numpy as np
import numpy.typing as npt
import psycopg

from afterloan.store.seals import (
    GENESIS,
    SEALED_TABLES,
    Rows,
    SealedTable,
    head_of_day,
    last_before,
    next_head,
    read_ids,
    restored_on,
    rows_by_shard,
)
from afterloan.store.seen import CHAINED, links

Ids = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Broken:
    """One thing that is not as it was sealed. `row`: its number in the table; 0: the seal itself."""

    table: str
    day: str
    shard: int
    row: int
    what: Literal["changed", "missing", "added", "seal changed"]
    reference: str = ""

    def __str__(self) -> str:
        """`fact 4711 (reference bank-88) of 2026-03-10 was changed after it was sealed`."""
        if not self.row:
            return f"the seal of {self.table}, shard {self.shard}, of {self.day} does not follow from what is there"
        named = f" (reference {self.reference})" if self.reference else ""
        when = f" of {self.day}" if self.day else ""
        what = {"changed": "was changed after it was sealed", "missing": "was sealed and is gone"}
        return f"{self.table} {self.row}{named}{when} {what.get(self.what, 'was put among what was sealed')}"


@dataclass(frozen=True, slots=True)
class Verified:
    """What a look at all seals came to. `head`: of the last day sealed, hexadecimal; "" where none is."""

    days: int
    rows: int
    through: str
    head: str
    broken: list[Broken]


def verify(connection: psycopg.Connection[Any], reader: adbc.Connection) -> Verified:
    """Read everything that was sealed again, and compare it with its seals, row by row, and the seals with each other.

    A book of 20,000 loans takes about a second. Rows told since the last seal are not looked at: the next close
    seals them; who looked and what was refused is a chain of its own, and looked at to its end.
    """
    days = connection.execute("select closed_on::text, told::text, rows, head from seal_day order by 1").fetchall()
    if not days:
        return Verified(0, 0, "", "", [])
    broken = list(_chains(connection, days))
    for part in SEALED_TABLES:
        broken += _named(connection, part, list(_part(connection, reader, part, *days[-1][:2])))
    for table in CHAINED:
        known = {one.row for one in broken if one.table == table}
        broken += [
            Broken(table, "", shard, row, "changed")
            for row, shard, good in links(connection, table)
            if not good and row not in known
        ]
    return Verified(len(days), sum(day[2] for day in days), days[-1][0], days[-1][3].hex(), broken)


def knows_head(connection: psycopg.Connection[Any], head: str) -> str:
    """The sealed day whose head this is (hexadecimal, as `verify` gives it), YYYY-MM-DD; "" where none has it.

    Also a head that was the day's until a later version enciphered what it had sealed in clear (`store/resealing.py`).
    """
    row = connection.execute(
        "select closed_on::text from (select closed_on, head from seal_day union all "
        "select closed_on, head from seal_before) d where encode(head, 'hex') = %s",
        (head.strip().lower(),),
    ).fetchone()
    return str(row[0]) if row else ""


def _chains(connection: psycopg.Connection[Any], days: list[Any]) -> Iterator[Broken]:
    """Seals whose head does not follow from the one before, and days whose head does not follow from their seals."""
    heads: dict[tuple[str, int], bytes] = {}
    of_day: dict[str, list[tuple[str, int, bytes]]] = {}
    for table, shard, day, digest, head in connection.execute(
        "select part, shard, closed_on::text, digest, head from seal order by part, shard, closed_on"
    ):
        if next_head(heads.get((table, shard), GENESIS), digest, day) != head:
            yield Broken(table, day, shard, 0, "seal changed")
        heads[table, shard] = head
        of_day.setdefault(day, []).append((table, shard, head))
    before = GENESIS
    for day, _, _, head in days:
        if head_of_day(before, of_day.get(day, []), day) != head:
            yield Broken("seal_day", day, -1, 0, "seal changed")
        before = head


def _part(
    connection: psycopg.Connection[Any], reader: adbc.Connection, part: SealedTable, last: str, mark: str
) -> Iterator[Broken]:
    """What is not as sealed in one table; a shard's seals are compared with its rows as they are now."""
    if part.dated == "closed_on":
        where = f"closed_on <= '{last}'"
    else:
        restored = restored_on(connection)
        where = f"(told < '{mark}'::xid8 or {part.key} <= {last_before(connection, part, restored) if restored else 0})"
    there = {row[0] for row in connection.execute("select distinct shard from seal where part = %s", (part.table,))}
    for rows in rows_by_shard(reader, part, where):
        there.discard(rows.shard)
        yield from _shard(connection, part, rows.shard, rows)
    for shard in sorted(there):
        yield from _shard(connection, part, shard, None)


def _shard(connection: psycopg.Connection[Any], part: SealedTable, shard: int, rows: Rows | None) -> Iterator[Broken]:
    here: Ids = rows.ids if rows else np.zeros(0, np.int64)
    seen = np.zeros(len(here), bool)
    for day, packed, marks, digest in connection.execute(
        "select closed_on::text, ids, marks, digest from seal where part = %s and shard = %s order by closed_on",
        (part.table, shard),
    ).fetchall():
        ids = read_ids(packed)
        at = np.searchsorted(here, ids)
        found = (
            (at < len(here)) & (here[np.minimum(at, len(here) - 1)] == ids) if len(here) else np.zeros(len(ids), bool)
        )
        seen[at[found]] = True
        for row in ids[~found].tolist():
            yield Broken(part.table, day, shard, row, "missing")
        if rows is not None and found.any():
            yield from _changed(
                rows.some(at[found]), day, np.frombuffer(marks, "<u4")[found], digest, bool(found.all())
            )
    for row in here[~seen].tolist():
        yield Broken(part.table, "", shard, row, "added")


def _changed(rows: Rows, day: str, marks: npt.NDArray[np.uint32], digest: bytes, whole: bool) -> Iterator[Broken]:
    """Rows of one seal that are other than they were."""
    if whole and rows.digest() == digest:
        return
    other = rows.ids[rows.marks() != marks]
    for row in other.tolist():
        yield Broken(rows.part.table, day, rows.shard, row, "changed")
    if whole and not len(other):
        yield Broken(rows.part.table, day, rows.shard, 0, "seal changed")


def _named(connection: psycopg.Connection[Any], part: SealedTable, broken: list[Broken]) -> list[Broken]:
    """The same with the reference of each row that is there, where the table has references."""
    if "reference" not in part.text or not broken:
        return broken
    found = dict(
        connection.execute(
            f"select {part.key}, reference from {part.table} where {part.key} = any(%s)", ([b.row for b in broken],)
        ).fetchall()
    )
    return [Broken(b.table, b.day, b.shard, b.row, b.what, found.get(b.row, "")) for b in broken]
