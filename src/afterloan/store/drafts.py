"""Forms that borrowers began and have not sent: kept for a time so that they can come back, enciphered, then gone."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import psycopg

from afterloan.store.data_keys import data_keys, new_data_key

KEPT = timedelta(days=28)


def _where(borrower: int, form: str) -> str:
    return f"draft|told|{borrower}|{form}"


def keep_draft(connection: psycopg.Connection[Any], borrower: str, form: str, told: Mapping[str, str],
               now: datetime) -> None:  # fmt: skip
    """Keep what was answered so far in a form; what is older than 28 days, of anybody, goes.

    Raises StoreRefused: the keys are not there.
    """
    connection.execute("delete from draft where saved_at < %s", (now - KEPT,))
    row = connection.execute("select borrower from borrower where reference = %s", (borrower,)).fetchone()
    if row is None:
        return
    key = new_data_key(connection, row[0])
    kept = key.encipher(json.dumps(dict(told), ensure_ascii=False).encode(), _where(row[0], form))
    connection.execute(
        "insert into draft (borrower, form, data_key, told, saved_at) values (%s, %s, %s, %s, %s) "
        "on conflict (borrower, form) do update set data_key = excluded.data_key, told = excluded.told, "
        "saved_at = excluded.saved_at",
        (row[0], form, key.number, kept, now),
    )


def draft_of(
    connection: psycopg.Connection[Any], borrower: str, form: str, now: datetime
) -> tuple[dict[str, str], datetime] | None:
    """What was answered so far, and when; None where nothing is kept, or it is older than 28 days.

    Raises StoreRefused: the keys are not there.
    """
    row = connection.execute(
        "select d.borrower, d.data_key, d.told, d.saved_at from draft d join borrower b using (borrower) "
        "where b.reference = %s and d.form = %s and d.saved_at >= %s",
        (borrower, form, now - KEPT),
    ).fetchone()
    if row is None:
        return None
    key = data_keys(connection, [row[1]]).get(row[1])
    return (dict(json.loads(key.decipher(bytes(row[2]), _where(row[0], form)))), row[3]) if key else None


def drop_draft(connection: psycopg.Connection[Any], borrower: str, form: str) -> None:
    """The form was sent."""
    connection.execute(
        "delete from draft using borrower b where b.borrower = draft.borrower and b.reference = %s and form = %s",
        (borrower, form),
    )
