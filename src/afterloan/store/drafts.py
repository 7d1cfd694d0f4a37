"""Forms that borrowers began and have not sent: kept for a time so that they can come back, then gone."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

KEPT = timedelta(days=28)


def keep_draft(connection: psycopg.Connection[Any], borrower: str, form: str, told: Mapping[str, str],
               now: datetime) -> None:  # fmt: skip
    """Keep what was answered so far in a form; what is older than 28 days, of anybody, goes."""
    connection.execute("delete from draft where saved_at < %s", (now - KEPT,))
    connection.execute(
        "insert into draft (borrower, form, told, saved_at) select borrower, %s, %s, %s from borrower "
        "where reference = %s on conflict (borrower, form) do update set told = excluded.told, "
        "saved_at = excluded.saved_at",
        (form, Jsonb(dict(told)), now, borrower),
    )


def draft_of(
    connection: psycopg.Connection[Any], borrower: str, form: str, now: datetime
) -> tuple[dict[str, str], datetime] | None:
    """What was answered so far, and when; None where nothing is kept, or it is older than 28 days."""
    row = connection.execute(
        "select d.told, d.saved_at from draft d join borrower b using (borrower) "
        "where b.reference = %s and d.form = %s and d.saved_at >= %s",
        (borrower, form, now - KEPT),
    ).fetchone()
    return (dict(row[0]), row[1]) if row else None


def drop_draft(connection: psycopg.Connection[Any], borrower: str, form: str) -> None:
    """The form was sent."""
    connection.execute(
        "delete from draft using borrower b where b.borrower = draft.borrower and b.reference = %s and form = %s",
        (borrower, form),
    )
