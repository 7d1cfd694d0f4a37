"""Close some days of one shard: its loans are read once, and all that the days left is one transaction."""

import json
from dataclasses import dataclass, field
from typing import Any

import adbc_driver_postgresql.dbapi as adbc
import numpy as np
import psycopg

from afterloan.close.booking_day import book_day
from afterloan.close.transitions import transitions_between
from afterloan.dates import iso
from afterloan.journal.difference import NO_LOAN, Totals
from afterloan.journal.postings import BY_LOAN, SLOTS
from afterloan.journal.totals import totals_of
from afterloan.loan.book import Book, Records
from afterloan.loan.reckon import reckon_book
from afterloan.loan.terms import Refusal
from afterloan.loan.unreckoned import REASONS
from afterloan.store.contacts import defaults_of
from afterloan.store.copies import Column, binary_rows, whole_copy
from afterloan.store.ids import ids_of
from afterloan.store.loans import products_kept
from afterloan.store.locks import Space
from afterloan.store.posted import posted_of, posted_of_products
from afterloan.store.read import fold, read_shard, told_since, watermark


@dataclass(frozen=True, slots=True)
class ShardClosed:
    """What closing days of a shard came to."""

    shard: int
    days: int
    loans: int
    entries: int
    transitions: int
    excepted: int


@dataclass(slots=True)
class DaysLeft:
    """What closed days of a shard leave to be written, day by day; `positions` POSITION [n]: those of the last evening.

    `exceptions`: (day, loan, reason); `closings`: (day, loans in, closed, excepted, control accounts as JSON).
    """

    entries: list[tuple[int, Records]] = field(default_factory=list)
    transitions: list[tuple[int, Records]] = field(default_factory=list)
    exceptions: list[tuple[int, int, str]] = field(default_factory=list)
    closings: list[tuple[int, int, int, int, str]] = field(default_factory=list)
    positions: Records | None = None


def close_shard(
    connection: psycopg.Connection[Any], reader: adbc.Connection, shard: int, first: int, last: int
) -> ShardClosed:
    """Close the days `first … last` of a shard that are not closed yet; none of them: nothing is written.

    One transaction: entries, transitions, exceptions and closings are there together or not at all.
    """
    mark = watermark(connection)  # before reading: what is told while we read belongs to the next close
    fold(connection, reader, shard)
    connection.commit()
    connection.execute("select pg_advisory_xact_lock(%s, %s)", (int(Space.CLOSE_SHARD), shard))
    row = connection.execute(
        "select max(closed_on)::text, (array_agg(told::text order by closed_on desc))[1], "
        "(array_agg(slots order by closed_on desc))[1] from closing where shard = %s",
        (shard,),
    ).fetchone()
    closed_before = _number(row[0]) if row and row[0] else None
    if closed_before is not None:
        first = max(first, closed_before + 1)
    if first > last:
        connection.rollback()
        return ShardClosed(shard, 0, 0, 0, 0, 0)
    _, table = products_kept(connection)
    book = read_shard(connection, reader, shard, table)
    place = str(defaults_of(connection)["jurisdiction"])
    yesterday = reckon_book(book, first - 1, first - 1)
    # a closing of a version that booked less says nothing of what this one books: the journal is asked for all
    told = row[1] if row and row[0] and row[2] == SLOTS else None
    posted = _posted(connection, book, shard, told, mark, yesterday)
    sums = posted_of_products(connection, shard, len(book.products))
    left = close_days(book, first, last, yesterday, posted, sums, place)
    _write(connection, shard, mark, left)
    connection.commit()
    return ShardClosed(
        shard,
        last - first + 1,
        len(book),
        sum(len(entries) for _, entries in left.entries),
        sum(len(rows) for _, rows in left.transitions),
        len(left.exceptions),
    )


def _number(text: str) -> int:
    return int(np.datetime64(text, "D").astype(int))


def _posted(
    connection: psycopg.Connection[Any], book: Book, shard: int, told: str | None, mark: str, before: Records
) -> Totals:
    """The running totals [n, SLOTS] that the journal holds for each loan.

    The reckoning is pure, so a loan of which nothing was told since the last closing stands as that closing
    left it; of the others, of those that could not be reckoned then, and of all before the first closing,
    the journal itself is asked. `mark`: the watermark of this close; `before`: the positions on the evening before the
    first day to close.
    """
    loans = book.contracts["loan"].astype(np.int64)
    if told is None:
        return posted_of(connection, loans)
    posted = totals_of(before)
    touched = ids_of(told_since(connection, shard, told, mark), loans[before["error"] != 0])
    touched = np.intersect1d(touched, loans)  # a contract told while we read is not in the book yet
    posted[np.searchsorted(loans, touched), :BY_LOAN] = posted_of(connection, touched)[:, :BY_LOAN]
    return posted


def close_days(
    book: Book, first: int, last: int, yesterday: Records, posted: Totals, sums: Totals, place: str
) -> DaysLeft:
    """Close days of a whole shard in memory: what is to be written, and nothing else. No store, no clock.

    `yesterday` POSITION [n]: of the evening before `first`, written over. `posted` [n, SLOTS] and `sums` [p, SLOTS]:
    what the journal holds by loan and by product; `place`: whose rules of accounting bind.
    """
    left = DaysLeft()
    loans = book.contracts["loan"].astype(np.int64)
    today = np.zeros_like(yesterday)
    for day in range(first, last + 1):
        today = reckon_book(book, day, day, today)
        booked = book_day(book, day, today, posted, sums, place)
        left.entries.append((day, booked.entries))
        left.transitions.append((day, transitions_between(yesterday, today, day)))
        signed = book.contracts["signed_on"] <= day
        wrong = (today["error"] != 0) & signed
        for i in np.flatnonzero(wrong):
            left.exceptions.append((day, int(loans[i]), REASONS[Refusal(int(today["error"][i]))]))
        loans_in = int(signed.sum())
        excepted = int(wrong.sum())
        left.closings.append((day, loans_in, loans_in - excepted, excepted, json.dumps(booked.control)))
        posted, sums = booked.totals, booked.sums
        yesterday, today = today, yesterday
    left.positions = yesterday
    return left


ENTRY_COLUMNS = {
    "closed_on": "date", "shard": "smallint", "loan": "bigint", "product": "integer", "cause": "smallint",
    "component": "smallint", "debit": "smallint", "credit": "smallint", "amount_fen": "bigint",
}  # fmt: skip
TRANSITION_COLUMNS = {
    "closed_on": "date", "shard": "smallint", "loan": "bigint", "kind": "smallint", "from_bucket": "smallint",
    "to_bucket": "smallint", "days_past_due": "integer", "amount_fen": "bigint",
}  # fmt: skip
"""Columns of the tables `entry` and `transition` that a close writes, with their types."""


def entries_of(left: DaysLeft, shard: int) -> list[bytes]:
    """The entries of the days as rows of a binary COPY into `entry`; [] when there are none.

    Those of a day are in order as booked: the loans', then those of the shard's sums, which have no loan.
    """
    told = []
    for day, entries in left.entries:
        in_sum = entries["loan"] == NO_LOAN
        for rows, of_loans in ((entries[~in_sum], True), (entries[in_sum], False)):
            told.append(_rows(ENTRY_COLUMNS, rows, day, shard, {} if of_loans else {"loan": None}))
    return [part for part in told if part]


def transitions_of(left: DaysLeft, shard: int) -> list[bytes]:
    """The transitions of the days as rows of a binary COPY into `transition`; [] when there are none."""
    told = [_rows(TRANSITION_COLUMNS, rows, day, shard, {}) for day, rows in left.transitions]
    return [part for part in told if part]


def _rows(types: dict[str, str], rows: Records, day: int, shard: int, others: dict[str, Column]) -> bytes:
    columns: dict[str, Column] = {name: rows[name] for name in rows.dtype.names or ()}
    return binary_rows(types, columns | {"closed_on": day, "shard": shard} | others, len(rows))


def _copy(connection: psycopg.Connection[Any], table: str, types: dict[str, str], rows: list[bytes]) -> None:
    told = f"copy {table} ({', '.join(types)}) from stdin (format binary)"
    with connection.cursor() as cursor, cursor.copy(told) as copy:
        copy.write(whole_copy(rows))


def _write(connection: psycopg.Connection[Any], shard: int, mark: str, left: DaysLeft) -> None:
    for table, types, rows in (
        ("entry", ENTRY_COLUMNS, entries_of(left, shard)),
        ("transition", TRANSITION_COLUMNS, transitions_of(left, shard)),
    ):
        if rows:
            _copy(connection, table, types, rows)
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into exception (closed_on, shard, loan, reason) values (%s, %s, %s, %s)",
            [(iso(day), shard, loan, reason) for day, loan, reason in left.exceptions],
        )
        cursor.executemany(
            "insert into closing (closed_on, shard, loans_in, closed, excepted, totals, told, slots) "
            "values (%s, %s, %s, %s, %s, %s, %s::text::xid8, %s)",
            [(iso(day), shard, *counts, mark, SLOTS) for day, *counts in left.closings],
        )
