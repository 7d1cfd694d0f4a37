"""Files that wait for a second person, each kept once under its digest."""

from typing import Any

import psycopg


def keep_file(connection: psycopg.Connection[Any], digest: str, content: bytes) -> None:
    """Keep a file in the caller's transaction; the same file again is the same row."""
    connection.execute(
        "insert into kept_file (sha256, content) values (%s, %s) on conflict (sha256) do nothing", (digest, content)
    )


def file_kept(connection: psycopg.Connection[Any], digest: str) -> bytes | None:
    """The file of a digest, or None."""
    row = connection.execute("select content from kept_file where sha256 = %s", (digest,)).fetchone()
    return bytes(row[0]) if row else None
