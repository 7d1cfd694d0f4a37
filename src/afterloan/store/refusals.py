"""Rows of imports that were refused, as they wait for people: their values are enciphered under the import's own key.

A value may be anything of a person; whose it is nobody knows, for the row was not taken. The key (`act_key`) goes with
the files of jobs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from afterloan.store.acts import key_of_act
from afterloan.store.persons import enciphered_words


@dataclass(frozen=True, slots=True)
class ImportRefusal:
    """A refused row: its file, its number there, the column and its value, why, and what to do."""

    file: str
    row: int
    field: str
    value: str
    reason: str
    remedy: str


PUT = "insert into import_refusal (act, file, row, field, words, reason, remedy) values (%s, %s, %s, %s, %s, %s, %s)"
WHOLE = (
    "row(k.key, convert_to(concat_ws('|', 'import_refusal', r.act, r.file, r.row, r.field), 'UTF8'), r.words, "
    "convert_to(jsonb_build_object('file', r.file, 'row', r.row, 'field', r.field, 'reason', r.reason, "
    "'remedy', r.remedy)::text, 'UTF8'))::enciphered_body"
)
"""SQL: a refused row `r` with the own key `k` of its act, whole; without its value once that is purged."""


def keep_import_refusals(connection: psycopg.Connection[Any], act: int, rows: Sequence[ImportRefusal]) -> None:
    """Keep the refused rows of an import; those that are there are left. Raises StoreRefused: no keys."""
    known = set(connection.execute("select file, row, field from import_refusal where act = %s", (act,)).fetchall())
    new = [r for r in rows if (r.file, r.row, r.field) not in known]
    key = key_of_act(connection, act) if new else b""
    with connection.cursor() as cursor:
        cursor.executemany(
            PUT,
            [(act, r.file, r.row, r.field, value_kept(connection, key, act, r), r.reason, r.remedy) for r in new],
        )


def value_kept(connection: psycopg.Connection[Any], key: bytes, act: int, row: ImportRefusal) -> bytes | None:
    """The value of a refused row as it is kept; None where it is empty."""
    place = f"import_refusal|{act}|{row.file}|{row.row}|{row.field}"
    return enciphered_words(key, place, {"value": row.value}, connection) if row.value else None
