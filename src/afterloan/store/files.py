"""Files that wait for a second person or were handed in, each kept under its digest, enciphered."""

from datetime import date
from typing import Any

import psycopg

from afterloan.store.data_keys import data_keys, new_data_key


def _where(digest: str) -> str:
    return f"kept_file|content|{digest}"


def keep_file(connection: psycopg.Connection[Any], digest: str, content: bytes, borrower: str = "") -> None:
    """Keep a file in the caller's transaction; the same file again is the same row.

    `borrower`: the reference of the one it is about, under whose key it is enciphered; a file about nobody in
    particular has a key of its own. Raises StoreRefused: the keys are not there.
    """
    number = _number(connection, borrower) if borrower else None
    known = connection.execute(
        "select from kept_file f join data_key k using (data_key) "
        "where f.sha256 = %s and k.borrower is not distinct from %s and k.wrapped is not null",
        (digest, number),
    ).fetchone()
    if known is not None:
        return
    key = new_data_key(connection, number)
    connection.execute(
        "insert into kept_file (sha256, data_key, content) values (%s, %s, %s) on conflict do nothing",
        (digest, key.number, key.encipher(content, _where(digest))),
    )


def _number(connection: psycopg.Connection[Any], borrower: str) -> int | None:
    row = connection.execute("select borrower from borrower where reference = %s", (borrower,)).fetchone()
    return int(row[0]) if row else None


def file_kept(connection: psycopg.Connection[Any], digest: str) -> bytes | None:
    """The file of a digest; None: there is none, or it was purged. Raises StoreRefused: the keys are not there."""
    row = connection.execute(
        "select f.data_key, f.content from kept_file f join data_key k using (data_key) "
        "where f.sha256 = %s and k.wrapped is not null order by f.data_key limit 1",
        (digest,),
    ).fetchone()
    if row is None:
        return None
    return data_keys(connection, [row[0]])[row[0]].decipher(bytes(row[1]), _where(digest))


def file_purged_on(connection: psycopg.Connection[Any], digest: str) -> date | None:
    """The day on which the last key of a file was destroyed; None: it is there, or never was."""
    row = connection.execute(
        "select max(k.destroyed_on), bool_and(k.wrapped is null) from kept_file f join data_key k using (data_key) "
        "where f.sha256 = %s",
        (digest,),
    ).fetchone()
    return row[0] if row is not None and row[1] else None
