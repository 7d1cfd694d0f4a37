"""Every advisory lock of the store by name and number, so that no two rooms ever take the same one for other things.

A lock of two numbers (space, key) and a lock of one number never meet; within each kind the numbers below differ.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from enum import IntEnum
from typing import Any

import psycopg


class Space(IntEnum):
    """The first number of a lock; the second says which shard, borrower or job."""

    MIGRATION = 727465
    CLOSE_SHARD = 727466
    BORROWER = 727467
    DECIDE_SHARD = 727468
    DRAIN_JOB = 727469
    FOLD_SHARD = 727470
    DEBIT_FILE = 727471
    REFERENCE = 727472
    ACCOUNT = 727473
    BANK_FILE = 727474
    FURNISH_SHARD = 727476
    CLOSE_BOOK = 727475
    SEEN = 727477
    """Taken by the triggers of `seen` and `denied`, for each shard."""
    WEBHOOK = 727478
    RATE = 727479
    SETTING = 727480
    PAID_OUT = 727481


def lock_borrowers(connection: psycopg.Connection[Any], borrowers: Iterable[int]) -> None:
    """Nobody else acts on these borrowers (store numbers) until the transaction ends: the one lock by borrower.

    Taken in order of their numbers, so that two who want the same borrowers never wait for each other in a circle.
    A lock that this transaction holds already is had at once.
    """
    numbers = sorted(set(borrowers))
    if numbers:
        connection.execute(
            "select pg_advisory_xact_lock((%s::bigint << 32) | (b %% 4294967296)) from unnest(%s::bigint[]) b",
            (int(Space.BORROWER), numbers),
        )


def lock_reference(connection: psycopg.Connection[Any], reference: str) -> None:
    """The same reference asked twice at once is answered one after the other."""
    connection.execute("select pg_advisory_xact_lock(%s, hashtext(%s))", (int(Space.REFERENCE), reference))


def lock_references(connection: psycopg.Connection[Any], references: Iterable[str]) -> None:
    """The same of many references, taken in their order."""
    connection.execute(
        "select pg_advisory_xact_lock(%s, hashtext(name)) from unnest(%s::text[]) name",
        (int(Space.REFERENCE), sorted(set(references))),
    )


def try_reference(connection: psycopg.Connection[Any], reference: str) -> bool:
    """Take the lock of a reference if nobody has it; False where it is being asked just now."""
    row = connection.execute(
        "select pg_try_advisory_xact_lock(%s, hashtext(%s))", (int(Space.REFERENCE), reference)
    ).fetchone()
    return bool(row and row[0])


def lock_account(connection: psycopg.Connection[Any], account: str) -> None:
    """Nobody else keeps, matches or moves lines of this account of ours until the transaction ends."""
    connection.execute("select pg_advisory_xact_lock(%s, hashtext(%s))", (int(Space.ACCOUNT), account))


def lock_use(connection: psycopg.Connection[Any], whose: bytes) -> None:
    """What may be done a few times in a while is counted by one transaction at a time; `whose`: who does it, hashed."""
    connection.execute("select pg_advisory_xact_lock(%s, hashtext(%s))", (int(Space.RATE), whose.hex()))


def lock_setting(connection: psycopg.Connection[Any], name: str) -> None:
    """A setting that is read, changed and written is changed by one transaction at a time."""
    connection.execute("select pg_advisory_xact_lock(%s, hashtext(%s))", (int(Space.SETTING), name))


def lock_furnishing(connection: psycopg.Connection[Any], bureau: str, shard: int) -> None:
    """A shard is furnished to a bureau by one transaction at a time."""
    name = f"{bureau}:{shard}"
    connection.execute("select pg_advisory_xact_lock(%s, hashtext(%s))", (int(Space.FURNISH_SHARD), name))


def lock_paid_out(connection: psycopg.Connection[Any]) -> None:
    """Pay-outs of books that are brought are taken in by one transaction at a time: each counts those before it."""
    connection.execute("select pg_advisory_xact_lock(%s)", (int(Space.PAID_OUT),))


def lock_bank_files(connection: psycopg.Connection[Any]) -> None:
    """One file of a bank is taken in at a time: each locks many borrowers, and reads what the one before told."""
    connection.execute("select pg_advisory_xact_lock(%s)", (int(Space.BANK_FILE),))


@contextmanager
def closing_book(connection: psycopg.Connection[Any], waits: Callable[[], None] | None = None) -> Iterator[None]:
    """One close of the book at a time, over many transactions: a second one waits, having called `waits` once.

    The lock is the connection's, not a transaction's: it goes with the connection, however that ends. The connection
    must be in autocommit, so that nothing stays open behind it for hours.
    """
    space = (int(Space.CLOSE_BOOK),)
    got = connection.execute("select pg_try_advisory_lock(%s)", space).fetchone()
    if got is not None and not got[0]:
        if waits is not None:
            waits()
        connection.execute("select pg_advisory_lock(%s)", space)
    try:
        yield
    finally:
        connection.execute("select pg_advisory_unlock(%s)", space)


@contextmanager
def webhook_held(connection: psycopg.Connection[Any], name: str) -> Iterator[bool]:
    """Whether this connection alone tells a webhook until the block ends; no transaction is open for it."""
    row = connection.execute("select pg_try_advisory_lock(%s, hashtext(%s))", (int(Space.WEBHOOK), name)).fetchone()
    held = bool(row and row[0])
    try:
        yield held
    finally:
        if held:
            connection.execute("select pg_advisory_unlock(%s, hashtext(%s))", (int(Space.WEBHOOK), name))
