"""A book has as many shards as it was made with: a power of two, told once, 64 where nobody says anything."""

import hashlib
from pathlib import Path

import psycopg
import pytest

from afterloan.store.backup import read_backup, write_backup
from afterloan.store.embedded import StoreRefused
from afterloan.store.server import Store, divide_for_show, open_store
from afterloan.store.shards import shards_for
from tests.databases import SHARDS, dropped, made
from tests.store.older import brought_to
from tests.strategy.books import borrower, loan

NAMES = [f"B{n}" for n in range(400)]


def in_shards(store: Store) -> dict[str, int]:
    """Every borrower's shard."""
    with store.connect() as connection:
        return dict(connection.execute("select reference, shard from borrower").fetchall())


def expected(number: int) -> dict[str, int]:
    """The low bits of the first two bytes of the MD5 of the reference, the first byte the lower."""
    of = {name: hashlib.md5(name.encode()).digest() for name in NAMES}
    return {name: int.from_bytes(mark[:2], "little") % number for name, mark in of.items()}


@pytest.mark.parametrize("number", [1, 4, 64, 256, 4096])
def test_borrowers_are_spread_over_as_many_shards_as_the_book_was_made_with(
    server: Store, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AFTERLOAN_SHARDS", str(number))
    store = made(server, "divided")
    assert store.shards() == number
    with store.connect() as connection:
        for name in NAMES:
            borrower(connection, name)
        loan(connection, "L1", NAMES[0], "2026-01-10")
        assert connection.execute("select shard from contract").fetchone() == (expected(number)[NAMES[0]],)
    assert in_shards(store) == expected(number)
    store.close()
    dropped(server, "divided")


def test_a_book_made_before_keeps_its_borrowers_where_they_are(store: Store) -> None:
    """Brought from the tables before this: 64 shards, by the first byte alone."""
    brought_to(store, "0041")
    with psycopg.connect(store.as_owner().url) as connection:
        for name in NAMES:
            connection.execute("insert into borrower (reference, known_on) values (%s, '2026-01-01')", (name,))
    before = in_shards(store)
    store.close()
    now = open_store(store.url)
    assert now.shards() == 64 and in_shards(now) == before == expected(64)
    assert before == {name: hashlib.md5(name.encode()).digest()[0] % 64 for name in NAMES}


def test_a_book_that_has_borrowers_is_never_divided_anew(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    with store.connect() as connection:
        borrower(connection, "B1")
    before = in_shards(store)
    monkeypatch.setenv("AFTERLOAN_SHARDS", "4")
    assert open_store(store.url).shards() == 4 == SHARDS
    monkeypatch.setenv("AFTERLOAN_SHARDS", "256")
    with pytest.raises(StoreRefused, match=r"made with 4 shards .* AFTERLOAN_SHARDS asks for 256: unset it"):
        open_store(store.url)
    monkeypatch.delenv("AFTERLOAN_SHARDS")
    divide_for_show(store)
    assert open_store(store.url).shards() == 4 and in_shards(store) == before


@pytest.mark.parametrize("told", ["0", "3", "8192", "-4", "many", "64.0", "1" * 5000])
def test_what_is_no_number_of_shards_is_refused_before_anything_is_made(
    store: Store, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AFTERLOAN_SHARDS", told)
    with pytest.raises(StoreRefused, match="is no number of shards: write a power of two from 1 to 4096"):
        open_store(store.url)
    assert store.shards() == SHARDS


def test_a_new_book_has_sixty_four_shards_and_one_for_show_eight_unless_it_is_told_how_many(
    server: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute("drop database if exists undivided with (force)")
        connection.execute("create database undivided")
    store = open_store(server.url.replace("/postgres?", "/undivided?"))
    assert store.shards() == 64
    monkeypatch.setenv("AFTERLOAN_SHARDS", "64")
    divide_for_show(store)
    assert store.shards() == 64
    monkeypatch.delenv("AFTERLOAN_SHARDS")
    divide_for_show(store)
    assert store.shards() == 8
    store.close()
    dropped(server, "undivided")


def test_the_program_cannot_say_otherwise(store: Store) -> None:
    for sql in ("update shards set number = 4", "delete from shards"):
        with store.connect() as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(sql)
        with store.as_owner().connect() as connection, pytest.raises(psycopg.errors.RestrictViolation):
            connection.execute(sql)
    with store.connect() as connection, pytest.raises(psycopg.errors.UniqueViolation):
        connection.execute("insert into shards (number) values (4)")
    store.as_owner().close()


def test_a_backup_brings_the_number_with_it(server: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AFTERLOAN_SHARDS", "1024")
    store = made(server, "divided")
    with store.connect() as connection:
        for name in NAMES:
            borrower(connection, name)
    write_backup(store, tmp_path / "book.dump")
    monkeypatch.delenv("AFTERLOAN_SHARDS")
    there = made(server, "restored")
    read_backup(there, tmp_path / "book.dump")
    assert there.shards() == 1024 and in_shards(there) == expected(1024)
    with there.connect() as connection:
        borrower(connection, "one more")
    assert in_shards(there)["one more"] == int.from_bytes(hashlib.md5(b"one more").digest()[:2], "little") % 1024
    for one, name in ((store, "divided"), (there, "restored")):
        one.close()
        dropped(server, name)


def test_about_one_shard_for_sixteen_thousand_loans() -> None:
    """Never more than 20,000: 10,000,000 / 512 = 19,531, and 10,000,000 / 256 would be 39,063."""
    assert [shards_for(n) for n in (0, 1_000_000, 1_280_001, 10_000_000, 10**9)] == [64, 64, 128, 512, 4096]
