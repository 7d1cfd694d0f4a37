"""Seal closed days: what was told and posted since the last seal goes into the chains, and the day gets one head."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import psycopg

from afterloan.close.workers import Workers, in_workers
from afterloan.dates import iso
from afterloan.store.connect import reader_kept
from afterloan.store.read import watermark
from afterloan.store.seals import (
    GENESIS,
    SEALED_TABLES,
    WHOLE_BOOK,
    Rows,
    SealedTable,
    entries_by_day,
    head_of_day,
    last_before,
    next_head,
    packed_ids,
    restored_on,
    rows_by_shard,
)
from afterloan.store.server import Store
from afterloan.store.shards import shards_of

Chains = dict[tuple[str, int], bytes]
"""The head of each chain by table and shard."""
Seal = tuple[str, int, str, int, bytes, bytes, bytes, bytes]
"""A row of the table `seal`."""
LAST = "select closed_on::text, told::text, head from seal_day order by closed_on desc limit 1"
OPEN = (
    "select closed_on::text from proof where closed_on > coalesce((select max(closed_on) from seal_day), '-infinity') "
    "order by closed_on"
)
PARTS_ELSEWHERE = 8
"""Into so many parts the chains are cut where they are read on other machines."""
AT_ONCE = 16
"""Shards of a part at most: of 250,000 loans at the first close a worker holds the rows of one table, some 200 MB."""


@dataclass(frozen=True, slots=True)
class Digested:
    """What one day seals of one table and shard: how many rows, their numbers packed, their marks, their digest."""

    table: str
    shard: int
    day: str
    rows: int
    ids: bytes
    marks: bytes
    digest: bytes


@dataclass(frozen=True, slots=True)
class Unsealed:
    """What the days `first … last` (YYYY-MM-DD) seal: rows told for which `told` holds, a condition by table, which go
    with the first of them; and the entries closed after `before` ("": from the beginning), each with its day."""

    told: dict[str, str]
    before: str
    first: str
    last: str


def seal_proved(connection: psycopg.Connection[Any], store: Store, workers: Workers = 1) -> list[str]:
    """Seal every proved day that has no seal yet; the days. Each is one transaction: killed and run again it goes on.

    Rows that were told before days were sealed go into the first one. The digests are of what is committed: everything
    told before `told`, the mark of these days. What was told goes with the first of them; entries are read once for
    all of them. Reading and digesting is shared among the workers, chain by chain; how many they are changes nothing.
    """
    days = [str(row[0]) for row in connection.execute(OPEN).fetchall()]
    if not days:
        connection.commit()
        return days
    mark = watermark(connection)
    row: tuple[str, str, bytes] | None = connection.execute(LAST).fetchone()
    before, since, head = row or ("", "0", GENESIS)
    told = {
        part.table: _not_sealed(connection, part, since, days[0], mark)
        for part in SEALED_TABLES
        if part.dated == "told"
    }
    chains, shares = _heads(connection), _shares(workers, shards_of(connection))
    connection.execute("select count_entries()")  # else each share reads all entries that were written since
    connection.commit()
    unsealed = Unsealed(told, before, days[0], days[-1])
    of_day: dict[str, list[Digested]] = defaultdict(list)
    for found in in_workers(workers, _digested, [(store.url, shards, unsealed) for shards in shares]):
        for one in found:
            of_day[one.day].append(one)
    for day in days:
        head = _keep(connection, _seals(of_day[day], chains), day, mark, head)
        connection.commit()
    return days


def _shares(workers: Workers, shards: int) -> list[range]:
    """The chains cut into as many parts as there are workers, or more, of AT_ONCE shards; what belongs to no shard is
    in the first. A part is read by one question and held until all of it is digested."""
    parts = max(1, min(max(workers if isinstance(workers, int) else PARTS_ELSEWHERE, shards // AT_ONCE), shards))
    return [range(a, b) for a, b in pairwise([WHOLE_BOOK, *(shards * k // parts for k in range(1, parts)), shards])]


def _digested(url: str, shards: range, unsealed: Unsealed) -> list[Digested]:
    """What is to be sealed of some chains."""
    with reader_kept(url) as reader:
        found: list[Digested] = []
        for part in SEALED_TABLES:
            if part.dated == "told":
                told = rows_by_shard(reader, part, unsealed.told[part.table], shards)
                found += (_of_rows(rows, unsealed.first) for rows in told)
        entries = entries_by_day(reader, unsealed.before, unsealed.first, unsealed.last, shards)
        found += (_of_rows(rows, iso(rows.day)) for rows in entries)
        return found


def _of_rows(rows: Rows, day: str) -> Digested:
    marks = rows.marks().astype("<u4").tobytes()
    return Digested(rows.part.table, rows.shard, day, len(rows.ids), packed_ids(rows.ids), marks, rows.digest())


def _seals(found: Sequence[Digested], chains: Chains) -> list[Seal]:
    """The seals of one day; `chains` go on."""
    made: list[Seal] = []
    for one in sorted(found, key=lambda d: (d.table, d.shard)):
        of = one.table, one.shard
        chains[of] = next_head(chains.get(of, GENESIS), one.digest, one.day)
        made.append((*of, one.day, one.rows, one.ids, one.marks, one.digest, chains[of]))
    return made


def _keep(connection: psycopg.Connection[Any], seals: list[Seal], day: str, mark: str, head: bytes) -> bytes:
    """Keep the seals of one day and its head after `head`, the one of the day before. Returns the day's."""
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into seal (part, shard, closed_on, rows, ids, marks, digest, head) "
            "values (%s, %s, %s, %s, %s, %s, %s, %s)",
            seals,
        )
    head = head_of_day(head, [(seal[0], seal[1], seal[7]) for seal in seals], day)
    connection.execute(
        "insert into seal_day (closed_on, told, rows, head) values (%s, %s::text::xid8, %s, %s)",
        (day, mark, sum(seal[3] for seal in seals), head),
    )
    return head


def _not_sealed(connection: psycopg.Connection[Any], part: SealedTable, since: str, day: str, mark: str) -> str:
    """The rows told that these days seal, as a condition. A book out of a dump: `restored_on`."""
    told = f"told >= '{since}'::xid8 and told < '{mark}'::xid8"
    if int(since) > int(mark):  # the first seal on another server
        return f"(told >= '{since}'::xid8 or {part.key} > {last_before(connection, part, day)})"
    restored = restored_on(connection)
    return f"{told} and {part.key} > {last_before(connection, part, restored)}" if restored else told


def _heads(connection: psycopg.Connection[Any]) -> Chains:
    """The head of each chain."""
    rows = connection.execute(
        "select distinct on (part, shard) part, shard, head from seal order by part, shard, closed_on desc"
    ).fetchall()
    return {(table, shard): head for table, shard, head in rows}
