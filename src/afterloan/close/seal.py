"""Seal closed days: what was told and posted since the last seal goes into the chains, and the day gets one head."""

from collections.abc import Iterable
from itertools import groupby
from typing import Any

import adbc_driver_postgresql.dbapi as adbc
import psycopg

from afterloan.dates import iso
from afterloan.store.read import watermark
from afterloan.store.seals import (
    GENESIS,
    SEALED_TABLES,
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

Chains = dict[tuple[str, int], bytes]
"""The head of each chain by table and shard."""
Seal = tuple[str, int, str, int, bytes, bytes, bytes, bytes]
"""A row of the table `seal`."""
NOTHING: tuple[str, Iterable[Rows]] = ("", ())
LAST = "select closed_on::text, told::text, head from seal_day order by closed_on desc limit 1"
OPEN = (
    "select closed_on::text from proof where closed_on > coalesce((select max(closed_on) from seal_day), '-infinity') "
    "order by closed_on"
)


def seal_proved(connection: psycopg.Connection[Any], reader: adbc.Connection) -> list[str]:
    """Seal every proved day that has no seal yet; the days. Each is one transaction: killed and run again it goes on.

    Rows that were told before days were sealed go into the first one. The digests are of what `reader` sees, which is
    what is committed: everything told before `told`, the mark of these days. What was told goes with the first of
    them; entries are read once for all of them, day by day.
    """
    days = [str(row[0]) for row in connection.execute(OPEN).fetchall()]
    if not days:
        connection.commit()
        return days
    mark = watermark(connection)
    row: tuple[str, str, bytes] | None = connection.execute(LAST).fetchone()
    before, since, head = row or ("", "0", GENESIS)
    chains = _heads(connection)
    told = (
        rows
        for part in SEALED_TABLES
        if part.dated == "told"
        for rows in rows_by_shard(reader, part, _not_sealed(connection, part, since, days[0], mark))
    )
    seals = _seals(told, days[0], chains)
    connection.commit()
    entries = groupby(entries_by_day(reader, before, days[0], days[-1]), key=lambda rows: iso(rows.day))
    posted_on, posted = next(entries, NOTHING)
    for day in days:
        if posted_on == day:
            seals += _seals(posted, day, chains)
            posted_on, posted = next(entries, NOTHING)
        head = _keep(connection, seals, day, mark, head)
        connection.commit()
        seals = []
    return days


def _seals(found: Iterable[Rows], day: str, chains: Chains) -> list[Seal]:
    """The seals of some rows; `chains` go on."""
    made: list[Seal] = []
    for rows in found:
        of, digest = (rows.part.table, rows.shard), rows.digest()
        chains[of] = next_head(chains.get(of, GENESIS), digest, day)
        marks = rows.marks().astype("<u4").tobytes()
        made.append((*of, day, len(rows.ids), packed_ids(rows.ids), marks, digest, chains[of]))
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
