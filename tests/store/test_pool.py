"""One pool of connections for a process and a book: shared, cleaned between two users, replaced when broken."""

import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from afterloan.store.connect import pool_to
from afterloan.store.server import Store, StoreRefused, open_store

MADE = "insert into borrower (reference, known_on) values ('B1', '2025-01-01')"


def backend(store: Store) -> int:
    with store.connect() as connection:
        return connection.info.backend_pid


def test_one_after_the_other_has_the_same_connection_and_nothing_of_the_first(store: Store) -> None:
    first = backend(store)
    with store.connect(autocommit=True) as connection:
        assert connection.autocommit and connection.info.backend_pid == first
    with store.connect() as connection:
        assert not connection.autocommit
        with pytest.raises(TypeError, match="is a fraction"):
            connection.execute("select %s", (0.5,))


@pytest.mark.parametrize("autocommit", [False, True])
def test_what_breaks_off_is_taken_back_whatever_way_it_was_opened(store: Store, autocommit: bool) -> None:
    with pytest.raises(ZeroDivisionError), store.connect(autocommit) as connection, connection.transaction():
        connection.execute(MADE)
        raise ZeroDivisionError
    with store.connect() as connection:
        assert connection.execute("select count(*) from borrower").fetchone() == (0,)


def test_a_connection_that_the_server_ended_is_replaced(store: Store) -> None:
    lost = backend(store)
    with psycopg.connect(store.as_owner().url, autocommit=True) as other:
        other.execute("select pg_terminate_backend(%s)", (lost,))
    assert backend(store) != lost


def test_threads_have_connections_of_their_own(store: Store) -> None:
    def held(_: int) -> int:
        with store.connect() as connection:
            connection.execute("select pg_sleep(.2)")
            return connection.info.backend_pid

    with ThreadPoolExecutor(4) as hands:
        assert len(set(hands.map(held, range(4)))) == 4
    assert pool_to(store.url).get_stats()["pool_size"] <= 4


def test_a_server_that_is_not_there_is_told_at_once() -> None:
    began = time.monotonic()
    with pytest.raises(StoreRefused, match="the database does not answer"):
        open_store("postgresql://nobody@127.0.0.1:9/none")
    assert time.monotonic() - began < 5


INTERRUPTED = """
import os, signal, sys, threading, time
from afterloan.store.connect import reader_to
reader, heard = reader_to(sys.argv[1]), 0
for wait in range(60):
    try:
        threading.Timer(wait / 10_000, os.kill, (os.getpid(), signal.SIGINT)).start()
        try:
            with reader.cursor() as cursor:
                cursor.execute("select count(*) from generate_series(1, 20000)")
                cursor.fetchone()
        except RuntimeError as error:  # the driver loses count when it is met in the midst of closing
            assert "Underflow" in str(error), error
            reader = reader_to(sys.argv[1])
        time.sleep(1)
    except KeyboardInterrupt:
        heard += 1
print(heard)
"""
"""Sixty reads, each interrupted a little later than the one before: before it, within it, after it."""


def test_no_interruption_is_lost_while_the_driver_of_columns_reads(store: Store) -> None:
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, store.url], capture_output=True, text=True, timeout=120,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a suite in the background ignores it
    )  # fmt: skip
    assert (done.returncode, done.stdout.split()) == (0, ["60"]), done.stderr
