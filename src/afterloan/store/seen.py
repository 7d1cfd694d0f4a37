"""Who read whose record, and what was refused to whom: append-only rows, each with SHA-256 of the one before.

A row's digest is SHA-256 of the digest before (32 zero bytes for the first of a shard) and the row's line: its values
as text, parted by the byte 31, no value as the byte 30. The database chains as it inserts; `links` reads it again.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import Any

import psycopg

from afterloan.facts.act import Who

NOBODYS = -1
"""The shard of rows that concern no borrower."""
LINE = ("shard", "borrower", "who_kind", "who", "roles", "door", "what", "reason", "on_day - date '1970-01-01'",
        "(extract(epoch from at) * 1000000)::bigint")  # fmt: skip
CHAINED = {"seen": (*LINE, "field", "encode(terms, 'hex')", "rows"), "denied": (*LINE, "status")}
"""The tables that are chained, and of what each row's line is made."""


@dataclass(frozen=True, slots=True)
class Looked:
    """Somebody looked, or was refused: who, at what (a route, a page), on which business day, at which moment."""

    who: Who
    what: str
    on: date
    at: datetime
    borrower: str = ""
    loan: str = ""
    reason: str = ""


WHOSE = (
    "with b as (select borrower, shard from borrower where reference = %(borrower)s or borrower = "
    "(select borrower from contract where reference = %(loan)s) limit 1) "
)
SHARD = f"coalesce((select shard from b), {NOBODYS}), (select borrower from b)"


def _told(looked: Looked) -> dict[str, Any]:
    who = looked.who
    return {
        "borrower": looked.borrower, "loan": looked.loan, "who_kind": who.kind, "who": who.name,
        "roles": list(who.roles), "door": who.door, "what": looked.what, "reason": looked.reason, "on": looked.on,
        "at": looked.at,
    }  # fmt: skip


def keep_seen(
    connection: psycopg.Connection[Any], looked: Looked, field: str = "", terms: bytes | None = None,
    rows: int | None = None,
) -> None:  # fmt: skip
    """Keep that somebody read. `field`: the one that was revealed; `terms`: keyed hash of what was searched; `rows`."""
    connection.execute(
        f"{WHOSE} insert into seen (shard, borrower, who_kind, who, roles, door, what, reason, on_day, at, field, "
        f"terms, rows) select {SHARD}, %(who_kind)s, %(who)s, %(roles)s, %(door)s, %(what)s, %(reason)s, %(on)s, "
        "%(at)s, %(field)s, %(terms)s, %(rows)s",
        {**_told(looked), "field": field, "terms": terms, "rows": rows},
    )


def keep_denied(connection: psycopg.Connection[Any], looked: Looked, status: int) -> None:
    """Keep that something was refused, with its status and reason."""
    connection.execute(
        f"{WHOSE} insert into denied (shard, borrower, who_kind, who, roles, door, what, reason, on_day, at, status) "
        f"select {SHARD}, %(who_kind)s, %(who)s, %(roles)s, %(door)s, %(what)s, %(reason)s, %(on)s, %(at)s, %(status)s",
        {**_told(looked), "status": status},
    )


def links(connection: psycopg.Connection[Any], table: str) -> Iterator[tuple[int, int, bool]]:
    """Every row's number and shard, and whether it follows from the row before in its shard."""
    line = " || e'\\x1f' || ".join(f"coalesce(({part})::text, e'\\x1e')" for part in CHAINED[table])
    head: dict[int, bytes] = {}
    with connection.transaction(), connection.cursor(name=f"links_{table}") as cursor:
        cursor.execute(f"select {table}, shard, before, digest, {line} from {table} order by shard, {table}")
        for number, shard, before, digest, told in cursor:
            good = before == head.get(shard, bytes(32)) and sha256(before + told.encode()).digest() == digest
            head[shard] = digest
            yield number, shard, good


COLUMNS = (
    "t.on_day, t.at, t.who_kind, t.who, t.roles, t.door, t.what, t.reason, coalesce(b.reference, ''), "
    "encode(t.digest, 'hex')"
)
NAMES = ("on", "at", "who_kind", "who", "roles", "door", "what", "reason", "borrower", "digest")


def kept(
    connection: psycopg.Connection[Any], table: str, borrower: str = "", who: str = "", before: int = 0,
    limit: int = 50,
) -> list[dict[str, Any]]:  # fmt: skip
    """Rows of `seen` or `denied`, the newest first, below the number `before`; of a borrower, of who looked."""
    own = {"seen": ("field", "rows"), "denied": ("status",)}[table]
    rows = connection.execute(
        f"select t.{table}, {COLUMNS}, {', '.join(f't.{name}' for name in own)} from {table} t left join borrower b "
        "using (borrower) where (%(borrower)s = '' or b.reference = %(borrower)s) and (%(who)s = '' "
        f"or t.who = %(who)s) and (%(before)s = 0 or t.{table} < %(before)s) order by t.{table} desc limit %(limit)s",
        {"borrower": borrower, "who": who, "before": before, "limit": limit},
    ).fetchall()
    return [dict(zip(("number", *NAMES, *own), row, strict=True)) for row in rows]
