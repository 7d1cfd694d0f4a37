"""Reports in the store as they were made: added, read back, never changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from afterloan.facts import REVERSED
from afterloan.store.read import watermark


@dataclass(frozen=True, slots=True)
class KeptReport:
    """A report as it was made: the end of which day, as known when (None: all that was known), with what it says.

    `told`: every transaction below this number was seen by it. `made_by`: what besides the book its figures hang on.
    """

    number: int
    name: str
    on: date
    known_on: date | None
    told: str
    made_by: str
    made_at: datetime
    sha256: str
    content: Mapping[str, Any]


COLUMNS = "number, name, on_day, known_on, told::text, made_by, made_at, sha256"


def keep_report(
    connection: psycopg.Connection[Any], name: str, on: date, known_on: date | None, told: str, made_by: str,
    content: Mapping[str, Any], sha256: str,
) -> KeptReport:  # fmt: skip
    """Keep a report beside those made before of the same day. `told`: the watermark before it was read."""
    row = connection.execute(
        "insert into report_kept (name, on_day, known_on, told, made_by, content, sha256) "
        f"values (%s, %s, %s, %s::text::xid8, %s, %s, %s) returning {COLUMNS}, content",
        (name, on, known_on, told, made_by, Jsonb(dict(content)), sha256),
    ).fetchone()
    assert row is not None
    return KeptReport(*row)


def report_kept(
    connection: psycopg.Connection[Any], name: str, on: date, known_on: date | None, made_by: str
) -> KeptReport | None:
    """The last report of a day, as known when, that still says what would be reckoned now; None: it has to be made.

    It does while nothing was told since that was known by then, of days up to its own.
    """
    row = connection.execute(
        f"select {COLUMNS}, content from report_kept where name = %s and on_day = %s "
        "and known_on is not distinct from %s order by number desc limit 1",
        (name, on, known_on),
    ).fetchone()
    found = KeptReport(*row) if row else None
    if found is None or found.made_by != made_by or _news(connection, found):
        return None
    return found


def _news(connection: psycopg.Connection[Any], of: KeptReport) -> bool:
    """Whether something was told since a report was made that belongs into it."""
    if int(of.told) > int(watermark(connection)):  # the book came out of a dump of another server
        return True
    row = connection.execute(
        "select exists (select from generate_series(0, (select number - 1 from shards)) s(shard) "
        "cross join lateral (select from fact f "
        "where f.shard = s.shard and f.told >= %(told)s::text::xid8 and (f.on_day <= %(on)s or f.kind = %(reversal)s) "
        "and (%(known)s::date is null or f.known_on <= %(known)s) limit 1) news) "
        "or exists (select from contract where told >= %(told)s::text::xid8 and signed_on <= %(on)s)",
        {"told": of.told, "known": of.known_on, "on": of.on, "reversal": REVERSED},
    ).fetchone()
    return bool(row and row[0])


def reports_told(connection: psycopg.Connection[Any], most: int, name: str = "") -> list[dict[str, Any]]:
    """Reports that were made, the newest first: JSON values, without what they say."""
    rows = connection.execute(
        f"select {COLUMNS} from report_kept where %s in ('', name) order by number desc limit %s", (name, most)
    ).fetchall()
    names = ("report", "name", "on", "known_on", "told", "made_by", "made_at", "sha256")
    found = [dict(zip(names, row, strict=True)) for row in rows]
    for one in found:
        del one["told"]
        one |= {k: one[k].isoformat() if one[k] is not None else None for k in ("on", "known_on", "made_at")}
    return found


def report_numbered(connection: psycopg.Connection[Any], number: int) -> KeptReport | None:
    """A report by its number, as it was made."""
    row = connection.execute(f"select {COLUMNS}, content from report_kept where number = %s", (number,)).fetchone()
    return KeptReport(*row) if row else None
