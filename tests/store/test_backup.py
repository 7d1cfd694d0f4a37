"""A book in one file and back: every row, its seals whole; nothing is written over, nothing is half there."""

import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from afterloan.store.backup import read_backup, write_backup
from afterloan.store.embedded import StoreRefused
from afterloan.store.server import Store
from tests.databases import made
from tests.strategy.books import borrower, loan


@pytest.fixture
def kept(store: Store, tmp_path: Path) -> Path:
    with store.connect() as connection:
        borrower(connection, "B1")
        loan(connection, "L1", "B1", "2026-01-10")
    file = tmp_path / "book.dump"
    told = write_backup(store, file)
    assert told.size == file.stat().st_size and told.closed_through == "" and len(told.sha256) == 64
    return file


def test_a_book_comes_back_into_an_empty_database_with_its_guards(server: Store, kept: Path) -> None:
    there = made(server, "restored")
    read_backup(there, kept)
    with there.connect() as connection:
        row = connection.execute("select c.reference, b.reference from contract c join borrower b using (borrower)")
        assert row.fetchall() == [("L1", "B1")]
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("delete from contract")
    with there.as_owner().connect() as connection, pytest.raises(psycopg.errors.RestrictViolation, match="for ever"):
        connection.execute("delete from contract")
    there.as_owner().close()
    with pytest.raises(StoreRefused, match="holds a book already"):
        read_backup(there, kept)
    there.close()


def test_a_tool_on_the_path_that_is_older_than_the_server_is_not_taken(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Debian's pg_dump 15 refuses a server of version 18: the embedded server's own reads it
    (tmp_path / "pg_dump").write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 15.18 (Debian 15.18-0)'; exit 1\n")
    (tmp_path / "pg_dump").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setenv("AFTERLOAN_DATABASE_URL", store.url)
    assert write_backup(store, tmp_path / "book.dump").size > 0


def test_a_backup_is_never_written_over_and_what_is_none_changes_nothing(store: Store, kept: Path) -> None:
    with pytest.raises(StoreRefused, match="is there already"):
        write_backup(store, kept)
    assert not kept.with_name("book.dump.half").exists()


def test_a_file_that_is_no_backup_is_refused_and_the_empty_book_stays_usable(store: Store, tmp_path: Path) -> None:
    (tmp_path / "none").write_text("nothing of the kind")
    with pytest.raises(StoreRefused, match="nothing was changed"):
        read_backup(store, tmp_path / "none")
    with store.connect() as connection:
        assert connection.execute("select count(*) from borrower").fetchone() == (0,)


def test_doctor_says_what_to_do_and_fails_where_anything_is_wrong(store: Store) -> None:
    with store.connect() as connection:
        connection.execute(
            "insert into proof (closed_on, loans_in, closed, excepted, entries_fen, totals) "
            "values ('2026-01-31', 1, 0, 1, 0, '{}')"
        )
        connection.execute("insert into exception values ('2026-01-31', 0, 1, 'no terms')")
    words = [sys.executable, "-c", "from afterloan.desk.keyboard.main import main; main()", "doctor"]
    env = {**os.environ, "AFTERLOAN_DATABASE_URL": store.url}
    done = subprocess.run(words, capture_output=True, text=True, env=env)
    assert done.returncode == 1, done.stderr
    assert "WRONG loans reckoned  1 not reckoned at the last close" in done.stdout
    assert "-> afterloan list exceptions" in done.stdout
