"""Keys inside the database, each wrapped by one that is outside it: one for a borrower's values, one for a file.

A value is enciphered under its data key (AES-256 in GCM), the data key under the current key of the file of keys
(`store/keyring.py`). Both are bound to where they stand: a value that is moved to another row does not open. To change
the outer key, only the data keys are wrapped anew. To purge a borrower, the data key is destroyed: what is enciphered
under it can be read by nobody any more, here and in whatever was copied from these tables since the keys in them were
gone; rows that are kept for ever need not be touched, and seals over them stay true.
"""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import psycopg

from afterloan.store.embedded import StoreRefused
from afterloan.store.keyring import BYTES, KeyRing, make_ring, read_ring, ring_file

NONCE = 12
"""Bytes of chance before each ciphertext, never the same twice under a key."""


@dataclass(frozen=True, slots=True)
class DataKey:
    """A data key, opened: its number and its 32 bytes."""

    number: int
    secret: bytes

    def encipher(self, plain: bytes, where: str) -> bytes:
        """The value as it is kept; `where` (table, column, row) must be told again to open it."""
        return _encipher(self.secret, plain, f"{where}|{self.number}")

    def decipher(self, kept: bytes, where: str) -> bytes:
        """The value again. Raises StoreRefused: the row was changed, or moved from elsewhere."""
        plain = _decipher(self.secret, kept, f"{where}|{self.number}")
        if plain is None:
            raise StoreRefused(
                f"a value of {where.split('|')[0]} does not open under its own key: its row was changed from outside; "
                "stop writing and compare it with the last backup"
            )
        return plain


def _encipher(secret: bytes, plain: bytes, where: str) -> bytes:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # here: most commands encipher nothing

    nonce = secrets.token_bytes(NONCE)
    return nonce + AESGCM(secret).encrypt(nonce, plain, where.encode())


def _decipher(secret: bytes, kept: bytes, where: str) -> bytes | None:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        return AESGCM(secret).decrypt(kept[:NONCE], kept[NONCE:], where.encode())
    except (InvalidTag, ValueError):
        return None


def ring_of(connection: psycopg.Connection[Any]) -> KeyRing:
    """The keys of a book; those of an embedded book are made when its first data key is to be wrapped.

    Raises StoreRefused: nobody says where they are, or they are not there and the book needs those it had.
    """
    file = ring_file(connection)
    if not file.exists() and not any_data_key(connection):
        return make_ring(file)
    return read_ring(file)


def any_data_key(connection: psycopg.Connection[Any]) -> bool:
    """Whether the book has a data key that is not destroyed."""
    return connection.execute("select from data_key where wrapped is not null limit 1").fetchone() is not None


def _unwrap(ring: KeyRing, number: int, ring_key: str, wrapped: bytes) -> DataKey:
    secret = _decipher(ring.secret(ring_key), wrapped, f"data_key|{number}")
    if secret is None:
        raise StoreRefused(
            f"data key {number} does not open under the key {ring_key}: its row was changed from outside; "
            "stop writing and compare it with the last backup"
        )
    return DataKey(number, secret)


def new_data_key(connection: psycopg.Connection[Any], borrower: int | None = None) -> DataKey:
    """A data key of its own for one file; with a borrower's number: theirs, made when it is first asked for."""
    if borrower is not None:
        found = _of_borrower(connection, borrower)
        if found is not None:
            return found
    made, *wrapped = _made(connection)
    taken = connection.execute(
        "insert into data_key (data_key, borrower, ring_key, wrapped) overriding system value values (%s, %s, %s, %s) "
        "on conflict (borrower) where borrower is not null and wrapped is not null do nothing returning data_key",
        (made.number, borrower, *wrapped),
    ).fetchone()
    if taken is None:  # another transaction made the borrower's key at the same moment
        assert borrower is not None
        theirs = _of_borrower(connection, borrower)
        assert theirs is not None
        return theirs
    return made


def _made(connection: psycopg.Connection[Any]) -> tuple[DataKey, str, bytes]:
    """A new data key, the name of the key that wraps it, and how it is kept. Raises StoreRefused."""
    ring = ring_of(connection)
    row = connection.execute("select nextval(pg_get_serial_sequence('data_key', 'data_key'))").fetchone()
    assert row is not None
    made = DataKey(int(row[0]), secrets.token_bytes(BYTES))
    return made, ring.current, _encipher(ring.secret(ring.current), made.secret, f"data_key|{made.number}")


def _of_borrower(connection: psycopg.Connection[Any], borrower: int) -> DataKey | None:
    row = connection.execute(
        "select data_key, ring_key, wrapped from data_key where borrower = %s and wrapped is not null", (borrower,)
    ).fetchone()
    return _unwrap(read_ring(ring_file(connection)), *row) if row else None


REGISTER = "register"
"""What the one data key is for out of which the keys of all persons are worked out (`store/persons.py`)."""


def register_key(connection: psycopg.Connection[Any]) -> DataKey:
    """The data key of a book's register, made when it is first asked for. Raises StoreRefused."""
    found = register_keys(connection)
    if found:
        return found[0]
    made, *wrapped = _made(connection)
    connection.execute(
        "insert into data_key (data_key, purpose, ring_key, wrapped) overriding system value values (%s, %s, %s, %s) "
        "on conflict (purpose) where purpose is not null do nothing",
        (made.number, REGISTER, *wrapped),
    )
    return register_keys(connection)[0]  # another's, where two made it at the same moment


def register_keys(connection: psycopg.Connection[Any]) -> list[DataKey]:
    """The data key of a book's register, opened; none where no person was written yet. Raises StoreRefused."""
    rows = connection.execute(
        "select data_key, ring_key, wrapped from data_key where purpose = %s", (REGISTER,)
    ).fetchall()
    if not rows:
        return []
    ring = read_ring(ring_file(connection))
    return [_unwrap(ring, *row) for row in rows]


def data_keys(connection: psycopg.Connection[Any], numbers: Iterable[int]) -> Mapping[int, DataKey]:
    """The data keys of some numbers, opened; those that were destroyed are left out. One question, one file read."""
    rows = connection.execute(
        "select data_key, ring_key, wrapped from data_key where data_key = any(%s) and wrapped is not null",
        (list(numbers),),
    ).fetchall()
    if not rows:
        return {}
    ring = read_ring(ring_file(connection))
    return {row[0]: _unwrap(ring, *row) for row in rows}


def destroy_data_keys(connection: psycopg.Connection[Any], numbers: Iterable[int], on: date) -> int:
    """Destroy data keys in the caller's transaction: nobody opens what is enciphered under them any more; how many."""
    return connection.execute(
        "update data_key set wrapped = null, destroyed_on = %s where data_key = any(%s) and wrapped is not null",
        (on, list(numbers)),
    ).rowcount


MANY = 1_000
"""Data keys that are wrapped anew in one transaction."""


def wrap_anew(connection: psycopg.Connection[Any]) -> int:
    """Wrap up to 1,000 data keys that are under another key than the current one under that; how many there were.

    In the caller's transaction. Broken off and begun again, it goes on with those that are left. Raises StoreRefused.
    """
    ring = read_ring(ring_file(connection))
    rows = connection.execute(
        "select data_key, ring_key, wrapped from data_key where wrapped is not null and ring_key <> %s "
        "order by data_key limit %s for update",
        (ring.current, MANY),
    ).fetchall()
    for row in rows:
        key = _unwrap(ring, *row)
        wrapped = _encipher(ring.secret(ring.current), key.secret, f"data_key|{key.number}")
        connection.execute(
            "update data_key set ring_key = %s, wrapped = %s where data_key = %s", (ring.current, wrapped, key.number)
        )
    return len(rows)


def wrapped_by(connection: psycopg.Connection[Any]) -> dict[str, int]:
    """How many data keys stand under each key of the file, by its name."""
    rows = connection.execute("select ring_key, count(*) from data_key where wrapped is not null group by 1 order by 1")
    return {str(name): int(count) for name, count in rows.fetchall()}


def keys_wrong(connection: psycopg.Connection[Any]) -> str:
    """Why values of this book cannot be opened here, or none could be enciphered; "" where all is well.

    One data key of each outer key is opened.
    """
    rows = connection.execute(
        "select distinct on (ring_key) data_key, ring_key, wrapped from data_key where wrapped is not null "
        "order by ring_key, data_key"
    ).fetchall()
    try:
        file = ring_file(connection)
        if rows or file.exists():
            ring = read_ring(file)
            for row in rows:
                _unwrap(ring, *row)
    except StoreRefused as error:
        return str(error)
    return ""
