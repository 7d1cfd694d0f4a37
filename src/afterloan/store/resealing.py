"""Rows that were sealed in clear are enciphered when an older book is opened: their seals are made anew, openly.

Only a migration does this, as the owner of the tables. Before a row is touched each seal over it is looked at: one that
was broken stays broken, a row that was changed stays named. The heads of the days as they were until then are kept for
ever in `seal_before`: a head that was written down elsewhere is still known (`enquiry/seals.py`).
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import psycopg

from afterloan.store.seals import GENESIS, SEALED_TABLES, Rows, SealedTable, head_of_day, next_head, read_ids

Ids = npt.NDArray[np.int64]
TABLE = """
create table if not exists seal_before (
    closed_on date not null,
    head bytea not null,
    -- the migration that enciphered what was sealed in clear
    version text not null,
    primary key (closed_on, version)
);
create or replace trigger seal_before_for_ever before update or delete or truncate on seal_before
    for each statement execute function refuse_change();
"""


@dataclass(frozen=True, slots=True)
class _Looked:
    """A seal over rows that are about to change: whether it held, and which of its rows were as they were sealed."""

    shard: int
    day: str
    ids: Ids
    marks: npt.NDArray[np.uint32]
    digest: bytes
    whole: bool
    good: npt.NDArray[np.bool_]


@contextmanager
def sealed_anew(connection: psycopg.Connection[Any], table: str, ids: Sequence[int], version: str) -> Iterator[None]:
    """Rows of some numbers are changed inside; afterwards seals, chains and days that held before hold again."""
    part = next(one for one in SEALED_TABLES if one.table == table)
    looked = list(_looked(connection, part, np.array(sorted(ids), np.int64)))
    connection.execute(f"alter table {table} disable trigger {table}_for_ever")
    yield
    connection.execute(f"alter table {table} enable trigger {table}_for_ever")
    if looked:
        _seal_anew(connection, part, looked, version)


def _looked(connection: psycopg.Connection[Any], part: SealedTable, changing: Ids) -> Iterator[_Looked]:
    for shard, day, packed, marks, digest in connection.execute(
        "select shard, closed_on::text, ids, marks, digest from seal where part = %s order by shard, closed_on",
        (part.table,),
    ).fetchall():
        ids, sealed = read_ids(packed), np.frombuffer(marks, "<u4")
        if not np.isin(ids, changing).any():
            continue
        rows = _rows(connection, part, shard, ids)
        good = np.zeros(len(ids), bool)
        at = np.isin(ids, rows.ids)
        good[at] = rows.marks() == sealed[at]
        yield _Looked(shard, day, ids, sealed, digest, bool(at.all()) and rows.digest() == digest, good)


def _rows(connection: psycopg.Connection[Any], part: SealedTable, shard: int, ids: Ids) -> Rows:
    """Rows as this transaction sees them, in order of their numbers."""
    found = connection.execute(f"{part.sql(f'{part.key} = any(%s)')} order by key", (ids.tolist(),)).fetchall()
    texts = [str(row[-1]).encode("utf-8", "surrogatepass") for row in found]
    numbers = np.array([row[3:-1] for row in found], np.int64).reshape(len(found), len(part.numbers))
    lengths = np.array([len(text) for text in texts], np.int64)
    return Rows(part, shard, np.array([row[2] for row in found], np.int64), numbers, lengths, b"".join(texts))


def _seal_anew(connection: psycopg.Connection[Any], part: SealedTable, looked: Sequence[_Looked], version: str) -> None:
    connection.execute("alter table seal disable trigger seal_for_ever")
    connection.execute("alter table seal_day disable trigger seal_day_for_ever")
    for one in looked:
        _mark_anew(connection, part, one)
    _days(connection, _chains(connection, {(part.table, one.shard, one.day): one.digest for one in looked}), version)
    connection.execute("alter table seal enable trigger seal_for_ever")
    connection.execute("alter table seal_day enable trigger seal_day_for_ever")


def _mark_anew(connection: psycopg.Connection[Any], part: SealedTable, one: _Looked) -> None:
    """Make the marks of one seal anew, of rows that were as sealed, and its digest where all of them were."""
    rows = _rows(connection, part, one.shard, one.ids)
    marks = one.marks.copy()
    there = np.isin(one.ids, rows.ids)
    anew = np.zeros(len(one.ids), np.uint32)
    anew[there] = rows.marks()
    marks[one.good] = anew[one.good]
    digest = rows.digest() if one.whole else one.digest
    connection.execute(
        "update seal set marks = %s, digest = %s where part = %s and shard = %s and closed_on = %s",
        (marks.astype("<u4").tobytes(), digest, part.table, one.shard, one.day),
    )


Head = tuple[str, int, bytes]
"""Table, shard and head of a chain."""


def _chains(
    connection: psycopg.Connection[Any], digests: dict[tuple[str, int, str], bytes]
) -> dict[str, list[tuple[Head, Head]]]:
    """Make the heads of chains anew; by day each as it was and as it is. A head that did not follow still does not.

    `digests`: those that were other when the heads were made, by table, shard and day.
    """
    before: dict[tuple[str, int], bytes] = {}
    now: dict[tuple[str, int], bytes] = {}
    changed: list[tuple[bytes, str, int, str]] = []
    of_day: dict[str, list[tuple[Head, Head]]] = {}
    for table, shard, day, digest, head in connection.execute(
        "select part, shard, closed_on::text, digest, head from seal order by part, shard, closed_on"
    ).fetchall():
        chain, new = (table, shard), head
        if head == next_head(before.get(chain, GENESIS), digests.get((table, shard, day), digest), day):
            new = next_head(now.get(chain, GENESIS), digest, day)
        if new != head:
            changed.append((new, table, shard, day))
        before[chain], now[chain] = head, new
        of_day.setdefault(day, []).append(((table, shard, head), (table, shard, new)))
    with connection.cursor() as cursor:
        cursor.executemany("update seal set head = %s where part = %s and shard = %s and closed_on = %s", changed)
    return of_day


def _days(connection: psycopg.Connection[Any], of_day: dict[str, list[tuple[Head, Head]]], version: str) -> None:
    """Make the heads of days anew whose seals are others; a day that did not follow from its seals still does not."""
    before = now = GENESIS
    for day, head in connection.execute("select closed_on::text, head from seal_day order by 1").fetchall():
        pairs = of_day.get(day, [])
        new = head
        if head == head_of_day(before, [was for was, _ in pairs], day):
            new = head_of_day(now, [one for _, one in pairs], day)
        if new != head:
            connection.execute("insert into seal_before values (%s, %s, %s)", (day, head, version))
            connection.execute("update seal_day set head = %s where closed_on = %s", (new, day))
        before, now = head, new
