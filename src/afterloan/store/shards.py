"""Into how many shards a book is divided: chosen when it is made, and the same for as long as it lives.

A borrower's shard is a hash of the reference, and the loans, facts and entries of a borrower carry it. A worker holds
one shard at a time, so that the memory of a night is that of the largest: about one shard for 16,000 loans.
"""

import os
from typing import Any

import psycopg

from afterloan.store.embedded import StoreRefused

SHARDS = "AFTERLOAN_SHARDS"
MOST = 4_096
"""Most shards of a book: 80 million loans at 20,000 each. The hash has sixteen bits."""
LOANS_OF_A_SHARD = 20_000
"""The most that a shard should hold: a worker that closes it takes some 200 MB, decided it costs 30 ms of its own."""

FOR_SHOW = 8
"""Shards of a book that is made to be looked at and never grows: each costs milliseconds a day, whatever is in it."""

OF_BORROWER = (
    "(get_byte(decode(md5(reference), 'hex'), 0) + 256 * get_byte(decode(md5(reference), 'hex'), 1)) % {number}"
)
"""A borrower's shard. With up to 256 shards the first byte decides alone, as in every book made with 64."""


def shards_of(connection: psycopg.Connection[Any]) -> int:
    """How many shards the book has; their numbers go from 0."""
    row = connection.execute("select number from shards").fetchone()
    assert row is not None, "a book says how many shards it has"
    return int(row[0])


def shards_asked() -> int | None:
    """How many shards AFTERLOAN_SHARDS asks a new book to have; None: it says nothing. Raises StoreRefused."""
    told = os.environ.get(SHARDS, "").strip()
    if not told:
        return None
    number = int(told) if told.isdecimal() and len(told) <= len(str(MOST)) else 0
    if not is_number_of_shards(number):
        raise StoreRefused(
            f"{SHARDS}={told!r} is no number of shards: write a power of two from 1 to {MOST} "
            f"(64 for a million loans, 512 for ten million), or unset it"
        )
    return number


def is_number_of_shards(number: int) -> bool:
    """Whether a book can have as many: a power of two from 1 to 4,096."""
    return 1 <= number <= MOST and number & (number - 1) == 0


def shards_for(loans: int) -> int:
    """How many shards suit a book of so many loans: 64 for 1,000,000, 512 for 10,000,000; never fewer than 64."""
    number = 64
    while number < MOST and number * LOANS_OF_A_SHARD < loans:
        number *= 2
    return number


def set_shards(connection: psycopg.Connection[Any], number: int) -> None:
    """Divide a book without borrowers into so many shards, in the caller's transaction, as the owner of its tables.

    Raises StoreRefused: it has borrowers, and each row that tells of one says in which shard it stands.
    """
    assert is_number_of_shards(number), number
    connection.execute("lock table borrower in access exclusive mode")
    has = shards_of(connection)
    if number == has:
        return
    if connection.execute("select from borrower limit 1").fetchone() is not None:
        raise StoreRefused(
            f"the book was made with {has} shards and its borrowers stand in them, {SHARDS} asks for {number}: "
            f"unset it, or make a new book (another AFTERLOAN_HOME or database) and import into that"
        )
    connection.execute("alter table shards disable trigger shards_for_ever")
    connection.execute("update shards set number = %s", (number,))
    connection.execute("alter table shards enable trigger shards_for_ever")
    connection.execute(
        "alter table borrower drop column shard, "
        f"add column shard smallint not null generated always as ({OF_BORROWER.format(number=number)}) stored"
    )
