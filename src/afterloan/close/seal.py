"""Seal closed days: what was told and posted since the last seal goes into the chains, and the day gets one head."""

from typing import Any

import adbc_driver_postgresql.dbapi as adbc
import psycopg

from afterloan.store.read import watermark
from afterloan.store.seals import (
    GENESIS,
    SEALED_TABLES,
    Rows,
    SealedTable,
    head_of_day,
    last_before,
    next_head,
    packed_ids,
    restored_on,
    rows_by_shard,
)

LAST = "select closed_on::text, told::text, head from seal_day order by closed_on desc limit 1"
OPEN = (
    "select closed_on::text from proof where closed_on > coalesce((select max(closed_on) from seal_day), '-infinity') "
    "order by closed_on"
)


def seal_proved(connection: psycopg.Connection[Any], reader: adbc.Connection) -> list[str]:
    """Seal every proved day that has no seal yet; the days. Each is one transaction: killed and run again it goes on.

    Rows that were told before days were sealed go into the first one. The digests are of what `reader` sees, which is
    what is committed: everything told before `told`, the mark of the day.
    """
    days = [str(row[0]) for row in connection.execute(OPEN).fetchall()]
    connection.commit()
    for day in days:
        _seal(connection, reader, day)
        connection.commit()
    return days


def _seal(connection: psycopg.Connection[Any], reader: adbc.Connection, day: str) -> None:
    mark = watermark(connection)
    row: tuple[str, str, bytes] | None = connection.execute(LAST).fetchone()
    before, since, head = row or ("", "0", GENESIS)
    heads, count = [], 0
    for part in SEALED_TABLES:
        kept = _heads(connection, part)
        for rows in rows_by_shard(reader, part, _not_sealed(connection, part, before, since, day, mark)):
            digest = rows.digest()
            to = next_head(kept.get(rows.shard, GENESIS), digest, day)
            _keep(connection, rows, day, digest, to)
            heads.append((part.table, rows.shard, to))
            count += len(rows.ids)
    connection.execute(
        "insert into seal_day (closed_on, told, rows, head) values (%s, %s::text::xid8, %s, %s)",
        (day, mark, count, head_of_day(head, heads, day)),
    )


def _not_sealed(
    connection: psycopg.Connection[Any], part: SealedTable, before: str, since: str, day: str, mark: str
) -> str:
    """The rows that this day seals, as a condition. A book out of a dump: `restored_on`."""
    if part.dated == "closed_on":
        return f"closed_on <= '{day}'" + (f" and closed_on > '{before}'" if before else "")
    told = f"told >= '{since}'::xid8 and told < '{mark}'::xid8"
    if int(since) > int(mark):  # the first seal on another server
        return f"(told >= '{since}'::xid8 or {part.key} > {last_before(connection, part, day)})"
    restored = restored_on(connection)
    return f"{told} and {part.key} > {last_before(connection, part, restored)}" if restored else told


def _heads(connection: psycopg.Connection[Any], part: SealedTable) -> dict[int, bytes]:
    rows = connection.execute(
        "select distinct on (shard) shard, head from seal where part = %s order by shard, closed_on desc", (part.table,)
    ).fetchall()
    return {row[0]: row[1] for row in rows}


def _keep(connection: psycopg.Connection[Any], rows: Rows, day: str, digest: bytes, head: bytes) -> None:
    connection.execute(
        "insert into seal (part, shard, closed_on, rows, ids, marks, digest, head) "
        "values (%s, %s, %s, %s, %s, %s, %s, %s)",
        (
            rows.part.table, rows.shard, day, len(rows.ids), packed_ids(rows.ids),
            rows.marks().astype("<u4").tobytes(), digest, head,
        ),
    )  # fmt: skip
